// Objects as a real kube-apiserver holds them: what it stored of the recorded manifests, and the requests it sent to a
// webhook (tests/data/oracle). Every field of theirs is known, and they are taken again.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <sstream>

#include "base/io.h"
#include "kube/api.h"

namespace callgate::kube {
namespace {

struct Texts {
  std::deque<base::SourceFile> files;
  std::deque<text::Document> documents;
  text::Node json(std::string name, std::string text) {
    base::Diagnostics diagnostics;
    const base::SourceFile& file = files.emplace_back(std::move(name), std::move(text));
    auto read = text::read_json(file, diagnostics);
    EXPECT_TRUE(read) << base::render_text(diagnostics, false);
    if (!read) return {};
    return documents.emplace_back(std::move(*read)).root();
  }
};

TEST(StoredObjects, OfTheRecordedManifestsAreTakenAgain) {
  auto text = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/oracle/apiserver.jsonl");
  ASSERT_TRUE(text);
  Texts texts;
  Cluster cluster;
  for (const char* known : {"myapp", "runc", "gvisor"}) cluster.runtime_classes[known] = "runc";
  std::istringstream lines(*text);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    const text::Node row = texts.json("row.json", std::move(line)), spec = field(row, "stored_spec");
    if (!spec) continue;
    SCOPED_TRACE(string_field(row, "id"));
    base::Diagnostics diagnostics;
    text::ReadLimits limits;
    limits.keep_repeated_keys = true;
    const base::SourceFile manifest("manifest.yaml", std::string(string_field(row, "manifest")));
    const auto documents = text::read_yaml(manifest, diagnostics, limits);
    ASSERT_TRUE(documents && documents->size() == 1);
    const text::Node object = documents->front().root();
    const std::string_view kind = string_field(object, "kind");
    if (!pod_path(kind) || kind == "PodTemplate") continue;
    // A Job's Pods have its name and its uid.
    const text::Node selector = field(field(spec, "selector"), "matchLabels");
    const text::Node stored = texts.json(
        "stored.json",
        fmt::format(R"({{"apiVersion":"{}","kind":"{}","metadata":{{"name":"{}","uid":"{}"}},"spec":{}}})",
                    string_field(object, "apiVersion"), kind, string_field(field(object, "metadata"), "name"),
                    string_field(selector, "batch.kubernetes.io/controller-uid"), spec.span().text()));
    const Review got = review(stored, cluster);
    EXPECT_EQ(got.code, 201) << got.message;
    EXPECT_TRUE(got.pod);
    ++count;
  }
  EXPECT_GE(count, 50U);
}

TEST(StoredObjects, OfAdmissionRequestsAreKnownFieldByField) {
  Texts texts;
  Cluster cluster;
  cluster.runtime_classes["myapp"] = "runc";
  std::size_t count = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(CALLGATE_SOURCE_DIR "/tests/data/oracle/admissionreview")) {
    SCOPED_TRACE(entry.path().filename().string());
    auto text = base::read_file(entry.path().string());
    ASSERT_TRUE(text);
    const text::Node request = field(field(texts.json(entry.path().string(), std::move(*text)), "body"), "request");
    const text::Node object = field(request, "object");
    ASSERT_TRUE(object);
    const Review got = review(object, cluster);
    const bool ephemeral = string_field(request, "subResource") == "ephemeralcontainers";
    // On creation a Pod may not have them; the request is an update.
    EXPECT_EQ(got.code, ephemeral ? 422 : 201) << got.message;
    EXPECT_TRUE(got.pod);
    EXPECT_EQ(got.name_space, string_field(request, "namespace"));
    ++count;
  }
  EXPECT_EQ(count, 9U);
}

}  // namespace
}  // namespace callgate::kube
