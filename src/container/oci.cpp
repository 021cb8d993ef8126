// Sources: OCI runtime-spec 1.2 runtime.md (state), config.md (hooks); the command lines of runc 1.1 and crun 1.8.
// SPDX-License-Identifier: Apache-2.0
#include "container/oci.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json_write.h"
#include "base/text.h"
#include "text/node.h"

namespace callgate::container {

namespace {

constexpr std::string_view kStage = "createRuntime";

std::string hook_json(const Hook& hook) {
  base::JsonWriter json(0);
  json.begin_object().member("path", hook.path);
  for (const auto& [name, list] : {std::pair<std::string_view, const std::vector<std::string>&>{"args", hook.arguments},
                                   {"env", hook.environment}}) {
    json.key(name).begin_array();
    for (const std::string& each : list) json.value(each);
    json.end_array();
  }
  json.end_object();
  return std::string(base::trim(json.take()));
}

// `text` put behind the bracket with which an object or an array begins.
std::string begin_with(std::string_view source, text::Node node, std::string text) {
  if (node.size() > 0) text += ',';
  std::string out(source);
  out.insert(node.span().begin + 1, text);
  return out;
}

}  // namespace

std::optional<OciState> read_oci_state(const base::SourceFile& file, const base::DiagnosticId& id,
                                       base::Diagnostics& diagnostics) {
  const auto document = text::read_json(file, diagnostics);
  if (!document) return std::nullopt;
  const text::Node root = document->root();
  const auto wrong = [&](text::Node node, std::string message) {
    diagnostics.add(id, node.span(), std::move(message), "a runtime's hook is given the container's state");
    return std::nullopt;
  };
  if (!root.is_object()) return wrong(root, "an OCI state is an object");
  OciState out;
  const text::Node name = root.find("id"), pid = root.find("pid"), bundle = root.find("bundle");
  if (!name || !name.is_string() || name.text().empty()) return wrong(root, "no 'id' here");
  constexpr std::uint64_t kMostPid = 1U << 22;
  const auto number = pid ? pid.as_u64() : std::nullopt;
  if (!number || *number == 0 || *number > kMostPid) return wrong(pid ? pid : root, "no process in 'pid' here");
  out.id = name.text();
  out.pid = static_cast<pid_t>(*number);
  if (bundle && bundle.is_string()) out.bundle = bundle.text();
  if (const text::Node annotations = root.find("annotations"); annotations && annotations.is_object())
    out.podman = static_cast<bool>(annotations.find("io.podman.annotations.autoremove")) ||
                 (annotations.find("io.container.manager") && annotations.find("io.container.manager").is_string() &&
                  annotations.find("io.container.manager").text() == "libpod");
  return out;
}

std::optional<std::string> add_hook(const base::SourceFile& config, const Hook& hook, const base::DiagnosticId& id,
                                    base::Diagnostics& diagnostics) {
  const auto document = text::read_json(config, diagnostics);
  if (!document) return std::nullopt;
  const text::Node root = document->root();
  if (!root.is_object()) {
    diagnostics.add(id, root.span(), "a bundle's configuration is an object");
    return std::nullopt;
  }
  const std::string json = hook_json(hook);
  const std::string_view source = config.text();
  const text::Node hooks = root.find("hooks");
  if (!hooks) return begin_with(source, root, fmt::format(R"("hooks":{{"{}":[{}]}})", kStage, json));
  const text::Node stage = hooks.is_object() ? hooks.find(kStage) : text::Node();
  if (stage && stage.is_array()) return begin_with(source, stage, json);
  if (hooks.is_object() && !stage) return begin_with(source, hooks, fmt::format(R"("{}":[{}])", kStage, json));
  diagnostics.add(id, (stage ? stage : hooks).span(), "hooks are lists in an object");
  return std::nullopt;
}

std::optional<std::string> bundle_of(const std::vector<std::string>& words) {
  const auto is_one_of = [](const std::string& word, auto... names) { return ((word == names) || ...); };
  // No option before the command takes a value that is called like a command.
  const auto command =
      std::ranges::find_if(words, [&](const std::string& word) { return is_one_of(word, "create", "run"); });
  if (command == words.end()) return std::nullopt;
  for (auto word = command + 1; word != words.end(); ++word) {
    if (is_one_of(*word, "--bundle", "-bundle", "-b") && word + 1 != words.end()) return *(word + 1);
    for (const std::string_view prefix : {"--bundle=", "-bundle=", "-b="})
      if (word->starts_with(prefix)) return word->substr(prefix.size());
  }
  return ".";
}

}  // namespace callgate::container
