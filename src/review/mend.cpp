// SPDX-License-Identifier: Apache-2.0
#include "review/mend.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "lint/fix.h"
#include "review/blame.h"

namespace callgate::review {

namespace {

class Mending {
 public:
  Mending(std::span<const std::string> paths, const Options& options, container::World& world)
      : paths_(paths), options_(options), world_(world) {}
  bool start(base::Diagnostics& diagnostics);
  Mended run();

 private:
  // What was tried in vain: rule and place, in the text as it is now.
  using Tried = std::pair<std::string_view, std::uint32_t>;
  struct File {
    std::string path;  // to provide it by: "-" for standard input
    MendedFile mended;
    std::set<Tried> refused;
  };
  struct Change {
    File* file;
    std::vector<lint::Edit> edits;
  };

  bool is_ours(const std::string& name) const;
  File* file_of(const base::SourceFile& file);
  std::vector<const lint::Finding*> candidates();
  std::vector<const lint::Finding*> apart(const std::vector<const lint::Finding*>& findings, std::size_t most);
  Verdict attempt(const std::vector<const lint::Finding*>& findings);
  void refuse(const lint::Finding& finding);
  std::vector<const lint::Finding*> without_blamed(const std::vector<const lint::Finding*>& findings,
                                                   const std::vector<Blamed>& blamed);
  bool make_all_good(std::vector<const lint::Finding*> chosen);
  std::vector<Change> changes_of(const std::vector<const lint::Finding*>& findings);

