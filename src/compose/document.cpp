// SPDX-License-Identifier: Apache-2.0
#include "compose/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "manifest/go_text.h"
#include "text/diagnostic_ids.h"
#include "text/node.h"

namespace callgate::compose {
namespace {

constexpr std::string_view kMergeKey = "<<";
constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// strconv.ParseInt(text, 0, 64), else ParseUint.
std::optional<std::string> as_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int radix = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char c = text[1];
    radix = c == 'x' || c == 'X' ? 16 : c == 'b' || c == 'B' ? 2 : 8;
    text.remove_prefix(radix == 8 && c != 'o' && c != 'O' ? 1 : 2);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!negative) return std::to_string(value);
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 63;
  if (value > kLeast) return std::nullopt;
  return value == 0 ? "0" : "-" + std::to_string(value);
}

// The regular expression of go-yaml's resolve.go.
std::optional<std::string> as_real(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  const std::size_t whole = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest.remove_prefix(whole);
  std::size_t fraction = 0;
  if (rest.starts_with('.')) {
    fraction = std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1;
    rest.remove_prefix(fraction + 1);
  }
  if (whole + fraction == 0) return std::nullopt;
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
    if (!all_digits(rest)) return std::nullopt;
    rest = {};
  }
  if (!rest.empty()) return std::nullopt;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return fmt::format("{}", value);
}

// 2001-2-3, perhaps with a time of day.
bool is_timestamp(std::string_view text) {
  const std::size_t first = text.find('-');
  if (first != 4 || !all_digits(text.substr(0, 4))) return false;
  const std::size_t second = text.find('-', 5);
  if (second == std::string_view::npos || !all_digits(text.substr(5, second - 5)) || second - 5 > 2) return false;
  const std::size_t day_end = std::min(text.find_first_of("Tt ", second), text.size());
  const std::string_view day = text.substr(second + 1, day_end - second - 1);
  if (!all_digits(day) || day.size() > 2) return false;
  return day_end == text.size() ||
         std::count(text.begin() + static_cast<std::ptrdiff_t>(day_end), text.end(), ':') >= 2;
}

struct Word {
  std::string_view text;
  Kind kind;
  std::string_view printed;
};
constexpr std::array<Word, 20> kWords{{{"", Kind::null, ""},
                                       {"~", Kind::null, ""},
                                       {"null", Kind::null, ""},
                                       {"Null", Kind::null, ""},
                                       {"NULL", Kind::null, ""},
                                       {"true", Kind::boolean, "true"},
                                       {"True", Kind::boolean, "true"},
                                       {"TRUE", Kind::boolean, "true"},
                                       {"false", Kind::boolean, "false"},
                                       {"False", Kind::boolean, "false"},
                                       {"FALSE", Kind::boolean, "false"},
                                       {".nan", Kind::real, "NaN"},
                                       {".NaN", Kind::real, "NaN"},
                                       {".NAN", Kind::real, "NaN"},
                                       {".inf", Kind::real, "+Inf"},
                                       {".Inf", Kind::real, "+Inf"},
                                       {".INF", Kind::real, "+Inf"},
                                       {"-.inf", Kind::real, "-Inf"},
                                       {"-.Inf", Kind::real, "-Inf"},
                                       {"+.inf", Kind::real, "+Inf"}}};

Value scalar_of(Kind kind, std::string text) {
  Value value;
  value.kind = kind;
  value.text = std::move(text);
  return value;
}

}  // namespace

Value resolve_scalar(std::string_view text) {
  const auto word = std::find_if(kWords.begin(), kWords.end(), [text](const Word& w) { return w.text == text; });
  if (word != kWords.end()) return scalar_of(word->kind, std::string(word->printed));
  const char c = text.front();
  if ((c < '0' || c > '9') && c != '+' && c != '-' && c != '.') return scalar_of(Kind::string, std::string(text));
  if (is_timestamp(text)) return scalar_of(Kind::timestamp, std::string(text));
  std::string plain(text);
  std::erase(plain, '_');
  if (c != '.')
    if (auto integer = as_integer(plain)) return scalar_of(Kind::integer, std::move(*integer));
  if (auto real = as_real(c == '.' ? std::string(text) : plain)) return scalar_of(Kind::real, std::move(*real));
  return scalar_of(Kind::string, std::string(text));
}

