// A directory in which the analysis keeps what it has found, so that it need not be found again. What is read from it
// is what was written by the same analyser for the same content, or nothing: an entry that is cut short, altered,
// another's, or open to others is as good as none. Any number of processes may use one directory at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "base/io.h"
#include "base/result.h"
#include "scan/digest.h"

namespace callgate::scan {

class Cache {
 public:
  // All entries together; the least recently used go first.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{512} << 20;

  // Makes the directory (not those above its parent) if it is not there. Errors: io; invalid: it, or the key in it, is
  // not ours alone to write.
  static base::Result<std::unique_ptr<Cache>> open(const std::string& directory);
  // $XDG_CACHE_HOME/callgate or ~/.cache/callgate; empty if neither is set.
  static std::string default_directory();

  // For a name in the cache: of what (a kind of entry) and by what it was made. Changes with the analyser's code.
  Digest name_of(std::string_view kind, std::string_view made_of) const;
  // Of a file's content.
  Digest content(std::string_view bytes) const { return digester_.of("content", bytes); }
  std::optional<std::string> find(const Digest& name) const;
  // Whether it succeeds does not matter.
  void keep(const Digest& name, std::string_view entry) const;
  // Down to `max_bytes`, if anything was kept through this object.
  void prune(std::uint64_t max_bytes = kMaxBytes) const;

 private:
  Cache(base::UniqueFd directory, const Digest& secret) : directory_(std::move(directory)), digester_(secret) {}
  base::UniqueFd directory_;
  Digester digester_;
  mutable std::atomic<std::uint64_t> kept_{0};
};

// Tells this analyser from others: a hash over its source.
std::string_view analyser_version();

}  // namespace callgate::scan
