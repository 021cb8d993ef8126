// What the real docker command (28.2.2) did with command lines, row by row: what it sent, or its words.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <fstream>

#include "text/node.h"
#include "world.h"

namespace callgate::container {
namespace {

const std::string kOracle = CALLGATE_SOURCE_DIR "/tests/data/oracle";
const std::string kProject = kOracle + "/fixtures/docker-cli";

// "/project" in the rows is the directory that they ran in.
std::string here(std::string text) {
  for (std::size_t at = 0; (at = text.find("/project", at)) != std::string::npos; at += kProject.size())
    text.replace(at, 8, kProject);
  return text;
}

// Without "docker: " and the advice at the end.
std::string own_words(std::string text) {
  text = text.substr(0, text.find("\n\n"));
  return text.starts_with("docker: ") ? text.substr(8) : text;
}

std::vector<std::string> strings(text::Node list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const text::Node each : list) out.emplace_back(each.text());
  return out;
}

void check_row(const std::string& row) {
  SCOPED_TRACE(row);
  TestWorld world(kProject);
  const base::SourceFile& file = world.files.keep("row", row);
  const auto document = text::read_json(file, world.diagnostics);
  ASSERT_TRUE(document);
  const text::Node root = document->root();
  std::vector<std::string> words{"docker", "create"};
  for (const std::string& arg : strings(root.find("args"))) words.push_back(here(arg));
  words.emplace_back("img");
  const manifest::Container got = world.line(words);
  if (root.find("exit").text() != "0") {
    EXPECT_EQ(got.outcome, manifest::Outcome::refused);
    EXPECT_EQ(manifest::name(got.refused_by), "docker-cli");
    EXPECT_EQ(got.message, here(own_words(std::string(root.find("stderr").text()))));
    return;
  }
  const text::Node sent = root.find("sent");
  EXPECT_NE(manifest::name(got.refused_by), "docker-cli") << got.message;
  EXPECT_EQ(got.security_opt, strings(sent.find("SecurityOpt")));
  EXPECT_EQ(got.privileged, sent.find("Privileged").as_bool());
}

TEST(DockerCliOracleTest, EveryRecordedRowIsReproduced) {
  std::ifstream rows(kOracle + "/docker-cli.jsonl");
  std::string row;
  int count = 0;
  for (; std::getline(rows, row); ++count) check_row(row);
  EXPECT_EQ(count, 33);
}

}  // namespace
}  // namespace callgate::container
