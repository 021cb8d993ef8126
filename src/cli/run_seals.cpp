// SPDX-License-Identifier: Apache-2.0
#include "cli/run_seals.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sandbox/diagnostic_ids.h"
#include "sandbox/host_facts.h"

namespace callgate::cli {

namespace {

std::vector<std::string> words(const Session& session, std::string_view option) {
  std::vector<std::string> out;
  for (const std::string_view word : session.arguments().all(option)) out.emplace_back(word);
  return out;
}

// What launch() does on top of the seals' own steps.
std::vector<std::string> steps_of(const sandbox::Plan& plan) {
  std::vector<std::string> out;
  for (const sandbox::Step& step : plan.seals.prepare) out.push_back(sandbox::describe(step));
  if (plan.seals.namespaces != 0)
    out.push_back(
        fmt::format("start a process in new namespaces: {}", sandbox::namespaces_text(plan.seals.namespaces)));
  for (const sandbox::Step& step : plan.seals.setup) out.push_back(sandbox::describe(step));
  if (plan.seals.init) out.emplace_back("stay as init, and start the program's process");
  for (const sandbox::Step& step : plan.seals.program) out.push_back(sandbox::describe(step));
  out.emplace_back("set no_new_privs");
  const auto load = [&](const std::optional<bpf::Program>& filter, std::string_view which) {
    if (filter) out.push_back(fmt::format("load {} filter of {} instructions", which, filter->size()));
  };
  load(plan.guard, "the seals'");
  load(plan.filter, plan.guard ? "the profile's" : "a");
  out.push_back(fmt::format("execute {}", base::printable(plan.program, 200)));
  out.insert(out.end(), plan.later.begin(), plan.later.end());
  return out;
}

void to_json(base::JsonWriter& json, const std::vector<sandbox::Step>& steps, std::string_view by) {
  for (const sandbox::Step& step : steps) {
    json.begin_object().member("kind", sandbox::name(step.kind)).member("by", by);
    if (!step.path.empty()) json.member("path", step.path);
    if (!step.text.empty()) json.member("text", step.text);
    if (step.number != 0) json.member("number", step.number);
    if (step.value != 0) json.member("value", step.value);
    if (step.flags != 0) json.member("flags", step.flags);
    if (step.slot >= 0) json.member("slot", step.slot);
    json.member("says", sandbox::describe(step)).end_object();
  }
}

}  // namespace

bool has_seals(const Session& session) {
  return std::ranges::any_of(kSealOptions, [&](const Option& each) { return session.arguments().has(each.name); });
}

std::optional<sandbox::Refusal> find_program(Session& session, sandbox::Plan& plan) {
  const std::string root(session.arguments().last("root").value_or("none"));
  return sandbox::find_program(plan.argv[0], session.env().variable("PATH"),
                               root == "none" ? sandbox::probe_executable : sandbox::probe_below(root), plan.program);
}

bool add_seals(Session& session, sandbox::Plan& plan, sandbox::Refusal& refusal) {
  sandbox::SealRequest request;
  request.seals = words(session, "seal");
  request.caps = words(session, "cap");
  request.keep_fds = words(session, "keep-fd");
  request.read_only = words(session, "ro");
  request.writable = words(session, "rw");
  request.empty = words(session, "tmpfs");
  if (const auto root = session.arguments().last("root")) request.root = std::string(*root);
  if (const auto net = session.arguments().last("net")) request.net = std::string(*net);
  request.connect_ports = words(session, "connect");
  request.bind_ports = words(session, "bind");
  const auto word = [&](std::string_view option) {
    const auto last = session.arguments().last(option);
    return last ? std::optional(std::string(*last)) : std::nullopt;
  };
  request.memory = word("memory");
  request.swap = word("swap");
  request.pids = word("pids");
  request.rlimits = words(session, "rlimit");
  request.no_exec_memory = session.arguments().has("no-exec-mem");
  request.best_effort = session.arguments().has("best-effort");
  if (request == sandbox::SealRequest{}) return true;
  sandbox::HostFacts host = sandbox::read_host_facts();
  if (request.memory || request.pids) sandbox::read_cgroups(host);
  if (!request.seals.empty()) sandbox::probe_new_proc(host);
  auto seals = sandbox::plan_seals(request, host, refusal);
  if (!seals) return false;
  plan.seals = std::move(*seals);
  for (const std::string& what : plan.seals.missing) session.diagnostics().add(sandbox::kLeftOut, {}, what);
  return true;
}

void clean_up(Session& session, sandbox::Launched& launched) {
  if (std::string left = launched.remove_cgroups(); !left.empty())
    session.diagnostics().add(sandbox::kLeftBehind, {}, std::move(left));
}

void print_plan(Session& session, const sandbox::Plan& plan) {
  if (!session.json()) {
    std::string text;
    int number = 0;
    for (const std::string& line : steps_of(plan)) text += fmt::format("{:>3}  {}\n", ++number, line);
    session.print(text);
    return;
  }
  base::JsonWriter json = session.begin_json();
  json.member("program", plan.program).key("argv").begin_array();
  for (const std::string& word : plan.argv) json.value(word);
  json.end_array().member("namespaces", sandbox::namespaces_text(plan.seals.namespaces));
  json.member("init", plan.seals.init).key("steps").begin_array();
  to_json(json, plan.seals.prepare, "launcher");
  to_json(json, plan.seals.setup, plan.seals.init ? "init" : "program");
  to_json(json, plan.seals.program, "program");
  json.end_array().key("left_out").begin_array();
  for (const std::string& what : plan.seals.missing) json.value(what);
  json.end_array();
  if (!plan.later.empty()) {
    json.key("later").begin_array();
    for (const std::string& step : plan.later) json.value(step);
    json.end_array();
  }
  if (plan.guard) json.member("guard_instructions", plan.guard->size());
  if (plan.filter) json.member("filter_instructions", plan.filter->size());
  session.print(json);
}

}  // namespace callgate::cli
