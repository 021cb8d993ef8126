// SPDX-License-Identifier: Apache-2.0
#include "scan/library.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "scan/summary.h"

namespace callgate::scan {

struct Library::Entry {
  std::once_flag read, analysed, cut, looked_at;
  Digest digest{};                // of what has been read
  Digest first{};                 // at the first look, if it was only looked at
  std::atomic<bool> done{false};  // analysed
  std::atomic<std::size_t> bytes{0};
  std::uint64_t used = 0;  // under the store's lock
  std::unique_ptr<Chunks> chunks;
  std::optional<base::Result<std::shared_ptr<Module>>> module;
};

namespace {

std::size_t size_of(const Module& m) {
  return m.bytes.resident() + m.refs.size() * sizeof(Ref) + m.functions.size() * sizeof(Function) +
         m.data_refs.size() * sizeof(Address) + m.file.relocations.size() * sizeof(elf::Relocation) +
         (m.file.symbols.size() + m.file.dynamic_symbols.size()) * sizeof(elf::Symbol);
}

}  // namespace

Library::Library(Read read, const Cache* cache, unsigned jobs) : store_(std::make_shared<Store>()), jobs_(jobs) {
  store_->read = std::move(read);
  store_->cache = cache;
}

Library Library::view(unsigned jobs) const {
  return {store_, jobs};
}

const Cache* Library::cache() const {
  return store_->cache;
}

std::optional<std::map<std::string, Digest>> Library::asked() const {
  return changed_ ? std::nullopt : std::optional(asked_);
}

void Library::note(const std::string& path, const Digest& digest) {
  if (store_->cache == nullptr) return;
  if (const auto [at, fresh] = asked_.emplace(path, digest); !fresh && at->second != digest) changed_ = true;
}

base::Result<Content> Library::read(const std::string& path, Digest& digest) const {
  auto bytes = store_->read(path);
  if (bytes && store_->cache != nullptr) digest = store_->cache->content(*bytes);
  return bytes;
}

std::shared_ptr<Library::Entry> Library::entry(const std::string& path) {
  const std::scoped_lock lock(store_->mutex);
  std::shared_ptr<Entry>& out = store_->entries[path];
  if (!out) out = std::make_shared<Entry>();
  out->used = ++store_->uses;
  return out;
}

base::Result<std::shared_ptr<const Module>> Library::module(const std::string& path) {
  const std::shared_ptr<Entry> found = entry(path);
  std::call_once(found->read, [&] {
    auto bytes = read(path, found->digest);
    if (!bytes)
      found->module = tl::unexpected(std::move(bytes).error());
    else
      found->module = Module::read(path, std::move(*bytes));
  });
  note(path, found->digest);
  if (!*found->module) return tl::unexpected(found->module->error());
  std::shared_ptr<const Module> out = **found->module;
  mine_.emplace(out.get(), found);
  return out;
}

void Library::summarise(Entry& entry) const {
  Module& module = ***entry.module;
  const Cache* const cache = store_->cache;
  if (cache == nullptr) return module.analyse();
  std::string made_of = module.file.build_id + " ";
  made_of.append(reinterpret_cast<const char*>(entry.digest.data()), entry.digest.size());
  const Digest name = cache->name_of("module", made_of);
  if (const auto kept = cache->find(name); kept && unpack_summary(*kept, module)) return;
  module.analyse();
  cache->keep(name, pack_summary(module));
}

void Library::complete(std::span<const std::shared_ptr<const Module>> modules) {
  std::vector<std::shared_ptr<Entry>> entries;
  for (const auto& m : modules)
    if (const auto& mine = mine_.at(m.get()); !mine->done) entries.push_back(mine);
  in_parallel(jobs_, entries.size(), [&](std::size_t i) {
    std::call_once(entries[i]->analysed, [&] { summarise(*entries[i]); });
    entries[i]->bytes = size_of(***entries[i]->module);
    entries[i]->done = true;
  });
}

const Chunks& Library::chunks(const Module& module) {
  Entry& mine = *mine_.at(&module);
  std::call_once(mine.cut, [&] { mine.chunks = std::make_unique<Chunks>(module); });
  return *mine.chunks;
}

void Library::trim(std::size_t max_bytes) {
  const std::scoped_lock lock(store_->mutex);
  std::size_t all = 0;
  std::vector<std::pair<std::uint64_t, std::string>> unused;
  for (const auto& [path, each] : store_->entries) {
    all += each->bytes;
    if (each.use_count() == 1) unused.emplace_back(each->used, path);
  }
  std::sort(unused.begin(), unused.end());
  for (const auto& [used, path] : unused) {
    if (all <= max_bytes) return;
    all -= store_->entries[path]->bytes;
    store_->entries.erase(path);
  }
}

base::Result<std::string> Library::text(const std::string& path) {
  Digest digest{};
  auto out = read(path, digest);
  note(path, digest);
  if (!out) return tl::unexpected(std::move(out).error());
  return std::string(std::string_view(*out));
}

Digest Library::digest(const std::string& path) {
  const std::shared_ptr<Entry> found = entry(path);
  std::call_once(found->looked_at, [&] { static_cast<void>(read(path, found->first)); });
  return found->first;
}

// The format of glibc 2.2 and later: a header of 48 bytes, then entries {flags, name, path, os version, hwcap}.
const Library::LoaderCache& Library::loader_cache() {
  constexpr const char* kPath = "/etc/ld.so.cache";
  constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
  constexpr std::size_t kHeader = 48, kEntry = 24;
  LoaderCache& out = store_->loader;
  std::call_once(out.once, [&] {
    const auto raw = read(kPath, out.digest);
    const std::string text(raw ? std::string_view(*raw) : std::string_view());
    const auto number = [&](std::size_t at) {
      std::uint32_t value = 0;
      if (at <= text.size() && text.size() - at >= 4) std::memcpy(&value, text.data() + at, 4);
      return value;
    };
    const auto word = [&](std::size_t at) {
      return at < text.size() && text.find('\0', at) != std::string::npos ? std::string(text.c_str() + at) : "";
    };
    if (!text.starts_with(kMagic)) return;
    for (std::size_t i = 0, at = kHeader; i < number(20) && at + kEntry <= text.size(); ++i, at += kEntry) {
      std::uint64_t capabilities = 0;
      std::memcpy(&capabilities, text.data() + at + 16, 8);
      const std::uint32_t flags = number(at);
      if (capabilities == 0)
        out.paths.emplace(std::pair(flags, word(number(at + 4))), word(number(at + 8)));
      else
        out.variants.emplace(flags, word(number(at + 4)));
    }
  });
  note(kPath, out.digest);
  return out;
}

std::string Library::cached(std::string_view name, const Machine& machine) {
  const LoaderCache& all = loader_cache();
  const auto found = all.paths.find({machine.cache_flags, std::string(name)});
  return found == all.paths.end() ? "" : found->second;
}

bool Library::has_variants(const std::string& name, const Machine& machine) {
  return loader_cache().variants.contains({machine.cache_flags, name});
}

void in_parallel(unsigned jobs, std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < jobs && i < count; ++i) threads.emplace_back(run);
  run();
  for (std::thread& each : threads) each.join();
}

}  // namespace callgate::scan
