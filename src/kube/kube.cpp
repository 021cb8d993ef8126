// SPDX-License-Identifier: Apache-2.0
#include "kube/kube.h"

#include <fmt/format.h>

#include <algorithm>

#include "container/reading.h"
#include "kube/diagnostic_ids.h"
#include "kube/operator.h"
#include "kube/operator_webhooks.h"

namespace callgate::kube {

namespace {

using manifest::Party;
using manifest::Step;

class NodeReader {
 public:
  NodeReader(const Options& options, container::World& world, base::Diagnostics& diagnostics)
      : options_(options), world_(world), diagnostics_(diagnostics) {}
  bool read(Node& node);

 private:
  const base::SourceFile* open(const std::string& path) {
    const auto file = world_.files.open(path, path);
    if (!file) diagnostics_.add(kCannotOpen, {}, file.error().message);
    return file ? *file : nullptr;
  }
  bool read_engine_config(const std::string& path, Node& node);

  const Options& options_;
  container::World& world_;
  base::Diagnostics& diagnostics_;
};

bool NodeReader::read_engine_config(const std::string& path, Node& node) {
  const base::SourceFile* const file = open(path);
  if (file == nullptr) return false;
  switch (node.engine) {
    case CriEngine::containerd:
      return read_containerd_config(*file, path, world_.files, node.config, diagnostics_);
    case CriEngine::crio:
      return read_crio_config(*file, node.config, diagnostics_);
    case CriEngine::cri_dockerd:
      return container::read_daemon_json(*file, world_.files, world_.daemon, diagnostics_);
  }
  return false;
}

bool NodeReader::read(Node& node) {
  bool good = true;
  if (!options_.kubelet_config.empty()) {
    const base::SourceFile* const file = open(options_.kubelet_config);
    good = file != nullptr && read_kubelet_config(*file, node.kubelet, diagnostics_);
  }
  // A flag outweighs the file.
  if (options_.seccomp_default) node.kubelet.seccomp_default = true;
  if (!options_.root_directory.empty()) node.kubelet.root_directory = options_.root_directory;
  node.engine = find_cri_engine(options_.engine).value_or(node.kubelet.engine.value_or(CriEngine::containerd));
  node.containerd_release = options_.containerd_release;
  node.seccomp_root = options_.seccomp_root;
  for (const std::string& path : options_.engine_configs)
    for (const std::string& file : manifest::files_at(path)) good = read_engine_config(file, node) && good;
  return good;
}

class Resolver {
 public:
  Resolver(const Options& options, const Node& node, const OperatorWebhooks& webhooks, container::World& world,
           manifest::Answer& answer)
      : options_(options), node_(node), webhooks_(webhooks), cluster_(options.cluster), world_(world), answer_(answer) {
    if (!webhooks.empty())
      cluster_.mutate = [this](Pod& pod, std::string_view space) { webhooks_say_ = webhooks_.change(pod, space); };
  }
  Resolver(const Resolver&) = delete;  // the cluster points to it
  Resolver& operator=(const Resolver&) = delete;
  void object(text::Node node);

 private:
  void refused(const Review& review);
  void pod(const Review& review);
  void plain(const Review& review);
  void hold_template(const Review& review, const Pod& pod, manifest::Container& container) const;

