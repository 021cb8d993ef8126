// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>

#include "base/io.h"
#include "base/text.h"
#include "image/layers.h"
#include "image/manifest.h"
#include "scan/files.h"

namespace callgate::image {

namespace {

using base::ErrorCode;

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kMaxJson = std::size_t{4} << 20;  // of one file

// "./a//b/../c" → "a/c": names in the archive, which are only compared with one another.
std::string plain(std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.push_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  std::string out;
  for (const std::string_view part : parts) out += fmt::format("{}{}", out.empty() ? "" : "/", part);
  return out;
}

// What a scan may read besides programs: what the loader and the packages are described by.
bool is_described_by(std::string_view path, std::uint64_t size) {
  return size <= (std::uint64_t{64} << 20) &&
         (path.starts_with("etc/ld.so") || path == "etc/nsswitch.conf" || path.starts_with("etc/pam.") ||
          path.starts_with("usr/lib/pam.d/") || path.find("/gconv/gconv-modules") != std::string_view::npos ||
          path.find("lib/dpkg/") != std::string::npos || path.find("lib/apk/db/") != std::string::npos);
}

class Tree final : public fleet::Tree {
 public:
  Tree(Root root, Spool spool) : root_(std::move(root)), spool_(std::move(spool)) {}

  base::Result<scan::Content> read(const std::string& path) const override {
    if (path.ends_with('/')) return listing(path);
    const auto file = root_.file(path);
    if (!file) return base::fail(ErrorCode::io, "no such file in the image", ENOENT);
    if (!file->kept)
      return base::fail(file->not_kept_because.empty() ? ErrorCode::invalid : ErrorCode::limit,
                        file->not_kept_because.empty() ? "neither an ELF file nor a script" : file->not_kept_because);
    return spool_.read(*file->kept);
  }
  std::string real(const std::string& path) const override { return root_.real(path); }
  // An image does not change.
  std::uint64_t stamp(const std::string& path) const override { return root_.file(path) ? 1 : 0; }
  std::vector<std::string> names(const std::string& directory) const override { return root_.names(directory); }
  fleet::Inventory inventory(const std::function<void(std::uint64_t)>&) const override { return root_.inventory(); }

 private:
  base::Result<std::string> listing(const std::string& directory) const {
    if (root_.real(directory).empty()) return base::fail(ErrorCode::io, "no such directory in the image", ENOENT);
    std::string out;
    for (const std::string& each : root_.names(directory)) out += each + '\0';
    return out;
  }

  Root root_;
  Spool spool_;
};

class Reader {
 public:
  Reader(const Reopen& source, const Limits& limits, Spool spool)
      : source_(source), limits_(limits), spool_(std::move(spool)) {}

  base::Result<Image> run(const std::string& which) {
    CALLGATE_CHECK(read_texts());
    CALLGATE_TRY(const auto all, listed_images(texts_));
    CALLGATE_TRY(const Listed one, choose(all, which));
    if (one.layers.size() > limits_.layers)
      return base::fail(ErrorCode::limit, fmt::format("the image has more than {} layers", limits_.layers));
    const auto config = texts_.find(target(plain(one.config)));
    if (config == texts_.end())
      return base::fail(ErrorCode::invalid, fmt::format("the archive has no '{}'", one.config));
    CALLGATE_TRY(const Configured configured, read_configuration(one.config, config->second));
    for (const std::string& each : one.layers) layers_[target(plain(each))];
    CALLGATE_CHECK(read_layers());
    Root root;
    for (const std::string& each : one.layers) {
      const auto& layer = layers_[target(plain(each))];
      if (!layer) return base::fail(ErrorCode::invalid, fmt::format("the archive has no layer '{}'", each));
      root.apply(*layer);
    }
    Image image;
    image.name = one.tags.empty() ? one.config : one.tags.front();
    image.id = one.config;
    image.command = configured.command;
    image.program = program(root, configured);
    image.tree = std::make_unique<Tree>(std::move(root), std::move(spool_));
    return image;
  }

 private:
  // Links in the archive stand for layers that several images share.
  std::string target(std::string name) const {
    for (int i = 0; i < 8; ++i) {
      const auto found = links_.find(name);
      if (found == links_.end()) break;
      name = found->second;
    }
    return name;
  }

