// Warnings and admission, row by row (tests/data/kube/answers.yaml); what a response carries of many warnings; amounts.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/io.h"
#include "kube/api.h"
#include "kube/quantity.h"
#include "kube/warnings.h"

namespace callgate::kube {
namespace {

using testing::ElementsAre;

struct Loaded {
  std::deque<base::SourceFile> files;
  std::deque<std::vector<text::Document>> documents;
  text::Node root(std::string name, std::string text) {
    base::Diagnostics diagnostics;
    const base::SourceFile& file = files.emplace_back(std::move(name), std::move(text));
    auto read = text::read_yaml(file, diagnostics);
    EXPECT_TRUE(read) << base::render_text(diagnostics, false);
    if (!read || read->empty()) return {};
    documents.push_back(std::move(*read));
    return documents.back().front().root();
  }
};

// "enforce: baseline" as the label it stands for.
std::string labels_text(text::Node labels) {
  std::string out;
  for (const text::Node each : labels)
    out += fmt::format("pod-security.kubernetes.io/{}: '{}'\n", each.key(), each.text());
  return out;
}

TEST(Answers, AreTheServers) {
  auto text = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/kube/answers.yaml");
  ASSERT_TRUE(text);
  Loaded loaded;
  std::size_t rows = 0;
  for (const text::Node row : loaded.root("answers.yaml", std::move(*text))) {
    SCOPED_TRACE(string_field(row, "id"));
    Cluster cluster;
    if (const text::Node labels = field(row, "labels"))
      cluster.namespaces["default"] = pod_security_of(loaded.root("labels", labels_text(labels)));
    const text::Node object = loaded.root("manifest.yaml", std::string(string_field(row, "manifest")));
    const Review got = review(object, cluster);
    EXPECT_EQ(got.message, std::string(string_field(row, "prefix")).append(string_field(row, "message")));
    EXPECT_EQ(got.code, field(row, "code") ? field(row, "code").as_i64() : 201);
    EXPECT_EQ(got.warnings, string_list(row, "warnings"));
    ASSERT_EQ(got.warning_places.size(), got.warnings.size());
    for (const base::Span place : got.warning_places) EXPECT_NE(place.file, nullptr);
    for (const manifest::Step& step : got.steps) EXPECT_NE(step.place.file, nullptr) << step.text;
    ++rows;
  }
  EXPECT_GE(rows, 48U);
}

TEST(Answers, OfValuesAreTheServers) {
  auto text = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/kube/values.yaml");
  ASSERT_TRUE(text);
  Loaded loaded;
  std::size_t rows = 0;
  for (const text::Node row : loaded.root("values.yaml", std::move(*text))) {
    SCOPED_TRACE(string_field(row, "id"));
    const auto part = [&](std::string_view name, std::string_view end) {
      const std::string_view found = string_field(row, name);
      return found.empty() ? std::string() : fmt::format("{}{}", found, end);
    };
    const std::string manifest = fmt::format(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{{}containers: [{{{}name: a, image: i}}]}}}}\n",
        part("spec", ", "), part("container", ", "));
    const Review got = review(loaded.root("manifest.yaml", manifest), {});
    const std::string_view wanted = string_field(row, "message");
    EXPECT_EQ(got.message, wanted.empty() ? "" : fmt::format("Pod \"p\" is invalid: {}", wanted)) << manifest;
    EXPECT_EQ(got.code, wanted.empty() ? 201 : 422);
    for (const manifest::Step& step : got.steps) EXPECT_NE(step.place.file, nullptr) << step.text;
    ++rows;
  }
  EXPECT_GE(rows, 128U);
}

std::string_view version_of(std::string_view kind) {
  if (kind == "Job" || kind == "CronJob") return "batch/v1";
  if (kind == "RuntimeClass") return "node.k8s.io/v1";
  return kind == "PodTemplate" || kind == "ReplicationController" ? "v1" : "apps/v1";
}

