// Layers put on one another: whiteouts, opaque directories, replacements, links, and names that lead out.
// SPDX-License-Identifier: Apache-2.0
#include "image/layers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace callgate::image {
namespace {

Entry file(const std::string& path, std::uint64_t size = 1) {
  Entry out;
  out.path = path;
  out.mode = 0755;
  out.size = size;
  out.kind.kind = fleet::FileKind::program;
  out.kept = Extent{0, size};
  return out;
}
Entry other(const std::string& path, EntryType type, const std::string& link = "") {
  Entry out;
  out.path = path;
  out.type = type;
  out.mode = 0755;
  out.link = link;
  return out;
}
Entry link(const std::string& path, const std::string& to) {
  return other(path, EntryType::symbolic_link, to);
}
Entry directory(const std::string& path) {
  return other(path, EntryType::directory);
}

std::string programs(const Root& root) {
  std::string out;
  for (const auto& each : root.inventory().programs) {
    out += each.path + " ";
    for (const std::string& name : each.other_names) out += "=" + name + " ";
  }
  return out;
}

std::size_t refused(const Root& root) {
  const auto inventory = root.inventory();
  return static_cast<std::size_t>(std::count_if(inventory.skipped.begin(), inventory.skipped.end(),
                                                [](const auto& s) { return s.reason == fleet::SkipReason::refused; }));
}

TEST(Layers, UpperOnesReplace) {
  Root root;
  root.apply({directory("./usr/"), file("usr/a", 1), file("usr/b", 1)});
  root.apply({file("./usr/a", 2)});
  EXPECT_EQ(root.file("/usr/a")->size, 2U);
  EXPECT_EQ(root.file("usr//./b")->size, 1U);
  root.apply({file("usr", 3)});  // a file where a directory was
  EXPECT_FALSE(root.file("/usr/a").has_value());
  root.apply({directory("usr"), file("usr/c")});
  EXPECT_EQ(programs(root), "/usr/c ");
}

TEST(Layers, WhiteoutsTakeAwayWhatIsBelowThemOnly) {
  Root root;
  root.apply({file("bin/a"), file("bin/b"), file("lib/x/1"), file("lib/x/2")});
  // In whatever order they stand: what the layer itself brings stays.
  root.apply({file("bin/b", 7), file("bin/.wh.b"), file("bin/.wh.a"), file("bin/.wh.never"), file("lib/.wh.x"),
              file("lib/x/3"), file("no/such/.wh.place")});
  EXPECT_EQ(programs(root), "/bin/b /lib/x/3 ");
  EXPECT_EQ(root.file("/bin/b")->size, 7U);
}

TEST(Layers, OpaqueDirectories) {
  Root root;
  root.apply({file("d/a"), file("d/e/b"), file("f")});
  root.apply({file("d/new"), directory("d"), file("d/.wh..wh..opq"), file("d/e/c")});
  EXPECT_EQ(programs(root), "/d/e/c /d/new /f ");
  root.apply({file(".wh..wh..opq")});
  EXPECT_EQ(programs(root), "");
  root.apply({file("x"), file(".wh..wh.plnk"), file(".wh..wh.aufs")});  // of another storage driver: nothing
  EXPECT_EQ(programs(root), "/x ");
}

TEST(Layers, LinksAreFollowedInsideOfTheRoot) {
  Root root;
  root.apply({file("usr/bin/a"), link("bin", "usr/bin"), link("sbin", "/usr/bin"),
              link("usr/bin/up", "../../../../usr/bin/a"), link("gone", "/nowhere"), link("c1", "c2"),
              link("c2", "/c1"), link("self", "self/x")});
  for (const char* const path : {"/bin/a", "/sbin/a", "/usr/bin/up", "/../../bin/../bin/a"})
    EXPECT_EQ(root.real(path), "/usr/bin/a") << path;
  for (const char* const path : {"/gone", "/c1", "/self", "/bin/a/b", "/none"}) EXPECT_EQ(root.real(path), "") << path;
  EXPECT_EQ(root.real("/.."), "/");
  EXPECT_EQ(root.names("/bin"), (std::vector<std::string>{"a", "up"}));
  const auto inventory = root.inventory();
  EXPECT_EQ(inventory.dangling, 1U);
  EXPECT_EQ(std::count_if(inventory.skipped.begin(), inventory.skipped.end(),
                          [](const auto& s) { return s.reason == fleet::SkipReason::loop; }),
            3);
  // What a layer puts behind a link comes to where it leads.
  root.apply({file("bin/b"), file("c1/x")});
  EXPECT_EQ(root.real("/bin/b"), "/usr/bin/b");
  EXPECT_EQ(refused(root), 1U);
}

TEST(Layers, HardLinksAreOtherNames) {
  Root root;
  root.apply({file("bin/a", 5), other("bin/b", EntryType::hard_link, "bin/a"),
              other("bin/c", EntryType::hard_link, "/bin/../bin/b"), other("bin/d", EntryType::hard_link, "bin/none"),
              other("bin/e", EntryType::hard_link, "../../../../etc/shadow")});
  EXPECT_EQ(programs(root), "/bin/a =/bin/b =/bin/c ");
  EXPECT_EQ(refused(root), 2U);
  root.apply({file("bin/.wh.a")});
  EXPECT_EQ(root.file("/bin/c")->size, 5U);  // the file lives on under its other names
}

TEST(Layers, NamesThatLeadOutAreLeftOut) {
  Root root;
  root.apply({file("../escape"), file("a/../../escape"), file("/absolute"), file(std::string(5000, 'x')),
              file(std::string(300, 'y')), file(".."), file("."), file(""), file("/"), directory("./"),
              file("../.wh.absolute")});
  EXPECT_EQ(programs(root), "/absolute ");  // absolute names are taken as below the root
  EXPECT_EQ(refused(root), 6U);
  std::string deep;
  for (int i = 0; i < 500; ++i) deep += "d/";
  root.apply({file(deep + "f"), link("long", std::string(5000, 'z'))});
  EXPECT_EQ(refused(root), 8U);
}

TEST(Layers, DevicesAreTold) {
  Root root;
  root.apply({other("dev/null", EntryType::device), other("p", EntryType::pipe), other("o", EntryType::other)});
  std::vector<std::string> reasons;
  for (const auto& each : root.inventory().skipped) reasons.emplace_back(fleet::name(each.reason));
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(reasons, (std::vector<std::string>{"device", "pipe", "refused"}));
  EXPECT_FALSE(root.file("/dev/null").has_value());
}

}  // namespace
}  // namespace callgate::image
