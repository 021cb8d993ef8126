// The recorder's kernel side: which calls the marked tasks make, kept in tables (recorder.h). Selection is by task
// storage: a mark on a task that its children inherit before they first run. It follows threads, executions, orphans
// and tasks that leave their cgroup, and it dies with the task, so no recycled pid is taken for another.
//
// The kernel's types are declared here as far as they are read; libbpf adjusts the offsets to the running kernel.
// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
#include "recorder.h"

#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

_Static_assert(RECORDER_CALLS == 2 * RECORDER_NUMBERS, "two architectures");
_Static_assert(RECORDER_CELLS == RECORDER_PHASES * RECORDER_CALLS * RECORDER_ARGS, "one for each argument");

#define KERNEL_TYPE __attribute__((preserve_access_index))
#define TS_COMPAT 0x0002
#define X32_BIT 0x40000000U
#define NR_EXECVE 59
#define NR_EXECVEAT 322
#define CAP_SYS_ADMIN 21
#define SIGINT 2
#define SIGQUIT 3
#define SIGTERM 15
#define TRACE_SIGNAL_IGNORED 1
#define bool _Bool

struct thread_info {
  __u32 status;
} KERNEL_TYPE;

typedef struct {
  int counter;
} KERNEL_TYPE atomic_t;

struct seccomp {
  atomic_t filter_count;
} KERNEL_TYPE;

struct kernfs_node {
  const char *name;
} KERNEL_TYPE;

struct cgroup;
struct cgroup_subsys_state {
  struct cgroup *cgroup;
  struct cgroup_subsys_state *parent;
} KERNEL_TYPE;

struct cgroup {
  struct cgroup_subsys_state self;
  struct kernfs_node *kn;
} KERNEL_TYPE;

struct css_set {
  struct cgroup *dfl_cgrp;
} KERNEL_TYPE;

struct ns_common {
  unsigned int inum;
} KERNEL_TYPE;

struct mnt_namespace {
  struct ns_common ns;
} KERNEL_TYPE;

struct pid_namespace {
  struct ns_common ns;
} KERNEL_TYPE;

struct nsproxy {
  struct mnt_namespace *mnt_ns;
  struct pid_namespace *pid_ns_for_children;
} KERNEL_TYPE;

typedef struct {
  __u64 val;
} KERNEL_TYPE kernel_cap_t;

struct user_namespace;
struct cred {
  kernel_cap_t cap_bset;
  struct user_namespace *user_ns;
} KERNEL_TYPE;

struct signal_struct {
  int nr_threads;
} KERNEL_TYPE;

struct task_struct {
  struct thread_info thread_info;
  int pid, tgid, exit_code;
  struct task_struct *group_leader;
  struct seccomp seccomp;
  struct css_set *cgroups;
  struct nsproxy *nsproxy;
  const struct cred *real_cred;
  struct signal_struct *signal;
  char comm[RECORDER_COMM];
} KERNEL_TYPE;

struct pt_regs {
  unsigned long r10, r9, r8, bp, bx, ax, cx, dx, si, di, orig_ax;
} KERNEL_TYPE;

struct super_block {
  __u32 s_dev;
} KERNEL_TYPE;

struct inode {
  unsigned long i_ino;
  struct super_block *i_sb;
} KERNEL_TYPE;

struct file {
  struct inode *f_inode;
} KERNEL_TYPE;

struct linux_binprm {
  struct file *file;
  const char *filename, *interp;
} KERNEL_TYPE;

struct io_kiocb {
  __u8 opcode;
} KERNEL_TYPE;

// Hides from the compiler what it knows of a number: it would leave out a bound that an older kernel's verifier (Linux 6.1)
// wants to see.
#define OPAQUE(number) asm volatile("" : "+r"(number))

// Linux's own licence check: helpers that read the kernel's memory are for GPL programs.
char recorder_license[] SEC("license") = "Dual BSD/GPL";

const volatile struct recorder_config config SEC(".rodata.config") = {};
struct recorder_tables tables = {};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct recorder_task);
} tasks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, RECORDER_PHASES *RECORDER_CALLS);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct recorder_odd_key);
  __type(value, struct recorder_odd);
} odd_numbers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 32768);
  __type(key, struct recorder_value_key);
  __type(value, __u8);
} values SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 8192);
  __type(key, struct recorder_capability_key);
  __type(value, struct recorder_first);
} capabilities SEC(".maps");

