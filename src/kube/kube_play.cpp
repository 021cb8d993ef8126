// Sources: podman v4.3.1 and v5.4.2 cmd/podman/kube/play.go, pkg/domain/infra/abi/play.go,
// pkg/specgen/generate/kube/seccomp.go. SPDX-License-Identifier: Apache-2.0
#include "kube/kube_play.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "container/engines.h"
#include "container/reading.h"
#include "kube/api.h"
#include "kube/diagnostic_ids.h"
#include "kube/kube_play_maps.h"
#include "kube/node.h"
#include "kube/pod.h"
#include "manifest/capabilities.h"
#include "manifest/go_text.h"

namespace callgate::kube {

namespace {

using container::EngineVersion;
using container::step;
using manifest::Party;
using manifest::Step;

struct PlayKind {
  std::string_view name;
  EngineVersion since;
};
constexpr std::array kKinds{PlayKind{"Pod", {1, 0}},       PlayKind{"Deployment", {2, 0}},
                            PlayKind{"ConfigMap", {3, 0}}, PlayKind{"PersistentVolumeClaim", {3, 0}},
                            PlayKind{"Secret", {4, 3}},    PlayKind{"DaemonSet", {4, 4}},
                            PlayKind{"Job", {5, 0}}};

bool known_kind(std::string_view kind, EngineVersion version) {
  return std::any_of(kKinds.begin(), kKinds.end(),
                     [&](const PlayKind& each) { return each.name == kind && version >= each.since; });
}

// What one of the annotations chooses.
struct PlayProfile {
  enum class Type { engine_default, unconfined, file, invalid } type = Type::engine_default;
  std::string path, relative, message;
  base::Span place;
};

PlayProfile read_value(const Annotation& annotation, const PlayOptions& options) {
  PlayProfile out;
  out.place = annotation.place;
  const std::string& value = annotation.value;
  if (value == "docker/default" || value == "runtime/default") return out;
  if (value == "unconfined") {
    out.type = PlayProfile::Type::unconfined;
    return out;
  }
  const auto parts = base::split(value, '/');
  if (parts[0] != "localhost" || parts.size() < 2) {
    out.type = PlayProfile::Type::invalid;
    out.message = fmt::format("invalid seccomp path: {}", value);
    return out;
  }
  // Only the part behind the first slash counts: of localhost/a/b.json it is the directory a.
  out.type = PlayProfile::Type::file;
  out.relative = std::string(parts[1]);
  out.path = manifest::clean_path(options.seccomp_root + "/" + out.relative);
  return out;
}

class PlayedPod {
 public:
  PlayedPod(const Pod& pod, const PlayOptions& options, const PlayedMaps& maps, container::World& world)
      : pod_(pod), options_(options), maps_(maps), world_(world), annotated_(annotate(pod_, options)) {}
  void run(manifest::Answer& answer);

 private:
  PlayProfile profile_of(const std::string& container) const;
  std::string refusal() const;
  manifest::Container played(const PodContainer& container);
  void tell_of_ignored(const PodContainer& container, manifest::Container& out) const;
  void load(const PlayProfile& profile, manifest::Container& out);
  void choose_default(Role role, base::Span asked, manifest::Container& out);
  std::optional<format::Runtime> runtime() const { return container::podman_runtime(world_.podman, options_.runtime); }

  static bool annotate(Pod& pod, const PlayOptions& options);

