// SPDX-License-Identifier: Apache-2.0
#include "cli/record_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"

namespace callgate::cli {

namespace {

using recording::Call;
using recording::Phase;
using recording::Run;

std::string counted(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

std::string arch_of(const Call& call) {
  const auto which = arch::of_call(call.audit, call.nr);
  return std::string(which ? arch::info(*which).name : std::string_view("unknown"));
}

// "  start (3): a b c", broken before column 100.
std::string words_line(const std::string& heading, const std::vector<std::string>& words) {
  constexpr std::size_t kWidth = 100;
  std::string out = fmt::format("  {} ({}):", heading, words.size());
  std::size_t column = out.size();
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kWidth) {
      out += "\n   ";
      column = 4;
    }
    out += ' ' + word;
    column += 1 + word.size();
  }
  return out + '\n';
}

std::string calls_text(const Run& run) {
  std::map<std::string, std::vector<std::string>> lists;  // by phase and architecture
  std::vector<std::string> denied, vsyscalls;
  for (const Call& call : run.calls) {
    const std::string name = recording::call_name(call.audit, call.nr);
    for (std::size_t i = 0; i < recording::kPhaseCount; ++i) {
      if (!call.seen[i]) continue;
      const std::string arch = arch_of(call);
      const bool native = arch == arch::info(run.arch).name;
      lists[fmt::format("{}{}{}", i, recording::name(static_cast<Phase>(i)), native ? "" : ", " + arch)].push_back(
          name);
    }
    if (call.denied) denied.push_back(name);
    if (call.vsyscall) vsyscalls.push_back(name);
  }
  std::string out;
  for (auto& [key, names] : lists) {
    std::ranges::sort(names);
    out += words_line(key.substr(1), names);
  }
  if (!denied.empty()) out += words_line("refused by a filter or tracer", denied);
  if (!vsyscalls.empty()) out += words_line("by the vsyscall page only", vsyscalls);
  return out;
}

std::string value_text(const Call& call, const recording::Argument& argument, std::string& name) {
  const auto id = arch::find_name(arch::name_of_call(call.audit, call.nr));
  const auto prototype = id ? arch::prototype(*id) : std::nullopt;
  const bool known = prototype && argument.place < prototype->size();
  const std::string_view set = known ? (*prototype)[argument.place].set : std::string_view();
  name = known ? std::string((*prototype)[argument.place].name) : fmt::format("argument {}", argument.place);
  if (argument.any)
    return argument.ever_set ? "any of the bits " + arch::describe_value(set, *argument.ever_set) : "any";
  std::vector<std::string> words;
  for (const std::uint64_t value : argument.values) words.push_back(arch::describe_value(set, value));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string arguments_text(const Run& run) {
  std::string out;
  for (const Call& call : run.calls)
    for (const recording::Argument& argument : call.arguments) {
      std::string name;
      const std::string value = value_text(call, argument, name);
      fmt::format_to(std::back_inserter(out), "    {}, {}: {} = {}\n", recording::call_name(call.audit, call.nr),
                     recording::name(argument.phase), name, value);
    }
  return out.empty() ? out : "  arguments:\n" + out;
}

// Each capability with the calls that it was asked for in: some are asked for out of caution only (docs/recording.md).
std::string capabilities_text(const Run& run) {
  std::string out;
  for (const bool granted : {true, false}) {
    std::map<std::string, std::set<std::string>> calls;
    for (const recording::Capability& capability : run.capabilities)
      if (capability.granted == granted)
        calls[recording::capability_name(capability.number)].insert(
            capability.call ? recording::call_name(capability.call->first, capability.call->second) : "no call");
    if (calls.empty()) continue;
    fmt::format_to(std::back_inserter(out), "  capabilities {} ({}):\n", granted ? "granted" : "refused", calls.size());
    for (const auto& [name, by] : calls)
      fmt::format_to(std::back_inserter(out), "    {}: {}\n", name, fmt::join(by, " "));
  }
  return out;
}

// What its runtime did before the container's program began, apart by whether the container's filter was in force.
std::string runtime_text(const Run& run) {
  std::string out;
  for (const bool filtered : {false, true}) {
    std::vector<std::string> names;
    for (const recording::RuntimeCall& call : run.runtime)
      if (call.filtered == filtered) names.push_back(recording::call_name(call.audit, call.nr));
    std::ranges::sort(names);
    if (!names.empty())
      out += words_line(filtered ? "by the runtime, under the container's filter" : "by the runtime, before its filter",
                        names);
  }
  return out;
}

// The container's capabilities by what came of them.
std::string outcomes_text(const Run& run) {
  if (!run.container || !run.container->bounding) return {};
  std::set<std::uint8_t> granted, refused;
  for (const recording::Capability& capability : run.capabilities)
    (capability.granted ? granted : refused).insert(capability.number);
  std::vector<std::string> used, denied, never;
  constexpr std::uint8_t kMostCapabilities = 64;
  for (std::uint8_t number = 0; number < kMostCapabilities; ++number) {
    const bool has = (*run.container->bounding >> number & 1) != 0;
    const std::string name = recording::capability_name(number);
    if (granted.contains(number))
      used.push_back(name);
    else if (refused.contains(number))
      denied.push_back(has ? name : name + " (the container has not got it)");
    else if (has)
      never.push_back(name);
  }
  std::string out;
  if (!used.empty()) out += words_line("of the container's capabilities, granted", used);
  if (!denied.empty()) out += words_line("asked for and refused", denied);
  if (!never.empty()) out += words_line("never asked for", never);
  return out;
}

std::string container_text(const Run& run) {
  if (!run.container) return {};
  const recording::Container& container = *run.container;
  std::string out =
      fmt::format("  container: {} {}", base::printable(container.engine), base::printable(container.id.substr(0, 12)));
  if (!container.image.empty()) out += ", image " + base::printable(container.image);
  const std::string& digest = container.image_digest.empty() ? container.image_id : container.image_digest;
  if (!digest.empty()) out += " " + base::printable(digest);
  return out + '\n';
}

std::string convergence_text(const Run& run) {
  const auto more = run.convergence ? recording::unseen(*run.convergence) : std::nullopt;
  if (!more) return {};
  return fmt::format(
      "  while serving: {} made in one second only, {} in two, of {}; about {:.0f} more to be expected\n",
      counted(run.convergence->once, "call"), run.convergence->twice, run.convergence->windows, *more);
}

std::string losses_text(const Run& run) {
  std::string out;
  for (const recording::Loss& more : run.overflow)
    if (more.count != 0)
      fmt::format_to(std::back_inserter(out), "  more than fit: {} {}\n", more.count,
                     more.what == "images" ? "executions of further programs (their calls are kept, not by whom)"
                                           : "values of arguments (those are told as any)");
  for (const recording::Loss& loss : run.losses)
    if (loss.count != 0) fmt::format_to(std::back_inserter(out), "  lost: {} {}\n", loss.count, loss.what);
  return out;
}

// What this way of recording, or this kernel, does not show. Refused calls are no part of it: --denied asks for them.
std::vector<std::string> unseen(const Run& run) {
  std::vector<std::string> out;
  for (const recording::Blind blind : run.blind) {
    if (blind == recording::Blind::capabilities) out.emplace_back("capabilities");
    if (blind == recording::Blind::io_uring) out.emplace_back("operations of io_uring");
    if (blind == recording::Blind::vsyscalls) out.emplace_back("the vsyscall page");
  }
  return out;
}

}  // namespace

std::string outcome_of(const Run& run) {
  if (!run.complete) return "INCOMPLETE";
  const std::vector<std::string> without = unseen(run);
  return without.empty() ? "complete" : fmt::format("complete, but for {}", fmt::join(without, ", "));
}

std::string summary_of(const Run& run) {
  return fmt::format("{} of {} and {} in {:.2f} s", counted(run.calls.size(), "call"),
                     counted(run.images.size(), "program"), counted(run.tasks, "task"),
                     static_cast<double>(run.duration_ns) / 1e9);
}

std::string report_of(const Run& run) {
  std::vector<std::string> words;
  for (const std::string& word : run.command) words.push_back(base::printable(word));
  std::string out = fmt::format(
      "{}: {}; {}; {}\n", fmt::join(words, " "), summary_of(run),
      run.signal != 0 ? fmt::format("ended by signal {}", run.signal) : fmt::format("exit status {}", run.exit_status),
      outcome_of(run));
  out += container_text(run) + calls_text(run) + runtime_text(run) + arguments_text(run) + capabilities_text(run);
  out += outcomes_text(run);
  std::vector<std::string> operations;
  for (const recording::UringOperation& operation : run.uring)
    operations.push_back(recording::uring_name(operation.opcode));
  if (!operations.empty()) out += words_line("operations of io_uring, which no filter sees", operations);
  return out + convergence_text(run) + losses_text(run);
}

namespace {

void call_json(const Call& call, base::JsonWriter& json) {
  json.begin_object().member("arch", arch_of(call)).member("nr", call.nr);
  json.member("name", recording::call_name(call.audit, call.nr)).key("counts").begin_object();
  for (std::size_t i = 0; i < recording::kPhaseCount; ++i)
    if (call.seen[i]) json.member(recording::name(static_cast<Phase>(i)), call.counts[i]);
  json.end_object();
  if (call.denied) json.member("denied", *call.denied);
  if (call.vsyscall) json.member("vsyscall", true);
  if (!call.arguments.empty()) {
    json.key("arguments").begin_array();
    for (const recording::Argument& argument : call.arguments) {
      std::string name;
      const std::string text = value_text(call, argument, name);
      json.begin_object().member("arg", argument.place).member("phase", recording::name(argument.phase));
      json.member("name", name).member("any", argument.any).key("values").begin_array();
      for (const std::uint64_t value : argument.values) json.value(value);
      json.end_array().member("text", text).end_object();
    }
    json.end_array();
  }
  json.end_object();
}

}  // namespace

namespace {

void container_json(const recording::Container& container, base::JsonWriter& json) {
  json.key("container").begin_object().member("engine", container.engine).member("id", container.id);
  json.member("name", container.name).member("image", container.image).member("image_id", container.image_id);
  json.member("image_digest", container.image_digest).member("project", container.project);
  json.member("service", container.service);
  if (container.bounding) {
    json.key("bounding").begin_array();
    for (std::uint8_t number = 0; number < 64; ++number)
      if ((*container.bounding >> number & 1) != 0) json.value(recording::capability_name(number));
    json.end_array();
  }
  json.end_object();
}

void runtime_json(const Run& run, base::JsonWriter& json) {
  json.key("runtime_calls").begin_array();
  for (const recording::RuntimeCall& call : run.runtime)
    json.begin_object()
        .member("name", recording::call_name(call.audit, call.nr))
        .member("filtered", call.filtered)
        .end_object();
  json.end_array();
}

void convergence_json(const recording::Convergence& convergence, base::JsonWriter& json) {
  json.key("convergence").begin_object().member("windows", convergence.windows);
  json.member("window_ns", convergence.window_ns).member("once", convergence.once).member("twice", convergence.twice);
  if (const auto more = recording::unseen(convergence)) json.member("unseen", *more);
  json.end_object();
}

}  // namespace

void to_json(const Run& run, base::JsonWriter& json) {
  json.member("id", run.id).member("source", recording::name(run.source)).key("command").begin_array();
  for (const std::string& word : run.command) json.value(word);
  json.end_array().member("complete", run.complete).member("finished", run.finished);
  json.member("attached", run.attached);
  json.member("exit_status", run.exit_status).member("signal", run.signal).member("tasks", run.tasks);
  json.member("duration_ns", run.duration_ns).key("images").begin_array();
  for (const recording::Image& image : run.images)
    json.begin_object().member("path", image.path).member("build_id", image.build_id).end_object();
  json.end_array().key("calls").begin_array();
  for (const Call& call : run.calls) call_json(call, json);
  json.end_array().key("capabilities").begin_array();
  for (const recording::Capability& capability : run.capabilities) {
    json.begin_object().member("capability", recording::capability_name(capability.number));
    json.member("granted", capability.granted);
    if (capability.call) json.member("call", recording::call_name(capability.call->first, capability.call->second));
    json.end_object();
  }
  json.end_array().key("io_uring").begin_array();
  for (const recording::UringOperation& operation : run.uring) json.value(operation.opcode);
  json.end_array().key("io_uring_operations").begin_array();
  for (const recording::UringOperation& operation : run.uring) json.value(recording::uring_name(operation.opcode));
  json.end_array();
  if (run.container) container_json(*run.container, json);
  if (!run.runtime.empty()) runtime_json(run, json);
  if (run.convergence) convergence_json(*run.convergence, json);
  json.key("losses").begin_object();
  for (const recording::Loss& loss : run.losses) json.member(loss.what, loss.count);
  json.end_object().key("overflow").begin_object();
  for (const recording::Loss& more : run.overflow) json.member(more.what, more.count);
  json.end_object().key("blind").begin_array();
  for (const recording::Blind blind : run.blind) json.value(recording::name(blind));
  json.end_array();
}

}  // namespace callgate::cli
