// Sources: kubelet pkg/kubelet/kuberuntime/helpers.go (getSeccompProfile), security_context.go; containerd
// internal/cri/{sputil,opts,server}; cri-o server/container_create.go, internal/config/seccomp; cri-dockerd
// core/security_context.go. SPDX-License-Identifier: Apache-2.0
#include "kube/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "container/reading.h"
#include "manifest/capabilities.h"
#include "manifest/go_json.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using container::step;
using manifest::Party;
using manifest::ProfileKind;
using manifest::Step;

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

// What the kubelet asks the engine for.
struct Wanted {
  enum class Type { unconfined, runtime_default, localhost } type = Type::unconfined;
  std::string path;      // on the node
  std::string relative;  // below <root-dir>/seccomp; empty: elsewhere
  base::Span place;
};

class NodeDecision {
 public:
  NodeDecision(const Pod& pod, const PodContainer& container, const std::string& handler, const Node& node,
               container::World& world)
      : pod_(pod), container_(container), handler_(handler), node_(node), world_(world) {}
  manifest::Container run();
  manifest::Container run_sandbox();

 private:
  void begin();
  bool find_runtime();
  void find_outside_runtime();
  bool ask();
  void ask_for(const Seccomp& seccomp, std::string_view level);
  void reckon_capabilities();
  void tell_of_annotations();
  void tell_of_plugins();
  void choose();
  void choose_containerd();
  void choose_crio();
  void choose_crio_default();
  bool choose_crio_artifact();
  void choose_dockerd();
  void runtime_default(std::string name, format::Engine engine);
  const base::SourceFile* open(const Wanted& file, std::string_view before_missing);
  void load(const Wanted& file, std::string_view before_missing, const container::ReaderWords& words);
  std::string containerd_default() const {
    return node_.containerd_release.empty() ? "containerd-default"
                                            : fmt::format("containerd-{}-default", node_.containerd_release);
  }
  bool allowed(std::string_view annotation) const {
    return entry_ != nullptr && contains(entry_->allowed_annotations, annotation);
  }

  const Pod& pod_;
  const PodContainer& container_;
  const std::string& handler_;
  const Node& node_;
  container::World& world_;
  manifest::Container out_;
  Wanted wanted_;
  const Handler* entry_ = nullptr;  // of the engine's configuration
  std::optional<format::Runtime> runtime_;
};

void NodeDecision::begin() {
  out_ = container_of(pod_, container_);
  out_.engine = name(node_.engine);
  out_.no_new_privileges = container_.allow_privilege_escalation == false && !container_.privileged;
}

// Programs that bring a kernel of their own.
void NodeDecision::find_outside_runtime() {
  step(out_, Step::Kind::hazard,
       fmt::format("handler '{}' runs '{}', which is neither runc nor crun: a virtual machine or gVisor keeps the "
                   "container's calls from this kernel, or filters them its own way",
                   handler_.empty() ? node_.config.default_runtime : handler_, out_.runtime),
       entry_ != nullptr ? entry_->place : pod_.runtime_class_place);
}

bool NodeDecision::find_runtime() {
  entry_ = node_.config.handler(handler_);
  if (node_.config.given && entry_ == nullptr && node_.engine != CriEngine::cri_dockerd) {
    const std::string& wanted = handler_.empty() ? node_.config.default_runtime : handler_;
    container::refuse(
        out_, Party::runtime,
        node_.engine == CriEngine::crio
            ? fmt::format("failed to find runtime handler {} from runtime list", wanted)
            : fmt::format("failed to get sandbox runtime: no runtime for {} is configured", manifest::go_quote(wanted)),
        pod_.runtime_class_place);
    return false;
  }
  const std::string stock = node_.engine == CriEngine::crio ? "crun" : "runc";
  if (entry_ != nullptr) {
    const bool program = !entry_->program.empty();
    const std::string& called = program ? entry_->program : entry_->type.empty() ? entry_->name : entry_->type;
    runtime_ = entry_->type == "vm" ? std::nullopt : container::known_runtime(called);
    out_.runtime = !runtime_ ? called : *runtime_ == format::Runtime::crun ? "crun" : "runc";
    if (!handler_.empty())
      step(out_, Step::Kind::fact, fmt::format("handler '{}' runs {}", handler_, called), entry_->place);
    if (entry_->base_spec)
      step(out_, Step::Kind::ignored,
           "a filter in the handler's base_runtime_spec is cleared before the profile is set", entry_->place);
    if (!runtime_) find_outside_runtime();
    return true;
  }
  out_.runtime = handler_.empty() ? stock : handler_;
  runtime_ = container::known_runtime(out_.runtime);
  if (runtime_) return true;
  step(out_, Step::Kind::hazard,
       fmt::format("what handler '{}' runs stands in {}'s configuration, which is not given; taken for {}", handler_,
                   out_.engine, stock),
       pod_.runtime_class_place);
  runtime_ = container::known_runtime(stock);
  out_.runtime.clear();
  return true;
}

