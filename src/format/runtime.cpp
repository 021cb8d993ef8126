// Sources: runc libcontainer/specconv/spec_linux.go (SetupSeccomp), libcontainer/seccomp/seccomp_linux.go (InitSeccomp,
// matchCall), libcontainer/seccomp/patchbpf/enosys_linux.go; crun src/libcrun/seccomp.c (libcrun_generate_seccomp);
// libseccomp src/db.c (db_col_db_add) for byte orders.
// SPDX-License-Identifier: Apache-2.0
#include "format/runtime.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "format/diagnostic_ids.h"
#include "format/hazards.h"

namespace callgate::format {

namespace {

using arch::Arch;
using policy::Action;
using policy::ActionKind;

constexpr std::uint16_t kEperm = 1, kMaxErrno = 4095;

// An action as runtimes compare it: data before the kernel caps it.
struct Resolved {
  Action action;
  ActionKind kind{};
  std::uint64_t data = 0;
  bool same(const Resolved& other) const { return kind == other.kind && data == other.data; }
};

class RuntimeReader {
 public:
  RuntimeReader(const Spec& spec, const ReadOptions& options, Arch native, Reporter& report)
      : spec_(spec),
        options_(options),
        runtime_(options.runtime.value_or(dialect(options.as).runtime)),
        native_(native),
        report_(report) {}
  bool run(Profile& profile);

 private:
  // `installed`: the runtime gives the action to libseccomp, which it does for rules that name a call it knows.
  std::optional<Resolved> resolve(const Word& word, const std::optional<SpecErrno>& errno_ret, bool installed);
  std::uint64_t errno_data(ActionKind kind, const SpecErrno& given, bool installed);
  void add_rule(const SpecRule& rule);
  void add_conditions(const SpecRule& rule, RuntimeRule& out);
  std::optional<policy::Condition> condition(const SpecArgument& arg);
  std::vector<Arch> architectures();
  std::vector<Arch> listed_architectures();
  bool check_byte_order(const std::vector<Arch>& list);
  void flags(Profile& profile);
  void check_default();
  bool stub() const;
  std::string runtime_name() const { return runtime_ == Runtime::crun ? "crun" : "runc"; }

