// SPDX-License-Identifier: Apache-2.0
#include "image/layers.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::image {

namespace {

constexpr std::string_view kWhiteout = ".wh.", kOpaque = ".wh..wh..opq", kReserved = ".wh..wh.";
constexpr int kMaxLinks = 40;  // as the kernel's
constexpr std::size_t kMaxName = 255, kMaxPath = 4096, kMaxDepth = 200;
constexpr std::size_t kMaxSkipped = 10000;

std::vector<std::string_view> parts(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") out.push_back(part);
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return out;
}

// Directory and last name; nothing for what engines refuse.
struct Place {
  std::string directory, name;
};
std::optional<Place> place_of(std::string_view path) {
  if (path.size() > kMaxPath) return std::nullopt;
  const auto all = parts(path);
  if (all.empty() || all.size() > kMaxDepth) return std::nullopt;
  Place out;
  for (const std::string_view part : all)
    if (part == ".." || part.size() > kMaxName) return std::nullopt;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) out.directory += fmt::format("/{}", all[i]);
  out.name = all.back();
  return out;
}

}  // namespace

Root::Root() {
  nodes_.emplace_back();
}

// As the kernel resolves a path below a root: ".." at the root stays there.
std::optional<Root::Index> Root::find(std::string_view path, bool follow_last, bool* circle) const {
  Index at = 0;
  int links = 0;
  std::vector<std::string> todo;  // the last is next
  const auto push = [&](std::string_view text) {
    const auto all = parts(text);
    for (auto i = all.rbegin(); i != all.rend(); ++i) todo.emplace_back(*i);
  };
  push(path);
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (nodes_[at].type != EntryType::directory) return std::nullopt;
    if (name == "..") {
      at = nodes_[at].parent;
      continue;
    }
    const auto found = nodes_[at].children.find(name);
    if (found == nodes_[at].children.end()) return std::nullopt;
    const Node& next = nodes_[found->second];
    if (next.type != EntryType::symbolic_link || (todo.empty() && !follow_last)) {
      at = found->second;
      continue;
    }
    if (++links > kMaxLinks || todo.size() > kMaxPath) {
      if (circle != nullptr) *circle = true;
      return std::nullopt;
    }
    if (next.link.starts_with('/')) at = 0;
    push(next.link);
  }
  return at;
}

// The directory that a path leads to, made where it is not there. Nothing where links lead in a circle, or something
// else is in the way.
std::optional<Root::Index> Root::directory(std::string_view path) {
  Index at = 0;
  for (const std::string_view part : parts(path)) {
    const auto known = nodes_[at].children.find(part);
    if (known == nodes_[at].children.end()) {
      at = child(at, part);
      continue;
    }
    const auto found = find(fmt::format("{}/{}", path_of(at), part), true);
    if (!found || nodes_[*found].type != EntryType::directory) return std::nullopt;
    at = *found;
  }
  return at;
}

Root::Index Root::child(Index parent, std::string_view name) {
  const auto known = nodes_[parent].children.find(name);
  if (known != nodes_[parent].children.end()) return known->second;
  const auto made = static_cast<Index>(nodes_.size());
  Node node;
  node.parent = parent;
  node.name = name;
  nodes_.push_back(std::move(node));
  nodes_[parent].children.emplace(name, made);
  return made;
}

void Root::refuse(const Entry& entry, std::string why) {
  if (skipped_.size() < kMaxSkipped) skipped_.push_back({entry.path, fleet::SkipReason::refused, std::move(why)});
}

void Root::apply(const Layer& layer) {
  // Whiteouts first: they are about what lies below this layer, not about what it brings itself.
  for (const Entry& entry : layer)
    if (const auto place = place_of(entry.path); place && place->name.starts_with(kWhiteout)) white_out(entry);
  for (const Entry& entry : layer) add(entry);
}

void Root::white_out(const Entry& entry) {
  const auto place = place_of(entry.path);
  const auto parent = find(place->directory, true);
  if (!parent) return;
  if (place->name == kOpaque)
    nodes_[*parent].children.clear();
  else if (!place->name.starts_with(kReserved))
    nodes_[*parent].children.erase(place->name.substr(kWhiteout.size()));
}