void NodeDecision::ask_for(const Seccomp& seccomp, std::string_view level) {
  wanted_.place = seccomp.place;
  if (seccomp.type == "Localhost") {
    wanted_.type = Wanted::Type::localhost;
    wanted_.place = seccomp.path_place;
    wanted_.relative = manifest::clean_path(seccomp.localhost_profile.value_or(""));
    wanted_.path = manifest::clean_path(node_.kubelet.root_directory + "/seccomp/" + wanted_.relative);
    step(out_, Step::Kind::fact, fmt::format("the {}'s seccompProfile asks for {}", level, wanted_.path),
         wanted_.place);
    return;
  }
  wanted_.type = seccomp.type == "RuntimeDefault" ? Wanted::Type::runtime_default : Wanted::Type::unconfined;
  step(out_, Step::Kind::fact, fmt::format("the {}'s seccompProfile asks for {}", level, seccomp.type), seccomp.place,
       seccomp.type == "Unconfined" ? manifest::Topic::by_name : manifest::Topic::other);
}

bool NodeDecision::ask() {
  const std::optional<Seccomp>& chosen = container_.seccomp ? container_.seccomp : pod_.seccomp;
  if (container_.seccomp && pod_.seccomp)
    step(out_, Step::Kind::ignored, "the Pod's seccompProfile: the container has its own", pod_.seccomp->place);
  if (!chosen) {
    wanted_.type = node_.kubelet.seccomp_default ? Wanted::Type::runtime_default : Wanted::Type::unconfined;
    step(out_, Step::Kind::fact,
         node_.kubelet.seccomp_default
             ? "no seccompProfile is set; the kubelet's seccompDefault asks for RuntimeDefault"
             : "no seccompProfile is set, neither in the container nor in the Pod: the kubelet asks for Unconfined",
         node_.kubelet.seccomp_default ? node_.kubelet.seccomp_default_place : out_.source,
         node_.kubelet.seccomp_default ? manifest::Topic::other : manifest::Topic::unset);
    wanted_.place = out_.source;
    return true;
  }
  if (chosen->type == "Localhost" && chosen->localhost_profile.value_or("").empty()) {
    container::refuse(out_, Party::kubelet, "localhostProfile must be set if seccompProfile type is Localhost.",
                      chosen->path_place);
    step(out_, Step::Kind::fact,
         "the API server takes an empty localhostProfile; the kubelet does not (CreateContainerConfigError)",
         chosen->path_place);
    return false;
  }
  ask_for(*chosen, container_.seccomp ? "container" : "Pod");
  return true;
}

