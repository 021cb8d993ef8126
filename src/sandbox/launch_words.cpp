// A failed launch in words.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>

#include <array>
#include <cerrno>

#include "arch/prototype.h"
#include "base/io.h"
#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/launch.h"

namespace callgate::sandbox {

std::string_view name(Stage stage) {
  constexpr std::array<std::string_view, 10> kNames{
      "nothing",      "mmap of the child's stack", "clone",  "ptrace", "sigprocmask",
      "no_new_privs", "seccomp(2) filter",         "execve", "seal",   "init"};
  return kNames[static_cast<std::size_t>(stage)];
}

namespace {

constexpr const char* kDeadly =
    "a filter that we are under ourselves, as a container's, kills whoever makes that call; nothing was started";

std::string reason(const Failure& failure) {
  return failure.signal != 0 ? fmt::format("killed by {}", arch::signal_name(failure.signal))
                             : base::errno_text(failure.os_errno);
}

Refusal describe_seal(const Failure& failure, const Seals& seals) {
  const std::string why = reason(failure);
  if (failure.stage == Stage::clone) {
    const bool forbidden = failure.os_errno == EPERM || failure.os_errno == ENOSPC || failure.os_errno == EUSERS;
    return {kCannotSeal, kExitOwnFailure,
            fmt::format("no new namespaces ({}): {}", namespaces_text(seals.namespaces), why),
            failure.signal != 0 ? kDeadly
            : forbidden         ? "this machine, or the sandbox that we are in, forbids them"
                                : ""};
  }
  const Step* const step = seals.step(failure.step);
  return {kCannotSeal, kExitOwnFailure, fmt::format("cannot {}: {}", step ? describe(*step) : "seal", why),
          failure.signal != 0 ? kDeadly : "nothing was started"};
}

Refusal describe_failure(const Failure& failure, const std::string& program, const Seals& seals) {
  if (failure.stage == Stage::seal || (failure.stage == Stage::clone && seals.namespaces != 0))
    return describe_seal(failure, seals);
  const std::string why = reason(failure);
  if (failure.signal != 0)
    return {kStepFailed, kExitOwnFailure, fmt::format("{} failed: {}", name(failure.stage), why), kDeadly};
  if (failure.stage == Stage::exec) {
    const bool missing = failure.os_errno == ENOENT;
    return {missing ? kNotFound : kNotExecutable, missing ? kExitNotFound : kExitNotExecutable,
            fmt::format("'{}' cannot be executed: {}", base::printable(program), why),
            !missing ? ""
            : (seals.seals & bit(Seal::file)) != 0
                ? "the sealed view has no such file, or not its interpreter; --ro PATH adds one"
                : "the file exists, but the interpreter it names may not"};
  }
  std::string help;
  if (failure.stage == Stage::filter && failure.os_errno == EINVAL)
    help = "this kernel was built without CONFIG_SECCOMP_FILTER, or refuses a flag of the profile";
  const bool denied = failure.os_errno == EPERM || failure.os_errno == ENOSYS || failure.os_errno == EACCES;
  if ((failure.stage == Stage::filter || failure.stage == Stage::no_new_privs) && denied)
    help =
        "a filter that we are under ourselves, as a container's, denies it: its profile has to allow prctl and seccomp";
  return {kStepFailed, kExitOwnFailure, fmt::format("{} failed: {}", name(failure.stage), why), help};
}

}  // namespace

Refusal describe(const Failure& failure, const std::string& program, const Seals& seals) {
  Refusal out = describe_failure(failure, program, seals);
  if (!failure.left.empty()) out.message += fmt::format("; {}", failure.left);
  return out;
}

}  // namespace callgate::sandbox
