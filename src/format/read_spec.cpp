// SPDX-License-Identifier: Apache-2.0
#include "format/read_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "format/diagnostic_ids.h"
#include "format/rule_filter.h"

namespace callgate::format {

namespace {

constexpr std::uint64_t kMax32 = 0xffffffff, kMax64 = ~std::uint64_t{0};

enum ProfileField : int {
  kDefaultAction,
  kDefaultErrnoRet,
  kArchitectures,
  kFlags,
  kListenerPath,
  kListenerMetadata,
  kSyscalls,
  kArchMap,
  kDefaultErrno,
};
constexpr std::array<std::string_view, 9> kProfileFields{"defaultAction", "defaultErrnoRet", "architectures",
                                                         "flags",         "listenerPath",    "listenerMetadata",
                                                         "syscalls",      "archMap",         "defaultErrno"};
enum RuleField : int { kNames, kAction, kErrnoRet, kArgs, kName, kComment, kIncludes, kExcludes, kErrnoName };
constexpr std::array<std::string_view, 9> kRuleFields{"names",   "action",   "errnoRet", "args", "name",
                                                      "comment", "includes", "excludes", "errno"};
enum ArgField : int { kIndex, kValue, kValueTwo, kOp };
constexpr std::array<std::string_view, 4> kArgFields{"index", "value", "valueTwo", "op"};
enum MapField : int { kArchitecture, kSubArchitectures };
constexpr std::array<std::string_view, 2> kMapFields{"architecture", "subArchitectures"};

class SpecReader {
 public:
  SpecReader(const ReadOptions& options, arch::Arch native, Reporter& report)
      : options_(options),
        dialect_(dialect(options.as)),
        native_(native),
        report_(report),
        filter_(options_, dialect_, native, report) {}

  Spec read(text::Node root);

 private:
  // The fields of a rule as written, before anything is decided about them.
  struct RuleNodes {
    text::Node names, name, action, errno_ret, errno_name, args, includes, excludes;
  };

  void unknown(text::Node member, std::string_view where);
  void profile_member(int field, text::Node member);
  void extended_profile_member(int field, text::Node member);
  void read_architectures();
  void expand_arch_map();
  void read_rules();
  RuleNodes gather(text::Node rule);
  void ignore_extended(RuleNodes& nodes);
  void read_rule(text::Node rule);
  bool take_names(text::Node rule, const RuleNodes& nodes, SpecRule& out);
  void take_name(text::Node node, SpecRule& out);
  void skip_name(std::string_view text, bool known, base::Span span);
  void take_arguments(text::Node args);
  void take_argument(text::Node arg);
  std::optional<SpecErrno> errno_value(text::Node number, text::Node name, std::string_view number_field,
                                       std::string_view name_field);
  bool library_knows(arch::NameId id) const;
  std::string reader() const { return std::string(name(options_.as)); }