  const Options& options_;
  const Node& node_;
  const OperatorWebhooks& webhooks_;
  Cluster cluster_;
  std::map<std::string, std::vector<Step>, std::less<>> dropped_;  // of each RuntimeClass
  std::vector<std::vector<Step>> webhooks_say_;                    // of each container of the Pod at hand
  container::World& world_;
  manifest::Answer& answer_;
};

void Resolver::refused(const Review& review) {
  if (!review.pod || review.pod->containers.empty()) return plain(review);
  for (std::size_t i = 0; i < review.pod->containers.size(); ++i) {
    manifest::Container out = container_of(*review.pod, review.pod->containers[i]);
    out.engine = name(node_.engine);
    out.steps = review.steps;
    if (i < webhooks_say_.size()) out.steps.insert(out.steps.begin(), webhooks_say_[i].begin(), webhooks_say_[i].end());
    container::refuse(out, Party::apiserver, review.message);
    out.reasons = review.reasons;
    answer_.containers.push_back(std::move(out));
  }
}

void Resolver::plain(const Review& review) {
  manifest::Object out;
  out.kind = review.kind;
  out.name = review.name;
  out.source = review.source;
  out.warnings = review.warnings;
  out.steps = review.steps;
  if (review.refused()) {
    out.outcome = manifest::Outcome::refused;
    out.refused_by = Party::apiserver;
    out.message = review.message;
    out.reasons = review.reasons;
  }
  answer_.objects.push_back(std::move(out));
}

// A workload is taken whatever its template breaks; the Pods that its controller makes are not.
void Resolver::hold_template(const Review& review, const Pod& pod, manifest::Container& container) const {
  const std::string& space = review.name_space.empty() ? cluster_.default_namespace : review.name_space;
  const auto& exempt = cluster_.pod_security;
  const auto in = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  if (in(exempt.namespaces, space)) return;
  if (pod.runtime_class && in(exempt.runtime_classes, *pod.runtime_class)) return;
  const auto levels = cluster_.namespaces.find(space);
  const LevelVersion& enforced = (levels == cluster_.namespaces.end() ? exempt.defaults : levels->second).enforce;
  Pod made = pod;
  made.path.clear();  // what a template leaves out is filled in for a Pod
  const auto broken = violations(made, enforced);
  if (broken.empty()) return;
  container::step(
      container, Step::Kind::hazard,
      fmt::format("the {} is taken, but its Pods are refused as the controller creates them: pods \"{}\" is "
                  "forbidden: violates PodSecurity \"{}\": {}",
                  review.kind, review.name, enforced.text(), describe(broken)),
      review.source, manifest::Topic::pod_security);
}

void Resolver::pod(const Review& review) {
  Pod pod = *review.pod;
  // A workload's Pods are changed as its controller creates them.
  if (pod.is_template() && cluster_.mutate) cluster_.mutate(pod, review.name_space);
  webhooks_say_.resize(pod.containers.size());
  std::string handler;
  std::vector<Step> before = review.steps;
  for (std::size_t i = 0; i < review.warnings.size(); ++i) {
    const base::Span place = review.warning_places[i];
    before.push_back({Step::Kind::fact, fmt::format("the API server warns: {}", review.warnings[i]),
                      place.file != nullptr ? place : review.source});
  }
  if (pod.runtime_class) {
    if (const auto known = cluster_.runtime_classes.find(*pod.runtime_class); known != cluster_.runtime_classes.end())
      handler = known->second;
    if (const auto lost = dropped_.find(*pod.runtime_class); lost != dropped_.end())
      before.insert(before.end(), lost->second.begin(), lost->second.end());
  }
  const auto take = [&](manifest::Container container) {
    container.steps.insert(container.steps.begin(), before.begin(), before.end());
    if (pod.is_template() && container.outcome == manifest::Outcome::runs) hold_template(review, pod, container);
    answer_.containers.push_back(std::move(container));
  };
  if (options_.sandboxes) take(decide_sandbox(pod, handler, node_, world_));
  for (std::size_t i = 0; i < pod.containers.size(); ++i) {
    manifest::Container decided = decide(pod, pod.containers[i], handler, node_, world_);
    decided.steps.insert(decided.steps.begin(), webhooks_say_[i].begin(), webhooks_say_[i].end());
    take(std::move(decided));
  }
}

void Resolver::object(text::Node node) {
  if (is_operator_object(node)) {
    answer_.objects.push_back(describe_operator_object(node, cluster_.default_namespace));
    return;
  }
  webhooks_say_.clear();
  const Review review = kube::review(node, cluster_);
  if (review.refused()) return refused(review);
  learn(review, node, cluster_);
  if (review.kind == "RuntimeClass")
    for (Step step : review.steps) {
      step.text = fmt::format("RuntimeClass '{}': {}; a Pod gets no profile from it", review.name, step.text);
      dropped_[review.name].push_back(std::move(step));
    }
  if (review.pod) return pod(review);
  if (review.known) plain(review);
}

}  // namespace

bool looks_like_kubernetes(text::Node root) {
  return looks_like_object(root);
}

void resolve_objects(std::span<const text::Document> documents, const Options& options, container::World& world,
                     manifest::Answer& answer, base::Diagnostics& diagnostics) {
  std::vector<text::Node> objects;
  for (const text::Document& document : documents)
    if (document.root() && document.root().is_object())
      for (const text::Node each : objects_of(document.root())) objects.push_back(each);
  if (options.engine == "podman-kube") {
    PlayOptions play;
    play.version = world.podman.version;
    play.runtime = world.podman.runtime;
    if (!options.seccomp_root.empty()) play.seccomp_root = options.seccomp_root;
    return play_objects(objects, play, world, answer);
  }
  Node node;
  if (!NodeReader(options, world, diagnostics).read(node)) return;
  node.operator_profiles = operator_profiles(objects, options.cluster.default_namespace, world.files);
  const OperatorWebhooks webhooks(objects, options.cluster.default_namespace);
  if (webhooks.records())
    node.operator_profiles.emplace(
        kRecordingProfile, &world.files.keep(std::string(kRecordingProfile), R"({"defaultAction": "SCMP_ACT_LOG"})"));
  Resolver resolver(options, node, webhooks, world, answer);
  for (const text::Node each : objects) resolver.object(each);
}

}  // namespace callgate::kube
