// kafel policies (google/kafel, which nsjail uses), read as kafel compiles them: the first rule for a call that holds
// decides, DEFAULT (KILL, if it is not given) answers the rest, and calls of other architectures are killed. Arguments
// are compared whole if some part of the comparison has 64 bits, else by their low halves.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/kafel.h"
#include "convert/kafel_syntax.h"
#include "convert/kafel_value.h"
#include "convert/tables.h"
#include "policy/builder.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

using kafel::Expression;
using kafel::Rule;
using kafel::Value;

// The rules of one call in order.
struct CallRules {
  std::vector<Guarded> rules;
  base::Span span;
  bool decided = false;  // the last of them always holds
};

class Resolver {
 public:
  Resolver(const kafel::Program& program, arch::Arch arch, base::Diagnostics& diagnostics, Comments& comments)
      : program_(program), arch_(arch), diagnostics_(diagnostics), comments_(comments) {}

  void run(policy::Builder& builder, policy::Action fallback) {
    // Every policy is checked, used or not.
    for (const kafel::PolicyTree& tree : program_.policies)
      for (const kafel::Entry& entry : tree.entries)
        for (const Rule& rule : entry.rules) resolve(rule);
    used_.assign(program_.policies.size(), false);
    collect(program_.main);
    const policy::AuditArch audit = arch::info(arch_).audit;
    builder.arch(audit, fallback);
    for (const auto& [nr, call] : calls_) {
      auto decision = lower(call.rules, fallback);
      if (decision) {
        builder.call(audit, nr, std::move(*decision));
      } else {
        diagnostics_.add(kTextTooLarge, call.span, "the conditions of this call are too large");
      }
    }
  }

 private:
  struct Resolved {
    policy::SyscallNr nr = 0;
    Terms when;
  };

  void collect(const kafel::PolicyTree& tree) {
    for (const kafel::Entry& entry : tree.entries) {
      if (entry.uses) {
        // A policy that is used twice counts once.
        if (used_[*entry.uses]) continue;
        used_[*entry.uses] = true;
        collect(program_.policies[*entry.uses]);
      }
      for (const Rule& rule : entry.rules) {
        auto resolved = resolve(rule);
        if (!resolved) continue;
        CallRules& call = calls_[resolved->nr];
        if (call.rules.empty()) call.span = rule.span;
        if (call.decided || resolved->when.empty()) continue;
        call.decided =
            std::any_of(resolved->when.begin(), resolved->when.end(), [](const Term& term) { return term.empty(); });
        call.rules.push_back({std::move(resolved->when), rule.action});
        const std::string_view name = arch::name_of(arch_, resolved->nr);
        for (const std::string& comment : rule.comments)
          if (comment != name) comments_.add(name, comment);  // beside a number: SYSCALL[470] /* listns */
      }
    }
  }

  // Nothing if the rule is for other architectures, or wrong. Each fault is told once.
  std::optional<Resolved> resolve(const Rule& rule) {
    if (!rule.archs.empty() && std::find(rule.archs.begin(), rule.archs.end(), arch_) == rule.archs.end())
      return std::nullopt;
    if (wrong_.contains(&rule)) return std::nullopt;
    Resolved out;
    std::vector<KafelArgument> arguments;
    if (rule.name.empty()) {
      out.nr = rule.nr;
    } else {
      const KafelCall* call = find_kafel_call(arch_, rule.name);
      if (call == nullptr) {
        wrong_[&rule] = true;
        diagnostics_.add(
            kTextUnknownCall, rule.span,
            fmt::format("kafel has no call '{}' for {}", base::printable(rule.name), arch::info(arch_).name),
            help_for(rule.name));
        return std::nullopt;
      }
      out.nr = call->nr;
      if (!rule.declared) arguments = kafel_arguments(*call);
    }
    for (const std::string_view name : rule.arguments) arguments.push_back({name, 8});
    if (!rule.when) {
      out.when = always();
      return out;
    }
    arguments_ = std::move(arguments);
    const std::size_t errors = diagnostics_.error_count();
    auto when = truth(*rule.when);
    if (!when) {
      wrong_[&rule] = true;
      if (diagnostics_.error_count() == errors)
        diagnostics_.add(kTextTooLarge, rule.span, "the condition of this call is too large");
      return std::nullopt;
    }
    out.when = std::move(*when);
    return out;
  }

