// SPDX-License-Identifier: Apache-2.0
#include "unit/compose/project_folder.h"

#include <unistd.h>

namespace callgate::compose {

ProjectFolder::ProjectFolder(const std::string& name)
    : top_(std::filesystem::temp_directory_path() / ("callgate-compose-" + std::to_string(getpid()) + "-" + name)),
      path_(top_ + "/cw") {
  std::filesystem::remove_all(top_);
  std::filesystem::create_directories(path_);
}

void ProjectFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path file = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(file.parent_path());
  const auto written = base::write_file(file.string(), text);
  if (!written) std::abort();
}

manifest::Answer ProjectFolder::command(std::vector<std::string> words, const std::string& cwd,
                                        std::vector<std::string> environment) {
  auto& files = *files_.emplace_back(std::make_unique<manifest::Files>(manifest::join_path(path_, cwd)));
  environment.emplace_back("HOME=/home/user");
  container::World world{.files = files, .filters = filters_, .daemon = {}, .environment = std::move(environment)};
  manifest::Answer answer;
  diagnostics_ = {};
  resolve_command_line(words, world, answer, diagnostics_);
  return answer;
}

manifest::Answer ProjectFolder::create(const std::vector<std::string>& words, const std::string& cwd,
                                       std::vector<std::string> environment) {
  std::vector<std::string> all{"docker", "compose"};
  all.insert(all.end(), words.begin(), words.end());
  all.emplace_back("create");
  return command(std::move(all), cwd, std::move(environment));
}

std::string ProjectFolder::shown(std::string text) const {
  for (std::size_t at = text.find(path_); at != std::string::npos; at = text.find(path_, at))
    text.replace(at, path_.size(), "/project");
  return text;
}

std::string ProjectFolder::refusal(const manifest::Answer& answer) const {
  for (const manifest::Object& object : answer.objects)
    if (object.outcome == manifest::Outcome::refused) return shown(object.message);
  for (const manifest::Container& container : answer.containers)
    if (container.outcome == manifest::Outcome::refused) return shown(container.message);
  return {};
}

}  // namespace callgate::compose
