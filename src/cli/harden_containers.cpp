// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_containers.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/harden_denials.h"
#include "cli/harden_under.h"
#include "cli/record_report.h"
#include "cli/record_talk.h"
#include "cli/record_targets.h"
#include "harden/diagnostic_ids.h"
#include "record/attach.h"
#include "resolve/emit.h"
#include "why/print.h"

namespace callgate::cli {

namespace fs = std::filesystem;

namespace {

using harden::Stage;

// One container, or one service of a project.
struct Part {
  std::string name;  // of the container or service
  HardenDir dir;
  std::unique_ptr<HardenProfile> profile;
  HardenOptions options;
  Under under = Under::other;
  std::string image, engine;
};

class Containers {
 public:
  Containers(Session& session, const HardenOptions& options) : session_(session), options_(options) {}
  int run();

 private:
  bool open_parts(int& status);
  bool look_at_filters(int& status);
  int take(Part& part, const record::Outcome& outcome);
  int recorded(Part& part, const record::Outcome& outcome);
  int tried(Part& part, const recording::Run& run);
  int enforced(Part& part, const recording::Run& run);
  int accept(Part& part);
  int close(Part& part);
  void choose_format(Part& part) const;
  std::string next_text(const Part& part) const;
  int write_overrides();
  void print_json(int status);
  int fail(int status) {
    print_findings();
    return status;
  }
  void print_findings() {
    print_diagnostics(session_.env(), session_.diagnostics(), session_.json());
    session_.diagnostics() = {};
  }
  bool compose() const { return session_.arguments().has("compose"); }

  Session& session_;
  const HardenOptions& options_;
  std::vector<record::AttachRequest> requests_;
  std::vector<std::unique_ptr<Part>> parts_;
};

// "container:web" → "web", "service:shop/web" → "web".
std::string short_name(const std::string& what) {
  return what.substr(what.find(':') + 1).substr(what.starts_with("service:") ? what.find('/') - what.find(':') : 0);
}

bool Containers::open_parts(int& status) {
  auto requests = attach_requests(session_, status);
  if (!requests) return false;
  requests_ = std::move(*requests);
  const std::string root(*session_.arguments().last("output"));
  for (record::AttachRequest& request : requests_) {
    const std::string name = short_name(request.what.front());
    harden::State fresh;
    fresh.command = request.what;
    auto dir = HardenDir::open(session_, compose() ? fmt::format("{}/{}", root, name) : root, fresh, status);
    if (!dir) return false;
    request.keep.arguments = options_.settings.closing.pinning != closure::Pinning::none;
    request.quiet = options_.quiet;
    parts_.push_back(std::make_unique<Part>(Part{name, std::move(*dir), nullptr, options_, Under::other, {}, {}}));
    Part& part = *parts_.back();
    part.profile = std::make_unique<HardenProfile>(session_, part.dir, part.options.settings);
    if (session_.arguments().has("restart") || !part.dir.resumed()) continue;
    if (part.dir.state().settings.find(", engine ") != std::string::npos)
      part.engine = part.dir.state().settings.substr(part.dir.state().settings.find(", engine ") + 9);
  }
  return true;
}

// The format that its engine reads, and what the engine's usual runtime calls under the filter.
void Containers::choose_format(Part& part) const {
  HardenSettings& settings = part.options.settings;
  if (!session_.arguments().has("to"))
    settings.format = convert::find_format(part.engine == "docker" || part.engine == "podman" ? part.engine : "oci");
  settings.closing.runtimes.clear();
  for (const std::string_view runtime : {"runc", "crun"})
    if (part.engine == runtime || (part.engine == "docker" && runtime == "runc") ||
        (part.engine == "containerd" && runtime == "runc") || part.engine == "podman")
      settings.closing.runtimes.push_back({std::string(runtime), false});
  part.dir.state().settings = fmt::format("{}, engine {}", options_.settings.words, part.engine);
}

bool Containers::look_at_filters(int& status) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = *parts_[i];
    const auto found =
        find_confined(session_, compose() ? Service::of(requests_[i].what.front(), part.name) : Service{{}, part.name});
    if (!found) continue;
    part.engine = found->engine;
    if (!found->image_id.empty()) {
      harden::State& state = part.dir.state();
      if (!state.identity.empty() && state.identity != found->image_id) {
        session_.diagnostics().add(
            harden::kOtherProgram, {},
            fmt::format("'{}' is made of another image than before ({}; it was {})", base::printable(part.name),
                        base::printable(found->image_id, 80), base::printable(state.identity, 80)),
            "--restart records it anew");
        status = kBadInput;
        return false;
      }
      state.identity = found->image_id;
    }
    part.under = which(session_, part.dir, *found);
    // Also in log mode: what its engine puts in beside the profile may refuse.
    requests_[i].keep.denied = part.under != Under::other;
  }
  return true;
}