// A row of objects.yaml as the manifest that it stands for.
std::string manifest_of(text::Node row) {
  const std::string_view kind = string_field(row, "kind"), name = string_field(row, "name");
  const auto said = [&](std::string_view part, std::string_view otherwise) {
    const std::string_view found = string_field(row, part);
    return std::string(found.empty() ? otherwise : found);
  };
  const bool is_job = kind == "Job" || kind == "CronJob";
  const std::string head = fmt::format("{{apiVersion: {}, kind: {}, metadata: {{name: \"{}\", {}}}, ", version_of(kind),
                                       kind, name.empty() ? "n" : name, said("metadata", ""));
  const std::string pods = fmt::format(
      "template: {{{}}}",
      said("template",
           is_job ? "metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: [{name: a, image: i}]}"
                  : "metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: i}]}"));
  if (kind == "RuntimeClass") return head + said("fields", "") + "}\n";
  if (kind == "PodTemplate") return head + pods + "}\n";
  if (kind == "CronJob")
    return fmt::format(
        "{}spec: {{{}, {}, jobTemplate: {{spec: {{{}, {}}}}}}}}}\n", head,
        said("spec", "").find("schedule:") == std::string::npos ? "schedule: '0 * * * *'" : "suspend: false",
        said("spec", "suspend: false"), pods, said("job", "suspend: false"));
  return fmt::format("{}spec: {{{}, {}, selector: {}}}}}\n", head, pods,
                     said("spec", is_job ? "suspend: false" : "minReadySeconds: 0"),
                     said("selector", is_job ? "null" : "{matchLabels: {a: b}}"));
}

TEST(Answers, OfObjectsAreTheServers) {
  auto text = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/kube/objects.yaml");
  ASSERT_TRUE(text);
  Loaded loaded;
  std::size_t rows = 0;
  for (const text::Node row : loaded.root("objects.yaml", std::move(*text))) {
    SCOPED_TRACE(string_field(row, "id"));
    const std::string manifest = manifest_of(row);
    const Review got = review(loaded.root("manifest.yaml", manifest), {});
    const std::string_view wanted = string_field(row, "message");
    const auto from = got.message.find(" is invalid: ");
    EXPECT_EQ(from == std::string::npos ? got.message : got.message.substr(from + 13), wanted) << manifest;
    EXPECT_EQ(got.code, wanted.empty() ? 201 : 422);
    for (const manifest::Step& step : got.steps) EXPECT_NE(step.place.file, nullptr) << step.text;
    ++rows;
  }
  EXPECT_GE(rows, 74U);
}

TEST(Answers, AmountsAreWrittenBackAsTheServerDoesIt) {
  const auto written = [](std::string_view text) {
    const auto read = read_quantity(text);
    return read ? canonical(*read) : "nothing";
  };
  for (const auto& [text, wanted] :
       std::vector<std::pair<std::string_view, std::string_view>>{{"1000m", "1"},
                                                                  {"0.5", "500m"},
                                                                  {"1024Mi", "1Gi"},
                                                                  {"1.5Gi", "1536Mi"},
                                                                  {"1000", "1k"},
                                                                  {"512Ki", "512Ki"},
                                                                  {"0.5Ki", "512"},
                                                                  {"1e3", "1e3"},
                                                                  {"1500", "1500"},
                                                                  {"-1", "-1"},
                                                                  {"0", "0"},
                                                                  {"1u", "1u"},
                                                                  {"x", "nothing"},
                                                                  {"", "nothing"},
                                                                  {"1.1.1", "nothing"},
                                                                  {"999999999999999999", "nothing"},
                                                                  {"9E", "9E"},
                                                                  {"10E", "nothing"}})
    EXPECT_EQ(written(text), wanted) << text;
  EXPECT_EQ(canonical(stored(*read_quantity("1u"))), "1m");
}

