// What docker compose 2.40.3 really did, row by row: which projects it refused and in which words, and which security
// options it sent. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "text/node.h"
#include "unit/compose/project_folder.h"

namespace callgate::compose {
namespace {

std::vector<std::string> texts(text::Node list) {
  std::vector<std::string> out;
  for (const text::Node item : list) out.emplace_back(item.text());
  return out;
}

// The essential line of what was printed: all of a refusal by `config`; of `create` the last, or that of a panic.
std::string essence(const std::string& printed) {
  if (const std::size_t panic = printed.find("panic: "); panic != std::string::npos)
    return printed.substr(panic, printed.find('\n', panic) - panic);
  return printed.substr(printed.rfind('\n') == std::string::npos ? 0 : printed.rfind('\n') + 1);
}

void check_row(text::Node row, int number) {
  SCOPED_TRACE(row.find("id").text());
  ProjectFolder folder("oracle-" + std::to_string(number));
  const std::string fixtures = CALLGATE_SOURCE_DIR "/tests/data/oracle/fixtures/compose";
  std::filesystem::copy(fixtures, folder.path(), std::filesystem::copy_options::recursive);
  for (const text::Node file : row.find("files")) folder.write(std::string(file.key()), std::string(file.text()));
  const manifest::Answer answer = folder.create(texts(row.find("args")), std::string(row.find("cwd").text()));
  const text::Node config = row.find("config"), create = row.find("create");
  const bool config_fails = config.find("exit").as_u64() != 0U;
  const bool create_fails = create.find("exit").as_u64() != 0U;
  EXPECT_EQ(answer.refused(), create_fails);
  const std::string words = config_fails   ? std::string(config.find("stderr").text())
                            : create_fails ? essence(std::string(create.find("stderr").text()))
                                           : "";
  EXPECT_EQ(folder.refusal(answer), words);
  EXPECT_EQ(config_fails, answer.containers.empty());
  const bool warned = config.find("stderr").text().find("level=warning") != std::string_view::npos;
  EXPECT_EQ(warned, folder.diagnostics().warning_count() > 0);
  EXPECT_FALSE(folder.diagnostics().has_errors());
  if (create_fails) return;
  const text::Node sent = create.find("sent");
  ASSERT_EQ(answer.containers.size(), sent.size());
  std::size_t i = 0;
  for (const text::Node request : sent) {
    const manifest::Container& container = answer.containers[i++];
    const text::Node options = request.find("SecurityOpt");
    EXPECT_EQ(container.security_opt, options.is_null() ? std::vector<std::string>() : texts(options));
    EXPECT_EQ(container.privileged, request.find("Privileged").as_bool().value_or(false));
  }
}

TEST(ComposeOracle, EveryRecordedRowComesOutAsItDid) {
  std::ifstream rows(CALLGATE_SOURCE_DIR "/tests/data/oracle/compose.jsonl");
  ASSERT_TRUE(rows);
  int number = 0;
  for (std::string line; std::getline(rows, line); ++number) {
    const base::SourceFile file("row", line);
    base::Diagnostics diagnostics;
    const auto row = text::read_json(file, diagnostics);
    ASSERT_TRUE(row) << base::render_text(diagnostics, false);
    check_row(row->root(), number);
  }
  EXPECT_GE(number, 38);
}

}  // namespace
}  // namespace callgate::compose
