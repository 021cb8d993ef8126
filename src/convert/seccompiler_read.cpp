// Reads a filter as rust-vmm's seccompiler does (src/frontend/json.rs, src/backend): unknown fields and calls are
// errors, a rule without args is forgotten when the same call has one with args, `dword` compares low words.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "arch/calls.h"
#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/rule_forms.h"
#include "convert/seccompiler.h"
#include "format/diagnostic_ids.h"
#include "format/fields.h"
#include "format/narrow.h"
#include "policy/algebra.h"
#include "policy/builder.h"

namespace callgate::convert {

namespace {

using format::Reporter;
using policy::Action;
using policy::ActionKind;
using policy::Condition;

constexpr std::uint64_t kLow = 0xffffffff, kMax64 = ~std::uint64_t{0};

constexpr std::array<std::pair<std::string_view, ActionKind>, 8> kActions{{{"allow", ActionKind::allow},
                                                                           {"errno", ActionKind::errno_},
                                                                           {"kill_thread", ActionKind::kill_thread},
                                                                           {"kill_process", ActionKind::kill_process},
                                                                           {"log", ActionKind::log},
                                                                           {"trace", ActionKind::trace},
                                                                           {"trap", ActionKind::trap},
                                                                           {"user_notif", ActionKind::notify}}};
constexpr std::array<std::pair<std::string_view, policy::Op>, 7> kOperators{{{"eq", policy::Op::eq},
                                                                             {"ge", policy::Op::ge},
                                                                             {"gt", policy::Op::gt},
                                                                             {"le", policy::Op::le},
                                                                             {"lt", policy::Op::lt},
                                                                             {"masked_eq", policy::Op::masked_eq},
                                                                             {"ne", policy::Op::ne}}};

template <class Table>
auto look_up(const Table& table, std::string_view text) -> std::optional<decltype(table[0].second)> {
  for (const auto& [name, value] : table)
    if (name == text) return value;
  return std::nullopt;
}

class FilterReader {
 public:
  FilterReader(arch::Arch arch, Reporter& report, Reading& reading) : arch_(arch), report_(report), reading_(reading) {}
  bool read(text::Node filter);

 private:
  struct Rules {
    std::vector<policy::Clause> clauses;
    text::Node bare;  // the last rule without conditions
  };

  void unknown(text::Node member, std::string_view where) {
    report_.add(
        kBadField, member.key_span(),
        fmt::format("unknown field '{}' in {}; seccompiler refuses the file", base::printable(member.key()), where));
  }
  std::optional<Action> action(text::Node node);
  void rule(text::Node rule);
  // One rule's, as clauses any of which must hold.
  std::optional<std::vector<policy::Clause>> conditions(text::Node args);
  void condition(text::Node arg, std::vector<policy::Clause>& out);
  void add_condition(text::Node arg, Condition wanted, bool dword, std::vector<policy::Clause>& out);
  bool operation(text::Node node, Condition& out);
  void finish(Action mismatch, Action match);

