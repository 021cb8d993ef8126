// SPDX-License-Identifier: Apache-2.0
#include "convert/kafel_syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/hash_comments.h"
#include "convert/tables.h"
#include "syntax/words.h"

namespace callgate::convert::kafel {

namespace {

using policy::Action;
using policy::ActionKind;
using Node = std::unique_ptr<Expression>;

constexpr int kExpressionDepth = 200;  // kafel's own limit
constexpr int kNesting = 400;          // of parentheses and '!', here
constexpr std::size_t kArguments = 6;

class Parser {
 public:
  Parser(Text& text, base::Diagnostics& diagnostics) : text_(text), diagnostics_(diagnostics) {}

  std::optional<Program> run() {
    if (peek().kind == Kind::end) syntax("statement");
    while (!failed_ && peek().kind != Kind::end) statement();
    if (failed_) return std::nullopt;
    for (std::size_t i = 0; i < text_.comments.size(); ++i)
      if (!taken_.contains(i)) program_.comments.push_back(text_.comments[i]);
    return std::move(program_);
  }

 private:
  const Token& peek() const { return text_.tokens[at_]; }
  const Token& take() { return text_.tokens[at_ + 1 < text_.tokens.size() ? at_++ : at_]; }
  bool accept(std::string_view word) {
    if (!peek().is(word)) return false;
    take();
    return true;
  }
  void fail(const base::DiagnosticId& id, base::Span span, std::string message, std::string help = {}) {
    if (!failed_) diagnostics_.add(id, span, std::move(message), std::move(help));
    failed_ = true;
  }
  void syntax(std::string_view wanted) {
    fail(kTextSyntax, peek().span,
         peek().kind == Kind::end ? fmt::format("{} wanted, not the end of the file", wanted)
                                  : fmt::format("{} wanted, not '{}'", wanted, base::printable(peek().text)));
  }
  void expect(std::string_view word) {
    if (!accept(word)) syntax(fmt::format("'{}'", word));
  }
  const Token* identifier(std::string_view wanted) {
    if (peek().kind != Kind::identifier) {
      syntax(wanted);
      return nullptr;
    }
    return &take();
  }

  void statement() {
    if (peek().is("#")) return definition();
    if (peek().is("POLICY")) return policy();
    if (accept("DEFAULT")) {
      const base::Span span = text_.tokens[at_ - 1].span;
      const Action chosen = action();
      if (!failed_ && program_.fallback) fail(kTextDefaultTwice, span, "DEFAULT is given twice");
      program_.fallback = chosen;
      return;
    }
    entries(program_.main);
  }

  void definition() {
    take();
    if (!accept("define")) return syntax("'define'");
    const Token* name = identifier("name");
    if (name == nullptr) return;
    if (peek().kind != Kind::number) return syntax("number");
    const std::uint64_t value = take().value;
    const auto [at, fresh] = constants_.emplace(name->text, value);
    if (!fresh && at->second != value)
      fail(kTextDecidedTwice, name->span,
           fmt::format("'{}' is defined with another value", base::printable(name->text)));
  }

  void policy() {
    take();
    const Token* name = identifier("name of the policy");
    if (name == nullptr) return;
    PolicyTree tree;
    tree.name = name->text;
    expect("{");
    if (!failed_ && !peek().is("}")) entries(tree);
    if (!failed_) expect("}");
    if (failed_) return;
    if (find_policy(tree.name))
      return fail(kTextDecidedTwice, name->span,
                  fmt::format("policy '{}' is defined twice", base::printable(tree.name)));
    program_.policies.push_back(std::move(tree));
  }

  std::optional<std::size_t> find_policy(std::string_view name) const {
    for (std::size_t i = 0; i < program_.policies.size(); ++i)
      if (program_.policies[i].name == name) return i;
    return std::nullopt;
  }

  void entries(PolicyTree& tree) {
    do {
      if (accept("USE")) {
        const Token* name = identifier("name of a policy");
        if (name == nullptr) return;
        const auto used = find_policy(name->text);
        if (!used)
          return fail(kTextUnknownPolicy, name->span, fmt::format("unknown policy '{}'", base::printable(name->text)),
                      "a policy is defined before it is used");
        tree.entries.push_back({{}, used});
      } else {
        block(tree);
      }
    } while (!failed_ && accept(","));
  }

  void block(PolicyTree& tree) {
    const Action chosen = action();
    if (failed_) return;
    expect("{");
    Entry entry;
    while (!failed_ && !accept("}")) {
      rule(chosen, entry);
      if (failed_) return;
      if (accept(",")) {
        comments_behind(entry.rules.back(), at_ - 1);
        if (peek().is("}")) return syntax("call");
      } else if (!peek().is("}")) {
        return syntax("',' or '}'");
      }
    }
    tree.entries.push_back(std::move(entry));
  }

