// What a real kube-apiserver answered (tests/data/oracle/apiserver.jsonl), row by row: code, message, warnings.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>

#include "base/io.h"
#include "kube/api.h"

namespace callgate::kube {
namespace {

// The namespaces of the recording cluster.
Cluster recorded_cluster(std::string_view name_space, std::string_view validation) {
  Cluster out;
  out.default_namespace = name_space;
  out.field_validation = validation == "Strict" ? FieldValidation::strict
                         : validation == "Warn" ? FieldValidation::warn
                                                : FieldValidation::ignore;
  out.namespaces["psa-base"].enforce = {Level::baseline, std::nullopt};
  out.namespaces["psa-rest"] = {{Level::restricted, std::nullopt}, {}, {Level::restricted, std::nullopt}};
  out.namespaces["psa-warn"].warn = {Level::restricted, std::nullopt};
  out.namespaces["psa-rest-118"].enforce = {Level::restricted, 18};
  return out;
}

// `299 - "text"`, quotes and backslashes escaped.
std::string unwrapped(std::string_view header) {
  std::string out;
  header.remove_prefix(std::string_view("299 - \"").size());
  header.remove_suffix(1);
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (header[i] == '\\' && i + 1 < header.size()) ++i;
    out += header[i];
  }
  return out;
}

TEST(ApiServer, AnswersAsRecorded) {
  auto text = base::read_file(CALLGATE_SOURCE_DIR "/tests/data/oracle/apiserver.jsonl");
  ASSERT_TRUE(text);
  std::deque<base::SourceFile> files;
  std::size_t rows = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    at = end + 1;
    if (line.empty()) continue;
    line.reserve(line.size() + base::kPaddingBytes);
    base::Diagnostics diagnostics;
    const base::SourceFile& row_file = files.emplace_back("row", std::move(line));
    const auto row = text::read_json(row_file, diagnostics);
    ASSERT_TRUE(row) << base::render_text(diagnostics, false);
    const text::Node fields = row->root();
    const auto string = [&](std::string_view name) { return std::string(string_field(fields, name)); };
    SCOPED_TRACE(fmt::format("{} in {} {}", string("id"), string("ns"), string("fieldValidation")));
    const base::SourceFile& manifest = files.emplace_back("manifest.yaml", string("manifest"));
    text::ReadLimits limits;
    limits.keep_repeated_keys = true;
    const auto documents = text::read_yaml(manifest, diagnostics, limits);
    ASSERT_TRUE(documents) << base::render_text(diagnostics, false);
    ASSERT_EQ(documents->size(), 1U);
    const Review got = review(documents->front().root(), recorded_cluster(string("ns"), string("fieldValidation")));
    EXPECT_EQ(got.code, static_cast<int>(field(fields, "code").as_i64().value_or(0)));
    EXPECT_EQ(got.message, string("message"));
    std::vector<std::string> warnings;
    for (const std::string& each : string_list(fields, "warnings")) warnings.push_back(unwrapped(each));
    EXPECT_EQ(got.warnings, warnings);
    if (got.refused()) {
      EXPECT_FALSE(got.steps.empty());
    }
    ++rows;
  }
  EXPECT_GE(rows, 155U);
}

}  // namespace
}  // namespace callgate::kube
