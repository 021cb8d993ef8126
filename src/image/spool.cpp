// SPDX-License-Identifier: Apache-2.0
#include "image/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace callgate::image {

namespace {

tl::unexpected<base::Error> failed(std::string_view doing) {
  const int saved = errno;
  return base::fail(base::ErrorCode::io,
                    fmt::format("cannot {} the temporary file for an image: {}", doing, base::errno_text(saved)),
                    saved);
}

}  // namespace

base::Result<Spool> Spool::create(const std::string& directory) {
  base::UniqueFd fd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600));
  if (!fd) fd = base::UniqueFd(memfd_create("callgate-image", MFD_CLOEXEC));
  if (!fd) return failed("create");
  return Spool(std::move(fd));
}

base::Result<void> Spool::append(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write");
    bytes = bytes.subspan(static_cast<std::size_t>(n));
    size_ += static_cast<std::uint64_t>(n);
  }
  return {};
}

base::Result<std::string> Spool::read(const Extent& extent) const {
  std::string out(static_cast<std::size_t>(extent.size), '\0');
  for (std::size_t have = 0; have < out.size();) {
    const ssize_t n = pread(fd_.get(), out.data() + have, out.size() - have, static_cast<off_t>(extent.offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("read");
    have += static_cast<std::size_t>(n);
  }
  return out;
}

}  // namespace callgate::image
