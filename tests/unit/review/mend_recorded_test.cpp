// The manifests of all recorded rows, mended: nothing crashes, mending twice changes nothing more, and nobody is
// granted more or refused who was not. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "policy/algebra.h"
#include "text/node.h"
#include "unit/review/case_folder.h"

namespace callgate::review {
namespace {

// A container by what it is called; the files' places move.
using Containers = std::map<std::string, manifest::Container>;

Containers containers(CaseFolder& folder, const std::vector<std::string>& paths) {
  base::Diagnostics ignored;
  Containers out;
  const auto judged = judge_paths(paths, folder.options, folder.world(), ignored);
  if (judged.all_read)
    for (const manifest::Container& each : judged.answer.containers)
      out.emplace(each.owner + "/" + each.role + "/" + each.name, each);
  return out;
}

void check_no_more(const Containers& before, const Containers& after) {
  for (const auto& [name, old] : before) {
    SCOPED_TRACE(name);
    const auto now = after.find(name);
    ASSERT_NE(now, after.end());
    if (old.outcome == manifest::Outcome::refused) continue;
    EXPECT_EQ(now->second.outcome, manifest::Outcome::runs);
    if (!old.choice.filter || !old.choice.filter->profile.confined) continue;
    ASSERT_TRUE(now->second.choice.filter);
    EXPECT_FALSE(policy::first_excess(now->second.choice.filter->profile.policy, old.choice.filter->profile.policy));
  }
}

// How many of the files were changed.
std::size_t check_mending(CaseFolder& folder, const std::vector<std::string>& paths) {
  const Containers before = containers(folder, paths);
  const std::vector<MendedFile> mended = folder.mend(paths);
  for (const MendedFile& each : mended) {
    EXPECT_NE(each.before, each.after);
    EXPECT_FALSE(each.fixes.empty());
    folder.write(each.name, each.after);
  }
  EXPECT_TRUE(folder.mend(paths).empty());
  check_no_more(before, containers(folder, paths));
  return mended.size();
}

void each_row(const std::string& name, const std::function<void(text::Node)>& visit) {
  std::ifstream rows(CALLGATE_SOURCE_DIR "/tests/data/oracle/" + name);
  ASSERT_TRUE(rows);
  for (std::string line; std::getline(rows, line);) {
    line.reserve(line.size() + 64);
    const base::SourceFile file("row", line);
    base::Diagnostics diagnostics;
    const auto row = text::read_json(file, diagnostics);
    ASSERT_TRUE(row) << base::render_text(diagnostics, false);
    SCOPED_TRACE(row->root().find("id").text());
    visit(row->root());
  }
}

TEST(MendRecorded, ManifestsThatTheServerWasGiven) {
  std::size_t rows = 0, changed = 0;
  using kube::FieldValidation;
  for (const FieldValidation validation : {FieldValidation::strict, FieldValidation::warn, FieldValidation::ignore})
    each_row("apiserver.jsonl", [&](text::Node row) {
      CaseFolder folder;
      folder.options.resolve.kube.cluster.field_validation = validation;
      folder.options.resolve.kube.cluster.runtime_classes = {{"runc", "runc"}};
      folder.write("a.yaml", std::string(row.find("manifest").text()));
      changed += check_mending(folder, {"a.yaml"});
      ++rows;
    });
  EXPECT_GE(rows, 3U * 155U);
  EXPECT_GE(changed, 20U);
}

TEST(MendRecorded, ProjectsThatComposeWasGiven) {
  std::size_t changed = 0;
  each_row("compose.jsonl", [&](text::Node row) {
    CaseFolder folder;
    std::filesystem::copy(CALLGATE_SOURCE_DIR "/tests/data/oracle/fixtures/compose", folder.path("cw"),
                          std::filesystem::copy_options::recursive);
    for (const text::Node file : row.find("files"))
      folder.write("cw/" + std::string(file.key()), std::string(file.text()));
    changed += check_mending(folder, {"cw"});
  });
  EXPECT_GE(changed, 1U);
}

}  // namespace
}  // namespace callgate::review
