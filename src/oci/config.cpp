// SPDX-License-Identifier: Apache-2.0
#include "oci/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_write.h"
#include "oci/diagnostic_ids.h"

namespace callgate::oci {

namespace {

using text::Kind;
using text::Node;

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::object:
      return "an object";
    case Kind::array:
      return "an array";
    case Kind::string:
      return "a string";
    default:
      return "a number";
  }
}

// Members of one kind; what is missing or null is nothing, what is of another kind is an error.
class Reader {
 public:
  explicit Reader(base::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Node member(Node parent, std::string_view name, Kind kind) {
    if (!parent) return {};
    const Node found = parent.find(name);
    if (!found || found.is_null()) return {};
    if (found.kind() == kind) return found;
    diagnostics_.add(kNotAConfig, found.span(), fmt::format("'{}' has to be {}", name, name_of(kind)));
    good = false;
    return {};
  }
  Node needed(Node parent, std::string_view name, Kind kind) {
    const Node found = member(parent, name, kind);
    if (found || !good) return found;
    diagnostics_.add(kNotAConfig, parent.span(), fmt::format("'{}' is missing", name));
    good = false;
    return {};
  }
  bool good = true;

 private:
  base::Diagnostics& diagnostics_;
};

// A document whose root is an object, and which names nothing twice.
std::unique_ptr<text::Document> read_object(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  base::Diagnostics found;
  found.promote_warnings();
  auto document = text::read_json(file, found);
  if (document && !document->root().is_object())
    found.add(kNotAConfig, document->root().span(), "what a runtime takes is an object");
  diagnostics.append(found);
  if (!document || found.has_errors()) return nullptr;
  return std::make_unique<text::Document>(std::move(*document));
}

// Replacements of a text's parts, put together once all are known.
class Edits {
 public:
  explicit Edits(std::string_view text) : text_(text) {}

  // The member of that name in place of the one that is there, or first of all.
  void set(Node object, std::string_view name, const std::string& json) {
    if (const Node old = object.find(name)) {
      add(old.span().begin, old.span().end, json);
      return;
    }
    const std::uint32_t at = object.span().begin + 1;
    add(at, at, fmt::format("{}:{}{}", base::json_quote(name), json, object.size() == 0 ? "" : ","));
  }
  void append(Node array, const std::string& json) {
    const std::uint32_t at = array.span().end - 1;
    add(at, at, (array.size() == 0 ? "" : ",") + json);
  }
  std::string apply() {
    std::stable_sort(edits_.begin(), edits_.end(), [](const Edit& a, const Edit& b) { return a.begin < b.begin; });
    std::string out;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      out += text_.substr(at, edit.begin - at);
      out += edit.text;
      at = edit.end;
    }
    out += text_.substr(at);
    return out;
  }

 private:
  struct Edit {
    std::uint32_t begin, end;
    std::string text;
  };
  void add(std::uint32_t begin, std::uint32_t end, std::string text) {
    edits_.push_back({begin, end, std::move(text)});
  }

  std::string_view text_;
  std::vector<Edit> edits_;
};

std::string object_of(std::string_view name, const std::string& json) {
  return fmt::format("{{{}:{}}}", base::json_quote(name), json);
}

void add_verifier(Edits& edits, const Config& config, const std::string& path) {
  const std::string hook =
      fmt::format(R"({{"path":{},"args":["callgate","hook","poststart"]}})", base::json_quote(path));
  const std::string list = "[" + hook + "]";
  const Node there = config.hooks ? config.hooks.find("poststart") : Node();
  if (there && there.is_array())
    edits.append(there, hook);
  else if (config.hooks)
    edits.set(config.hooks, "poststart", list);
  else
    edits.set(config.root, "hooks", object_of("poststart", list));
}

}  // namespace

std::optional<Config> read_config(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  Config config;
  config.document = read_object(file, diagnostics);
  if (!config.document) return std::nullopt;
  config.root = config.document->root();
  Reader reader(diagnostics);
  reader.needed(config.root, "ociVersion", Kind::string);
  config.linux = reader.member(config.root, "linux", Kind::object);
  config.seccomp = reader.member(config.linux, "seccomp", Kind::object);
  config.annotations = reader.member(config.root, "annotations", Kind::object);
  config.filter = reader.member(config.annotations, kFilterAnnotation, Kind::string);
  config.hooks = reader.member(config.root, "hooks", Kind::object);
  reader.member(config.hooks, "poststart", Kind::array);
  const Node process = reader.member(config.root, "process", Kind::object);
  const Node capabilities = reader.member(process, "capabilities", Kind::object);
  if (const Node bounding = reader.member(capabilities, "bounding", Kind::array))
    for (const Node each : bounding)
      if (each.is_string()) config.bounding.emplace_back(each.text());
  if (const Node path = reader.member(config.seccomp, "listenerPath", Kind::string); path && !path.text().empty()) {
    diagnostics.add(kListener, path.span(),
                    "the profile's listener gets its descriptor only with a filter of the runtime's own",
                    "leave this container to the runtime, or take the listener out");
    return std::nullopt;
  }
  if (!reader.good) return std::nullopt;
  return config;
}

std::string changed(const Config& config, const Change& change) {
  Edits edits(config.document->file().text());
  const std::string filter = base::json_quote(change.filter);
  if (config.annotations)
    edits.set(config.annotations, kFilterAnnotation, filter);
  else
    edits.set(config.root, "annotations", object_of(kFilterAnnotation, filter));
  if (!change.seccomp.empty()) {
    if (config.linux)
      edits.set(config.linux, "seccomp", change.seccomp);
    else
      edits.set(config.root, "linux", object_of("seccomp", change.seccomp));
  }
  if (!change.verifier.empty()) add_verifier(edits, config, change.verifier);
  return edits.apply();
}

std::string nothing_allowed(const std::vector<std::string>& flags) {
  std::string out = R"({"defaultAction":"SCMP_ACT_KILL_PROCESS")";
  for (std::size_t i = 0; i < flags.size(); ++i) out += (i == 0 ? R"(,"flags":[)" : ",") + base::json_quote(flags[i]);
  return out + (flags.empty() ? "}" : "]}");
}

std::optional<State> read_state(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  const auto document = read_object(file, diagnostics);
  if (!document) return std::nullopt;
  Reader reader(diagnostics);
  const Node root = document->root();
  State state;
  if (const Node id = reader.needed(root, "id", Kind::string)) state.id = id.text();
  if (const Node bundle = reader.needed(root, "bundle", Kind::string)) state.bundle = bundle.text();
  const Node pid = reader.needed(root, "pid", Kind::number);
  const Node filter = reader.member(reader.member(root, "annotations", Kind::object), kFilterAnnotation, Kind::string);
  if (filter) state.filter = std::string(filter.text());
  if (!reader.good) return std::nullopt;
  const auto number = pid.as_u64();
  if (!number || *number == 0 || *number > 0x7fffffff) {
    diagnostics.add(kNotAConfig, pid.span(), "'pid' is no process");
    return std::nullopt;
  }
  state.pid = static_cast<pid_t>(*number);
  return state;
}

}  // namespace callgate::oci
