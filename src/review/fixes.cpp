// SPDX-License-Identifier: Apache-2.0
#include "review/fixes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/text.h"
#include "kube/api.h"
#include "kube/pod.h"
#include "kube/schema.h"
#include "manifest/files.h"
#include "review/yaml_edits.h"
#include "text/yaml_schema.h"

namespace callgate::review {

namespace {

using text::Node;
using FixOrNone = std::optional<lint::Fix>;

constexpr std::string_view kProfile = "seccompProfile", kContext = "securityContext";

FixOrNone made(std::string what, Edits edits) {
  if (!edits) return std::nullopt;
  return lint::Fix{std::move(what), std::move(*edits)};
}

// May stand in YAML without quotes, and is a text there.
bool is_plain(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+-";
  return !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos && text.front() != '-' &&
         text::resolve_plain(text) == text::Kind::string;
}

// Below the kubelet's directory of profiles, in the shortest spelling.
bool is_below(std::string_view path) {
  return !path.empty() && !path.starts_with('/') && path != "." && path != ".." && !path.starts_with("../") &&
         manifest::clean_path(path) == path;
}

// An element of services.*.security_opt, alone in its text.
Way security_option(Trees& trees, base::Span part) {
  Way way = trees.to_scalar(part);
  const bool there = way.size() == 5 && way[1].key() == "services" && way[3].key() == "security_opt" &&
                     way[3].is_array() && way[4].is_string();
  return there && is_editable(way) ? way : Way();
}

bool is_seccomp(Node option) {
  return option.is_string() && (option.text().starts_with("seccomp=") || option.text().starts_with("seccomp:"));
}

// The engine's own default is meant.
bool means_default(std::string_view word) {
  constexpr std::array<std::string_view, 6> kDefaults{"default",        "builtin",        "runtime/default",
                                                      "docker/default", "runtimedefault", "runtime-default"};
  return std::ranges::find(kDefaults, base::to_lower(word)) != kDefaults.end();
}

// Removing the option is no surprise where a later one of the same list counts.
FixOrNone later_counts(const Way& way) {
  if (way.empty() || !is_seccomp(way.back())) return std::nullopt;
  bool passed = false, later = false;
  for (const Node each : way[3]) {
    later = later || (passed && is_seccomp(each));
    passed = passed || each.span() == way.back().span();
  }
  return later ? made("take this one out", remove(way)) : std::nullopt;
}

// A Kubernetes object with the way to it, and its Pod.
struct Holder {
  Way object;
  kube::Pod pod;
  Way spec;
};

// The innermost object on the way; empty where there is none.
Way object_on(const Way& way) {
  std::size_t count = way.size();
  while (count > 0 && !kube::looks_like_object(way[count - 1])) --count;
  return {way.begin(), way.begin() + static_cast<std::ptrdiff_t>(count)};
}

// Nothing if the object on the way holds no Pod.
std::optional<Holder> holder_of(const Way& way) {
  Way object = object_on(way);
  if (object.empty()) return std::nullopt;
  auto pod = kube::read_pod(object.back());
  if (!pod) return std::nullopt;
  Way spec = object;
  if (!pod->path.empty())
    for (const std::string_view step : base::split(pod->path, '.')) spec = step_to(spec, step);
  spec = step_to(spec, "spec");
  if (spec.empty()) return std::nullopt;
  return Holder{std::move(object), std::move(*pod), std::move(spec)};
}

Way way_to(const Holder& holder, const kube::PodContainer& container) {
  constexpr std::array<std::string_view, 3> kLists{"containers", "initContainers", "ephemeralContainers"};
  Way way = step_to(holder.spec, kLists[static_cast<std::size_t>(container.role)]);
  if (way.empty()) return way;
  std::size_t index = 0;
  for (const Node each : way.back())
    if (index++ == container.index) {
      way.push_back(each);
      return way;
    }
  return {};
}

bool is_same(const Way& a, const Way& b) {
  return a.size() == b.size() && !a.empty() && a.back().span() == b.back().span();
}

// The mapping's securityContext gets a profile.
Edits set_profile(const Way& owner, const NewMember& profile, Where where) {
  const Way context = step_to(owner, kContext);
  if (context.empty()) return insert(owner, {std::string(kContext), "", {profile}}, where);
  return context.back().is_object() && context.back().find(kProfile) ? std::nullopt
                                                                     : insert(context, profile, Where::last);
}

// What an annotation asks for, as seccompProfile; nothing for unconfined, and for what cannot be said.
std::optional<NewMember> profile_of(std::string_view annotation) {
  constexpr std::string_view kLocal = "localhost/";
  if (annotation == "runtime/default" || annotation == "docker/default")
    return NewMember{std::string(kProfile), "", {{"type", "RuntimeDefault", {}}}};
  const std::string_view path = annotation.substr(std::min(kLocal.size(), annotation.size()));
  if (!annotation.starts_with(kLocal) || !is_below(path) || !is_plain(path)) return std::nullopt;
  return NewMember{std::string(kProfile), "", {{"type", "Localhost", {}}, {"localhostProfile", std::string(path), {}}}};
}

FixOrNone without_annotation(const Way& way, base::Span key) {
  const auto holder = holder_of(way);
  if (!holder) return std::nullopt;
  const auto found = std::ranges::find(holder->pod.annotations, key, &kube::Annotation::place);
  if (found == holder->pod.annotations.end()) return std::nullopt;
  auto edits = remove(way);
  if (!edits || holder->pod.seccomp || found->value == "unconfined") return made("take the annotation out", edits);
  Way owner = holder->spec;
  Where where = Where::first;
  if (found->key != kube::kPodAnnotation) {
    const auto name = std::string_view(found->key).substr(kube::kContainerAnnotation.size());
    const auto container = std::ranges::find(holder->pod.containers, name, &kube::PodContainer::name);
    if (container == holder->pod.containers.end()) return std::nullopt;
    if (container->seccomp) return made("take the annotation out", edits);
    owner = way_to(*holder, *container);
    where = Where::last;
  }
  const auto wanted = profile_of(found->value);
  if (!wanted || owner.empty()) return std::nullopt;
  auto set = set_profile(owner, *wanted, where);
  if (!set) return std::nullopt;
  std::ranges::move(*set, std::back_inserter(*edits));
  return made("set securityContext.seccompProfile in its place", edits);
}

// A profile that a Pod or container may have as it stands.
bool is_profile(Node node) {
  if (!node || !node.is_object()) return false;
  const std::string_view type = kube::string_field(node, "type"), path = kube::string_field(node, "localhostProfile");
  if (type != "RuntimeDefault" && type != "Unconfined" && type != "Localhost") return false;
  if ((type == "Localhost") != is_below(path)) return false;
  return std::ranges::all_of(node, [](Node each) { return each.key() == "type" || each.key() == "localhostProfile"; });
}

// Every member is one that a Pod's securityContext has.
bool fits_pod(Node context) {
  const kube::Struct* const pod = kube::find_kind("v1", "Pod");
  const kube::Field* const spec = pod == nullptr ? nullptr : pod->find("spec");
  const kube::Field* const field = spec == nullptr ? nullptr : kube::struct_at(spec->index).find(kContext);
  return field != nullptr && std::ranges::all_of(context, [&](Node each) {
           return kube::struct_at(field->index).find(each.key()) != nullptr;
         });
}

// The mapping is the object, the Pod's spec, or one of those between; or the metadata of one of them.
bool is_around(const Holder& holder, Way parent) {
  if (parent.back().key() == "metadata") parent.pop_back();
  if (parent.size() < holder.object.size() || parent.size() > holder.spec.size()) return false;
  return parent.back().span() == holder.spec[parent.size() - 1].span();
}

// Into the securityContext of the container that it stands in, or of the Pod around which it stands.
FixOrNone moved_profile(const Way& way) {
  const auto holder = holder_of(way);
  if (!holder || way.size() < 2) return std::nullopt;
  const bool bare = way.back().key() == kProfile;
  if (!bare && way.back().key() != kContext) return std::nullopt;
  const Node profile = bare ? way.back() : way.back().is_object() ? way.back().find(kProfile) : Node();
  if (!is_profile(profile)) return std::nullopt;
  const Way parent(way.begin(), std::prev(way.end()));
  Way owner;
  if (is_around(*holder, parent) && !holder->pod.seccomp) owner = holder->spec;
  for (const kube::PodContainer& each : holder->pod.containers)
    if (bare && !each.seccomp && is_same(way_to(*holder, each), parent)) owner = parent;
  if (owner.empty()) return std::nullopt;
  const bool pods = owner.size() == holder->spec.size();
  const std::string what =
      fmt::format("move it into the {}'s {}", pods ? "Pod" : "container", pods && !bare ? "spec" : kContext);
  const Way context = step_to(owner, kContext);
  const Where where = pods ? Where::first : Where::last;
  if (context.empty() && bare) return made(what, move(way, owner, where, kContext));
  if (context.empty()) return fits_pod(way.back()) ? made(what, move(way, owner, where)) : std::nullopt;
  if (context.back().is_object() && context.back().find(kProfile)) return std::nullopt;
  if (bare) return made(what, move(way, context, Where::last));
  return way.back().size() == 1 ? made(what, move(step_to(way, kProfile), context, Where::last)) : std::nullopt;
}

}  // namespace

Fixes::Fixes(const manifest::Answer& answer, const Options& options, const container::World& world, Trees& trees)
    : trees_(trees),
      profile_root_((options.resolve.kube.root_directory.empty() ? std::string("/var/lib/kubelet")
                                                                 : options.resolve.kube.root_directory) +
                    "/seccomp/"),
      own_default_(!world.daemon.seccomp_profile.empty() && world.daemon.seccomp_profile != "builtin") {
  const auto add = [&](base::Span source) {
    if (source.file != nullptr && std::ranges::find(files_, source.file) == files_.end()) files_.push_back(source.file);
  };
  for (const manifest::Container& each : answer.containers) add(each.source);
  for (const manifest::Object& each : answer.objects) add(each.source);
}

FixOrNone Fixes::relative_path(const Way& way) const {
  if (way.size() < 2 || way.back().key() != "localhostProfile" || way[way.size() - 2].key() != kProfile)
    return std::nullopt;
  const std::string_view written = way.back().text();
  if (!written.starts_with(profile_root_)) return std::nullopt;
  const std::string_view path = written.substr(profile_root_.size());
  base::Span raw = way.back().span();
  if (way.back().style() != text::ScalarStyle::plain) {
    ++raw.begin;
    --raw.end;
  }
  if (raw.text() != written || !is_below(path) || !is_plain(path)) return std::nullopt;
  return lint::Fix{fmt::format("write '{}'", path), {{raw.begin, raw.end, std::string(path)}}};
}

// "Pod/web", "Deployment/shop": the objects whose Pods are of that class.
std::vector<std::string> Fixes::pods_of(std::string_view runtime_class) {
  std::vector<std::string> out;
  for (const base::SourceFile* file : files_)
    for (const text::Document& document : trees_.of(*file))
      for (const Node object : kube::objects_of(document.root()))
        if (const auto pod = kube::read_pod(object); pod && pod->runtime_class == runtime_class)
          out.push_back(fmt::format("{}/{}", pod->kind, pod->name));
  return out;
}

void Fixes::add_to(lint::Finding& finding) {
  const std::string_view rule = finding.rule->id;
  if (finding.span.file == nullptr) return;
  if (finding.fix) {
    const auto& documents = trees_.of(*finding.span.file);
    // What an engine prints of a container changes nothing of it.
    if (documents.size() == 1 && documents.front().root() && container::looks_like_inspect(documents.front().root()))
      finding.fix.reset();
    return;
  }
  if (rule == "profile-path") {
    finding.fix = relative_path(trees_.to_scalar(finding.span));
  } else if (rule == "option-twice") {
    finding.fix = later_counts(security_option(trees_, finding.span));
  } else if (rule == "keyword-as-file") {
    const Way way = security_option(trees_, finding.span);
    if (!way.empty() && means_default(finding.span.text()) && !own_default_)
      finding.fix = made("take the option out: the engine's default applies then", remove(way));
  } else if (rule == "legacy-annotation") {
    const Way way = trees_.to_key(finding.span);
    if (!way.empty()) finding.fix = without_annotation(way, finding.span);
  } else if (rule == "profile-dropped") {
    const Way way = trees_.to_key(finding.span), object = object_on(way);
    if (object.empty()) return;
    if (kube::string_field(object.back(), "kind") != "RuntimeClass") {
      finding.fix = moved_profile(way);
      return;
    }
    const auto pods = pods_of(kube::string_field(kube::field(object.back(), "metadata"), "name"));
    finding.help =
        "a RuntimeClass has no profile to give: set spec.securityContext.seccompProfile in the Pods that name it";
    if (!pods.empty()) finding.help += fmt::format(": {}", fmt::join(pods, ", "));
  }
}

}  // namespace callgate::review