  base::Result<void> count_entry() {
    if (++entries_ > limits_.entries)
      return base::fail(ErrorCode::limit, fmt::format("the image has more than {} entries", limits_.entries));
    return {};
  }

  base::Result<void> read_texts() {
    std::uint64_t have = 0;
    CALLGATE_TRY(const Pieces pieces, source_());
    return read_archive(pieces, [&](const Header& header, Content& content) -> base::Result<void> {
      CALLGATE_CHECK(count_entry());
      const std::string name = plain(header.path);
      if (header.type == EntryType::symbolic_link)
        links_[name] = plain(fmt::format("{}/{}", name.substr(0, name.rfind('/') + 1), header.link));
      if (header.type == EntryType::hard_link) links_[name] = plain(header.link);
      if (header.type != EntryType::file || header.size == 0 || header.size > kMaxJson) return {};
      std::string text(static_cast<std::size_t>(header.size), '\0');
      const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
      CALLGATE_TRY(const std::size_t first, content.read(bytes.first(1)));
      if (first == 0 || (text[0] != '{' && text[0] != '[')) return {};
      CALLGATE_TRY(const std::size_t rest, content.read(bytes.subspan(1)));
      text.resize(1 + rest);
      have += text.size();
      if (have > limits_.json_bytes)
        return base::fail(ErrorCode::limit,
                          fmt::format("the archive has more than {} bytes of JSON", limits_.json_bytes));
      texts_[name] = std::move(text);
      return {};
    });
  }

  static base::Result<Listed> choose(const std::vector<Listed>& all, const std::string& which) {
    std::vector<const Listed*> fitting;
    std::string names;
    for (const Listed& each : all) {
      const std::string id = each.config.substr(each.config.rfind('/') + 1);
      const bool tagged = std::find(each.tags.begin(), each.tags.end(), which) != each.tags.end();
      if (which.empty() || tagged || id.starts_with(which)) fitting.push_back(&each);
      names += fmt::format("{}{}", names.empty() ? "" : ", ", each.tags.empty() ? id : each.tags.front());
    }
    if (all.empty()) return base::fail(ErrorCode::invalid, "the archive holds no image for linux/amd64");
    if (fitting.empty())
      return base::fail(ErrorCode::invalid, fmt::format("no image '{}' is in the archive: {}", which, names));
    if (fitting.size() > 1)
      return base::fail(ErrorCode::invalid, fmt::format("the archive holds several images: {}", names));
    return *fitting.front();
  }

  base::Result<void> read_layers() {
    CALLGATE_TRY(const Pieces pieces, source_());
    return read_archive(pieces, [&](const Header& header, Content& content) -> base::Result<void> {
      const auto wanted = layers_.find(plain(header.path));
      if (wanted == layers_.end() || wanted->second || header.type != EntryType::file) return {};
      std::vector<std::uint8_t> piece(kPiece);
      const Pieces inner = [&]() -> base::Result<std::span<const std::uint8_t>> {
        CALLGATE_TRY(const std::size_t n, content.read(piece));
        return std::span<const std::uint8_t>(piece.data(), n);
      };
      Layer layer;
      if (header.size != 0)
        if (auto read = read_archive(inner, [&](const Header& h, Content& c) { return entry(h, c, layer); }); !read)
          return tl::unexpected(std::move(read).error().within(fmt::format("layer '{}'", header.path)));
      wanted->second = std::move(layer);
      return {};
    });
  }

  base::Result<void> entry(const Header& header, Content& content, Layer& layer) {
    CALLGATE_CHECK(count_entry());
    unpacked_ += header.stored_size;
    if (unpacked_ > limits_.unpacked_bytes || unpacked_ < header.stored_size)
      return base::fail(ErrorCode::limit,
                        fmt::format("the image unpacks to more than {} bytes", limits_.unpacked_bytes));
    Entry out{header.path, header.type, header.mode, header.link, header.size, {}, {}, {}};
    if (header.type == EntryType::file) CALLGATE_CHECK(take(header, content, out));
    layer.push_back(std::move(out));
    return {};
  }

