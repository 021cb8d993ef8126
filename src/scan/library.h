// The files that an analysis asks for, by path. Each is read and analysed once, however many programs use it, on as
// many threads as wanted; with a cache, what earlier runs found is taken from there.
//
// A Library is one user's view: it remembers what this user has asked for, and is used by one thread. Views share
// what has been read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "scan/cache.h"
#include "scan/chunks.h"
#include "scan/module.h"

namespace callgate::scan {

class Library {
 public:
  // Gives a file's content; by several threads at once. Of a path that ends in a slash, a directory: the names in it,
  // sorted, each with a zero byte behind it.
  using Read = std::function<base::Result<Content>(const std::string& path)>;
  explicit Library(Read read, const Cache* cache = nullptr, unsigned jobs = 1);
  // Another view of the same, which may analyse modules on `jobs` threads.
  Library view(unsigned jobs) const;

  // What stands in the file; its code may not have been analysed yet: see complete().
  base::Result<std::shared_ptr<const Module>> module(const std::string& path);
  // Analyses those modules of this library that have not been.
  void complete(std::span<const std::shared_ptr<const Module>> modules);
  // A module's data told apart, once for all programs. The module is one of this library's.
  const Chunks& chunks(const Module& module);
  base::Result<std::string> text(const std::string& path);
  // The loader's cache: where a library of this name is; empty if it is not in there.
  std::string cached(std::string_view name, const Machine& machine);
  // Is there another one for some processors (glibc-hwcaps)? After cached().
  bool has_variants(const std::string& name, const Machine& machine);
  // Drops modules that no view holds, those first that were not asked for the longest, until the rest takes up no
  // more than that, about.
  void trim(std::size_t max_bytes);

  const Cache* cache() const;
  unsigned jobs() const { return jobs_; }
  // All files that this view has asked for, with the digest of their content; a digest of zeros: not to be read. Only
  // with a cache. Nothing if a file changed between two looks.
  std::optional<std::map<std::string, Digest>> asked() const;
  // Of a file as it is now, or was when it was first looked at.
  Digest digest(const std::string& path);

 private:
  struct Entry;
  struct LoaderCache {
    std::once_flag once;
    Digest digest{};
    // By the flags that libraries of one machine have, and name.
    std::map<std::pair<std::uint32_t, std::string>, std::string> paths;
    std::set<std::pair<std::uint32_t, std::string>> variants;
  };
  struct Store {
    Read read;
    const Cache* cache = nullptr;
    std::mutex mutex;
    std::uint64_t uses = 0;
    std::map<std::string, std::shared_ptr<Entry>> entries;
    LoaderCache loader;
  };
  Library(std::shared_ptr<Store> store, unsigned jobs) : store_(std::move(store)), jobs_(jobs) {}
  std::shared_ptr<Entry> entry(const std::string& path);
  base::Result<Content> read(const std::string& path, Digest& digest) const;
  void summarise(Entry& entry) const;
  const LoaderCache& loader_cache();
  void note(const std::string& path, const Digest& digest);

  std::shared_ptr<Store> store_;
  unsigned jobs_ = 1;
  std::map<const Module*, std::shared_ptr<Entry>> mine_;
  std::map<std::string, Digest> asked_;
  bool changed_ = false;
};

// Runs work(0) … work(count - 1), each once, on up to `jobs` threads, and returns when all are done.
void in_parallel(unsigned jobs, std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace callgate::scan