void Root::add(const Entry& entry) {
  const auto place = place_of(entry.path);
  if (!place) {
    // The root itself has an entry, too.
    if (!parts(entry.path).empty()) refuse(entry, "its name leads out of the root, or is too long");
    return;
  }
  if (place->name.starts_with(kWhiteout)) return;
  if (entry.link.size() > kMaxPath) return refuse(entry, "the name that it links to is too long");
  const auto parent = directory(place->directory);
  if (!parent) return refuse(entry, "something else is where its directory should be");
  if (nodes_.size() >= kNone - 1) return refuse(entry, "there are too many files");
  Index content = kNone;
  if (entry.type == EntryType::hard_link) {
    const auto target = find(entry.link, false);
    if (!target || nodes_[*target].content == kNone) return refuse(entry, "a hard link to a file that is not there");
    content = nodes_[*target].content;
  } else if (entry.type == EntryType::file) {
    content = static_cast<Index>(contents_.size());
    contents_.push_back({{entry.size, entry.kept, entry.not_kept_because}, entry.kind, entry.mode});
  }
  const Index made = child(*parent, place->name);
  Node& node = nodes_[made];
  const EntryType type = entry.type == EntryType::hard_link ? EntryType::file : entry.type;
  if (type != EntryType::directory || node.type != EntryType::directory) node.children.clear();
  node.type = type;
  node.mode = entry.mode;
  node.content = content;
  node.link = type == EntryType::symbolic_link ? entry.link : std::string();
}

std::optional<Root::File> Root::file(std::string_view path) const {
  const auto found = find(path, true);
  if (!found || nodes_[*found].content == kNone) return std::nullopt;
  return contents_[nodes_[*found].content].file;
}

std::string Root::path_of(Index node) const {
  std::string out;
  for (Index at = node; at != 0; at = nodes_[at].parent) out.insert(0, "/" + nodes_[at].name);
  return out;
}

std::string Root::real(std::string_view path) const {
  const auto found = find(path, true);
  if (!found) return "";
  return *found == 0 ? "/" : path_of(*found);
}

std::vector<std::string> Root::names(std::string_view directory) const {
  std::vector<std::string> out;
  if (const auto found = find(directory, true))
    for (const auto& [name, index] : nodes_[*found].children) out.push_back(name);
  return out;
}

fleet::Inventory Root::inventory() const {
  fleet::Inventory out;
  std::map<Index, std::size_t> seen;
  walk(0, 0, out, seen);
  std::sort(out.programs.begin(), out.programs.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  out.skipped.insert(out.skipped.end(), skipped_.begin(), skipped_.end());
  return out;
}

void Root::walk(Index index, std::size_t depth, fleet::Inventory& out, std::map<Index, std::size_t>& seen) const {
  using fleet::SkipReason;
  const Node& node = nodes_[index];
  const auto skip = [&](SkipReason reason, std::string why) {
    out.skipped.push_back({path_of(index), reason, std::move(why)});
  };
  switch (node.type) {
    case EntryType::directory:
      ++out.directories;
      if (depth > kMaxDepth) return skip(SkipReason::too_deep, fmt::format("below {} directories", kMaxDepth));
      for (const auto& [name, next] : node.children) walk(next, depth + 1, out, seen);
      return;
    case EntryType::symbolic_link:
      ++out.links;
      if (bool circle = false; !find(path_of(index), true, &circle)) {
        if (circle) return skip(SkipReason::loop, "");
        ++out.dangling;
      }
      return;
    case EntryType::device:
      return skip(SkipReason::device, "");
    case EntryType::pipe:
      return skip(SkipReason::pipe, "");
    case EntryType::other:
      return skip(SkipReason::refused, "a kind of file that images have none of");
    case EntryType::hard_link:
    case EntryType::file:
      break;
  }
  ++out.files;
  const Content& content = contents_[node.content];
  if ((content.mode & 0111U) == 0) return;
  if (content.kind.kind == fleet::FileKind::foreign) skip(SkipReason::foreign, content.kind.detail);
  if (content.kind.kind == fleet::FileKind::script) ++out.scripts[content.kind.detail];
  if (content.kind.kind != fleet::FileKind::program) return;
  const auto [known, fresh] = seen.emplace(node.content, out.programs.size());
  if (fresh)
    out.programs.push_back({path_of(index), {}});
  else
    out.programs[known->second].other_names.push_back(path_of(index));
}

}  // namespace callgate::image
