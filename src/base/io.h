// Files in and out. Output goes to a temporary file beside the target and is renamed over it, so a reader sees the
// old file or the whole new one, and a failed run leaves nothing behind.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace callgate::base {

// Owns a file descriptor; -1 holds none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

// No profile, manifest or filter is larger; what is larger is refused, not read.
inline constexpr std::size_t kMaxInputBytes = std::size_t{64} << 20;
// Spare bytes after every text read, for readers that load whole vectors (simdjson).
inline constexpr std::size_t kPaddingBytes = 64;

// The whole file, "-" for standard input. The string has kPaddingBytes of spare capacity.
// Errors: io, and limit for more than `max_bytes`.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes = kMaxInputBytes);

// Replaces `path` with `content` atomically; "-" writes to standard output; devices and pipes are written in place.
Result<void> write_file(const std::string& path, std::string_view content);

// The text of errno: "no such file or directory (ENOENT)"-like, thread safe.
std::string errno_text(int os_errno);

}  // namespace callgate::base
