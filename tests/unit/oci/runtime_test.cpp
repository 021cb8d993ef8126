// SPDX-License-Identifier: Apache-2.0
#include "oci/runtime.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace callgate::oci {
namespace {

TEST(OciRuntime, TakesCrunFromTheVersionThatBroughtFilters) {
  for (const char* version : {"0.18", "0.19.1", "1.8.1", "1.18-rc1", "1.22.0.0.0.3", "2"})
    EXPECT_EQ(takes_no_filters(std::string("crun version ") + version + "\ncommit: x\n+SYSTEMD +SECCOMP\n"),
              std::nullopt)
        << version;
  for (const char* version : {"0.17", "0.9.3", "0", "x", "", "0.-1"})
    EXPECT_NE(takes_no_filters(std::string("crun version ") + version + "\n+SECCOMP\n"), std::nullopt) << version;
  EXPECT_EQ(takes_no_filters("crun version 1.8\n-SECCOMP\n"), "it was built without seccomp");
  EXPECT_EQ(takes_no_filters("runc version 1.1.5\nspec: 1.0\n"), "it is 'runc version 1.1.5', not crun");
  EXPECT_NE(takes_no_filters(""), std::nullopt);
}

TEST(OciRuntime, SaysWhyAProgramHasNoVersion) {
  EXPECT_FALSE(ask_version("/none"));
  EXPECT_FALSE(ask_version("/bin/false"));
  const std::string endless = testing::TempDir() + "callgate-endless-" + std::to_string(getpid());
  std::ofstream(endless) << "#!/bin/sh\nexec yes\n";
  std::filesystem::permissions(endless, std::filesystem::perms::owner_all);
  EXPECT_FALSE(ask_version(endless));
  std::filesystem::remove(endless);
}

}  // namespace
}  // namespace callgate::oci
