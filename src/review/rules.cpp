// SPDX-License-Identifier: Apache-2.0
#include "review/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "format/diagnostic_ids.h"
#include "review/words.h"

namespace callgate::review {

namespace {

using manifest::Container;
using manifest::Outcome;
using manifest::Party;
using manifest::ProfileKind;
using manifest::Step;
using manifest::Topic;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_node_engine(std::string_view engine) {
  return engine == "containerd" || engine == "cri-o" || engine == "cri-dockerd";
}

std::string_view in_words(Party party) {
  switch (party) {
    case Party::docker_cli:
      return "docker";
    case Party::compose:
      return "docker compose";
    case Party::apiserver:
      return "the API server";
    case Party::kubelet:
      return "the kubelet";
    case Party::runtime:
      return "the runtime";
    default:
      return manifest::name(party);
  }
}

class Checks {
 public:
  Checks(manifest::Filters& filters, Trees& trees, Findings& findings)
      : filters_(filters), trees_(trees), findings_(findings) {}

  void object(const manifest::Object& object) {
    const bool explained = steps(object.steps, nullptr);
    if (object.outcome == Outcome::runs || (explained && contains(object.message, "strict decoding error"))) return;
    for (const manifest::Reason& each : object.reasons) refusal(object.refused_by, each.text, each.place, nullptr);
    if (object.reasons.empty())
      refusal(object.refused_by, object.message, refusal_place(object.steps, object.message, object.source), nullptr);
  }

  void container(const Container& container) {
    const bool explained = steps(container.steps, &container);
    if (container.outcome == Outcome::refused) {
      if (explained && contains(container.message, "strict decoding error")) return;
      const base::Span place = container.choice.place.file != nullptr
                                   ? container.choice.place
                                   : refusal_place(container.steps, container.message, container.source);
      for (const manifest::Reason& each : container.reasons)
        refusal(container.refused_by, each.text, each.place, &container);
      if (container.reasons.empty()) refusal(container.refused_by, container.message, place, &container);
      return;
    }
    if (container.choice.kind == ProfileKind::disabled) {
      open_door("seccomp-off", container, container.choice.place,
                fmt::format("'{}' has neither a default action nor rules: {} takes it for \"no seccomp\" and says "
                            "nothing",
                            container.choice.path, container.engine),
                "write the profile, or take the option out");
    }
    conditions(container);
  }

 private:
  // Whether a dropped field was among them.
  bool steps(const std::vector<Step>& steps, const Container* about);
  void step(const Step& step, const Container* about);
  void dropped(const Step& step, const Container* about);
  void conditions(const Container& container);
  void refusal(Party party, const std::string& message, base::Span place, const Container* about);
  bool misspelt(base::Span place, const std::string& message, const Container& container);
  // The finding's witness is a call that passes because there is no filter.
  void open_door(std::string_view rule, const Container& container, base::Span place, std::string message,
                 std::string help);
  static base::Span refusal_place(const std::vector<Step>& steps, const std::string& message, base::Span otherwise);