  std::span<const std::string> paths_;
  const Options& options_;
  container::World& world_;
  Judged now_;
  std::map<std::string, File> files_;  // by name
  std::size_t looks_ = 0;              // at the whole input
  std::size_t most_ = SIZE_MAX;        // at once, where it is not known which is no good
};

bool Mending::start(base::Diagnostics& diagnostics) {
  auto judged = judge_paths(paths_, options_, world_, diagnostics);
  ++looks_;
  if (!judged.all_read) return false;
  now_ = std::move(judged);
  return true;
}

// A file that a project takes in from elsewhere belongs to somebody else, too.
bool Mending::is_ours(const std::string& name) const {
  const std::string& here = world_.files.working_directory();
  const std::string path = manifest::join_path(here, name);
  return std::ranges::any_of(paths_, [&](const std::string& each) {
    if (each == "-") return name == "<stdin>";
    const std::string named = manifest::join_path(here, each);
    return path == named || (resolve::is_project(each, world_) && path.starts_with(named + "/"));
  });
}

Mending::File* Mending::file_of(const base::SourceFile& file) {
  if (!is_ours(file.name())) return nullptr;
  const auto [at, fresh] = files_.try_emplace(file.name());
  if (fresh) {
    const std::string text(file.text());
    at->second = {file.name() == "<stdin>" ? "-" : file.name(), {file.name(), text, text, {}}, {}};
  }
  return &at->second;
}

// A container's own annotation is looked at before its Pod's: what the Pod says is then still there to be told from it.
std::vector<const lint::Finding*> Mending::candidates() {
  std::vector<const lint::Finding*> out;
  for (const lint::Report& report : now_.reports)
    for (const lint::Finding& each : report.findings) {
      if (!each.fix || each.suppressed || each.span.file == nullptr) continue;
      const File* const file = file_of(*each.span.file);
      if (file == nullptr) continue;
      if (!file->refused.contains(Tried(each.rule->id, each.span.begin))) out.push_back(&each);
    }
  std::ranges::stable_partition(out,
                                [](const lint::Finding* each) { return each->span.text().find("container.") == 0; });
  return out;
}

// The first of one rule whose edits have nothing to do with each other. What the fix of another rule brings to light
// would count against them.
std::vector<const lint::Finding*> Mending::apart(const std::vector<const lint::Finding*>& findings, std::size_t most) {
  std::vector<const lint::Finding*> out;
  std::map<const base::SourceFile*, std::map<std::uint32_t, std::uint32_t>> taken;  // beginnings and ends
  const auto meets = [&](const std::map<std::uint32_t, std::uint32_t>& all, const lint::Edit& edit) {
    const auto next = all.upper_bound(edit.end);
    return next != all.begin() && std::prev(next)->second >= edit.begin;
  };
  for (const lint::Finding* each : findings) {
    if (out.size() == most) break;
    if (each->rule != findings.front()->rule) continue;
    auto& all = taken[each->span.file];
    if (std::ranges::any_of(each->fix->edits, [&](const lint::Edit& edit) { return meets(all, edit); })) continue;
    for (const lint::Edit& edit : each->fix->edits) all[edit.begin] = std::max(all[edit.begin], edit.end);
    out.push_back(each);
  }
  return out;
}

std::vector<Mending::Change> Mending::changes_of(const std::vector<const lint::Finding*>& findings) {
  std::vector<Change> out;
  std::map<File*, std::size_t> numbers;
  for (const lint::Finding* each : findings) {
    File* const file = file_of(*each->span.file);
    const auto [at, fresh] = numbers.try_emplace(file, out.size());
    if (fresh) out.push_back({file, {}});
    Change* const known = &out[at->second];
    known->edits.insert(known->edits.end(), each->fix->edits.begin(), each->fix->edits.end());
  }
  return out;
}

Verdict Mending::attempt(const std::vector<const lint::Finding*>& findings) {
  const auto changes = changes_of(findings);
  Shifts shifts;
  for (const Change& each : changes) {
    world_.files.provide(each.file->path, lint::apply_edits(each.file->mended.after, each.edits));
    shifts.emplace(each.file->mended.name, Shift(each.edits));
  }
  base::Diagnostics ignored;
  auto after = judge_paths(paths_, options_, world_, ignored);
  ++looks_;
  Verdict verdict = after.all_read ? judge_fixes(now_, after, findings, shifts) : Verdict{false, {}};
  if (!verdict.good) {
    for (const Change& each : changes) world_.files.provide(each.file->path, each.file->mended.after);
    return verdict;
  }
  for (const lint::Finding* each : findings)
    file_of(*each->span.file)->mended.fixes.push_back(fmt::format("{}: {}", each->rule->id, each->fix->what));
  for (const Change& each : changes) {
    each.file->mended.after = lint::apply_edits(each.file->mended.after, each.edits);
    std::set<Tried> moved;
    for (const auto& [rule, place] : each.file->refused) moved.emplace(rule, shifts[each.file->mended.name](place));
    each.file->refused = std::move(moved);
  }
  now_ = std::move(after);
  return verdict;
}

void Mending::refuse(const lint::Finding& finding) {
  file_of(*finding.span.file)->refused.emplace(finding.rule->id, finding.span.begin);
}

// Of several that are blamed for one part, the first is tried again, alone there: it may be the others.
std::vector<const lint::Finding*> Mending::without_blamed(const std::vector<const lint::Finding*>& findings,
                                                          const std::vector<Blamed>& blamed) {
  std::map<Part, std::size_t> counts;
  for (const Blamed& each : blamed) ++counts[each.part];
  std::set<Part> seen;
  std::set<const lint::Finding*> out_of;
  for (const Blamed& each : blamed) {
    if (counts[each.part] == 1) refuse(*each.finding);
    if (counts[each.part] == 1 || !seen.insert(each.part).second) out_of.insert(each.finding);
  }
  std::vector<const lint::Finding*> out;
  std::ranges::copy_if(findings, std::back_inserter(out),
                       [&](const lint::Finding* each) { return !out_of.contains(each); });
  return out;
}

// Without those that turn out to be no good, until the rest is; whether any are left.
bool Mending::make_all_good(std::vector<const lint::Finding*> chosen) {
  while (!chosen.empty()) {
    const Verdict verdict = attempt(chosen);
    if (verdict.good) return true;
    if (!verdict.blamed.empty()) {
      chosen = without_blamed(chosen, verdict.blamed);
    } else if (chosen.size() == 1) {
      refuse(*chosen.front());
      return false;
    } else {
      most_ = chosen.size() / 2;
      return false;
    }
  }
  return false;
}

// All at once, as long as that goes well. Where it is not known what is no good: half as many, down to the one. What
// was no good may be after others were made.
Mended Mending::run() {
  constexpr std::size_t kMostLooks = 2000;
  bool changed = false;  // since all were looked at
  while (looks_ < kMostLooks) {
    auto chosen = apart(candidates(), most_);
    if (chosen.empty()) {
      if (!std::exchange(changed, false)) break;
      for (auto& [name, file] : files_) file.refused.clear();
    } else if (make_all_good(std::move(chosen))) {
      changed = true;
      most_ = most_ > SIZE_MAX / 2 ? SIZE_MAX : most_ * 2;
    }
  }
  Mended out{{}, looks_};
  for (auto& [name, file] : files_)
    if (file.mended.after != file.mended.before) out.files.push_back(std::move(file.mended));
  return out;
}

}  // namespace

std::optional<Mended> mend_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                                 base::Diagnostics& diagnostics) {
  Mending mending(paths, options, world);
  if (!mending.start(diagnostics)) return std::nullopt;
  return mending.run();
}

}  // namespace callgate::review
