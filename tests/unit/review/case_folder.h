// Files in a folder of their own, and what lint finds in them. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "review/mend.h"
#include "review/review.h"

namespace callgate::review {

// A Pod of one container 'a', with further lines in its spec, and in its container.
std::string pod(std::string_view spec = {}, std::string_view container = {});
// A Compose project of one service 'a' with further lines.
std::string service(std::string_view lines);

class CaseFolder {
 public:
  CaseFolder();
  CaseFolder(const CaseFolder&) = delete;
  CaseFolder& operator=(const CaseFolder&) = delete;
  ~CaseFolder();

  Options options;
  void write(const std::string& name, const std::string& text) const;
  std::string path(const std::string& name) const { return top_ + "/" + name; }
  // Everything anew: files are read again. The world lives until the folder goes.
  container::World& world();
  const std::vector<lint::Report>& review(const std::vector<std::string>& names);
  const std::vector<lint::Report>& review_words(const std::vector<std::string>& words);
  // The findings of that rule, suppressed or not.
  std::vector<const lint::Finding*> of(std::string_view rule) const;
  const lint::Finding* only(std::string_view rule) const;  // null if there is not exactly one
  // The file's text after mending; what it was where nothing is mended.
  std::string mended(const std::string& name);
  const std::vector<MendedFile>& mend(const std::vector<std::string>& names);
  std::size_t looks() const { return mended_.looks; }  // of the last mending
  base::Diagnostics diagnostics;

 private:
  struct World;
  std::string top_;
  std::deque<std::unique_ptr<World>> worlds_;
  std::vector<lint::Report> reports_;
  Mended mended_;
};

}  // namespace callgate::review
