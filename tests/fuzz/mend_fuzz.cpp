// Any bytes as a manifest that is mended: an edit changes what it is to change in the tree and nothing else, and what
// is mended needs no more mending. SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lint/fix.h"
#include "review/mend.h"
#include "review/yaml_edits.h"

namespace {

using namespace callgate;
using review::Way;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

// What is done to a tree: the child that is left out, or the mapping that has one more member.
struct Change {
  const text::NodeData* gone = nullptr;
  const text::NodeData* grown = nullptr;
};

const text::NodeData* data(const text::Document& document, text::Node node) {
  for (const text::NodeData& each : document.nodes())
    if (each.begin == node.span().begin && each.end == node.span().end && each.key_begin == node.key_span().begin &&
        each.kind == node.kind())
      return &each;
  return nullptr;
}

// Members sorted; null and what is empty are alike.
std::string dump(const text::Document& document, const text::NodeData& node, const Change& change) {
  const bool object = node.kind == text::Kind::object;
  if (!object && node.kind != text::Kind::array && &node != change.grown)
    return node.kind == text::Kind::null ? "~" : "'" + std::string(node.text) + "'";
  std::vector<std::string> parts;
  for (std::uint32_t i = node.first_child; i != text::kNoNode; i = document.nodes()[i].next_sibling) {
    const text::NodeData& child = document.nodes()[i];
    if (&child == change.gone) continue;
    parts.push_back((object ? std::string(child.key) + ": " : "") + dump(document, child, change));
  }
  if (&node == change.grown) parts.emplace_back("new: {k: 'v'}");
  if (parts.empty()) return "~";
  if (object || &node == change.grown) std::sort(parts.begin(), parts.end());
  std::string out = "{";
  for (const std::string& each : parts) out += (out.size() == 1 ? "" : ", ") + each;
  return out + "}";
}

std::string dump(const std::vector<text::Document>& documents, const Change& change) {
  std::string out;
  for (const text::Document& each : documents)
    if (each.root())
      if (const std::string text = dump(each, each.nodes().front(), change); text != "~") out += text + "\n";
  return out;
}

void compare(const base::SourceFile& file, const std::vector<text::Document>& before, const Change& change,
             const std::vector<lint::Edit>& edits) {
  for (const lint::Edit& each : edits) {
    require(each.begin <= each.end && each.end <= file.text().size(), "an edit lies in the file");
    // An anchor that goes may be named elsewhere: then the whole is judged anew, and this edit is not made.
    if (file.text().substr(each.begin, each.end - each.begin).find('&') != std::string_view::npos) return;
  }
  const base::SourceFile after("a.yaml", lint::apply_edits(file.text(), edits));
  base::Diagnostics diagnostics;
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  const auto documents = text::read_yaml(after, diagnostics, limits);
  const bool same = documents && dump(*documents, {}) == dump(before, change);
  if (!same)
    std::fprintf(stderr, "--- before\n%s\n--- after\n%s\n", std::string(file.text()).c_str(),
                 std::string(after.text()).c_str());
  require(documents.has_value(), "an edited text reads");
  require(same, "an edit does what it says and nothing else");
}

void edit_all(const base::SourceFile& file, const std::vector<text::Document>& documents, Way& way,
              std::size_t& budget) {
  if (budget == 0 || way.empty()) return;
  const text::Document* document = nullptr;
  for (const text::Document& each : documents)
    if (each.root() && each.root().span() == way.front().span()) document = &each;
  if (document == nullptr) return;
  --budget;
  if (const auto edits = review::remove(way)) {
    const text::Node parent = way[way.size() - 2];
    const bool whole = parent.size() == 1 && parent.key_span().begin != parent.key_span().end && way.size() > 2;
    compare(file, documents, {data(*document, whole ? parent : way.back()), nullptr}, *edits);
  }
  for (const review::Where where : {review::Where::first, review::Where::last})
    if (const auto edits = review::insert(way, {"new", "", {{"k", "v", {}}}}, where))
      compare(file, documents, {nullptr, data(*document, way.back())}, *edits);
  for (const text::Node each : way.back()) {
    way.push_back(each);
    edit_all(file, documents, way, budget);
    way.pop_back();
  }
}

void mend(std::string text, kube::FieldValidation validation) {
  static manifest::Filters filters{{}};
  manifest::Files files("/nonexistent");
  container::World world{.files = files, .filters = filters};
  review::Options options;
  options.resolve.kube.cluster.field_validation = validation;
  files.provide("a.yaml", std::move(text));
  const std::vector<std::string> paths{"a.yaml"};
  base::Diagnostics diagnostics;
  const auto mended = review::mend_paths(paths, options, world, diagnostics);
  if (!mended) return;
  require(mended->files.size() <= 1, "one file is mended");
  for (const review::MendedFile& each : mended->files) {
    require(each.before != each.after && !each.fixes.empty(), "a mended file is another");
    const auto again = review::mend_paths(paths, options, world, diagnostics);
    require(again && again->files.empty(), "mended is mended");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kMax = std::size_t{1} << 13;
  if (size > kMax) return 0;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const base::SourceFile file("a.yaml", text);
  review::Trees trees;
  const auto& documents = trees.of(file);
  std::size_t budget = 40;
  for (const text::Document& each : documents) {
    Way way{each.root()};
    if (each.root()) edit_all(file, documents, way, budget);
  }
  mend(text, size % 2 == 0 ? kube::FieldValidation::strict : kube::FieldValidation::warn);
  return 0;
}
