// Programs scanned together give the answers that each gives alone, whatever the number of threads and however little
// may be kept.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>

#include "fleet/run.h"
#include "scan/files.h"
#include "scratch.h"

namespace callgate::fleet {
namespace {

using scan::Assumption;

std::string text_of(const base::Result<scan::Answer>& answer) {
  if (!answer) return "error: " + answer.error().message;
  std::string out = answer->path + (answer->closed() ? " closed" : " open");
  for (const scan::Call& call : answer->calls) out += " " + std::to_string(call.nr) + (call.assumed ? "?" : "");
  for (const scan::Unresolved& u : answer->unresolved) out += "\n" + u.where + ": " + u.why;
  return out;
}

class Run : public testing::Test {
 protected:
  Run() {
    options.chains = false;
    options.assume = {Assumption::data_chunks};
    for (const char* const each : {"/bin/true", "/bin/cat", "/bin/ls", "/bin/sh", "/bin/sleep", "/bin/false"})
      if (std::filesystem::exists(each)) programs.emplace_back(each);
    programs.emplace_back("/etc/passwd");  // none
  }
  std::map<std::string, std::string> together(unsigned jobs) {
    std::map<std::string, std::string> out;
    scan::Library library(scan::reader("/"));
    scan_all(library, programs, options, jobs, [&](const Done& done) {
      EXPECT_TRUE(out.emplace(programs[done.index], text_of(done.answer)).second);
      return true;
    });
    return out;
  }
  scan::Options options;
  std::vector<std::string> programs;
};

TEST_F(Run, TogetherAsAlone) {
  std::map<std::string, std::string> alone;
  for (const std::string& each : programs) {
    scan::Library library(scan::reader("/"));
    alone[each] = text_of(scan::scan(library, each, options));
  }
  EXPECT_EQ(together(1), alone);
  EXPECT_EQ(together(4), alone);
}

TEST_F(Run, EndsEarlyWhereItsCallerDoes) {
  scan::Library library(scan::reader("/"));
  int calls = 0;
  scan_all(library, programs, options, 3, [&](const Done&) { return ++calls < 2; });
  EXPECT_EQ(calls, 2);
}

TEST_F(Run, WhatIsDroppedIsReadAgain) {
  int reads = 0;
  scan::Library library([&, real = scan::reader("/")](const std::string& path) {
    if (path == "/bin/true") ++reads;
    return real(path);
  });
  scan::Library view = library.view(1);
  ASSERT_TRUE(view.module("/bin/true").has_value());
  ASSERT_TRUE(view.module("/bin/true").has_value());
  EXPECT_EQ(reads, 1);
  library.trim(0);  // held by the view
  ASSERT_TRUE(library.view(1).module("/bin/true").has_value());
  EXPECT_EQ(reads, 1);
}

TEST_F(Run, NothingIsKeptThatNobodyHolds) {
  int reads = 0;
  scan::Library library([&, real = scan::reader("/")](const std::string& path) {
    if (path == "/bin/true") ++reads;
    return real(path);
  });
  const auto use = [&] {
    scan::Library view = library.view(1);
    const auto module = view.module("/bin/true");
    ASSERT_TRUE(module.has_value());
    view.complete(std::span(&*module, 1));
  };
  use();
  library.trim(std::size_t{1} << 30);
  use();
  EXPECT_EQ(reads, 1);
  for (int i = 1; i <= 3; ++i) {
    use();
    EXPECT_EQ(reads, i);
    library.trim(0);
  }
}

TEST(Stamps, AreTheNewestOfAll) {
  const Scratch root;
  root.put("a", "");
  root.put("b", "");
  const auto tree = open_directory(root.path());
  ASSERT_TRUE(tree.has_value());
  Stamps stamps(**tree);
  const std::vector<std::string> libraries{"/b", "/absent"};
  EXPECT_EQ(stamps.of("/a", libraries), std::max((*tree)->stamp("/a"), (*tree)->stamp("/b")));
  EXPECT_EQ(stamps.of("/absent", {}), 0U);
}

}  // namespace
}  // namespace callgate::fleet
