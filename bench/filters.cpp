// Filters compared: ours, libseccomp's linear ones (crun) and its trees (runc), and any filter or compiler named on the
// command line. All work on the same profiles, interleaved: a round does each job once with each competitor, so what
// disturbs the machine disturbs all. Medians are printed; no time makes this program fail.
//
// usage: filters [--rounds N] [--raw FILE] [--corpus DIR] [--peer [JOB:]NAME=FILE.bpf]... [--peer-command NAME=CMD]...
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "arch/calls.h"
#include "compile/report.h"
#include "jobs.h"
#include "libseccomp_filter.h"
#include "peers.h"
#include "process.h"
#include "samples.h"

namespace {

using namespace callgate;
using namespace callgate::bench;

constexpr const char* kOurs = "callgate";
constexpr const char* kOursWeighed = "callgate, weights: the mix";
constexpr const char* kOursSmall = "callgate, smallest";
// Within a round a build is repeated for so long, and at least so often. The median counts; the first one, with cold
// caches and predictors, is kept beside it.
constexpr double kRepeatUs = 2000;
constexpr std::size_t kMinRepeats = 3;

struct Settings {
  int rounds = 21;
  std::string raw;
  std::string corpus = std::string(CALLGATE_SOURCE_DIR) + "/../shared/corpus";
  std::vector<Peer> peers;
};

// Columns that do not move between runs.
struct Static {
  std::size_t instructions = 0;
  double average = 0, mix = 0;
  std::uint32_t maximum = 0;
  std::uint32_t cached = 0, cached_compat = 0;
  std::uint64_t load_steps = 0;
};

// What seccomp(2) emulates for its caches: every number of both, whatever the filter covers. x32 has no cache
// (kernel/seccomp.c, SECCOMP_ARCH_NATIVE and SECCOMP_ARCH_COMPAT).
std::uint64_t load_steps(const bpf::Program& program, arch::Arch which) {
  std::vector<std::uint32_t> numbers(arch::table(which).back().nr + 1);
  std::iota(numbers.begin(), numbers.end(), 0U);
  return bpf::cost(program, arch::info(which).audit, numbers).load_steps;
}

Static measure(const bpf::Program& program, const policy::Policy& policy, const std::vector<compile::Weight>& mix) {
  Static out;
  out.instructions = program.size();
  out.load_steps = load_steps(program, arch::Arch::x86_64) + load_steps(program, arch::Arch::x86);
  for (const compile::ArchReport& report : compile::report(program, policy, mix)) {
    if (report.arch == arch::Arch::x86) out.cached_compat = report.cost.cached_calls;
    if (report.arch != arch::Arch::x86_64) continue;
    out.average = report.cost.executed_avg;
    out.maximum = report.cost.executed_max;
    out.cached = report.cost.cached_calls;
    out.mix = report.mix.value_or(std::nan(""));
  }
  return out;
}

// One competitor's filter of one job.
struct Entry {
  std::string competitor;
  bpf::Program program;
};

struct JobState {
  Job job;
  std::unique_ptr<RuntimeSpec> spec;
  policy::Policy policy;
  std::vector<Entry> entries;  // ours first
  bool calls_timed = false;
};

// `once` gives a run or nothing; `us` its time.
template <class Once, class Us>
auto repeat(Once once, Us us) {
  std::vector<std::decay_t<decltype(*once())>> runs;
  for (double spent = 0; spent < kRepeatUs || runs.size() < kMinRepeats; spent += us(runs.back())) {
    auto run = once();
    if (!run) break;
    runs.push_back(std::move(*run));
  }
  return runs;
}

void time_ours(const JobState& state, Samples& samples) {
  const auto total = [](const Built& b) { return b.total(); };
  const std::vector<Built> runs = repeat([&] { return build(state.job); }, total);
  if (runs.empty()) return;
  const auto add = [&](const char* quantity, auto&& value) {
    std::vector<double> values;
    for (const Built& run : runs) values.push_back(value(run));
    samples.add(state.job.name, kOurs, quantity, median(values));
  };
  add("compile_us", total);
  add("read_us", [](const Built& b) { return b.read; });
  add("resolve_us", [](const Built& b) { return b.resolve; });
  add("tree_us", [](const Built& b) { return b.compile; });
  add("prove_us", [](const Built& b) { return b.prove; });
  samples.add(state.job.name, kOurs, "first_us", runs.front().total());
}

void time_libseccomp(const JobState& state, Layout layout, const char* name, Samples& samples) {
  const auto once = [&] { return build_with_libseccomp(state.job, state.spec->spec, layout); };
  const auto runs = repeat(once, [](const LibseccompBuilt& b) { return b.us; });
  if (runs.empty()) return;
  std::vector<double> values;
  for (const LibseccompBuilt& run : runs) values.push_back(run.us);
  samples.add(state.job.name, name, "compile_us", median(values));
  samples.add(state.job.name, name, "first_us", runs.front().us);
}

// A call the kernel caches, one that is denied, one whose argument is looked at and allowed (0xffffffff asks for the
// present personality); the invalid arguments keep the calls themselves short.
constexpr std::array<RawCall, kTimedCalls> kCalls{{{0 /* read */, -1}, {1000, 0}, {135 /* personality */, 0xffffffff}}};
constexpr std::array<const char*, kTimedCalls> kCallNames{"cached_ns", "denied_ns", "argument_ns"};

void time_calls(const JobState& state, const std::string& competitor, const bpf::Program& program, Samples& samples) {
  const auto ns = call_ns(program, kCalls);
  for (std::size_t i = 0; ns && i < kTimedCalls; ++i)
    samples.add(state.job.name, competitor, kCallNames.at(i), ns->at(i));
}

void run_round(const std::vector<JobState>& states, const std::vector<Peer>& peers, int round, Samples& samples) {
  for (const JobState& state : states) {
    time_ours(state, samples);
    time_libseccomp(state, Layout::linear, "libseccomp linear", samples);
    time_libseccomp(state, Layout::tree, "libseccomp tree", samples);
    for (const Peer& peer : peers)
      if (peer.takes(state.job))
        if (const auto us = peer.time_command(state.job)) samples.add(state.job.name, peer.name, "process_us", *us);
    // The first child after the builds finds the caches at their worst, so each round begins with another competitor.
    const auto shift = static_cast<std::size_t>(round);
    for (std::size_t i = 0; i < state.entries.size(); ++i) {
      const Entry& entry = state.entries[(i + shift) % state.entries.size()];
      if (const auto us = load_us(entry.program)) samples.add(state.job.name, entry.competitor, "load_us", *us);
      if (state.calls_timed) time_calls(state, entry.competitor, entry.program, samples);
    }
    if (state.calls_timed) time_calls(state, "no filter", {}, samples);
  }
}

// The other two ways to ask us for a filter.
void add_variant(const Job& job, const char* name, const compile::Options& options, JobState& state) {
  if (std::optional<Built> built = build(job, options)) state.entries.push_back({name, std::move(built->program)});
}

std::optional<JobState> prepare(Job job, const std::vector<Peer>& peers, const std::vector<compile::Weight>& mix) {
  JobState state;
  std::optional<Built> ours = build(job);
  if (!ours) return std::nullopt;
  state.spec = std::make_unique<RuntimeSpec>(job);
  state.entries.push_back({kOurs, std::move(ours->program)});
  state.policy = std::move(ours->policy);
  add_variant(job, kOursWeighed, {mix, compile::Objective::balanced}, state);
  add_variant(job, kOursSmall, {{}, compile::Objective::size}, state);
  if (auto built = build_with_libseccomp(job, state.spec->spec, Layout::linear))
    state.entries.push_back({"libseccomp linear", std::move(built->program)});
  if (auto built = build_with_libseccomp(job, state.spec->spec, Layout::tree))
    state.entries.push_back({"libseccomp tree", std::move(built->program)});
  for (const Peer& peer : peers) {
    if (!peer.takes(job)) continue;
    if (auto program = peer.program(job)) {
      fmt::print("{}: {} against the profile: {}\n", job.name, peer.name, agreement(state.policy, *program));
      state.entries.push_back({peer.name, std::move(*program)});
    }
  }
  state.calls_timed = job.name.starts_with("docker-default");
  state.job = std::move(job);
  return state;
}

void print_job(const JobState& state, const std::vector<compile::Weight>& mix, Samples& samples) {
  Table table({state.job.name, "insns", "×", "executed", "max", "mix", "×", "cached", "load steps", "compile µs", "×",
               "first", "load µs", "×"});
  const auto value = [&](const std::string& who, const char* what) {
    return samples.median(state.job.name, who, what);
  };
  const Static own = measure(state.entries.front().program, state.policy, mix);
  for (const Entry& entry : state.entries) {
    const Static figures = measure(entry.program, state.policy, mix);
    const std::string& who = entry.competitor;
    const double process = value(who, "process_us");
    const double compile = std::isnan(process) ? value(who, "compile_us") : process;
    table.add({who, fmt::format("{}", figures.instructions),
               ratio(static_cast<double>(figures.instructions), static_cast<double>(own.instructions)),
               figure(figures.average, 2), fmt::format("{}", figures.maximum), figure(figures.mix, 2),
               ratio(figures.mix, own.mix), fmt::format("{}+{}", figures.cached, figures.cached_compat),
               fmt::format("{}", figures.load_steps), figure(compile, 0) + (std::isnan(process) ? "" : "*"),
               ratio(compile, value(kOurs, "compile_us")), figure(value(who, "first_us"), 0),
               figure(value(who, "load_us"), 0), ratio(value(who, "load_us"), value(kOurs, "load_us"))});
    samples.add(state.job.name, who, "instructions", static_cast<double>(figures.instructions));
    samples.add(state.job.name, who, "executed_avg", figures.average);
    samples.add(state.job.name, who, "executed_max", figures.maximum);
    samples.add(state.job.name, who, "mix_avg", figures.mix);
    samples.add(state.job.name, who, "cached_calls", figures.cached);
    samples.add(state.job.name, who, "cached_calls_x86", figures.cached_compat);
    samples.add(state.job.name, who, "load_steps", static_cast<double>(figures.load_steps));
  }
  fmt::print("\n{}", table.text());
  fmt::print("callgate's compile µs: read {}, resolve {}, compile {}, prove {}\n", figure(value(kOurs, "read_us"), 1),
             figure(value(kOurs, "resolve_us"), 1), figure(value(kOurs, "tree_us"), 1),
             figure(value(kOurs, "prove_us"), 1));
}

void print_calls(const JobState& state, const Samples& samples) {
  Table table({state.job.name + ", ns a call", "cached", "denied", "argument"});
  const auto add = [&](const std::string& who) {
    std::vector<std::string> row{who};
    for (const char* const what : kCallNames) row.push_back(figure(samples.median(state.job.name, who, what), 0));
    table.add(std::move(row));
  };
  add("no filter");
  for (const Entry& entry : state.entries) add(entry.competitor);
  fmt::print("\n{}", table.text());
}

std::vector<Target> targets(const Samples& samples) {
  const auto value = [&](const char* job, const char* what) { return samples.median(job, kOurs, what); };
  const char* const one = "docker-default x86_64";
  const char* const three = "docker-default 3 archs";
  return {
      {"docker-default x86_64: instructions", 64, value(one, "instructions")},
      {"docker-default x86_64: executed, uniform", 9.1, value(one, "executed_avg")},
      {"docker-default x86_64: executed, mix (weights: the mix)", 6.8, samples.median(one, kOursWeighed, "mix_avg")},
      {"docker-default x86_64: instructions, smallest", 64, samples.median(one, kOursSmall, "instructions")},
      {"docker-default 3 archs: instructions", 250, value(three, "instructions")},
      {"docker-default x86_64: JSON text → proved filter, µs", 40, value(one, "compile_us")},
      {"docker-default 3 archs: JSON text → proved filter, µs", 150, value(three, "compile_us")},
      {"docker-default x86_64: load, µs", 60, value(one, "load_us")},
      {"docker-default 3 archs: load, µs", 60, value(three, "load_us")}};
}

bool parse(int argc, char** argv, Settings& settings) {
  if (const char* const corpus = std::getenv("CALLGATE_CORPUS")) settings.corpus = corpus;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::string word = argv[i + 1];
    if (option == "--rounds") {
      settings.rounds = std::atoi(word.c_str());
    } else if (option == "--raw") {
      settings.raw = word;
    } else if (option == "--corpus") {
      settings.corpus = word;
    } else if (option == "--peer" || option == "--peer-command") {
      const std::optional<Peer> peer = parse_peer(word, option == "--peer-command");
      if (!peer) return false;
      settings.peers.push_back(*peer);
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && settings.rounds > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    fmt::print(stderr,
               "usage: {} [--rounds N] [--raw FILE] [--corpus DIR] [--peer [JOB:]NAME=FILE.bpf]...\n"
               "       [--peer-command NAME='CMD with {{profile}} and {{out}}']...\n"
               "at least 9 rounds make a figure; JOB is a table's title, docker-default x86_64 if not given\n",
               argv[0]);
    return 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::string notes;
  std::vector<JobState> states;
  const auto mix = read_mix(std::string(CALLGATE_SOURCE_DIR) + "/data/weights/mix.csv");
  for (Job& job : jobs(settings.corpus, notes)) {
    std::optional<JobState> state = prepare(std::move(job), settings.peers, mix);
    if (!state) return 1;
    states.push_back(std::move(*state));
  }
  fmt::print("{}libseccomp {}; {} rounds, medians; × is the peer's figure over callgate's; * a whole process\n", notes,
             libseccomp_version(), settings.rounds);
  Samples samples;
  for (int round = 1; round <= settings.rounds; ++round) {
    samples.begin_round(round);
    run_round(states, settings.peers, round, samples);
  }
  samples.begin_round(0);  // figures that no round moves
  for (const JobState& state : states) print_job(state, mix, samples);
  for (const JobState& state : states)
    if (state.calls_timed) print_calls(state, samples);
  fmt::print("\n{}", targets_text(targets(samples)));
  if (!settings.raw.empty() && !samples.write_csv(settings.raw)) {
    std::perror(settings.raw.c_str());
    return 1;
  }
  return 0;
}
