// SPDX-License-Identifier: Apache-2.0
#include "manifest/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/io.h"
#include "base/text.h"

namespace callgate::manifest {

namespace {

// As Go's syscall package words what opening a file mostly fails with; engines' messages end with it.
std::string_view go_words(int os_errno) {
  switch (os_errno) {
    case ENOENT:
      return "no such file or directory";
    case EACCES:
      return "permission denied";
    case ENOTDIR:
      return "not a directory";
    case EISDIR:
      return "is a directory";
    case ELOOP:
      return "too many levels of symbolic links";
    case ENAMETOOLONG:
      return "file name too long";
    case EINVAL:
      return "invalid argument";
    default:
      return {};
  }
}

std::string wording(std::string_view verb, const std::string& shown, int os_errno) {
  const std::string_view words = go_words(os_errno);
  return fmt::format("{} {}: {}", verb, shown, words.empty() ? base::errno_text(os_errno) : std::string(words));
}

OpenFailure failed_to_open(const std::string& shown, int os_errno) {
  Missing why = Missing::unreadable;
  if (os_errno == ENOENT || os_errno == ENOTDIR) why = Missing::absent;
  if (os_errno == EACCES || os_errno == EPERM) why = Missing::no_permission;
  return {why, os_errno, wording("open", shown, os_errno)};
}

// A regular file of a file system that holds files: what /proc and /sys call regular is made up as it is read.
std::optional<OpenFailure> refuse(int fd, const std::string& shown) {
  struct stat status{};
  struct statfs system{};
  if (fstat(fd, &status) != 0 || fstatfs(fd, &system) != 0)
    return OpenFailure{Missing::unreadable, errno, wording("stat", shown, errno)};
  if (S_ISDIR(status.st_mode)) return OpenFailure{Missing::is_directory, EISDIR, wording("read", shown, EISDIR)};
  constexpr std::array kMadeUp{PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC};
  const bool made_up = std::any_of(kMadeUp.begin(), kMadeUp.end(), [&](auto magic) { return system.f_type == magic; });
  if (!S_ISREG(status.st_mode) || made_up)
    return OpenFailure{Missing::not_regular, 0, fmt::format("{} is no regular file", shown)};
  if (static_cast<std::uint64_t>(status.st_size) > base::kMaxInputBytes)
    return OpenFailure{
        Missing::too_large, 0,
        fmt::format("{} has {} bytes; at most {} are read", shown, status.st_size, base::kMaxInputBytes)};
  return std::nullopt;
}

// The text with spare bytes behind it; errno in `os_errno` if reading fails.
std::optional<std::string> read_all(int fd, int& os_errno) {
  std::string text;
  std::array<char, 65536> part;
  for (;;) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || text.size() > base::kMaxInputBytes) {
      os_errno = got < 0 ? errno : EFBIG;
      return std::nullopt;
    }
    if (got == 0) break;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  text.reserve(text.size() + base::kPaddingBytes);
  return text;
}

}  // namespace

tl::expected<const base::SourceFile*, OpenFailure> Files::remember(const std::string& key, int fd,
                                                                   const std::string& shown) {
  const base::UniqueFd owned(fd);
  if (auto refused = refuse(owned.get(), shown)) return tl::unexpected(std::move(*refused));
  int os_errno = 0;
  auto text = read_all(owned.get(), os_errno);
  if (!text) return tl::unexpected(OpenFailure{Missing::unreadable, os_errno, wording("read", shown, os_errno)});
  const base::SourceFile& file = files_.emplace_back(shown, std::move(*text));
  by_path_.emplace(key, &file);
  return &file;
}

tl::expected<const base::SourceFile*, OpenFailure> Files::standard_input() {
  if (const auto known = by_path_.find("-"); known != by_path_.end()) return known->second;
  int os_errno = 0;
  auto text = read_all(standard_input_, os_errno);
  if (!text) return tl::unexpected(OpenFailure{Missing::unreadable, os_errno, wording("read", "<stdin>", os_errno)});
  return by_path_.emplace("-", &files_.emplace_back("<stdin>", std::move(*text))).first->second;
}

