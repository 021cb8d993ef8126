// SPDX-License-Identifier: Apache-2.0
#include "peers.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/io.h"
#include "bpf/check.h"
#include "process.h"
#include "prove/prove.h"

namespace callgate::bench {

namespace {

// Two temporary files: the job's profile, and one for the filter.
class Workspace {
 public:
  explicit Workspace(const Job& job) {
    good_ = make(profile_) && make(out_) && base::write_file(profile_, job.text).has_value();
  }
  ~Workspace() {
    unlink(profile_);
    unlink(out_);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  bool good() const { return good_; }
  const char* out() const { return out_; }
  std::vector<std::string> argv(std::string command) const {
    replace(command, "{profile}", profile_);
    replace(command, "{out}", out_);
    return {"/bin/sh", "-c", std::move(command)};
  }

 private:
  static bool make(char* path) {
    const base::UniqueFd file(mkstemp(path));
    return static_cast<bool>(file);
  }
  static void replace(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
      text.replace(at, what.size(), with);
  }
  char profile_[32] = "/tmp/callgate-bench-XXXXXX";
  char out_[32] = "/tmp/callgate-bench-XXXXXX";
  bool good_ = false;
};

std::optional<bpf::Program> read_program(const std::string& path, const std::string& peer) {
  base::Result<std::string> bytes = base::read_file(path);
  if (!bytes) {
    fmt::print(stderr, "{}: {}\n", peer, bytes.error().message);
    return std::nullopt;
  }
  base::Diagnostics diagnostics;
  const base::SourceFile file(path, std::move(*bytes));
  auto program = bpf::from_bytes(file, false, diagnostics);
  if (!program) {
    fmt::print(stderr, "{}: {}", peer, base::render_text(diagnostics, false));
    return std::nullopt;
  }
  if (const auto failure = bpf::check(*program)) {
    fmt::print(stderr, "{}: the kernel refuses '{}': {}\n", peer, path, failure->message);
    return std::nullopt;
  }
  return program;
}

}  // namespace

std::optional<bpf::Program> Peer::program(const Job& candidate) const {
  if (command.empty()) return read_program(file, name);
  const Workspace work(candidate);
  if (!work.good()) return std::nullopt;
  const std::optional<ProcessRun> run = run_process(work.argv(command));
  if (!run || !run->good()) {
    fmt::print(stderr, "{}: the command failed: {}\n", name, command);
    return std::nullopt;
  }
  return read_program(work.out(), name);
}

std::optional<double> Peer::time_command(const Job& candidate) const {
  if (command.empty()) return std::nullopt;
  const Workspace work(candidate);
  if (!work.good()) return std::nullopt;
  const std::optional<ProcessRun> run = run_process(work.argv(command));
  return run && run->good() ? std::optional(run->us) : std::nullopt;
}

std::optional<Peer> parse_peer(const std::string& word, bool is_command) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals + 1 == word.size()) return std::nullopt;
  std::string left = word.substr(0, equals);
  const std::string value = word.substr(equals + 1);
  Peer peer;
  peer.job = "docker-default x86_64";
  if (const std::size_t colon = left.find(':'); colon != std::string::npos) {
    peer.job = left.substr(0, colon);
    left.erase(0, colon + 1);
  }
  if (left.empty()) return std::nullopt;
  peer.name = std::move(left);
  (is_command ? peer.command : peer.file) = value;
  return peer;
}

std::string agreement(const policy::Policy& policy, const bpf::Program& program) {
  const prove::Outcome outcome = prove::prove(policy, program);
  if (outcome.verdict == prove::Verdict::equal) return "equal on all calls";
  if (!outcome.counterexample) return "undecided: " + outcome.why;
  const prove::Counterexample& witness = *outcome.counterexample;
  return fmt::format("differs, for instance token {:#x}, number {:#x}: {} there, {} in the profile", witness.call.audit,
                     witness.call.nr, policy::to_string(witness.right), policy::to_string(witness.left));
}

}  // namespace callgate::bench