  const ReadOptions& options_;
  Dialect dialect_;
  arch::Arch native_;
  Reporter& report_;
  RuleFilter filter_;
  const std::optional<arch::NameId> write_ = arch::find_name("write");
  Spec spec_;
  text::Node architectures_, arch_map_, syscalls_, default_errno_ret_, default_errno_;
};

// What begins so is for callgate itself (suppressions of findings); every engine skips it.
constexpr std::string_view kOwnKeys = "x-callgate-";

void SpecReader::unknown(text::Node member, std::string_view where) {
  if (member.key().starts_with(kOwnKeys)) return;
  report_.skipped(kUnknownKey, member.key_span(),
                  fmt::format("unknown key '{}' in {}; it is ignored", base::printable(member.key()), where));
}

void SpecReader::extended_profile_member(int field, text::Node member) {
  if (field == kArchMap && dialect_.extended) {
    arch_map_ = member;
  } else if (field == kDefaultErrno && dialect_.errno_names) {
    default_errno_ = member;
  } else if (field == kArchMap) {
    report_.skipped(kArchMapIgnored, member.key_span(),
                    fmt::format("{} ignores 'archMap': only the machine's own architecture is covered", reader()),
                    "list them in 'architectures'");
  } else {
    report_.skipped(kErrnoNameIgnored, member.key_span(),
                    fmt::format("{} ignores 'defaultErrno'; without 'defaultErrnoRet' the error is EPERM", reader()));
  }
}

void SpecReader::profile_member(int field, text::Node member) {
  switch (field) {
    case kDefaultAction:
      spec_.default_span = {member.span().file, member.key_span().begin, member.span().end};
      if (const auto text = expect_string(member, "defaultAction", report_)) spec_.default_action = *text;
      break;
    case kDefaultErrnoRet:
      default_errno_ret_ = member;
      break;
    case kArchitectures:
      architectures_ = member;
      break;
    case kFlags:
      spec_.flags_given = true;
      spec_.flags = expect_strings(member, "flags", report_);
      break;
    case kListenerPath:
      if (const auto text = expect_string(member, "listenerPath", report_)) spec_.listener_path = text->text;
      break;
    case kListenerMetadata:
      if (const auto text = expect_string(member, "listenerMetadata", report_)) {
        spec_.listener_metadata = text->text;
        spec_.metadata_span = member.span();
      }
      break;
    case kSyscalls:
      syscalls_ = member;
      break;
    default:
      extended_profile_member(field, member);
      break;
  }
}

Spec SpecReader::read(text::Node root) {
  spec_.span = root.span();
  Fields fields(kProfileFields, dialect_.go, report_);
  for (const text::Node member : root) {
    const int field = fields.match(member);
    if (field == Fields::kUnknown) {
      unknown(member, "the profile");
    } else if (!member.is_null()) {
      profile_member(field, member);
    }
  }
  spec_.default_errno = errno_value(default_errno_ret_, default_errno_, "defaultErrnoRet", "defaultErrno");
  if (syscalls_ && expect_array(syscalls_, "syscalls", report_)) spec_.has_calls = syscalls_.size() > 0;
  // Every Go reader takes "nothing said" for "no seccomp" (setupSeccomp, SetupSeccomp).
  if (dialect_.runtime == Runtime::runc || dialect_.go)
    spec_.off = spec_.default_action.text.empty() && !spec_.has_calls;
  read_architectures();
  if (spec_.has_calls) read_rules();
  return std::move(spec_);
}

void SpecReader::read_architectures() {
  if (architectures_) spec_.architectures = expect_strings(architectures_, "architectures", report_);
  if (!arch_map_ || !expect_array(arch_map_, "archMap", report_)) return;
  if (!spec_.architectures.empty() && arch_map_.size() > 0) {
    auto& d = report_.add(kArchitecturesAndArchMap, arch_map_.key_span(),
                          "both 'architectures' and 'archMap' are given; the profile is refused");
    d.notes.push_back({architectures_.key_span(), "the other one"});
    return;
  }
  expand_arch_map();
}

void SpecReader::expand_arch_map() {
  const std::string_view own = arch::info(native_).oci;
  const bool used = uses_arch_map(options_.as, native_);
  bool found = false;
  for (const text::Node entry : arch_map_) {
    if (!expect_object(entry, "archMap", report_)) continue;
    std::optional<Word> architecture;
    std::vector<Word> others;
    Fields fields(kMapFields, dialect_.go, report_);
    for (const text::Node member : entry) {
      const int field = fields.match(member);
      if (field == Fields::kUnknown) {
        unknown(member, "archMap");
      } else if (!member.is_null() && field == kArchitecture) {
        architecture = expect_string(member, "architecture", report_);
      } else if (!member.is_null()) {
        others = expect_strings(member, "subArchitectures", report_);
      }
    }
    if (found || !used || !architecture || architecture->text != own) continue;
    found = true;
    spec_.architectures.push_back(*architecture);
    spec_.architectures.insert(spec_.architectures.end(), others.begin(), others.end());
  }
  if (!found && arch_map_.size() > 0 && options_.architectures.empty())
    report_.skipped(kArchMapUnused, arch_map_.key_span(),
                    fmt::format("'archMap' has no entry that counts on {}; only that architecture is covered", own));
}

SpecReader::RuleNodes SpecReader::gather(text::Node rule) {
  RuleNodes nodes;
  Fields fields(kRuleFields, dialect_.go, report_);
  for (const text::Node member : rule) {
    const int field = fields.match(member);
    if (field == Fields::kUnknown) {
      unknown(member, "the rule");
      continue;
    }
    if (member.is_null()) continue;
    switch (field) {
      case kNames:
        nodes.names = member;
        break;
      case kAction:
        nodes.action = member;
        break;
      case kErrnoRet:
        nodes.errno_ret = member;
        break;
      case kArgs:
        nodes.args = member;
        break;
      case kName:
        nodes.name = member;
        break;
      case kComment:
        break;
      case kIncludes:
        nodes.includes = member;
        break;
      case kExcludes:
        nodes.excludes = member;
        break;
      case kErrnoName:
        nodes.errno_name = member;
        break;
      default:
        break;
    }
  }
  return nodes;
}

// What plain OCI readers drop, each a difference to Docker and Podman.
void SpecReader::ignore_extended(RuleNodes& nodes) {
  if (!dialect_.extended) {
    for (const text::Node node : {nodes.includes, nodes.excludes})
      if (node && !(node.is_object() && node.size() == 0))
        report_.skipped(kConditionsIgnored, node.key_span(),
                        fmt::format("{} ignores '{}': the rule counts always", reader(), node.key()));
    if (nodes.name)
      report_.skipped(kNameIgnored, nodes.name.key_span(), fmt::format("{} ignores 'name': write 'names'", reader()));
    nodes.includes = nodes.excludes = nodes.name = {};
  }
  if (!dialect_.errno_names && nodes.errno_name) {
    report_.skipped(kErrnoNameIgnored, nodes.errno_name.key_span(),
                    fmt::format("{} ignores 'errno'; without 'errnoRet' the error is EPERM", reader()));
    nodes.errno_name = {};
  }
}

void SpecReader::read_rules() {
  spec_.rules.reserve(syscalls_.size());
  spec_.names.reserve(512);
  for (const text::Node rule : syscalls_)
    if (expect_object(rule, "syscalls", report_)) read_rule(rule);
}

void SpecReader::read_rule(text::Node rule) {
  RuleNodes nodes = gather(rule);
  ignore_extended(nodes);
  if (nodes.name && nodes.names && nodes.names.is_array() && nodes.names.size() > 0 && !nodes.name.text().empty()) {
    auto& d =
        report_.add(kNameAndNames, nodes.name.key_span(), "both 'name' and 'names' are given; the profile is refused");
    d.notes.push_back({nodes.names.key_span(), "the other one"});
    return;
  }
  // Both are read, so that both are checked.
  const bool excluded = nodes.excludes && filter_.excluded(nodes.excludes);
  const bool included = !nodes.includes || filter_.included(nodes.includes);
  if (excluded || !included) return;

  SpecRule out;
  out.span = rule.span();
  out.arguments.begin = static_cast<std::uint32_t>(spec_.arguments.size());
  if (nodes.args) take_arguments(nodes.args);
  out.arguments.end = static_cast<std::uint32_t>(spec_.arguments.size());
  out.errno_ret = errno_value(nodes.errno_ret, nodes.errno_name, "errnoRet", "errno");
  if (nodes.action) {
    if (const auto text = expect_string(nodes.action, "action", report_)) out.action = *text;
  } else {
    report_.add(kMissingField, rule.span(), "the rule has no 'action'");
  }
  if (take_names(rule, nodes, out)) spec_.rules.push_back(out);
}

// False for a rule that names nothing.
bool SpecReader::take_names(text::Node rule, const RuleNodes& nodes, SpecRule& out) {
  out.names.begin = static_cast<std::uint32_t>(spec_.names.size());
  if (nodes.names && expect_array(nodes.names, "names", report_))
    for (const text::Node node : nodes.names) take_name(node, out);
  if (nodes.name && expect_string(nodes.name, "name", report_) && !nodes.name.text().empty())
    take_name(nodes.name, out);
  out.names.end = static_cast<std::uint32_t>(spec_.names.size());
  if (out.names_given) return true;
  // libocispec, crun's reader, insists on the field.
  if (dialect_.runtime != Runtime::runc && !nodes.names && !nodes.name) {
    report_.add(kMissingField, rule.span(), "the rule has no 'names'");
  } else {
    report_.skipped(kNoNames, rule.span(), "the rule names no call and decides nothing");
  }
  return false;
}

bool SpecReader::library_knows(arch::NameId id) const {
  for (const arch::ArchInfo& info : arch::all()) {
    if (!info.has_table) continue;
    for (const arch::CallEntry& entry : arch::table(info.arch))
      if (entry.name == id && entry.since <= *options_.library_knows) return true;
  }
  return false;
}

void SpecReader::take_name(text::Node node, SpecRule& out) {
  const std::string_view text = node.text();
  const base::Span span = node.span();
  if (!node.is_string()) {
    expect_string(node, "names", report_);
    return;
  }
  out.names_given = true;
  const auto id = arch::find_name(text);
  if (!id || (options_.library_knows && !library_knows(*id))) return skip_name(text, id.has_value(), span);
  if (id == write_) out.names_write = true;
  spec_.names.push_back({*id, static_cast<std::uint32_t>(spec_.rules.size()), span});
}

void SpecReader::skip_name(std::string_view text, bool known, base::Span span) {
  if (text.empty() && dialect_.runtime != Runtime::crun) {
    report_.add(kEmptyName, span, "a call's name is empty");
  } else if (known) {
    report_.skipped(kUnknownCall, span,
                    fmt::format("the runtime's libseccomp does not know '{}' yet and skips it", text));
  } else {
    std::string help;
    if (const auto close = arch::suggest_name(text)) help = fmt::format("did you mean '{}'? ", *close);
    help += "Docker, Podman and runc skip unknown names without a word";
    report_.skipped(kUnknownCall, span, fmt::format("unknown call '{}'", base::printable(text)), std::move(help));
  }
}

void SpecReader::take_arguments(text::Node args) {
  if (!expect_array(args, "args", report_)) return;
  for (const text::Node arg : args)
    if (arg.is_null()) {
      report_.add(kWrongType, arg.span(), "'args' holds null where a condition is wanted");
    } else if (expect_object(arg, "args", report_)) {
      take_argument(arg);
    }
}

void SpecReader::take_argument(text::Node arg) {
  constexpr std::uint64_t kUnreadable = kMax64;
  SpecArgument out;
  out.span = arg.span();
  Fields fields(kArgFields, dialect_.go, report_);
  for (const text::Node member : arg) {
    const int field = fields.match(member);
    if (field == Fields::kUnknown) {
      unknown(member, "the condition");
      continue;
    }
    if (member.is_null()) continue;
    switch (field) {
      case kIndex:
        // An unreadable index must not pass for a second use of argument 0.
        out.index = expect_unsigned(member, "index", kMax32, report_).value_or(kUnreadable);
        out.index_span = member.span();
        break;
      case kValue:
        out.value = expect_unsigned(member, "value", kMax64, report_).value_or(0);
        break;
      case kValueTwo:
        out.value_two = expect_unsigned(member, "valueTwo", kMax64, report_).value_or(0);
        break;
      case kOp:
        if (const auto text = expect_string(member, "op", report_)) {
          out.op = text->text;
          out.op_span = text->span;
        }
        break;
      default:
        break;
    }
  }
  if (out.index != kUnreadable) spec_.arguments.push_back(out);
}

// containers/common: a name or decimal number in the string wins over the obsolete number (getErrno).
std::optional<SpecErrno> SpecReader::errno_value(text::Node number, text::Node name, std::string_view number_field,
                                                 std::string_view name_field) {
  std::optional<SpecErrno> value;
  if (number) {
    if (const auto n = expect_unsigned(number, number_field, kMax32, report_)) value = {{*n, number.span()}};
  }
  if (!name) return value;
  const auto text = expect_string(name, name_field, report_);
  if (!text || text->text.empty()) return value;
  const bool digits = std::all_of(text->text.begin(), text->text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && text->text.size() <= 10) {
    std::uint64_t n = 0;
    for (const char c : text->text) n = n * 10 + static_cast<std::uint64_t>(c - '0');
    if (n <= kMax32) return {{n, text->span}};
  }
  // The numbers are the machine's own; mips, parisc and others differ from the generic ones taken here.
  if (const auto n = arch::errno_number(text->text)) return {{*n, text->span}};
  report_.add(kUnknownErrno, text->span, fmt::format("unknown error name '{}'", base::printable(text->text)));
  return value;
}

}  // namespace

Spec read_spec(text::Node root, const ReadOptions& options, arch::Arch native, Reporter& report) {
  return SpecReader(options, native, report).read(root);
}

}  // namespace callgate::format
