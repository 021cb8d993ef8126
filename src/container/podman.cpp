// Source: podman pkg/specgenutil/specgen.go (FillOutSpecGen), pkg/specgen/generate/{container,security_linux,
// config_linux_seccomp}.go and pkg/seccomp of v4.3.1, v5.4.2 and v5.8.2; containers/common pkg/capabilities,
// pkg/seccomp. SPDX-License-Identifier: Apache-2.0
#include "container/podman.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "container/engines.h"
#include "container/reading.h"
#include "manifest/capabilities.h"
#include "manifest/go_text.h"

namespace callgate::container {

namespace {

using manifest::Container;
using manifest::Party;
using manifest::Step;

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// One of --cap-add's values may hold several names: "CHOWN,KILL".
std::vector<std::string> names(const CommandLine& line, std::string_view option) {
  std::vector<std::string> out;
  for (const Option* each : values(line, option))
    for (const std::string_view name : base::split(each->value, ','))
      if (!name.empty()) out.push_back(manifest::normal_capability(name));
  return out;
}

class Decision {
 public:
  Decision(const CommandLine& global, const CommandLine& line, base::Span place, World& world)
      : global_(global), line_(line), place_(place), world_(world), podman_(world.podman) {}
  Container run();

 private:
  bool read_options();
  bool read_option(const Option& option);
  bool take(const Option& option, std::string_view key, std::string_view value, bool cut);
  bool check_capabilities();
  bool merge(const std::vector<std::string>& add, const std::vector<std::string>& drop);
  bool check_policy();
  void choose();
  bool no(std::string message, base::Span place) {
    refuse(out_, Party::podman, std::move(message), place);
    return false;
  }

