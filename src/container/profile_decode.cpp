// The structs are moby/profiles' seccomp.Seccomp, containers/common's, and the runtime specification's LinuxSeccomp.
// Source: Go's encoding/json/decode.go (array, object, literalStore, addErrorContext); moby/profiles seccomp.go
// (KernelVersion.UnmarshalJSON).
// SPDX-License-Identifier: Apache-2.0
#include "container/profile_decode.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.h"
#include "manifest/go_json.h"
#include "manifest/go_text.h"
#include "text/node.h"

namespace callgate::container {

namespace {

enum class Shape { text, natural32, natural64, texts, structure, structures, kernel };

struct Field;
struct Struct {
  std::string_view name;
  std::span<const Field> fields;
};
struct Field {
  std::string_view name;
  Shape shape;
  std::string_view type;               // as Go prints it
  const Struct* inner = nullptr;       // of structure, structures
  std::string_view element_type = {};  // of texts, structures
};

constexpr std::array kArgumentFields{
    Field{"index", Shape::natural64, "uint"}, Field{"value", Shape::natural64, "uint64"},
    Field{"valueTwo", Shape::natural64, "uint64"}, Field{"op", Shape::text, "specs.LinuxSeccompOperator"}};
constexpr Struct kArgument{"LinuxSeccompArg", kArgumentFields};
constexpr std::array kFilterFields{Field{"caps", Shape::texts, "[]string", nullptr, "string"},
                                   Field{"arches", Shape::texts, "[]string", nullptr, "string"},
                                   Field{"minKernel", Shape::kernel, "seccomp.KernelVersion"}};
constexpr Struct kFilter{"Filter", kFilterFields};
constexpr std::array kMapFields{Field{"architecture", Shape::text, "specs.Arch"},
                                Field{"subArchitectures", Shape::texts, "[]specs.Arch", nullptr, "specs.Arch"}};
constexpr Struct kMap{"Architecture", kMapFields};
constexpr std::array kCallFields{
    Field{"names", Shape::texts, "[]string", nullptr, "string"},
    Field{"action", Shape::text, "specs.LinuxSeccompAction"},
    Field{"errnoRet", Shape::natural64, "uint"},
    Field{"args", Shape::structures, "[]specs.LinuxSeccompArg", &kArgument, "specs.LinuxSeccompArg"},
    Field{"name", Shape::text, "string"},
    Field{"comment", Shape::text, "string"},
    Field{"includes", Shape::structure, "seccomp.Filter", &kFilter},
    Field{"excludes", Shape::structure, "seccomp.Filter", &kFilter},
    Field{"errno", Shape::text, "string"}};
constexpr Struct kCall{"Syscall", kCallFields};
constexpr std::array kSeccompFields{
    Field{"defaultAction", Shape::text, "specs.LinuxSeccompAction"},
    Field{"defaultErrnoRet", Shape::natural64, "uint"},
    Field{"architectures", Shape::texts, "[]specs.Arch", nullptr, "specs.Arch"},
    Field{"flags", Shape::texts, "[]specs.LinuxSeccompFlag", nullptr, "specs.LinuxSeccompFlag"},
    Field{"listenerPath", Shape::text, "string"},
    Field{"listenerMetadata", Shape::text, "string"},
    Field{"archMap", Shape::structures, "[]seccomp.Architecture", &kMap, "seccomp.Architecture"},
    Field{"syscalls", Shape::structures, "[]*seccomp.Syscall", &kCall, "seccomp.Syscall"},
    Field{"defaultErrno", Shape::text, "string"}};
constexpr Struct kSeccomp{"Seccomp", kSeccompFields};

// The runtime specification's own: neither names of old nor conditions.
constexpr std::array kPlainCallFields{
    Field{"names", Shape::texts, "[]string", nullptr, "string"},
    Field{"action", Shape::text, "specs.LinuxSeccompAction"}, Field{"errnoRet", Shape::natural64, "uint"},
    Field{"args", Shape::structures, "[]specs.LinuxSeccompArg", &kArgument, "specs.LinuxSeccompArg"}};
constexpr Struct kPlainCall{"LinuxSyscall", kPlainCallFields};
constexpr std::array kPlainFields{
    kSeccompFields[0],
    kSeccompFields[1],
    kSeccompFields[2],
    kSeccompFields[3],
    kSeccompFields[4],
    kSeccompFields[5],
    Field{"syscalls", Shape::structures, "[]specs.LinuxSyscall", &kPlainCall, "specs.LinuxSyscall"}};
constexpr Struct kPlain{"LinuxSeccomp", kPlainFields};

std::string_view kind_name(text::Node node) {
  switch (node.kind()) {
    case text::Kind::array:
      return "array";
    case text::Kind::object:
      return "object";
    case text::Kind::boolean:
      return "bool";
    case text::Kind::number:
      return "number";
    default:
      return "string";
  }
}

// An error of an Unmarshaler ends decoding; a type that does not fit is kept and decoding goes on.
class Decoder {
 public:
  std::string run(text::Node root, const Struct& into, std::string_view type) {
    if (root.is_object()) {
      object(root, into);
    } else if (!root.is_null()) {
      first_ = fmt::format("json: cannot unmarshal {} into Go value of type {}", kind_name(root), type);
    }
    return fatal_.empty() ? first_ : fatal_;
  }

