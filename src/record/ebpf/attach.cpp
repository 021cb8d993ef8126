// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string_view>

#include "base/io.h"
#include "base/text.h"
#include "record/ebpf.h"
#include "record/ebpf/reserve.h"
#include "record/kept.h"
#include "record/running.h"
#include "record/tables.h"

namespace callgate::record {

namespace {

alignas(8) constexpr unsigned char kObject[] = {
#include "record/recorder_object.inc"
};

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

struct Unmap {
  void operator()(recorder_tables* tables) const { munmap(tables, sizeof(recorder_tables)); }
};

base::Error explain(std::string_view what, int error) {
  std::string_view hint;
  if (error == EPERM || error == EACCES)
    hint = "; it takes CAP_BPF and CAP_PERFMON, and the kernel's consent";
  else if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
    hint = "; the kernel's types are not to be had: no /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF)";
  return {base::ErrorCode::unsupported, fmt::format("{}: {}{}", what, base::errno_text(error), hint), error};
}

// The end of what libbpf warns of, the log of the kernel's verifier included.
class Warnings {
 public:
  Warnings() {
    text.clear();
    libbpf_set_print(keep);
  }
  ~Warnings() {
    libbpf_set_print([](libbpf_print_level, const char*, va_list) { return 0; });
  }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  // Which program the verifier refused, and its last word: the line before its statistics. Empty if it said nothing.
  static std::string reason() {
    const auto lines = base::split(text, '\n');
    const auto statistics =
        std::ranges::find_if(lines, [](std::string_view line) { return line.starts_with("processed "); });
    if (statistics == lines.begin() || statistics == lines.end()) return {};
    constexpr std::string_view kProgram = "prog '";
    const std::size_t at = text.find(kProgram);
    const std::string_view rest = at == std::string::npos ? "" : std::string_view(text).substr(at + kProgram.size());
    return fmt::format("; its verifier says of {}: {}", base::printable(rest.substr(0, rest.find('\''))),
                       base::printable(*std::prev(statistics), kLongest));
  }

 private:
  static constexpr std::size_t kLongest = 200;

  [[gnu::format(printf, 2, 0)]] static int keep(libbpf_print_level level, const char* format, va_list arguments) {
    constexpr std::size_t kMost = std::size_t{1} << 20;
    if (level != LIBBPF_WARN || text.size() > kMost) return 0;
    char* line = nullptr;
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): libbpf has begun it
    const int size = vasprintf(&line, format, arguments);
    if (size < 0) return 0;
    text += line;
    std::free(line);
    return size;
  }

  static inline std::string text;
};

bool is_linux_6_0_to_6_4() {
  utsname machine{};
  if (uname(&machine) != 0) return false;
  const auto parts = base::split(machine.release, '.');
  return parts.size() > 2 && parts[0] == "6" && base::parse_u64(parts[1]).value_or(5) <= 4;
}

std::uint32_t own_namespace(const char* link) {
  struct stat status{};
  return stat(link, &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
}

recorder_config configure(const Keep& keep, const CgroupChoice& cgroup, bool containers) {
  recorder_config config{};
  config.containers = containers ? 1 : 0;
  config.mount_namespace = own_namespace("/proc/self/ns/mnt");
  config.pid_namespace = own_namespace("/proc/self/ns/pid");
  config.cgroup_id = cgroup.id;
  config.cgroup_level = cgroup.level;
  config.arguments = keep.arguments ? 1 : 0;
  config.at_wait = keep.serving_at == recording::ServingAt::accept ? 1 : 0;
  for (std::uint32_t nr = 0; nr < RECORDER_NUMBERS; ++nr) {
    config.calls[nr] = kept_arguments(arch::Arch::x86_64, nr);
    config.calls[RECORDER_NUMBERS + nr] = kept_arguments(arch::Arch::x86, nr);
  }
  return config;
}

std::uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// Every key of a hash map that nobody changes any more.
template <class Key, class Each>
void each_key(int map, Each each) {
  Key key{}, next{};
  for (bool more = bpf_map_get_next_key(map, nullptr, &next) == 0; more;
       more = bpf_map_get_next_key(map, &key, &next) == 0) {
    each(next);
    key = next;
  }
}

}  // namespace

struct Ebpf::State {
  std::unique_ptr<bpf_object, CloseObject> object;
  std::vector<std::unique_ptr<bpf_link, DestroyLink>> links;
  std::unique_ptr<recorder_tables, Unmap> tables;
  std::vector<recording::Blind> blind;
  std::uint64_t since_ns = 0;