tl::expected<const base::SourceFile*, OpenFailure> Files::open(const std::string& path, const std::string& shown) {
  if (path.empty()) return tl::unexpected(failed_to_open(shown, ENOENT));
  const std::string whole = join_path(working_directory_, path);
  const std::string key = whole + '\n' + shown;
  if (const auto known = by_path_.find(key); known != by_path_.end()) return known->second;
  if (const auto given = provided_.find(whole); given != provided_.end())
    return by_path_.emplace(key, &keep(shown, given->second)).first->second;
  if (path.find('\0') != std::string::npos) return tl::unexpected(failed_to_open(shown, EINVAL));
  // Not blocking: a FIFO without a writer must not hold callgate up.
  const int fd = ::open(whole.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return tl::unexpected(failed_to_open(shown, errno));
  return remember(key, fd, shown);
}

tl::expected<const base::SourceFile*, OpenFailure> Files::open_beneath(const std::string& root,
                                                                       std::string_view relative,
                                                                       const std::string& shown) {
  const std::string whole = join_path(working_directory_, root);
  const std::string key = whole + '\n' + std::string(relative) + '\n' + shown;
  if (const auto known = by_path_.find(key); known != by_path_.end()) return known->second;
  if (relative.find('\0') != std::string_view::npos) return tl::unexpected(failed_to_open(shown, EINVAL));
  const base::UniqueFd directory(::open(whole.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return tl::unexpected(failed_to_open(whole, errno));
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const std::string path(relative.empty() ? "." : relative);
  const auto fd = static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how));
  if (fd < 0 && errno == EXDEV)
    return tl::unexpected(OpenFailure{Missing::outside, EXDEV, fmt::format("{} lies outside of {}", shown, whole)});
  if (fd < 0) return tl::unexpected(failed_to_open(shown, errno));
  return remember(key, fd, shown);
}

void Files::provide(const std::string& path, std::string text) {
  if (path == "-") {
    by_path_.insert_or_assign(path, &keep("<stdin>", std::move(text)));
    return;
  }
  const std::string whole = join_path(working_directory_, path);
  // Whatever the file has been called so far.
  const std::string prefix = whole + '\n';
  const auto first = by_path_.lower_bound(prefix);
  auto last = first;
  while (last != by_path_.end() && last->first.starts_with(prefix)) ++last;
  by_path_.erase(first, last);
  provided_.insert_or_assign(whole, std::move(text));
}

const base::SourceFile& Files::keep(std::string name, std::string text) {
  text.reserve(text.size() + base::kPaddingBytes);
  return files_.emplace_back(std::move(name), std::move(text));
}

std::string clean_path(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string_view> kept;
  for (const std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(part);
    } else if (!kept.empty() && kept.back() != "..") {
      kept.pop_back();
    } else if (!rooted) {
      kept.push_back(part);
    }
  }
  std::string out = rooted ? "/" : "";
  for (std::size_t i = 0; i < kept.size(); ++i) out.append(i == 0 ? "" : "/").append(kept[i]);
  return out.empty() ? "." : out;
}

std::string join_path(std::string_view base, std::string_view path) {
  return path.starts_with('/') ? clean_path(path) : clean_path(fmt::format("{}/{}", base, path));
}

std::optional<std::vector<std::string>> names_in(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  if (error) return std::nullopt;
  std::vector<std::string> out;
  for (; at != std::filesystem::directory_iterator() && !error; at.increment(error))
    out.push_back(at->path().filename().string());
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> files_at(const std::string& path) {
  const auto names = names_in(path);
  if (!names) return {path};
  std::vector<std::string> out;
  for (const std::string& each : *names)
    if (!each.starts_with('.')) out.push_back(fmt::format("{}/{}", path, each));
  return out;
}

}  // namespace callgate::manifest