int Containers::recorded(Part& part, const record::Outcome& outcome) {
  harden::State& state = part.dir.state();
  if (!add_run(session_, part.dir, outcome.run)) return kBadInput;
  ++state.runs;
  state.quiet = state.enforced = 0;
  part.dir.tell("record", fmt::format("{}: {}; {}{}", base::printable(part.name), summary_of(outcome.run),
                                      outcome_of(outcome.run), outcome.late ? "; its start was not seen" : ""));
  return close(part);
}

int Containers::tried(Part& part, const recording::Run& run) {
  harden::State& state = part.dir.state();
  int status = close(part);
  if (status != kYes) return status;
  const auto news = harden::news(run, part.options.settings.closing, part.profile->grants());
  ++state.trials;
  if (news.empty()) {
    ++state.quiet;
    part.dir.tell("trial", fmt::format("{} under trial.json: {}; nothing new ({} of {})", base::printable(part.name),
                                       summary_of(run), state.quiet, options_.trials));
    if (state.quiet >= options_.trials) state.stage = Stage::enforcing;
    return part.dir.save() ? kYes : kBadInput;
  }
  if (!add_run(session_, part.dir, run)) return kBadInput;
  std::string text =
      fmt::format("{} under trial.json: {}; {} new:", base::printable(part.name), summary_of(run), news.size());
  for (const harden::News& each : news) text += "\n    " + harden::describe(each);
  state.quiet = state.enforced = 0;
  part.dir.tell("trial", std::move(text));
  return close(part);
}

int Containers::enforced(Part& part, const recording::Run& run) {
  harden::State& state = part.dir.state();
  if (const int status = close(part); status != kYes) return status;
  const auto news = harden::news(run, part.options.settings.closing, part.profile->grants());
  if (news.empty()) {
    ++state.enforced;
    state.stage = Stage::hardened;
    part.dir.tell("enforce", fmt::format("{} under profile.json: {}; no call denied", base::printable(part.name),
                                         summary_of(run)));
    return part.dir.save() ? kYes : kBadInput;
  }
  state.stage = Stage::denied;
  part.dir.tell("enforce", fmt::format("{} under profile.json: {} kind{} of calls denied", base::printable(part.name),
                                       news.size(), news.size() == 1 ? "" : "s"));
  const auto report = report_denied(session_, part.dir, part.profile->subject(), part.profile->reading(),
                                    {denials_of(news, part.profile->enforced()), run, part.name, {}, {}});
  if (!report) return kBadInput;
  session_.env().err(why::to_text(*report));
  if (options_.accept) return accept(part);
  session_.diagnostics().add(harden::kDenied, {}, fmt::format("{} kinds of calls were denied", news.size()),
                             "if they belong to it, the same command with --accept takes them in");
  return part.dir.save() ? kNo : kBadInput;
}

int Containers::accept(Part& part) {
  const auto taken = take_denied(session_, part.dir);
  if (!taken) return kBadInput;
  return *taken ? close(part) : kYes;
}

int Containers::close(Part& part) {
  harden::State& state = part.dir.state();
  choose_format(part);
  bool changed = false;
  int status = kYes;
  if (!part.profile->close(changed, status)) return status;
  std::string text;
  if (!part.profile->prove(text, status)) return status;
  if (changed) {
    state.quiet = state.enforced = 0;
    state.stage = Stage::trying;
    const closure::Closure& closure = part.profile->closure();
    part.dir.tell("close",
                  fmt::format("{} calls at startup, {} while serving, of {} run{}; profile.json and trial.json are new",
                              closure.of(closure::Phase::startup).size(), closure.of(closure::Phase::serving).size(),
                              closure.sources.size(), closure.sources.size() == 1 ? "" : "s"));
    part.dir.tell("prove", std::move(text));
  }
  return part.dir.save() ? kYes : kBadInput;
}