  int map(const char* name) const { return bpf_object__find_map_fd_by_name(object.get(), name); }
  base::Result<void> load(const Keep& keep, const CgroupChoice& cgroup, bool containers);
  std::uint64_t count(std::uint32_t cell, std::vector<std::uint64_t>& by_cpu) const;
  base::Result<void> attach_all();
  std::uint64_t missed() const;
};

base::Result<void> Ebpf::State::load(const Keep& keep, const CgroupChoice& cgroup, bool containers) {
  const Warnings warnings;
  object.reset(bpf_object__open_mem(kObject, sizeof kObject, nullptr));
  if (!object) return tl::unexpected(explain("libbpf cannot open the recorder's programs", errno));
  const recorder_config config = configure(keep, cgroup, containers);
  bpf_map* const rodata = bpf_object__find_map_by_name(object.get(), ".rodata.config");
  if (rodata == nullptr || bpf_map__set_initial_value(rodata, &config, sizeof config) != 0)
    return base::fail(base::ErrorCode::internal, "the recorder's programs have no configuration");
  bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), "on_uring_of_6_0"), is_linux_6_0_to_6_4());
  bpf_program* const on_return = bpf_object__find_program_by_name(object.get(), "on_return");
  bpf_program__set_autoload(on_return, keep.denied);
  bpf_program__set_autoload(bpf_object__find_program_by_name(object.get(), "on_attach"), containers);
  if (!keep.denied) blind.push_back(recording::Blind::denied);
  if (const int error = bpf_object__load(object.get()); error != 0) {
    base::Error why = explain("the kernel does not take the recorder's programs", -error);
    why.message += Warnings::reason();
    return tl::unexpected(std::move(why));
  }
  const int bss = map(".bss");
  void* const memory = mmap(nullptr, sizeof(recorder_tables), PROT_READ | PROT_WRITE, MAP_SHARED, bss, 0);
  if (memory == MAP_FAILED) return tl::unexpected(explain("the recorder's tables cannot be mapped", errno));
  tables.reset(static_cast<recorder_tables*>(memory));
  return {};
}

base::Result<void> Ebpf::State::attach_all() {
  const auto optional = [](std::string_view name) -> std::optional<recording::Blind> {
    if (name == "on_capability") return recording::Blind::capabilities;
    if (name == "on_vsyscall") return recording::Blind::vsyscalls;
    return std::nullopt;
  };
  bool sees_uring = false;  // by one of two, of which each kernel has one at most
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    if (!bpf_program__autoload(program)) continue;
    const std::string_view name = bpf_program__name(program);
    const bool of_uring = name.starts_with("on_uring");
    std::unique_ptr<bpf_link, DestroyLink> link(bpf_program__attach(program));
    if (link) {
      links.push_back(std::move(link));
      sees_uring = sees_uring || of_uring;
    } else if (of_uring) {
      continue;
    } else if (const auto without = optional(name)) {
      blind.push_back(*without);
    } else {
      return tl::unexpected(explain(fmt::format("the recorder's program {} cannot be attached", name), errno));
    }
  }
  if (!sees_uring) blind.push_back(recording::Blind::io_uring);
  learn_reserve(*tables);
  std::ranges::sort(blind);
  since_ns = monotonic_ns();
  return {};
}

// Where a program interrupts itself, the kernel skips it and counts.
std::uint64_t Ebpf::State::missed() const {
  std::uint64_t sum = 0;
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, object.get()) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    const int fd = bpf_program__fd(program);
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) sum += info.recursion_misses;
  }
  return sum;
}

Ebpf::Ebpf(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ebpf::Ebpf(Ebpf&&) noexcept = default;
Ebpf& Ebpf::operator=(Ebpf&&) noexcept = default;
Ebpf::~Ebpf() = default;

base::Result<Ebpf> Ebpf::attach(const Keep& keep, const CgroupChoice& cgroup, bool containers) {
  auto state = std::make_unique<State>();
  CALLGATE_CHECK(state->load(keep, cgroup, containers));
  CALLGATE_CHECK(state->attach_all());
  return Ebpf(std::move(state));
}

namespace {

// Task storage is named by a pidfd; of a thread that is not its process's first the kernel wants to be told so.
base::UniqueFd pidfd_of(pid_t tid, pid_t process) {
  constexpr unsigned kPidfdThread = O_EXCL;
  return base::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, tid, tid == process ? 0U : kPidfdThread)));
}

base::UniqueFd own_pidfd() {
  return pidfd_of(static_cast<pid_t>(syscall(SYS_gettid)), getpid());
}

std::uint32_t filters_of_us() {
  const auto status = base::read_file("/proc/self/status");
  if (!status) return 0;
  constexpr std::string_view kName = "\nSeccomp_filters:";
  const auto at = status->find(kName);
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(*status).substr(at + kName.size());
  const auto number = base::parse_u64(base::trim(rest.substr(0, rest.find('\n'))));
  return static_cast<std::uint32_t>(number.value_or(0));
}

