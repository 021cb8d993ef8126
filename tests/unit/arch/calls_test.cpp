// Call tables: sound in themselves, and right where the kernel's headers of the build machine say so.
// SPDX-License-Identifier: Apache-2.0
#include "arch/calls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace callgate::arch {
namespace {

std::vector<NameId> all_names() {
  std::vector<NameId> ids;
  for (std::size_t i = 0; i < name_count(); ++i) {
    ids.push_back(NameId{static_cast<std::uint16_t>(i)});
  }
  return ids;
}

TEST(Calls, NamesAreSortedAndUniqueAndFound) {
  ASSERT_GT(name_count(), 500U);
  std::string_view previous;
  for (const NameId id : all_names()) {
    EXPECT_LT(previous, name(id));
    EXPECT_EQ(find_name(name(id)), id) << name(id);
    previous = name(id);
  }
}

// Every name with one letter changed, dropped or added, and with two letters swapped.
TEST(Calls, NearMissesAreNotFound) {
  std::set<std::string, std::less<>> known;
  for (const NameId id : all_names()) {
    known.emplace(name(id));
  }
  std::size_t tried = 0;
  const auto expect_agreement = [&](const std::string& word) {
    ++tried;
    EXPECT_EQ(find_name(word).has_value(), known.contains(word)) << word;
  };
  for (const std::string& word : known) {
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::string changed = word;
      changed[i] = changed[i] == 'x' ? 'y' : 'x';
      expect_agreement(changed);
      changed = word;
      changed.erase(i, 1);
      expect_agreement(changed);
      changed = word;
      std::swap(changed[i], changed[(i + 1) % word.size()]);
      expect_agreement(changed);
    }
    expect_agreement(word + '2');
    expect_agreement(word + std::string(1, '\0'));
  }
  expect_agreement("");
  expect_agreement(std::string(100000, 'a'));
  EXPECT_GT(tried, 10000U);
}

TEST(Calls, TablesAreSortedAndAgreeWithTheNumbers) {
  for (const ArchInfo& arch : all()) {
    ASSERT_TRUE(arch.has_table);
    const std::span<const CallEntry> entries = table(arch.arch);
    EXPECT_GT(entries.size(), 300U) << arch.name;
    EXPECT_TRUE(std::ranges::is_sorted(entries, {}, &CallEntry::nr)) << arch.name;
    std::set<NameId> named;
    for (const CallEntry& entry : entries) {
      EXPECT_TRUE(named.insert(entry.name).second) << arch.name << ' ' << name(entry.name);
      EXPECT_EQ(number(arch.arch, entry.name), entry.nr) << arch.name << ' ' << name(entry.name);
      EXPECT_FALSE(name_of(arch.arch, entry.nr).empty());
    }
    for (const NameId id : all_names()) {
      EXPECT_EQ(number(arch.arch, id).has_value(), named.contains(id)) << arch.name << ' ' << name(id);
    }
    EXPECT_EQ(name_of(arch.arch, 0xffffffff), "");
  }
}

TEST(Calls, OnlyRenamedCallsShareANumber) {
  for (const ArchInfo& arch : all()) {
    const std::span<const CallEntry> entries = table(arch.arch);
    for (std::size_t i = 1; i < entries.size(); ++i) {
      if (entries[i].nr == entries[i - 1].nr) {
        EXPECT_EQ(arch.arch, Arch::arm);
        EXPECT_EQ(name(entries[i].name), "arm_sync_file_range");
      }
    }
  }
  EXPECT_EQ(name_of(Arch::arm, 341), "sync_file_range2");
  EXPECT_EQ(number(Arch::arm, "arm_sync_file_range"), 341U);
}

TEST(Calls, NumbersOfEveryFamily) {
  EXPECT_EQ(number(Arch::x86_64, "openat"), 257U);
  EXPECT_EQ(number(Arch::x86, "openat"), 295U);
  EXPECT_EQ(number(Arch::x32, "openat"), kX32Bit + 257U);
  EXPECT_EQ(number(Arch::x32, "rt_sigaction"), kX32Bit + 512U);
  EXPECT_EQ(number(Arch::aarch64, "fcntl"), 25U);
  EXPECT_EQ(number(Arch::riscv64, "mmap"), 222U);
  EXPECT_EQ(number(Arch::riscv64, "riscv_flush_icache"), 259U);
  EXPECT_EQ(number(Arch::mipsel, "read"), 4003U);
  EXPECT_EQ(number(Arch::mips64, "read"), 5000U);
  EXPECT_EQ(number(Arch::mipsel64n32, "read"), 6000U);
  EXPECT_EQ(number(Arch::arm, "set_tls"), 0xf0005U);
  EXPECT_EQ(number(Arch::s390x, "memfd_secret"), 447U);
  EXPECT_EQ(number(Arch::loongarch64, "clone3"), 435U);
  EXPECT_EQ(number(Arch::sheb, "cacheflush"), 123U);
  EXPECT_EQ(number(Arch::x86_64, "socketcall"), std::nullopt);
  EXPECT_EQ(number(Arch::aarch64, "open"), std::nullopt);
  EXPECT_EQ(number(Arch::x86_64, "opnat"), std::nullopt);
}

