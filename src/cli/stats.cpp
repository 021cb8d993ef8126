// SPDX-License-Identifier: Apache-2.0
#include "cli/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "arch/calls.h"
#include "base/io.h"
#include "format/shipped.h"
#include "prove/prove.h"

namespace callgate::cli {

namespace {

// The one that `executed` stands for where a single figure is wanted: this machine's, else the first.
const compile::ArchReport* principal(const Figures& figures) {
  const auto native = std::find_if(figures.archs.begin(), figures.archs.end(),
                                   [](const compile::ArchReport& f) { return f.arch == arch::native(); });
  if (native != figures.archs.end()) return &*native;
  return figures.archs.empty() ? nullptr : &figures.archs.front();
}

std::uint64_t load_steps(std::span<const bpf::Insn> program, arch::Arch which) {
  // x32 has no cache of its own (kernel/seccomp.c: SECCOMP_ARCH_NATIVE, SECCOMP_ARCH_COMPAT).
  if (which == arch::Arch::x32 || arch::table(which).empty()) return 0;
  std::vector<std::uint32_t> numbers(arch::table(which).back().nr + 1);
  std::iota(numbers.begin(), numbers.end(), 0U);
  return bpf::cost(program, arch::info(which).audit, numbers).load_steps;
}

void executed(const compile::ArchReport& figures, base::JsonWriter& json) {
  json.key("executed").begin_object();
  json.member("uniform_avg", figures.cost.executed_avg).member("uniform_max", figures.cost.executed_max);
  if (figures.mix) json.member("mix_avg", *figures.mix);
  json.end_object();
}

void to_json(std::string_view name, const Phases& phases, base::JsonWriter& json) {
  json.key(name).begin_object().member("read", phases.read).member("resolve", phases.resolve);
  json.member("compile", phases.compile).member("prove", phases.prove).end_object();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double total(const Phases& p) {
  return p.read + p.resolve + p.compile + p.prove;
}

}  // namespace

Figures measure(std::span<const bpf::Insn> program, const format::Profile& profile,
                const std::vector<compile::Weight>& weights) {
  Figures figures;
  figures.instructions = program.size();
  for (const compile::ArchReport& report : compile::report(program, profile.policy, weights))
    if (std::find(profile.architectures.begin(), profile.architectures.end(), report.arch) !=
        profile.architectures.end()) {
      figures.load_steps += load_steps(program, report.arch);
      figures.archs.push_back(report);
    }
  return figures;
}

Phases time_phases(const Session& session, const Subject& subject, const format::ReadOptions& options,
                   const compile::Options& how) {
  constexpr int kRuns = 15;
  const auto now = [&] { return static_cast<double>(session.env().clock_ns()) / 1000.0; };
  const bool from_file = !subject.built_in && subject.name != "-" && subject.name != "unconfined";
  const format::ShippedProfile* const shipped = format::find_shipped(subject.name);
  std::vector<double> read, resolve, compile, prove;
  for (int run = 0; run < kRuns; ++run) {
    const double start = now();
    auto text = shipped     ? base::Result<std::string>(std::string(shipped->text))
                : from_file ? base::read_file(subject.name)
                            : base::Result<std::string>(std::string());
    if (!text) break;
    const base::SourceFile file(subject.name, std::move(*text));
    const double opened = now();
    base::Diagnostics ignored;
    const auto profile = from_file          ? format::read_profile(file, options, ignored)
                         : subject.built_in ? format::builtin_profile(subject.name, options, ignored)
                                            : subject.profile;
    if (!profile) break;
    const double resolved = now();
    const auto compiled = compile::compile(profile->policy, how);
    if (!compiled) break;
    const double made = now();
    if (prove::prove(profile->policy, compiled->program).verdict != prove::Verdict::equal) break;
    prove.push_back(now() - made);
    compile.push_back(made - resolved);
    resolve.push_back(resolved - opened);
    read.push_back(opened - start);
  }
  if (prove.empty()) return {};
  return {median(read), median(resolve), median(compile), median(prove)};
}

std::string to_text(const Figures& figures) {
  std::string out = fmt::format("instructions  {}\n", figures.instructions);
  for (const compile::ArchReport& f : figures.archs)
    fmt::format_to(std::back_inserter(out), "{:13} {:.2f} executed a call on average{}, {} at most; {} calls cached\n",
                   arch::info(f.arch).name, f.cost.executed_avg, f.mix ? fmt::format(" ({:.2f} weighted)", *f.mix) : "",
                   f.cost.executed_max, f.cost.cached_calls);
  fmt::format_to(std::back_inserter(out), "load          {} instructions emulated\n", figures.load_steps);
  fmt::format_to(std::back_inserter(out), "proved        {} ({} pairs of paths)\n", figures.proved ? "equal" : "no",
                 figures.paths);
  const Phases& p = figures.phases;
  fmt::format_to(
      std::back_inserter(out),
      "time          read {:.0f} µs, resolve {:.0f} µs, compile {:.0f} µs, prove {:.0f} µs (first run: {:.0f} µs)\n",
      p.read, p.resolve, p.compile, p.prove, total(figures.first));
  return out;
}

void to_json(const Figures& figures, base::JsonWriter& json) {
  json.member("instructions", figures.instructions);
  if (const compile::ArchReport* const first = principal(figures)) executed(*first, json);
  json.key("cached_calls").begin_object();
  for (const compile::ArchReport& f : figures.archs) json.member(arch::info(f.arch).name, f.cost.cached_calls);
  json.end_object().key("architectures").begin_array();
  for (const compile::ArchReport& f : figures.archs) {
    json.begin_object().member("name", arch::info(f.arch).name);
    executed(f, json);
    json.member("cached_calls", f.cost.cached_calls).end_object();
  }
  json.end_array()
      .member("load_steps", figures.load_steps)
      .member("proved", figures.proved)
      .member("paths", figures.paths);
  to_json("phases_us", figures.phases, json);
  to_json("first_run_us", figures.first, json);
}

}  // namespace callgate::cli
