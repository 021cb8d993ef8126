// Two compilers read these files, and their languages differ: libminijail's, which has "call: 1", "call: condition",
// "call: condition; return errno" and "call: return errno", and compile_seccomp_policy.py's, which has more.
// SPDX-License-Identifier: Apache-2.0
#include "convert/minijail_syntax.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/prototype.h"
#include "base/text.h"
#include "convert/diagnostic_ids.h"
#include "convert/hash_comments.h"
#include "convert/minijail.h"
#include "convert/minijail_tokens.h"
#include "syntax/words.h"

namespace callgate::convert::minijail {

namespace {

using policy::Action;
using policy::ActionKind;

constexpr std::size_t kIncludeDepth = 10;
constexpr int kParenthesisDepth = 200;
constexpr std::uint32_t kReturnErrno = 0x00050000;

class FileReader {
 public:
  FileReader(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics, Program& program,
             std::vector<const base::SourceFile*> above)
      : file_(file), context_(context), diagnostics_(diagnostics), program_(program), above_(std::move(above)) {
    above_.push_back(&file);
  }

  void run() {
    Text text = tokenize(file_, diagnostics_);
    if (text.inline_comments) program_.compiler = true;
    program_.comments.file.insert(program_.comments.file.end(), text.head.begin(), text.head.end());
    for (Line& line : text.lines) {
      line_ = &line;
      at_ = 0;
      failed_ = false;
      statement();
      if (!failed_ && at_ < line.tokens.size()) error_here("unexpected '{}'");
    }
  }

 private:
  base::Span span(const Token& token) const { return {&file_, token.begin, token.end}; }
  base::Span line_span() const { return {&file_, line_->tokens.front().begin, line_->tokens.back().end}; }
  const Token* peek() const { return at_ < line_->tokens.size() ? &line_->tokens[at_] : nullptr; }
  const Token* take() { return at_ < line_->tokens.size() ? &line_->tokens[at_++] : nullptr; }
  bool next_is(std::string_view punctuation) const {
    const Token* token = peek();
    return token != nullptr && token->kind == Kind::punctuation && token->text == punctuation;
  }
  bool accept(std::string_view punctuation) {
    if (!next_is(punctuation)) return false;
    ++at_;
    return true;
  }

  void fail(const base::DiagnosticId& id, base::Span where, std::string message, std::string help = {}) {
    if (!failed_) diagnostics_.add(id, where, std::move(message), std::move(help));
    failed_ = true;
  }
  // What is wanted is not there: at the next token, or behind the last one.
  void error_here(std::string_view format, std::string help = {}) {
    if (const Token* token = peek())
      return fail(kTextSyntax, span(*token), fmt::format(fmt::runtime(format), base::printable(token->text)),
                  std::move(help));
    const std::uint32_t end = line_->tokens.back().end;
    fail(kTextSyntax, {&file_, end, end}, fmt::format(fmt::runtime(format), "end of line"), std::move(help));
  }

  void statement() {
    const Token& first = line_->tokens.front();
    if (first.kind == Kind::directive) return directive();
    Statement statement;
    statement.span = line_span();
    descriptors(statement);
    if (failed_) return;
    if (!accept(":"))
      return error_here("':' wanted, not '{}'", "a line is 'call: 1', 'call: condition' or a directive");
    filters(statement);
    if (failed_) return;
    // A comment over a paragraph holds for all its lines.
    if (const bool plain = line_->above.empty() && line_->beside.empty(); plain && !statement.calls.empty())
      line_heading(statement);
    for (const CallName& call : statement.calls) {
      for (const std::string& comment : line_->above) program_.comments.add(call.name, comment);
      if (!line_->beside.empty()) program_.comments.add(call.name, line_->beside);
    }
    if (!statement.calls.empty()) program_.statements.push_back(std::move(statement));
  }

  void line_heading(const Statement& statement) {
    const std::string heading = paragraph_heading(statement.span, "#");
    if (heading.empty()) return;
    for (const CallName& call : statement.calls) program_.comments.add(call.name, heading);
  }

  void directive() {
    program_.comments.file.insert(program_.comments.file.end(), line_->above.begin(), line_->above.end());
    const Token& word = *take();
    if (word.text == "@denylist") {
      program_.denylist = true;
      program_.compiler = true;
      program_.fallback = policy::kAllow;
    } else if (word.text == "@default") {
      program_.compiler = true;
      default_action();
    } else if (word.text == "@include" || word.text == "@frequency") {
      const Token* path = take();
      if (path == nullptr || path->kind != Kind::path) {
        if (path != nullptr) --at_;
        return error_here("path wanted, not '{}'", "minijail takes absolute paths and those that begin with './'");
      }
      if (word.text == "@include") include(*path);  // frequencies decide nothing
    } else {
      at_ = line_->tokens.size();  // reported by the tokenizer
    }
  }

