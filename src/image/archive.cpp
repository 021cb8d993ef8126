// SPDX-License-Identifier: Apache-2.0
#include "image/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>

#include "base/on_demand.h"

namespace callgate::image {

namespace {

constexpr const char* kLibrary = "libarchive.so.13";

// The functions that are used, with the header's own types.
struct Functions {
  decltype(&::archive_read_new) open_reader = nullptr;
  decltype(&::archive_read_free) close_reader = nullptr;
  decltype(&::archive_read_support_filter_gzip) gzip = nullptr;
  decltype(&::archive_read_support_filter_zstd) zstd = nullptr;
  decltype(&::archive_read_support_filter_xz) xz = nullptr;
  decltype(&::archive_read_support_filter_bzip2) bzip2 = nullptr;
  decltype(&::archive_read_support_format_tar) tar = nullptr;
  decltype(&::archive_read_open) open = nullptr;
  decltype(&::archive_read_next_header) next = nullptr;
  decltype(&::archive_read_data) data = nullptr;
  decltype(&::archive_error_string) error = nullptr;
  decltype(&::archive_entry_pathname) path = nullptr;
  decltype(&::archive_entry_pathname_utf8) path_utf8 = nullptr;
  decltype(&::archive_entry_hardlink) hard_link = nullptr;
  decltype(&::archive_entry_hardlink_utf8) hard_link_utf8 = nullptr;
  decltype(&::archive_entry_symlink) symbolic_link = nullptr;
  decltype(&::archive_entry_symlink_utf8) symbolic_link_utf8 = nullptr;
  decltype(&::archive_entry_filetype) type = nullptr;
  decltype(&::archive_entry_perm) mode = nullptr;
  decltype(&::archive_entry_size) size = nullptr;
  decltype(&::archive_entry_sparse_reset) sparse_reset = nullptr;
  decltype(&::archive_entry_sparse_next) sparse_next = nullptr;
};

bool load(const base::OnDemandLibrary& library, Functions& f) {
  return library.find("archive_read_new", f.open_reader) && library.find("archive_read_free", f.close_reader) &&
         library.find("archive_read_support_filter_gzip", f.gzip) &&
         library.find("archive_read_support_filter_zstd", f.zstd) &&
         library.find("archive_read_support_filter_xz", f.xz) &&
         library.find("archive_read_support_filter_bzip2", f.bzip2) &&
         library.find("archive_read_support_format_tar", f.tar) && library.find("archive_read_open", f.open) &&
         library.find("archive_read_next_header", f.next) && library.find("archive_read_data", f.data) &&
         library.find("archive_error_string", f.error) && library.find("archive_entry_pathname", f.path) &&
         library.find("archive_entry_hardlink", f.hard_link) &&
         library.find("archive_entry_pathname_utf8", f.path_utf8) &&
         library.find("archive_entry_hardlink_utf8", f.hard_link_utf8) &&
         library.find("archive_entry_symlink_utf8", f.symbolic_link_utf8) &&
         library.find("archive_entry_symlink", f.symbolic_link) && library.find("archive_entry_filetype", f.type) &&
         library.find("archive_entry_perm", f.mode) && library.find("archive_entry_size", f.size) &&
         library.find("archive_entry_sparse_reset", f.sparse_reset) &&
         library.find("archive_entry_sparse_next", f.sparse_next);
}

// Loaded once, and kept: layers lie in archives that lie in archives. Null where it is not there.
const Functions* functions() {
  static const Functions* const loaded = []() -> const Functions* {
    static Functions all;
    static const base::OnDemandLibrary library(kLibrary);
    return library && load(library, all) ? &all : nullptr;
  }();
  return loaded;
}

struct Source {
  const Pieces& pieces;
  base::Result<void> failure;
};

la_ssize_t next_piece(archive*, void* of, const void** out) {
  auto& source = *static_cast<Source*>(of);
  const auto piece = source.pieces();
  if (!piece) {
    source.failure = tl::unexpected(piece.error());
    return ARCHIVE_FATAL;
  }
  *out = piece->data();
  return static_cast<la_ssize_t>(piece->size());
}

EntryType type_of(const Functions& f, archive_entry* entry) {
  if (f.hard_link(entry) != nullptr || f.hard_link_utf8(entry) != nullptr) return EntryType::hard_link;
  switch (f.type(entry)) {
    case AE_IFREG:
      return EntryType::file;
    case AE_IFDIR:
      return EntryType::directory;
    case AE_IFLNK:
      return EntryType::symbolic_link;
    case AE_IFCHR:
    case AE_IFBLK:
      return EntryType::device;
    case AE_IFIFO:
      return EntryType::pipe;
    default:
      return EntryType::other;
  }
}

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

// A name that the locale cannot write is there as UTF-8.
std::string either(const char* text, const char* utf8) {
  return text_of(text != nullptr ? text : utf8);
}

Header header_of(const Functions& f, archive_entry* entry) {
  Header out;
  out.path = either(f.path(entry), f.path_utf8(entry));
  out.type = type_of(f, entry);
  out.mode = static_cast<std::uint32_t>(f.mode(entry));
  out.link = out.type == EntryType::hard_link ? either(f.hard_link(entry), f.hard_link_utf8(entry))
                                              : either(f.symbolic_link(entry), f.symbolic_link_utf8(entry));
  if (const auto size = f.size(entry); out.type == EntryType::file && size > 0)
    out.size = static_cast<std::uint64_t>(size);
  out.stored_size = out.size;
  if (f.sparse_reset(entry) > 0) {
    la_int64_t offset = 0, length = 0;
    out.stored_size = 0;
    while (f.sparse_next(entry, &offset, &length) == ARCHIVE_OK)
      if (length > 0) out.stored_size += static_cast<std::uint64_t>(length);
  }
  return out;
}

class EntryContent final : public Content {
 public:
  EntryContent(const Functions& f, archive* reader) : f_(f), reader_(reader) {}
  base::Result<std::size_t> read(std::span<std::uint8_t> into) override {
    std::size_t have = 0;
    while (have < into.size()) {
      const la_ssize_t n = f_.data(reader_, into.data() + have, into.size() - have);
      if (n < 0) return base::fail(base::ErrorCode::invalid, fmt::format("damaged: {}", text_of(f_.error(reader_))));
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    return have;
  }

 private:
  const Functions& f_;
  archive* reader_;
};

}  // namespace

base::Result<void> read_archive(const Pieces& pieces, const Visit& visit) {
  const Functions* const f = functions();
  if (f == nullptr)
    return base::fail(base::ErrorCode::unsupported,
                      fmt::format("{} is needed to read an image (Debian's package libarchive13)", kLibrary));
  Source source{pieces, {}};
  const std::unique_ptr<archive, decltype(f->close_reader)> reader(f->open_reader(), f->close_reader);
  if (!reader) return base::fail(base::ErrorCode::internal, "libarchive cannot be started");
  const auto failed = [&](std::string_view what) -> tl::unexpected<base::Error> {
    if (!source.failure) return tl::unexpected(source.failure.error());
    return base::fail(base::ErrorCode::invalid, fmt::format("{}: {}", what, text_of(f->error(reader.get()))));
  };
  for (const auto support : {f->gzip, f->zstd, f->xz, f->bzip2, f->tar})
    if (support(reader.get()) != ARCHIVE_OK) return failed("this libarchive cannot do what is needed");
  if (f->open(reader.get(), &source, nullptr, next_piece, nullptr) != ARCHIVE_OK) return failed("no tar archive");
  for (;;) {
    archive_entry* entry = nullptr;
    const int result = f->next(reader.get(), &entry);
    if (result == ARCHIVE_EOF) return {};
    if (result < ARCHIVE_WARN) return failed("damaged archive");
    EntryContent content(*f, reader.get());
    CALLGATE_CHECK(visit(header_of(*f, entry), content));
  }
}

}  // namespace callgate::image
