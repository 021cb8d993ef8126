// SPDX-License-Identifier: Apache-2.0
#include "scan/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/io.h"

namespace callgate::scan {

namespace {

base::Result<Content> contents(int fd) {
  struct stat status{};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return base::fail(base::ErrorCode::io, "not a regular file");
  if (static_cast<std::uint64_t>(status.st_size) > kMaxFileBytes)
    return base::fail(base::ErrorCode::limit, fmt::format("larger than {} bytes", kMaxFileBytes));
  return Content::read(fd, static_cast<std::size_t>(status.st_size));
}

base::Result<Content> names(base::UniqueFd fd) {
  DIR* const stream = fdopendir(fd.get());
  if (stream == nullptr) return base::fail(base::ErrorCode::io, base::errno_text(errno), errno);
  fd.release();  // closedir closes it
  std::vector<std::string> all;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
  for (const dirent* e = readdir(stream); e != nullptr; e = readdir(stream))
    if (const std::string_view name = e->d_name; name != "." && name != "..") all.emplace_back(name);
  closedir(stream);
  std::sort(all.begin(), all.end());
  std::string out;
  for (const std::string& each : all) out += each + '\0';
  return out;
}

}  // namespace

Library::Read reader(std::string root) {
  return [root = std::move(root)](const std::string& path) -> base::Result<Content> {
    base::UniqueFd fd;
    // O_NONBLOCK: opening a FIFO would wait for a writer.
    constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    if (root.empty() || root == "/") {
      fd = base::UniqueFd(open(path.c_str(), kFlags));
    } else {
      const base::UniqueFd directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      open_how how{};
      how.flags = kFlags;
      how.resolve = RESOLVE_IN_ROOT;
      if (directory)
        fd = base::UniqueFd(static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    }
    if (!fd) return base::fail(base::ErrorCode::io, fmt::format("open: {}", base::errno_text(errno)), errno);
    return path.ends_with('/') ? names(std::move(fd)) : contents(fd.get());
  };
}

}  // namespace callgate::scan