  void default_action() {
    const Token* word = peek();
    if (word == nullptr || word->kind != Kind::action) return error_here("action wanted, not '{}'");
    const auto action = action_named(word->text);
    if (policy::Action{*action}.kind > ActionKind::notify)
      return fail(kTextUnknownAction, span(*word), fmt::format("'{}' is no default of minijail's", word->text),
                  "a default is kill-process, kill-thread, kill, trap or user-notify");
    ++at_;
    program_.fallback = *action;
  }

  void include(const Token& path) {
    const std::string name(path.text);
    const base::SourceFile* file = context_.open ? context_.open(name) : nullptr;
    if (file == nullptr)
      return fail(kTextInclude, span(path), fmt::format("cannot open included file '{}'", base::printable(name)));
    if (above_.size() >= kIncludeDepth || std::find(above_.begin(), above_.end(), file) != above_.end())
      return fail(kTextInclude, span(path), fmt::format("'{}' is included too deep", base::printable(name)),
                  "minijail follows 10 levels");
    FileReader(*file, context_, diagnostics_, program_, above_).run();
  }

  // call | call[arch=a,b] | { call, call }
  void descriptors(Statement& statement) {
    if (!accept("{")) return descriptor(statement);
    program_.compiler = true;
    do {
      descriptor(statement);
      if (failed_) return;
    } while (accept(","));
    if (!accept("}")) error_here("'}}' wanted, not '{}'");
  }

  void descriptor(Statement& statement) {
    const Token* word = peek();
    if (word == nullptr || (word->kind != Kind::identifier && word->text != "kill"))
      return error_here("call wanted, not '{}'");
    ++at_;
    bool here = true;
    if (accept("[")) here = metadata();
    if (failed_ || !here) return;
    if (word->text.find('@') != std::string_view::npos)
      return fail(kTextUnknownGroup, span(*word), fmt::format("unknown group '{}'", base::printable(word->text)),
                  "groups come from the constants.json that the policy is compiled with; list their calls");
    const auto nr = arch::number(context_.options.native, word->text);
    if (!nr)
      return fail(
          kTextUnknownCall, span(*word),
          fmt::format("{} has no call '{}'", arch::info(context_.options.native).name, base::printable(word->text)),
          syntax::suggestion(arch::suggest_name(word->text)));
    statement.calls.push_back({word->text, *nr, span(*word)});
  }

  // key=value,value;key=…]. True unless 'arch' leaves this architecture out.
  bool metadata() {
    program_.compiler = true;
    bool here = true;
    do {
      const Token* key = take();
      if (key == nullptr || key->kind != Kind::identifier || !accept("=")) {
        error_here("'arch=…' wanted, not '{}'");
        return false;
      }
      bool found = false;
      do {
        const Token* value = peek();
        if (value == nullptr || value->kind != Kind::identifier) {
          error_here("architecture wanted, not '{}'");
          return false;
        }
        ++at_;
        found = found || arch::find(value->text) == context_.options.native;
      } while (accept(","));
      if (key->text == "arch") here = found;
    } while (accept(";"));
    if (!accept("]")) error_here("']' wanted, not '{}'");
    return here;
  }

  void filters(Statement& statement) {
    if (!accept("{")) {
      filter(statement);
      if (failed_ || statement.filters.empty()) return;
      Filter& only = statement.filters.back();
      only.simple_return = only.when.has_value() && only.simple_return;
      return;
    }
    program_.compiler = true;
    do {
      filter(statement);
      if (failed_) return;
      statement.filters.back().simple_return = false;
    } while (accept(","));
    if (!accept("}")) error_here("'}}' wanted, not '{}'");
  }

  // condition | condition; action | action
  void filter(Statement& statement) {
    Filter filter{std::nullopt, policy::kAllow, false};
    const Token* first = peek();
    if (first != nullptr && first->kind == Kind::argument) {
      filter.when = expression();
      if (failed_) return;
      if (accept(";")) {
        filter.simple_return = peek() != nullptr && peek()->kind == Kind::return_;
        if (!filter.simple_return) program_.compiler = true;
        filter.action = action();
      }
    } else {
      filter.action = action();
    }
    if (!failed_) statement.filters.push_back(std::move(filter));
  }

  static std::optional<Action> action_named(std::string_view word) {
    if (word == "allow") return policy::kAllow;
    if (word == "kill" || word == "kill-thread") return policy::kKillThread;
    if (word == "kill-process") return policy::kKillProcess;
    if (word == "trap") return Action{ActionKind::trap, 0};
    if (word == "trace") return Action{ActionKind::trace, 0};
    if (word == "log") return Action{ActionKind::log, 0};
    if (word == "user-notify") return Action{ActionKind::notify, 0};
    return std::nullopt;
  }

