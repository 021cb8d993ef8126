// Whole processes timed: `callgate compile`, `callgate eval --batch`, and `callgate run` with and without seals beside
// a bare vfork and exec of the same static program and other launchers (launchers.h). Interleaved: a round starts each
// once.
//
// usage: programs [--callgate FILE] [--rounds N] [--raw FILE] [--batch-lines N]
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "arch/calls.h"
#include "base/io.h"
#include "launchers.h"
#include "process.h"
#include "samples.h"

namespace {

using namespace callgate;
using namespace callgate::bench;

struct Settings {
  std::string callgate = CALLGATE_COMMAND;
  int rounds = 21;
  std::string raw;
  std::size_t batch_lines = 2'000'000;
};

constexpr const char* kCompile = "callgate compile, whole process";

std::vector<Program> programs(const Settings& settings, const std::string& filter, const std::string& folder) {
  const std::string& own = settings.callgate;
  std::vector<Program> out = launchers(own, STATIC_TRUE, filter, folder);
  out.push_back(
      {kCompile, "docker-default x86_64", {own, "compile", "docker-default", "--arch", "x86_64", "-o", "/dev/null"}});
  out.push_back({kCompile, "docker-default", {own, "compile", "docker-default", "-o", "/dev/null"}});
  return out;
}

// Calls of x86_64 in turn, with and without arguments; the same text each time. Written piece by piece: what this
// process holds counts as its children's memory, too.
bool write_batch(const std::string& path, std::size_t lines) {
  const auto table = arch::table(arch::Arch::x86_64);
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  for (std::size_t i = 0; i < lines; ++i) {
    const std::string_view name = arch::name(table[i * 31 % table.size()].name);
    if (i % 4 == 0)
      fmt::print(file, "x86_64 {} {} 0x{:x} 0\n", name, i % 97, i * 4096);
    else
      fmt::print(file, "x86_64 {}\n", name);
  }
  return std::fclose(file) == 0;
}

// A file with a name of its own for as long as this lives.
class TemporaryFile {
 public:
  TemporaryFile() { const base::UniqueFd file(mkstemp(path_)); }
  ~TemporaryFile() { unlink(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/callgate-bench-XXXXXX";
};

class TemporaryFolder {
 public:
  TemporaryFolder() { std::ignore = mkdtemp(path_); }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path() const { return path_; }

 private:
  char path_[32] = "/tmp/callgate-bench-XXXXXX";
};

bool time_program(const Program& program, Samples& samples) {
  const std::optional<ProcessRun> run = run_process(program.argv);
  if (!run || !run->good()) {
    fmt::print(stderr, "{} failed: {}\n", program.argv[0], program.name);
    return false;
  }
  samples.add(program.job, program.name, "us", run->us);
  samples.add(program.job, program.name, "peak_rss_kib", static_cast<double>(run->peak_rss_kib));
  return true;
}

void print_job(const std::string& job, const std::vector<Program>& list, const Samples& samples) {
  Table table({job, "µs", "× bare", "peak RSS KiB"});
  for (const Program& program : list) {
    if (program.job != job) continue;
    const double us = samples.median(job, program.name, "us");
    table.add({program.name, figure(us, 0), ratio(us, samples.median(kLaunch, kBare, "us")),
               figure(samples.median(job, program.name, "peak_rss_kib"), 0)});
  }
  fmt::print("{}\n", table.text());
}

std::vector<Target> targets(const Samples& samples) {
  const double bare = samples.median(kLaunch, kBare, "us");
  const double run = samples.median(kLaunch, kRun, "us");
  const double itself = samples.median(kLaunch, kItself, "us");
  const double alone = samples.median(kLaunch, kStaticRun, "us");
  const double alone_itself = samples.median(kLaunch, kStaticItself, "us");
  const double bwrap = samples.median(kLaunch, kBwrapAll, "us");
  return {
      {"run: (run − its own exec) / bare vfork + exec", 1.5, (run - itself) / bare},
      {"run: × bare vfork + exec, its own exec included", 1.5, run / bare},
      {"callgate-static run --filter: (run − its own exec) / bare vfork + exec", 1.5, (alone - alone_itself) / bare},
      {"callgate-static run --filter: × bare vfork + exec, its own exec included", 1.5, alone / bare},
      {"run --seal all: bwrap's equivalent / ours", 4, bwrap / samples.median(kLaunch, kSealAll, "us"), true},
      {"callgate-static run --seal all: bwrap's equivalent / ours", 4,
       bwrap / samples.median(kLaunch, kStaticSealAll, "us"), true},
      {"compile: peak RSS, MiB", 12, samples.median(kCompile, "docker-default", "peak_rss_kib") / 1024},
      {"eval --batch: million lines a second", 1, samples.median("eval --batch", "callgate", "lines_per_s") / 1e6,
       true}};
}

bool parse(int argc, char** argv, Settings& settings) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    const std::string word = argv[i + 1];
    if (option == "--callgate") {
      settings.callgate = word;
    } else if (option == "--rounds") {
      settings.rounds = std::atoi(word.c_str());
    } else if (option == "--raw") {
      settings.raw = word;
    } else if (option == "--batch-lines") {
      settings.batch_lines = static_cast<std::size_t>(std::strtoul(word.c_str(), nullptr, 10));
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && settings.rounds > 0 && settings.batch_lines > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    fmt::print(stderr, "usage: {} [--callgate FILE] [--rounds N] [--raw FILE] [--batch-lines N]\n", argv[0]);
    return 2;
  }
  const TemporaryFile filter, calls;
  const Program make_filter{"", "compile", {settings.callgate, "compile", "docker-default", "-o", filter.path()}};
  Samples samples;
  if (!time_program(make_filter, samples) || !write_batch(calls.path(), settings.batch_lines)) return 1;
  Samples rounds;
  const TemporaryFolder folder;
  const std::vector<Program> list = programs(settings, filter.path(), folder.path());
  const Program batch{
      "eval --batch", "callgate", {settings.callgate, "eval", "docker-default", "--batch", calls.path()}};
  for (int round = 1; round <= settings.rounds; ++round) {
    rounds.begin_round(round);
    for (const Program& program : list)
      if (!time_program(program, rounds)) return 1;
    // As many rounds as a median needs: a batch takes seconds.
    if (round > 9) continue;
    if (!time_program(batch, rounds)) return 1;
  }
  print_job(kLaunch, list, rounds);
  print_job(kCompile, list, rounds);
  const double lines = static_cast<double>(settings.batch_lines);
  const double us = rounds.median("eval --batch", "callgate", "us");
  rounds.begin_round(0);
  rounds.add("eval --batch", "callgate", "lines_per_s", lines / us * 1e6);
  fmt::print("eval --batch: {:.0f} lines in {:.0f} ms, {:.2f} million lines a second, peak RSS {:.0f} KiB\n\n", lines,
             us / 1000, lines / us, rounds.median("eval --batch", "callgate", "peak_rss_kib"));
  fmt::print("{}", targets_text(targets(rounds)));
  if (!settings.raw.empty() && !rounds.write_csv(settings.raw)) {
    std::perror(settings.raw.c_str());
    return 1;
  }
  return 0;
}
