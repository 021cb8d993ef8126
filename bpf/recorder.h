// What the recorder's programs in the kernel and callgate share: configuration in, tables out. Both sides compile this
// file, so it is C.
//
// There is no queue of events: what a call leaves behind is a byte in a table, so a busy machine loses nothing. What
// can be lost all the same (a table is full, the kernel had no memory) is counted in `struct recorder_losses`.
//
//   call index   0 … 511 native numbers, 512 … 1023 those of i386; other numbers have a table of their own
//   cell         (phase, call index, argument): 3 · 1024 · 6
//   image        an executable file, in the order of first execution from 1 on; 0 where there are more than fit
//   phase        0: start; 1: serving; 2: shutdown, once its server was told to end
//   server       a process that listened or accepted by a call of its own, with all that it starts; from 1 on, 0: none
//
// SPDX-License-Identifier: Apache-2.0
#ifndef CALLGATE_BPF_RECORDER_H
#define CALLGATE_BPF_RECORDER_H

#include <linux/types.h>

#define RECORDER_NUMBERS 512U  // of one architecture; the newest call is below 480
#define RECORDER_CALLS 1024U
#define RECORDER_PHASES 3
#define RECORDER_SERVING 1
#define RECORDER_SHUTDOWN 2
#define RECORDER_SERVERS 1024
#define RECORDER_ARGS 6
#define RECORDER_CELLS 18432U
#define RECORDER_IMAGES 128
#define RECORDER_MOST_VALUES 32  // an argument with more distinct values is told as "anything"
#define RECORDER_COMM 16
#define RECORDER_PATH 256
#define RECORDER_URING_OPS 256
#define RECORDER_NO_CALL 0xffff

// States of a task. A child inherits its parent's; a launching task's child is pending.
#define RECORDER_LAUNCHING 1  // callgate's own thread while it starts the program
#define RECORDER_PENDING 2    // until it calls execve
#define RECORDER_RECORDING 3
#define RECORDER_RUNTIME 4  // a container's runtime: until it executes the container's program

#define RECORDER_STACK 6  // return addresses that tell who asks for a capability

#define RECORDER_CGROUP_NAME 128  // longer names of cgroups are not looked for
#define RECORDER_CONTAINERS 64    // names of cgroups that are

// recorder_config.calls: two bits an argument say what is kept of it, six bits which are 32 bits wide.
#define RECORDER_KEEP_VALUES 1U
#define RECORDER_KEEP_MASKS 2U
#define RECORDER_NARROW_SHIFT 12
// With these a process comes to serve. It listens once it, or whom it descends from, has made the first or the second.
#define RECORDER_LISTENS (1U << 31)
#define RECORDER_ACCEPTS (1U << 30)
#define RECORDER_WAITS (1U << 29)  // for clients, if it listens
#define RECORDER_SOCKETCALL (1U << 28)  // its first argument says which of them it is
#define RECORDER_COMES (RECORDER_LISTENS | RECORDER_ACCEPTS | RECORDER_WAITS | RECORDER_SOCKETCALL)

// What a call of socketcall comes to, by its first argument (include/uapi/linux/net.h).
static inline __u32 recorder_socketcall(__u32 selector) {
  switch (selector) {
    case 4:
      return RECORDER_LISTENS;
    case 5:
    case 18:  // accept4
      return RECORDER_ACCEPTS;
    default:
      return 0;
  }
}

struct recorder_config {
  __u32 arguments;  // values are kept
  __u32 at_wait;    // serving begins with the first call that accepts or waits; else after the first that listens
  __u32 cgroup_level;
  __u64 cgroup_id;  // 0: none; else tasks of this cgroup (at that depth) are recorded, too
  // Tasks that are put into a cgroup of a name in `container_names` are marked. What they execute in a mount or pid
  // namespace other than these (inode numbers) is a container's program, not its runtime.
  __u32 containers;
  __u32 mount_namespace, pid_namespace;
  __u32 calls[RECORDER_CALLS];
};

