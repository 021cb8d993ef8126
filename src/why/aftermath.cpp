// SPDX-License-Identifier: Apache-2.0
#include "why/aftermath.h"

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <set>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "arch/startup.h"
#include "base/text.h"
#include "preflight/preflight.h"
#include "why/evidence.h"

namespace callgate::why {

namespace {

constexpr int kSignalBase = 128, kSigsys = 31;

}  // namespace

std::vector<std::string> end_words(const End& end) {
  std::vector<std::string> out;
  if (end.out_of_memory) out.emplace_back("the kernel ended it for want of memory; no filter did");
  if (!end.error.empty()) out.push_back("the engine says: " + base::printable(end.error, 400));
  if (end.exit_status == kSignalBase + kSigsys)
    out.emplace_back("status 159 is SIGSYS: a filter ended it, by KILL_PROCESS, KILL_THREAD or an unhandled TRAP");
  else if (end.exit_status == 127)
    out.emplace_back(
        "status 127: the program was not found, or the dynamic loader could not load it; refused pread64, mmap or "
        "openat "
        "end it so, and refused writev keeps it from saying so");
  else if (end.exit_status == 126)
    out.emplace_back("status 126: the program could not be executed");
  else if (end.exit_status > kSignalBase && end.exit_status < kSignalBase + 65)
    out.push_back(fmt::format("status {} is {}", end.exit_status, arch::signal_name(end.exit_status - kSignalBase)));
  return out;
}

bool suspicious(const End& end) {
  return !end.out_of_memory && end.exit_status != 0;
}

std::size_t derive_startup(const format::Profile& profile, arch::Arch machine, Journal& journal) {
  const arch::ProgramStartup* const start = arch::newest_program_startup("glibc", true);
  if (start == nullptr) return 0;
  std::size_t count = 0;
  for (const arch::StartupCall& each : start->calls) {
    const auto nr = arch::number(machine, each.name);  // not every architecture has them all
    if (!nr || !each.needed) continue;
    Denial denial;
    denial.call = {arch::info(machine).audit, *nr, {}};
    denial.known = 0;
    const preflight::Verdict verdict = preflight::judge(profile.policy, denial.call, denial.known);
    if (!verdict.certain || !denies(verdict.action)) continue;
    denial.decoded = decode::decode(denial.call, denial.known, {});
    denial.action = verdict.action;
    denial.place = fmt::format("not seen: the start of any dynamically linked program makes it (glibc {}, measured{})",
                               start->version, machine == arch::Arch::x86_64 ? "" : " on x86_64");
    journal.add(std::move(denial));
    ++count;
  }
  return count;
}

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kForm.size()) return std::nullopt;
  for (std::size_t i = 0; i < kForm.size(); ++i)
    if (kForm[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != kForm[i]) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  if (parts.tm_year < 70) return std::nullopt;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  std::int64_t out = timegm(&parts);
  // "+01:00": the clock there is ahead.
  const std::size_t zone = text.find_first_of("+-", kForm.size());
  if (zone != std::string_view::npos && text.size() >= zone + 6) {
    const int minutes = number(zone + 1, 2) * 60 + number(zone + 4, 2);
    out -= (text[zone] == '+' ? 60 : -60) * std::int64_t{minutes};
  }
  return out;
}

Records records_within(std::string_view log, std::int64_t from, std::int64_t to, const format::Profile& profile,
                       const Belongs& belongs, Journal& journal) {
  Records out;
  std::set<std::string> seen;
  for (const std::string_view line : base::split(log, '\n')) {
    const auto record = sandbox::parse_audit_record(line);
    if (!record || !seen.insert(record->stamp).second) continue;
    const std::string_view seconds = std::string_view(record->stamp).substr(0, record->stamp.find('.'));
    const auto at = base::parse_u64(seconds);
    if (!at || static_cast<std::int64_t>(*at) < from || static_cast<std::int64_t>(*at) > to) continue;
    Denial denial = from_record(*record);
    const preflight::Verdict verdict = preflight::judge(profile.policy, denial.call, denial.known);
    if (denial.action != verdict.action || !denies(verdict.action)) continue;
    const Owner owner = belongs(*record);
    if (owner == Owner::other) {
      ++out.others;
      continue;
    }
    denial.place += owner == Owner::container ? ", a process of the container" : ", of some process: maybe another's";
    if (owner == Owner::unknown) ++out.unknown;
    ++out.added;
    journal.add(std::move(denial));
  }
  return out;
}

}  // namespace callgate::why
