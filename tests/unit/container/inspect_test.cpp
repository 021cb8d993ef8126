// What `inspect` and an engine's API say of containers that exist.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "text/node.h"
#include "world.h"

namespace callgate::container {
namespace {

const std::string kFolder = CALLGATE_SOURCE_DIR "/tests/data/container";

struct Inspect {
  explicit Inspect(std::string json) {
    document = text::read_json(world.files.keep("inspect.json", std::move(json)), world.diagnostics);
    EXPECT_TRUE(document);
    if (document) resolve_inspect(document->root(), world.world, answer, world.diagnostics);
  }
  TestWorld world{kFolder};
  std::optional<text::Document> document;
  manifest::Answer answer;
};

TEST(InspectTest, DockersProfileStandsInTheContainer) {
  const Inspect got(R"([{"Id": "0123456789abcdef", "Name": "/web", "Config": {"Image": "img:1"},
    "HostConfig": {"SecurityOpt": ["no-new-privileges", "seccomp={\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}}]}"],
    "Privileged": false, "CapAdd": ["CAP_SYS_ADMIN"], "CapDrop": null, "Runtime": "runc", "UsernsMode": ""}},
    {"Id": "1123456789abcdef", "Name": "/all", "Config": {}, "HostConfig": {"SecurityOpt": null, "Privileged": true}}])");
  ASSERT_EQ(got.answer.containers.size(), 2U);
  const manifest::Container& web = got.answer.containers[0];
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.choice.kind, manifest::ProfileKind::file);
  EXPECT_TRUE(web.no_new_privileges);
  ASSERT_TRUE(web.choice.filter);
  EXPECT_EQ(policy::evaluate(web.choice.filter->profile.policy, policy::Call{0xc000003e, 165, {}}).kind,
            policy::ActionKind::allow);
  EXPECT_EQ(got.answer.containers[1].choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_TRUE(looks_like_inspect(got.document->root()));
}

TEST(InspectTest, PodmansProfileIsAPath) {
  const Inspect got(R"([{"Id": "01", "Name": "web", "ImageName": "img", "OCIRuntime": "runc", "Config": {},
    "HostConfig": {"SecurityOpt": ["seccomp=deny.json"], "Privileged": false, "CapAdd": [], "CapDrop": ["CAP_KILL"]}}])");
  ASSERT_EQ(got.answer.containers.size(), 1U);
  const manifest::Container& web = got.answer.containers[0];
  EXPECT_EQ(web.engine, "podman");
  EXPECT_EQ(web.runtime, "runc");
  EXPECT_EQ(web.choice.path, "deny.json");
  EXPECT_EQ(web.capabilities.size(), 10U);
}

TEST(InspectTest, WhatIsNoInspectionIsDiagnosed) {
  for (const char* json : {"[1]", "{}", R"({"HostConfig": 1})", R"({"HostConfig": {"SecurityOpt": "x"}, "Name": "a"})",
                           R"({"HostConfig": {"SecurityOpt": [1]}})", R"({"HostConfig": {"Privileged": "yes"}})",
                           R"({"HostConfig": {}, "Name": 1})"}) {
    const Inspect got(json);
    EXPECT_TRUE(got.answer.containers.empty()) << json;
    ASSERT_GE(got.world.diagnostics.error_count(), 1U) << json;
    EXPECT_EQ(base::diagnostic_code(got.world.diagnostics.items()[0].number), "CG8007");
  }
}

}  // namespace
}  // namespace callgate::container