  Action action() {
    const Token& word = take();
    if (word.is("ALLOW")) return policy::kAllow;
    if (word.is("LOG")) return {ActionKind::log, 0};
    if (word.is("KILL") || word.is("KILL_THREAD") || word.is("DENY")) return policy::kKillThread;
    if (word.is("KILL_PROCESS")) return policy::kKillProcess;
    if (word.is("USER_NOTIF")) return {ActionKind::notify, 0};
    if (word.is("ERRNO")) return with_data(0x00050000);
    if (word.is("TRAP")) return with_data(0x00030000);
    if (word.is("TRACE")) return with_data(0x7ff00000);
    fail(kTextUnknownAction, word.span,
         word.kind == Kind::end ? "action wanted, not the end of the file"
                                : fmt::format("'{}' is no action", base::printable(word.text)),
         "ALLOW, LOG, KILL, KILL_PROCESS, ERRNO(n), TRAP(n), TRACE(n), USER_NOTIF");
    return {};
  }

  Action with_data(std::uint32_t base) {
    expect("(");
    if (failed_) return {};
    if (peek().kind != Kind::number) {
      syntax("number");
      return {};
    }
    const Token& number = take();
    if (number.value > 0xffff) {
      fail(kTextBadNumber, number.span, fmt::format("'{}' is above 65535", base::printable(number.text)));
      return {};
    }
    expect(")");
    return policy::from_return_value(base | static_cast<std::uint32_t>(number.value));
  }

  void take_comments(Rule& rule, const std::vector<std::size_t>& indices) {
    for (const std::size_t index : indices) {
      if (!taken_.emplace(index, true).second) continue;
      if (!text_.comments[index].empty()) rule.comments.push_back(text_.comments[index]);
    }
  }
  void comments_behind(Rule& rule, std::size_t token) { take_comments(rule, text_.tokens[token].behind); }

  void rule(Action chosen, Entry& entry) {
    Rule rule;
    rule.action = chosen;
    const std::size_t first = at_;
    call(rule);
    if (failed_) return;
    if (accept("(")) declared_arguments(rule);
    if (!failed_ && accept("ON")) guards(rule);
    if (!failed_ && accept("{") && !accept("}")) {
      Node when = condition();
      if (!failed_ && !when->truth) fail(kTextSyntax, when->span, "condition wanted, not a value");
      if (!failed_) expect("}");
      rule.when = std::move(when);
    }
    if (failed_) return;
    for (std::size_t i = first; i < at_; ++i) {
      take_comments(rule, text_.tokens[i].before);
      comments_behind(rule, i);
    }
    if (rule.comments.empty())
      if (std::string heading = paragraph_heading(text_.tokens[first].span, "//"); !heading.empty())
        rule.comments.push_back(std::move(heading));
    entry.rules.push_back(std::move(rule));
  }

  void call(Rule& rule) {
    rule.span = peek().span;
    if (accept("SYSCALL")) {
      expect("[");
      if (failed_) return;
      if (peek().kind != Kind::number) return syntax("number");
      rule.nr = static_cast<policy::SyscallNr>(take().value);
      return expect("]");
    }
    const Token* name = identifier("call");
    if (name == nullptr) return;
    const auto constant = constants_.find(name->text);
    if (constant == constants_.end()) {
      rule.name = name->text;
    } else {
      rule.nr = static_cast<policy::SyscallNr>(constant->second);
    }
  }

  void declared_arguments(Rule& rule) {
    rule.declared = true;
    if (accept(")")) return;
    do {
      const Token* name = identifier("name of an argument");
      if (name == nullptr) return;
      if (std::find(rule.arguments.begin(), rule.arguments.end(), name->text) != rule.arguments.end())
        return fail(kTextUnknownArgument, name->span,
                    fmt::format("argument '{}' is given twice", base::printable(name->text)));
      if (rule.arguments.size() == kArguments)
        return fail(kTextUnknownArgument, name->span, "a call has six arguments");
      rule.arguments.push_back(name->text);
    } while (accept(","));
    expect(")");
  }

  void guards(Rule& rule) {
    const bool list = accept("{");
    do {
      const Token* name = identifier("architecture");
      if (name == nullptr) return;
      const auto arch = architecture(name->text);
      if (!arch)
        return fail(kTextUnknownArchitecture, name->span,
                    fmt::format("unknown architecture '{}'", base::printable(name->text)),
                    "kafel has x86_64, x86, arm, aarch64, mips, mips64, riscv64 and m68k");
      if (std::find(rule.archs.begin(), rule.archs.end(), *arch) != rule.archs.end())
        return fail(kTextSyntax, name->span,
                    fmt::format("architecture '{}' is given twice", base::printable(name->text)));
      rule.archs.push_back(*arch);
    } while (list && accept(","));
    if (list) expect("}");
  }

