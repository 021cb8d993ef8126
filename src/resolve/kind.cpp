// SPDX-License-Identifier: Apache-2.0
#include "resolve/kind.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "compose/compose.h"
#include "container/container.h"
#include "text/node.h"

namespace callgate::resolve {

namespace {

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// The key that a line at the margin begins with: `services:` or `"services" :`; empty if it is none.
std::string_view key_of(std::string_view line) {
  if (line.empty() || line.front() == ' ' || line.front() == '#') return {};
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || (colon + 1 < line.size() && line[colon + 1] != ' ' && line[colon + 1] != '\r'))
    return {};
  std::string_view key = line.substr(0, colon);
  while (!key.empty() && key.back() == ' ') key.remove_suffix(1);
  if (key.size() >= 2 && (key.front() == '"' || key.front() == '\'') && key.back() == key.front())
    key = key.substr(1, key.size() - 2);
  return key.find_first_of(" \t{[") == std::string_view::npos ? key : std::string_view();
}

// What the margins of all documents tell.
struct Margins {
  std::optional<std::uint32_t> compose, kubernetes;  // where the first of each begins
  bool foreign = false;                              // another mapping
};

class MarginReader {
 public:
  explicit MarginReader(std::string_view text) : text_(text) {}

  Margins read() {
    for (std::size_t at = 0; at < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      const std::string_view line = text_.substr(at, end - at);
      if (line.starts_with("---")) {
        close();
      } else if (const std::string_view key = key_of(line); !key.empty()) {
        see(key, static_cast<std::uint32_t>(at));
      }
      at = end + 1;
    }
    close();
    return found_;
  }

 private:
  void see(std::string_view key, std::uint32_t at) {
    if (!begin_) begin_ = at;
    api_version_ = api_version_ || key == "apiVersion";
    kind_ = kind_ || key == "kind";
    services_ = services_ || key == "services";
  }
  void close() {
    if (begin_ && api_version_ && kind_) {
      if (!found_.kubernetes) found_.kubernetes = begin_;
    } else if (begin_ && services_) {
      if (!found_.compose) found_.compose = begin_;
    } else if (begin_) {
      found_.foreign = true;
    }
    begin_.reset();
    api_version_ = kind_ = services_ = false;
  }

  std::string_view text_;
  Margins found_;
  std::optional<std::uint32_t> begin_;
  bool api_version_ = false, kind_ = false, services_ = false;
};

bool looks_like_kubernetes(text::Node root) {
  return root && root.is_object() && (root.find("apiVersion") || root.find("kind")) && !root.find("services");
}

bool looks_like_profile(text::Node root) {
  return root.is_object() &&
         (root.find("defaultAction") || (root.find("syscalls") && root.find("syscalls").is_array()));
}

bool looks_like_daemon_json(text::Node root) {
  constexpr std::array<std::string_view, 14> kDirectives{"seccomp-profile",  "default-runtime",
                                                         "runtimes",         "no-new-privileges",
                                                         "userns-remap",     "data-root",
                                                         "log-driver",       "log-opts",
                                                         "storage-driver",   "insecure-registries",
                                                         "registry-mirrors", "exec-opts",
                                                         "live-restore",     "bip"};
  if (!root.is_object()) return false;
  return std::ranges::any_of(root, [&](text::Node member) { return is_one_of(member.key(), kDirectives); });
}

InputKind kind_of(text::Node root) {
  if (!root || (!root.is_object() && !root.is_array())) return InputKind::script;
  if (looks_like_kubernetes(root)) return InputKind::kubernetes;
  if (looks_like_profile(root)) return InputKind::profile;
  if (container::looks_like_inspect(root)) return InputKind::inspect;
  if (compose::looks_like_compose(root)) return InputKind::compose;
  if (looks_like_daemon_json(root)) return InputKind::daemon_json;
  return InputKind::script;
}

bool begins_like_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

Kind classify_json(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  base::Diagnostics found;
  if (const auto document = text::read_json(file, found)) {
    return {kind_of(document->root()), {}, {}};
  }
  // Flow style YAML begins like JSON.
  base::Diagnostics ignored;
  if (const auto documents = text::read_yaml(file, ignored); documents && !documents->empty()) {
    const InputKind kind = kind_of(documents->front().root());
    if (kind == InputKind::compose || kind == InputKind::kubernetes) return {kind, {}, {}};
  }
  diagnostics.append(found);
  return {InputKind::malformed, {}, {}};
}

base::Span place_at(const base::SourceFile& file, std::uint32_t at) {
  return {&file, at, static_cast<std::uint32_t>(std::min(file.text().find('\n', at), file.text().size()))};
}

}  // namespace

Kind classify(const base::SourceFile& file, base::Diagnostics& diagnostics) {
  const std::string_view text = file.text();
  if (text.starts_with("#!")) return {};
  if (begins_like_json(text)) return classify_json(file, diagnostics);
  const Margins margins = MarginReader(text).read();
  if (margins.compose && margins.kubernetes)
    return {InputKind::mixed, place_at(file, *margins.compose), place_at(file, *margins.kubernetes)};
  if (margins.kubernetes) return {InputKind::kubernetes, {}, {}};
  if (margins.compose) return {InputKind::compose, {}, {}};
  if (!margins.foreign) return {};
  base::Diagnostics ignored;
  const auto documents = text::read_yaml(file, ignored);
  if (!documents || documents->empty()) return {};
  return {kind_of(documents->front().root()), {}, {}};
}

}  // namespace callgate::resolve