  arch::Arch arch_;
  Reporter& report_;
  Reading& reading_;
  std::map<policy::SyscallNr, Rules> rules_;
};

// "allow", {"errno": 38}. Of a number its low 16 bits count, and of those the kernel takes 4095 at most.
std::optional<Action> FilterReader::action(text::Node node) {
  const bool carries = node.is_object() && node.size() == 1;
  const text::Node value = carries ? *node.begin() : text::Node();
  const std::string_view name = carries ? value.key() : node.is_string() ? node.text() : std::string_view();
  const auto kind = look_up(kActions, name);
  const bool takes = kind == ActionKind::errno_ || kind == ActionKind::trace;
  if (!kind || takes != carries) {
    report_.add(kBadValue, node.span(), fmt::format("'{}' is no action", base::printable(node.span().text())),
                R"(write "allow", "log", "trap", "kill_thread", "kill_process", {"errno": 1} or {"trace": 1})");
    return std::nullopt;
  }
  if (!takes) return Action{*kind, 0};
  const auto number = format::expect_unsigned(value, name, kLow, report_);
  if (!number) return std::nullopt;
  const std::uint32_t base = kind == ActionKind::errno_ ? 0x00050000U : 0x7ff00000U;
  return policy::from_return_value(base | (static_cast<std::uint32_t>(*number) & 0xffff));
}

bool FilterReader::operation(text::Node node, Condition& out) {
  const bool carries = node.is_object() && node.size() == 1;
  const text::Node mask = carries ? *node.begin() : text::Node();
  const std::string_view name = carries ? mask.key() : node.is_string() ? node.text() : std::string_view();
  const auto op = look_up(kOperators, name);
  if (!op || (op == policy::Op::masked_eq) != carries) {
    report_.add(kBadValue, node.span(), fmt::format("'{}' is no operator", base::printable(node.span().text())),
                R"(write "eq", "ge", "gt", "le", "lt", "ne" or {"masked_eq": MASK})");
    return false;
  }
  out.op = *op;
  if (!carries) return true;
  const auto number = format::expect_unsigned(mask, "masked_eq", kMax64, report_);
  out.mask = number.value_or(0);
  return number.has_value();
}

// A condition on the low word, in conditions on all 64 bits: any of these.
std::vector<std::vector<Condition>> on_low_word(const Condition& condition) {
  const policy::Decision split =
      format::narrow_to_low_words({{{{condition}, policy::kAllow}}, policy::kKillThread}, true);
  std::vector<std::vector<Condition>> out;
  if (split.is_constant() && split.otherwise == policy::kAllow) return {{}};
  for (policy::Clause& clause :
       order_free(split, policy::kKillThread, {false, 1024}).value_or(std::vector<policy::Clause>()))
    out.push_back(std::move(clause.conditions));
  return out;
}

void FilterReader::add_condition(text::Node arg, Condition wanted, bool dword, std::vector<policy::Clause>& out) {
  if (wanted.op == policy::Op::masked_eq) wanted.value &= wanted.mask;
  if (dword && wanted.value > kLow) {
    report_.skipped(kValueCut, arg.span(),
                    fmt::format("a dword comparison looks at the low 32 bits of {:#x} only", wanted.value));
  }
  const auto parts = dword ? on_low_word(wanted) : std::vector<std::vector<Condition>>{{wanted}};
  std::vector<policy::Clause> product;
  for (const policy::Clause& clause : out)
    for (const auto& part : parts) {
      product.push_back(clause);
      product.back().conditions.insert(product.back().conditions.end(), part.begin(), part.end());
    }
  if (product.size() > policy::kMaxClauses)
    report_.add(kBadValue, arg.span(), "the rule's conditions split into too many cases");
  else
    out = std::move(product);
}

void FilterReader::condition(text::Node arg, std::vector<policy::Clause>& out) {
  text::Node index, type, op, val;
  for (const text::Node member : arg) {
    if (member.key() == "index") {
      index = member;
    } else if (member.key() == "type") {
      type = member;
    } else if (member.key() == "op") {
      op = member;
    } else if (member.key() == "val") {
      val = member;
    } else if (member.key() != "comment") {
      unknown(member, "a condition");
    }
  }
  for (const auto& [node, name] : {std::pair{index, "index"}, {type, "type"}, {op, "op"}, {val, "val"}})
    if (!node) {
      report_.add(format::kMissingField, arg.span(), fmt::format("the condition has no '{}'", name));
      return;
    }
  const auto number = format::expect_unsigned(index, "index", 255, report_);
  const auto value = format::expect_unsigned(val, "val", kMax64, report_);
  const auto width = format::expect_string(type, "type", report_);
  Condition made;
  if (!operation(op, made) || !number || !value || !width) return;
  if (*number > 5)
    report_.add(format::kArgumentIndex, index.span(), fmt::format("argument index {} is above 5", *number));
  if (width->text != "dword" && width->text != "qword")
    report_.add(kBadValue, type.span(), fmt::format("'{}' is no width", base::printable(width->text)),
                "write dword for 32 bits or qword for 64");
  if (report_.has_errors()) return;
  made.arg = static_cast<std::uint8_t>(*number);
  made.value = *value;
  add_condition(arg, made, width->text == "dword", out);
}

std::optional<std::vector<policy::Clause>> FilterReader::conditions(text::Node args) {
  std::vector<policy::Clause> out(1);
  if (!format::expect_array(args, "args", report_)) return std::nullopt;
  if (args.size() == 0)
    report_.add(kRefusedFile, args.span(), "'args' is empty; seccompiler refuses such a rule",
                "leave 'args' out: the rule then holds for all arguments");
  for (const text::Node arg : args)
    if (format::expect_object(arg, "args", report_)) condition(arg, out);
  return out;
}

void FilterReader::rule(text::Node rule) {
  text::Node call, args, comment;
  for (const text::Node member : rule) {
    if (member.key() == "syscall") {
      call = member;
    } else if (member.key() == "args") {
      args = member;
    } else if (member.key() == "comment") {
      comment = member;
    } else {
      unknown(member, "a rule");
    }
  }
  if (!call) {
    report_.add(format::kMissingField, rule.span(), "the rule has no 'syscall'");
    return;
  }
  const auto name = format::expect_string(call, "syscall", report_);
  if (!name) return;
  const auto nr = arch::number(arch_, name->text);
  if (!nr) {
    std::string help;
    if (const auto close = arch::suggest_name(name->text)) help = fmt::format("did you mean '{}'?", *close);
    report_.add(kNoSuchCall, name->span,
                fmt::format("{} has no call '{}'; seccompiler refuses the file", arch::info(arch_).name,
                            base::printable(name->text)),
                std::move(help));
    return;
  }
  if (comment && comment.is_string() && !comment.text().empty()) reading_.comments.add(name->text, comment.text());
  Rules& rules = rules_[*nr];
  if (!args || args.is_null()) {
    rules.bare = rule;
    return;
  }
  if (auto made = conditions(args)) rules.clauses.insert(rules.clauses.end(), made->begin(), made->end());
}

void FilterReader::finish(Action mismatch, Action match) {
  policy::Builder builder(policy::kKillProcess);
  const policy::AuditArch audit = arch::info(arch_).audit;
  builder.arch(audit, mismatch);
  for (auto& [nr, rules] : rules_) {
    if (rules.clauses.empty()) {
      builder.call(audit, nr, match);
      continue;
    }
    if (rules.bare)
      report_.skipped(kRuleForgotten, rules.bare.span(),
                      fmt::format("seccompiler forgets this rule: '{}' also has rules with args, and only those count",
                                  arch::name_of(arch_, nr)),
                      "remove the rules with args");
    for (policy::Clause& clause : rules.clauses) clause.action = match;
    builder.call(audit, nr, policy::Decision{std::move(rules.clauses), mismatch});
  }
  reading_.profile.policy = builder.finish();
  reading_.profile.default_action = mismatch;
  reading_.profile.architectures = {arch_};
}

bool FilterReader::read(text::Node filter) {
  std::optional<Action> mismatch, match;
  text::Node rules;
  for (const text::Node member : filter) {
    if (member.key() == "mismatch_action" || member.key() == "default_action") {
      mismatch = action(member);
    } else if (member.key() == "match_action" || member.key() == "filter_action") {
      match = action(member);
    } else if (member.key() == "filter") {
      rules = member;
    } else {
      unknown(member, "the filter");
    }
  }
  if (!report_.has_errors() && (!mismatch || !match || !rules))
    report_.add(format::kMissingField, filter.span(),
                fmt::format("the filter has no '{}'", !mismatch ? "mismatch_action"
                                                      : !match  ? "match_action"
                                                                : "filter"));
  if (rules && format::expect_array(rules, "filter", report_))
    for (const text::Node each : rules)
      if (format::expect_object(each, "filter", report_)) rule(each);
  if (!report_.has_errors() && mismatch == match)
    report_.add(kRefusedFile, filter.span(), "both actions are the same; seccompiler refuses such a filter");
  if (report_.has_errors()) return false;
  finish(*mismatch, *match);
  return !report_.has_errors();
}

bool is_filter(text::Node node) {
  return node && node.is_object() && node.find("filter") && (node.find("match_action") || node.find("filter_action"));
}

text::Node choose(text::Node root, const ReadContext& context, Reporter& report) {
  std::string names;
  text::Node found;
  for (const text::Node member : root) {
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", base::printable(member.key()));
    if (member.key() == context.select || (context.select.empty() && root.size() == 1)) found = member;
  }
  if (found) return found;
  report.add(kSeveralProfiles, root.span(),
             context.select.empty() ? fmt::format("the file holds {} filters: {}", root.size(), names)
                                    : fmt::format("the file has no filter '{}'; it has {}", context.select, names),
             "say which one is meant: FILE#NAME");
  return {};
}

}  // namespace

bool seccompiler_has(arch::Arch arch) {
  return arch == arch::Arch::x86_64 || arch == arch::Arch::aarch64 || arch == arch::Arch::riscv64;
}

bool sniff_seccompiler(std::string_view text) {
  if (text.find("\"filter\"") == std::string_view::npos) return false;
  if (text.find("\"match_action\"") == std::string_view::npos &&
      text.find("\"filter_action\"") == std::string_view::npos)
    return false;
  const base::SourceFile copy("", std::string(text));
  base::Diagnostics ignored;
  const auto document = text::read_json(copy, ignored);
  if (!document || !document->root().is_object()) return false;
  // A JSON profile is one whatever else stands in it: its readers skip unknown keys.
  bool filter = false;
  for (const text::Node member : document->root()) {
    for (const std::string_view field : {"defaultAction", "syscalls", "linux", "architectures", "archMap"})
      if (format::folds_to(member.key(), field)) return false;
    filter = filter || is_filter(member);
  }
  return filter;
}

std::optional<Reading> read_seccompiler(const base::SourceFile& file, const ReadContext& context,
                                        base::Diagnostics& diagnostics) {
  Reporter report(diagnostics, context.options.strict);
  const auto document = text::read_json(file, diagnostics);
  if (!document || report.has_errors()) return std::nullopt;
  if (!format::expect_object(document->root(), "the file", report)) return std::nullopt;
  const auto& given = context.options.architectures;
  const arch::Arch arch = given.empty() ? context.options.native : given.front();
  if (given.size() > 1 || !seccompiler_has(arch)) {
    report.add(kRefusedFile, {&file, 0, 0},
               fmt::format("a seccompiler file is for one architecture: x86_64, aarch64 or riscv64, not {}",
                           given.size() > 1 ? std::string("several") : std::string(arch::info(arch).name)),
               "say which with --arch");
    return std::nullopt;
  }
  const text::Node filter = choose(document->root(), context, report);
  Reading reading;
  if (!filter || !format::expect_object(filter, "the filter", report)) return std::nullopt;
  if (!FilterReader(arch, report, reading).read(filter)) return std::nullopt;
  return reading;
}

}  // namespace callgate::convert
