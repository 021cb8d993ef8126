// Decoding: what the server's reader finds, in its order and words.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "kube/api.h"
#include "kube/decode.h"

namespace callgate::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Review reviewed(const std::string& yaml, FieldValidation validation = FieldValidation::strict) {
  static std::deque<base::SourceFile> files;
  static std::deque<std::vector<text::Document>> kept;
  const base::SourceFile& file = files.emplace_back("m.yaml", yaml);
  base::Diagnostics diagnostics;
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  auto documents = text::read_yaml(file, diagnostics, limits);
  EXPECT_TRUE(documents) << base::render_text(diagnostics, false);
  kept.push_back(std::move(*documents));
  Cluster cluster;
  cluster.field_validation = validation;
  return review(kept.back().back().root(), cluster);
}

constexpr const char* kHead = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";

TEST(Decode, UnknownFieldsAreListedSortedWithIndexes) {
  const Review got = reviewed(
      std::string(kHead) +
      "zeta: 1\nspec:\n  containers:\n  - {name: a, image: i}\n  - {name: b, image: i, imge: x}\n  alpha: 1\n");
  EXPECT_EQ(got.code, 400);
  EXPECT_EQ(got.message,
            "Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: unknown field \"spec.alpha\", "
            "unknown field \"spec.containers[1].imge\", unknown field \"zeta\"");
}

TEST(Decode, RepeatedKeysCountLinesOfTheirDocument) {
  const Review got = reviewed("# first\na: b\n---\n" + std::string(kHead) +
                                  "spec:\n  containers: [{name: a, image: i}]\n  hostPID: true\n  hostPID: false\n",
                              FieldValidation::warn);
  EXPECT_EQ(got.code, 201);
  EXPECT_THAT(got.warnings, ElementsAre("line 7: key \"hostPID\" already set in map"));
}

TEST(Decode, TheFirstWrongTypeIsTold) {
  EXPECT_THAT(
      reviewed(std::string(kHead) + "spec: {containers: 5, hostPID: maybe}\n").message,
      HasSubstr("json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container"));
  EXPECT_THAT(
      reviewed(std::string(kHead) + "spec: {containers: [{name: 1, image: i}]}\n").message,
      HasSubstr("json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string"));
  EXPECT_THAT(
      reviewed(std::string(kHead) + "spec: {containers: [{name: yes, image: i}]}\n").message,
      HasSubstr("json: cannot unmarshal bool into Go struct field Container.spec.containers.name of type string"));
  EXPECT_THAT(
      reviewed(
          "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: 1}}\nspec: {containers: [{name: a, image: i}]}\n")
          .message,
      HasSubstr("json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"));
  EXPECT_THAT(
      reviewed(std::string(kHead) + "spec: {containers: [{name: a, image: i}], terminationGracePeriodSeconds: 1.5}\n")
          .message,
      HasSubstr("json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of "
                "type int64"));
  EXPECT_THAT(reviewed(std::string(kHead) + "spec: 5\n").message,
              HasSubstr("json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec"));
}

TEST(Decode, QuantitiesAndTheirFaults) {
  const auto with = [](const std::string& memory) {
    return reviewed(std::string(kHead) +
                    "spec: {containers: [{name: a, image: i, resources: {limits: {memory: " + memory + "}}}]}\n");
  };
  for (const char* const good : {"64Mi", "1", "1.5", "1e3", "100m", "\"128974848\"", "2E"})
    EXPECT_EQ(with(good).code, 201) << good;
  for (const char* const bad : {"64MB", "lots", "1..5", "[1]"})
    EXPECT_THAT(with(bad).message, HasSubstr("quantities must match the regular expression")) << bad;
}

TEST(Decode, OldVersionsAreNotServed) {
  const Review got = reviewed("apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: d}\nspec: {}\n");
  EXPECT_EQ(got.message, "no matches for kind \"Deployment\" in version \"extensions/v1beta1\"");
}

TEST(Decode, KindsThatAreNotLookedAtPass) {
  const Review got = reviewed("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {nonsense: 1}\n");
  EXPECT_FALSE(got.known);
  EXPECT_EQ(got.code, 201);
}

TEST(Validate, SeveralFaultsStandInBrackets) {
  const Review got = reviewed(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: P}\nspec: {containers: [{name: a, image: i}, {name: a}]}\n");
  EXPECT_EQ(got.code, 422);
  EXPECT_THAT(got.message,
              testing::StartsWith(
                  "Pod \"P\" is invalid: [metadata.name: Invalid value: \"P\": a lowercase RFC 1123 subdomain"));
  EXPECT_THAT(got.message, HasSubstr("spec.containers[1].image: Required value"));
  EXPECT_THAT(got.message, HasSubstr("spec.containers[1].name: Duplicate value: \"a\""));
}

TEST(Validate, WorkloadsNeedSelectorsThatFit) {
  const std::string head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n";
  EXPECT_EQ(reviewed(head + "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: c}}, spec: "
                            "{containers: [{name: x, image: i}]}}}\n")
                .message,
            "Deployment.apps \"d\" is invalid: spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` "
            "does not match template `labels`");
  EXPECT_EQ(reviewed("apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {spec: {containers: "
                     "[{name: x, image: i}]}}}\n")
                .message,
            "Job.batch \"j\" is invalid: spec.template.spec.restartPolicy: Required value: valid values: "
            "\"OnFailure\", \"Never\"");
}

TEST(Api, ListsAreTheirItemsAndNamespacesAreLearned) {
  base::Diagnostics diagnostics;
  const base::SourceFile file(
      "m.yaml",
      "apiVersion: v1\nkind: List\nitems:\n"
      "- {apiVersion: v1, kind: Namespace, metadata: {name: team, labels: {pod-security.kubernetes.io/enforce: "
      "restricted}}}\n"
      "- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: team}, spec: {containers: [{name: a, image: "
      "i}]}}\n");
  const auto documents = text::read_yaml(file, diagnostics);
  ASSERT_TRUE(documents);
  Cluster cluster;
  std::vector<int> codes;
  for (const text::Node object : objects_of(documents->front().root())) {
    const Review got = review(object, cluster);
    learn(got, object, cluster);
    codes.push_back(got.code);
  }
  EXPECT_THAT(codes, ElementsAre(201, 403));
}

}  // namespace
}  // namespace callgate::kube
