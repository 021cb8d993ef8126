// A Compose project in a folder of its own, and what comes of it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/io.h"
#include "compose/compose.h"

namespace callgate::compose {

// The folder is called "cw", as that of the recorded rows; texts call it /project.
class ProjectFolder {
 public:
  explicit ProjectFolder(const std::string& name);
  ProjectFolder(const ProjectFolder&) = delete;
  ProjectFolder& operator=(const ProjectFolder&) = delete;
  ~ProjectFolder() { std::filesystem::remove_all(top_); }

  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const;
  // docker compose WORDS… create, in the folder `cwd` below.
  manifest::Answer create(const std::vector<std::string>& words, const std::string& cwd = ".",
                          std::vector<std::string> environment = {});
  // docker compose with all of its words.
  manifest::Answer command(std::vector<std::string> words, const std::string& cwd = ".",
                           std::vector<std::string> environment = {});
  std::string shown(std::string text) const;  // with /project for the folder
  // The refusal of the answer: the project's, else the first container's; empty for none.
  std::string refusal(const manifest::Answer& answer) const;
  const base::Diagnostics& diagnostics() const { return diagnostics_; }

 private:
  std::string top_, path_;
  base::Diagnostics diagnostics_;
  std::vector<std::unique_ptr<manifest::Files>> files_;  // answers point into them
  manifest::Filters filters_{{}};
};

}  // namespace callgate::compose