 private:
  void mismatch(std::string_view value, std::string_view type, const Struct& in) {
    if (first_.empty())
      first_ =
          fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", value, in.name, path_, type);
  }
  void object(text::Node node, const Struct& into);
  void value(text::Node node, const Field& field, const Struct& in);
  void literal(text::Node node, Shape shape, std::string_view type, const Struct& in);
  void list(text::Node node, const Field& field, const Struct& in);
  void kernel(text::Node node);

  std::string path_, first_, fatal_;
};

void Decoder::object(text::Node node, const Struct& into) {
  for (const text::Node member : node)
    for (const Field& field : into.fields) {
      if (!base::equals_ignore_case(field.name, member.key()) || !fatal_.empty()) continue;
      const std::size_t before = path_.size();
      path_.append(path_.empty() ? "" : ".").append(field.name);
      value(member, field, into);
      path_.resize(before);
    }
}

void Decoder::value(text::Node node, const Field& field, const Struct& in) {
  if (node.is_null()) return;
  switch (field.shape) {
    case Shape::texts:
    case Shape::structures:
      return list(node, field, in);
    case Shape::structure:
      return node.is_object() ? object(node, *field.inner) : mismatch(kind_name(node), field.type, in);
    case Shape::kernel:
      return kernel(node);
    default:
      return literal(node, field.shape, field.type, in);
  }
}

void Decoder::list(text::Node node, const Field& field, const Struct& in) {
  if (!node.is_array()) return mismatch(kind_name(node), field.type, in);
  for (const text::Node element : node) {
    if (element.is_null()) continue;
    if (field.shape == Shape::texts) {
      literal(element, Shape::text, field.element_type, in);
    } else if (element.is_object()) {
      object(element, *field.inner);
    } else {
      mismatch(kind_name(element), field.element_type, in);
    }
  }
}

void Decoder::literal(text::Node node, Shape shape, std::string_view type, const Struct& in) {
  if (shape == Shape::text) {
    if (!node.is_string()) mismatch(kind_name(node), type, in);
    return;
  }
  if (!node.is_number()) return mismatch(kind_name(node), type, in);
  if (!node.as_u64()) mismatch(fmt::format("number {}", node.text()), type, in);
}

// strconv.ParseUint(part, 10, 8).
std::optional<std::string> number_error(std::string_view part) {
  unsigned value = 0;
  const auto [end, wrong] = std::from_chars(part.data(), part.data() + part.size(), value);
  const bool digits = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return fmt::format("strconv.ParseUint: parsing {}: invalid syntax", manifest::go_quote(part));
  if (wrong != std::errc() || end != part.data() + part.size() || value > 255)
    return fmt::format("strconv.ParseUint: parsing {}: value out of range", manifest::go_quote(part));
  return std::nullopt;
}

void Decoder::kernel(text::Node node) {
  constexpr std::string_view kWanted = "expected \"<kernel>.<major>\"";
  const auto fail = [&](std::string_view more) {
    fatal_ = fmt::format("invalid kernel version: {}, {}{}", node.span().text(), kWanted, more);
  };
  if (!node.is_string())
    return fail(fmt::format(": json: cannot unmarshal {} into Go value of type string", kind_name(node)));
  if (node.text().empty()) return;
  const auto parts = base::split(node.text(), '.');
  if (parts.size() != 2) return fail("");
  for (const std::string_view part : parts)
    if (const auto wrong = number_error(part)) return fail(": " + *wrong);
  if (parts[0].find_first_not_of('0') == std::string_view::npos &&
      parts[1].find_first_not_of('0') == std::string_view::npos)
    fail(": version cannot be 0.0");
}

}  // namespace

std::string decode_error(const base::SourceFile& file, format::Engine engine) {
  if (const auto compact = manifest::go_compact(file.text()); !compact) return compact.error().message;
  base::Diagnostics unread;
  const auto document = text::read_json(file, unread);
  if (!document) return {};
  const bool plain = engine == format::Engine::containerd;
  return Decoder().run(document->root(), plain ? kPlain : kSeccomp, plain ? "specs.LinuxSeccomp" : "seccomp.Seccomp");
}

}  // namespace callgate::container