struct recorder_task {
  __u32 state;
  __u32 phase;   // of the process, as the next three; they count in its first thread only
  __u32 listens;
  __u16 server;  // that it belongs to
  __u16 leads;   // it is that server's first process: a signal that ends it ends the server
  __u32 call;    // the call under way, index + 1
  __u32 filters;  // seccomp filters that it had when it was marked
  __u16 image;
  __u16 waits;   // of the process, too: it listens, or did before it executed its program, so a wait is one for clients
  __u16 others;  // it came into the container's cgroup with other threads, which have no mark
};

struct recorder_first {
  __u32 taken;
  __u32 pid, tid;
  __u16 image, phase;
  __u64 ns;  // CLOCK_MONOTONIC
  char comm[RECORDER_COMM];
};

struct recorder_image {
  __u64 inode;
  __u32 device;
  __u32 parent;  // image that executed it
  __u64 first_ns;
  char comm[RECORDER_COMM];
  char path[RECORDER_PATH];    // as it was executed, perhaps relative
  char script[RECORDER_PATH];  // the script that it was executed for, else empty
};

struct recorder_losses {
  __u64 tasks;         // the kernel had no memory to mark a new task
  __u64 odd_numbers;   // more odd numbers than fit
  __u64 capabilities;  // more pairs of capability and call than fit
  __u64 images;        // more executables than fit: calls are kept, but not by whom
  __u64 values;        // more argument values than fit: the argument is told as "anything"
  __u64 servers;       // more servers than fit: what they do at their end is told as serving
};

struct recorder_odd_key {
  __u32 nr;
  __u32 compat;
};

struct recorder_odd {
  struct recorder_first first;
  __u64 count;
  __u32 phases;  // bit mask
  __u32 denied;
};

struct recorder_value_key {
  __u64 value;
  __u32 cell;
  __u32 padding;
};

struct recorder_capability_key {
  __u16 call;  // index, or RECORDER_NO_CALL
  __u8 capability;
  __u8 denied;
};

struct recorder_denial {
  __u32 seen;
  __s32 result;  // what the caller got
};

// Before memory is given out the kernel asks for CAP_SYS_ADMIN, which would get of the last 3 %; nothing else comes of it
// (mm/util.c, __vm_enough_memory). Such asks are told from others by one return address, learned from two asks of
// callgate's own.
struct recorder_reserve {
  __u32 learner, learning;  // thread; what it is about to do: 1: ask for memory, 2: something else; 0: nothing
  __u32 depth;
  __u64 address;  // 0: it was not learned
  __u64 learned[2][RECORDER_STACK];
};

struct recorder_tables {
  struct recorder_reserve reserve;
  __s64 alive;  // tasks that are marked and live
  __u64 tasks;  // all that ever were
  __u64 runtime_tasks;  // those of them that belong to a container's runtime
  __u64 with_others;    // those of them whose other threads have no mark
  __u64 bounding;       // capabilities that the container's program may have at most
  __u32 began;          // the first process that executed a container's program; 0: none did
  __s32 exit_code;      // its, as wait has it, once it has ended
  __u32 ended;          // it has
  __u32 serving;        // a process serves
  __u32 shutdown;       // a server was told to end
  __u32 servers;
  __u32 images;
  __u32 new_calls;  // how many (image, phase, call) were seen
  struct recorder_losses lost;
  __u8 seen[RECORDER_IMAGES][RECORDER_PHASES][RECORDER_CALLS];
  struct recorder_first first[RECORDER_CALLS];
  struct recorder_denial denied[RECORDER_CALLS];
  struct recorder_image image[RECORDER_IMAGES];
  __u8 namespaces[RECORDER_CALLS];  // a task that this call made has namespaces of its own, in the same user namespace
  __u8 runtime[2][RECORDER_CALLS];  // calls of the runtime: before its filter was loaded, and under it
  __u8 ending[RECORDER_SERVERS];  // servers that were told to end; never number 0
  __u8 vsyscalls[4];
  __u8 uring_ops[RECORDER_URING_OPS];
  __u32 distinct[RECORDER_CELLS];  // values kept; more than RECORDER_MOST_VALUES: anything
  __u64 last[RECORDER_CELLS];      // the last new value: most calls repeat it
  __u64 ones[RECORDER_CELLS], zeros[RECORDER_CELLS];  // bits that were ever set, ever clear
};

#endif
