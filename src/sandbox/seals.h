// The seals of a launch as a pure value: what is wanted and what this machine offers become a list of steps, or a
// refusal. Nothing here asks the kernel; nothing is done. steps.h executes them, launch.h says when.
//
// `process`: PID, IPC, UTS, cgroup and mount namespaces of its own, with an init of ours as PID 1 and its own /proc.
// Any seal drops all capabilities but those kept, turns core dumps off and closes inherited files. Whoever has no
// CAP_SYS_ADMIN gets a user namespace first, in which exactly that user and group exist.
// `file`: a view of the file system of its own, read-only but for what is named, with Landlock as a second wall.
// `net`: a network of its own, without devices or with loopback alone; or the machine's, with TCP ports as named.
// `memory`: IPC of its own, limits by a cgroup and by rlimits, no executable memory but that of files.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/refusal.h"

namespace callgate::sandbox {

enum class Seal : std::uint8_t { process = 1, file = 2, net = 4, memory = 8 };
inline constexpr unsigned bit(Seal seal) {
  return static_cast<unsigned>(seal);
}

// What the command line asks for, not yet checked.
struct SealRequest {
  std::vector<std::string> seals;  // "process"; each may be a list with commas
  std::vector<std::string> caps;   // kept: "CAP_NET_RAW", "net_raw"
  std::vector<std::string> keep_fds;
  std::vector<std::string> read_only, writable, empty;  // paths: --ro, --rw, --tmpfs
  std::optional<std::string> root;                      // a directory, or "none"
  std::optional<std::string> net;                       // "none", "loopback" or "host"
  std::vector<std::string> connect_ports, bind_ports;   // TCP
  std::optional<std::string> memory, swap, pids;        // "512M"
  std::vector<std::string> rlimits;                     // "nofile=64"
  bool no_exec_memory = false, best_effort = false;
  bool operator==(const SealRequest&) const = default;
};

struct PathFact {
  bool exists = false, directory = false;
  std::string real;  // absolute, without symbolic links
  int error = 0;     // errno where it could not be found out
};
using PathProbe = std::function<PathFact(const std::string& path)>;

// Where a cgroup with some controller could be made.
struct CgroupFacts {
  int version = 0;  // 0: nowhere
  std::string directory;
  bool writable = false;
  bool swap = false;  // is accounted
};

// What this machine and this user have (read_host_facts in host_facts.h reads them).
struct HostFacts {
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t capabilities = 0;  // permitted to us
  unsigned last_capability = 40;
  bool user_namespaces = true;    // may be made, and make us their administrator
  bool new_proc = true;           // may be mounted; not in a user namespace where parts of the old one are hidden
  std::vector<int> open_fds;      // inherited, above 2
  int landlock_abi = 0;           // 0: there is no Landlock to be had
  bool landlock_refused = false;  // by a filter that we are under, as far as can be told
  bool keyctl = true;             // not refused to us by an outer filter, or absent
  bool other_key_calls = true;    // neither are add_key and request_key
  std::string directory = "/";    // the current one
  PathProbe path;
  int pid = 0;
  CgroupFacts memory, pids;
};

enum class StepKind : std::uint8_t {
  make_cgroup,     // the directory `path`
  tie_to_parent,   // end with the launcher
  write_file,      // `text` into `path`
  private_mounts,  // no mount or unmount travels in or out
  unshare,         // `flags`: CLONE_NEW*
  new_mount,       // a file system of type `path`, options `text`, mount attributes `flags`, into `slot`
  copy_mount,  // the mounts at `path` into `slot`, with mount attributes `flags`; an empty slot if `number` and there
               // is no such path
  attach,      // the mount in `slot` on `path`; nothing if `number` and there is no such path, or the slot is empty
  enter_root,  // the mount in `slot` becomes the root of everything; the old one is out of reach
  make_place,  // `path` with its parents, a directory, or (with `number`) an empty file
  link,        // `path` leads to `text`
  freeze,      // the mount at `path` itself becomes read-only
  change_directory,  // to `path`, or to / if that cannot be
  read_only,         // what lies at `path` becomes a mount that cannot be written to; nothing if it is not there
  hide,              // `path` becomes empty: a directory of no files, a file as /dev/null; nothing if it is not there
  session_keyring,
  limit,          // `number`: RLIMIT_*, to `value`
  drop_bounding,  // all of the bounding set but `value`; capabilities up to `number` are known to exist
  capabilities,   // permitted, effective, inheritable and (with `flags`) ambient sets become `value`
  not_dumpable,   // no ptrace, no /proc/PID/mem for equals
  raise_loopback,
  landlock_begin,    // a rule set in `slot`: file accesses `number`, network accesses `value` and what `flags`
                     // says of others' sockets and signals are denied
  landlock_path,     // but below `path` those of `flags` are not; nothing if it is not there
  landlock_port,     // but the TCP port `number` is open to `flags`
  landlock_enforce,  // the rule set in `slot`
  close_files,       // `number` … `value`
};

struct Step {
  StepKind kind{};
  std::string path, text;
  std::uint64_t number = 0, value = 0, flags = 0;
  int slot = -1;
  bool operator==(const Step&) const = default;
};
// "mount proc on /proc": what a step does, in the words of messages and of `run --plan`.
std::string describe(const Step& step);
std::string_view name(StepKind kind);

struct Seals {
  unsigned seals = 0;                // bits
  std::uint64_t namespaces = 0;      // CLONE_NEW* that the child is born into
  bool init = false;                 // PID 1 is ours, and the program its child
  std::vector<Step> prepare;         // by the launcher, before the first child
  std::vector<std::string> cgroups;  // made by it, to be removed in the end
  std::vector<std::string> missing;  // left out, for this machine lacks it
  bool no_exec_memory = false;
  std::vector<Step> setup;    // by the first child
  std::vector<Step> program;  // by the process that becomes the program, before no_new_privs and filter
  bool operator==(const Seals&) const = default;
  bool any() const { return seals != 0 || !program.empty(); }
  const Step* step(std::size_t index) const;  // prepare, setup, program; null beyond
};

// Nothing if it cannot be (`refusal` says why). Without any seal in the request: empty seals.
std::optional<Seals> plan_seals(const SealRequest& request, const HostFacts& host, Refusal& refusal);

// "user, pid, ipc".
std::string namespaces_text(std::uint64_t flags, std::string_view separator = ", ");

}  // namespace callgate::sandbox
