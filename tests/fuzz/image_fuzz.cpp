// Bytes as an image's archive, and as a layer of a sound one: an image or a refusal, in bounded time and memory, and no
// path of it leads out. Nothing is written to any file with a name.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "image/image.h"
#include "image/layers.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

image::Pieces pieces_of(std::span<const std::uint8_t> bytes) {
  auto at = std::make_shared<std::size_t>(0);
  return [bytes, at]() -> base::Result<std::span<const std::uint8_t>> {
    const auto piece = bytes.subspan(*at, std::min<std::size_t>(1000, bytes.size() - *at));
    *at += piece.size();
    return piece;
  };
}

void check(const fleet::Tree& tree) {
  const fleet::Inventory all = tree.inventory({});
  for (const auto& each : all.programs) {
    require(each.path.starts_with('/') && each.path.find("/../") == std::string::npos && !each.path.ends_with("/.."));
    require(tree.real(each.path) == each.path && tree.read(each.path).has_value());
  }
}

// Entries made of the bytes themselves, so that their names meet often.
void as_layers(std::span<const std::uint8_t> bytes) {
  image::Root root;
  image::Layer layer;
  for (std::size_t at = 0; bytes.size() - at >= 4; at += 4) {
    static constexpr const char* kNames[] = {
        "a",          "b", "a/b", "a/b/c", "b/a",     ".wh.a", "a/.wh..wh..opq", "a/.wh.b", "../a",
        "/b/../../a", ".", "c",   "c/a",   "c/.wh.a", "b/c",   "a//./d"};
    image::Entry entry;
    entry.path = kNames[bytes[at] % 16];
    entry.link = kNames[bytes[at + 1] % 16];
    entry.type = static_cast<image::EntryType>(bytes[at + 2] % 7);
    entry.mode = 0755;
    entry.kind.kind = fleet::FileKind::program;
    layer.push_back(entry);
    if ((bytes[at + 3] & 3U) == 0) root.apply(std::exchange(layer, {}));
  }
  root.apply(layer);
  for (const auto& each : root.inventory().programs)
    require(root.file(each.path).has_value() && root.real(each.path) == each.path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65536) return 0;
  const std::span<const std::uint8_t> bytes(data, size);
  as_layers(bytes);
  image::Limits limits;
  limits.unpacked_bytes = limits.kept_bytes = std::uint64_t{16} << 20;
  limits.entries = 10000;
  const auto image =
      image::read_image([&]() -> base::Result<image::Pieces> { return pieces_of(bytes); }, "", "/tmp", limits);
  if (!image) {
    require(!image.error().message.empty());
    return 0;
  }
  check(*image->tree);
  return 0;
}
