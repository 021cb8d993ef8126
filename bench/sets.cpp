// The set algebra timed: subset, diff and merge of Docker's default with its relatives. Medians over the rounds.
//
// usage: sets [--rounds N] [--raw FILE]
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "format/profile.h"
#include "policy/algebra.h"
#include "policy/builder.h"
#include "policy/changes.h"
#include "samples.h"

namespace {

using namespace callgate;
using namespace callgate::bench;

constexpr const char* kOurs = "callgate";

policy::Policy built_in(std::string_view name) {
  base::Diagnostics diagnostics;
  const auto profile = format::builtin_profile(name, {}, diagnostics);
  if (!profile) std::abort();
  return profile->policy;
}

// Docker's default and one call more.
policy::Policy with_one_more(const policy::Policy& policy, policy::AuditArch audit, policy::SyscallNr nr) {
  policy::Builder builder(policy::kKillProcess);
  builder.arch(audit, policy::kKillProcess);
  builder.call(audit, nr, policy::kAllow);
  auto joined = policy::join(policy, builder.finish());
  if (!joined) std::abort();
  return std::move(*joined);
}

double time_us(const std::function<void()>& job) {
  const auto start = std::chrono::steady_clock::now();
  job();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 21;
  std::string raw;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--rounds") rounds = std::atoi(argv[i + 1]);
    if (option == "--raw") raw = argv[i + 1];
  }
  constexpr policy::AuditArch kX86_64 = 0xc000003e;
  constexpr policy::SyscallNr kReboot = 169;
  const policy::Policy docker = built_in("docker-default"), podman = built_in("podman-default");
  const policy::Policy more = with_one_more(docker, kX86_64, kReboot);
  const std::pair<const char*, std::function<void()>> jobs[] = {
      {"subset: Docker's default, itself and reboot",
       [&] {
         if (policy::first_excess(docker, more)) std::abort();
       }},
      {"no subset: the other way round",
       [&] {
         if (!policy::first_excess(more, docker)) std::abort();
       }},
      {"diff: Docker's and Podman's default",
       [&] {
         if (policy::changes(docker, podman).empty()) std::abort();
       }},
      {"merge: their intersection",
       [&] {
         if (!policy::meet(docker, podman)) std::abort();
       }},
      {"merge: their union",
       [&] {
         if (!policy::join(docker, podman)) std::abort();
       }},
  };
  Samples samples;
  for (int round = 1; round <= rounds; ++round) {
    samples.begin_round(round);
    for (const auto& [title, job] : jobs) samples.add(title, kOurs, "us", time_us(job));
  }
  Table table({"three architectures", "µs"});
  for (const auto& [title, job] : jobs) table.add({title, figure(samples.median(title, kOurs, "us"), 1)});
  std::fputs(table.text().c_str(), stdout);
  std::fputs(targets_text({{"subset of one call more, µs", 1000, samples.median(jobs[0].first, kOurs, "us")}}).c_str(),
             stdout);
  return raw.empty() || samples.write_csv(raw) ? 0 : 1;
}
