// dockerd's decisions in its order: what a request may hold (create), which profile counts (start), and what the
// runtime makes of it. Source: moby daemon/{container,daemon_unix,seccomp_linux,oci_linux}.go of v20.10.24, v23.0.0,
// v27.0.1, v28.2.2 and docker-v29.7.2. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "container/reading.h"
#include "manifest/capabilities.h"
#include "manifest/go_json.h"
#include "manifest/go_text.h"

namespace callgate::container {

namespace {

using manifest::Container;
using manifest::Party;
using manifest::Step;

// --security-opt as the daemon cuts it: at the first '=', else at the first ':'.
struct Parsed {
  std::string_view key, value;
  bool cut = false;
};

Parsed parse(std::string_view text) {
  auto at = text.find('=');
  if (at == std::string_view::npos) at = text.find(':');
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

class Decision {
 public:
  Decision(const Request& request, const Daemon& daemon, manifest::Filters& filters)
      : request_(request), daemon_(daemon), filters_(filters) {}
  Container run();

 private:
  bool check_capabilities();
  bool check_user_namespace();
  bool check_runtime();
  bool read_options();
  bool read_option(const SecurityOpt& option);
  bool read_switch(const SecurityOpt& option, const Parsed& parsed);
  void tell_of_others();
  void choose();
  void choose_privileged();
  void choose_daemons();
  void choose_default(base::Span place);
  void load(const SecurityOpt& option);
  ReaderWords words() const {
    return {format::Engine::docker, "Decoding seccomp profile failed: ", "", daemon_.version >= EngineVersion{23, 0}};
  }
  std::string_view chosen_value() const { return chosen_ == nullptr ? std::string_view() : parse(chosen_->text).value; }
  bool refuse_here(std::string message, base::Span place = {}) {
    refuse(out_, Party::dockerd, std::move(message), place);
    return false;
  }

  const Request& request_;
  const Daemon& daemon_;
  manifest::Filters& filters_;
  Container out_;
  std::optional<format::Runtime> runtime_;
  std::vector<const SecurityOpt*> profiles_;  // every seccomp option, in order
  const SecurityOpt* chosen_ = nullptr;       // the last
};

bool Decision::check_capabilities() {
  auto bounds =
      manifest::bounding_set(format::default_capabilities(), request_.cap_add, request_.cap_drop, request_.privileged);
  if (!bounds) return refuse_here(bounds.error().message);
  out_.capabilities = std::move(*bounds);
  if (request_.privileged || (request_.cap_add.empty() && request_.cap_drop.empty())) return true;
  step(out_, Step::Kind::fact,
       fmt::format("the bounding set has {} capabilities; rules of a profile that ask for others are left out",
                   out_.capabilities.size()),
       request_.source);
  return true;
}

bool Decision::check_user_namespace() {
  if (!daemon_.userns_remap || request_.userns == "host" || !request_.privileged) return true;
  return refuse_here(
      "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when "
      "running privileged mode");
}

bool Decision::check_runtime() {
  out_.runtime = request_.runtime.empty() ? daemon_.default_runtime : request_.runtime;
  const auto configured = std::find_if(daemon_.runtimes.begin(), daemon_.runtimes.end(),
                                       [&](const auto& each) { return each.first == out_.runtime; });
  const bool stock = out_.runtime == "runc" || out_.runtime == "io.containerd.runc.v2";
  const auto dot = out_.runtime.find('.');
  // Since 23.0 a name like io.containerd.runsc.v1 needs no configuration.
  const bool shim = daemon_.version >= EngineVersion{23, 0} && dot != std::string::npos && dot != 0 &&
                    out_.runtime.find('/') == std::string::npos;
  if (configured == daemon_.runtimes.end() && !stock && !shim)
    return refuse_here(fmt::format(
        "{} {}",
        daemon_.version >= EngineVersion{23, 0} ? "unknown or invalid runtime name:" : "Unknown runtime specified",
        out_.runtime));
  runtime_ = known_runtime(configured == daemon_.runtimes.end() ? out_.runtime : configured->second);
  if (!runtime_)
    step(out_, Step::Kind::hazard,
         fmt::format("runtime '{}' is neither runc nor crun: it may treat the profile in its own way", out_.runtime),
         request_.source);
  return true;
}

bool Decision::read_switch(const SecurityOpt& option, const Parsed& parsed) {
  const auto on = manifest::go_parse_bool(parsed.value);
  if (!on)
    return refuse_here(fmt::format("invalid --security-opt 2: {}", manifest::go_quote(option.text)), option.place);
  if (parsed.key == "no-new-privileges") out_.no_new_privileges = *on;
  return true;
}

bool Decision::read_option(const SecurityOpt& option) {
  const bool writable = daemon_.version >= EngineVersion{28, 0};
  if (option.text == "no-new-privileges") {
    out_.no_new_privileges = true;
    return true;
  }
  if (option.text == "disable" || (option.text == "writable-cgroups" && writable)) return true;
  const Parsed parsed = parse(option.text);
  if (!parsed.cut)
    return refuse_here(fmt::format("invalid --security-opt 1: {}", manifest::go_quote(option.text)), option.place);
  if (parsed.key == "label" || parsed.key == "apparmor") return true;
  if (parsed.key == "seccomp") {
    profiles_.push_back(&option);
    return true;
  }
  if (parsed.key == "no-new-privileges" || (parsed.key == "writable-cgroups" && writable))
    return read_switch(option, parsed);
  return refuse_here(fmt::format("invalid --security-opt 2: {}", manifest::go_quote(option.text)), option.place);
}

bool Decision::read_options() {
  out_.no_new_privileges = daemon_.no_new_privileges;
  for (const SecurityOpt& option : request_.security_opt)
    if (!read_option(option)) return false;
  if (!profiles_.empty()) chosen_ = profiles_.back();
  tell_of_others();
  if (out_.no_new_privileges)
    step(out_, Step::Kind::fact, "no_new_privs is set, so the runtime loads the filter last, just before the program",
         request_.source);
  return true;
}

void Decision::tell_of_others() {
  for (const SecurityOpt* each : profiles_)
    if (each != chosen_)
      step(out_, Step::Kind::ignored, "a later 'seccomp' option takes the place of this one", each->place,
           manifest::Topic::superseded);
}

void Decision::load(const SecurityOpt& option) {
  if (option.profile != nullptr)
    return choose_file(out_, *option.profile, option.profile_path, option.place, words(), Party::dockerd, runtime_,
                       filters_);
  out_.choice = {manifest::ProfileKind::file, option.profile_path, {}, option.place, nullptr};
  if (!option.profile_path.empty()) return;  // sent, though not read here: a step says so
  // A text that no file stands behind is JSON or refused: the daemon opens no files.
  const auto compact = manifest::go_compact(parse(option.text).value);
  if (!compact)
    refuse(out_, Party::dockerd, "Decoding seccomp profile failed: " + compact.error().message, option.place);
}

void Decision::choose_privileged() {
  const bool loads = daemon_.version >= EngineVersion{27, 0};
  if (!chosen_value().empty() && loads) {
    step(out_, Step::Kind::fact, "privileged, with a profile given: the profile applies since Docker 27",
         chosen_->place);
    return load(*chosen_);
  }
  if (chosen_ != nullptr)
    step(out_, Step::Kind::ignored,
         loads ? "an empty profile counts as none" : "privileged turns seccomp off before Docker 27, whatever is given",
         chosen_->place, loads ? manifest::Topic::other : manifest::Topic::privileged);
  step(out_, Step::Kind::fact, "privileged: no seccomp filter", request_.source,
       chosen_ != nullptr ? manifest::Topic::other : manifest::Topic::privileged_alone);
  if (!daemon_.seccomp_profile.empty())
    step(out_, Step::Kind::ignored, "privileged containers do not get the daemon's profile", daemon_.place);
  choose_unconfined(out_, request_.source, filters_);
}

// Each release brings its own.
void Decision::choose_default(base::Span place) {
  const EngineVersion oldest = format::oldest_docker_default();
  if (daemon_.version < oldest)
    step(out_, Step::Kind::hazard,
         fmt::format("the default profile of Docker {}.{:02} is not known here, so that of {}.{:02} is taken for it",
                     daemon_.version.major, daemon_.version.minor, oldest.major, oldest.minor),
         place);
  choose_built_in(out_, std::string(format::docker_default(daemon_.version)), place, format::Engine::docker, runtime_,
                  filters_);
}

void Decision::choose_daemons() {
  const std::string& profile = daemon_.seccomp_profile;
  if (profile.empty() || profile == "builtin") {
    step(out_, Step::Kind::fact, "no profile is given: Docker's built-in default applies", request_.source);
    return choose_default(request_.source);
  }
  if (profile == "unconfined") {
    step(out_, Step::Kind::hazard, "the daemon's own default is 'unconfined'", daemon_.place, manifest::Topic::by_name);
    return choose_unconfined(out_, daemon_.place, filters_);
  }
  step(out_, Step::Kind::fact, fmt::format("no profile is given: the daemon's own, '{}', applies", profile),
       daemon_.place);
  if (daemon_.seccomp_file != nullptr)
    return choose_file(out_, *daemon_.seccomp_file, profile, daemon_.place, words(), Party::dockerd, runtime_,
                       filters_);
  out_.choice = {manifest::ProfileKind::file, profile, {}, daemon_.place, nullptr};
}

void Decision::choose() {
  const std::string_view value = chosen_value();
  if (value == "unconfined") {
    step(out_, Step::Kind::hazard, "seccomp is turned off by name", chosen_->place, manifest::Topic::by_name);
    return choose_unconfined(out_, chosen_->place, filters_);
  }
  if (request_.privileged) return choose_privileged();
  if (value == "builtin" && daemon_.version >= EngineVersion{23, 0}) {
    step(out_, Step::Kind::fact, "Docker's built-in default is asked for by name", chosen_->place);
    if (!daemon_.seccomp_profile.empty())
      step(out_, Step::Kind::ignored, "'builtin' sets the daemon's own profile aside", daemon_.place);
    return choose_default(chosen_->place);
  }
  if (value.empty()) return choose_daemons();
  if (!daemon_.seccomp_profile.empty())
    step(out_, Step::Kind::ignored, "the container's own profile takes the place of the daemon's", daemon_.place);
  if (!chosen_->profile_path.empty())
    step(out_, Step::Kind::fact, fmt::format("profile '{}' is sent to the daemon as text", chosen_->profile_path),
         chosen_->place);
  load(*chosen_);
}

Container Decision::run() {
  out_.name = request_.name;
  out_.owner = request_.owner;
  out_.source = request_.source;
  out_.engine = "docker";
  out_.privileged = request_.privileged;
  out_.steps = request_.steps;
  for (const SecurityOpt& option : request_.security_opt) out_.security_opt.push_back(option.text);
  if (check_capabilities() && check_user_namespace() && check_runtime() && read_options()) choose();
  return std::move(out_);
}

}  // namespace

Container decide(const Request& request, const Daemon& daemon, manifest::Filters& filters) {
  return Decision(request, daemon, filters).run();
}

}  // namespace callgate::container
