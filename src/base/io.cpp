// SPDX-License-Identifier: Apache-2.0
#include "base/io.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace callgate::base {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

std::string errno_text(int os_errno) {
  std::array<char, 128> buffer{};
  std::string text = ::strerror_r(os_errno, buffer.data(), buffer.size());  // GNU: returns the text
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  const char* name = ::strerrorname_np(os_errno);
  return name != nullptr ? fmt::format("{} ({})", text, name) : text;
}

namespace {

tl::unexpected<Error> os_failure(std::string_view doing, const std::string& path) {
  const int saved = errno;
  return fail(ErrorCode::io, fmt::format("cannot {} '{}': {}", doing, path, errno_text(saved)), saved);
}

Result<std::string> read_all(int fd, const std::string& path, std::size_t max_bytes) {
  struct stat status{};
  std::size_t guess = std::size_t{1} << 14;
  if (::fstat(fd, &status) == 0) {
    if (S_ISDIR(status.st_mode)) return fail(ErrorCode::io, fmt::format("'{}' is a directory", path), EISDIR);
    if (S_ISREG(status.st_mode)) guess = static_cast<std::size_t>(status.st_size) + 1;
  }
  std::string text;
  std::size_t size = 0;
  guess = std::min(guess, max_bytes + 1);
  text.reserve(guess + kPaddingBytes);
  for (;;) {
    if (size > max_bytes)
      return fail(ErrorCode::limit,
                  fmt::format("'{}' is larger than {} bytes, the most that is read", path, max_bytes));
    const std::size_t want = std::max<std::size_t>(guess > size ? guess - size : 0, 1 << 12);
    text.resize(size + want);
    const ssize_t got = ::read(fd, text.data() + size, want);
    if (got < 0) {
      if (errno == EINTR) continue;
      return os_failure("read", path);
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  if (text.capacity() < size + kPaddingBytes) text.reserve(size + kPaddingBytes);
  return text;
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0) {
      if (errno == EINTR) continue;
      return os_failure("write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> replace_file(const std::string& target, std::string_view content, mode_t mode) {
  std::string temporary = target + ".XXXXXX";
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return os_failure("create a temporary file beside", target);
  Result<void> written = write_all(fd.get(), content, temporary);
  if (written && (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0)) written = os_failure("write", temporary);
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) written = os_failure("replace", target);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", max_bytes);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return os_failure("open", path);
  return read_all(fd.get(), path, max_bytes);
}

Result<void> write_file(const std::string& path, std::string_view content) {
  if (path == "-") return write_all(STDOUT_FILENO, content, "standard output");
  struct stat status{};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode)) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return os_failure("open", path);
    return write_all(fd.get(), content, path);
  }
  mode_t mode = status.st_mode & 07777;
  if (!exists) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    mode = 0666 & ~mask;
    return replace_file(path, content, mode);
  }
  // Through a symbolic link the file it names is replaced, not the link.
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return os_failure("resolve", path);
  const std::string target = resolved;
  std::free(resolved);
  return replace_file(target, content, mode);
}

}  // namespace callgate::base