  Pod pod_;
  const PlayOptions& options_;
  const PlayedMaps& maps_;
  container::World& world_;
  bool annotated_;  // the command line's annotations count
};

// The command puts its annotations into the map that the Pod brought. Profiles are read from the copy that was made
// before: the same map where the Pod has one, none where it has none; templates are not touched at all.
bool PlayedPod::annotate(Pod& pod, const PlayOptions& options) {
  if (pod.kind != "Pod" || !field(pod.metadata, "annotations")) return false;
  for (const Annotation& each : options.annotations) {
    const auto own = std::find_if(pod.annotations.begin(), pod.annotations.end(),
                                  [&](const Annotation& said) { return said.key == each.key; });
    if (own == pod.annotations.end())
      pod.annotations.push_back(each);
    else
      *own = each;
  }
  return true;
}

PlayProfile PlayedPod::profile_of(const std::string& container) const {
  if (const Annotation* own = pod_.annotation(std::string(kContainerAnnotation) + container))
    return read_value(*own, options_);
  if (const Annotation* pods = pod_.annotation(kPodAnnotation)) return read_value(*pods, options_);
  return {};
}

// Any wrong annotation refuses the Pod, also one for a container that there is not.
std::string PlayedPod::refusal() const {
  for (const Annotation& each : pod_.annotations) {
    if (!each.key.starts_with(kContainerAnnotation)) continue;
    if (each.key.find('/', kContainerAnnotation.size()) != std::string::npos)
      return fmt::format("invalid seccomp path: {}", kContainerAnnotation.substr(0, kContainerAnnotation.size() - 1));
    const PlayProfile read = read_value(each, options_);
    if (read.type == PlayProfile::Type::invalid) return read.message;
  }
  if (const Annotation* pods = pod_.annotation(kPodAnnotation)) return read_value(*pods, options_).message;
  return {};
}

void PlayedPod::tell_of_ignored(const PodContainer& container, manifest::Container& out) const {
  for (const auto& [seccomp, whose] : {std::pair(&container.seccomp, "container"), std::pair(&pod_.seccomp, "Pod")})
    if (*seccomp)
      step(out, Step::Kind::ignored,
           fmt::format("the {}'s seccompProfile: podman kube play takes no notice of it", whose), (*seccomp)->place,
           manifest::Topic::dropped_field);
  for (const Annotation& each : options_.annotations)
    if (!annotated_ && (each.key == kPodAnnotation || each.key == std::string(kContainerAnnotation) + container.name))
      step(out, Step::Kind::ignored,
           pod_.kind == "Pod" ? "--annotation: the Pod has no annotations of its own, so podman kube play does not "
                                "read its profile there"
                              : fmt::format("--annotation: podman kube play gives none to the Pod of a {}", pod_.kind),
           each.place, manifest::Topic::dropped_field);
  if (pod_.runtime_class)
    step(out, Step::Kind::ignored, "runtimeClassName: podman kube play takes no notice of it",
         pod_.runtime_class_place);
}

void PlayedPod::load(const PlayProfile& profile, manifest::Container& out) {
  const std::string shown = profile.path;
  out.choice = {manifest::ProfileKind::file, profile.path, {}, profile.place, nullptr};
  step(out, Step::Kind::fact, fmt::format("the annotation asks for {}", profile.path), profile.place);
  const auto file = world_.files.open_beneath(options_.seccomp_root, profile.relative, shown);
  if (file) {
    const std::string before = fmt::format("loading seccomp profile ({}) failed: ", profile.path);
    const container::ReaderWords words{format::Engine::podman, before + "decoding seccomp profile failed: ", before,
                                       false};
    return container::choose_file(out, **file, profile.path, profile.place, words, Party::podman, runtime(),
                                  world_.filters);
  }
  const auto why = file.error().why;
  if (why != manifest::Missing::absent && why != manifest::Missing::is_directory)
    return step(out, Step::Kind::hazard, fmt::format("not opened: {}", file.error().message), profile.place);
  // The root itself may be what is missing.
  const std::string message = why == manifest::Missing::absent
                                  ? fmt::format("open {}: no such file or directory", profile.path)
                                  : file.error().message;
  container::refuse(out, Party::podman, "opening seccomp profile failed: " + message, profile.place);
}

// `asked`: the annotation's place, if one asks for the default. Early versions asked the configuration only where the
// Pod has annotations, whatever these say.
void PlayedPod::choose_default(Role role, base::Span asked, manifest::Container& out) {
  const EngineVersion completed = role == Role::init ? EngineVersion{4, 6} : EngineVersion{4, 4};
  if (asked.file != nullptr) step(out, Step::Kind::fact, "the annotation asks for Podman's default", asked);
  if (options_.version >= completed || !pod_.annotations.empty())
    return container::choose_podman_default(out, world_, out.source, runtime());
  if (out.privileged) {
    step(out, Step::Kind::fact, "a privileged container has no filter unless a file is named", out.source,
         manifest::Topic::privileged_alone);
    return container::choose_unconfined(out, out.source, world_.filters);
  }
  step(out, Step::Kind::fact, "the Pod has no annotations: the profile that Podman was built with", out.source);
  if (!world_.podman.seccomp_profile.empty())
    step(out, Step::Kind::ignored,
         "containers.conf's profile: before Podman 4.4, kube play looks there for Pods with annotations alone",
         world_.podman.place);
  container::choose_built_in(out, "podman-default", out.source, format::Engine::podman, runtime(), world_.filters);
}

manifest::Container PlayedPod::played(const PodContainer& container) {
  manifest::Container out = container_of(pod_, container);
  out.name = pod_.name + "-" + container.name;
  out.engine = "podman";
  out.runtime = options_.runtime;
  out.no_new_privileges = container.allow_privilege_escalation == false;
  auto bounds = manifest::bounding_set(container::default_capabilities(world_.podman), container.cap_add,
                                       container.cap_drop, container.privileged);
  if (bounds) out.capabilities = std::move(*bounds);
  tell_of_ignored(container, out);
  const PlayProfile profile = profile_of(container.name);
  if (profile.type == PlayProfile::Type::file) {
    load(profile, out);
  } else if (profile.type == PlayProfile::Type::unconfined) {
    step(out, Step::Kind::fact, "the annotation asks for no filter", profile.place, manifest::Topic::by_name);
    container::choose_unconfined(out, profile.place, world_.filters);
  } else {
    choose_default(container.role, profile.place, out);
  }
  return out;
}

void PlayedPod::run(manifest::Answer& answer) {
  std::string wrong = maps_.refusal_of_volumes(pod_);
  if (wrong.empty()) wrong = refusal();
  for (std::size_t i = 0; wrong.empty() && i < pod_.containers.size(); ++i)
    wrong = maps_.refusal_of_environment(pod_.containers[i]);
  for (const PodContainer& each : pod_.containers) {
    if (each.role == Role::ephemeral) continue;  // Podman has none
    manifest::Container container = played(each);
    if (!wrong.empty()) container::refuse(container, Party::podman, wrong, pod_.source);
    answer.containers.push_back(std::move(container));
  }
}

// Options that take a value; all others are switches.
constexpr std::array<std::string_view, 16> kWithValue{"--annotation",  "--authfile",
                                                      "--cert-dir",    "--configmap",
                                                      "--context-dir", "--creds",
                                                      "--ip",          "--log-driver",
                                                      "--log-opt",     "--mac-address",
                                                      "--net",         "--network",
                                                      "--publish",     "--seccomp-profile-root",
                                                      "--userns",      "--signature-policy"};

bool ends_with_path(std::string_view text, std::string_view program) {
  return text == program || (text.ends_with(program) && text[text.size() - program.size() - 1] == '/');
}

// The words behind `kube play`; empty if they are something else.
std::span<const container::Word> play_words(std::span<const container::Word> words) {
  if (words.empty() || !ends_with_path(words[0].text, "podman")) return {};
  std::size_t at = 1;
  // Podman's own options in front of the command.
  while (at < words.size() && words[at].text.starts_with('-')) {
    const std::string& option = words[at].text;
    constexpr std::array<std::string_view, 8> kGlobal{
        "--runtime",   "--root",           "--runroot", "--storage-driver",
        "--log-level", "--cgroup-manager", "--url",     "--connection"};
    at += std::find(kGlobal.begin(), kGlobal.end(), option) != kGlobal.end() ? 2U : 1U;
  }
  if (at + 1 >= words.size()) return {};
  const std::string& first = words[at].text;
  const std::string& second = words[at + 1].text;
  const bool play = (first == "kube" && second == "play") || (first == "play" && second == "kube");
  return play ? words.subspan(at + 2) : std::span<const container::Word>();
}

void read_annotation(const std::string& value, base::Span place, PlayOptions& options) {
  const auto equals = value.find('=');
  if (equals == std::string::npos) {
    if (options.wrong_annotation.empty())
      options.wrong_annotation = fmt::format("annotation {} must include an '=' sign", manifest::go_quote(value));
    return;
  }
  std::string key = value.substr(0, equals);
  std::erase_if(options.annotations, [&](const Annotation& each) { return each.key == key; });  // the last one counts
  options.annotations.push_back({std::move(key), value.substr(equals + 1), place});
}

// Reads the options; the files that are left.
std::vector<const container::Word*> read_play_line(std::span<const container::Word> words, PlayOptions& options) {
  std::vector<const container::Word*> files;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i].text;
    if (!word.starts_with('-') || word == "-") {
      files.push_back(&words[i]);
      continue;
    }
    const auto equals = word.find('=');
    const std::string option = word.substr(0, equals);
    std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos && std::find(kWithValue.begin(), kWithValue.end(), option) != kWithValue.end() &&
        i + 1 < words.size())
      value = words[++i].text;
    if (option == "--seccomp-profile-root") options.seccomp_root = value;
    if (option == "--annotation") read_annotation(value, words[i].place, options);
    if (option == "--configmap")
      for (const std::string_view each : base::split(value, ',')) options.config_maps.emplace_back(each);
  }
  return files;
}

}  // namespace

