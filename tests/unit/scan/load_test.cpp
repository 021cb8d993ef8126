// Programs with their libraries as the loader finds them: from this machine, from another root, and with one missing.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwn = "/proc/self/exe";

TEST(Load, TheProgramComesFirstAndTheLoaderIsThere) {
  Library library(reader("/"));
  const auto program = load(library, kOwn);
  ASSERT_TRUE(program.has_value()) << program.error().message;
  EXPECT_TRUE(program->missing.empty());
  EXPECT_EQ(program->modules.front()->path, kOwn);
  ASSERT_TRUE(program->loader.has_value());
  EXPECT_EQ(program->modules[*program->loader]->path, program->modules.front()->file.interpreter);
  // In the order of the program's own list, each once.
  std::vector<std::string> names;
  for (const auto& m : program->modules) names.emplace_back(m->file.dynamic.soname);
  EXPECT_EQ(names[1], program->modules.front()->file.dynamic.needed.front());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(Load, WhatIsNotFoundIsNamed) {
  const auto real = reader("/");
  Library library([&](const std::string& path) -> base::Result<std::string> {
    if (path.find("libstdc++") != std::string::npos) return base::fail(base::ErrorCode::io, "taken away");
    return real(path);
  });
  const auto program = load(library, kOwn);
  ASSERT_TRUE(program.has_value()) << program.error().message;
  ASSERT_FALSE(program->missing.empty());
  EXPECT_TRUE(std::all_of(program->missing.begin(), program->missing.end(),
                          [](const Missing& m) { return m.name == "libstdc++.so.6"; }));
  const auto answer = scan(library, kOwn, {});
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(std::any_of(answer->unresolved.begin(), answer->unresolved.end(),
                          [](const Unresolved& u) { return u.kind == Trouble::missing_library; }));
}

TEST(Load, AnotherRootWithLinksThatLeadBackIntoIt) {
  char name[] = "/tmp/callgate-scan.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const fs::path root = name;
  Library here(reader("/"));
  const auto outside = scan(here, kOwn, {});
  ASSERT_TRUE(outside.has_value()) << outside.error().message;
  fs::create_directories(root / "real");
  fs::create_directories(root / "usr");
  fs::copy_file(kOwn, root / "program");
  // A link that, followed from outside of the root, would lead nowhere.
  fs::create_directory_symlink("/real", root / "lib");
  fs::create_directory_symlink("/real", root / "lib64");
  for (const std::string& each : outside->libraries) fs::copy_file(each, root / "real" / fs::path(each).filename());
  Library inside(reader(root));
  const auto answer = scan(inside, "/program", {});
  fs::remove_all(root);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->calls.size(), outside->calls.size());
  for (std::size_t i = 0; i < answer->calls.size(); ++i) EXPECT_EQ(answer->calls[i].nr, outside->calls[i].nr);
  EXPECT_EQ(answer->unresolved.size(), outside->unresolved.size());
  EXPECT_EQ(answer->build_id, outside->build_id);
}

// A static program has the C library's name services, and a loader for them, inside of itself.
TEST(Load, AStaticProgramMayOpenLibraries) {
  char name[] = "/tmp/callgate-scan.XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const fs::path folder = name;
  std::ofstream(folder / "s.c") << "#include <pwd.h>\nint main(void) { return getpwuid(0) == 0; }\n";
  const std::string command = std::string(CALLGATE_CC " -w -static -O2 ") + name + "/s.c -o " + name + "/program 2>&1";
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): runs the compiler
  const int compiled = std::system(command.c_str());
  Library library(reader("/"));
  const auto answer = scan(library, folder / "program", {});
  fs::remove_all(folder);
  ASSERT_EQ(compiled, 0);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  for (const Trouble kind : {Trouble::nss, Trouble::gconv, Trouble::dlopen})
    EXPECT_TRUE(std::any_of(answer->unresolved.begin(), answer->unresolved.end(), [&](const Unresolved& u) {
      return u.kind == kind;
    })) << callgate::scan::name(kind);
  EXPECT_LT(answer->calls.size(), 120U);  // not all of the C library's
}

}  // namespace
}  // namespace callgate::scan
