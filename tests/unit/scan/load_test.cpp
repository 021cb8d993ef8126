// Programs with their libraries as the loader finds them: from this machine, from another root, and with one missing.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "scan/files.h"
#include "scan/scan.h"
#include "scan/search_path.h"

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
  Library library([&](const std::string& path) -> base::Result<Content> {
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
  // A library may be there by two names, of a directory and of a link to it.
  for (const std::string& each : outside->libraries)
    fs::copy_file(each, root / "real" / fs::path(each).filename(), fs::copy_options::skip_existing);
  Library inside(reader(root));
  const auto answer = scan(inside, "/program", {});
  fs::remove_all(root);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->calls.size(), outside->calls.size());
  for (std::size_t i = 0; i < answer->calls.size(); ++i) EXPECT_EQ(answer->calls[i].nr, outside->calls[i].nr);
  EXPECT_EQ(answer->unresolved.size(), outside->unresolved.size());
  EXPECT_EQ(answer->build_id, outside->build_id);
}

TEST(Load, TheLoaderTellsWhereItLooks) {
  using Directories = std::vector<std::string>;
  const std::string_view debian("ELF/\0/etc/x\0/lib/x86_64-linux-gnu/\0/usr/lib/x86_64-linux-gnu/\0/lib/\0/usr/lib/\0x",
                                79);
  const SearchPath on_debian = search_path_of_glibc(debian);
  EXPECT_EQ(on_debian.directories,
            (Directories{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}));
  EXPECT_EQ(on_debian.folder, "lib/x86_64-linux-gnu");
  const SearchPath on_fedora = search_path_of_glibc(std::string_view("\0/lib64/\0/usr/lib64/\0/lib/locale", 31));
  EXPECT_EQ(on_fedora.directories, (Directories{"/lib64", "/usr/lib64"}));
  EXPECT_EQ(on_fedora.folder, "lib64");
  EXPECT_EQ(search_path_of_glibc(std::string_view("\0/usr/lib/\0\0", 12)).folder, "lib");
  for (const std::string_view none : {"", "/", "/lib/", "no /lib/"})
    EXPECT_TRUE(search_path_of_glibc(none).directories.empty()) << none;
  EXPECT_EQ(search_path_of_musl(nullptr).directories, (Directories{"/lib", "/usr/local/lib", "/usr/lib"}));
  const std::string text = "/a:/b\n/c\n";
  EXPECT_EQ(search_path_of_musl(&text).directories, (Directories{"/a", "/b", "/c"}));
}

// What `ld.so --help` says of itself is what is read from it.
TEST(Load, ThisMachinesLoaderLooksWhereItSays) {
  Library library(reader("/"));
  const auto program = load(library, kOwn);
  ASSERT_TRUE(program.has_value() && program->loader.has_value());
  const Module& loader = *program->modules[*program->loader];
  FILE* const help = popen((loader.path + " --help").c_str(), "r");  // NOLINT(cert-env33-c): runs the loader
  ASSERT_NE(help, nullptr);
  std::vector<std::string> said;
  char line[512];
  while (fgets(line, sizeof line, help) != nullptr)
    if (const std::string_view text = line; text.find(" (system search path)") != std::string_view::npos)
      said.emplace_back(text.substr(2, text.find(" (") - 2));
  pclose(help);
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(search_path_of_glibc(loader.bytes).directories, said);
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