struct cgroup_name {
  char text[RECORDER_CGROUP_NAME];  // filled up with zeros
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, RECORDER_CONTAINERS);
  __type(key, struct cgroup_name);
  __type(value, __u8);
} container_names SEC(".maps");

struct image_key {
  __u64 inode;
  __u64 device;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 2 * RECORDER_IMAGES);
  __type(key, struct image_key);
  __type(value, __u32);
} image_of_file SEC(".maps");

static __always_inline void fill_first(struct recorder_first *first, struct task_struct *task, __u32 image,
                                       __u32 phase) {
  first->pid = task->tgid;
  first->tid = task->pid;
  first->image = image;
  first->phase = phase;
  first->ns = bpf_ktime_get_ns();
  bpf_get_current_comm(first->comm, sizeof first->comm);
}

// The mark of the process: its phase stands with its first thread.
static __always_inline struct recorder_task *process_of(struct task_struct *task, struct recorder_task *mark) {
  struct recorder_task *process;
  if (task->pid == task->tgid) return mark;
  process = bpf_task_storage_get(&tasks, task->group_leader, 0, 0);
  return process ? process : mark;
}

static __always_inline __u32 phase_of(struct recorder_task *process) {
  __u32 phase = tables.ending[process->server & (RECORDER_SERVERS - 1)] ? RECORDER_SHUTDOWN : process->phase & 1;
  OPAQUE(phase);
  return phase < RECORDER_PHASES ? phase : 0;
}

static __always_inline void serve(struct recorder_task *process) {
  process->phase = tables.serving = RECORDER_SERVING;
}

// By a call of its own the process has come so far. One that executed another program leads its server still.
static __always_inline void listen(struct recorder_task *process) {
  process->waits = 1;
  if (__sync_val_compare_and_swap(&process->listens, 0, 1) || process->leads) return;
  __u32 server = __sync_fetch_and_add(&tables.servers, 1) + 1;
  if (server >= RECORDER_SERVERS) {
    __sync_fetch_and_add(&tables.lost.servers, 1);
    return;
  }
  process->server = server;
  process->leads = 1;
}

// `nr` is below RECORDER_NUMBERS.
static __always_inline __u32 call_index(__u32 nr, __u32 compat) {
  __u32 index = nr | compat * RECORDER_NUMBERS;
  OPAQUE(index);
  return index & (RECORDER_CALLS - 1);
}

// A task of the recorded cgroup that came there from elsewhere.
static __always_inline struct recorder_task *mark_by_cgroup(struct task_struct *task) {
  struct recorder_task *mark;
  if (!config.cgroup_id || bpf_get_current_ancestor_cgroup_id(config.cgroup_level) != config.cgroup_id) return 0;
  mark = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!mark) {
    __sync_fetch_and_add(&tables.lost.tasks, 1);
    return 0;
  }
  mark->state = RECORDER_RECORDING;
  __sync_fetch_and_add(&tables.alive, 1);
  __sync_fetch_and_add(&tables.tasks, 1);
  return mark;
}

static __always_inline int is_container(struct kernfs_node *node) {
  struct cgroup_name name = {};
  bpf_probe_read_kernel_str(name.text, sizeof name.text, BPF_CORE_READ(node, name));
  return bpf_map_lookup_elem(&container_names, &name) != 0;
}

// Engines name the cgroup after the container, or one above it ("libpod-ID.scope/container").
static __always_inline int is_containers(struct cgroup *cgroup) {
  return is_container(BPF_CORE_READ(cgroup, kn)) || is_container(BPF_CORE_READ(cgroup, self.parent, cgroup, kn));
}

static __always_inline __u32 filters_of(struct task_struct *task) {
  return bpf_core_field_exists(task->seccomp.filter_count) ? (__u32)task->seccomp.filter_count.counter : 0;
}

static __always_inline void mark_runtime(struct task_struct *task) {
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (mark && mark->state) return;
  mark = bpf_task_storage_get(&tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!mark) {
    __sync_fetch_and_add(&tables.lost.tasks, 1);
    return;
  }
  mark->state = RECORDER_RUNTIME;
  mark->call = RECORDER_NO_CALL + 1;
  mark->filters = filters_of(task);
  __sync_fetch_and_add(&tables.alive, 1);
  __sync_fetch_and_add(&tables.tasks, 1);
  __sync_fetch_and_add(&tables.runtime_tasks, 1);
}