namespace {

class Converter {
 public:
  Converter(const base::SourceFile& file, std::string_view shown, std::vector<Note>& notes)
      : file_(file), shown_(shown), notes_(notes) {}
  Loaded<YamlDocument> run(text::Node root);

 private:
  // Nothing for a value that !reset takes away.
  Loaded<std::optional<Value>> convert(text::Node node);
  Loaded<Value> scalar(text::Node node);
  Loaded<Value> mapping(text::Node node);
  Loaded<Value> sequence(text::Node node);
  Loaded<bool> check_keys(text::Node node);
  Loaded<bool> merge(text::Node source, std::vector<Value>& merged);
  Loaded<bool> merge_one(Value source, base::Span at, std::vector<Value>& merged);
  void add_merged(Value& into, std::vector<Value> merged);
  tl::unexpected<Refusal> refuse_parse(const std::string& message, base::Span place) {
    return refuse(fmt::format("failed to parse {}: {}", shown_, message), place);
  }
  std::uint32_t line(base::Span span) const { return file_.position(span.begin).line; }

  const base::SourceFile& file_;
  std::string_view shown_;
  std::vector<Note>& notes_;
  YamlDocument document_;
  Path path_;
  bool in_override_ = false;  // what stands in an !override is taken as it is
};

Loaded<Value> Converter::scalar(text::Node node) {
  Value value;
  const std::string_view tag = node.tag();
  // go-yaml resolves what has no tag or one of its own; with another (!override) a scalar is a string.
  const bool is_tagged = tag.starts_with(kCoreTags) && !node.is_string();
  const bool is_plain = tag.empty() && node.style() == text::ScalarStyle::plain;
  value = is_tagged || is_plain ? resolve_scalar(node.text()) : make_string(std::string(node.text()));
  value.place = node.span();
  return value;
}

// ResetProcessor compares the keys' texts, whatever their type.
Loaded<bool> Converter::check_keys(text::Node node) {
  std::map<std::string_view, base::Span> seen;
  for (const text::Node member : node) {
    const auto [known, is_new] = seen.emplace(member.key(), member.key_span());
    if (!is_new)
      return refuse_parse(fmt::format("line {}: mapping key {} already defined at line {}", line(member.key_span()),
                                      manifest::go_quote(member.key()), line(known->second)),
                          member.key_span());
  }
  return true;
}

bool is_plain_key(text::Node member) {
  const std::string_view written = member.key_span().text();
  return !written.starts_with('"') && !written.starts_with('\'') && !written.starts_with('!');
}

Loaded<bool> Converter::merge_one(Value source, base::Span at, std::vector<Value>& merged) {
  if (merged.size() + source.items.size() > kMaxMembers)
    return refuse_limit(fmt::format("merge keys bring more than {} members", kMaxMembers), at);
  if (!source.is_map()) return refuse_parse("yaml: map merge requires map or sequence of maps as the value", at);
  for (Value& member : source.items) {
    const auto known = [&member](const Value& other) { return other.key == member.key; };
    if (std::none_of(merged.begin(), merged.end(), known)) merged.push_back(std::move(member));
  }
  return true;
}

Loaded<bool> Converter::merge(text::Node source, std::vector<Value>& merged) {
  if (source.is_array()) {
    for (const text::Node item : source) {
      auto value = convert(item);
      if (!value) return tl::unexpected(value.error());
      if (!*value) continue;
      if (auto done = merge_one(std::move(**value), item.span(), merged); !done) return done;
    }
    return true;
  }
  auto value = convert(source);
  if (!value) return tl::unexpected(value.error());
  return *value ? merge_one(std::move(**value), source.span(), merged) : true;
}

// A key that the mapping has itself counts, not the merged one.
void Converter::add_merged(Value& into, std::vector<Value> merged) {
  for (Value& member : merged) {
    const Value* own = into.find(member.key);
    if (!own) {
      into.items.push_back(std::move(member));
    } else if (member.key == "security_opt" && path_.size() == 2 && path_[0] == "services") {
      notes_.push_back({std::string(path_[1]),
                        {manifest::Step::Kind::fact,
                         "security_opt stands in the service itself, so the list that the merge key '<<' brings is not "
                         "taken",
                         own->key_place}});
    }
  }
}

Loaded<Value> Converter::mapping(text::Node node) {
  if (auto ok = check_keys(node); !ok) return tl::unexpected(ok.error());
  if (node.size() > kMaxMembers)
    return refuse_limit(fmt::format("a mapping has {} members; at most {} are read", node.size(), kMaxMembers),
                        node.span());
  Value map = make_map();
  map.place = node.span();
  map.items.reserve(node.size());
  std::vector<Value> merged;
  for (const text::Node member : node) {
    if (member.key() == kMergeKey && is_plain_key(member)) {
      if (auto ok = merge(member, merged); !ok) return tl::unexpected(ok.error());
      continue;
    }
    path_.push_back(member.key());
    auto value = convert(member);
    path_.pop_back();
    if (!value) return tl::unexpected(value.error());
    if (!*value) continue;
    if (const Value key = resolve_scalar(member.key()); key.kind != Kind::string && is_plain_key(member)) {
      const std::string where = path_.empty() ? "at top level" : "in " + join(path_);
      const std::string shown = key.kind == Kind::null ? "<nil>" : key.text;
      return refuse(fmt::format("non-string key {}: {}", where, shown), member.key_span());
    }
    Value& added = map.items.emplace_back(std::move(**value));
    added.key = member.key();
    added.key_place = member.key_span();
  }
  add_merged(map, std::move(merged));
  return map;
}

Loaded<Value> Converter::sequence(text::Node node) {
  Value list;
  list.kind = Kind::list;
  list.place = node.span();
  list.items.reserve(node.size());
  path_.emplace_back("[]");
  for (const text::Node item : node) {
    auto value = convert(item);
    if (!value) return tl::unexpected(value.error());
    if (*value) list.items.push_back(std::move(**value));
  }
  path_.pop_back();
  return list;
}

Loaded<std::optional<Value>> Converter::convert(text::Node node) {
  const bool is_override = !in_override_ && node.tag() == "!override";
  if (is_override || (!in_override_ && node.tag() == "!reset"))
    document_.resets.emplace_back(path_.begin(), path_.end());
  if (!in_override_ && node.tag() == "!reset") return std::optional<Value>();
  if (is_override) in_override_ = true;
  auto value = node.is_object() ? mapping(node) : node.is_array() ? sequence(node) : scalar(node);
  if (is_override) in_override_ = false;
  if (!value) return tl::unexpected(value.error());
  return std::optional<Value>(std::move(*value));
}

Loaded<YamlDocument> Converter::run(text::Node root) {
  auto value = convert(root);
  if (!value) return tl::unexpected(value.error());
  if (*value) document_.value = std::move(**value);
  if (!document_.value.is_map()) return refuse("top-level object must be a mapping", root.span());
  return std::move(document_);
}

}  // namespace