  // ELF files, scripts, and what describes loader and packages go into the spool.
  base::Result<void> take(const Header& header, Content& content, Entry& out) {
    std::array<std::uint8_t, 4> start{};
    CALLGATE_TRY(const std::size_t have, content.read(start));
    const bool elf = have == 4 && std::memcmp(start.data(), "\177ELF", 4) == 0;
    const bool script = have >= 2 && start[0] == '#' && start[1] == '!';
    if (!elf && !script && !is_described_by(plain(header.path), header.size)) return {};
    if (header.size > scan::kMaxFileBytes) {
      out.not_kept_because = fmt::format("larger than {} bytes", scan::kMaxFileBytes);
      return {};
    }
    if (spool_.size() + header.size > limits_.kept_bytes)
      return base::fail(ErrorCode::limit,
                        fmt::format("the image's programs come to more than {} bytes", limits_.kept_bytes));
    const std::uint64_t begin = spool_.size();
    CALLGATE_CHECK(spool_.append(std::span(start).first(have)));
    std::vector<std::uint8_t> piece(std::min<std::uint64_t>(kPiece, header.size));
    for (std::size_t n = have; n != 0;) {
      CALLGATE_TRY(n, content.read(piece));
      CALLGATE_CHECK(spool_.append(std::span(piece).first(n)));
      if (spool_.size() - begin > header.size) return base::fail(ErrorCode::invalid, "an entry is longer than it says");
    }
    out.kept = Extent{begin, spool_.size() - begin};
    out.kind = fleet::kind_of([&](std::uint64_t offset, std::span<std::uint8_t> into) -> std::size_t {
      const std::uint64_t size = out.kept->size;
      if (offset >= size) return 0;
      const auto text = spool_.read({begin + offset, std::min<std::uint64_t>(into.size(), size - offset)});
      if (!text) return 0;
      std::memcpy(into.data(), text->data(), text->size());
      return text->size();
    });
    return {};
  }

  static std::string program(const Root& root, const Configured& configured) {
    if (configured.command.empty() || configured.command.front().empty()) return "";
    const std::string& word = configured.command.front();
    if (word.starts_with('/')) return root.file(word) ? word : "";
    std::vector<std::string> places;
    if (word.find('/') != std::string::npos)
      places.push_back(fmt::format("{}/{}", configured.directory, word));
    else
      for (const std::string_view each : base::split(configured.path, ':'))
        places.push_back(fmt::format("{}/{}", each, word));
    for (const std::string& place : places)
      if (root.file(place)) return place;
    return "";
  }

  const Reopen& source_;
  const Limits& limits_;
  Spool spool_;
  std::uint64_t entries_ = 0, unpacked_ = 0;
  std::map<std::string, std::string> texts_, links_;
  std::map<std::string, std::optional<Layer>> layers_;
};

}  // namespace

Reopen file_source(const std::string& path) {
  return [path]() -> base::Result<Pieces> {
    const auto fd = std::make_shared<base::UniqueFd>(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!*fd)
      return base::fail(ErrorCode::io, fmt::format("cannot open '{}': {}", path, base::errno_text(errno)), errno);
    struct stat status{};
    if (fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode))
      return base::fail(ErrorCode::invalid, fmt::format("'{}' is no regular file: an image is read twice", path));
    const auto piece = std::make_shared<std::vector<std::uint8_t>>(kPiece);
    return Pieces([fd, piece, path]() -> base::Result<std::span<const std::uint8_t>> {
      for (;;) {
        const ssize_t n = ::read(fd->get(), piece->data(), piece->size());
        if (n >= 0) return std::span<const std::uint8_t>(piece->data(), static_cast<std::size_t>(n));
        if (errno != EINTR)
          return base::fail(ErrorCode::io, fmt::format("cannot read '{}': {}", path, base::errno_text(errno)), errno);
      }
    });
  };
}

base::Result<Image> read_image(const Reopen& source, const std::string& which, const std::string& scratch,
                               const Limits& limits) {
  CALLGATE_TRY(Spool spool, Spool::create(scratch));
  return Reader(source, limits, std::move(spool)).run(which);
}

}  // namespace callgate::image
