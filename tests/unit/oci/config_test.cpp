// SPDX-License-Identifier: Apache-2.0
#include "oci/config.h"

#include <gtest/gtest.h>

namespace callgate::oci {
namespace {

std::string change(const std::string& text, const Change& wanted) {
  const base::SourceFile file("config.json", text);
  base::Diagnostics diagnostics;
  const auto config = read_config(file, diagnostics);
  return config ? changed(*config, wanted) : base::render_text(diagnostics, false);
}

TEST(OciConfig, PutsTheAnnotationIn) {
  EXPECT_EQ(change(R"({"ociVersion":"1"})", {"AA==", "", ""}),
            R"({"annotations":{"run.oci.seccomp_bpf_data":"AA=="},"ociVersion":"1"})");
  EXPECT_EQ(change(R"({"ociVersion":"1", "annotations": {}})", {"AA==", "", ""}),
            R"({"ociVersion":"1", "annotations": {"run.oci.seccomp_bpf_data":"AA=="}})");
  EXPECT_EQ(change(R"({"ociVersion":"1", "annotations": {"a":"b"}})", {"AA==", "", ""}),
            R"({"ociVersion":"1", "annotations": {"run.oci.seccomp_bpf_data":"AA==","a":"b"}})");
  EXPECT_EQ(
      change(R"({"annotations": {"a":"b", "run.oci.seccomp_bpf_data": "BB=="}, "ociVersion":"1"})", {"AA==", "", ""}),
      R"({"annotations": {"a":"b", "run.oci.seccomp_bpf_data": "AA=="}, "ociVersion":"1"})");
}

// A member that is null is a member: put beside it, a second one of that name would be.
TEST(OciConfig, ReplacesNull) {
  EXPECT_EQ(change(R"({"ociVersion":"1","annotations":null,"linux":null,"hooks":null})", {"A", "{}", "/c"}),
            R"({"ociVersion":"1","annotations":{"run.oci.seccomp_bpf_data":"A"},"linux":{"seccomp":{}},)"
            R"("hooks":{"poststart":[{"path":"/c","args":["callgate","hook","poststart"]}]}})");
  EXPECT_EQ(change(R"({"ociVersion":"1","annotations":{"run.oci.seccomp_bpf_data":null}})", {"A", "", ""}),
            R"({"ociVersion":"1","annotations":{"run.oci.seccomp_bpf_data":"A"}})");
}

TEST(OciConfig, ReplacesTheProfile) {
  const std::string nothing = nothing_allowed({});
  EXPECT_EQ(nothing, R"({"defaultAction":"SCMP_ACT_KILL_PROCESS"})");
  EXPECT_EQ(nothing_allowed({"a", "b"}), R"({"defaultAction":"SCMP_ACT_KILL_PROCESS","flags":["a","b"]})");
  EXPECT_EQ(change(R"({"ociVersion":"1","linux":{"seccomp":{"defaultAction":"x"}},"annotations":{}})", {"A", "{}", ""}),
            R"({"ociVersion":"1","linux":{"seccomp":{}},"annotations":{"run.oci.seccomp_bpf_data":"A"}})");
  EXPECT_EQ(change(R"({"ociVersion":"1","annotations":{},"linux":{}})", {"A", "{}", ""}),
            R"({"ociVersion":"1","annotations":{"run.oci.seccomp_bpf_data":"A"},"linux":{"seccomp":{}}})");
}

TEST(OciConfig, AddsAVerifier) {
  const std::string hook = R"({"path":"/a b","args":["callgate","hook","poststart"]})";
  const std::string annotated = R"({"ociVersion":"1","annotations":{"run.oci.seccomp_bpf_data":"A"},"hooks":)";
  const auto with = [](const std::string& hooks) {
    return R"({"ociVersion":"1","annotations":{},"hooks":)" + hooks + "}";
  };
  EXPECT_EQ(change(with("{}"), {"A", "", "/a b"}), annotated + R"({"poststart":[)" + hook + "]}}");
  EXPECT_EQ(change(with(R"({"poststart":[ ]})"), {"A", "", "/a b"}), annotated + R"({"poststart":[ )" + hook + "]}}");
  EXPECT_EQ(change(with(R"({"poststart":[{"path":"/x"}]})"), {"A", "", "/a b"}),
            annotated + R"({"poststart":[{"path":"/x"},)" + hook + "]}}");
}

TEST(OciConfig, ReadsStates) {
  const base::SourceFile file("state",
                              R"({"id":"a","bundle":"/b","pid":7,"annotations":{"run.oci.seccomp_bpf_data":"A"}})");
  base::Diagnostics diagnostics;
  const auto state = read_state(file, diagnostics);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->id + state->bundle + *state->filter, "a/bA");
  EXPECT_EQ(state->pid, 7);
}

}  // namespace
}  // namespace callgate::oci
