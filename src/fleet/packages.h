// Which package a file belongs to, by the data base that stands in the tree itself: dpkg's (var/lib/dpkg) or apk's
// (lib/apk/db/installed). What they list under a name that leads through a link (/bin/ls where /bin is usr/bin) is
// found all the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "fleet/tree.h"

namespace callgate::fleet {

class Packages {
 public:
  // Looks only for these files (paths without links); without any, for all.
  explicit Packages(const Tree& tree, std::span<const std::string> wanted = {});

  // The data base that is there and is not read: "rpm", whose owners are not known here. Empty if there is none.
  const std::string& unread() const { return unread_; }
  // Empty: of no package.
  const std::string& owner(const std::string& path) const;
  const std::string& version(const std::string& package) const;
  // The wanted files of a package, by path, as the tree has them.
  std::vector<std::string> files(const std::string& package) const;
  std::size_t count() const { return versions_.size(); }
  bool contains(const std::string& package) const { return versions_.contains(package); }
  std::vector<std::string> names() const;

 private:
  void dpkg(const Tree& tree);
  void dpkg_status(std::string_view text);
  void apk(std::string_view text);
  void add(const Tree& tree, std::string_view path, const std::string& package);

  bool all_;
  std::string unread_;
  std::map<std::string, std::vector<std::string>, std::less<>> wanted_;  // last part of the name → paths
  std::map<std::string, std::string, std::less<>> owners_, versions_, real_directories_;
};

}  // namespace callgate::fleet
