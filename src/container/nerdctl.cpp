// nerdctl: containerd's own client. '=' alone separates, the last of a kind wins, unknown keys are warned of, and the
// profile is read as plain OCI. Source: nerdctl v2.3.5 pkg/cmd/container/run_security_linux.go, pkg/strutil; containerd
// contrib/seccomp, pkg/oci/spec_opts.go (WithPrivileged).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

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

class Decision {
 public:
  Decision(const CommandLine& line, base::Span place, World& world) : line_(line), place_(place), world_(world) {}
  Container run();

 private:
  struct Chosen {
    std::string value;
    base::Span place;
    bool given = false;
  };

  void read_options();
  Chosen& slot(std::string_view key);
  bool check_switch(std::string_view key, const Chosen& chosen, bool empty_is_true, bool& on);
  bool check_others();
  void capabilities();
  void choose();
  void open_profile();
  bool no(std::string message, base::Span place) {
    refuse(out_, Party::nerdctl, std::move(message), place);
    return false;
  }

  const CommandLine& line_;
  base::Span place_;
  World& world_;
  Container out_;
  std::optional<format::Runtime> runtime_;
  Chosen seccomp_, privileges_, paths_, devices_, cgroups_, other_;
};

Decision::Chosen& Decision::slot(std::string_view key) {
  if (key == "seccomp") return seccomp_;
  if (key == "no-new-privileges") return privileges_;
  if (key == "systempaths") return paths_;
  if (key == "privileged-without-host-devices") return devices_;
  if (key == "writable-cgroups") return cgroups_;
  return other_;
}

void Decision::read_options() {
  for (const Option* option : values(line_, "security-opt")) {
    out_.security_opt.push_back(option->value);
    const std::string_view text = option->value;
    const auto at = text.find('=');
    const std::string_view key = text.substr(0, at);
    Chosen& chosen = slot(key);
    if (&chosen == &other_ && key != "apparmor" && key != "label")
      step(out_, Step::Kind::ignored,
           fmt::format("unknown security-opt: {}: nerdctl warns, and nothing comes of it", manifest::go_quote(key)),
           option->place);
    if (&chosen == &seccomp_ && chosen.given)
      step(out_, Step::Kind::ignored, "a later 'seccomp' option takes the place of this one", chosen.place,
           manifest::Topic::superseded);
    chosen = {at == std::string_view::npos ? std::string() : std::string(text.substr(at + 1)), option->place, true};
  }
}

bool Decision::check_switch(std::string_view key, const Chosen& chosen, bool empty_is_true, bool& on) {
  on = false;
  if (!chosen.given) return true;
  const auto value =
      empty_is_true && chosen.value.empty() ? std::optional(true) : manifest::go_parse_bool(chosen.value);
  on = value.value_or(false);
  if (value) return true;
  const std::string quoted = manifest::go_quote(chosen.value);
  if (!empty_is_true) return no(fmt::format("invalid \"{}\" value: {}", key, quoted), chosen.place);
  return no(fmt::format("invalid \"{0}\" value: {1}: strconv.ParseBool: parsing {1}: invalid syntax", key, quoted),
            chosen.place);
}

bool Decision::check_others() {
  if (seccomp_.given && seccomp_.value.empty()) return no("invalid security-opt \"seccomp\"", seccomp_.place);
  if (!check_switch("no-new-privileges", privileges_, true, out_.no_new_privileges)) return false;
  if (paths_.given && paths_.value != "unconfined")
    return no("invalid security-opt \"systempaths=unconfined\"", paths_.place);
  bool without_devices = false, writable = false;
  if (!check_switch("privileged-without-host-devices", devices_, true, without_devices)) return false;
  if (without_devices && !out_.privileged)
    return no("flag `--security-opt privileged-without-host-devices` can't be used without `--privileged` enabled",
              devices_.place);
  return check_switch("writable-cgroups", cgroups_, false, writable);
}

