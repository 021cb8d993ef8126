// Constants, errors and signals: values against this machine's headers, and words against values in both directions.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "arch/prototype.h"
#include "base/text.h"

namespace callgate::arch {
namespace {

std::vector<std::vector<std::string>> rows(const std::string& file) {
  std::ifstream in(std::string(CALLGATE_SOURCE_DIR "/data/") + file);
  EXPECT_TRUE(in.is_open()) << file;
  std::vector<std::vector<std::string>> all;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::vector<std::string> row;
    for (const std::string_view cell : base::split(line, ',')) {
      row.emplace_back(cell);
    }
    all.push_back(row);
  }
  return all;
}

TEST(Constants, EveryRowIsFoundUnderItsName) {
  std::size_t count = 0;
  for (const std::vector<std::string>& row : rows("constants.csv")) {
    EXPECT_EQ(constant(row[0]), base::parse_u64(row[1])) << row[0];
    ++count;
  }
  EXPECT_GT(count, 2000U);
  EXPECT_EQ(constant("AF_INE"), std::nullopt);
  EXPECT_EQ(constant(""), std::nullopt);
  EXPECT_EQ(constant("zzz"), std::nullopt);
}

TEST(Constants, SetsAreSortedByValue) {
  for (const std::vector<std::string>& row : rows("constant_sets.csv")) {
    const std::span<const Constant> set = constants_in(row[0]);
    EXPECT_FALSE(set.empty()) << row[0];
    EXPECT_EQ(is_flag_set(row[0]), row[1] == "yes") << row[0];
    for (std::size_t i = 0; i < set.size(); ++i) {
      EXPECT_EQ(set[i].set, row[0]);
      EXPECT_TRUE(i == 0 || set[i - 1].value <= set[i].value) << set[i].name;
    }
  }
  EXPECT_TRUE(constants_in("no_such_set").empty());
  EXPECT_FALSE(is_flag_set("no_such_set"));
}

TEST(Constants, ValuesAreThisMachines) {
  EXPECT_EQ(constant("AF_VSOCK"), std::uint64_t{AF_VSOCK});
  EXPECT_EQ(constant("CLONE_NEWUSER"), std::uint64_t{CLONE_NEWUSER});
  EXPECT_EQ(constant("CLONE_CLEAR_SIGHAND"), 0x100000000U);
  EXPECT_EQ(constant("O_CLOEXEC"), std::uint64_t{O_CLOEXEC});
  EXPECT_EQ(constant("AT_FDCWD"), static_cast<std::uint64_t>(std::int64_t{AT_FDCWD}));
  EXPECT_EQ(constant("PROT_EXEC"), std::uint64_t{PROT_EXEC});
  EXPECT_EQ(constant("PR_SET_NO_NEW_PRIVS"), std::uint64_t{PR_SET_NO_NEW_PRIVS});
  EXPECT_EQ(constant("TIOCSTI"), std::uint64_t{TIOCSTI});
  EXPECT_EQ(constant("FUTEX_LOCK_PI2"), std::uint64_t{FUTEX_LOCK_PI2});
  EXPECT_EQ(constant("KVM_CREATE_VM"), 0xae01U);
  EXPECT_EQ(constant("TUNSETIFF"), 0x400454caU);
  EXPECT_EQ(constant("FS_IOC_GETFLAGS"), 0x80086601U);
}

// What is said of a value must mean that value again: every member alone, each pair of a flag set, and one odd bit.
TEST(Constants, WordsMeanTheirValue) {
  for (const std::vector<std::string>& row : rows("constant_sets.csv")) {
    const std::string& set = row[0];
    const std::span<const Constant> all = constants_in(set);
    for (const Constant& one : all) {
      EXPECT_EQ(parse_value(describe_value(set, one.value)), one.value) << set << ' ' << one.name;
      EXPECT_EQ(constant(describe_value(set, one.value)), one.value) << set << ' ' << one.name;
      const std::uint64_t odd = one.value | (std::uint64_t{1} << 45);
      EXPECT_EQ(parse_value(describe_value(set, odd)), odd) << set << ' ' << one.name;
      for (const Constant& other : all) {
        const std::uint64_t both = one.value | other.value;
        EXPECT_EQ(parse_value(describe_value(set, both)), both) << one.name << '|' << other.name;
      }
      if (testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

TEST(Constants, Descriptions) {
  EXPECT_EQ(describe_value("address_family", 1), "AF_UNIX");
  EXPECT_EQ(describe_value("address_family", 77), "77");
  EXPECT_EQ(describe_value("address_family", 0x10000), "0x10000");
  EXPECT_EQ(describe_value("open_flags", 0), "O_RDONLY");
  EXPECT_EQ(describe_value("open_flags", O_RDWR | O_CLOEXEC), "O_RDWR|O_CLOEXEC");
  EXPECT_EQ(describe_value("open_flags", O_RDWR | O_CLOEXEC | 0x40000000), "O_RDWR|O_CLOEXEC|0x40000000");
  EXPECT_EQ(describe_value("open_flags", O_CREAT | O_SYNC), "O_CREAT|O_SYNC");
  EXPECT_EQ(describe_value("socket_type", SOCK_SEQPACKET | SOCK_CLOEXEC), "SOCK_SEQPACKET|SOCK_CLOEXEC");
  EXPECT_EQ(describe_value("socket_type", 7), "0x7");
  EXPECT_EQ(describe_value("clone_flags", CLONE_VM | CLONE_VFORK | SIGCHLD), "SIGCHLD|CLONE_VM|CLONE_VFORK");
  EXPECT_EQ(describe_value("futex_operation", FUTEX_WAKE | FUTEX_PRIVATE_FLAG), "FUTEX_WAKE|FUTEX_PRIVATE_FLAG");
  EXPECT_EQ(describe_value("message_flags", 0), "0");
  EXPECT_EQ(describe_value("dirfd", 0xffffff9c), "AT_FDCWD");
  EXPECT_EQ(describe_value("dirfd", 0xffffffffffffff9c), "AT_FDCWD");
  EXPECT_EQ(describe_value("", 5), "5");
  EXPECT_EQ(describe_value("no_such_set", 0xffffffffffffffff), "0xffffffffffffffff");
}

TEST(Constants, ValuesAsPeopleTypeThem) {
  EXPECT_EQ(parse_value("AF_INET"), 2U);
  EXPECT_EQ(parse_value("O_RDWR|O_CLOEXEC"), 0x80002U);
  EXPECT_EQ(parse_value(" O_RDWR | 0x10 "), 0x12U);
  EXPECT_EQ(parse_value("0x10"), 16U);
  EXPECT_EQ(parse_value("-1"), ~std::uint64_t{0});
  EXPECT_EQ(parse_value("~0"), ~std::uint64_t{0});
  EXPECT_EQ(parse_value("~PROT_EXEC"), ~std::uint64_t{PROT_EXEC});
  EXPECT_EQ(parse_value("-9223372036854775808"), std::uint64_t{1} << 63);
  EXPECT_EQ(parse_value("18446744073709551615"), ~std::uint64_t{0});
  for (const std::string_view wrong : {"", "|", "AF_INET|", "|1", "AF_NO", "-", "~", "--1", "-AF_INET", "1 2", "0xg",
                                       "18446744073709551616", "-9223372036854775809", "af_inet", "+1", "1||2"}) {
    EXPECT_EQ(parse_value(wrong), std::nullopt) << wrong;
  }
}

TEST(Errno, NumbersAndNames) {
  EXPECT_EQ(errno_number("ENOSYS"), 38);
  EXPECT_EQ(errno_number("EWOULDBLOCK"), EAGAIN);
  EXPECT_EQ(errno_number("ENOTSUP"), EOPNOTSUPP);
  EXPECT_EQ(errno_name(11), "EAGAIN");
  EXPECT_EQ(errno_name(EPERM), "EPERM");
  EXPECT_EQ(errno_name(EDEADLK), "EDEADLK");
  EXPECT_EQ(errno_name(EOPNOTSUPP), "EOPNOTSUPP");
  EXPECT_EQ(errno_name(0), "");
  EXPECT_EQ(errno_name(4095), "");
  EXPECT_EQ(errno_number("ENOSY"), std::nullopt);
  EXPECT_EQ(errno_number(""), std::nullopt);
  for (const std::vector<std::string>& row : rows("errno.csv")) {
    EXPECT_EQ(errno_number(row[0]), base::parse_u64(row[1])) << row[0];
  }
#if defined(__x86_64__) || defined(__aarch64__)
  for (std::uint16_t number = 1; number <= EHWPOISON; ++number) {
    const char* const libc = strerrorname_np(number);  // nothing for the two holes, 41 and 58
    EXPECT_EQ(errno_name(number).empty(), libc == nullptr) << number;
    if (libc != nullptr) {
      EXPECT_EQ(errno_number(libc), number) << libc;
    }
  }
#endif
}

TEST(Signals, Names) {
  EXPECT_EQ(signal_name(SIGSYS), "SIGSYS");
  EXPECT_EQ(signal_name(6), "SIGABRT");
  EXPECT_EQ(signal_name(0), "");
  EXPECT_EQ(signal_name(-1), "");
  EXPECT_EQ(signal_name(40), "");
  for (int number = 1; number < 32; ++number) {
    const char* const libc = sigabbrev_np(number);
    ASSERT_NE(libc, nullptr);
    EXPECT_EQ(signal_name(number), std::string("SIG") + (number == SIGIO ? "IO" : libc));
  }
}

}  // namespace
}  // namespace callgate::arch
