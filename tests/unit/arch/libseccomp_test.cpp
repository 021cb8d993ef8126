// Every name and number of every architecture against the installed libseccomp, in both directions. What differs on
// purpose stands in libseccomp_differences.csv with its reason: a difference that is not listed fails, and so does a
// listed one that no longer occurs.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <seccomp.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "arch/calls.h"
#include "base/text.h"

namespace callgate::arch {
namespace {

std::uint32_t token_of(const ArchInfo& info) {
  return info.arch == Arch::x32 ? std::uint32_t{SCMP_ARCH_X32} : info.audit;  // libseccomp tells the two apart
}

std::vector<ArchInfo> known_to_libseccomp() {
  std::vector<ArchInfo> known;
  for (const ArchInfo& info : all()) {
    if (seccomp_syscall_resolve_name_arch(token_of(info), "read") >= 0) {
      known.push_back(info);
    }
  }
  return known;
}

// "x86 socket multiplexed": how libseccomp's answer for a name differs from ours.
std::string difference_by_name(const ArchInfo& info, NameId id) {
  const std::optional<SyscallNr> ours = number(info.arch, id);
  const int theirs = seccomp_syscall_resolve_name_arch(token_of(info), std::string(name(id)).c_str());
  const auto told = [&](const char* kind) { return std::string(info.name) + ' ' + std::string(name(id)) + ' ' + kind; };
  if (ours) {
    if (theirs == __NR_SCMP_ERROR) {
      return told("unknown");
    }
    if (theirs < 0) {
      return told(theirs > -300 ? "multiplexed" : "absent");  // libseccomp's pseudo-numbers: -101… and -10001…
    }
    return static_cast<SyscallNr>(theirs) == *ours ? "" : told("number");
  }
  return theirs >= 0 ? told("missing") : "";
}

std::string difference_by_number(const ArchInfo& info, SyscallNr nr) {
  const std::unique_ptr<char, decltype(&std::free)> theirs(
      seccomp_syscall_resolve_num_arch(token_of(info), static_cast<int>(nr)), &std::free);
  const std::string_view ours = name_of(info.arch, nr);
  const std::string_view word = theirs ? theirs.get() : std::string_view{};
  if (ours == word) {
    return "";
  }
  const std::string head = std::string(info.name) + ' ' + std::string(ours.empty() ? word : ours) + ' ';
  return head + (word.empty() ? "unnamed" : ours.empty() ? "named" : "spelling");
}

// Numbers to ask for: the architecture's own range, and ARM's private one. libseccomp also answers for numbers without
// the offset of MIPS and x32, which no kernel sees.
std::vector<SyscallNr> numbers_of(const ArchInfo& info) {
  const SyscallNr base = table(info.arch).front().nr;
  std::vector<SyscallNr> numbers;
  for (SyscallNr nr = base; nr < base + 1000; ++nr) {
    numbers.push_back(nr);
  }
  for (SyscallNr nr = 0xf0000; nr < 0xf0020; ++nr) {
    numbers.push_back(nr);
  }
  return numbers;
}

std::set<std::string> listed_differences() {
  std::ifstream file(CALLGATE_SOURCE_DIR "/tests/unit/arch/libseccomp_differences.csv");
  EXPECT_TRUE(file.is_open());
  std::set<std::string> listed;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const std::vector<std::string_view> row = base::split(line, ',');
    if (row.size() != 4 || row[3].empty()) {
      ADD_FAILURE() << "not name,kind,architectures,reason: " << line;
      continue;
    }
    for (const ArchInfo& info : known_to_libseccomp()) {
      for (const std::string_view arch : base::split(row[2], ' ')) {
        if (arch == "all" || arch == info.name) {
          listed.insert(std::string(info.name) + ' ' + std::string(row[0]) + ' ' + std::string(row[1]));
        }
      }
    }
  }
  return listed;
}

TEST(Libseccomp, KnowsTheArchitecturesItShould) {
  EXPECT_GE(known_to_libseccomp().size(), 19U);
}

TEST(Libseccomp, AgreesOnEveryNameAndNumberButForTheListed) {
  std::set<std::string> found;
  for (const ArchInfo& info : known_to_libseccomp()) {
    for (std::size_t i = 0; i < name_count(); ++i) {
      found.insert(difference_by_name(info, NameId{static_cast<std::uint16_t>(i)}));
    }
    for (const SyscallNr nr : numbers_of(info)) {
      found.insert(difference_by_number(info, nr));
    }
  }
  found.erase("");
  const std::set<std::string> listed = listed_differences();
  for (const std::string& difference : found) {
    EXPECT_TRUE(listed.contains(difference)) << "not listed: " << difference;
  }
  for (const std::string& difference : listed) {
    EXPECT_TRUE(found.contains(difference)) << "listed but gone: " << difference;
  }
}

}  // namespace
}  // namespace callgate::arch
