// SPDX-License-Identifier: Apache-2.0
#include "kube/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <set>

#include "base/text.h"
#include "kube/pod.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using text::Kind;
using text::Node;

class Decoder {
 public:
  explicit Decoder(Decoded& out) : out_(out) {}

  // The members of `object` in the order of their keys; of a repeated key the last one.
  static std::vector<Node> sorted(Node object) {
    std::vector<Node> members(object.begin(), object.end());
    std::stable_sort(members.begin(), members.end(), [](Node a, Node b) { return a.key() < b.key(); });
    std::vector<Node> out;
    for (const Node each : members) {
      if (!out.empty() && out.back().key() == each.key()) out.pop_back();
      out.push_back(each);
    }
    return out;
  }

  // `path`: as unknown fields are named, with indexes. `stack`: the names of fields alone, for type errors.
  void object(Node node, const Struct& type, const std::string& path, const std::string& stack) {
    for (const Node member : sorted(node)) {
      const Field* const field = type.find(member.key());
      const std::string at = path.empty() ? std::string(member.key()) : fmt::format("{}.{}", path, member.key());
      if (field == nullptr) {
        out_.unknown.push_back({fmt::format("unknown field {}", manifest::go_quote(at)), member.key_span()});
        continue;
      }
      const std::string names = stack.empty() ? std::string(field->name) : fmt::format("{}.{}", stack, field->name);
      field_value(member, *field, type, at, names);
    }
  }

 private:
  struct Where {
    const Struct& owner;
    const std::string& names;
  };

  void field_value(Node node, const Field& field, const Struct& owner, const std::string& path,
                   const std::string& names) {
    const Where where{owner, names};
    if (node.is_null()) return;
    if (field.container == Container::list) {
      if (!node.is_array()) return wrong(node, where, field.go);
      std::size_t index = 0;
      for (const Node each : node) value(each, field, where, fmt::format("{}[{}]", path, index++), field.go.substr(2));
      return;
    }
    if (field.container == Container::map) {
      if (!node.is_object()) return wrong(node, where, field.go);
      const std::size_t end = field.go.find(']');
      const std::string_view element = end == std::string_view::npos ? field.go : field.go.substr(end + 1);
      for (const Node each : sorted(node)) value(each, field, where, fmt::format("{}.{}", path, each.key()), element);
      return;
    }
    value(node, field, where, path, field.go);
  }

  void value(Node node, const Field& field, const Where& where, const std::string& path, std::string_view go) {
    if (node.is_null()) return;
    switch (field.scalar) {
      case Scalar::object:
        if (!node.is_object()) return wrong(node, where, go);
        return object(node, struct_at(field.index), path, where.names);
      case Scalar::string:
        if (!node.is_string() || yaml_bool(node)) wrong(node, where, go);
        return;
      case Scalar::bool_:
        if (!truth(node)) wrong(node, where, go);
        return;
      case Scalar::int32:
        return integer(node, where, go, std::numeric_limits<std::int32_t>::min(),
                       std::numeric_limits<std::int32_t>::max());
      case Scalar::int64:
        return integer(node, where, go, std::numeric_limits<std::int64_t>::min(),
                       std::numeric_limits<std::int64_t>::max());
      case Scalar::quantity:
        return quantity(node);
      case Scalar::intorstring:
        if (!node.is_string() && !node.is_number())
          stop(node, fmt::format("json: cannot unmarshal {} into Go value of type int32", word(node)));
        return;
      case Scalar::time:
      case Scalar::microtime:
      case Scalar::duration:
        if (!node.is_string())
          stop(node, fmt::format("json: cannot unmarshal {} into Go value of type string", word(node)));
        return;
      case Scalar::fieldsv1:
      case Scalar::any:
        return;
    }
  }

  void integer(Node node, const Where& where, std::string_view go, std::int64_t least, std::int64_t most) {
    if (!node.is_number()) return wrong(node, where, go);
    const auto number = node.as_i64();
    if (!number || *number < least || *number > most)
      stop(node, fmt::format("json: cannot unmarshal number {} into {}", node.text(), target(where, go)));
  }