  const CommandLine& global_;
  const CommandLine& line_;
  base::Span place_;
  World& world_;
  const Podman& podman_;
  Container out_;
  std::optional<format::Runtime> runtime_;
  std::string profile_;       // --security-opt seccomp=…, the last
  base::Span profile_place_;  // of it; no file where none is given
  bool from_image_ = false;
};

bool Decision::take(const Option& option, std::string_view key, std::string_view value, bool cut) {
  constexpr std::array<std::string_view, 5> kOthers{"apparmor", "label", "mask", "proc-opts", "unmask"};
  if (std::find(kOthers.begin(), kOthers.end(), key) != kOthers.end()) return true;
  if (key == "seccomp") {
    if (profile_place_.file != nullptr)
      step(out_, Step::Kind::ignored, "a later 'seccomp' option takes the place of this one", profile_place_,
           manifest::Topic::superseded);
    profile_ = value;
    profile_place_ = option.place;
    return true;
  }
  if (key == "systempaths" && value == "unconfined") return true;
  if (key == "systempaths")
    return no(fmt::format("invalid systempaths option {}, only `unconfined` is supported", manifest::go_quote(value)),
              option.place);
  const auto on = cut ? manifest::go_parse_bool(value) : std::optional(true);
  if (key != "no-new-privileges" || !on)
    return no(fmt::format("invalid --security-opt 2: {}", manifest::go_quote(option.value)), option.place);
  out_.no_new_privileges = *on;
  return true;
}

bool Decision::read_option(const Option& option) {
  const std::string_view text = option.value;
  auto at = text.find('=');
  if (at == std::string_view::npos) at = text.find(':');
  const bool cut = at != std::string_view::npos;
  const std::string_view key = text.substr(0, at);
  if (!cut && key != "no-new-privileges")
    return no(fmt::format("invalid --security-opt 1: {}", manifest::go_quote(text)), option.place);
  return take(option, key, cut ? text.substr(at + 1) : std::string_view(), cut);
}

bool Decision::read_options() {
  for (const Option* option : values(line_, "security-opt")) {
    out_.security_opt.push_back(option->value);
    if (!read_option(*option)) return false;
  }
  return true;
}

bool Decision::merge(const std::vector<std::string>& add, const std::vector<std::string>& drop) {
  const std::vector<std::string>& all = manifest::all_capabilities();
  const std::vector<std::string> defaults = default_capabilities(podman_);
  for (const auto* list : {&defaults, &drop, &add})
    for (const std::string& name : *list)
      if (name != "ALL" && !contains(all, name))
        return no(fmt::format("{}: unknown capability", manifest::go_quote(name)), place_);
  if (contains(drop, "ALL") && contains(add, "ALL"))
    return no("adding all caps and removing all caps not allowed", place_);
  if (!contains(add, "ALL") && !contains(drop, "ALL"))
    for (const std::string& name : add)
      if (contains(drop, name))
        return no(fmt::format("capability {} cannot be dropped and added", manifest::go_quote(name)), place_);
  std::vector<std::string> base = contains(add, "ALL") || contains(defaults, "ALL") ? all : defaults;
  if (contains(drop, "ALL")) base.clear();
  for (const std::string& name : all) {
    const bool kept = contains(base, name) && !contains(drop, name);
    if (kept || (!contains(add, "ALL") && contains(add, name))) out_.capabilities.push_back(name);
  }
  return true;
}

bool Decision::check_capabilities() {
  out_.privileged = values(line_, "privileged").empty() ? podman_.privileged : is_set(line_, "privileged");
  if (!out_.privileged) return merge(names(line_, "cap-add"), names(line_, "cap-drop"));
  out_.capabilities = manifest::all_capabilities();
  return true;
}

bool Decision::check_policy() {
  const std::string policy = last_value(line_, "seccomp-policy", "default");
  from_image_ = policy == "image";
  if (policy.empty() || policy == "default" || from_image_) return true;
  return no(
      fmt::format("invalid seccomp policy {}: valid policies are [\"default\" \"image\"]", manifest::go_quote(policy)),
      values(line_, "seccomp-policy").back()->place);
}

void Decision::choose() {
  if (profile_ == "unconfined") {
    step(out_, Step::Kind::hazard, "seccomp is turned off by name", profile_place_, manifest::Topic::by_name);
    return choose_unconfined(out_, profile_place_, world_.filters);
  }
  const std::string& path = profile_.empty() ? podman_.seccomp_profile : profile_;
  const bool by_default = path.empty() || path == kPodmanOverride || path == kPodmanDefault;
  if ((out_.privileged && by_default) || path == "unconfined")
    return choose_podman_default(out_, world_, place_, runtime_);
  if (from_image_) {
    const base::Span place = values(line_, "seccomp-policy").back()->place;
    out_.choice = {manifest::ProfileKind::file, "image label io.containers.seccomp.profile", {}, place, nullptr};
    if (!profile_.empty())
      step(out_, Step::Kind::ignored, "--seccomp-policy=image sets the profile given here aside", profile_place_);
    return step(
        out_, Step::Kind::hazard,
        "--seccomp-policy=image: the profile is the image's label io.containers.seccomp.profile, which is not at "
        "hand; without the label podman refuses ('no seccomp policy defined by image')",
        place);
  }
  if (profile_.empty()) return choose_podman_default(out_, world_, place_, runtime_);
  if (out_.privileged)
    step(out_, Step::Kind::fact, "privileged, with a profile given: the profile applies", profile_place_);
  open_podman_profile(out_, world_, profile_, profile_place_, runtime_);
}

Container Decision::run() {
  out_.name = last_value(line_, "name", line_.rest.front().text);
  out_.source = place_;
  out_.engine = "podman";
  out_.runtime = last_value(global_, "runtime", podman_.runtime);
  runtime_ = podman_runtime(podman_, out_.runtime);
  if (!runtime_)
    step(out_, Step::Kind::hazard,
         fmt::format("runtime '{}' is neither runc nor crun: it may treat the profile in its own way", out_.runtime),
         place_);
  if (read_options() && check_capabilities() && check_policy()) choose();
  return std::move(out_);
}

}  // namespace

Container podman_container(const CommandLine& global, const CommandLine& line, base::Span place, World& world) {
  return Decision(global, line, place, world).run();
}

}  // namespace callgate::container
