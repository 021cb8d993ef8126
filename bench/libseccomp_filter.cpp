// SPDX-License-Identifier: Apache-2.0
#include "libseccomp_filter.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "arch/calls.h"
#include "base/io.h"
#include "format/engine.h"
#include "process.h"

namespace callgate::bench {

namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

constexpr std::uint16_t kEperm = 1;  // what an ERRNO without errnoRet gives

std::uint32_t action_of(const format::Word& word, const std::optional<format::SpecErrno>& number) {
  const policy::ActionKind kind = format::find_action(word.text).value_or(policy::ActionKind::kill_process);
  const bool with_data = kind == policy::ActionKind::errno_ || kind == policy::ActionKind::trace;
  const auto data = static_cast<std::uint16_t>(number ? number->value : kEperm);
  return policy::to_return_value({kind, with_data ? data : std::uint16_t{0}});
}

scmp_arg_cmp comparison(const format::SpecArgument& argument) {
  static constexpr std::array<scmp_compare, 7> kOps{SCMP_CMP_EQ, SCMP_CMP_NE, SCMP_CMP_LT,       SCMP_CMP_LE,
                                                    SCMP_CMP_GT, SCMP_CMP_GE, SCMP_CMP_MASKED_EQ};
  const policy::Op op = format::find_operator(argument.op).value_or(policy::Op::eq);
  return {static_cast<unsigned>(argument.index), kOps.at(static_cast<std::size_t>(op)), argument.value,
          argument.value_two};
}

bool index_repeated(std::span<const scmp_arg_cmp> conditions) {
  unsigned seen = 0;
  for (const scmp_arg_cmp& condition : conditions) {
    if ((seen & 1U << condition.arg) != 0) return true;
    seen |= 1U << condition.arg;
  }
  return false;
}

// One name of one rule. runc and crun turn a rule that uses an argument twice into one rule a condition.
bool add_rule(const Context& context, std::uint32_t action, int number, std::vector<scmp_arg_cmp>& conditions) {
  if (!index_repeated(conditions))
    return seccomp_rule_add_array(context.get(), action, number, static_cast<unsigned>(conditions.size()),
                                  conditions.data()) == 0;
  for (scmp_arg_cmp& condition : conditions)
    if (seccomp_rule_add_array(context.get(), action, number, 1, &condition) != 0) return false;
  return true;
}

bool add_rules(const Context& context, const format::Spec& spec, std::uint32_t fallback) {
  std::vector<scmp_arg_cmp> conditions;
  for (const format::SpecRule& rule : spec.rules) {
    const std::uint32_t action = action_of(rule.action, rule.errno_ret);
    if (action == fallback) continue;
    for (std::uint32_t i = rule.names.begin; i < rule.names.end; ++i) {
      const std::string name(arch::name(spec.names[i].id));
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;  // newer than this libseccomp: runtimes skip it
      conditions.clear();
      for (std::uint32_t a = rule.arguments.begin; a < rule.arguments.end; ++a)
        conditions.push_back(comparison(spec.arguments[a]));
      if (!add_rule(context, action, number, conditions)) return false;
    }
  }
  return true;
}

bool add_architectures(const Context& context, const std::vector<arch::Arch>& architectures) {
  if (seccomp_arch_remove(context.get(), SCMP_ARCH_NATIVE) != 0) return false;
  for (const arch::Arch a : architectures) {
    const std::string name(arch::info(a).name);
    const std::uint32_t token = seccomp_arch_resolve_name(name.c_str());
    if (token == 0 || seccomp_arch_add(context.get(), token) != 0) return false;
  }
  return true;
}

}  // namespace

std::optional<LibseccompBuilt> build_with_libseccomp(const Job& job, const format::Spec& spec, Layout layout) {
  const base::UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  if (!file) return std::nullopt;
  LibseccompBuilt built;
  const double start = now_us();
  const std::uint32_t fallback = action_of(spec.default_action, spec.default_errno);
  const Context context(seccomp_init(fallback));
  if (!context || !add_architectures(context, job.options.architectures) || !add_rules(context, spec, fallback) ||
      seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, static_cast<std::uint32_t>(layout)) != 0 ||
      seccomp_export_bpf(context.get(), file.get()) != 0)
    return std::nullopt;
  built.us = now_us() - start;
  const off_t bytes = lseek(file.get(), 0, SEEK_END);
  if (bytes <= 0) return std::nullopt;
  built.program.resize(static_cast<std::size_t>(bytes) / sizeof(bpf::Insn));
  if (pread(file.get(), built.program.data(), static_cast<std::size_t>(bytes), 0) != bytes) return std::nullopt;
  return built;
}

std::string libseccomp_version() {
  const scmp_version* const version = seccomp_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->micro);
}

}  // namespace callgate::bench