TEST(Calls, TheBuildMachinesHeadersAgree) {
#if defined(__x86_64__) && !defined(__ILP32__)
  EXPECT_EQ(number(native(), "read"), SyscallNr{SYS_read});
  EXPECT_EQ(number(native(), "seccomp"), SyscallNr{SYS_seccomp});
  EXPECT_EQ(number(native(), "clone3"), SyscallNr{SYS_clone3});
  EXPECT_EQ(number(native(), "futex_waitv"), SyscallNr{SYS_futex_waitv});
#endif
}

TEST(Calls, NamesOfSeccompData) {
  EXPECT_EQ(name_of_call(0xc000003e, 0), "read");
  EXPECT_EQ(name_of_call(0xc000003e, kX32Bit + 520), "execve");
  EXPECT_EQ(name_of_call(0x40000003, 102), "socketcall");
  EXPECT_EQ(name_of_call(0xc00000b7, 56), "openat");
  EXPECT_EQ(name_of_call(0xdeadbeef, 0), "");
}

KernelVersion since(Arch arch, std::string_view call) {
  for (const CallEntry& entry : table(arch)) {
    if (name(entry.name) == call) {
      return entry.since;
    }
  }
  ADD_FAILURE() << call;
  return {};
}

TEST(Calls, FirstKernels) {
  EXPECT_EQ(since(Arch::x86_64, "read"), (KernelVersion{0, 0}));
  EXPECT_EQ(since(Arch::x86_64, "seccomp"), (KernelVersion{3, 17}));
  EXPECT_EQ(since(Arch::x86_64, "clone3"), (KernelVersion{5, 3}));
  EXPECT_EQ(since(Arch::x86_64, "openat2"), (KernelVersion{5, 6}));
  EXPECT_EQ(since(Arch::x86_64, "file_setattr"), (KernelVersion{6, 17}));
  EXPECT_EQ(since(Arch::x86, "socket"), (KernelVersion{4, 3}));
  EXPECT_EQ(since(Arch::loongarch64, "read"), (KernelVersion{5, 19}));
  EXPECT_EQ(since(Arch::s390x, "memfd_secret"), (KernelVersion{6, 4}));
  EXPECT_EQ(since(Arch::riscv64, "riscv_hwprobe"), (KernelVersion{6, 4}));
  EXPECT_EQ(since(Arch::x86_64, "uprobe"), (KernelVersion{6, 18}));
}

TEST(Calls, SuggestsTheNameThatWasMeant) {
  EXPECT_EQ(suggest_name("opnat"), "openat");
  EXPECT_EQ(suggest_name("raed"), "read");
  EXPECT_EQ(suggest_name("completely_different_thing"), std::nullopt);
}

TEST(Multiplexed, OnlyWhereTheKernelHasTheMultiplexer) {
  const auto by = [](Arch arch, std::string_view call) { return multiplexed(arch, find_name(call).value()); };
  const NameId socketcall = find_name("socketcall").value();
  const NameId ipc = find_name("ipc").value();
  for (const Arch arch : {Arch::x86, Arch::mips, Arch::mipsel, Arch::ppc, Arch::ppc64, Arch::ppc64le, Arch::s390,
                          Arch::s390x, Arch::m68k, Arch::sh, Arch::sheb}) {
    ASSERT_TRUE(by(arch, "socket").has_value()) << info(arch).name;
    EXPECT_EQ(by(arch, "socket")->multiplexer, socketcall);
    EXPECT_EQ(by(arch, "socket")->selector, 1U);
    EXPECT_EQ(by(arch, "sendmmsg")->selector, 20U);
    ASSERT_TRUE(by(arch, "shmget").has_value()) << info(arch).name;
    EXPECT_EQ(by(arch, "shmget")->multiplexer, ipc);
    EXPECT_EQ(by(arch, "shmget")->selector, 23U);
    EXPECT_EQ(by(arch, "shmget")->mask, 0xffffU);
    EXPECT_EQ(by(arch, "openat"), std::nullopt);
  }
  for (const Arch arch : {Arch::x86_64, Arch::x32, Arch::arm, Arch::aarch64, Arch::mips64, Arch::mips64n32,
                          Arch::parisc, Arch::parisc64, Arch::riscv64, Arch::loongarch64}) {
    EXPECT_EQ(by(arch, "socket"), std::nullopt) << info(arch).name;
    EXPECT_EQ(by(arch, "shmget"), std::nullopt) << info(arch).name;
  }
}

}  // namespace
}  // namespace callgate::arch