  // resource.Quantity: digits, then a suffix.
  void quantity(Node node) {
    if (!node.is_string() && !node.is_number()) return bad_quantity(node);
    std::string_view text = node.text();
    if (text.empty()) return;
    if (text.front() == '+' || text.front() == '-') text.remove_prefix(1);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    if (digits == 0 || std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits), '.') > 1)
      return bad_quantity(node);
    const std::string_view suffix = text.substr(digits);
    constexpr std::array kSuffixes{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
    if (std::find(kSuffixes.begin(), kSuffixes.end(), suffix) != kSuffixes.end()) return;
    std::string_view exponent = suffix.substr(1);
    if (!exponent.empty() && (exponent.front() == '+' || exponent.front() == '-')) exponent.remove_prefix(1);
    const bool power = (suffix.front() == 'e' || suffix.front() == 'E') && !exponent.empty() &&
                       exponent.find_first_not_of("0123456789") == std::string_view::npos;
    if (!power) bad_quantity(node);
  }
  void bad_quantity(Node node) {
    stop(node, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
  }

  static bool yaml_bool(Node node) { return node.style() == text::ScalarStyle::plain && truth(node).has_value(); }

  static std::string_view word(Node node) {
    switch (node.kind()) {
      case Kind::boolean:
        return "bool";
      case Kind::number:
        return "number";
      case Kind::array:
        return "array";
      case Kind::object:
        return "object";
      case Kind::string:
      case Kind::null:
        break;
    }
    return yaml_bool(node) ? "bool" : "string";
  }

  static std::string target(const Where& where, std::string_view go) {
    return fmt::format("Go struct field {}.{} of type {}", where.owner.go_name(), where.names, go);
  }
  void wrong(Node node, const Where& where, std::string_view go) {
    stop(node, fmt::format("json: cannot unmarshal {} into {}", word(node), target(where, go)));
  }
  // The first one is what the server reports.
  void stop(Node node, std::string message) {
    if (!out_.wrong) out_.wrong = Fault{std::move(message), node.span()};
  }

  Decoded& out_;
};

// The line on which the server's reader starts to count: behind the last separator above the document.
std::uint32_t first_line(Node root) {
  const base::Span span = root.span();
  const std::string_view text = span.file->text().substr(0, span.begin);
  std::size_t line = text.size();
  while (line > 0) {
    const std::size_t begin = text.rfind('\n', line - 1);
    const std::size_t from = begin == std::string_view::npos ? 0 : begin + 1;
    if (text.substr(from, line - from).starts_with("---"))
      return span.file->position(static_cast<std::uint32_t>(from)).line;
    if (begin == std::string_view::npos) break;
    line = begin;
  }
  return 0;
}

void find_repeated(Node node, std::uint32_t line_before, std::vector<Fault>& out) {
  if (node.is_array())
    for (const Node each : node) find_repeated(each, line_before, out);
  if (!node.is_object()) return;
  std::set<std::string_view> seen;
  for (const Node member : node) {
    if (node.size() > 1 && !seen.insert(member.key()).second) {
      const base::Span key = member.key_span();
      // The server counts where the value begins.
      const base::Span value = member.span();
      const std::uint32_t at = value.end > value.begin ? value.begin : key.begin;
      const std::uint32_t line = key.file->position(at).line - line_before;
      out.push_back({fmt::format("line {}: key {} already set in map", line, manifest::go_quote(member.key())), key});
    }
    find_repeated(member, line_before, out);
  }
}

}  // namespace

Decoded decode(Node object, const Struct& type) {
  Decoded out;
  find_repeated(object, first_line(object), out.repeated);
  Decoder(out).object(object, type, {}, {});
  return out;
}

std::string strict_error(const Decoded& decoded) {
  std::string out;
  for (const Fault& each : decoded.repeated) out += (out.empty() ? "yaml: unmarshal errors:\n  " : "\n  ") + each.text;
  for (const Fault& each : decoded.unknown) out += (out.empty() ? "" : ", ") + each.text;
  return out.empty() ? out : "strict decoding error: " + out;
}

}  // namespace callgate::kube
