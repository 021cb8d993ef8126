// callgate install
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "install/install.h"
#include "policy/policy.h"

namespace callgate::cli {

namespace {

struct Installed {
  std::string name;
  install::Done done = install::Done::unchanged;
};

std::string base_name(std::string_view path) {
  return std::string(path.substr(path.rfind('/') + 1));
}

// What was installed, read again, means what was given.
int prove_equal(Session& session, const install::Place& place, const std::string& name, const format::Profile& given,
                const format::ReadOptions& reading) {
  auto text = install::read_back(place, name);
  if (!text) return session.fail(text.error());
  const base::SourceFile& file = session.keep_text(fmt::format("{}/{}", place.root, name), *text);
  base::Diagnostics ignored;
  const auto back = format::read_profile(file, reading, ignored);
  if (back && !policy::first_difference(back->policy, given.policy)) return kYes;
  return session.fail({base::ErrorCode::io, fmt::format("'{}' was changed while it was installed", file.name())});
}

int install_one(Session& session, const install::Place& place, const std::string& path,
                const format::ReadOptions& reading, std::vector<Installed>& out) {
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return kBadInput;
  const auto profile = sound_profile(session, *file, reading);
  if (!profile) return kBadInput;
  const std::string name(session.arguments().last("name").value_or(base_name(path)));
  const auto done = install::put(place, name, file->text());
  if (!done) return session.fail(done.error());
  out.push_back({name, *done});
  return place.dry_run ? kYes : prove_equal(session, place, name, *profile, reading);
}

int print(Session& session, const install::Place& place, const std::vector<Installed>& all) {
  if (session.json()) {
    auto json = session.begin_json();
    json.member("root", place.root).member("dry_run", place.dry_run).key("profiles").begin_array();
    for (const Installed& each : all) {
      json.begin_object().member("localhost_profile", each.name);
      json.member("path", fmt::format("{}/{}", place.root, each.name)).member("done", install::name(each.done));
      json.end_object();
    }
    json.end_array();
    session.print(json);
    return kYes;
  }
  for (const Installed& each : all) {
    const bool gone = each.done == install::Done::removed || each.done == install::Done::absent;
    session.print(fmt::format("{}{} {}/{}{}\n", place.dry_run ? "would be " : "", install::name(each.done), place.root,
                              each.name, gone ? "" : fmt::format(" (localhostProfile: {})", each.name)));
  }
  return kYes;
}

int install_command(Session& session) {
  const Arguments& given = session.arguments();
  const auto reading = read_options(session);
  if (!reading) return kUsage;
  format::ReadOptions node = *reading;
  if (!given.has("as")) node.as = format::Engine::containerd;
  if (given.has("name") && (given.operands.size() != 1 || given.has("remove")))
    return session.usage(kBadOptionValue, "--name goes with one profile that is installed");
  install::Place place;
  place.root = given.last("root").value_or(install::kKubeletRoot);
  while (place.root.size() > 1 && place.root.back() == '/') place.root.pop_back();
  place.may_own = ::geteuid() == 0;
  place.dry_run = given.has("dry-run");
  if (!place.may_own && !place.dry_run && !given.has("remove"))
    session.diagnostics().add(kNotRoots, {}, "the files will not belong to root: whoever owns them can change them",
                              "run it as root");
  std::vector<Installed> all;
  int status = kYes;
  for (const std::string& each : given.operands) {
    int one = kYes;
    if (given.has("remove")) {
      const auto done = install::remove(place, each);
      one = done ? kYes : session.fail(done.error());
      if (done) all.push_back({each, *done});
    } else {
      one = install_one(session, place, each, node, all);
    }
    if (one != kYes) status = one;
  }
  print(session, place, all);
  return status;
}

constexpr std::array<Operand, 1> kOperands{
    {{"PROFILE", "a profile's file; with --remove: its name below the root", true, true}}};
constexpr auto kOptions =
    std::array<Option, 5>{{
        {"root", 0, "DIR", "where the kubelet looks for profiles (/var/lib/kubelet/seccomp if not given)", ""},
        {"name", 0, "NAME", "install it under this name, a path below the root (the file's own name if not given)", ""},
        {"dry-run", 'n', "", "tell what would be done, and change nothing", ""},
        {"force", 0, "", "install even a profile that turns seccomp off", ""},
        {"remove", 0, "", "remove profiles instead", ""},
    }} +
    kReading + kFormat;
constexpr std::array<Example, 2> kExamples{{
    {"callgate install profile.json --root seccomp --name profiles/web.json", "Below a root of one's own."},
    {"callgate install profile.json --root seccomp --dry-run", "What would be done."},
}};

}  // namespace

extern const Command kInstallCommand{
    "install",
    "put profiles where the kubelet finds them",
    "Puts each profile below the kubelet's root for Localhost profiles, so that a Pod can name it. A file is there "
    "whole "
    "or not at all: it is written beside its place, made root's with mode 0644, synced, read back, and renamed. "
    "Afterwards it is read as the node's engine reads it (--as, containerd if not given) and proved equal to what was "
    "given. Nothing outside of the root is touched, and no symbolic link below it is followed.\n\n"
    "A profile that the engine would refuse, or take for \"no seccomp\", is not installed. Installing the same twice "
    "changes nothing.",
    kOperands,
    kOptions,
    kExamples,
    "",
    false,
    install_command};

}  // namespace callgate::cli