// Numbers that no table holds are no runtime's.
static __always_inline int note_runtime(struct task_struct *task, struct recorder_task *mark, __u32 nr, __u32 compat) {
  if (nr >= RECORDER_NUMBERS) return 0;
  tables.runtime[filters_of(task) > mark->filters][call_index(nr, compat)] = 1;
  return 0;
}

static __noinline int note_odd(struct task_struct *task, __u32 nr, __u32 compat, __u32 image_and_phase, __u32 denied) {
  struct recorder_odd_key key = {nr, compat};
  struct recorder_odd *odd = bpf_map_lookup_elem(&odd_numbers, &key);
  __u32 phase = image_and_phase & 3;
  if (!odd) {
    struct recorder_odd fresh = {};
    fill_first(&fresh.first, bpf_get_current_task_btf(), image_and_phase >> 2, phase);
    fresh.denied = denied;
    bpf_map_update_elem(&odd_numbers, &key, &fresh, BPF_NOEXIST);
    odd = bpf_map_lookup_elem(&odd_numbers, &key);
  }
  if (!odd) {
    __sync_fetch_and_add(&tables.lost.odd_numbers, 1);
    return 0;
  }
  __sync_fetch_and_add(&odd->count, 1);
  __sync_fetch_and_or(&odd->phases, 1U << phase);
  return 0;
}

static __always_inline void note_first(struct task_struct *task, __u32 index, __u32 image, __u32 phase) {
  struct recorder_first *first = &tables.first[index & (RECORDER_CALLS - 1)];
  __sync_fetch_and_add(&tables.new_calls, 1);
  if (first->taken || __sync_val_compare_and_swap(&first->taken, 0, 1)) return;
  fill_first(first, task, image, phase);
}

// `last` is written before `distinct` is counted up, so whoever sees a count sees a value that is kept.
static __always_inline void note_value(__u32 cell, __u64 value) {
  struct recorder_value_key key = {value, cell, 0};
  __u8 one = 1;
  __u32 kept = tables.distinct[cell];
  if (kept > RECORDER_MOST_VALUES || (kept && tables.last[cell] == value)) return;
  if (bpf_map_lookup_elem(&values, &key)) {
    tables.last[cell] = value;
    return;
  }
  long error = bpf_map_update_elem(&values, &key, &one, BPF_NOEXIST);
  if (error == -17 /* EEXIST: another processor was faster */) return;
  if (error) {
    __sync_fetch_and_add(&tables.lost.values, 1);
    tables.distinct[cell] = RECORDER_MOST_VALUES + 1;
    return;
  }
  tables.last[cell] = value;
  __sync_fetch_and_add(&tables.distinct[cell], 1);
}

static __always_inline void note_argument(__u32 index, __u32 phase, __u32 kept, __u32 place, __u64 value, __u32 compat) {
  __u32 how = kept >> (2 * place) & 3;
  __u32 cell = (phase * RECORDER_CALLS + index) * RECORDER_ARGS + place;
  OPAQUE(cell);
  if (!how || cell >= RECORDER_CELLS) return;
  if (compat || (kept >> (RECORDER_NARROW_SHIFT + place) & 1)) value = (__u32)value;
  if (how & RECORDER_KEEP_MASKS) {
    if (value & ~tables.ones[cell]) __sync_fetch_and_or(&tables.ones[cell], value);
    if (~value & ~tables.zeros[cell]) __sync_fetch_and_or(&tables.zeros[cell], ~value);
  }
  if (how & RECORDER_KEEP_VALUES) note_value(cell, value);
}

