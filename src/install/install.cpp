// SPDX-License-Identifier: Apache-2.0
#include "install/install.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/io.h"
#include "base/text.h"

namespace callgate::install {

namespace {

using base::ErrorCode;
using base::Result;
using base::UniqueFd;

constexpr mode_t kFileMode = 0644, kDirectoryMode = 0755;
constexpr std::size_t kLongestPart = 200;  // NAME_MAX is 255, and temporary names are longer

tl::unexpected<base::Error> failed(std::string_view step, std::string_view path, long minus_errno) {
  const int number = static_cast<int>(-minus_errno);
  if (number == ELOOP)
    return base::fail(ErrorCode::io, fmt::format("'{}': a symbolic link is not followed", path), number);
  return base::fail(ErrorCode::io, fmt::format("cannot {} '{}': {}", step, path, base::errno_text(number)), number);
}

// Reads until the end; minus errno in `failure`.
std::optional<std::string> read_all(int fd, const Steps& steps, long& failure) {
  std::string text;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t got = steps.read(fd, part.data(), part.size());
    if (got < 0 || text.size() > base::kMaxInputBytes) {
      failure = got < 0 ? got : -EFBIG;
      return std::nullopt;
    }
    if (got == 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

// A file beneath the root, by its directory and its last part.
class Target {
 public:
  Target(const Place& place, std::string_view name, const Steps& steps)
      : place_(place), path_(fmt::format("{}/{}", place.root, name)), steps_(steps) {
    for (const std::string_view part : base::split(name, '/')) parts_.emplace_back(part);
  }

  const std::string& path() const { return path_; }
  // Opens the directory that holds the file, making it if `make`. False where it is absent and not to be made.
  Result<bool> enter(bool make);
  // The text that is there now; nothing if none is. `right`: whether mode and owner are as wanted.
  Result<std::optional<std::string>> current(bool& right) const;
  Result<void> write(std::string_view text);
  Result<void> remove();

 private:
  Result<int> enter_part(const char* part, const std::string& shown, bool make);
  Result<void> fill(int fd, std::string_view text) const;
  Result<void> check(const char* temporary, std::string_view text) const;
  Result<void> sync_directory() const;
  const char* leaf() const { return parts_.back().c_str(); }
  int directory() const { return directory_.get(); }

  const Place& place_;
  std::string path_;
  const Steps& steps_;
  std::vector<std::string> parts_;
  UniqueFd directory_;
};

// The directory's descriptor; -1 where it is absent and not to be made.
Result<int> Target::enter_part(const char* part, const std::string& shown, bool make) {
  const int there = steps_.open_beneath(directory(), part, O_RDONLY | O_DIRECTORY, 0);
  if (there >= 0) return there;
  if (there != -ENOENT) return failed("open", shown, there);
  if (!make) return -1;
  const int made = steps_.make_directory(directory(), part, kDirectoryMode);
  if (made < 0 && made != -EEXIST) return failed("make", shown, made);
  UniqueFd fresh(steps_.open_beneath(directory(), part, O_RDONLY | O_DIRECTORY, 0));
  if (fresh.get() < 0) return failed("open", shown, fresh.get());
  // The umask may have taken rights away that the kubelet needs.
  if (const int done = steps_.set_mode(fresh.get(), kDirectoryMode); done < 0)
    return failed("set the mode of", shown, done);
  CALLGATE_CHECK(sync_directory());
  return fresh.release();
}

Result<bool> Target::enter(bool make) {
  directory_ = UniqueFd(steps_.open_root(place_.root.c_str()));
  if (directory() < 0) return failed("open", place_.root, directory());
  std::string shown = place_.root;
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    shown += "/" + parts_[i];
    CALLGATE_TRY(const int fd, enter_part(parts_[i].c_str(), shown, make));
    if (fd < 0) return false;
    directory_ = UniqueFd(fd);
  }
  return true;
}

Result<std::optional<std::string>> Target::current(bool& right) const {
  right = false;
  const UniqueFd fd(steps_.open_beneath(directory(), leaf(), O_RDONLY | O_NONBLOCK, 0));
  if (fd.get() == -ENOENT) return std::optional<std::string>();
  if (fd.get() < 0) return failed("open", path_, fd.get());
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return failed("look at", path_, -errno);
  if (!S_ISREG(status.st_mode)) return base::fail(ErrorCode::io, fmt::format("'{}' is no regular file", path_));
  right = (status.st_mode & 07777) == kFileMode &&
          (!place_.may_own || (status.st_uid == place_.owner && status.st_gid == place_.group));
  long failure = 0;
  auto text = read_all(fd.get(), steps_, failure);
  if (!text) return failed("read", path_, failure);
  return text;
}

Result<void> Target::fill(int fd, std::string_view text) const {
  while (!text.empty()) {
    const ssize_t written = steps_.write(fd, text.data(), text.size());
    if (written < 0) return failed("write", path_, written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (place_.may_own)
    if (const int done = steps_.set_owner(fd, place_.owner, place_.group); done < 0)
      return failed("set the owner of", path_, done);
  if (const int done = steps_.set_mode(fd, kFileMode); done < 0) return failed("set the mode of", path_, done);
  if (const int done = steps_.sync(fd); done < 0) return failed("sync", path_, done);
  return {};
}

Result<void> Target::check(const char* temporary, std::string_view text) const {
  const UniqueFd fd(steps_.open_beneath(directory(), temporary, O_RDONLY, 0));
  if (fd.get() < 0) return failed("read back", path_, fd.get());
  long failure = 0;
  const auto got = read_all(fd.get(), steps_, failure);
  if (!got) return failed("read back", path_, failure);
  if (*got != text) return base::fail(ErrorCode::io, fmt::format("'{}' does not read back as it was written", path_));
  return {};
}

Result<void> Target::sync_directory() const {
  if (const int done = steps_.sync(directory()); done < 0) return failed("sync the directory of", path_, done);
  return {};
}

Result<void> Target::write(std::string_view text) {
  const std::string temporary = fmt::format(".{}.callgate-{}", leaf(), ::getpid());
  const auto open_new = [&] {
    return steps_.open_beneath(directory(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  };
  int opened = open_new();
  if (opened == -EEXIST) {  // left behind by a killed process of the same number
    steps_.unlink(directory(), temporary.c_str());
    opened = open_new();
  }
  if (opened < 0) return failed("make a file beside", path_, opened);
  const UniqueFd fd(opened);
  auto done = fill(opened, text);
  if (done) done = check(temporary.c_str(), text);
  if (done)
    if (const int renamed = steps_.rename(directory(), temporary.c_str(), leaf()); renamed < 0)
      done = failed("put in place", path_, renamed);
  if (done) return sync_directory();
  steps_.unlink(directory(), temporary.c_str());
  return done;
}

Result<void> Target::remove() {
  if (const int done = steps_.unlink(directory(), leaf()); done < 0) return failed("remove", path_, done);
  return sync_directory();
}

}  // namespace

std::string_view name(Done done) {
  constexpr std::array<std::string_view, 5> kNames{"installed", "replaced", "unchanged", "removed", "absent"};
  return kNames[static_cast<std::size_t>(done)];
}

Result<void> check_name(std::string_view name) {
  const auto wrong = [&](std::string_view why) {
    return base::fail(ErrorCode::invalid, fmt::format("'{}' is no name for a profile: {}", base::printable(name), why));
  };
  if (name.empty()) return wrong("it is empty");
  if (name.starts_with('/')) return wrong("it must be a path below the root");
  if (std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\'; }))
    return wrong("it holds a control character or a backslash");
  for (const std::string_view part : base::split(name, '/')) {
    if (part.empty() || part == ".") return wrong("it has an empty part");
    if (part == "..") return wrong("'..' leads out of the root");
    if (part.size() > kLongestPart) return wrong(fmt::format("a part is longer than {} bytes", kLongestPart));
  }
  return {};
}

Result<Done> put(const Place& place, std::string_view name, std::string_view text, const Steps& steps) {
  CALLGATE_CHECK(check_name(name));
  Target target(place, name, steps);
  CALLGATE_TRY(const bool there, target.enter(!place.dry_run));
  if (!there) return Done::installed;  // a dry run: its directory would be made, too
  bool right = false;
  CALLGATE_TRY(const auto current, target.current(right));
  if (current == text && right) return Done::unchanged;
  if (!place.dry_run) CALLGATE_CHECK(target.write(text));
  return current ? Done::replaced : Done::installed;
}

Result<Done> remove(const Place& place, std::string_view name, const Steps& steps) {
  CALLGATE_CHECK(check_name(name));
  Target target(place, name, steps);
  CALLGATE_TRY(const bool there, target.enter(false));
  if (!there) return Done::absent;
  bool right = false;
  CALLGATE_TRY(const auto current, target.current(right));
  if (!current) return Done::absent;
  if (!place.dry_run) CALLGATE_CHECK(target.remove());
  return Done::removed;
}

Result<std::string> read_back(const Place& place, std::string_view name, const Steps& steps) {
  CALLGATE_CHECK(check_name(name));
  Target target(place, name, steps);
  CALLGATE_TRY(const bool there, target.enter(false));
  bool right = false;
  if (there) {
    CALLGATE_TRY(auto current, target.current(right));
    if (current) return std::move(*current);
  }
  return base::fail(ErrorCode::io, fmt::format("'{}' is not there", target.path()));
}

}  // namespace callgate::install