void Decision::capabilities() {
  const auto list = [&](std::string_view option) {
    std::vector<std::string> out;
    for (const Option* each : values(line_, option))
      for (const std::string_view name : base::split(each->value, ','))
        if (!name.empty()) out.emplace_back(name == "ALL" ? std::string(name) : manifest::normal_capability(name));
    return out;
  };
  const auto add = list("cap-add"), drop = list("cap-drop");
  const std::vector<std::string>& all = manifest::all_capabilities();
  std::vector<std::string> start = contains(drop, "ALL") ? std::vector<std::string>() : format::default_capabilities();
  if (contains(add, "ALL") || out_.privileged) start = all;
  for (const std::string& name : all) {
    const bool had = contains(start, name) || contains(add, name);
    if (out_.privileged || (had && (contains(drop, "ALL") || !contains(drop, name)))) out_.capabilities.push_back(name);
  }
}

void Decision::open_profile() {
  const std::string& path = seccomp_.value;
  const auto file = world_.files.open(path, path);
  const std::string quoted = manifest::go_quote(path);
  if (file) {
    step(out_, Step::Kind::fact, fmt::format("nerdctl reads profile '{}' as plain OCI", path), seccomp_.place);
    const ReaderWords words{format::Engine::containerd, fmt::format("decoding seccomp profile failed {}: ", quoted), "",
                            true};
    return choose_file(out_, **file, path, seccomp_.place, words, Party::nerdctl, runtime_, world_.filters);
  }
  using manifest::Missing;
  const Missing why = file.error().why;
  if (why != Missing::not_regular && why != Missing::outside && why != Missing::too_large)
    return refuse(out_, Party::nerdctl, fmt::format("cannot load seccomp profile {}: {}", quoted, file.error().message),
                  seccomp_.place);
  out_.choice = {manifest::ProfileKind::file, path, {}, seccomp_.place, nullptr};
  step(out_, Step::Kind::hazard, fmt::format("{}, so what it would say is not known here", file.error().message),
       seccomp_.place);
}

void Decision::choose() {
  const bool named = seccomp_.given && seccomp_.value != "builtin";
  if (named && seccomp_.value != "unconfined") open_profile();
  if (out_.outcome == manifest::Outcome::refused) return;
  if (out_.privileged) {
    if (named && seccomp_.value != "unconfined")
      step(out_, Step::Kind::ignored, "privileged turns seccomp off in nerdctl, whatever profile is given",
           seccomp_.place, manifest::Topic::privileged);
    step(out_, Step::Kind::fact, "privileged: no seccomp filter", place_,
         named ? manifest::Topic::other : manifest::Topic::privileged_alone);
    return choose_unconfined(out_, place_, world_.filters);
  }
  if (named && seccomp_.value == "unconfined") {
    step(out_, Step::Kind::hazard, "seccomp is turned off by name", seccomp_.place, manifest::Topic::by_name);
    return choose_unconfined(out_, seccomp_.place, world_.filters);
  }
  if (named) return;
  step(out_, Step::Kind::fact, "no profile is given: containerd's default applies", place_);
  choose_built_in(out_, "containerd-default", place_, format::Engine::containerd, runtime_, world_.filters);
}

Container Decision::run() {
  out_.name = last_value(line_, "name", line_.rest.front().text);
  out_.source = place_;
  out_.engine = "nerdctl";
  out_.runtime = last_value(line_, "runtime", "io.containerd.runc.v2");
  runtime_ = known_runtime(out_.runtime);
  if (!runtime_)
    step(out_, Step::Kind::hazard,
         fmt::format("runtime '{}' is neither runc nor crun: it may treat the profile in its own way", out_.runtime),
         place_);
  out_.privileged = is_set(line_, "privileged");
  capabilities();
  read_options();
  if (check_others()) choose();
  return std::move(out_);
}

}  // namespace

Container nerdctl_container(const CommandLine& line, base::Span place, World& world) {
  return Decision(line, place, world).run();
}

}  // namespace callgate::container