static __always_inline void note_arguments(struct pt_regs *regs, __u32 index, __u32 phase, __u32 kept, __u32 compat) {
  note_argument(index, phase, kept, 0, compat ? regs->bx : regs->di, compat);
  note_argument(index, phase, kept, 1, compat ? regs->cx : regs->si, compat);
  note_argument(index, phase, kept, 2, regs->dx, compat);
  note_argument(index, phase, kept, 3, compat ? regs->si : regs->r10, compat);
  note_argument(index, phase, kept, 4, compat ? regs->di : regs->r8, compat);
  note_argument(index, phase, kept, 5, compat ? regs->bp : regs->r9, compat);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long id) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark) mark = mark_by_cgroup(task);
  if (!mark) return 0;
  __u32 nr = id, compat = task->thread_info.status & TS_COMPAT ? 1 : 0;
  if (mark->state != RECORDER_RECORDING) {
    if (mark->state == RECORDER_RUNTIME) return note_runtime(task, mark, nr, compat);
    if (mark->state != RECORDER_PENDING || compat || (nr != NR_EXECVE && nr != NR_EXECVEAT)) return 0;
    mark->state = RECORDER_RECORDING;
  }
  struct recorder_task *process = process_of(task, mark);
  __u32 phase = phase_of(process), image = mark->image & (RECORDER_IMAGES - 1);
  if (nr >= RECORDER_NUMBERS) {
    mark->call = RECORDER_NO_CALL + 1;
    return note_odd(task, nr, compat, image << 2 | phase, 0);
  }
  __u32 index = call_index(nr, compat);
  mark->call = index + 1;
  __u32 kept = config.calls[index];
  if (kept & RECORDER_SOCKETCALL) kept |= recorder_socketcall(compat ? regs->bx : regs->di);
  if (config.at_wait && !phase && (kept & RECORDER_ACCEPTS || (kept & RECORDER_WAITS && process->waits))) {
    if (kept & RECORDER_ACCEPTS) listen(process);
    serve(process);
    phase = RECORDER_SERVING;
  }
  __u8 *seen = &tables.seen[image][phase][index];
  if (!*seen) {
    *seen = 1;
    note_first(task, index, image, phase);
  }
  __u32 counted = phase * RECORDER_CALLS + index;
  __u64 *count = bpf_map_lookup_elem(&counts, &counted);
  if (count) ++*count;
  if (config.arguments && (kept & ~RECORDER_COMES)) note_arguments(regs, index, phase, kept, compat);
  if (kept & (RECORDER_LISTENS | RECORDER_ACCEPTS) && phase != RECORDER_SHUTDOWN) {
    listen(process);
    if (!config.at_wait) serve(process);
  }
  return 0;
}

// A call that ends without having begun: a filter, or a tracer, did not let it through.
SEC("tp_btf/sys_exit")
int BPF_PROG(on_return, struct pt_regs *regs, long result) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  __u32 begun = mark->call;
  mark->call = 0;
  if (begun) return 0;
  __u32 nr = regs->orig_ax, compat = task->thread_info.status & TS_COMPAT ? 1 : 0;
  if (nr == 0xffffffffU) return 0;  // back from a signal's handler
  struct recorder_task *process = process_of(task, mark);
  __u32 phase = phase_of(process), image = mark->image & (RECORDER_IMAGES - 1);
  if (nr >= RECORDER_NUMBERS) return note_odd(task, nr, compat, image << 2 | phase, 1);
  __u32 index = call_index(nr, compat);
  struct recorder_denial *denial = &tables.denied[index];
  if (!denial->seen) {
    denial->result = result;
    denial->seen = 1;
  }
  __u8 *seen = &tables.seen[image][phase][index];
  if (!*seen) {
    *seen = 1;
    note_first(task, index, image, phase);
  }
  __u32 kept = config.calls[index];
  if (config.arguments && (kept & ~RECORDER_COMES)) note_arguments(regs, index, phase, kept, compat);
  return 0;
}