  const Spec& spec_;
  const ReadOptions& options_;
  Runtime runtime_;
  Arch native_;
  Reporter& report_;
  RuntimeRules rules_;
  Resolved default_;
};

std::uint64_t RuntimeReader::errno_data(ActionKind kind, const SpecErrno& given, bool installed) {
  // The kernel takes 4095 too; libseccomp does not (src/system.c, sys_chk_seccomp_action()).
  const std::uint64_t most = runtime_ == Runtime::oci ? kMaxErrno : kMaxErrno - 1;
  const std::uint64_t limit = kind == ActionKind::errno_ ? most : 0xffff;
  if (given.value <= limit) return given.value;
  if (runtime_ == Runtime::oci) {
    report_.add(kErrnoTooLarge, given.span, fmt::format("errno {} is above {}", given.value, limit));
    return limit;
  }
  // runc goes through int16, crun through libseccomp's SCMP_ACT_ERRNO: both keep 16 bits.
  const std::uint64_t data = given.value & 0xffff;
  if (data <= limit) {
    report_.skipped(kErrnoCut, given.span,
                    fmt::format("errno {} is above {}; the call gets {}", given.value, limit, data));
  } else if (installed) {
    report_.add(kErrnoTooLarge, given.span,
                fmt::format("errno {} is above {}; libseccomp refuses it, so {} starts no container", given.value,
                            limit, runtime_name()));
  }
  return data;
}

std::optional<Resolved> RuntimeReader::resolve(const Word& word, const std::optional<SpecErrno>& errno_ret,
                                               bool installed) {
  const auto kind = find_action(word.text);
  if (word.text.empty() && word.span.file == nullptr) return std::nullopt;  // reported as missing
  if (!kind) {
    std::string help;
    if (const auto close = suggest_action(word.text)) help = fmt::format("did you mean '{}'?", *close);
    report_.add(kUnknownAction, word.span, fmt::format("unknown action '{}'", base::printable(word.text)),
                std::move(help));
    return std::nullopt;
  }
  Resolved out{{*kind, 0}, *kind, 0};
  if (*kind == ActionKind::errno_ || *kind == ActionKind::trace) {
    out.data = errno_ret ? errno_data(*kind, *errno_ret, installed) : kEperm;
    const std::uint64_t limit = *kind == ActionKind::errno_ ? kMaxErrno : 0xffff;
    out.action.data = static_cast<std::uint16_t>(std::min(out.data, limit));  // kernel/seccomp.c: MAX_ERRNO
  } else if (errno_ret && runtime_ != Runtime::runc) {
    report_.add(kErrnoNotTaken, errno_ret->span, fmt::format("{} takes no errno", word.text));
  } else if (errno_ret) {
    report_.skipped(kErrnoIgnored, errno_ret->span,
                    fmt::format("{} takes no errno; runc ignores it, crun refuses the profile", word.text));
  }
  return out;
}

void RuntimeReader::check_default() {
  const auto resolved = resolve(spec_.default_action, spec_.default_errno, true);
  if (!resolved) return;
  default_ = *resolved;
  rules_.fallback = resolved->action;
  if (resolved->kind == ActionKind::notify && runtime_ == Runtime::runc)
    report_.add(kNotifyDefault, spec_.default_action.span, "runc refuses SCMP_ACT_NOTIFY as the default action");
}

std::optional<policy::Condition> RuntimeReader::condition(const SpecArgument& arg) {
  const auto op = find_operator(arg.op);
  if (!op) {
    if (arg.op_span.file == nullptr && arg.op.empty()) {
      report_.add(kMissingField, arg.span, "the condition has no 'op'");
    } else {
      std::string help;
      if (const auto close = suggest_operator(arg.op)) help = fmt::format("did you mean '{}'?", *close);
      report_.add(kUnknownOperator, arg.op_span, fmt::format("unknown operator '{}'", base::printable(arg.op)),
                  std::move(help));
    }
  }
  if (arg.index > 5)
    report_.add(kArgumentIndex, arg.index_span,
                fmt::format("argument index {} is above 5; calls have six arguments, 0 to 5", arg.index));
  if (!op || arg.index > 5) return std::nullopt;
  policy::Condition out{static_cast<std::uint8_t>(arg.index), *op, arg.value};
  if (*op == policy::Op::masked_eq) {
    out.mask = arg.value;
    out.value = arg.value_two;
    if ((out.value & ~out.mask) != 0)
      report_.skipped(
          kMaskDatum, arg.span,
          runtime_ == Runtime::oci
              ? fmt::format("(argument & {:#x}) can never be {:#x}", out.mask, out.value)
              : fmt::format("valueTwo {:#x} has bits outside the mask {:#x}; they are dropped", out.value, out.mask));
  }
  return out;
}

void RuntimeReader::add_conditions(const SpecRule& rule, RuntimeRule& out) {
  out.conditions.begin = static_cast<std::uint32_t>(rules_.conditions.size());
  // crun copies six conditions at most, and looks for a repeated index among those.
  const std::uint32_t taken =
      runtime_ == Runtime::crun ? std::min<std::uint32_t>(rule.arguments.size(), 6) : rule.arguments.size();
  std::uint32_t seen = 0;
  const SpecArgument* repeated = nullptr;
  for (std::uint32_t i = 0; i < rule.arguments.size(); ++i) {
    const SpecArgument& arg = spec_.arguments[rule.arguments.begin + i];
    const auto made = condition(arg);
    if (!made) continue;
    if (i >= taken) {
      report_.skipped(kConditionDropped, arg.span,
                      "crun looks at the first six conditions of a rule; this one is dropped");
      continue;
    }
    const std::uint32_t bit = std::uint32_t{1} << made->arg;
    if ((seen & bit) != 0 && repeated == nullptr) repeated = &arg;
    seen |= bit;
    rules_.conditions.push_back(*made);
  }
  out.conditions.end = static_cast<std::uint32_t>(rules_.conditions.size());
  if (repeated == nullptr || runtime_ == Runtime::oci) return;
  out.any = true;
  auto& d =
      report_.skipped(kOrRule, repeated->span,
                      fmt::format("argument {} is used twice, so {} lets any one of the rule's conditions suffice",
                                  repeated->index, runtime_name()),
                      "write ranges as two rules of the opposite action, or use SCMP_CMP_MASKED_EQ");
  if (rule.span.file != nullptr) d.notes.push_back({rule.span, "the rule"});
}

void RuntimeReader::add_rule(const SpecRule& rule) {
  RuntimeRule out;
  out.span = rule.span;
  const auto resolved = resolve(rule.action, rule.errno_ret, rule.names.size() != 0);
  add_conditions(rule, out);
  if (resolved) {
    out.action = resolved->action;
    if (resolved->kind == ActionKind::notify && runtime_ == Runtime::runc && rule.names_write)
      report_.add(kNotifyWrite, rule.action.span, "runc refuses SCMP_ACT_NOTIFY on 'write'");
    if (runtime_ != Runtime::oci && resolved->same(default_)) {
      out.active = false;
      report_.skipped(kRuleEqualsDefault, rule.action.span,
                      fmt::format("{} skips this rule: it says what the default says", runtime_name()));
    }
  }
  rules_.rules.push_back(out);
}

std::vector<Arch> RuntimeReader::listed_architectures() {
  std::vector<Arch> list;
  for (const Word& word : spec_.architectures) {
    const auto found = find_architecture(runtime_, word.text);
    if (!found) {
      std::string help;
      if (word.text == "SCMP_ARCH_NATIVE") {
        help = "leave the list out: the machine's own architecture is always covered";
      } else if (arch::find_oci(word.text)) {
        help = fmt::format("the specification knows it, {} does not", runtime_name());
      } else if (const auto close = suggest_architecture(word.text)) {
        help = fmt::format("did you mean '{}'?", *close);
      }
      report_.add(kUnknownArchitecture, word.span, fmt::format("unknown architecture '{}'", base::printable(word.text)),
                  std::move(help));
    } else if (std::find(list.begin(), list.end(), *found) == list.end()) {
      list.push_back(*found);
    }
  }
  return list;
}

bool RuntimeReader::check_byte_order(const std::vector<Arch>& list) {
  bool good = true;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const arch::ArchInfo& info = arch::info(list[i]);
    if (info.big_endian == arch::info(native_).big_endian) continue;
    const auto word = std::find_if(spec_.architectures.begin(), spec_.architectures.end(),
                                   [&](const Word& w) { return find_architecture(runtime_, w.text) == list[i]; });
    report_.add(
        kMixedEndian, word == spec_.architectures.end() ? base::Span() : word->span,
        fmt::format("libseccomp refuses {} on {}: the byte orders differ", info.name, arch::info(native_).name));
    good = false;
  }
  return good;
}

std::vector<Arch> RuntimeReader::architectures() {
  std::vector<Arch> list = listed_architectures();
  if (!options_.architectures.empty()) {
    list = options_.architectures;
  } else if (std::find(list.begin(), list.end(), native_) == list.end() && (runtime_ != Runtime::oci || list.empty())) {
    if (!list.empty())
      report_.add(kNativeAdded, spec_.architectures.front().span,
                  fmt::format("the list lacks {}, this machine's own; libseccomp covers it all the same",
                              arch::info(native_).oci));
    list.insert(list.begin(), native_);
  }
  if (runtime_ != Runtime::oci && options_.architectures.empty()) check_byte_order(list);
  return list;
}

// Without the field both runtimes ask for SPEC_ALLOW. runc before 1.2 refuses every flag.
void RuntimeReader::flags(Profile& profile) {
  constexpr std::string_view kTsync = "SECCOMP_FILTER_FLAG_TSYNC";
  if (!spec_.flags_given && runtime_ != Runtime::oci) profile.flags = {"SECCOMP_FILTER_FLAG_SPEC_ALLOW"};
  for (const Word& word : spec_.flags) {
    if (!known_flag(word.text)) {
      std::string help;
      if (const auto close = suggest_flag(word.text)) help = fmt::format("did you mean '{}'?", *close);
      report_.add(kUnknownFlag, word.span, fmt::format("unknown flag '{}'", base::printable(word.text)),
                  std::move(help));
    } else if (word.text == kTsync && runtime_ == Runtime::runc) {
      report_.skipped(kFlagIgnored, word.span, "runc ignores SECCOMP_FILTER_FLAG_TSYNC");
    } else {
      profile.flags.emplace_back(word.text);
    }
  }
}

// runc means to leave the stub out where defaultErrnoRet is ENOSYS, but compares it with libseccomp's whole action word
// SCMP_ACT_ERRNO(ENOSYS), so only that number leaves it out.
bool RuntimeReader::stub() const {
  constexpr std::uint64_t kComparedWith = 0x00050000 | 38;
  if (runtime_ != Runtime::runc) return false;
  if (spec_.default_errno && spec_.default_errno->value == kComparedWith) return false;
  return default_.kind != ActionKind::allow && default_.kind != ActionKind::log && default_.kind != ActionKind::trace;
}

bool RuntimeReader::run(Profile& profile) {
  check_default();
  rules_.rules.reserve(spec_.rules.size());
  for (const SpecRule& rule : spec_.rules) add_rule(rule);
  LowerOptions lowering;
  lowering.architectures = architectures();
  lowering.libseccomp = runtime_ != Runtime::oci;
  lowering.origins = options_.origins;
  lowering.stub = stub();
  lowering.library_knows = options_.library_knows;
  if (options_.old_runc && options_.architectures.empty()) {
    const auto listed = listed_architectures();
    for (const Arch one : lowering.architectures)
      if (std::find(listed.begin(), listed.end(), one) == listed.end()) lowering.stub_skips.push_back(one);
  }
  flags(profile);
  if (!spec_.listener_metadata.empty() && spec_.listener_path.empty() && runtime_ == Runtime::oci)
    report_.add(kMetadataAlone, spec_.metadata_span, "'listenerMetadata' needs a 'listenerPath'");
  profile.listener_path = spec_.listener_path;
  profile.listener_metadata = spec_.listener_metadata;
  profile.default_span = spec_.default_span;
  profile.default_action = rules_.fallback;
  profile.architectures = lowering.architectures;
  if (report_.has_errors()) return false;
  const NameChains chains(spec_.names);
  if (runtime_ != Runtime::oci) warn_of_hazards(rules_, spec_.names, chains, lowering.architectures, report_);
  lower(rules_, spec_.names, chains, lowering, profile);
  return !report_.has_errors();
}

}  // namespace

bool make_policy(const Spec& spec, const ReadOptions& options, Arch native, Reporter& report, Profile& profile) {
  return RuntimeReader(spec, options, native, report).run(profile);
}

}  // namespace callgate::format
