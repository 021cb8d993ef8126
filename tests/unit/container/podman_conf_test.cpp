// containers.conf: what its files say together, and what becomes of it in a container.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "container/diagnostic_ids.h"
#include "world.h"

namespace callgate::container {
namespace {

const std::string kFolder = CALLGATE_SOURCE_DIR "/tests/data/container";

class PodmanConf : public testing::Test {
 protected:
  bool read(std::string text, std::string name = "containers.conf") {
    return read_containers_conf(world_.files.keep(std::move(name), std::move(text)), podman(), world_.diagnostics);
  }
  Podman& podman() { return world_.world.podman; }
  manifest::Container run(std::vector<std::string> options = {}) {
    std::vector<std::string> words{"podman", "run"};
    words.insert(words.end(), options.begin(), options.end());
    words.emplace_back("img");
    return world_.line(words);
  }
  TestWorld world_{kFolder};
};

TEST_F(PodmanConf, LaterFilesWinMemberByMember) {
  ASSERT_TRUE(read("[containers]\nseccomp_profile = \"deny.json\"\n[engine]\nruntime = \"runc\"\n"));
  ASSERT_TRUE(read("[Containers]\nSeccomp_Profile = \"other.json\"\nunknown = [1]\n"));
  const manifest::Container got = run();
  EXPECT_EQ(got.choice.kind, manifest::ProfileKind::file);
  EXPECT_EQ(got.choice.path, "other.json");
  EXPECT_EQ(got.runtime, "runc");
  ASSERT_TRUE(read("[containers]\nseccomp_profile = \"\"\n"));
  EXPECT_EQ(run().choice.built_in, "podman-default");
}

TEST_F(PodmanConf, ItsProfileHoldsForPrivilegedContainersToo) {
  ASSERT_TRUE(read("[containers]\nseccomp_profile = \"deny.json\"\n"));
  EXPECT_EQ(run({"--privileged"}).choice.path, "deny.json");
  EXPECT_EQ(run({"--security-opt", "seccomp=unconfined"}).choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_EQ(run({"--security-opt", "seccomp=other.json"}).choice.path, "other.json");
  // The two usual places are no choice of one's own.
  podman().seccomp_profile = kPodmanDefault;
  EXPECT_EQ(run({"--privileged"}).choice.kind, manifest::ProfileKind::unconfined);
}

TEST_F(PodmanConf, UnconfinedAndMissing) {
  ASSERT_TRUE(read("[containers]\nseccomp_profile = \"unconfined\"\n"));
  const manifest::Container off = run();
  EXPECT_EQ(off.choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_EQ(off.steps.at(0).text, "containers.conf turns seccomp off");
  EXPECT_EQ(run({"--security-opt", "seccomp=deny.json"}).choice.path, "deny.json");
  ASSERT_TRUE(read("[containers]\nseccomp_profile = \"none.json\"\n"));
  const manifest::Container missing = run();
  EXPECT_EQ(missing.outcome, manifest::Outcome::refused);
  EXPECT_EQ(missing.message, "opening seccomp profile failed: open none.json: no such file or directory");
}

TEST_F(PodmanConf, Capabilities) {
  ASSERT_TRUE(read("[containers]\ndefault_capabilities = [\"chown\", \"CAP_SYS_ADMIN\"]\n"));
  EXPECT_EQ(run().capabilities, (std::vector<std::string>{"CAP_CHOWN", "CAP_SYS_ADMIN"}));
  EXPECT_EQ(run({"--cap-drop", "chown"}).capabilities, std::vector<std::string>{"CAP_SYS_ADMIN"});
  ASSERT_TRUE(read("[containers]\ndefault_capabilities = [{append = true}, \"KILL\"]\n"));
  EXPECT_EQ(run().capabilities, (std::vector<std::string>{"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}));
  // Once said it holds for later files.
  ASSERT_TRUE(read("[containers]\ndefault_capabilities = [\"SETUID\"]\n"));
  EXPECT_EQ(run().capabilities.size(), 4U);
  ASSERT_TRUE(read("[containers]\ndefault_capabilities = [{append = false}]\n"));
  EXPECT_TRUE(run().capabilities.empty());
  ASSERT_TRUE(read("[containers]\ndefault_capabilities = [\"CAP_NONE\"]\n"));
  EXPECT_EQ(run().message, "\"CAP_NONE\": unknown capability");
}

TEST_F(PodmanConf, PrivilegedSince48AndRuntimes) {
  podman().version = {4, 7, 2};
  ASSERT_TRUE(
      read("[containers]\nprivileged = true\n[engine]\nruntime = \"mine\"\n[engine.runtimes]\nmine = "
           "[\"/opt/runc\", \"/opt/other\"]\n"));
  const manifest::Container before = run();
  EXPECT_FALSE(before.privileged);
  EXPECT_EQ(before.runtime, "mine");
  EXPECT_EQ(before.steps.size(), 1U);  // mine is runc: nothing to beware of
  podman().version = {4, 8, 0};
  ASSERT_TRUE(read("[containers]\nprivileged = true\n"));
  EXPECT_TRUE(run().privileged);
  EXPECT_FALSE(run({"--privileged=false"}).privileged);
}

TEST_F(PodmanConf, WrongTypesStopPodman) {
  for (const char* const text :
       {"containers = 1\n", "[containers]\nseccomp_profile = 1\n", "[containers]\ndefault_capabilities = \"ALL\"\n",
        "[containers]\ndefault_capabilities = [1]\n", "[containers]\ndefault_capabilities = [{prepend = true}]\n",
        "[engine]\nruntime = true\n", "[engine.runtimes]\nmine = \"/opt/runc\"\n", "[containers]\nprivileged = 1\n"}) {
    base::Diagnostics diagnostics;
    EXPECT_FALSE(read_containers_conf(world_.files.keep("bad.conf", text), podman(), diagnostics)) << text;
    ASSERT_EQ(diagnostics.items().size(), 1U) << text;
    EXPECT_EQ(diagnostics.items()[0].number, kBadContainersConf.number);
  }
  podman().version = {4, 3, 1};
  EXPECT_FALSE(read("[containers]\ndefault_capabilities = [{append = true}]\n"));
  EXPECT_FALSE(read("[containers\n"));
}

}  // namespace
}  // namespace callgate::container
