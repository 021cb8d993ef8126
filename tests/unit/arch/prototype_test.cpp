// Prototypes: one for every x86_64 call, sound in itself, and equal to what the running kernel says of its own calls
// where tracefs can be read.
// SPDX-License-Identifier: Apache-2.0
#include "arch/prototype.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>

#include "base/text.h"

namespace callgate::arch {
namespace {

std::span<const ArgPrototype> arguments_of(std::string_view call) {
  const auto found = prototype(find_name(call).value());
  EXPECT_TRUE(found.has_value()) << call;
  return found.value_or(std::span<const ArgPrototype>{});
}

bool is_pointer(std::string_view type) {
  return type.find('*') != type.npos || type.ends_with("cap_user_data_t") || type.ends_with("cap_user_header_t");
}

TEST(Prototypes, EveryCallOfX8664HasOne) {
  for (const CallEntry& entry : table(Arch::x86_64)) {
    const auto arguments = prototype(entry.name);
    ASSERT_TRUE(arguments.has_value()) << name(entry.name);
    EXPECT_LE(arguments->size(), 6U) << name(entry.name);
    std::set<std::string_view> names;
    for (const ArgPrototype& argument : *arguments) {
      EXPECT_TRUE(names.insert(argument.name).second) << name(entry.name) << ' ' << argument.name;
      EXPECT_TRUE(argument.width_bits == 16 || argument.width_bits == 32 || argument.width_bits == 64) << argument.name;
      EXPECT_TRUE(argument.set.empty() || !constants_in(argument.set).empty()) << argument.set;
      EXPECT_TRUE(argument.direction == Direction::value || is_pointer(argument.type)) << name(entry.name);
      EXPECT_TRUE(!is_pointer(argument.type) || (argument.width_bits == 64 && argument.set.empty()));
      if (argument.type.starts_with("const ") && is_pointer(argument.type)) {
        EXPECT_EQ(argument.direction, Direction::in) << name(entry.name) << ' ' << argument.name;
      }
    }
  }
  EXPECT_EQ(prototype(find_name("socketcall").value()).has_value(), false);
}

TEST(Prototypes, WhatProfilesAsk) {
  const auto socket = arguments_of("socket");
  ASSERT_EQ(socket.size(), 3U);
  EXPECT_EQ(socket[0].set, "address_family");
  EXPECT_EQ(socket[1].set, "socket_type");
  EXPECT_EQ(socket[0].width_bits, 32);
  EXPECT_TRUE(socket[0].is_signed);
  const auto clone = arguments_of("clone");
  ASSERT_EQ(clone.size(), 5U);
  EXPECT_EQ(clone[0].set, "clone_flags");
  EXPECT_EQ(clone[0].width_bits, 32);
  EXPECT_EQ(arguments_of("openat")[2].set, "open_flags");
  EXPECT_EQ(arguments_of("openat")[3].width_bits, 16);
  EXPECT_EQ(arguments_of("openat2")[2].direction, Direction::in);
  EXPECT_EQ(arguments_of("read")[1].direction, Direction::out);
  EXPECT_EQ(arguments_of("poll")[0].direction, Direction::inout);
  EXPECT_EQ(arguments_of("shmat")[1].direction, Direction::value);
  EXPECT_EQ(arguments_of("ioctl")[1].set, "ioctl");
  EXPECT_EQ(arguments_of("personality")[0].set, "personality");
  EXPECT_TRUE(arguments_of("getpid").empty());
}

#if defined(__x86_64__)  // elsewhere the running kernel's calls are not the ones described

constexpr const char* kTracing = "/sys/kernel/tracing";
constexpr const char* kEvents = "/sys/kernel/tracing/events/syscalls";

// {argument type, name} as the kernel's event format tells them: after the common fields and __syscall_nr.
std::vector<std::pair<std::string, std::string>> kernels_arguments(const std::filesystem::path& format) {
  std::ifstream file(format);
  std::vector<std::pair<std::string, std::string>> arguments;
  std::string line;
  while (std::getline(file, line)) {
    constexpr std::string_view kField = "\tfield:";
    if (!line.starts_with(kField) || line.find("common_") != line.npos || line.find("__syscall_nr") != line.npos) {
      continue;
    }
    const std::string declaration = line.substr(kField.size(), line.find(';') - kField.size());
    const std::size_t blank = declaration.rfind(' ');
    arguments.emplace_back(base::trim(declaration.substr(0, blank)), declaration.substr(blank + 1));
  }
  return arguments;
}

// tracefs is often there and not mounted; this process alone then mounts it, in a mount namespace of its own.
bool can_read_events() {
  std::error_code unreadable;
  if (std::filesystem::is_directory(kEvents, unreadable)) return true;
  return unshare(CLONE_NEWNS) == 0 && mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tracefs", kTracing, "tracefs", MS_RDONLY, nullptr) == 0 &&
         std::filesystem::is_directory(kEvents, unreadable);
}

TEST(Prototypes, TheRunningKernelAgrees) {
  if (!can_read_events()) GTEST_SKIP() << kEvents << " cannot be read: " << std::strerror(errno);
  std::error_code unreadable;
  // The kernel's function is named otherwise than the call.
  const std::map<std::string_view, std::string_view> renamed = {{"stat", "newstat"},        {"fstat", "newfstat"},
                                                                {"lstat", "newlstat"},      {"uname", "newuname"},
                                                                {"sendfile", "sendfile64"}, {"umount2", "umount"}};
  // Names and types of arguments change now and then; their count is part of the interface.
  utsname running{};
  ASSERT_EQ(uname(&running), 0);
  const bool exact = parse_kernel_version(running.release) == KernelVersion{6, 18};
  std::size_t compared = 0;
  for (const CallEntry& entry : table(Arch::x86_64)) {
    const std::string_view call = name(entry.name);
    const auto other = renamed.find(call);
    const std::filesystem::path format = std::filesystem::path(kEvents) /
                                         ("sys_enter_" + std::string(other == renamed.end() ? call : other->second)) /
                                         "format";
    if (!std::filesystem::exists(format, unreadable)) {
      continue;  // not in this kernel's configuration
    }
    const auto theirs = kernels_arguments(format);
    const std::span<const ArgPrototype> ours = arguments_of(call);
    ++compared;
    ASSERT_EQ(ours.size(), theirs.size()) << call;
    for (std::size_t i = 0; exact && i < ours.size(); ++i) {
      EXPECT_EQ(ours[i].type, theirs[i].first) << call << ' ' << i;
      EXPECT_EQ(ours[i].name, theirs[i].second) << call << ' ' << i;
    }
  }
  EXPECT_GT(compared, 250U);
}

#endif

}  // namespace
}  // namespace callgate::arch
