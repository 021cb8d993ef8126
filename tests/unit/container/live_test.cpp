// An engine's socket: what it says is taken over, and whatever else answers there is diagnosed in time. The servers
// here speak HTTP through sockets of their own; real engines are asked in tests/engines. SPDX-License-Identifier:
// Apache-2.0
#include "container/live.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "base/io.h"
#include "world.h"

namespace callgate::container {
namespace {

namespace fs = std::filesystem;

std::string http(std::string_view body, int status = 200) {
  return fmt::format(
      "HTTP/1.1 {} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status,
      body.size(), body);
}

// Answers each connection with what `answer` says to the path asked for, until it is destroyed.
class Server {
 public:
  using Answer = std::function<std::string(const std::string&)>;
  Server(const std::string& path, Answer answer) : answer_(std::move(answer)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  void serve() {
    for (;;) {
      const base::UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
      if (!peer) return;
      std::string request(4096, '\0');
      const ssize_t got = ::read(peer.get(), request.data(), request.size());
      request.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      const auto from = request.find(' ') + 1;
      const std::string answer = answer_(request.substr(from, request.find(' ', from) - from));
      std::size_t sent = 0;
      while (sent < answer.size()) {
        const ssize_t n = ::send(peer.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
  }
  Answer answer_;
  base::UniqueFd listener_;
  std::thread thread_;
};

class LiveTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "callgate-live-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    socket_ = folder_ / "s";
  }
  void TearDown() override { fs::remove_all(folder_); }
  bool resolve(const std::vector<std::string>& names = {}) {
    HttpLimits limits;
    limits.timeout_ms = 500;
    limits.max_bytes = 100'000;
    return resolve_live(socket_, names, world_.world, answer_, world_.diagnostics, limits);
  }
  std::string said() { return world_.diagnostics.items().empty() ? "" : world_.diagnostics.items().back().message; }
  fs::path folder_;
  std::string socket_;
  TestWorld world_{CALLGATE_SOURCE_DIR "/tests/data/container"};
  manifest::Answer answer_;
};

std::string docker(const std::string& path) {
  if (path == "/version") return http(R"({"Version":"26.1.5+dfsg1","Components":[{"Name":"Engine"}]})");
  if (path == "/info")
    return http(R"({"DefaultRuntime":"mine","Runtimes":{"mine":{"path":"crun"},"runc":{"path":"runc"}},
      "SecurityOptions":["name=seccomp,profile=builtin","name=no-new-privileges"]})");
  if (path == "/containers/json") return http(R"([{"Id":"aa11","Names":["/web"]},{"Id":"bb22","Names":["/other"]}])");
  if (path == "/containers/aa11/json")
    return http(R"({"Id":"aa11","Name":"/web","Config":{},"HostConfig":{"SecurityOpt":["seccomp=unconfined"]}})");
  if (path == "/containers/bb22/json")
    return http(R"({"Id":"bb22","Name":"/other","Config":{},"HostConfig":{"Privileged":true,
      "SecurityOpt":["seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\"}"]}})");
  return http("{}", 404);
}

TEST_F(LiveTest, EveryContainerOfTheEngine) {
  const Server server(socket_, docker);
  ASSERT_TRUE(resolve()) << said();
  EXPECT_EQ(world_.world.daemon.version, (EngineVersion{26, 1, 5}));
  ASSERT_EQ(answer_.containers.size(), 2U);
  EXPECT_EQ(answer_.containers[0].choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_EQ(answer_.containers[0].runtime, "mine");
  EXPECT_TRUE(answer_.containers[0].no_new_privileges);
  // This daemon is older than 27: privileged outweighs the profile.
  EXPECT_EQ(answer_.containers[1].choice.kind, manifest::ProfileKind::unconfined);
}

TEST_F(LiveTest, OneByNameOrId) {
  const Server server(socket_, docker);
  ASSERT_TRUE(resolve({"other"}));
  ASSERT_TRUE(resolve({"aa"}));
  ASSERT_EQ(answer_.containers.size(), 2U);
  EXPECT_EQ(answer_.containers[0].name, "other");
  EXPECT_EQ(answer_.containers[1].name, "web");
}

TEST_F(LiveTest, WhatIsNoEngineIsDiagnosed) {
  struct Case {
    const char* why;
    Server::Answer answer;
    const char* says;
  };
  const Case cases[] = {
      {"closes at once", [](const std::string&) { return std::string(); }, "GET /version: "},
      {"no HTTP", [](const std::string&) { return std::string("hello\n"); }, "GET /version: "},
      {"too slow",
       [](const std::string&) {
         std::this_thread::sleep_for(std::chrono::milliseconds(900));
         return http("{}");
       },
       "GET /version: "},
      {"too long", [](const std::string&) { return http(std::string(200'000, ' ')); }, "longer than 100000 bytes"},
      {"an error", [](const std::string&) { return http("{}", 500); }, "answered with status 500"},
      {"a redirection",
       [](const std::string&) {
         return std::string("HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
       },
       "answered with status 302"},
      {"no JSON", [](const std::string&) { return http("<html>"); }, "is no JSON"},
      {"no version", [](const std::string&) { return http("{\"Version\": 1}"); }, "names no version"},
      {"no number", [](const std::string&) { return http("{\"Version\": \"new\"}"); }, "'new' is no version"},
      {"an id with a path",
       [](const std::string& path) {
         return path == "/containers/json" ? http(R"([{"Id":"../../x"}])") : docker(path);
       },
       "a container has no id"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.why);
    fs::remove(socket_);
    const Server server(socket_, each.answer);
    EXPECT_FALSE(resolve());
    EXPECT_NE(said().find(each.says), std::string::npos) << said();
    EXPECT_EQ(base::diagnostic_code(world_.diagnostics.items().back().number), "CG8008");
  }
}

TEST_F(LiveTest, NoSocketAtAll) {
  EXPECT_FALSE(resolve());
  EXPECT_NE(said().find("no such file or directory"), std::string::npos) << said();
  std::ofstream(socket_) << "x";
  EXPECT_FALSE(resolve());
  EXPECT_NE(said().find("is no socket"), std::string::npos) << said();
}

TEST(UsualSocketsTest, TheEnvironmentCounts) {
  EXPECT_EQ(usual_sockets({"DOCKER_HOST=unix:///x.sock", "XDG_RUNTIME_DIR=/run/user/1"}),
            (std::vector<std::string>{"/x.sock", "/var/run/docker.sock", "/run/podman/podman.sock",
                                      "/run/user/1/docker.sock", "/run/user/1/podman/podman.sock"}));
  EXPECT_EQ(usual_sockets({"DOCKER_HOST=tcp://h:1"}).size(), 2U);
}

}  // namespace
}  // namespace callgate::container
