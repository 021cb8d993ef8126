// From YAML to expectations.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "arch/prototype.h"
#include "base/text.h"
#include "expect/diagnostic_ids.h"
#include "expect/expect.h"
#include "syntax/words.h"
#include "text/node.h"

namespace callgate::expect {

namespace {

constexpr std::array<std::string_view, 7> kKeys{"profile", "as", "caps", "kernel", "arch", "upper-halves", "expect"};
constexpr std::array<std::string_view, 8> kKinds{"allow", "deny",      "log",         "notify",
                                                 "trace", "subset-of", "superset-of", "equal"};

class Reader {
 public:
  explicit Reader(base::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::optional<Test> read(const text::Node& root) {
    if (!root || !root.is_object()) {
      wrong(root ? root.span() : base::Span{}, "a test is a mapping with 'profile' and 'expect'");
      return std::nullopt;
    }
    for (const text::Node member : root) member_of_test(member);
    if (test_.profile.text.empty()) wrong(root.span(), "the test names no 'profile'");
    if (!root.find("expect")) wrong(root.span(), "the test has no 'expect'");
    return std::move(test_);
  }

 private:
  void wrong(base::Span span, std::string message, std::string help = {}) {
    // Of a whole document the first line is place enough.
    if (span.file != nullptr)
      span.end = std::min(
          span.end, span.begin + static_cast<std::uint32_t>(span.text().substr(0, span.text().find('\n')).size()));
    diagnostics_.add(kBadTest, span, std::move(message), std::move(help));
  }

  std::optional<Setting> scalar(const text::Node& node) {
    if (node.is_object() || node.is_array() || node.text().empty()) {
      wrong(node.span(), fmt::format("'{}' wants one word", base::printable(node.key())));
      return std::nullopt;
    }
    return Setting{std::string(node.text()), node.span()};
  }

  std::vector<Setting> list(const text::Node& node) {
    std::vector<Setting> out;
    if (!node.is_array()) {
      if (auto one = scalar(node)) out.push_back(std::move(*one));
      return out;
    }
    for (const text::Node each : node)
      if (auto one = scalar(each)) out.push_back(std::move(*one));
    return out;
  }

  void member_of_test(const text::Node& member) {
    const std::string_view key = member.key();
    if (key == "profile") {
      if (auto value = scalar(member)) test_.profile = std::move(*value);
    } else if (key == "as") {
      test_.as = scalar(member);
    } else if (key == "kernel") {
      test_.kernel = scalar(member);
    } else if (key == "caps") {
      test_.caps = list(member);
    } else if (key == "arch") {
      test_.archs = list(member);
    } else if (key == "upper-halves") {
      test_.any_upper_half = member.text() == "any";
      if (!test_.any_upper_half) wrong(member.span(), "'upper-halves' is 'any', or left out");
    } else if (key == "expect") {
      if (!member.is_array()) return wrong(member.span(), "'expect' wants a list");
      for (const text::Node each : member) expectation(each);
    } else {
      wrong(member.key_span(), fmt::format("a test has no '{}'", base::printable(key)),
            syntax::suggestion(base::closest(key, kKeys)));
    }
  }

  void expectation(const text::Node& entry) {
    if (!entry.is_object() || entry.size() == 0)
      return wrong(entry.span(), "an expectation is a mapping such as 'allow: read'");
    for (const text::Node member : entry) {
      Expectation base;
      if (!kind_of(member, base)) continue;
      for (const Setting& subject : list(member)) {
        Expectation each = base;
        each.subject = subject.text;
        each.span = subject.span;
        each.text = fmt::format("{}: {}", member.key(), subject.text);
        test_.expectations.push_back(std::move(each));
      }
    }
  }

  bool kind_of(const text::Node& member, Expectation& out) {
    using policy::ActionKind;
    const std::string_view key = member.key();
    const auto is = [&](Kind kind, policy::Action action = {}) {
      out.kind = kind;
      out.action = action;
      return true;
    };
    if (key == "allow") return is(Kind::action, policy::kAllow);
    if (key == "log") return is(Kind::action, {ActionKind::log, 0});
    if (key == "notify") return is(Kind::action, {ActionKind::notify, 0});
    if (key == "trace") return is(Kind::action, {ActionKind::trace, 0});
    if (key == "deny") return is(Kind::refusal);
    if (key == "subset-of") return is(Kind::subset_of);
    if (key == "superset-of") return is(Kind::superset_of);
    if (key == "equal") return is(Kind::equal);
    const std::string_view word = base::trim(key.starts_with("deny ") ? key.substr(5) : key);
    if (const auto action = policy::parse_action(word)) return is(Kind::action, *action);
    if (const auto number = arch::errno_number(word)) return is(Kind::action, policy::make_errno(*number));
    diagnostics_.add(kBadExpectation, member.key_span(),
                     fmt::format("nothing is expected by '{}'", base::printable(key)),
                     base::closest(key, kKinds) ? syntax::suggestion(base::closest(key, kKinds))
                                                : "allow, deny, deny ERRNO(1), deny ENOSYS, log, subset-of, equal …");
    return false;
  }

  base::Diagnostics& diagnostics_;
  Test test_;
};

}  // namespace

std::optional<std::vector<Test>> read_tests(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.error_count();
  const auto documents = text::read_yaml(file, diagnostics);
  if (!documents) return std::nullopt;
  std::vector<Test> tests;
  for (const text::Document& document : *documents)
    if (auto test = Reader(diagnostics).read(document.root())) tests.push_back(std::move(*test));
  if (documents->empty()) diagnostics.add(kBadTest, {&file, 0, 0}, "the file holds no test");
  if (diagnostics.error_count() != before) return std::nullopt;
  return tests;
}

}  // namespace callgate::expect