ParsedYaml parse_yaml(const base::SourceFile& file) {
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  limits.max_nodes = kMaxValues;
  ParsedYaml yaml;
  yaml.documents = text::read_yaml(file, yaml.found, limits);
  return yaml;
}

std::optional<std::string> failure_words(const base::SourceFile& file, const ParsedYaml& yaml) {
  const int first = yaml.found.items().empty() ? 0 : yaml.found.items().front().number;
  if (first == text::kYamlUnknownAlias.number)
    return fmt::format("yaml: unknown anchor '{}' referenced", yaml.found.items().front().span.text().substr(1));
  // Reading again what is nested too deeply would take long.
  const bool is_syntax = first == text::kYamlSyntax.number || first == text::kYamlCharacter.number;
  return is_syntax ? text::go_yaml_failure(file.text()) : std::nullopt;
}

Loaded<std::vector<YamlDocument>> read_documents(const base::SourceFile& file, const ParsedYaml& yaml,
                                                 std::string_view shown, std::vector<Note>& notes,
                                                 base::Diagnostics& diagnostics) {
  const base::Diagnostics& found = yaml.found;
  diagnostics.append(found);
  if (!yaml.documents) {
    const base::Span place = found.items().empty() ? base::Span{} : found.items().front().span;
    const auto words = failure_words(file, yaml);
    if (words) return refuse(fmt::format("failed to parse {}: {}", shown, *words), place);
    const std::string said = found.items().empty() ? "not YAML" : found.items().front().message;
    auto refusal = refuse(fmt::format("failed to parse {}: {}", shown, said), place);
    refusal.value().is_limit = true;
    return refusal;
  }
  std::vector<YamlDocument> out;
  for (const text::Document& document : *yaml.documents) {
    auto converted = Converter(file, shown, notes).run(document.root());
    if (!converted) return tl::unexpected(converted.error());
    out.push_back(std::move(*converted));
  }
  return out;
}

}  // namespace callgate::compose
