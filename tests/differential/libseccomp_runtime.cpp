// SPDX-License-Identifier: Apache-2.0
#include "differential/libseccomp_runtime.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <set>

#include "arch/calls.h"

namespace callgate::test_support {

namespace {

constexpr std::uint32_t kEperm = 1, kEnosys = 38, kX32Bit = 0x40000000;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

std::uint32_t action_of(std::string_view text, const std::optional<format::SpecErrno>& given) {
  const auto data = given ? static_cast<std::uint32_t>(given->value) & 0xffff : kEperm;
  static const std::map<std::string_view, std::uint32_t> kPlain{{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
                                                                {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                                                {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
                                                                {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
                                                                {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
                                                                {"SCMP_ACT_LOG", SCMP_ACT_LOG},
                                                                {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY}};
  if (text == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(data);
  if (text == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(data);
  return kPlain.at(text);
}

scmp_arg_cmp comparison_of(const format::SpecArgument& arg) {
  static const std::map<std::string_view, scmp_compare> kOperators{{"SCMP_CMP_NE", SCMP_CMP_NE},
                                                                   {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                                   {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                                   {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                                   {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                                   {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                                   {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
  return {static_cast<unsigned>(arg.index), kOperators.at(arg.op), arg.value, arg.value_two};
}

// One call of one rule. An argument used twice makes each condition a rule of its own.
int add_rule(scmp_filter_ctx context, std::uint32_t action, int number, const std::vector<scmp_arg_cmp>& conditions) {
  std::set<unsigned> used;
  for (const scmp_arg_cmp& one : conditions) used.insert(one.arg);
  if (used.size() == conditions.size())
    return seccomp_rule_add_array(context, action, number, static_cast<unsigned>(conditions.size()), conditions.data());
  for (const scmp_arg_cmp& one : conditions)
    if (const int error = seccomp_rule_add_array(context, action, number, 1, &one); error != 0) return error;
  return 0;
}

// gen_bpf.c writes in the filter's byte order. On a machine of the other order it swaps the word of a RET that it
// copies next to a far jump a second time (_gen_bpf_build_jmp() through _gen_bpf_action()); no runtime compiles for
// another machine, so that is undone here. `actions`: the words that a RET can hold.
void to_this_byte_order(bpf::Program& program, const std::set<std::uint32_t>& actions) {
  for (bpf::Insn& insn : program) {
    insn.code = __builtin_bswap16(insn.code);
    insn.k = __builtin_bswap32(insn.k);
    if (insn.code == bpf::op::kRetK && !actions.contains(insn.k)) insn.k = __builtin_bswap32(insn.k);
  }
}

bpf::Program export_program(scmp_filter_ctx context) {
  const int fd = memfd_create("filter", MFD_CLOEXEC);
  bpf::Program program;
  if (seccomp_export_bpf(context, fd) == 0) {
    program.resize(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)) / sizeof(bpf::Insn));
    const std::size_t bytes = program.size() * sizeof(bpf::Insn);
    if (pread(fd, program.data(), bytes, 0) != static_cast<ssize_t>(bytes)) program.clear();
  }
  close(fd);
  return program;
}

std::uint32_t token_of(const std::string& name) {
  return seccomp_arch_resolve_name(name.c_str());
}

// The AUDIT_ARCH_ value; only x32's SCMP_ARCH_ value is libseccomp's own invention.
std::uint32_t audit_of(std::uint32_t token) {
  return token == SCMP_ARCH_X32 ? std::uint32_t{SCMP_ARCH_X86_64} : token;
}

// The largest number that any rule names; pseudo numbers are negative, and 0 counts as none.
std::uint32_t largest_named(const format::Spec& spec, std::uint32_t token) {
  int largest = 0;
  for (const format::SpecName& name : spec.names)
    largest = std::max(largest, seccomp_syscall_resolve_name_arch(token, std::string(arch::name(name.id)).c_str()));
  return static_cast<std::uint32_t>(largest);
}

// Per token: instructions that leave the stub for the filter or answer ENOSYS, entered with A = token.
// What runc's stub says, laid out in the plainest way.
bpf::Program enosys_stub(const format::Spec& spec, const RuntimeOptions& options) {
  using namespace bpf::op;
  std::set<std::uint32_t> tokens;
  for (const std::string& name : options.architectures) tokens.insert(token_of(name));
  if (options.stub == Stub::all) tokens.insert(token_of(options.native));
  std::map<std::uint32_t, std::map<std::uint32_t, std::uint32_t>> largest;  // audit token → token → number
  for (const std::uint32_t token : tokens)
    if (const std::uint32_t number = largest_named(spec, token); number != 0) largest[audit_of(token)][token] = number;

  const std::uint32_t enosys = SCMP_ACT_ERRNO(kEnosys);
  bpf::Program stub{{kLdAbs, 0, 0, bpf::kOffsetArch}};
  for (const auto& [audit, modes] : largest) {
    bpf::Program part{{kLdAbs, 0, 0, bpf::kOffsetNr}};
    for (const auto& [token, number] : modes) {
      if (token == SCMP_ARCH_S390 || token == SCMP_ARCH_S390X) {
        part.push_back({kJeqK, 0, 1, 0});  // setup(2)
        part.push_back({kRetK, 0, 0, enosys});
      }
      if (audit == SCMP_ARCH_X86_64) {
        const bool x32 = token == SCMP_ARCH_X32;
        part.push_back(
            {kJsetK, static_cast<std::uint8_t>(x32 ? 0 : 2), static_cast<std::uint8_t>(x32 ? 2 : 0), kX32Bit});
      }
      part.push_back({kJgtK, 0, 1, number});
      part.push_back({kRetK, 0, 0, enosys});
    }
    part.push_back({kLdAbs, 0, 0, bpf::kOffsetArch});
    stub.push_back({kJeqK, 0, static_cast<std::uint8_t>(part.size()), audit});
    stub.insert(stub.end(), part.begin(), part.end());
  }
  return stub;
}

bool answers_default_with_stub(const format::Spec& spec) {
  const std::string_view action = spec.default_action.text;
  if (action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG" || action == "SCMP_ACT_TRACE") return false;
  return !spec.default_errno || spec.default_errno->value != SCMP_ACT_ERRNO(kEnosys);
}

// Nothing if all went well.
std::string add_architectures(scmp_filter_ctx context, const RuntimeOptions& options) {
  // libseccomp begins with the machine it runs on; another native one takes its place.
  if (const std::uint32_t native = token_of(options.native); native != seccomp_arch_native()) {
    if (seccomp_arch_remove(context, SCMP_ARCH_NATIVE) != 0 || seccomp_arch_add(context, native) != 0)
      return "native " + options.native;
  }
  for (const std::string& name : options.architectures) {
    const std::uint32_t token = token_of(name);
    if (token == 0) return "unknown architecture " + name;
    if (const int error = seccomp_arch_add(context, token); error != 0 && error != -EEXIST) return "add " + name;
  }
  return {};
}

std::string add_rules(scmp_filter_ctx context, const format::Spec& spec, bool six_conditions) {
  const std::uint32_t fallback = action_of(spec.default_action.text, spec.default_errno);
  for (const format::SpecRule& rule : spec.rules) {
    const std::uint32_t action = action_of(rule.action.text, rule.errno_ret);
    if (action == fallback) continue;
    std::vector<scmp_arg_cmp> conditions;
    for (std::uint32_t i = rule.arguments.begin; i < rule.arguments.end; ++i)
      conditions.push_back(comparison_of(spec.arguments[i]));
    if (six_conditions && conditions.size() > 6) conditions.resize(6);
    for (std::uint32_t i = rule.names.begin; i < rule.names.end; ++i) {
      const std::string name(arch::name(spec.names[i].id));
      const int number = seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      if (const int error = add_rule(context, action, number, conditions); error != 0)
        return name + ": error " + std::to_string(-error);
    }
  }
  return {};
}

}  // namespace

bool runc_uses_tree(const format::Spec& spec) {
  return spec.names.size() > 32;
}

RuntimeFilter build_as_runtime(const format::Spec& spec, const RuntimeOptions& options) {
  RuntimeFilter out;
  const Context context(seccomp_init(action_of(spec.default_action.text, spec.default_errno)));
  if (!context) return {{}, "default action"};
  out.refusal = add_architectures(context.get(), options);
  if (out.refusal.empty() && options.binary_tree && seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
    out.refusal = "binary tree";
  if (out.refusal.empty()) out.refusal = add_rules(context.get(), spec, options.stub == Stub::none);
  if (!out.refusal.empty()) return out;
  bpf::Program body = export_program(context.get());
  constexpr std::uint32_t kLittleEndianBit = 0x40000000;  // __AUDIT_ARCH_LE
  if ((token_of(options.native) & kLittleEndianBit) == 0) {
    std::set<std::uint32_t> actions{SCMP_ACT_KILL_THREAD, action_of(spec.default_action.text, spec.default_errno)};
    for (const format::SpecRule& rule : spec.rules) actions.insert(action_of(rule.action.text, rule.errno_ret));
    to_this_byte_order(body, actions);
  }
  if (options.stub != Stub::none && answers_default_with_stub(spec)) out.program = enosys_stub(spec, options);
  out.program.insert(out.program.end(), body.begin(), body.end());
  if (body.empty()) out.refusal = "export";
  return out;
}

}  // namespace callgate::test_support