  Action action() {
    const Token* word = take();
    if (word == nullptr) {
      error_here("action or condition wanted, not '{}'");
      return {};
    }
    if (word->kind == Kind::action) {
      program_.compiler = true;
      return *action_named(word->text);
    }
    if (word->kind == Kind::number && number(*word) == 1) return policy::kAllow;
    if (word->kind == Kind::return_) {
      // libminijail takes expressions here, the other one a name or a number.
      if (peek() == nullptr) {
        error_here("errno wanted, not '{}'", "'return EPERM' for instance");
        return {};
      }
      return policy::from_return_value(kReturnErrno | static_cast<std::uint32_t>(value(0, true) & 0xffff));
    }
    fail(kTextUnknownAction, span(*word), fmt::format("'{}' is no action or condition", base::printable(word->text)),
         "'1' allows the call, 'return EPERM' refuses it, 'arg0 == 1' allows it for that argument");
    return {};
  }

  // and-groups joined by "||"
  Terms expression() {
    Terms all = never();
    do {
      Terms group = always();
      do {
        auto more = both(group, atom());
        if (failed_) return all;
        if (!more) {
          fail(kTextTooLarge, line_span(), "condition is too large");
          return all;
        }
        group = std::move(*more);
      } while (accept("&&"));
      all = either(std::move(all), std::move(group));
    } while (accept("||"));
    if (all.size() > kMaxExpression) fail(kTextTooLarge, line_span(), "condition is too large");
    return all;
  }

  Terms atom() {
    const Token* argument = take();
    if (argument == nullptr || argument->kind != Kind::argument) {
      if (argument != nullptr) --at_;
      error_here("argument wanted, not '{}'", "arguments are arg0 to arg5");
      return never();
    }
    const auto index = base::parse_u64(argument->text.substr(3));
    if (!index || *index > 5) {
      fail(kTextUnknownArgument, span(*argument), fmt::format("no argument '{}'", argument->text),
           "arguments are arg0 to arg5");
      return never();
    }
    const Token* op = take();
    if (op == nullptr || op->kind != Kind::op) {
      if (op != nullptr) --at_;
      error_here("comparison wanted, not '{}'", "==, !=, <, <=, >, >=, & or in");
      return never();
    }
    return comparison(static_cast<std::uint8_t>(*index), op->text, value(0, false));
  }

  static Terms comparison(std::uint8_t arg, std::string_view op, std::uint64_t value) {
    using policy::Op;
    if (op == "&") return any_bit(arg, value);
    if (op == "in") return literal({arg, Op::masked_eq, 0, ~value});
    const Op plain = op == "=="   ? Op::eq
                     : op == "!=" ? Op::ne
                     : op == "<"  ? Op::lt
                     : op == "<=" ? Op::le
                     : op == ">"  ? Op::gt
                                  : Op::ge;
    return literal({arg, plain, value});
  }

  std::uint64_t word_mask() const {
    return arch::info(context_.options.native).arg_bits == 64 ? ~std::uint64_t{0} : 0xffffffffU;
  }

  std::uint64_t number(const Token& token) {
    const bool negative = token.text.front() == '-';
    const auto magnitude = base::parse_u64(token.text.substr(negative ? 1 : 0));
    const std::uint64_t mask = word_mask();
    const std::uint64_t limit = negative ? mask / 2 + 1 : mask;
    if (!magnitude || *magnitude > limit) {
      fail(kTextBadNumber, span(token), fmt::format("'{}' does not fit", base::printable(token.text)),
           fmt::format("an argument has {} bits", arch::info(context_.options.native).arg_bits));
      return 0;
    }
    return (negative ? std::uint64_t{0} - *magnitude : *magnitude) & mask;
  }

  // constants joined by "|"; `errno_first`: names are errors before they are constants.
  std::uint64_t value(int depth, bool errno_first) {
    std::uint64_t out = 0;
    if (depth > kParenthesisDepth) {
      error_here("too many parentheses at '{}'");
      return 0;
    }
    do {
      out |= constant(depth, errno_first);
    } while (!failed_ && accept("|"));
    return out;
  }

  std::uint64_t constant(int depth, bool errno_first) {
    const bool complement = accept("~");
    std::uint64_t out = 0;
    if (accept("(")) {
      out = value(depth + 1, errno_first);
      if (failed_) return 0;
      if (!accept(")")) error_here("')' wanted, not '{}'");
    } else {
      out = single(errno_first);
    }
    return complement ? ~out & word_mask() : out;
  }

  std::uint64_t single(bool errno_first) {
    const Token* token = peek();
    if (token == nullptr || (token->kind != Kind::identifier && token->kind != Kind::number)) {
      error_here("constant wanted, not '{}'");
      return 0;
    }
    ++at_;
    if (token->kind == Kind::number) return number(*token);
    if (const auto known = minijail_constant(context_.options.native, token->text, errno_first)) return *known;
    fail(kTextUnknownConstant, span(*token), fmt::format("unknown constant '{}'", base::printable(token->text)),
         "write its number");
    return 0;
  }

  const base::SourceFile& file_;
  const ReadContext& context_;
  base::Diagnostics& diagnostics_;
  Program& program_;
  std::vector<const base::SourceFile*> above_;  // this file and those that include it
  const Line* line_ = nullptr;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

Program read_program(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics) {
  Program program;
  FileReader(file, context, diagnostics, program, {}).run();
  return program;
}

}  // namespace callgate::convert::minijail
