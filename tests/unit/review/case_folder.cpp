// SPDX-License-Identifier: Apache-2.0
#include "unit/review/case_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/io.h"

namespace callgate::review {

struct CaseFolder::World {
  explicit World(const std::string& top) : files(top), filters({arch::Arch::x86_64, {6, 18}}), world{files, filters} {}
  manifest::Files files;
  manifest::Filters filters;
  container::World world;
};

std::string pod(std::string_view spec, std::string_view container) {
  std::string out = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n";
  out.append(spec).append("  containers:\n  - name: a\n    image: i\n").append(container);
  return out;
}

std::string service(std::string_view lines) {
  return std::string("services:\n  a:\n    image: i\n").append(lines);
}

CaseFolder::CaseFolder() : top_((std::filesystem::temp_directory_path() / "callgate-review-XXXXXX").string()) {
  if (mkdtemp(top_.data()) == nullptr) std::abort();
}

CaseFolder::~CaseFolder() {
  std::filesystem::remove_all(top_);
}

void CaseFolder::write(const std::string& name, const std::string& text) const {
  std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << text;
}

container::World& CaseFolder::world() {
  return worlds_.emplace_back(std::make_unique<World>(top_))->world;
}

const std::vector<lint::Report>& CaseFolder::review(const std::vector<std::string>& names) {
  diagnostics = {};
  reports_ = judge_paths(names, options, world(), diagnostics).reports;
  return reports_;
}

const std::vector<lint::Report>& CaseFolder::review_words(const std::vector<std::string>& words) {
  diagnostics = {};
  reports_ = review_command(words, options, world(), diagnostics).value_or(std::vector<lint::Report>());
  return reports_;
}

std::vector<const lint::Finding*> CaseFolder::of(std::string_view rule) const {
  std::vector<const lint::Finding*> out;
  for (const lint::Report& report : reports_)
    for (const lint::Finding& each : report.findings)
      if (each.rule->id == rule) out.push_back(&each);
  return out;
}

const lint::Finding* CaseFolder::only(std::string_view rule) const {
  const auto found = of(rule);
  return found.size() == 1 ? found.front() : nullptr;
}

const std::vector<MendedFile>& CaseFolder::mend(const std::vector<std::string>& names) {
  diagnostics = {};
  mended_ = mend_paths(names, options, world(), diagnostics).value_or(Mended());
  return mended_.files;
}

std::string CaseFolder::mended(const std::string& name) {
  for (const MendedFile& each : mend({name}))
    if (each.name == name) return each.after;
  return base::read_file(path(name)).value_or("");
}

}  // namespace callgate::review