// An image that was executed before we came: the kernel side finds it by its inode.
std::uint16_t running_image(recorder_tables& tables, int image_of_file, pid_t process) {
  const std::string link = fmt::format("/proc/{}/exe", process);
  struct stat status{};
  std::error_code error;
  const auto path = std::filesystem::read_symlink(link, error);
  if (error || stat(link.c_str(), &status) != 0) return 0;
  const struct {
    std::uint64_t inode, device;
  } key{status.st_ino, std::uint64_t{major(status.st_dev)} << 20 | minor(status.st_dev)};
  std::uint32_t index = 0;
  if (bpf_map_lookup_elem(image_of_file, &key, &index) == 0) return static_cast<std::uint16_t>(index);
  index = __atomic_add_fetch(&tables.images, 1, __ATOMIC_SEQ_CST);
  if (index >= RECORDER_IMAGES) return 0;
  recorder_image& image = tables.image[index];
  image.inode = key.inode;
  image.device = static_cast<std::uint32_t>(key.device);
  path.string().copy(image.path, sizeof image.path - 1);
  bpf_map_update_elem(image_of_file, &key, &index, BPF_NOEXIST);
  return static_cast<std::uint16_t>(index);
}

// Of what runs already each process that is below none of the others is a server, with all that is below it.
class Servers {
 public:
  Servers(recorder_tables& tables, const std::vector<pid_t>& processes)
      : tables_(tables), all_(processes.begin(), processes.end()) {}
  void know(const std::vector<TaskIds>& tasks) {
    for (const TaskIds& task : tasks) all_.insert(task.process);
  }
  void put(const TaskIds& task, recorder_task& mark) {
    const pid_t top = top_of(task.process, all_);
    const auto [place, fresh] = numbers_.try_emplace(top, std::uint16_t{0});
    if (fresh) {
      const std::uint32_t number = __atomic_add_fetch(&tables_.servers, 1, __ATOMIC_SEQ_CST);
      if (number < RECORDER_SERVERS)
        place->second = static_cast<std::uint16_t>(number);
      else
        __atomic_add_fetch(&tables_.lost.servers, 1, __ATOMIC_SEQ_CST);
    }
    mark.server = place->second;
    mark.leads = mark.server != 0 && task.tid == top ? 1 : 0;
  }

 private:
  recorder_tables& tables_;
  std::set<pid_t> all_;
  std::map<pid_t, std::uint16_t> numbers_;
};

}  // namespace

base::Result<std::size_t> Ebpf::mark_running(const std::vector<pid_t>& processes, Stage stage) {
  const bool serves = stage == Stage::serving;
  // What it has more than we do is the container's own, though it was loaded before we came.
  const std::uint32_t own_filters = filters_of_us();
  const int tasks = state_->map("tasks"), image_of_file = state_->map("image_of_file");
  recorder_tables& tables = *state_->tables;
  Servers servers(tables, processes);
  std::size_t marked = 0;
  // What an unmarked task starts meanwhile is found in a further round; what a marked one starts is marked by birth.
  for (bool more = true; more;) {
    more = false;
    const std::vector<TaskIds> found = tasks_below(processes);
    servers.know(found);
    for (const TaskIds& task : found) {
      const base::UniqueFd pidfd = pidfd_of(task.tid, task.process);
      if (!pidfd && errno == ESRCH) continue;
      if (!pidfd) return tl::unexpected(explain(fmt::format("thread {} cannot be marked", task.tid), errno));
      const int fd = pidfd.get();
      // In a call that began before: its end must not be taken for a refused one's.
      recorder_task mark{};
      mark.state = serves ? RECORDER_RECORDING : RECORDER_RUNTIME;
      mark.phase = serves ? RECORDER_SERVING : 0;
      mark.listens = mark.waits = serves ? 1 : 0;
      mark.image = serves ? running_image(tables, image_of_file, task.process) : std::uint16_t{0};
      mark.call = RECORDER_NO_CALL + 1;
      mark.filters = own_filters;
      if (serves) servers.put(task, mark);
      __atomic_add_fetch(&tables.alive, 1, __ATOMIC_SEQ_CST);
      if (bpf_map_update_elem(tasks, &fd, &mark, BPF_NOEXIST) == 0) {
        __atomic_add_fetch(&tables.tasks, 1, __ATOMIC_SEQ_CST);
        if (!serves) __atomic_add_fetch(&tables.runtime_tasks, 1, __ATOMIC_SEQ_CST);
        ++marked;
        more = true;
        continue;
      }
      const int error = errno;
      __atomic_sub_fetch(&tables.alive, 1, __ATOMIC_SEQ_CST);
      if (error != EEXIST && error != ESRCH && error != ENOENT)
        return tl::unexpected(explain(fmt::format("task {} cannot be marked", task.tid), error));
    }
  }
  return marked;
}

