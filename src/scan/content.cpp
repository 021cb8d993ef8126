// SPDX-License-Identifier: Apache-2.0
#include "scan/content.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/io.h"

namespace callgate::scan {

namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPiece = std::size_t{1} << 20;
// Of smaller files it is not worth while.
constexpr std::size_t kLarge = std::size_t{16} << 20;

bool is_zero(const char* from, std::size_t size) {
  return size == 0 || (*from == 0 && std::memcmp(from, from + 1, size - 1) == 0);
}

// Hands over pieces, each with its place, until `size` bytes are there or the file ends.
template <class F>
base::Result<std::size_t> pieces(int fd, char* into, std::size_t piece, std::size_t size, F&& take) {
  std::size_t have = 0;
  while (have < size) {
    // Holes are left out, where the file system knows them; the last ends the file.
    if (const off_t data = lseek(fd, static_cast<off_t>(have), SEEK_DATA); data >= 0)
      have = static_cast<std::size_t>(data);
    else if (errno == ENXIO)
      return std::min(size, static_cast<std::size_t>(std::max<off_t>(0, lseek(fd, 0, SEEK_END))));
    if (have >= size) return size;
    const ssize_t n = pread(fd, into, std::min(piece, size - have), static_cast<off_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::ErrorCode::io, fmt::format("read: {}", base::errno_text(errno)), errno);
    if (n == 0) break;
    take(have, static_cast<std::size_t>(n));
    have += static_cast<std::size_t>(n);
  }
  return have;
}

}  // namespace

Content::Content(std::string text) {
  auto kept = std::make_shared<const std::string>(std::move(text));
  view_ = *kept;
  resident_ = kept->size();
  owner_ = std::move(kept);
}

base::Result<Content> Content::read(int fd, std::size_t size) {
  if (size < kLarge) {
    std::string text;
    std::vector<char> buffer(std::min(size, kPiece));
    text.reserve(size);
    CALLGATE_TRY(const std::size_t have,
                 pieces(fd, buffer.data(), buffer.size(), size, [&](std::size_t at, std::size_t n) {
                   text.resize(at);
                   text.append(buffer.data(), n);
                 }));
    text.resize(have);
    return Content(std::move(text));
  }
  void* const area = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (area == MAP_FAILED) return base::fail(base::ErrorCode::limit, fmt::format("no memory for {} bytes", size), errno);
  // Else a page that is only read may become a huge one, of zeros that take up memory.
  static_cast<void>(madvise(area, size, MADV_NOHUGEPAGE));
  Content out;
  out.owner_ = std::shared_ptr<void>(area, [size](void* p) { munmap(p, size); });
  std::vector<char> buffer(kPiece);
  CALLGATE_TRY(const std::size_t have, pieces(fd, buffer.data(), kPiece, size, [&](std::size_t at, std::size_t n) {
                 for (std::size_t i = 0; i < n; i += kPage) {
                   const std::size_t page = std::min(kPage, n - i);
                   if (is_zero(buffer.data() + i, page)) continue;
                   std::memcpy(static_cast<char*>(area) + at + i, buffer.data() + i, page);
                   out.resident_ += page;
                 }
               }));
  static_cast<void>(mprotect(area, size, PROT_READ));
  out.view_ = std::string_view(static_cast<const char*>(area), have);
  return out;
}

}  // namespace callgate::scan
