// SPDX-License-Identifier: Apache-2.0
#include "fleet/packages.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::fleet {

namespace {

const std::string kNone;

// Each line without its end.
template <class F>
void lines(std::string_view text, F&& visit) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Packages::Packages(const Tree& tree, std::span<const std::string> wanted) : all_(wanted.empty()) {
  for (const std::string& path : wanted) wanted_[std::string(last_part(path))].push_back(path);
  dpkg(tree);
  if (const auto text = tree.read("/lib/apk/db/installed")) apk(*text);
  // Tables of SQLite, Berkeley's or rpm's own, at either place.
  for (const std::string directory : {"/usr/lib/sysimage/rpm", "/var/lib/rpm"})
    for (const std::string_view file : {"rpmdb.sqlite", "Packages.db", "Packages"})
      if (tree.stamp(fmt::format("{}/{}", directory, file)) != 0) unread_ = "rpm";
}

// Packages are those of the status file; the lists of files bear their names, with the architecture where several can
// be installed together (libc6:amd64.list).
void Packages::dpkg(const Tree& tree) {
  constexpr std::string_view kSuffix = ".list";
  if (const auto status = tree.read("/var/lib/dpkg/status")) dpkg_status(*status);
  for (const std::string& name : tree.names("/var/lib/dpkg/info")) {
    if (!name.ends_with(kSuffix)) continue;
    const std::string_view stem(name.data(), name.size() - kSuffix.size());
    const std::string package(stem.substr(0, stem.find(':')));
    versions_.try_emplace(package);
    if (const auto list = tree.read("/var/lib/dpkg/info/" + name))
      lines(*list, [&](std::string_view path) { add(tree, path, package); });
  }
}

void Packages::dpkg_status(std::string_view text) {
  std::string package;
  lines(text, [&](std::string_view line) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (line.starts_with("Version: ") && !package.empty()) versions_[package] = line.substr(9);
    if (line.empty()) package.clear();
  });
}

// "P:" the package, "V:" its version, "F:" a directory, "R:" a file in it.
void Packages::apk(std::string_view text) {
  std::string package, directory;
  lines(text, [&](std::string_view line) {
    if (line.size() < 2 || line[1] != ':') return package.clear();
    const std::string_view value = line.substr(2);
    if (line[0] == 'P') package = value, versions_.try_emplace(package);
    if (line[0] == 'V' && !package.empty()) versions_[package] = value;
    if (line[0] == 'F') directory = value;
    if (line[0] == 'R' && !package.empty() && (all_ || wanted_.contains(value)))
      owners_[fmt::format("/{}{}{}", directory, directory.empty() ? "" : "/", value)] = package;
  });
}

void Packages::add(const Tree& tree, std::string_view path, const std::string& package) {
  if (path.size() < 2 || path[0] != '/') return;
  const std::string_view name = last_part(path);
  if (!all_ && !wanted_.contains(name)) return;
  const std::string directory(path.substr(0, path.size() - name.size()));
  const auto known = real_directories_.find(directory);
  const std::string& real = known != real_directories_.end()
                                ? known->second
                                : real_directories_.emplace(directory, tree.real(directory)).first->second;
  if (!real.empty()) owners_[fmt::format("{}/{}", real == "/" ? "" : real, name)] = package;
}

const std::string& Packages::owner(const std::string& path) const {
  const auto found = owners_.find(path);
  return found == owners_.end() ? kNone : found->second;
}

const std::string& Packages::version(const std::string& package) const {
  const auto found = versions_.find(package);
  return found == versions_.end() ? kNone : found->second;
}

std::vector<std::string> Packages::files(const std::string& package) const {
  std::vector<std::string> out;
  for (const auto& [path, owner] : owners_)
    if (owner == package) out.push_back(path);
  return out;
}

std::vector<std::string> Packages::names() const {
  std::vector<std::string> out;
  for (const auto& [name, version] : versions_) out.push_back(name);
  return out;
}

}  // namespace callgate::fleet
