// Command lines of Docker, Podman and nerdctl, row by row: what comes of them under which versions and settings.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "arch/calls.h"
#include "text/node.h"
#include "world.h"

namespace callgate::container {
namespace {

const std::string kFolder = CALLGATE_SOURCE_DIR "/tests/data/container";

EngineVersion version(text::Node pair, EngineVersion otherwise) {
  if (!pair) return otherwise;
  std::vector<int> numbers;
  for (const text::Node each : pair) numbers.push_back(static_cast<int>(each.as_u64().value()));
  return {numbers.at(0), numbers.at(1)};
}

void set_up(text::Node row, TestWorld& world) {
  Daemon& daemon = world.world.daemon;
  world.world.docker_cli = version(row.find("cli"), {28, 2});
  daemon.version = version(row.find("daemon"), {28, 2});
  if (const auto profile = row.find("daemon_profile")) {
    daemon.seccomp_profile = profile.text();
    daemon.place = profile.span();
    if (const auto file = world.files.open(daemon.seccomp_profile, daemon.seccomp_profile)) daemon.seccomp_file = *file;
  }
  if (const auto node = row.find("daemon_nnp")) daemon.no_new_privileges = *node.as_bool();
  if (const auto node = row.find("userns_remap")) daemon.userns_remap = *node.as_bool();
  if (const auto runtimes = row.find("runtimes"))
    for (const text::Node each : runtimes) daemon.runtimes.emplace_back(each.key(), each.text());
}

policy::ActionKind answer(const manifest::Container& container, std::string_view call) {
  constexpr policy::AuditArch kX86 = 0xc000003e;
  const auto nr = arch::number(arch::Arch::x86_64, call);
  EXPECT_TRUE(nr) << call;
  return policy::evaluate(container.choice.filter->profile.policy, {kX86, nr.value_or(0), {}}).kind;
}

void check_filter(text::Node row, const manifest::Container& got) {
  const auto filter = row.find("filter");
  const bool wanted = filter ? *filter.as_bool() : got.outcome == manifest::Outcome::runs;
  EXPECT_EQ(got.choice.filter != nullptr, wanted);
  for (const auto& [key, kind] : {std::pair{"allows", true}, std::pair{"denies", false}})
    if (const auto calls = row.find(key)) {
      for (const text::Node each : calls)
        EXPECT_EQ(answer(got, each.text()) == policy::ActionKind::allow, kind) << each.text();
    }
}

void check_lists(text::Node row, const manifest::Container& got) {
  const auto list = [](text::Node node) {
    std::vector<std::string> out;
    for (const text::Node each : node) out.emplace_back(each.text());
    return out;
  };
  if (const auto node = row.find("sent")) {
    EXPECT_EQ(got.security_opt, list(node));
  }
  if (const auto node = row.find("capabilities")) {
    EXPECT_EQ(got.capabilities, list(node));
  }
  if (const auto steps = row.find("steps")) {
    for (const text::Node each : steps)
      EXPECT_TRUE(std::any_of(got.steps.begin(), got.steps.end(), [&](const manifest::Step& step) {
        return step.text.find(each.text()) != std::string::npos && step.place.file != nullptr;
      })) << each.text();
  }
}

void check(text::Node row, const manifest::Container& got) {
  const auto expect = [&](std::string_view key, std::string_view value) {
    if (const auto node = row.find(key)) {
      EXPECT_EQ(value, node.text()) << key;
    }
  };
  expect("outcome", got.outcome == manifest::Outcome::runs ? "runs" : "refused");
  EXPECT_EQ(manifest::name(got.refused_by), row.find("by") ? row.find("by").text() : "");
  EXPECT_EQ(got.message, row.find("message") ? row.find("message").text() : "");
  expect("kind", manifest::name(got.choice.kind));
  expect("path", got.choice.path);
  expect("built_in", got.choice.built_in);
  expect("engine", got.engine);
  expect("runtime", got.runtime);
  expect("name", got.name);
  expect("role", got.role);
  if (const auto node = row.find("privileged")) {
    EXPECT_EQ(got.privileged, node.as_bool());
  }
  if (const auto node = row.find("no_new_privileges")) {
    EXPECT_EQ(got.no_new_privileges, node.as_bool());
  }
  check_lists(row, got);
  check_filter(row, got);
}

TEST(LinesTest, EveryRow) {
  std::ifstream rows(kFolder + "/lines.jsonl");
  std::string line;
  int count = 0;
  for (; std::getline(rows, line); ++count) {
    SCOPED_TRACE(line);
    TestWorld world(kFolder);
    const auto document = text::read_json(world.files.keep("row", line), world.diagnostics);
    ASSERT_TRUE(document);
    const text::Node row = document->root();
    set_up(row, world);
    manifest::Answer got;
    resolve_script(world.files.keep("line.sh", std::string(row.find("line").text())), world.world, got,
                   world.diagnostics);
    ASSERT_EQ(got.containers.size(), row.find("containers") ? row.find("containers").as_u64().value() : 1U);
    check(row, got.containers.back());
    EXPECT_FALSE(world.diagnostics.has_errors());
  }
  EXPECT_GT(count, 100);
}

}  // namespace
}  // namespace callgate::container
