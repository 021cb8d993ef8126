// SPDX-License-Identifier: Apache-2.0
#include "cli/oci_filter.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "cli/diagnostic_ids.h"
#include "cli/prepare.h"
#include "oci/config.h"
#include "oci/diagnostic_ids.h"
#include "prove/prove.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

struct Made {
  bpf::Program program;
  std::vector<std::string> flags;
};

// A filter by --filter, a process or a file is taken as it is.
std::optional<Made> from_subject(Session& session, const std::string& name, Subject subject, int& status) {
  if (subject.is_policy) {
    if (!subject.profile.confined) {
      session.diagnostics().add(kTurnsOff, {}, fmt::format("'{}' is no filter: there is nothing to put in force", name),
                                "take linux.seccomp out of the configuration to run it unconfined");
      return std::nullopt;
    }
    auto prepared = compile_and_prove(session, subject.profile.policy, {}, status);
    if (!prepared) return std::nullopt;
    return Made{std::move(prepared->program), std::move(subject.profile.flags)};
  }
  if (subject.stack.size() == 1) return Made{std::move(subject.stack.front()), {}};
  status = session.fail({base::ErrorCode::unsupported,
                         fmt::format("{} is under {} filters; a runtime takes one", name, subject.stack.size()), 0});
  return std::nullopt;
}

std::optional<Made> from_arguments(Session& session, const oci::Config& config, int& status) {
  const Arguments& given = session.arguments();
  auto options = read_options(session);
  if (!options) {
    status = kUsage;
    return std::nullopt;
  }
  if (!given.has("caps")) options->capabilities = config.bounding;
  if (given.has("filter")) {
    const base::SourceFile* const file = session.open(std::string(*given.last("filter")));
    auto program = file == nullptr ? std::nullopt : read_filter(session, *file);
    if (!program) return std::nullopt;
    return Made{std::move(*program), {}};
  }
  const std::string name(*given.last("profile"));
  auto subject = load(session, name, *options, status);
  if (!subject) return std::nullopt;
  status = kBadInput;
  return from_subject(session, name, std::move(*subject), status);
}

std::optional<Made> from_config(Session& session, const base::SourceFile& file, int& status) {
  auto options = read_options(session);
  if (!options) {
    status = kUsage;
    return std::nullopt;
  }
  options->as = format::Engine::crun;
  const auto profile = format::read_profile(file, *options, session.diagnostics());
  if (!profile || session.diagnostics().has_errors()) return std::nullopt;
  auto prepared = compile_and_prove(session, profile->policy, {}, status);
  if (!prepared) return std::nullopt;
  return Made{std::move(prepared->program), {}};
}

bool asks_agent(const bpf::Program& program) {
  constexpr std::uint32_t kUserNotif = 0x7fc00000, kActionBits = 0xffff0000;
  constexpr std::uint16_t kReturnConstant = 0x06;
  return std::any_of(program.begin(), program.end(), [](const bpf::Insn& insn) {
    return insn.code == kReturnConstant && (insn.k & kActionBits) == kUserNotif;
  });
}

// A filter that is there already: made by an earlier hook, or by somebody who wants another one in force.
bool agrees_with(Session& session, const oci::Config& config, const bpf::Program& ours) {
  std::string why = "it is no filter in base64";
  const auto bytes = base::from_base64(config.filter.text());
  if (bytes) {
    const base::SourceFile& file = session.keep_text(std::string(oci::kFilterAnnotation), *bytes);
    const auto theirs = read_filter(session, file);
    if (!theirs) return false;
    const prove::Outcome outcome = prove::prove(prove::Stack{ours}, prove::Stack{*theirs});
    if (outcome.verdict == prove::Verdict::equal) return true;
    why = outcome.why;
    if (const auto& found = outcome.counterexample)
      why = fmt::format("on {} {} it answers {}, the profile {}",
                        syntax::describe_arch(found->call.audit, found->call.nr), syntax::describe_call(found->call),
                        policy::to_string(found->right), policy::to_string(found->left));
  }
  session.diagnostics().add(oci::kOtherFilter, config.filter.key_span(),
                            fmt::format("the annotation holds another filter already: {}", why),
                            "take the annotation away, or give the profile that it was made from");
  return false;
}

}  // namespace

base::Error verify_needs_root() {
  return {base::ErrorCode::unsupported, "--verify reads the filters of other processes, which takes root", 0};
}

std::optional<Delivery> deliver(Session& session, const base::SourceFile& file, const std::string& verifier,
                                int& status) {
  status = kBadInput;
  const auto config = oci::read_config(file, session.diagnostics());
  if (!config) return std::nullopt;
  const Arguments& given = session.arguments();
  const bool other = given.has("profile") || given.has("filter");
  if (!other && !config->seccomp && !config->filter) return Delivery{std::string(file.text()), std::nullopt};
  if (!other && !config->seccomp) {
    session.diagnostics().add(oci::kOtherFilter, config->filter.key_span(),
                              "a filter without a profile that would say what it is to do",
                              "give the profile with --profile");
    return std::nullopt;
  }
  auto made = other ? from_arguments(session, *config, status) : from_config(session, file, status);
  if (!made) return std::nullopt;
  if (asks_agent(made->program)) {
    session.diagnostics().add(oci::kListener, {}, "SCMP_ACT_NOTIFY needs an agent, and nobody would answer",
                              "leave this container to the runtime, or use another action");
    status = kBadInput;
    return std::nullopt;
  }
  if (config->filter && !agrees_with(session, *config, made->program)) {
    status = kBadInput;
    return std::nullopt;
  }
  oci::Change change{base::to_base64(bpf::to_bytes(made->program, false)), {}, verifier};
  if (other) change.seccomp = oci::nothing_allowed(made->flags);
  return Delivery{oci::changed(*config, change), std::move(made->program)};
}

}  // namespace callgate::cli