  std::string help_for(std::string_view name) const {
    if (const auto nr = arch::number(arch_, name)) {
      const KafelCall* other = find_kafel_call(arch_, *nr);
      return other != nullptr ? fmt::format("kafel calls it '{}'", other->name)
                              : fmt::format("write its number: SYSCALL[{}]", *nr);
    }
    return syntax::suggestion(closest_kafel_call(arch_, name));
  }

  std::optional<Value> value(const Expression& expression) {
    switch (expression.kind) {
      case Expression::Kind::number:
        return kafel::constant(expression.number);
      case Expression::Kind::name: {
        for (std::size_t i = 0; i < arguments_.size(); ++i)
          if (arguments_[i].name == expression.text)
            return kafel::argument(static_cast<std::uint8_t>(i), arguments_[i].bytes == 8);
        std::string known;
        for (const KafelArgument& one : arguments_)
          known += (known.empty() ? "the arguments are " : ", ") + std::string(one.name);
        diagnostics_.add(kTextUnknownArgument, expression.span,
                         fmt::format("unknown argument or constant '{}'", base::printable(expression.text)),
                         known.empty() ? "name the arguments: call(a, b) { a == 1 }" : known);
        return std::nullopt;
      }
      default:
        break;
    }
    const auto left = value(*expression.left);
    const auto right = left ? value(*expression.right) : std::nullopt;
    if (!right) return std::nullopt;
    const auto mixed = expression.text == "&" ? kafel::bit_and(*left, *right) : kafel::bit_or(*left, *right);
    if (!mixed) two_arguments(expression.span);
    return mixed;
  }

  void two_arguments(base::Span span) {
    diagnostics_.add(kTextTwoArguments, span, "two arguments are compared with each other",
                     "a policy compares arguments with constants only");
  }

  std::optional<Terms> truth(const Expression& expression) {
    if (expression.kind == Expression::Kind::negation) {
      const auto inner = truth(*expression.left);
      return inner ? negate(*inner) : std::nullopt;
    }
    if (expression.text == "," || expression.text == "||" || expression.text == "&&") {
      auto left = truth(*expression.left);
      auto right = left ? truth(*expression.right) : std::nullopt;
      if (!right) return std::nullopt;
      if (expression.text == "&&") return both(*left, *right);
      return either(std::move(*left), std::move(*right));
    }
    const auto left = value(*expression.left);
    const auto right = left ? value(*expression.right) : std::nullopt;
    if (!right) return std::nullopt;
    if (left->arg && right->arg && *left->arg != *right->arg) {
      two_arguments(expression.span);
      return std::nullopt;
    }
    return kafel::compare(comparison(expression.text), *left, *right);
  }

  static kafel::Comparison comparison(std::string_view op) {
    using kafel::Comparison;
    if (op == "==") return Comparison::eq;
    if (op == "!=") return Comparison::ne;
    if (op == "<") return Comparison::lt;
    if (op == "<=") return Comparison::le;
    return op == ">" ? Comparison::gt : Comparison::ge;
  }

  const kafel::Program& program_;
  arch::Arch arch_;
  base::Diagnostics& diagnostics_;
  Comments& comments_;
  std::vector<bool> used_;
  std::vector<KafelArgument> arguments_;
  std::map<const Rule*, bool> wrong_;
  std::map<policy::SyscallNr, CallRules> calls_;
};

}  // namespace

std::optional<Reading> read_kafel(const base::SourceFile& file, const ReadContext& context,
                                  base::Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.error_count();
  const auto program = kafel::parse(file, context, diagnostics);
  if (!program) return std::nullopt;
  std::vector<arch::Arch> archs = context.options.architectures;
  if (archs.empty()) archs.push_back(context.options.native);
  Reading reading;
  reading.comments.file = program->comments;
  const policy::Action fallback = program->fallback.value_or(policy::kKillThread);
  policy::Builder builder(policy::kKillThread);
  for (const arch::Arch arch : archs) {
    if (!kafel_has(arch)) {
      diagnostics.add(kTextUnknownArchitecture, {&file, 0, 0},
                      fmt::format("kafel's calls on {} are not known here", arch::info(arch).name));
      continue;
    }
    Resolver(*program, arch, diagnostics, reading.comments).run(builder, fallback);
  }
  if (diagnostics.error_count() != errors) return std::nullopt;
  reading.profile.policy = builder.finish();
  reading.states_default = true;
  reading.profile.default_action = fallback;
  reading.profile.architectures = std::move(archs);
  return reading;
}

}  // namespace callgate::convert
