// Which files there are, in a root.
// SPDX-License-Identifier: Apache-2.0
#include "scan/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace callgate::scan {

namespace {

constexpr std::size_t kMaxPamFiles = 1000;

void add(Named& out, Named more) {
  out.libraries.insert(out.libraries.end(), more.libraries.begin(), more.libraries.end());
  out.problems.insert(out.problems.end(), more.problems.begin(), more.problems.end());
}

void settle(Named& out) {
  std::sort(out.libraries.begin(), out.libraries.end());
  out.libraries.erase(std::unique(out.libraries.begin(), out.libraries.end()), out.libraries.end());
}

// A text in the module's bytes that ends like this: "/usr/lib64/gconv/gconv-modules.cache".
std::string text_ending(const Module& module, std::string_view end) {
  const std::string_view bytes = module.bytes;
  const std::string wanted = std::string(end) + '\0';
  for (auto at = bytes.find(wanted); at != std::string_view::npos; at = bytes.find(wanted, at + 1)) {
    const auto before = bytes.rfind('\0', at);
    const std::string_view text = bytes.substr(before == std::string_view::npos ? 0 : before + 1,
                                               at + end.size() - (before == std::string_view::npos ? 0 : before + 1));
    if (text.starts_with('/')) return std::string(text);
  }
  return "";
}

}  // namespace

std::optional<std::vector<std::string>> Config::names(const std::string& directory) {
  const auto all = library_.text(directory + "/");
  if (!all) return std::nullopt;
  std::vector<std::string> out;
  for (const std::string_view each : base::split(*all, '\0'))
    if (!each.empty()) out.emplace_back(each);
  return out;
}

const Named& Config::name_services() {
  if (name_services_) return *name_services_;
  constexpr const char* kPath = "/etc/nsswitch.conf";
  const auto text = library_.text(kPath);
  name_services_ = text ? scan::name_services(kPath, *text) : Named{{}, {{kPath, text.error().message}}};
  return *name_services_;
}

// True if it is there.
bool Config::gconv_file(Named& out, const std::string& path, const std::string& directory) {
  const auto text = library_.text(path);
  if (!text) return false;
  add(out, gconv_modules(path, *text, directory));
  return true;
}

// The cache is used where it is there, the other files otherwise, or where it is of another version: all count.
const Named& Config::gconv(const Module& c_library) {
  const auto [at, fresh] = gconv_.try_emplace(c_library.path);
  Named& out = at->second;
  if (!fresh) return out;
  const std::string cache = text_ending(c_library, "/gconv-modules.cache");
  const std::string directory = cache.substr(0, cache.rfind('/'));
  if (cache.empty()) {
    out.problems.push_back({c_library.path, "where it has its gconv-modules is not found"});
    return out;
  }
  bool any = gconv_file(out, directory + "/gconv-modules", directory);
  const std::string more = directory + "/gconv-modules.d";
  for (const std::string& each : names(more).value_or(std::vector<std::string>()))
    if (each.ends_with(".conf")) any = gconv_file(out, fmt::format("{}/{}", more, each), directory) || any;
  if (const auto bytes = library_.text(cache)) {
    add(out, gconv_cache(cache, *bytes));
    any = true;
  }
  if (!any) out.problems.push_back({directory + "/gconv-modules", "it is not there, and no cache of it"});
  settle(out);
  return out;
}

struct Config::PamFiles {
  Named& out;
  std::string directory;           // of modules
  std::set<std::string> services;  // names of files in the directories, all of which are read
  std::set<std::string> done;      // paths
};

void Config::pam_file(PamFiles& files, const std::string& path, bool with_service) {
  if (!files.done.insert(path).second) return;
  const auto problem = [&](std::string why) { files.out.problems.push_back({path, std::move(why)}); };
  if (files.done.size() > kMaxPamFiles) return problem("too many files");
  const auto text = library_.text(path);
  if (!text) return problem(text.error().message);
  std::vector<std::string> included;
  add(files.out, pam_modules(path, *text, with_service, files.directory, included));
  for (const std::string& each : included) {
    if (each.starts_with('/'))
      pam_file(files, each, false);
    else if (!files.services.contains(each))
      problem(fmt::format("what it includes, '{}', is not there", base::printable(each)));
  }
}

const Named& Config::pam(const Module& libpam) {
  if (pam_) return *pam_;
  pam_.emplace();
  std::string directory = text_ending(libpam, "/security/");
  if (directory.empty()) {
    pam_->problems.push_back({libpam.path, "where it has its modules is not found"});
    return *pam_;
  }
  directory.pop_back();
  PamFiles files{*pam_, std::move(directory), {}, {}};
  std::vector<std::string> paths;
  bool any = false;
  for (const std::string folder : {"/etc/pam.d", "/usr/lib/pam.d"}) {
    const auto services = names(folder);
    any = any || services.has_value();
    for (const std::string& each : services.value_or(std::vector<std::string>())) {
      files.services.insert(each);
      paths.push_back(fmt::format("{}/{}", folder, each));
    }
  }
  for (const std::string& each : paths) pam_file(files, each, false);
  if (!any) pam_file(files, "/etc/pam.conf", true);
  settle(*pam_);
  return *pam_;
}

}  // namespace callgate::scan
