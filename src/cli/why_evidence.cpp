// SPDX-License-Identifier: Apache-2.0
#include "cli/why_evidence.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/explain.h"
#include "preflight/diagnostic_ids.h"
#include "preflight/preflight.h"
#include "prove/decompile.h"
#include "sandbox/audit.h"
#include "why/core.h"
#include "why/evidence.h"

namespace callgate::cli {

namespace {

int cannot(Session& session, std::string message, std::string help) {
  session.diagnostics().add(kUnsupported, {}, std::move(message), std::move(help));
  return kCannot;
}

// Null where the file cannot be opened, with errno, or is no regular one.
why::FileBytes open_bytes(const std::string& path) {
  auto fd = std::make_shared<const base::UniqueFd>(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!*fd || fstat(fd->get(), &status) < 0) return {};
  if (!S_ISREG(status.st_mode)) {
    errno = EINVAL;
    return {};
  }
  return [fd](std::uint64_t offset, std::span<std::byte> out) -> std::size_t {
    const ssize_t got = pread(fd->get(), out.data(), out.size(), static_cast<off_t>(offset));
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  };
}

std::optional<std::uint64_t> seconds(Session& session, int& status) {
  const auto word = session.arguments().last("for");
  if (!word) return 10;
  const auto number = base::parse_u64(*word);
  if (number && *number > 0 && *number <= 86400) return number;
  status = session.usage(kBadOptionValue, fmt::format("--for: '{}' is no number of seconds", base::printable(*word)));
  return std::nullopt;
}

// What is denied from now on, by netlink where that is allowed, else by the kernel's log.
int follow(Session& session, why::Journal& journal) {
  int status = kYes;
  const auto limit = seconds(session, status);
  if (!limit) return status;
  const auto audit = sandbox::AuditStream::open();
  const auto log = audit ? std::nullopt : sandbox::KernelLog::open();
  if (!audit && !log)
    return cannot(session, "neither the kernel's audit messages nor its log can be read",
                  "they take CAP_AUDIT_READ or CAP_SYSLOG, outside of containers");
  const std::uint64_t end = session.env().clock_ns() + *limit * 1'000'000'000;
  for (std::uint64_t now = 0; (now = session.env().clock_ns()) < end;) {
    pollfd ready{audit ? audit->fd() : log->fd(), POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>((end - now) / 1'000'000 + 1)) <= 0) continue;
    while (const auto line = audit ? audit->next_line() : log->next_line())
      if (const auto record = sandbox::parse_audit_record(*line)) journal.add(why::from_record(*record));
  }
  return kYes;
}

}  // namespace

std::optional<std::string> kernel_log() {
  const auto log = sandbox::KernelLog::open_from_start();
  if (!log) return std::nullopt;
  std::string text;
  while (auto line = log->next_line()) text += *line;
  return text;
}

int read_log(Session& session, std::string_view where, why::Journal& journal, why::Report& report) {
  if (where == "live") {
    report.source = "the kernel's audit messages";
    return follow(session, journal);
  }
  if (where == "kernel") {
    report.source = "the kernel log";
    const auto text = kernel_log();
    if (!text) return cannot(session, "the kernel log cannot be read", "it takes CAP_SYSLOG, outside of containers");
    why::read_audit(*text, journal);
    return kYes;
  }
  report.source = where;
  const base::SourceFile* const file = session.open(std::string(where));
  if (file == nullptr) return kBadInput;
  if (why::read_audit(file->text(), journal) == 0)
    report.notes.emplace_back("the file holds no audit record of seccomp (type=1326, type=SECCOMP)");
  return kYes;
}

int read_strace_log(Session& session, const std::string& path, const Subject* subject, why::Journal& journal,
                    why::Report& report, preflight::KeptLines& kept) {
  report.source = path;
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return kBadInput;
  preflight::Judge judge;
  if (subject != nullptr)
    judge = [subject](const policy::Call& call, std::uint8_t known) -> preflight::Verdict {
      if (subject->is_policy) return preflight::judge(subject->profile.policy, call, known);
      return {subject->act(call), known == preflight::kAllArgs};
    };
  else
    report.notes.emplace_back(
        "without --profile calls that failed with EPERM or ENOSYS are shown, whoever refused them");
  why::read_recording(*file, judge, journal, kept, session.diagnostics());
  return session.diagnostics().has_errors() ? kBadInput : kYes;
}

int read_core_file(Session& session, const std::string& path, const Subject* subject, why::Journal& journal,
                   why::Report& report) {
  report.source = path;
  const auto bytes = open_bytes(path);
  if (!bytes) {
    session.diagnostics().add(kFile, {},
                              fmt::format("cannot open '{}': {}", base::printable(path), base::errno_text(errno)));
    return kBadInput;
  }
  const auto core = why::read_core(bytes);
  if (!core) return session.fail(core.error());
  auto denial = why::from_core(*core, why::core_memory(bytes, open_bytes));
  if (!denial) {
    report.notes.push_back(
        fmt::format("'{}' was ended by signal {}, not by a filter", base::printable(core->program), core->signal));
    return kYes;
  }
  if (!core->arguments.empty()) report.source += fmt::format(" of '{}'", base::printable(core->arguments, 80));
  // KILL and TRAP leave the same core file.
  if (subject != nullptr)
    if (const policy::Action said = subject->act(denial->call); said.kind <= policy::ActionKind::trap)
      denial->action = said;
  if (session.env().unwinder != nullptr) denial->backtrace = session.env().unwinder->core(path, core->thread.id);
  journal.add(std::move(*denial));
  return kYes;
}

int note_filters(Session& session, std::string_view pid, why::Report& report) {
  int status = kYes;
  const auto stack = read_process(session, fmt::format("pid:{}", pid), status);
  if (!stack) return status;
  report.notes.push_back(stack->empty() ? "no filter is in force in it"
                                        : fmt::format("filters in force in it, newest first: {}", stack->size()));
  for (const bpf::Program& program : *stack) {
    const auto policy = prove::decompile(std::span<const bpf::Insn>(program));
    report.notes.push_back(
        fmt::format("  {} instructions{}", program.size(), policy ? "; " + why::summarize(*policy) : ""));
  }
  return kYes;
}

int look_at_process(Session& session, std::string_view pid, why::Journal& journal, why::Report& report) {
  report.source = fmt::format("process {}", pid);
  if (const int status = note_filters(session, pid, report); status != kYes) return status;
  const auto text = kernel_log();
  if (!text)
    report.notes.emplace_back("the kernel log, which may tell denials of it, cannot be read");
  else if (why::read_audit(*text, journal, base::parse_u64(pid).value_or(0)) == 0)
    report.notes.emplace_back("the kernel log holds no denial of it (calls answered by ERRNO are not logged)");
  return kYes;
}

}  // namespace callgate::cli