void play_objects(std::span<const text::Node> objects, const PlayOptions& options, container::World& world,
                  manifest::Answer& answer) {
  const auto refused_as_a_whole = [&](std::string message) {
    manifest::Object out;
    if (!objects.empty()) {
      out.kind = string_field(objects.front(), "kind");
      out.name = string_field(field(objects.front(), "metadata"), "name");
      out.source = objects.front().span();
    }
    out.outcome = manifest::Outcome::refused;
    out.refused_by = Party::podman;
    out.message = std::move(message);
    answer.objects.push_back(std::move(out));
  };
  if (!options.wrong_annotation.empty()) return refused_as_a_whole(options.wrong_annotation);
  const bool any = std::any_of(objects.begin(), objects.end(), [&](text::Node each) {
    return known_kind(string_field(each, "kind"), options.version);
  });
  if (!any) return refused_as_a_whole("YAML document does not contain any supported kube kind");
  const PlayedMaps maps(objects, options, world.files);
  for (const text::Node each : objects) {
    const std::string_view kind = string_field(each, "kind");
    const auto pod = known_kind(kind, options.version) ? read_pod(each) : std::nullopt;
    if (pod) {
      PlayedPod(*pod, options, maps, world).run(answer);
      continue;
    }
    manifest::Object out;
    out.kind = kind;
    out.name = string_field(field(each, "metadata"), "name");
    out.source = each.span();
    if (!known_kind(kind, options.version))
      out.steps.push_back({Step::Kind::ignored, fmt::format("Kube kind {} not supported", kind), each.span()});
    answer.objects.push_back(std::move(out));
  }
}

bool is_kube_play(std::span<const container::Word> words) {
  return play_words(words).data() != nullptr;
}

void resolve_kube_play(std::span<const container::Word> words, container::World& world, manifest::Answer& answer,
                       base::Diagnostics& diagnostics) {
  PlayOptions options;
  options.version = world.podman.version;
  options.runtime = world.podman.runtime;
  const auto files = read_play_line(play_words(words), options);
  if (files.empty()) {
    diagnostics.add(kPlayUsage, words.empty() ? base::Span() : words.front().place, "podman kube play names no file");
    return;
  }
  for (const container::Word* each : files) {
    const auto file = world.files.open(each->text, each->text);
    if (!file) {
      diagnostics.add(kCannotOpen, each->place, file.error().message);
      continue;
    }
    const auto documents = text::read_yaml(**file, diagnostics);
    if (!documents) continue;
    std::vector<text::Node> objects;
    for (const text::Document& document : *documents)
      if (document.root() && document.root().is_object())
        for (const text::Node object : objects_of(document.root())) objects.push_back(object);
    play_objects(objects, options, world, answer);
  }
}

}  // namespace callgate::kube