// For every child the kernel asks for CAP_SYS_ADMIN out of caution; only where there are new namespaces does one need it.
static __always_inline void note_namespaces(struct task_struct *parent, struct recorder_task *mark,
                                            struct task_struct *child) {
  __u32 call = mark->call - 1;
  if (mark->state != RECORDER_RECORDING || call >= RECORDER_CALLS || parent->nsproxy == child->nsproxy) return;
  if (BPF_CORE_READ(parent, real_cred, user_ns) == BPF_CORE_READ(child, real_cred, user_ns)) tables.namespaces[call] = 1;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child) {
  struct recorder_task *mark = bpf_task_storage_get(&tasks, parent, 0, 0);
  if (!mark || !mark->state) {
    // Born into the container's cgroup (CLONE_INTO_CGROUP).
    if (config.containers && is_containers(BPF_CORE_READ(child, cgroups, dfl_cgrp))) mark_runtime(child);
    return 0;
  }
  note_namespaces(parent, mark, child);
  struct recorder_task *process = process_of(parent, mark);
  struct recorder_task *fresh = bpf_task_storage_get(&tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
  if (!fresh) {
    __sync_fetch_and_add(&tables.lost.tasks, 1);
    return 0;
  }
  fresh->state = mark->state == RECORDER_LAUNCHING ? RECORDER_PENDING : mark->state;
  fresh->image = mark->image;
  fresh->phase = process->phase;
  fresh->listens = process->listens;
  fresh->waits = process->waits;
  fresh->server = process->server;
  fresh->call = mark->call;
  fresh->filters = mark->filters;
  if (fresh->state == RECORDER_RUNTIME) __sync_fetch_and_add(&tables.runtime_tasks, 1);
  __sync_fetch_and_add(&tables.alive, 1);
  __sync_fetch_and_add(&tables.tasks, 1);
  return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_end, struct task_struct *task) {
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark || mark->state == RECORDER_LAUNCHING || !mark->state) return 0;
  mark->state = 0;
  if (mark->others && is_containers(BPF_CORE_READ(task, cgroups, dfl_cgrp)))  // on_execute knows the others by that
    __sync_fetch_and_add(&tables.with_others, -1);
  if (task->pid == task->tgid && (__u32)task->tgid == tables.began && !tables.ended) {
    tables.exit_code = task->exit_code;
    tables.ended = 1;
  }
  __sync_fetch_and_add(&tables.alive, -1);
  return 0;
}

static __always_inline __u32 new_image(struct task_struct *task, struct linux_binprm *program, struct image_key *key,
                                       __u32 parent) {
  __u32 index = __sync_fetch_and_add(&tables.images, 1) + 1;
  if (index >= RECORDER_IMAGES) {
    __sync_fetch_and_add(&tables.lost.images, 1);
    return 0;
  }
  struct recorder_image *image = &tables.image[index & (RECORDER_IMAGES - 1)];
  image->inode = key->inode;
  image->device = key->device;
  image->parent = parent;
  bpf_get_current_comm(image->comm, sizeof image->comm);
  bpf_probe_read_kernel_str(image->path, sizeof image->path, program->interp);
  if (program->interp != program->filename)
    bpf_probe_read_kernel_str(image->script, sizeof image->script, program->filename);
  image->first_ns = bpf_ktime_get_ns();
  return index;
}

// `runc init` executes itself anew before it enters the container's namespaces.
static __always_inline int leaves_the_runtime(struct task_struct *task, struct recorder_task *mark) {
  if (BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum) == config.mount_namespace &&
      BPF_CORE_READ(task, nsproxy, pid_ns_for_children, ns.inum) == config.pid_namespace)
    return 0;
  mark->state = RECORDER_RECORDING;
  mark->call = RECORDER_NO_CALL + 1;  // the execve that ends is the runtime's
  __sync_fetch_and_add(&tables.runtime_tasks, -1);
  if (!__sync_val_compare_and_swap(&tables.began, 0, task->tgid)) {
    const struct cred *cred = BPF_CORE_READ(task, real_cred);
    bpf_probe_read_kernel(&tables.bounding, sizeof tables.bounding, __builtin_preserve_access_index(&cred->cap_bset));
  }
  return 1;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_execute, struct task_struct *task, int old_pid, struct linux_binprm *program) {
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark && config.containers && is_containers(BPF_CORE_READ(task, cgroups, dfl_cgrp))) {
    mark_runtime(task);  // one of those others, which are gone now
    mark = bpf_task_storage_get(&tasks, task, 0, 0);
  }
  if (mark && mark->others) {
    mark->others = 0;
    __sync_fetch_and_add(&tables.with_others, -1);
  }
  if (mark && mark->state == RECORDER_RUNTIME && !leaves_the_runtime(task, mark)) return 0;
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  struct image_key key = {program->file->f_inode->i_ino, program->file->f_inode->i_sb->s_dev};
  __u32 *known = bpf_map_lookup_elem(&image_of_file, &key);
  mark->phase = mark->listens = 0;
  if (known) {
    mark->image = *known;
    return 0;
  }
  __u32 index = new_image(task, program, &key, mark->image);
  if (index) bpf_map_update_elem(&image_of_file, &key, &index, BPF_NOEXIST);
  mark->image = index;
  return 0;
}

