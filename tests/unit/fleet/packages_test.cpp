// Which package files belong to, by dpkg's and by apk's data base.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "fleet/packages.h"
#include "scratch.h"

namespace callgate::fleet {
namespace {

using Names = std::vector<std::string>;

TEST(Packages, OfDpkgWhoseListsNameLinkedDirectories) {
  const Scratch root;
  root.put("usr/bin/ls", "");
  root.put("usr/sbin/server", "");
  std::filesystem::create_directory_symlink("usr/bin", root.path() / "bin");
  root.put("var/lib/dpkg/status",
           "Package: coreutils\nStatus: install ok installed\nVersion: 9.1-1\n\n"
           "Package: server\nVersion: 2\n");
  root.put("var/lib/dpkg/info/coreutils.list", "/.\n/bin\n/bin/ls\n/usr/share/doc\n");
  root.put("var/lib/dpkg/info/server:amd64.list", "/.\n/usr\n/usr/sbin/server\n");
  root.put("var/lib/dpkg/info/server:amd64.md5sums", "0  usr/sbin/other\n");
  const auto tree = open_directory(root.path());
  ASSERT_TRUE(tree.has_value());
  const Names wanted{"/usr/bin/ls", "/usr/sbin/server", "/usr/sbin/other"};
  const Packages packages(**tree, wanted);
  EXPECT_EQ(packages.owner("/usr/bin/ls"), "coreutils");
  EXPECT_EQ(packages.owner("/usr/sbin/server"), "server");
  EXPECT_EQ(packages.owner("/usr/sbin/other"), "");
  EXPECT_EQ(packages.version("coreutils"), "9.1-1");
  EXPECT_EQ(packages.version("server"), "2");
  EXPECT_EQ(packages.version("absent"), "");
  EXPECT_TRUE(packages.contains("coreutils"));
  EXPECT_FALSE(packages.contains("ls"));
  EXPECT_EQ(packages.files("coreutils"), Names{"/usr/bin/ls"});
}

TEST(Packages, OfApk) {
  const Scratch root;
  root.put("lib/apk/db/installed",
           "C:Q1x=\nP:busybox\nV:1.36.1-r2\nF:bin\nR:busybox\na:0:0:755\nF:usr/share\nR:doc\n\nP:musl\nV:1.2\nF:lib\n"
           "R:ld-musl-x86_64.so.1\n");
  const auto tree = open_directory(root.path());
  ASSERT_TRUE(tree.has_value());
  const Packages packages(**tree);
  EXPECT_EQ(packages.owner("/bin/busybox"), "busybox");
  EXPECT_EQ(packages.owner("/lib/ld-musl-x86_64.so.1"), "musl");
  EXPECT_EQ(packages.version("busybox"), "1.36.1-r2");
  EXPECT_EQ(packages.files("busybox"), (Names{"/bin/busybox", "/usr/share/doc"}));
  EXPECT_EQ(packages.names(), (Names{"busybox", "musl"}));
}

TEST(Packages, OfRpmAreNotKnownAndThatIsTold) {
  const Scratch root;
  {
    const auto tree = open_directory(root.path());
    ASSERT_TRUE(tree.has_value());
    EXPECT_EQ(Packages(**tree).unread(), "");
  }
  root.put("usr/lib/sysimage/rpm/rpmdb.sqlite", "SQLite format 3");
  const auto tree = open_directory(root.path());
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(Packages(**tree).unread(), "rpm");
}

// A data base is part of what is looked at, and may hold anything.
TEST(Packages, OfNonsense) {
  const Scratch root;
  root.put("lib/apk/db/installed", std::string("P:\nR:x\n") + '\0' + "F:../..\nR:\nP:a\nF:\nR:b");
  root.put("var/lib/dpkg/status", "Version: 1\nPackage:\nPackage: \nVersion: \n\n\n");
  root.put("var/lib/dpkg/info/.list", "\n/\n//\n/../../etc/passwd\nrelative\n");
  const auto tree = open_directory(root.path());
  ASSERT_TRUE(tree.has_value());
  const Packages packages(**tree);
  for (const std::string& name : packages.names())
    for (const std::string& path : packages.files(name)) EXPECT_EQ(path.front(), '/');
}

}  // namespace
}  // namespace callgate::fleet
