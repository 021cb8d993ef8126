// The only way in which manifests make callgate open further files. A path comes out of a file that somebody else may
// have written, so it is opened beneath a stated root or not at all: no symbolic link leads out, only regular files are
// read (never a FIFO, a device or /proc), and only so many bytes. Read once, kept, so spans can point into them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/source.h"

namespace callgate::manifest {

// Why a file could not be had, told apart because engines answer each in their own words.
enum class Missing : std::uint8_t { absent, is_directory, no_permission, not_regular, outside, too_large, unreadable };

struct OpenFailure {
  Missing why = Missing::absent;
  int os_errno = 0;
  std::string message;  // "open nope.json: no such file or directory", as Go words it
};

class Files {
 public:
  // `working_directory`: what relative paths of command lines start from; must be absolute.
  explicit Files(std::string working_directory, int standard_input = 0)
      : working_directory_(std::move(working_directory)), standard_input_(standard_input) {}
  Files(const Files&) = delete;

  const std::string& working_directory() const { return working_directory_; }
  // A file that the user named, or that the user's own project names: any regular file, links followed.
  // `shown`: how it is called in messages and spans.
  tl::expected<const base::SourceFile*, OpenFailure> open(const std::string& path, const std::string& shown);
  // `relative` beneath `root`: openat2(RESOLVE_BENEATH); a link or ".." that leads out is Missing::outside.
  tl::expected<const base::SourceFile*, OpenFailure> open_beneath(const std::string& root, std::string_view relative,
                                                                  const std::string& shown);
  // "<stdin>": whatever it is, read once.
  tl::expected<const base::SourceFile*, OpenFailure> standard_input();
  // From now on `path`, as a user would name it ("-" for standard input), holds this text: what is on the disk does not
  // count. For what has been read already, and for what is yet to be written.
  void provide(const std::string& path, std::string text);
  // A text that came from no file.
  const base::SourceFile& keep(std::string name, std::string text);

 private:
  tl::expected<const base::SourceFile*, OpenFailure> remember(const std::string& key, int fd, const std::string& shown);
  std::string working_directory_;
  int standard_input_;
  std::deque<base::SourceFile> files_;
  std::map<std::string, const base::SourceFile*> by_path_;
  std::map<std::string, std::string> provided_;  // by the whole path
};

// The names in a directory, in order; nothing if it is none.
std::optional<std::vector<std::string>> names_in(const std::string& directory);
// That file, or the drop-ins of that directory by name, hidden ones left out.
std::vector<std::string> files_at(const std::string& path);

// lexical: "a/./b//../c" is "a/c"; "." for nothing. Go's filepath.Clean.
std::string clean_path(std::string_view path);
// `path` where it is absolute, else below `base`; cleaned.
std::string join_path(std::string_view base, std::string_view path);

}  // namespace callgate::manifest
