// A tree of files as processes see it whose root it is: absolute links and ".." stay inside. A directory of this
// machine (host_tree.h) or an image that was never unpacked (image/). SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scan/content.h"

namespace callgate::fleet {

// Why a file, or a directory with all below it, was not looked at.
enum class SkipReason : std::uint8_t {
  unreadable,
  device,
  pipe,
  socket,
  loop,      // a symbolic link that leads to itself
  foreign,   // a program of another machine
  kernel,    // a file system that the kernel makes up (proc, sysfs …)
  refused,   // an image's entry that no engine would unpack
  too_deep,  // below more directories than any sane tree has
};
std::string_view name(SkipReason reason);

struct Skipped {
  std::string path;
  SkipReason reason = SkipReason::unreadable;
  std::string why;  // "permission denied (EACCES)", "aarch64"
};

struct Inventory {
  struct Program {
    std::string path;
    std::vector<std::string> other_names;  // hard links
  };
  std::vector<Program> programs;                 // by path
  std::map<std::string, std::uint64_t> scripts;  // what they name as their interpreter, and how many of them do
  std::vector<Skipped> skipped;
  std::uint64_t directories = 0, files = 0, links = 0, dangling = 0;
};

class Tree {
 public:
  virtual ~Tree() = default;
  // The content of a regular file; of a path that ends in a slash, the names in a directory (as scan::Library::Read).
  // Errors: io, and limit for a larger one than scan::kMaxFileBytes.
  virtual base::Result<scan::Content> read(const std::string& path) const = 0;
  // The path without symbolic links; empty if nothing is there.
  virtual std::string real(const std::string& path) const = 0;
  // Changes whenever the file does; 0 if it is not there.
  virtual std::uint64_t stamp(const std::string& path) const = 0;
  // The names in a directory, sorted; none if it cannot be read.
  virtual std::vector<std::string> names(const std::string& directory) const = 0;
  // Every program: regular files that somebody may execute. Symbolic links are other ways to them and not followed.
  // `seen` is called now and then with the number of files so far.
  virtual Inventory inventory(const std::function<void(std::uint64_t files)>& seen) const = 0;
};

// Errors: io for what is no directory.
base::Result<std::unique_ptr<Tree>> open_directory(const std::string& root);

}  // namespace callgate::fleet
