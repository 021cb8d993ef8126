// Any bytes as a node's configuration and the objects that it runs, parted by a line "----": findings lie in their
// files, and every container comes out with an engine and a reason. Nothing of it is opened. The same bytes are
// Podman's containers.conf, under which a container is run and the objects are played. SPDX-License-Identifier:
// Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "kube/kube.h"
#include "kube/kube_play.h"
#include "text/node.h"

namespace {

using namespace callgate;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void check_tree(text::Node node, std::size_t size) {
  require(node.span().begin <= node.span().end && node.span().end <= size, "a value lies in its file");
  require(node.key_span().begin <= node.key_span().end && node.key_span().end <= size, "a key lies in its file");
  if (node.is_object() || node.is_array())
    for (const text::Node each : node) check_tree(each, size);
}

// The whole way with a node whose configuration was given.
void resolve(kube::CriEngine engine, const kube::CriConfig& config, std::string_view objects) {
  manifest::Files files("/nonexistent");
  manifest::Filters filters{manifest::Machine{arch::Arch::x86_64, {6, 18}}};
  container::World world{files, filters};
  base::Diagnostics diagnostics;
  const base::SourceFile& input = files.keep("input", std::string(objects));
  const auto documents =
      text::read_yaml(input, diagnostics, {.max_depth = 64, .max_nodes = 20'000, .max_expanded = 5'000});
  if (!documents) return;
  kube::Node node;
  node.engine = engine;
  node.config = config;
  for (const text::Document& document : *documents) {
    if (!document.root() || !document.root().is_object()) continue;
    for (const text::Node object : kube::objects_of(document.root())) {
      const auto pod = kube::read_pod(object);
      if (!pod) continue;
      for (const kube::PodContainer& each : pod->containers) {
        const manifest::Container got = kube::decide(*pod, each, pod->runtime_class.value_or(""), node, world);
        require(!got.engine.empty(), "a container has an engine");
        require((got.outcome == manifest::Outcome::refused) == !got.message.empty(), "a refusal has words");
        require(got.outcome == manifest::Outcome::refused || !got.steps.empty(), "an answer has a reason");
      }
    }
  }
}

void check_answer(const manifest::Answer& answer) {
  for (const manifest::Container& got : answer.containers) {
    require((got.outcome == manifest::Outcome::refused) == !got.message.empty(), "a refusal has words");
    require(got.outcome == manifest::Outcome::refused || !got.steps.empty(), "an answer has a reason");
  }
}

void play(const base::SourceFile& configuration, std::string_view objects) {
  manifest::Files files("/nonexistent");
  manifest::Filters filters{manifest::Machine{arch::Arch::x86_64, {6, 18}}};
  container::World world{.files = files, .filters = filters};
  base::Diagnostics found;
  if (!container::read_containers_conf(configuration, world.podman, found))
    return require(found.has_errors(), "what stops Podman is an error");
  // A path of the configuration is opened where it leads: not here.
  if (!world.podman.seccomp_profile.empty()) world.podman.seccomp_profile.insert(0, "/nonexistent/");
  manifest::Answer answer;
  container::resolve_line(std::vector<std::string>{"podman", "run", "--privileged", "i"}, world, answer, found);
  require(answer.containers.size() == 1, "a command line makes a container");
  files.provide("/nonexistent/objects", std::string(objects));
  std::vector<container::Word> words;
  for (const char* const each : {"podman", "kube", "play", "/nonexistent/objects"}) words.push_back({each, {}});
  kube::resolve_kube_play(words, world, answer, found);
  check_answer(answer);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto cut = all.find("\n----\n");
  const std::string_view configuration = all.substr(0, cut);
  const std::string_view objects = cut == std::string_view::npos ? std::string_view() : all.substr(cut + 6);
  manifest::Files files("/nonexistent");
  const base::SourceFile& file = files.keep("config.toml", std::string(configuration));
  base::Diagnostics diagnostics;
  const auto document = text::read_toml(file, diagnostics);
  require(document.has_value() != diagnostics.has_errors(), "either a tree or errors");
  for (const auto& item : diagnostics.items())
    require(item.span.begin <= item.span.end && item.span.end <= file.text().size(), "a finding lies in the file");
  if (document) check_tree(document->root(), file.text().size());
  play(file, objects);
  for (const kube::CriEngine engine : {kube::CriEngine::containerd, kube::CriEngine::crio}) {
    kube::CriConfig config;
    base::Diagnostics found;
    if (engine == kube::CriEngine::containerd)
      kube::read_containerd_config(file, "/nonexistent/config.toml", files, config, found);
    else
      kube::read_crio_config(file, config, found);
    require(found.items().empty() || !base::render_text(found, false).empty(), "findings can be shown");
    resolve(engine, config, objects);
  }
  return 0;
}
