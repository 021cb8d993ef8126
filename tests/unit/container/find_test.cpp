// SPDX-License-Identifier: Apache-2.0
#include "container/find.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/io.h"
#include "base/source.h"

namespace callgate::container {
namespace {

namespace fs = std::filesystem;

Found found_in(const std::string& json, std::string_view engine) {
  const base::SourceFile file("inspect", json);
  base::Diagnostics diagnostics;
  const auto document = text::read_json(file, diagnostics);
  return read_found(document->root(), engine);
}

TEST(Find, DockersObject) {
  const Found found = found_in(R"({"Id":"12ab","Name":"/web","Image":"sha256:77","State":{"Status":"running","Pid":42},
    "Config":{"Image":"nginx:1","Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"front"}}})",
                               "docker");
  EXPECT_EQ(found, (Found{"docker", "12ab", "web", "nginx:1", "sha256:77", "", "shop", "front", Stage::running, 42}));
}

TEST(Find, PodmansObject) {
  const Found found =
      found_in(R"([{"Id":"12ab","Name":"web","Image":"77","ImageName":"localhost/nginx:1","ImageDigest":"sha256:99",
    "State":{"Status":"initialized","Pid":42},"Config":{"Labels":null}}])",
               "podman");
  EXPECT_EQ(found, (Found{"podman", "12ab", "web", "localhost/nginx:1", "sha256:77", "sha256:99", "", "",
                          Stage::starting, 42}));
}

TEST(Find, StagesByWhatTheEngineSays) {
  const auto stage = [](std::string_view state) {
    return found_in(R"({"Id":"1","State":)" + std::string(state) + "}", "docker").stage;
  };
  EXPECT_EQ(stage(R"({"Status":"created","Pid":0})"), Stage::stopped);
  EXPECT_EQ(stage(R"({"Status":"exited","Pid":7})"), Stage::stopped);
  EXPECT_EQ(stage(R"({"Status":"paused","Pid":7})"), Stage::running);
  EXPECT_EQ(stage(R"({"Pid":-7})"), Stage::stopped);
  EXPECT_EQ(stage("[]"), Stage::stopped);
}

class FindInState : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(root_); }
  void TearDown() override { fs::remove_all(root_); }
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    ASSERT_TRUE(base::write_file((root_ / path).string(), text));
  }
  std::optional<Found> find(const std::string& name) const { return find_in_state({root_.string()}, name); }
  const fs::path root_ = fs::temp_directory_path() / ("callgate-find-" + std::to_string(getpid()));
  const std::string own_ = std::to_string(getpid());
};

TEST_F(FindInState, Runcs) {
  put("web/state.json", R"({"id":"web","init_process_pid":)" + own_ + "}");
  ASSERT_TRUE(find("web"));
  EXPECT_EQ(find("web")->engine, "runc");
  EXPECT_EQ(find("web")->stage, Stage::running);
  EXPECT_EQ(find("web")->pid, getpid());
  put("web/exec.fifo", "");
  EXPECT_EQ(find("web")->stage, Stage::starting);
  EXPECT_FALSE(find("we"));
}

TEST_F(FindInState, Cruns) {
  put("web/status", R"({"pid":4194303,"bundle":"/b"})");
  ASSERT_TRUE(find("web"));
  EXPECT_EQ(find("web")->engine, "crun");
  EXPECT_EQ(find("web")->stage, Stage::stopped) << "nobody has that number";
}

TEST_F(FindInState, Containerds) {
  const std::string id = "0123456789abcdef";
  put(id + "/init.pid", own_ + "\n");
  put(id + "/config.json", R"({"annotations":{"io.kubernetes.cri.container-name":"front",
      "io.kubernetes.cri.image-name":"docker.io/library/nginx:1"}})");
  for (const std::string& name : {id, id.substr(0, 12)}) {
    const auto found = find(name);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->engine, "containerd");
    EXPECT_EQ(found->id, id);
    EXPECT_EQ(found->name, "front");
    EXPECT_EQ(found->image, "docker.io/library/nginx:1");
  }
  EXPECT_FALSE(find(id.substr(0, 11))) << "too short to be meant";
}

TEST_F(FindInState, ContainerdsByTheirNameInThePod) {
  const auto put_pod = [&](const std::string& id) {
    put(id + "/init.pid", own_ + "\n");
    put(id + "/config.json", R"({"annotations":{"io.kubernetes.cri.container-name":"front"}})");
  };
  put_pod("0123456789abcdef");
  ASSERT_TRUE(find("front"));
  EXPECT_EQ(find("front")->id, "0123456789abcdef");
  put_pod("fedcba9876543210");
  EXPECT_FALSE(find("front")) << "two Pods have one";
  EXPECT_TRUE(find("fedcba987654"));
  put_pod("front");
  EXPECT_EQ(find("front")->id, "front") << "an id goes first";
}

TEST_F(FindInState, NothingThatIsNone) {
  put("web/state.json", "{");
  EXPECT_EQ(find("web")->stage, Stage::stopped);
  put("other/readme", "");
  EXPECT_FALSE(find("other"));
  for (const char* name : {"", ".", "..", "a/b", "../web", "we b"}) EXPECT_FALSE(find(name)) << name;
}

}  // namespace
}  // namespace callgate::container
