// SPDX-License-Identifier: Apache-2.0
#include "syntax/pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "syntax/words.h"

namespace callgate::syntax {

namespace {

using policy::Op;

// Longer ones first.
constexpr std::array<std::pair<std::string_view, Op>, 8> kOperators{{{"==", Op::eq},
                                                                     {"!=", Op::ne},
                                                                     {"<=", Op::le},
                                                                     {">=", Op::ge},
                                                                     {"=", Op::eq},
                                                                     {"<", Op::lt},
                                                                     {">", Op::gt},
                                                                     {"&", Op::masked_eq}}};

class Parser {
 public:
  Parser(arch::Arch arch, std::string_view text) : arch_(arch), text_(text) {}

  tl::expected<CallPattern, PatternError> parse() {
    const std::string_view call = next();
    if (call.empty()) return wrong(text_, "a call is missing");
    const auto nr = find_call(arch_, call);
    if (!nr)
      return wrong(call, fmt::format("{} has no call '{}'", arch::info(arch_).name, base::printable(call)),
                   suggestion(arch::suggest_name(call)));
    pattern_.audit = arch::info(arch_).audit;
    pattern_.nr = *nr;
    const auto id = arch::find_name(arch::name_of_call(pattern_.audit, pattern_.nr));
    prototype_ = id ? arch::prototype(*id) : std::nullopt;
    for (std::string_view word = next(); !word.empty(); word = next())
      if (auto error = argument(word)) return tl::unexpected(std::move(*error));
    return std::move(pattern_);
  }

 private:
  tl::unexpected<PatternError> wrong(std::string_view at, std::string message, std::string help = {}) const {
    return tl::unexpected(error(at, std::move(message), std::move(help)));
  }
  PatternError error(std::string_view at, std::string message, std::string help = {}) const {
    const auto begin = static_cast<std::size_t>(at.data() - text_.data());
    return {begin, begin + at.size(), std::move(message), std::move(help)};
  }

  std::string_view next() {
    constexpr std::string_view kBlanks = " \t";
    const std::size_t begin = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
    at_ = std::min(text_.find_first_of(kBlanks, begin), text_.size());
    return text_.substr(begin, at_ - begin);
  }

  std::optional<PatternError> argument(std::string_view word) {
    for (const auto& [sign, op] : kOperators) {
      const std::size_t at = word.find(sign);
      if (at == std::string_view::npos || at == 0) continue;
      const auto place = place_of(word.substr(0, at));
      if (!place)
        return error(word.substr(0, at),
                     fmt::format("'{}' is no argument of that call", base::printable(word.substr(0, at))),
                     "a0 … a5 name them by their order");
      return add(*place, op, word.substr(at + sign.size()));
    }
    const bool number = base::parse_u64(word).has_value() || word.starts_with('-') || word.starts_with('~');
    const auto place = number ? std::optional(next_) : place_by_constant(word);
    if (!place)
      return error(word, fmt::format("'{}' is no value of an argument of that call", base::printable(word)),
                   "name the argument: a0=" + std::string(base::printable(word)));
    if (*place > 5) return error(word, "more than six arguments");
    return add(*place, Op::eq, word);
  }

  std::optional<unsigned> place_of(std::string_view name) const {
    if (name.size() == 2 && name[0] == 'a' && name[1] >= '0' && name[1] <= '5')
      return static_cast<unsigned>(name[1] - '0');
    for (std::size_t i = 0; prototype_ && i < prototype_->size(); ++i)
      if ((*prototype_)[i].name == name) return static_cast<unsigned>(i);
    return std::nullopt;
  }

  // The first argument from the next one on whose set has every word of it.
  std::optional<unsigned> place_by_constant(std::string_view word) const {
    if (!prototype_ || !arch::parse_value(word)) return std::nullopt;
    for (std::size_t i = next_; i < prototype_->size(); ++i) {
      const auto set = arch::constants_in((*prototype_)[i].set);
      const auto words = base::split(word, '|');
      if (std::all_of(words.begin(), words.end(), [&](std::string_view each) {
            return std::any_of(set.begin(), set.end(),
                               [&](const arch::Constant& c) { return c.name == base::trim(each); });
          }))
        return static_cast<unsigned>(i);
    }
    return std::nullopt;
  }

  std::optional<PatternError> add(unsigned place, Op op, std::string_view word) {
    const auto value = arch::parse_value(word);
    if (!value) return error(word, fmt::format("'{}' is neither a number nor a known constant", base::printable(word)));
    policy::Condition condition{static_cast<std::uint8_t>(place), op, *value};
    // -1 of a 32-bit argument is what a program puts into its register.
    if (prototype_ && place < prototype_->size() && (*prototype_)[place].width_bits <= 32)
      condition.value &= 0xffffffffU;
    if (op == Op::masked_eq) condition.mask = condition.value;
    pattern_.conditions.push_back(condition);
    next_ = place + 1;
    return std::nullopt;
  }

  arch::Arch arch_;
  std::string_view text_;
  std::size_t at_ = 0;
  unsigned next_ = 0;
  std::optional<std::span<const arch::ArgPrototype>> prototype_;
  CallPattern pattern_;
};

}  // namespace

tl::expected<CallPattern, PatternError> parse_pattern(arch::Arch arch, std::string_view text) {
  return Parser(arch, text).parse();
}

}  // namespace callgate::syntax
