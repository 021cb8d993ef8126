// Tar archives as a stream of entries: by libarchive, loaded when it is needed. The bytes may be compressed (gzip,
// zstd, xz, bzip2). Nothing is ever written by the names that stand in an archive. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/result.h"

namespace callgate::image {

enum class EntryType : std::uint8_t { file, directory, symbolic_link, hard_link, device, pipe, other };

struct Header {
  std::string path;  // as it stands there
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;         // permission bits
  std::uint64_t size = 0;         // of a file
  std::uint64_t stored_size = 0;  // what of it stands in the archive: less for a sparse file
  std::string link;               // where a link leads
};

// The bytes of an archive, or of an entry, one piece after another; an empty piece is the end.
using Pieces = std::function<base::Result<std::span<const std::uint8_t>>()>;

// One entry's content. Not to be kept beyond the visit.
class Content {
 public:
  virtual ~Content() = default;
  // Up to `into`'s size of what follows; fewer at the end. Holes read as zeros.
  virtual base::Result<std::size_t> read(std::span<std::uint8_t> into) = 0;
};

using Visit = std::function<base::Result<void>(const Header& header, Content& content)>;

// Visits the entries in their order until `visit` fails. Errors: its own; invalid for what is no archive, or a damaged
// one; unsupported where libarchive is not there.
base::Result<void> read_archive(const Pieces& pieces, const Visit& visit);

}  // namespace callgate::image
