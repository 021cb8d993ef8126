// Many calls at once: a line `arch call [argument …]` in, a line with the action out. Built for a million lines a
// second: the input is read in blocks, words are never copied, and what was looked up last is kept.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace callgate::cli {

// A word that cannot be read: its place in the line (bytes, from 0) and what is wrong.
struct BatchError {
  std::size_t begin = 0, end = 0;
  std::string message;
};

class BatchReader {
 public:
  // Reads one line without its line break. False for a line that asks nothing (empty, or a comment), or after setting
  // `error`.
  bool read(std::string_view line, policy::Call& call, BatchError& error);

 private:
  bool read_arch(std::string_view word, BatchError& error);
  bool read_number(std::string_view word, policy::Call& call, BatchError& error) const;
  std::string arch_word_;  // as read last
  arch::AuditArch audit_ = 0;
  std::optional<arch::Arch> arch_;
};

// A line must be shorter; what has no line breaks at all is no batch.
inline constexpr std::size_t kMaxLine = std::size_t{256} * 1024;
// Calls `on_line` for each line of a file descriptor, until it returns false. False if reading failed (errno;
// EMSGSIZE for a line that is too long).
bool for_each_line(int fd, const std::function<bool(std::string_view)>& on_line);

}  // namespace callgate::cli
