// Arguments of this very process, read through the kernel as a tracer would.
// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "arch/calls.h"

namespace callgate::decode {
namespace {

std::size_t own_memory(std::uint64_t address, std::span<std::byte> out) {
  const iovec local{out.data(), out.size()};
  const iovec remote{reinterpret_cast<void*>(address), out.size()};
  const ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

template <class T>
std::uint64_t at(const T* object) {
  return reinterpret_cast<std::uint64_t>(object);
}

std::string text(std::string_view name, std::array<std::uint64_t, 6> args, arch::Arch which = arch::Arch::x86_64) {
  return decode({arch::info(which).audit, arch::number(which, name).value(), args}, kAllKnown, own_memory).text();
}

TEST(Decode, PathsFlagsAndModes) {
  EXPECT_EQ(text("openat", {static_cast<std::uint64_t>(-100), at("/etc/pass\nwd\""), 0x80241, 0644}),
            "openat(dfd=AT_FDCWD, filename=\"/etc/pass\\nwd\\\"\", flags=O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, "
            "mode=0644)");
  EXPECT_EQ(text("openat", {0xffffff9c, 0, 0, 0}), "openat(dfd=AT_FDCWD, filename=NULL, flags=O_RDONLY, mode=0)");
  EXPECT_EQ(text("open", {0, 0x80000, 0}), "open(filename=NULL, flags=O_RDONLY|O_CLOEXEC, mode=0)");
  EXPECT_EQ(text("close", {0xffffffff}), "close(fd=-1)");
  EXPECT_EQ(text("socket", {2, 0x80001, 6}),
            "socket(family=AF_INET, type=SOCK_STREAM|SOCK_CLOEXEC, protocol=IPPROTO_TCP)");
}

TEST(Decode, BuffersAreShownInPart) {
  const std::string long_text(100, 'x');
  EXPECT_EQ(text("write", {1, at("hello\n"), 6}), "write(fd=1, buf=\"hello\\n\", count=6)");
  EXPECT_EQ(text("write", {1, at(long_text.data()), 100}),
            "write(fd=1, buf=\"" + std::string(32, 'x') + "\"…, count=100)");
  std::array<char, 2> one{'a', 'b'}, two{'c', 'd'};
  const std::array<iovec, 2> list{{{one.data(), 2}, {two.data(), 2}}};
  EXPECT_EQ(text("writev", {1, at(list.data()), 2}), "writev(fd=1, vec=[\"ab\", \"cd\"], vlen=2)");
}

TEST(Decode, SocketAddresses) {
  const auto connect = [](const auto& address, std::size_t size) { return text("connect", {3, at(&address), size}); };
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(8080);
  inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
  EXPECT_EQ(connect(four, sizeof four), "connect(fd=3, uservaddr={AF_INET, 192.0.2.7:8080}, addrlen=16)");
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(53);
  inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
  EXPECT_EQ(connect(six, sizeof six), "connect(fd=3, uservaddr={AF_INET6, [2001:db8::1]:53}, addrlen=28)");
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::strcpy(path.sun_path, "/run/x.sock");
  EXPECT_EQ(connect(path, sizeof path), "connect(fd=3, uservaddr={AF_UNIX, \"/run/x.sock\"}, addrlen=110)");
  sockaddr_un abstract{};
  abstract.sun_family = AF_UNIX;
  std::memcpy(abstract.sun_path, "\0name", 5);
  EXPECT_EQ(connect(abstract, 7), "connect(fd=3, uservaddr={AF_UNIX, @\"name\"}, addrlen=7)");
  sockaddr_nl netlink{};
  netlink.nl_family = AF_NETLINK;
  netlink.nl_groups = 1;
  EXPECT_EQ(connect(netlink, sizeof netlink), "connect(fd=3, uservaddr={AF_NETLINK, port 0, groups 0x1}, addrlen=12)");
  EXPECT_EQ(connect(four, 3), "connect(fd=3, uservaddr={AF_INET, 3 bytes}, addrlen=3)");
}

TEST(Decode, StructuresThatCarryFlags) {
  ::clone_args args{};
  args.flags = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
  args.exit_signal = 17;
  EXPECT_EQ(text("clone3", {at(&args), sizeof args}),
            "clone3(uargs={flags=CLONE_VM|CLONE_SIGHAND|CLONE_THREAD, exit_signal=SIGCHLD}, size=" +
                std::to_string(sizeof args) + ")");
  const ::open_how how{O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
  EXPECT_EQ(text("openat2", {3, at("x"), at(&how), sizeof how}),
            "openat2(dfd=3, filename=\"x\", how={flags=O_RDONLY|O_CLOEXEC, "
            "resolve=RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, usize=24)");
}

TEST(Decode, ProgramsWithoutTheirEnvironment) {
  const std::array<const char*, 3> argv{"ls", "-l", nullptr};
  const std::array<const char*, 2> environment{"SECRET=1", nullptr};
  EXPECT_EQ(text("execve", {at("/bin/ls"), at(argv.data()), at(environment.data())}),
            "execve(filename=\"/bin/ls\", argv=[\"ls\", \"-l\"], envp=[1 variable])");
}

TEST(Decode, DescriptorsByFile) {
  const auto files = [](int fd) { return fd == 3 ? std::string("/tmp/x") : std::string(); };
  const policy::Call call{arch::info(arch::Arch::x86_64).audit, 0, {3, 0, 8}};
  EXPECT_EQ(decode(call, kAllKnown, own_memory, files).text(), "read(fd=3</tmp/x>, buf=NULL, count=8)");
}

TEST(Decode, WhatIsNotKnownIsNotShown) {
  const policy::Call call{arch::info(arch::Arch::x86_64).audit, 1, {1, 7, 9}};
  const Decoded decoded = decode(call, 1, {});
  EXPECT_EQ(decoded.text(), "write(fd=1, buf=?, count=?)");
  EXPECT_FALSE(decoded.arguments[1].known);
  EXPECT_TRUE(decoded.arguments[1].pointer);
  EXPECT_EQ(decode({arch::info(arch::Arch::x86_64).audit, 4000, {}}, kAllKnown, {}).call, "call 0xfa0");
}

TEST(Decode, MultiplexedCallsAreTakenApart) {
  // i386's pointers have 32 bits, so what they point to must lie low.
  void* const wanted = reinterpret_cast<void*>(std::uintptr_t{0x3210'0000});  // NOLINT(performance-no-int-to-ptr)
  void* const low =
      mmap(wanted, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  ASSERT_EQ(low, wanted);
  const std::array<std::uint32_t, 3> args{AF_INET, SOCK_STREAM, 0};
  std::memcpy(low, args.data(), sizeof args);
  EXPECT_EQ(text("socketcall", {1, at(low)}, arch::Arch::x86),
            "socketcall → socket(family=AF_INET, type=SOCK_STREAM, protocol=IPPROTO_IP)");
  EXPECT_EQ(text("socketcall", {1, 16}, arch::Arch::x86), "socketcall(0x1, 0x10, 0x0, 0x0, 0x0, 0x0)");
  munmap(low, 4096);
}

// Every call with pointers to nothing, to the end of memory, to themselves: an answer, and no control character.
TEST(Decode, HostileMemoryGivesAnAnswerForEveryCall) {
  char* const pages =
      static_cast<char*>(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(pages, MAP_FAILED);
  munmap(pages + 4096, 4096);
  const std::uint64_t start = at(pages), end = start + 4096;
  for (std::uint64_t i = 0; i < 4096; i += 8) std::memcpy(pages + i, &start, 8);
  for (const arch::Arch which : {arch::Arch::x86_64, arch::Arch::x86, arch::Arch::x32, arch::Arch::aarch64})
    for (const arch::CallEntry& each : arch::table(which))
      for (const std::uint64_t address : {std::uint64_t{1}, start, end - 1, end - 9, end, ~std::uint64_t{0}})
        for (const std::uint64_t size : {address, std::uint64_t{0}, std::uint64_t{24}, ~std::uint64_t{0}}) {
          const std::string shown =
              decode({arch::info(which).audit, each.nr, {address, size, address, size, address, size}}, kAllKnown,
                     own_memory)
                  .text();
          EXPECT_LT(shown.size(), 8192U);
          EXPECT_EQ(std::count_if(shown.begin(), shown.end(), [](char c) { return c >= 0 && c < ' '; }), 0) << shown;
        }
  munmap(pages, 4096);
}

}  // namespace
}  // namespace callgate::decode