TEST(Answers, TheServersConfigurationGivesDefaultsAndExemptions) {
  Loaded loaded;
  const text::Node configuration = loaded.root("c.yaml",
                                               "kind: AdmissionConfiguration\n"
                                               "plugins:\n"
                                               "- name: PodSecurity\n"
                                               "  configuration:\n"
                                               "    kind: PodSecurityConfiguration\n"
                                               "    defaults: {enforce: baseline, enforce-version: latest, warn: "
                                               "restricted, warn-version: v1.24}\n"
                                               "    exemptions: {namespaces: [kube-system], runtimeClasses: [vm]}\n");
  Cluster cluster;
  cluster.runtime_classes["vm"] = "vm";
  learn(review(configuration, cluster), configuration, cluster);
  const auto pod = [&](const std::string& more) {
    return review(loaded.root("p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p" + more), cluster);
  };
  const std::string spec = "hostPID: true, containers: [{name: a, image: i}]}\n";
  EXPECT_EQ(pod("}\nspec: {" + spec).code, 403);
  EXPECT_EQ(pod(", namespace: kube-system}\nspec: {" + spec).code, 201);
  EXPECT_EQ(pod("}\nspec: {runtimeClassName: vm, " + spec).code, 201);
  const Review warned = pod("}\nspec: {containers: [{name: a, image: i}]}\n");
  ASSERT_EQ(warned.warnings.size(), 1U);
  EXPECT_THAT(warned.warnings.front(), testing::StartsWith("would violate PodSecurity \"restricted:v1.24\": "));

  const text::Node exempt = loaded.root("n.yaml",
                                        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kube-system\n  labels:\n"
                                        "    pod-security.kubernetes.io/enforce: restricted\n");
  EXPECT_THAT(review(exempt, cluster).warnings,
              ElementsAre("namespace \"kube-system\" is exempt from Pod Security, and the policy "
                          "(enforce=restricted:latest) will be ignored"));
}

std::vector<std::string> sent_of(const std::vector<std::string>& texts) {
  Warnings warnings;
  for (const std::string& each : texts) warnings.push_back({each, {}});
  std::vector<std::string> out;
  for (Warning& each : as_sent(warnings)) out.push_back(std::move(each.text));
  return out;
}

TEST(Answers, ManyWarningsAreCut) {
  EXPECT_THAT(sent_of({"a", "b", "a", "", "c\nd"}), ElementsAre("a", "b"));
  std::vector<std::string> many;
  for (int i = 0; i < 30; ++i) many.push_back(fmt::format("{:02}{}", i, std::string(298, 'x')));
  const std::vector<std::string> sent = sent_of(many);
  ASSERT_EQ(sent.size(), 16U);  // 16 of 256 are the 4096
  for (const std::string& each : sent) EXPECT_EQ(each.size(), 256U);
  const std::vector<std::string> few(many.begin(), many.begin() + 13);  // 3900
  EXPECT_EQ(sent_of(few), few);
}

TEST(Answers, AmountsThatAreNoWholeNumbers) {
  EXPECT_EQ(fractional_quantity("1500m"), "1500m");
  EXPECT_EQ(fractional_quantity("1.5"), "1500m");
  EXPECT_EQ(fractional_quantity("1.1Ki"), "1126400m");
  EXPECT_EQ(fractional_quantity("100u"), "1m");
  EXPECT_EQ(fractional_quantity("1e-1"), "100e-3");
  EXPECT_EQ(fractional_quantity("1e-999"), "1e-3");
  for (const std::string_view whole : {"1", "1.0", "0.5Ki", "1.5Gi", "2000m", "1e3", "1.5k", "0", "", "x", "1.1.1",
                                       "8Ei", "1x", "99999999999999999999.5", "1e", "1e99999"})
    EXPECT_EQ(fractional_quantity(whole), std::nullopt) << whole;
}

}  // namespace
}  // namespace callgate::kube