int Containers::take(Part& part, const record::Outcome& outcome) {
  tell_limits(session_, outcome);
  const recording::Run& run = outcome.run;
  if (run.container) {
    part.image = run.container->image;
    if (part.engine.empty()) part.engine = run.container->engine;
    if (part.dir.state().identity.empty()) part.dir.state().identity = run.container->image_id;
  }
  choose_format(part);
  if (outcome.never_began) return sandbox::kExitOwnFailure;
  if (!run.complete && !options_.settings.accept_incomplete) return sandbox::kExitOwnFailure;
  if (part.under == Under::trial) return tried(part, run);
  if (part.under == Under::profile) return enforced(part, run);
  return recorded(part, outcome);
}

// What the user is to do now.
std::string Containers::next_text(const Part& part) const {
  const Stage stage = part.dir.state().stage;
  if (stage == Stage::hardened) return "hardened: no call was denied while it was looked at";
  const bool log = stage != Stage::enforcing;
  std::error_code error;
  resolve::Deployment deployment;
  deployment.profile = fs::absolute(part.dir.file(log ? "trial.json" : "profile.json"), error).string();
  if (!part.image.empty()) deployment.image = part.image;
  deployment.command = part.engine == "podman" ? "podman" : "docker";
  const std::string how =
      compose() ? fmt::format("docker compose -f FILE -f {} up -d\n",
                              resolve::shell_word(fmt::format("{}/{}", *session_.arguments().last("output"),
                                                              log ? "trial.yaml" : "profile.yaml")))
                : resolve::emit(resolve::Target::docker, deployment);
  return fmt::format("start it {}, then the same harden again, best before it starts (create, harden, start):\n  {}",
                     log ? "in log mode" : "under its profile", how);
}

// Compose files that put every service under its profile, to be given behind the project's own.
int Containers::write_overrides() {
  if (!compose()) return kYes;
  const std::string root(*session_.arguments().last("output"));
  for (const std::string_view which : {"trial", "profile"}) {
    std::vector<std::pair<std::string, std::string>> all;
    std::error_code error;
    for (const auto& part : parts_) {
      if (!fs::exists(part->dir.file("profile.json"), error)) continue;
      all.emplace_back(part->name, fs::absolute(part->dir.file(fmt::format("{}.json", which)), error).string());
    }
    const auto written = base::write_file(fmt::format("{}/{}.yaml", root, which), resolve::emit_override(all));
    if (!written) return session_.fail(written.error());
  }
  return kYes;
}

void Containers::print_json(int status) {
  base::JsonWriter json = session_.begin_json();
  json.member("directory", *session_.arguments().last("output")).member("status", status).key("parts").begin_array();
  for (const auto& part : parts_) {
    const harden::State& state = part->dir.state();
    json.begin_object().member("name", part->name).member("directory", part->dir.path());
    json.member("under", name(part->under)).member("stage", harden::name(state.stage)).member("runs", state.runs);
    json.member("trials", state.trials).member("quiet", state.quiet).member("enforced", state.enforced);
    harden::steps_to_json(state, json.member("next", next_text(*part)).key("steps"));
    json.end_object();
  }
  json.end_array();
  session_.print(json);
}

int Containers::run() {
  int status = kYes;
  if (!open_parts(status)) return fail(status);
  if (!look_at_filters(status)) return fail(status);
  status = kYes;
  if (options_.accept)
    for (const auto& part : parts_)
      if (status = accept(*part); status != kYes) return fail(status);
  print_findings();
  for (const auto& part : parts_)
    session_.env().err(fmt::format("callgate: {}: {}\n", base::printable(part->name), words(part->under)));
  const auto outcomes = record::attach(requests_);
  if (!outcomes) {
    session_.diagnostics().add(outcomes.error().id, {}, outcomes.error().message, outcomes.error().help);
    return fail(outcomes.error().exit_status);
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    int one = kYes;
    if ((*outcomes)[i]) {
      one = take(*parts_[i], *(*outcomes)[i]);
    } else {
      const sandbox::Refusal& refusal = (*outcomes)[i].error();
      session_.diagnostics().add(refusal.id, {}, refusal.message, refusal.help);
      one = refusal.exit_status;
    }
    status = std::max(status, one);
    print_findings();
  }
  if (const int written = write_overrides(); written != kYes) return fail(written);
  for (const auto& part : parts_)
    if (status == kYes || status == kNo)
      session_.env().err(fmt::format("callgate: {}: {}\n", base::printable(part->name), base::trim(next_text(*part))));
  if (session_.json()) print_json(status);
  return fail(status);
}

}  // namespace

int harden_containers(Session& session, const HardenOptions& options) {
  return Containers(session, options).run();
}

}  // namespace callgate::cli
