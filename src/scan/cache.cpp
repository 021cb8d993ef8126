// SPDX-License-Identifier: Apache-2.0
#include "scan/cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "scan/analyser_version.h"

namespace callgate::scan {

namespace {

constexpr std::string_view kKeyName = "key";
constexpr std::string_view kUnfinished = "new-";
constexpr std::uint64_t kMaxEntryBytes = std::uint64_t{256} << 20;
// A file that was begun so long ago belongs to a process that was killed.
constexpr std::int64_t kUnfinishedSeconds = 3600;
// How exactly the last use is told.
constexpr std::int64_t kUseSeconds = 3600;

bool is_ours(const struct stat& s) {
  return s.st_uid == geteuid() && (s.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

base::UniqueFd open_at(int directory, const std::string& name, int flags, mode_t mode = 0) {
  return base::UniqueFd(openat(directory, name.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode));
}

std::optional<std::string> read_ours(int directory, const std::string& name, std::uint64_t most) {
  const base::UniqueFd fd = open_at(directory, name, O_RDONLY);
  struct stat s{};
  if (!fd || fstat(fd.get(), &s) != 0 || !S_ISREG(s.st_mode) || !is_ours(s)) return std::nullopt;
  if (s.st_size < 0 || static_cast<std::uint64_t>(s.st_size) > most) return std::nullopt;
  std::string out(static_cast<std::size_t>(s.st_size), '\0');
  for (std::size_t have = 0; have < out.size();) {
    const ssize_t n = read(fd.get(), out.data() + have, out.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    have += static_cast<std::size_t>(n);
  }
  if (std::time(nullptr) - s.st_mtim.tv_sec > kUseSeconds) futimens(fd.get(), nullptr);
  return out;
}

// Under a name of its own, then renamed: a reader sees all of it or nothing. With `first`, never over another's.
bool write_ours(int directory, const std::string& name, std::string_view content, bool first) {
  static std::atomic<unsigned> count{0};
  const std::string unfinished = fmt::format("{}{}-{}-{}", kUnfinished, getpid(), ++count, std::time(nullptr));
  const base::UniqueFd fd = open_at(directory, unfinished, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return false;
  bool done = true;
  while (done && !content.empty()) {
    const ssize_t n = write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    done = n > 0;
    if (done) content.remove_prefix(static_cast<std::size_t>(n));
  }
  done = done && (first ? linkat(directory, unfinished.c_str(), directory, name.c_str(), 0) == 0
                        : renameat(directory, unfinished.c_str(), directory, name.c_str()) == 0);
  if (first || !done) unlinkat(directory, unfinished.c_str(), 0);
  return done;
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// What is not as long as a key is replaced by a new one; whatever was kept under another one is then unreadable.
base::Result<Digest> secret_in(int directory) {
  const std::string name(kKeyName);
  for (int attempt = 0; attempt < 3; ++attempt) {
    Digest out{};
    if (const auto text = read_ours(directory, name, out.size()); text && text->size() == out.size()) {
      std::copy(text->begin(), text->end(), out.begin());
      return out;
    }
    struct stat s{};
    if (fstatat(directory, name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0 && unlinkat(directory, name.c_str(), 0) != 0)
      break;
    if (getrandom(out.data(), out.size(), 0) != static_cast<ssize_t>(out.size())) break;
    write_ours(directory, name, text_of(out), true);
  }
  return base::fail(base::ErrorCode::io, "a key cannot be kept in it");
}

}  // namespace

std::string_view analyser_version() {
  return kAnalyserVersion;
}

std::string Cache::default_directory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): nothing changes the environment
  if (const char* const xdg = std::getenv("XDG_CACHE_HOME"); xdg != nullptr && xdg[0] == '/')
    return fmt::format("{}/callgate", xdg);
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return home == nullptr || home[0] != '/' ? "" : fmt::format("{}/.cache/callgate", home);
}

base::Result<std::unique_ptr<Cache>> Cache::open(const std::string& directory) {
  const auto slash = directory.rfind('/');
  if (slash != std::string::npos && slash != 0) mkdir(directory.substr(0, slash).c_str(), 0700);
  mkdir(directory.c_str(), 0700);
  base::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat s{};
  if (!fd || fstat(fd.get(), &s) != 0)
    return base::fail(base::ErrorCode::io, fmt::format("open: {}", base::errno_text(errno)), errno);
  if (!is_ours(s)) return base::fail(base::ErrorCode::invalid, "others may write to it");
  CALLGATE_TRY(const Digest secret, secret_in(fd.get()));
  return std::unique_ptr<Cache>(new Cache(std::move(fd), secret));
}

Digest Cache::name_of(std::string_view kind, std::string_view made_of) const {
  return digester_.of(fmt::format("name {} {}", kind, analyser_version()), made_of);
}

std::optional<std::string> Cache::find(const Digest& name) const {
  auto text = read_ours(directory_.get(), hexadecimal(name), kMaxEntryBytes);
  if (!text || text->size() < std::tuple_size_v<Digest>) return std::nullopt;
  const std::string_view all(*text);
  const std::size_t size = all.size() - std::tuple_size_v<Digest>;
  // Under this very name: one entry does not pass for another.
  if (all.substr(size) != text_of(digester_.of(text_of(name), all.substr(0, size)))) return std::nullopt;
  text->resize(size);
  return text;
}

void Cache::keep(const Digest& name, std::string_view entry) const {
  if (entry.size() > kMaxEntryBytes - std::tuple_size_v<Digest>) return;
  std::string text(entry);
  text += text_of(digester_.of(text_of(name), entry));
  if (write_ours(directory_.get(), hexadecimal(name), text, false)) kept_ += text.size();
}

void Cache::prune(std::uint64_t max_bytes) const {
  if (kept_ == 0) return;
  struct File {
    std::int64_t used;
    std::uint64_t size;
    std::string name;
  };
  const std::int64_t now = std::time(nullptr);
  std::vector<File> files;
  std::uint64_t sum = 0;
  const int again = openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const list = again < 0 ? nullptr : fdopendir(again);
  if (list == nullptr) return;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): of this list alone
  while (const dirent* const each = readdir(list)) {
    const std::string name(static_cast<const char*>(each->d_name));
    struct stat s{};
    if (name == kKeyName || fstatat(directory_.get(), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(s.st_mode))
      continue;
    if (name.starts_with(kUnfinished)) {
      if (now - s.st_mtim.tv_sec > kUnfinishedSeconds) unlinkat(directory_.get(), name.c_str(), 0);
    } else if (name.size() == 2 * std::tuple_size_v<Digest>) {
      files.push_back({s.st_mtim.tv_sec, static_cast<std::uint64_t>(s.st_size), name});
      sum += files.back().size;
    }
  }
  closedir(list);
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.used < b.used; });
  for (const File& each : files) {
    if (sum <= max_bytes) break;
    if (unlinkat(directory_.get(), each.name.c_str(), 0) == 0 || errno == ENOENT) sum -= each.size;
  }
}

}  // namespace callgate::scan