  static std::optional<arch::Arch> architecture(std::string_view name) {
    const std::string lower = base::to_lower(name);
    if (lower == "mipso32") return arch::Arch::mips;
    if (lower == "rv64") return arch::Arch::riscv64;
    for (const std::string_view known :
         {"arm", "aarch64", "arm64", "x86_64", "amd64", "x86", "i386", "mips", "mips64", "riscv64", "m68k"})
      if (lower == known) return arch::find(lower);
    return std::nullopt;
  }

  // "," and "||", "&&", "!", comparisons, "|", "&": each binds tighter than the one before.
  Node condition() {
    Node left = disjunction();
    while (!failed_ && peek().is(",")) left = binary(std::move(left), [this] { return disjunction(); });
    return left;
  }
  Node disjunction() {
    Node left = conjunction();
    while (!failed_ && peek().is("||")) left = binary(std::move(left), [this] { return conjunction(); });
    return left;
  }
  Node conjunction() {
    Node left = primary();
    while (!failed_ && peek().is("&&")) left = binary(std::move(left), [this] { return primary(); });
    return left;
  }
  Node primary() {
    if (!peek().is("!")) return comparison();
    auto node = std::make_unique<Expression>();
    node->kind = Expression::Kind::negation;
    node->span = take().span;
    node->truth = true;
    if (++nesting_ > kNesting) too_deep(node->span);
    if (failed_) return node;
    node->left = primary();
    --nesting_;
    if (failed_) return node;
    if (!node->left->truth) fail(kTextSyntax, node->left->span, "condition wanted, not a value");
    deepen(*node);
    return node;
  }
  bool at_comparison() const {
    const Token& token = peek();
    return token.is("==") || token.is("!=") || token.is("<") || token.is("<=") || token.is(">") || token.is(">=");
  }
  Node comparison() {
    Node left = bit_or();
    if (failed_ || !at_comparison()) return left;
    left = binary(std::move(left), [this] { return bit_or(); });
    left->truth = true;
    return left;
  }
  Node bit_or() {
    Node left = bit_and();
    while (!failed_ && peek().is("|")) left = binary(std::move(left), [this] { return bit_and(); });
    return left;
  }
  Node bit_and() {
    Node left = operand();
    while (!failed_ && peek().is("&")) left = binary(std::move(left), [this] { return operand(); });
    return left;
  }
  Node operand() {
    auto node = std::make_unique<Expression>();
    node->span = peek().span;
    if (accept("(")) {
      if (++nesting_ > kNesting) too_deep(node->span);
      if (failed_) return node;
      node = condition();
      --nesting_;
      if (!failed_) expect(")");
      return node;
    }
    if (peek().kind == Kind::number) {
      node->number = take().value;
      return node;
    }
    const Token* name = identifier("argument or number");
    if (name == nullptr) return node;
    const auto constant = constants_.find(name->text);
    if (constant != constants_.end()) {
      node->number = constant->second;
    } else {
      node->kind = Expression::Kind::name;
      node->text = name->text;
    }
    return node;
  }

  template <class Next>
  Node binary(Node left, Next next) {
    auto node = std::make_unique<Expression>();
    node->kind = Expression::Kind::binary;
    node->span = peek().span;
    node->text = take().text;
    node->left = std::move(left);
    node->right = next();
    if (failed_) return node;
    const bool of_truth = node->text == "," || node->text == "||" || node->text == "&&";
    for (const Expression* side : {node->left.get(), node->right.get()})
      if (side->truth != of_truth)
        fail(kTextSyntax, side->span, of_truth ? "condition wanted, not a value" : "value wanted, not a condition");
    node->truth = of_truth;
    deepen(*node);
    return node;
  }

  void deepen(Expression& node) {
    node.depth = 1 + std::max(node.left ? node.left->depth : 0, node.right ? node.right->depth : 0);
    if (node.depth > kExpressionDepth) too_deep(node.span);
  }
  void too_deep(base::Span span) {
    fail(kTextTooLarge, span, "expression is nested too deep", "kafel takes 200 levels");
  }

  Text& text_;
  base::Diagnostics& diagnostics_;
  Program program_;
  std::map<std::string_view, std::uint64_t> constants_;
  std::map<std::size_t, bool> taken_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  bool failed_ = false;
};

}  // namespace

std::optional<Program> parse(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.error_count();
  Text text = tokenize(file, context, diagnostics);
  if (diagnostics.error_count() != errors) return std::nullopt;
  return Parser(text, diagnostics).run();
}

}  // namespace callgate::convert::kafel
