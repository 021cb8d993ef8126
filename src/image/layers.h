// A root file system put together from an image's layers, in memory: names, links and whiteouts, and of the files that
// a scan may ask for where their content lies. Layers are applied as engines unpack them: below the root and nowhere
// else. A name that would lead out of it is left out and told; a link in the way is followed inside of the root.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/kind.h"
#include "fleet/tree.h"
#include "image/archive.h"
#include "image/spool.h"

namespace callgate::image {

// An entry of a layer, as far as it is of use.
struct Entry {
  std::string path;  // as it stands there
  EntryType type = EntryType::file;
  std::uint32_t mode = 0;
  std::string link;
  std::uint64_t size = 0;
  fleet::Kind kind;              // of a file
  std::optional<Extent> kept;    // its content, if it was taken
  std::string not_kept_because;  // if it is a program or a script all the same
};
using Layer = std::vector<Entry>;

class Root {
 public:
  Root();
  // The next layer upwards. Whiteouts (.wh.NAME, .wh..wh..opq) take away what lower layers have, wherever in the layer
  // they stand.
  void apply(const Layer& layer);

  struct File {
    std::uint64_t size = 0;
    std::optional<Extent> kept;
    std::string not_kept_because;
  };
  // The regular file that a path leads to; nothing if there is none.
  std::optional<File> file(std::string_view path) const;
  std::string real(std::string_view path) const;
  std::vector<std::string> names(std::string_view directory) const;
  fleet::Inventory inventory() const;

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = 0xffffffff;
  struct Node {
    EntryType type = EntryType::directory;
    std::uint32_t mode = 0755;
    Index parent = 0, content = kNone;
    std::string name, link;
    std::map<std::string, Index, std::less<>> children;
  };
  struct Content {
    File file;
    fleet::Kind kind;
    std::uint32_t mode = 0;
  };

  // `circle`: set where more links follow one another than a kernel would follow.
  std::optional<Index> find(std::string_view path, bool follow_last, bool* circle = nullptr) const;
  std::optional<Index> directory(std::string_view path);
  Index child(Index parent, std::string_view name);
  void white_out(const Entry& entry);
  void add(const Entry& entry);
  void refuse(const Entry& entry, std::string why);
  std::string path_of(Index node) const;
  void walk(Index node, std::size_t depth, fleet::Inventory& out, std::map<Index, std::size_t>& seen) const;

  std::vector<Node> nodes_;
  std::vector<Content> contents_;
  std::vector<fleet::Skipped> skipped_;
};

}  // namespace callgate::image
