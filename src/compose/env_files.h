// The env_file and label_file of services: they must be there and readable before anything is created.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compose/project.h"

namespace callgate::compose {

Loaded<bool> check_env_files(const Project& project, Loader& loader);

}  // namespace callgate::compose