  manifest::Filters& filters_;
  Trees& trees_;
  Findings& findings_;
  std::map<std::pair<const base::SourceFile*, std::uint32_t>, std::string> dropped_;
  std::optional<policy::Call> door_;  // the gravest call that Docker's default refuses
};

base::Span Checks::refusal_place(const std::vector<Step>& steps, const std::string& message, base::Span otherwise) {
  for (const Step& each : steps)
    if (each.place.file != nullptr && each.text.ends_with(message)) return each.place;
  return otherwise;
}

void Checks::open_door(std::string_view rule, const Container& container, base::Span place, std::string message,
                       std::string help) {
  lint::Finding& made = findings_.add(rule, place, std::move(message), std::move(help), &container);
  const auto none = filters_.none();
  if (!door_) {
    const auto standard = filters_.built_in("docker-default", format::Engine::docker, format::default_capabilities());
    door_ = gravest(none->profile.policy, standard->profile.policy, filters_.machine().native);
  }
  if (door_)
    made.witness =
        lint::Witness{{format::Engine::docker, *door_, policy::evaluate(none->profile.policy, *door_), false}, {}};
}

bool Checks::steps(const std::vector<Step>& all, const Container* about) {
  bool found = false;
  for (const Step& each : all) {
    found = found || each.topic == Topic::dropped_field;
    step(each, about);
  }
  return found;
}

// The member's key, or one in it.
bool speaks_of_seccomp(text::Node node) {
  if (contains(base::to_lower(node.key()), "seccomp")) return true;
  return (node.is_object() || node.is_array()) && std::ranges::any_of(node, speaks_of_seccomp);
}

// A field that carries a profile is one thing, any other field another.
void Checks::dropped(const Step& step, const Container* about) {
  const base::Span place = step.place;
  const Way way = trees_.to_key(place);
  // An object's field is told of again for each container that it would have held for.
  const std::string& said = dropped_.try_emplace({place.file, place.begin}, step.text).first->second;
  const bool played = about != nullptr && about->engine == "podman";
  if (!way.empty() && speaks_of_seccomp(way.back()))
    findings_.add("profile-dropped", place, said,
                  played ? "podman kube play goes by the annotations seccomp.security.alpha.kubernetes.io/pod and "
                           "container.seccomp.security.alpha.kubernetes.io/NAME"
                         : "a Pod's profile stands in spec.securityContext.seccompProfile, a container's in its own "
                           "securityContext.seccompProfile",
                  about);
  else
    findings_.add("unknown-field", place, said, {}, about);
}

void Checks::step(const Step& step, const Container* about) {
  switch (step.topic) {
    case Topic::other:
      return;
    case Topic::dropped_field:
      return dropped(step, about);
    case Topic::legacy_annotation:
      findings_.add("legacy-annotation", step.place, step.text, "set securityContext.seccompProfile", about);
      return;
    case Topic::unset:
      return open_door(
          "profile-unset", *about, step.place, step.text,
          "set securityContext.seccompProfile.type: RuntimeDefault in the Pod, or say --seccomp-default if "
          "the kubelets run with it");
    case Topic::by_name:
      return open_door("unconfined", *about, step.place, step.text,
                       is_node_engine(about->engine) ? "ask for RuntimeDefault, or for a profile with Localhost"
                                                     : "leave the option out: the engine's default applies then");
    case Topic::superseded:
      findings_.add("option-twice", step.place, step.text, "take one of the two out", about);
      return;
    case Topic::privileged:
      return open_door("privileged-profile", *about, step.place, step.text,
                       "grant the capabilities that are needed instead of all with privileged");
    case Topic::other_directory:
      findings_.add("path-base", step.place, step.text, "write the path so that it counts from the project's directory",
                    about);
      return;
    case Topic::privileged_alone:
      return open_door("privileged", *about, step.place, step.text,
                       "grant the capabilities that are needed instead of all with privileged");
    case Topic::pod_security:
      findings_.add("pod-security", step.place, step.text, {}, about);
      return;
    case Topic::startup:
      findings_.add(about->runtime == "crun" ? "startup-crun" : "startup-runc", step.place, step.text,
                    "`callgate preflight` tells which calls, and when", about);
      return;
  }
}

// What a reader that is not Docker's or Podman's leaves out of a profile.
void Checks::conditions(const Container& container) {
  if (container.choice.kind != ProfileKind::file || !container.choice.filter) return;
  for (const base::Diagnostic& each : container.choice.filter->warnings.items()) {
    if (each.number != format::kConditionsIgnored.number) continue;
    lint::Finding& made = findings_.add(
        "conditions-ignored", container.choice.place,
        fmt::format("'{}' makes rules depend on capabilities; {} ignores that: they hold for every container",
                    container.choice.path, container.engine),
        "make a profile for each set of capabilities", &container);
    made.notes.assign(1, {each.span, each.message});
    return;
  }
}

// An engine's own word in the wrong case, or a word that it has not.
bool Checks::misspelt(base::Span place, const std::string& message, const Container& container) {
  const base::Span value = value_at(place);
  if (value.file == nullptr) return false;
  const std::string_view written = value.text();
  if (const auto right = in_right_case(written, container)) {
    lint::Finding& made =
        findings_.add("value-case", value,
                      fmt::format("'{}' is no word that {} knows; '{}' is", base::printable(written),
                                  is_node_engine(container.engine) ? "Kubernetes" : container.engine, *right),
                      {}, &container);
    made.notes.push_back({{}, message});
    made.fix = lint::Fix{fmt::format("write '{}'", *right), {{value.begin, value.end, std::string(*right)}}};
    return true;
  }
  if (!is_keyword(written) || is_node_engine(container.engine)) return false;
  lint::Finding& made =
      findings_.add("keyword-as-file", value,
                    fmt::format("{} takes '{}' for the name of a file", container.engine, base::printable(written)),
                    "leave the option out for the engine's default", &container);
  made.notes.push_back({{}, message});
  return true;
}

void Checks::refusal(Party party, const std::string& message, base::Span place, const Container* about) {
  const std::string said = fmt::format("refused by {}: {}", in_words(party), message);
  if (party == Party::apiserver && contains(message, "violates PodSecurity")) {
    findings_.add("pod-security", place, said, {}, about);
  } else if (contains(message, "windows")) {
    findings_.add("windows-pod", place, said, "a Windows Pod has no seccomp: take the profile out", about);
  } else if (contains(message, "must be a relative path") || contains(message, "must not contain '..'") ||
             contains(message, "invalid seccomp path") || contains(message, "invalid seccomp profile path")) {
    findings_.add("profile-path", place, said,
                  "the path counts from the kubelet's directory of profiles, /var/lib/kubelet/seccomp, and may not "
                  "lead out of it",
                  about);
  } else if (about != nullptr && misspelt(place, message, *about)) {
    return;
  } else if (contains(message, "no such file or directory") && contains(message, "seccomp")) {
    std::string_view help = "the file is read where the command is run, and a relative path counts from there";
    if (party == Party::compose)
      help = "the file is read where Compose runs, and a relative path counts from the project's directory";
    if (about != nullptr && is_node_engine(about->engine))
      help = "`callgate install` puts profiles where kubelets look for them";
    findings_.add("profile-missing", place, said, std::string(help), about);
  } else if (party == Party::apiserver && contains(message, "RuntimeClass") && message.ends_with("not found")) {
    const base::Span name = value_at(place);
    findings_.add(
        "runtimeclass-unknown", place, said,
        fmt::format("if the cluster has it, say --runtime-class {}", name.file == nullptr ? "NAME" : name.text()),
        about);
  } else {
    findings_.add("not-created", place, said, {}, about);
  }
}

}  // namespace

void check_manifests(const manifest::Answer& answer, manifest::Filters& filters, Trees& trees, Findings& findings) {
  Checks checks(filters, trees, findings);
  for (const manifest::Object& each : answer.objects) checks.object(each);
  for (const Container& each : answer.containers) checks.container(each);
}

}  // namespace callgate::review
