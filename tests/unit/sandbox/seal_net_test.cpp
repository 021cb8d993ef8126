// `--seal net`: plans, and what a sealed process can and cannot reach.
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "policy/policy.h"
#include "sandbox/guard.h"
#include "unit/sandbox/seal_runs.h"

namespace callgate::sandbox {
namespace {

SealRequest net(std::optional<std::string> mode = std::nullopt) {
  SealRequest request;
  request.seals = {"net"};
  request.net = std::move(mode);
  return request;
}

HostFacts with_landlock(int abi) {
  HostFacts host = root();
  host.landlock_abi = abi;
  return host;
}

TEST(NetPlan, NamespacesAndLoopback) {
  EXPECT_EQ(namespaces_text(planned(net(), root()).namespaces), "network");
  EXPECT_EQ(planned(net("none"), root()), planned(net(), root()));
  EXPECT_THAT(text(planned(net("loopback"), root())), HasSubstr("bring the loopback device up\n"));
  EXPECT_EQ(planned(net("host"), root()).namespaces, 0U);
}

TEST(NetPlan, PortsAreLandlockRules) {
  SealRequest request = net("host");
  request.connect_ports = {"443,80"};
  request.bind_ports = {"8080"};
  EXPECT_THAT(
      text(planned(request, with_landlock(4))),
      HasSubstr("begin Landlock rules\nLandlock: connecting to TCP port 443\nLandlock: connecting to TCP port 80\n"
                "Landlock: binding to TCP port 8080\nenforce the Landlock rules\n"));
}

TEST(NetPlan, NonsenseIsRefused) {
  SealRequest request = net();
  request.connect_ports = {"443"};
  EXPECT_EQ(refusal_of(request, with_landlock(7)).help, "--net host or --net loopback");
  request.net = "host";
  EXPECT_EQ(refusal_of(request, with_landlock(3)).message,
            "--connect and --bind need Landlock's interface 4; this kernel has version 3");
  EXPECT_EQ(refusal_of(request, with_landlock(0)).id.number, kCannotSeal.number);
  for (const char* bad : {"65536", "http", "-1", "80,"}) {
    request.connect_ports = {bad};
    EXPECT_THAT(refusal_of(request, with_landlock(7)).message, HasSubstr("is no TCP port")) << bad;
  }
  request = process();
  request.net = "host";
  EXPECT_EQ(refusal_of(request, root()).help, "--seal net");
}

TEST(NetGuard, NoWayToTheHypervisor) {
  const policy::Policy denied = *guard(planned(net(), root()));
  const auto native = arch::native();
  const policy::Call vsock{arch::info(native).audit, *arch::number(native, "socket"), {AF_VSOCK, SOCK_STREAM}};
  EXPECT_EQ(policy::evaluate(denied, vsock), policy::make_errno(EPERM));
  EXPECT_FALSE(guard(planned(net("host"), root())));
}

// Live: what runs in place of the program tells errno by its exit status.
sockaddr_in g_inet, g_other;
std::array<char, 64> g_name;
socklen_t g_name_length;

int connect_errno(int family, const void* address, socklen_t length) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int error = connect(fd, static_cast<const sockaddr*>(address), length) == 0 ? 0 : errno;
  close(fd);
  return error;
}

int bind_errno(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = g_inet;
  address.sin_port = htons(port);
  const int error = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  close(fd);
  return error;
}

using Body = int (*)();
Body g_body;

int status_of(const SealRequest& request, Body body) {
  g_body = body;
  Kernel kernel = real_kernel();
  kernel.exec = [](const char*, char* const*, char* const*) -> int { _exit(g_body()); };
  return sandbox::status_of(sealed("", request), kernel);
}

int listen_on_tcp(sockaddr_in& address) {
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(listen(fd, 5), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
  return fd;
}

int listen_on_abstract_name() {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;  // autobind: an abstract name of the kernel's choice
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
  EXPECT_EQ(listen(fd, 5), 0);
  g_name_length = g_name.size();
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(g_name.data()), &g_name_length), 0);
  return fd;
}

int to_inet() {
  return connect_errno(AF_INET, &g_inet, sizeof g_inet);
}
int to_other() {
  return connect_errno(AF_INET, &g_other, sizeof g_other);
}
int to_name() {
  return connect_errno(AF_UNIX, g_name.data(), g_name_length);
}
int bind_any() {
  return bind_errno(0);
}

// A server and its client, both within.
int to_itself() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, 1) != 0) return 99;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 98;
  return connect_errno(AF_INET, &address, length);
}

TEST(NetLive, NothingOutsideIsReached) {
  const base::UniqueFd tcp(listen_on_tcp(g_inet)), name(listen_on_abstract_name());
  ASSERT_EQ(to_inet(), 0);
  ASSERT_EQ(to_name(), 0);
  as_both([] {
    EXPECT_EQ(status_of(net(), to_inet), ENETUNREACH);
    EXPECT_EQ(status_of(net(), to_name), ECONNREFUSED);
    EXPECT_EQ(status_of(net("loopback"), to_inet), ECONNREFUSED);
    EXPECT_EQ(status_of(net("loopback"), to_name), ECONNREFUSED);
    EXPECT_EQ(status_of(net("loopback"), to_itself), 0);
    EXPECT_EQ(status_of(net("none"), to_itself), ENETUNREACH);
    EXPECT_EQ(status_of(net("host"), to_inet), 0);
  });
}

TEST(NetLive, PortsThatWereNamedAlone) {
  if (read_host_facts().landlock_abi < 4) return;  // refused then: see NonsenseIsRefused
  const base::UniqueFd tcp(listen_on_tcp(g_inet)), other(listen_on_tcp(g_other));
  as_both([] {
    SealRequest request = net("host");
    request.connect_ports = {std::to_string(ntohs(g_inet.sin_port))};
    EXPECT_EQ(status_of(request, to_inet), 0);
    EXPECT_EQ(status_of(request, to_other), EACCES);
    EXPECT_EQ(status_of(request, bind_any), EACCES);
    request.bind_ports = {"0"};
    EXPECT_EQ(status_of(request, bind_any), 0);
  });
}

TEST(NetFaults, EachStepFailsInTurn) {
  SealRequest request = net("loopback");
  if (read_host_facts().landlock_abi >= 4) request.connect_ports = {"80"};
  as_both([&] { fail_each_step(request); });
}

}  // namespace
}  // namespace callgate::sandbox