void NodeDecision::reckon_capabilities() {
  if (container_.privileged) {
    out_.capabilities = manifest::all_capabilities();
    return;
  }
  std::vector<std::string> defaults = format::default_capabilities();
  if (node_.engine == CriEngine::crio) {
    defaults = {"CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER", "CAP_SETGID",
                "CAP_SETUID", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_KILL"};
    if (!node_.config.default_capabilities.empty()) {
      defaults.clear();
      for (const std::string& each : node_.config.default_capabilities)
        defaults.push_back(manifest::normal_capability(each));
    }
  }
  std::vector<std::string> unknown;
  out_.capabilities = cri_capabilities(node_.engine, defaults, container_.cap_add, container_.cap_drop, unknown);
  for (const std::string& each : unknown)
    step(out_, Step::Kind::ignored,
         fmt::format("capability '{}': {} knows no such name{}", base::printable(each), out_.engine,
                     upper(each).starts_with("CAP_") ? "; it puts CAP_ in front by itself" : ""),
         container_.security ? container_.security.span() : out_.source);
}

void NodeDecision::tell_of_annotations() {
  for (const Annotation& each : pod_.annotations) {
    const bool own = each.key == std::string(kContainerAnnotation) + container_.name;
    if (each.key == kPodAnnotation || own)
      step(out_, Step::Kind::ignored, fmt::format("annotation {}: without effect since Kubernetes 1.27", each.key),
           each.place, manifest::Topic::legacy_annotation);
  }
}

void NodeDecision::tell_of_plugins() {
  if (node_.config.nri == true)
    step(out_, Step::Kind::hazard, "NRI is on: a plugin may replace the filter of any container",
         node_.config.nri_place);
}

// The file where it is at hand; where the engine would not find it, the container is refused in its words.
const base::SourceFile* NodeDecision::open(const Wanted& file, std::string_view before_missing) {
  if (const auto known = node_.operator_profiles.find(file.relative);
      !file.relative.empty() && known != node_.operator_profiles.end()) {
    step(out_, Step::Kind::fact, "the file is written by the Security Profiles Operator from an object of this input",
         {known->second, 0, 0});
    return known->second;
  }
  out_.choice = {ProfileKind::file, file.path, {}, file.place, nullptr};
  if (node_.seccomp_root.empty() || file.relative.empty()) {
    step(out_, Step::Kind::fact, "the file lies on the node and is not at hand: what it allows is not known",
         file.place);
    return nullptr;
  }
  const std::string shown = node_.seccomp_root + "/" + file.relative;
  auto opened = world_.files.open_beneath(node_.seccomp_root, file.relative, shown);
  if (opened) return *opened;
  using manifest::Missing;
  std::string message = opened.error().message;
  if (const auto at = message.find(shown); at != std::string::npos) message.replace(at, shown.size(), file.path);
  if (opened.error().why == Missing::absent || opened.error().why == Missing::is_directory)
    container::refuse(out_, Party::runtime, fmt::format("{}{}", before_missing, message), file.place);
  else
    step(out_, Step::Kind::hazard, fmt::format("not opened: {}", opened.error().message), file.place);
  return nullptr;
}

void NodeDecision::load(const Wanted& file, std::string_view before_missing, const container::ReaderWords& words) {
  const base::SourceFile* const opened = open(file, before_missing);
  if (opened == nullptr) return;
  container::choose_file(out_, *opened, file.path, file.place, words, Party::runtime, runtime_, world_.filters);
}

void NodeDecision::runtime_default(std::string name, format::Engine engine) {
  container::choose_built_in(out_, std::move(name), wanted_.place, engine, runtime_, world_.filters);
  out_.choice.kind = ProfileKind::runtime_default;
}

void NodeDecision::choose_containerd() {
  if (wanted_.type == Wanted::Type::unconfined)
    return container::choose_unconfined(out_, wanted_.place, world_.filters);
  if (container_.privileged) {
    step(out_, Step::Kind::ignored,
         "containerd sets no filter for a privileged container, whatever profile it asks for", wanted_.place,
         manifest::Topic::privileged);
    return container::choose_unconfined(out_, container_.security ? container_.security.span() : wanted_.place,
                                        world_.filters);
  }
  if (wanted_.type == Wanted::Type::runtime_default)
    return runtime_default(containerd_default(), format::Engine::containerd);
  const std::string quoted = manifest::go_quote(wanted_.path);
  constexpr std::string_view kBefore = "failed to create containerd container: ";
  load(wanted_, fmt::format("{}cannot load seccomp profile {}: ", kBefore, quoted),
       {format::Engine::containerd, fmt::format("{}decoding seccomp profile failed {}: ", kBefore, quoted),
        std::string(kBefore), false});
}

// RuntimeDefault is the handler's own profile, else the configuration's, else the one built in: the one real way from a
// RuntimeClass to a profile.
void NodeDecision::choose_crio_default() {
  const bool own = entry_ != nullptr && !entry_->seccomp_profile.empty();
  const std::string& path = own ? entry_->seccomp_profile : node_.config.seccomp_profile;
  if (path.empty()) return runtime_default("cri-o-default", format::Engine::podman);
  const base::Span place = own ? entry_->seccomp_place : node_.config.seccomp_place;
  step(out_, Step::Kind::fact,
       own ? fmt::format("RuntimeDefault is {}, as handler '{}' has it", path, entry_->name)
           : fmt::format("RuntimeDefault is {}, as CRI-O's configuration has it", path),
       place);
  Wanted file = wanted_;
  file.type = Wanted::Type::localhost;
  file.path = path;
  file.place = place;
  const std::string root = node_.kubelet.root_directory + "/seccomp/";
  file.relative = path.starts_with(root) ? path.substr(root.size()) : std::string();
  load(file, "setup seccomp: ",
       {format::Engine::podman,
        "setup seccomp: load default profile: ", "setup seccomp: load default profile: ", false});
}

// An OCI artifact named by annotation counts only where nothing else confines the container.
bool NodeDecision::choose_crio_artifact() {
  for (const std::string_view key : {"seccomp-profile.crio.io", "seccomp-profile.kubernetes.cri-o.io"}) {
    for (const std::string& suffix : {"/" + container_.name, std::string("/POD")}) {
      const Annotation* const found = pod_.annotation(std::string(key) + suffix);
      if (found == nullptr) continue;
      if (node_.config.given && !allowed(key)) {
        step(out_, Step::Kind::ignored,
             fmt::format("annotation {}: the handler's allowed_annotations lack it", found->key), found->place);
        continue;
      }
      if (wanted_.type != Wanted::Type::unconfined) {
        step(out_, Step::Kind::ignored, fmt::format("annotation {}: the seccompProfile goes before it", found->key),
             found->place);
        continue;
      }
      step(out_, Step::Kind::hazard,
           fmt::format("the profile is pulled as OCI artifact {}, so the container is not unconfined", found->value),
           found->place);
      out_.choice = {ProfileKind::file, found->value, {}, found->place, nullptr};
      return true;
    }
  }
  return false;
}

void NodeDecision::choose_crio() {
  if (container_.privileged) {
    if (node_.config.privileged_seccomp_profile.empty()) {
      if (wanted_.type != Wanted::Type::unconfined)
        step(out_, Step::Kind::ignored, "CRI-O sets no filter for a privileged container, whatever profile it asks for",
             wanted_.place, manifest::Topic::privileged);
      return container::choose_unconfined(out_, wanted_.place, world_.filters);
    }
    step(out_, Step::Kind::fact, "CRI-O's privileged_seccomp_profile replaces what a privileged container asks for",
         node_.config.privileged_place);
    wanted_ = {Wanted::Type::localhost, node_.config.privileged_seccomp_profile, {}, node_.config.privileged_place};
  }
  if (choose_crio_artifact()) return;
  for (const std::string_view key : {"seccomp-notifier-action.crio.io", "io.kubernetes.cri-o.seccompNotifierAction"})
    if (const Annotation* const found = pod_.annotation(key))
      step(out_, Step::Kind::hazard, "the seccomp notifier turns refused calls into notifications to CRI-O",
           found->place);
  if (wanted_.type == Wanted::Type::unconfined)
    return container::choose_unconfined(out_, wanted_.place, world_.filters);
  if (wanted_.type == Wanted::Type::runtime_default) return choose_crio_default();
  const std::string before = "setup seccomp: apply profile from bytes: load local profile: ";
  load(wanted_, fmt::format("setup seccomp: unable to load local profile {}: ", manifest::go_quote(wanted_.path)),
       {format::Engine::podman, before + "decoding seccomp profile failed: ", before, false});
}

// cri-dockerd reads the file itself and hands its text to the daemon, which decides as for `docker run`.
void NodeDecision::choose_dockerd() {
  container::Request request;
  request.name = out_.name;
  request.owner = out_.owner;
  request.source = out_.source;
  request.privileged = container_.privileged;
  request.cap_add = container_.cap_add;
  request.cap_drop = container_.cap_drop;
  if (wanted_.type == Wanted::Type::unconfined)
    request.security_opt.push_back({"seccomp=unconfined", wanted_.place, nullptr, {}});
  if (wanted_.type == Wanted::Type::localhost) {
    const base::SourceFile* const file =
        open(wanted_,
             fmt::format("failed to generate security options for container {}: failed to generate seccomp security "
                         "options for container: cannot load seccomp profile {}: ",
                         manifest::go_quote(out_.name), manifest::go_quote(wanted_.path)));
    if (file == nullptr) return;
    const auto compact = manifest::go_compact(file->text());
    request.security_opt.push_back(
        {"seccomp=" + compact.value_or(std::string(file->text())), wanted_.place, file, wanted_.path});
  }
  manifest::Container decided = container::decide(request, world_.daemon, world_.filters);
  decided.steps.insert(decided.steps.begin(), out_.steps.begin(), out_.steps.end());
  decided.role = out_.role;
  decided.engine = out_.engine;
  decided.no_new_privileges = out_.no_new_privileges;
  if (wanted_.type == Wanted::Type::localhost && decided.choice.kind == ProfileKind::file)
    decided.choice.path = wanted_.path;
  if (wanted_.type == Wanted::Type::runtime_default && decided.choice.kind == ProfileKind::builtin)
    decided.choice.kind = ProfileKind::runtime_default;
  out_ = std::move(decided);
}

void NodeDecision::choose() {
  switch (node_.engine) {
    case CriEngine::containerd:
      return choose_containerd();
    case CriEngine::crio:
      return choose_crio();
    case CriEngine::cri_dockerd:
      return choose_dockerd();
  }
}

manifest::Container NodeDecision::run() {
  begin();
  if (pod_.os == "windows") {
    step(out_, Step::Kind::fact, "a Windows Pod: there is no seccomp", pod_.source);
    container::choose_unconfined(out_, pod_.source, world_.filters);
    return std::move(out_);
  }
  tell_of_annotations();
  reckon_capabilities();
  if (!find_runtime() || !ask()) return std::move(out_);
  choose();
  tell_of_plugins();
  return std::move(out_);
}

manifest::Container NodeDecision::run_sandbox() {
  begin();
  out_.role = "sandbox";
  out_.source = pod_.source;
  reckon_capabilities();
  if (!find_runtime()) return std::move(out_);
  step(out_, Step::Kind::fact, "the kubelet asks for RuntimeDefault for every sandbox", pod_.source);
  wanted_.type = Wanted::Type::runtime_default;
  wanted_.place = pod_.source;
  choose();
  return std::move(out_);
}

}  // namespace

