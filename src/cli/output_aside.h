// Standard output as the report's alone, while a program that was started prints, too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"

namespace callgate::cli {

// While it lives, what we and the program print goes to standard error.
class OutputAside {
 public:
  OutputAside() : saved_(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    if (saved_) dup2(STDERR_FILENO, STDOUT_FILENO);
  }
  ~OutputAside() {
    if (saved_) dup2(saved_.get(), STDOUT_FILENO);
  }
  OutputAside(const OutputAside&) = delete;
  OutputAside& operator=(const OutputAside&) = delete;

 private:
  base::UniqueFd saved_;
};

}  // namespace callgate::cli