// What is sent, not what is delivered: programs also take signals by sigwait or a signalfd.
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int number, void *info, struct task_struct *task, int group, int result) {
  if ((number != SIGINT && number != SIGQUIT && number != SIGTERM) || result == TRACE_SIGNAL_IGNORED) return 0;
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  struct recorder_task *process = process_of(task, mark);
  if (process->leads) tables.ending[process->server & (RECORDER_SERVERS - 1)] = tables.shutdown = 1;
  return 0;
}

// An engine puts the first process of a container, or one that joins it (`docker exec`), into the container's cgroup.
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_attach, struct cgroup *to, const char *path, struct task_struct *task, bool whole_process) {
  if (!is_containers(to)) return 0;
  mark_runtime(task);
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  // Other threads of a runtime end when it executes the program. Those of a program that runs already go unseen.
  if (whole_process && BPF_CORE_READ(task, signal, nr_threads) > 1 && mark && mark->state == RECORDER_RUNTIME &&
      !mark->others) {
    mark->others = 1;
    __sync_fetch_and_add(&tables.with_others, 1);
  }
  return 0;
}

static __always_inline int asks_for_memory(void *ctx) {
  __u64 stack[RECORDER_STACK] = {};
  if (!tables.reserve.address || bpf_get_stack(ctx, stack, sizeof stack, 0) < 0) return 0;
  for (__u32 depth = 0; depth < RECORDER_STACK; ++depth)
    if (depth == tables.reserve.depth) return stack[depth] == tables.reserve.address;
  return 0;
}

static __always_inline int learn(void *ctx) {
  bpf_get_stack(ctx, tables.reserve.learned[tables.reserve.learning == 2], sizeof tables.reserve.learned[0], 0);
  tables.reserve.learning = 0;
  return 0;
}

// The three below are raw tracepoints, so that a kernel without them (the first is Linux 6.13's) takes the others.
SEC("raw_tp/cap_capable")
int BPF_PROG(on_capability, void *credentials, void *target, void *capable, int capability, int result) {
  struct task_struct *task = bpf_get_current_task_btf();
  if (tables.reserve.learning && (__u32)task->pid == tables.reserve.learner) return learn(ctx);
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  // An exception in user mode (the stack grows) leaves -1 there: the last call is over.
  struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
  __u32 in_call = mark->call && regs->orig_ax != -1UL;
  struct recorder_capability_key key = {in_call ? mark->call - 1 : RECORDER_NO_CALL, capability, result != 0};
  if (bpf_map_lookup_elem(&capabilities, &key)) return 0;
  if (capability == CAP_SYS_ADMIN && asks_for_memory(ctx)) return 0;
  struct recorder_task *process = process_of(task, mark);
  struct recorder_first first = {};
  fill_first(&first, task, mark->image, phase_of(process));
  long error = bpf_map_update_elem(&capabilities, &key, &first, BPF_NOEXIST);
  if (error && error != -17) __sync_fetch_and_add(&tables.lost.capabilities, 1);
  return 0;
}

// The kernel's submission thread is none of the marked tasks, but belongs to their process.
static __always_inline int note_operation(struct io_kiocb *request) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark) mark = bpf_task_storage_get(&tasks, task->group_leader, 0, 0);
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  tables.uring_ops[BPF_CORE_READ(request, opcode)] |= 1U << phase_of(process_of(task, mark));
  return 0;
}

SEC("raw_tp/io_uring_submit_req")
int BPF_PROG(on_uring, struct io_kiocb *request) {
  return note_operation(request);
}

// As it was called from Linux 6.0 to 6.4; earlier ones gave other arguments.
SEC("raw_tp/io_uring_submit_sqe")
int BPF_PROG(on_uring_of_6_0, struct io_kiocb *request) {
  return note_operation(request);
}

// The page at 0xffffffffff600000 is entered without a system call, yet filters judge these as time, gettimeofday, getcpu.
SEC("raw_tp/emulate_vsyscall")
int BPF_PROG(on_vsyscall, int which) {
  struct task_struct *task = bpf_get_current_task_btf();
  struct recorder_task *mark = bpf_task_storage_get(&tasks, task, 0, 0);
  if (!mark || mark->state != RECORDER_RECORDING) return 0;
  tables.vsyscalls[which & 3] |= 1U << phase_of(process_of(task, mark));
  return 0;
}
