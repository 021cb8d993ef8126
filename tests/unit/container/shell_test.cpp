// The words of shell commands, row by row, and the files that they are cut out of.
// SPDX-License-Identifier: Apache-2.0
#include "container/shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "text/node.h"
#include "world.h"

namespace callgate::container {
namespace {

using testing::ElementsAre;
using Words = std::vector<std::string>;

std::vector<std::string> list(text::Node node) {
  std::vector<std::string> out;
  if (node)
    for (const text::Node each : node) out.emplace_back(each.text());
  return out;
}

struct Got {
  std::vector<Words> commands;
  std::vector<std::string> unknown;
};

Got split(const base::SourceFile& file, Shell shell) {
  Got got;
  for_each_command({&file, file.text(), {}}, shell, [&](const std::vector<Word>& words) {
    Words& texts = got.commands.emplace_back();
    for (const Word& word : words) {
      texts.push_back(word.text);
      EXPECT_EQ(word.place.file, &file);
      EXPECT_LE(word.place.end, file.text().size());
      const auto& seen = got.unknown;
      if (!word.unknown.empty() && std::find(seen.begin(), seen.end(), word.unknown) == seen.end())
        got.unknown.push_back(word.unknown);
    }
  });
  return got;
}

TEST(ShellTest, EveryRow) {
  std::ifstream rows(CALLGATE_SOURCE_DIR "/tests/data/container/shell.jsonl");
  std::string line;
  int count = 0;
  for (; std::getline(rows, line); ++count) {
    SCOPED_TRACE(line);
    manifest::Files files("/");
    base::Diagnostics diagnostics;
    const auto document = text::read_json(files.keep("row", line), diagnostics);
    ASSERT_TRUE(document);
    const text::Node row = document->root();
    Shell shell = shell_of(list(row.find("env")));
    shell.bash = !row.find("sh");
    const Got got = split(files.keep("x.sh", std::string(row.find("script").text())), shell);
    std::vector<Words> wanted;
    for (const text::Node each : row.find("commands")) wanted.push_back(list(each));
    EXPECT_EQ(got.commands, wanted);
    if (const auto unknown = row.find("unknown")) {
      EXPECT_EQ(got.unknown, list(unknown));
    }
  }
  EXPECT_GT(count, 50);
}

TEST(ShellTest, AWordKnowsItsPlace) {
  manifest::Files files("/");
  const base::SourceFile& file = files.keep("x.sh", "P=s.json\ndocker run \\\n  --security-opt \"seccomp=$P\" img");
  Shell shell;
  std::vector<std::string> places;
  for_each_command({&file, file.text(), {}}, shell, [&](const std::vector<Word>& words) {
    for (const Word& word : words) places.emplace_back(word.place.text());
  });
  EXPECT_THAT(places, ElementsAre("docker", "run", "--security-opt", "\"seccomp=$P\"", "img"));
}

// What a file named `name` holds, as "kind path @place of what chose it".
std::vector<std::string> resolve(const std::string& name, const std::string& text, TestWorld& world) {
  manifest::Answer answer;
  resolve_script(world.files.keep(name, text), world.world, answer, world.diagnostics);
  std::vector<std::string> out;
  for (const manifest::Container& each : answer.containers) {
    const auto at = each.choice.place.file->position(each.choice.place.begin);
    out.push_back(std::string(manifest::name(each.choice.kind)) + " " + each.choice.path + " @" +
                  std::to_string(at.line) + ":" + std::to_string(at.column_chars));
  }
  return out;
}

const std::string kFolder = CALLGATE_SOURCE_DIR "/tests/data/container";

TEST(ScriptTest, TheSeedsCommandLines) {
  std::ifstream in(CALLGATE_SOURCE_DIR "/tests/data/seed/docker-run.sh");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  TestWorld world(kFolder);
  manifest::Answer answer;
  resolve_script(world.files.keep("docker-run.sh", text), world.world, answer, world.diagnostics);
  ASSERT_EQ(answer.containers.size(), 2U);
  EXPECT_EQ(
      answer.containers[0].message,
      "opening seccomp profile (/path/to/seccomp-profile.json) failed: open /path/to/seccomp-profile.json: no such "
      "file or directory");
  EXPECT_EQ(answer.containers[0].name, "myapp");
  EXPECT_EQ(answer.containers[1].choice.kind, manifest::ProfileKind::unconfined);
  EXPECT_EQ(answer.containers[1].choice.place.text(), "seccomp=unconfined");
}

TEST(ScriptTest, BlocksOfYaml) {
  TestWorld world(kFolder);
  EXPECT_THAT(
      resolve("ci.yml",
              "env:\n  PROFILE: deny.json\njobs:\n  a:\n    steps:\n      - run: |\n          cd x\n"
              "          docker run --security-opt seccomp=$PROFILE img\n"
              "      - run: docker run --security-opt seccomp=other.json img\n"
              "      - run: >-\n          docker run\n          --security-opt seccomp=off.json\n          img\n"
              "      - run: \"docker run --security-opt 'seccomp=unconfined' img\"\n"
              "test:\n  script:\n    - docker run --security-opt seccomp=unconfined img\n    - - docker run img\n",
              world),
      ElementsAre("file deny.json @8:37", "file other.json @9:40", "disabled off.json @12:26", "unconfined  @14:41",
                  "unconfined  @17:33", "builtin  @18:9"));
}

TEST(ScriptTest, RecipesOfMake) {
  TestWorld world(kFolder);
  EXPECT_THAT(resolve("Makefile",
                      "PROFILE ?= deny.json\nDOCKER := docker\n\nrun:\n\t@$(DOCKER) run \\\n\t  --security-opt "
                      "seccomp=$(PROFILE) img\n\tP=other.json; docker run --security-opt seccomp=$$P img\n",
                      world),
              ElementsAre("file deny.json @6:19", "file other.json @7:42"));
}

TEST(ScriptTest, WhatIsNotKnownIsNamed) {
  TestWorld world(kFolder);
  EXPECT_THAT(resolve("x.sh", "docker run --security-opt seccomp=$PROFILE img", world),
              ElementsAre("file seccomp=$PROFILE @1:27"));
  ASSERT_EQ(world.diagnostics.error_count(), 1U);
  EXPECT_EQ(base::diagnostic_code(world.diagnostics.items()[0].number), "CG8001");
  EXPECT_EQ(world.diagnostics.items()[0].message, "'PROFILE' is not known here, and --security-opt depends on it");
}

TEST(ScriptTest, AnUnknownWordAmongOptions) {
  TestWorld world(kFolder);
  EXPECT_THAT(resolve("x.sh", "docker run $MORE --security-opt seccomp=deny.json img", world),
              ElementsAre("file deny.json @1:33"));
  ASSERT_EQ(world.diagnostics.warning_count(), 1U);
  EXPECT_EQ(base::diagnostic_code(world.diagnostics.items()[0].number), "CG8002");
  // Where nothing else can be the image, the variable is.
  EXPECT_THAT(resolve("x.sh", "docker run --rm $IMAGE -c", world), ElementsAre("builtin  @1:1"));
}

TEST(ScriptTest, DeepNestingIsNotFollowed) {
  TestWorld world(kFolder);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "$(";
  EXPECT_TRUE(resolve("x.sh", deep, world).empty());
  std::string braces;
  for (int i = 0; i < 100'000; ++i) braces += "${a:-";
  EXPECT_TRUE(resolve("x.sh", "x " + braces, world).empty());
}

}  // namespace
}  // namespace callgate::container
