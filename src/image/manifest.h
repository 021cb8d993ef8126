// Which images an archive holds, by its manifests: Docker's manifest.json, or OCI's index.json and what it names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace callgate::image {

struct Listed {
  std::vector<std::string> tags;
  std::string config;               // a name in the archive
  std::vector<std::string> layers;  // likewise, from the lowest up
};

struct Configured {
  std::vector<std::string> command;
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  std::string directory = "/";
};

// `texts`: the archive's JSON files by name. Errors: invalid.
base::Result<std::vector<Listed>> listed_images(const std::map<std::string, std::string>& texts);
// The image's own configuration.
base::Result<Configured> read_configuration(const std::string& name, const std::string& text);

}  // namespace callgate::image