base::Result<void> Ebpf::watch(const std::vector<std::string>& cgroup_names) {
  const int map = state_->map("container_names");
  for (const std::string& name : cgroup_names) {
    std::array<char, RECORDER_CGROUP_NAME> key{};
    if (name.empty() || name.size() >= key.size())
      return base::fail(base::ErrorCode::limit, fmt::format("'{}' is too long a name for a cgroup", name));
    std::ranges::copy(name, key.begin());
    const std::uint8_t one = 1;
    if (bpf_map_update_elem(map, key.data(), &one, BPF_ANY) != 0)
      return tl::unexpected(explain(fmt::format("cgroup '{}' cannot be watched for", name), errno));
  }
  return {};
}

base::Result<void> Ebpf::mark_launcher() {
  const base::UniqueFd self = own_pidfd();
  const int fd = self.get();
  recorder_task mark{};
  mark.state = RECORDER_LAUNCHING;
  if (!self || bpf_map_update_elem(state_->map("tasks"), &fd, &mark, BPF_ANY) != 0)
    return tl::unexpected(explain("our own thread cannot be marked", errno));
  return {};
}

base::Result<void> Ebpf::unmark_launcher() {
  const base::UniqueFd self = own_pidfd();
  const int fd = self.get();
  if (!self || bpf_map_delete_elem(state_->map("tasks"), &fd) != 0)
    return tl::unexpected(explain("our own thread cannot be unmarked", errno));
  return {};
}

Progress Ebpf::progress() const {
  const volatile recorder_tables& tables = *state_->tables;
  Progress out;
  out.alive = tables.alive;
  out.tasks = tables.tasks;
  for (std::size_t i = 0; i < RECORDER_CALLS; ++i) out.calls += tables.first[i].taken != 0 ? 1U : 0U;
  out.serving = tables.serving != 0;
  out.shutdown = tables.shutdown != 0;
  out.began = tables.began != 0;
  out.bounding = tables.bounding;
  if (tables.ended != 0) out.exit_code = tables.exit_code;
  return out;
}

std::uint64_t Ebpf::State::count(std::uint32_t cell, std::vector<std::uint64_t>& by_cpu) const {
  if (tables->first[cell % RECORDER_CALLS].taken == 0) return 0;
  if (bpf_map_lookup_elem(map("counts"), &cell, by_cpu.data()) != 0) return 0;
  return std::accumulate(by_cpu.begin(), by_cpu.end(), std::uint64_t{0});
}

std::vector<std::uint64_t> Ebpf::serving_counts() const {
  std::vector<std::uint64_t> out(RECORDER_CALLS);
  std::vector<std::uint64_t> by_cpu(static_cast<std::size_t>(std::max(libbpf_num_possible_cpus(), 1)));
  for (std::uint32_t i = 0; i < RECORDER_CALLS; ++i) out[i] = state_->count(RECORDER_CALLS + i, by_cpu);
  return out;
}

base::Result<void> Ebpf::finish(recording::Run& run) {
  Tables in;
  state_->links.clear();
  in.missed = state_->missed();
  in.tables = state_->tables.get();
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return tl::unexpected(explain("the number of processors", -cpus));
  std::vector<std::uint64_t> by_cpu(static_cast<std::size_t>(cpus));
  in.counts.resize(std::size_t{RECORDER_PHASES} * RECORDER_CALLS);
  for (std::uint32_t i = 0; i < in.counts.size(); ++i) in.counts[i] = state_->count(i, by_cpu);
  each_key<recorder_value_key>(state_->map("values"), [&](const recorder_value_key& key) { in.values.push_back(key); });
  each_key<recorder_odd_key>(state_->map("odd_numbers"), [&](const recorder_odd_key& key) {
    OddNumber& odd = in.odd_numbers.emplace_back();
    odd.key = key;
    bpf_map_lookup_elem(state_->map("odd_numbers"), &key, &odd.seen);
  });
  each_key<recorder_capability_key>(state_->map("capabilities"), [&](const recorder_capability_key& key) {
    AskedCapability& asked = in.capabilities.emplace_back();
    asked.key = key;
    bpf_map_lookup_elem(state_->map("capabilities"), &key, &asked.first);
  });
  to_run(in, state_->since_ns, run);
  run.blind = state_->blind;
  return {};
}

}  // namespace callgate::record