manifest::Container container_of(const Pod& pod, const PodContainer& container) {
  manifest::Container out;
  out.name = container.name;
  out.owner = fmt::format("{}/{}", pod.kind, pod.name);
  out.role = name(container.role);
  out.source = container.node ? container.node.span() : pod.source;
  out.privileged = container.privileged;
  return out;
}

std::vector<std::string> cri_capabilities(CriEngine engine, const std::vector<std::string>& defaults,
                                          const std::vector<std::string>& add, const std::vector<std::string>& drop,
                                          std::vector<std::string>& unknown) {
  // containerd compares "ALL" as it is written and puts CAP_ in front of every name; CRI-O is lenient in both.
  const bool lenient = engine != CriEngine::containerd;
  const auto all = [&](const std::string& text) { return text == "ALL" || (lenient && upper(text) == "ALL"); };
  const auto called = [&](const std::string& text) {
    return lenient ? manifest::normal_capability(text) : "CAP_" + upper(text);
  };
  std::vector<std::string> set = defaults;
  if (std::any_of(add.begin(), add.end(), all)) set = manifest::all_capabilities();
  if (std::any_of(drop.begin(), drop.end(), all)) set.clear();
  for (const auto* list : {&add, &drop}) {
    for (const std::string& each : *list) {
      if (all(each)) continue;
      const std::string name = called(each);
      if (!contains(manifest::all_capabilities(), name)) {
        unknown.push_back(each);
      } else if (list == &drop) {
        set.erase(std::remove(set.begin(), set.end(), name), set.end());
      } else if (!contains(set, name)) {
        set.push_back(name);
      }
    }
  }
  std::sort(set.begin(), set.end());
  return set;
}

manifest::Container decide(const Pod& pod, const PodContainer& container, const std::string& handler, const Node& node,
                           container::World& world) {
  return NodeDecision(pod, container, handler, node, world).run();
}

manifest::Container decide_sandbox(const Pod& pod, const std::string& handler, const Node& node,
                                   container::World& world) {
  PodContainer pause;
  pause.name = pod.name;
  return NodeDecision(pod, pause, handler, node, world).run_sandbox();
}

}  // namespace callgate::kube
