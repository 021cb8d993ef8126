// SPDX-License-Identifier: Apache-2.0
#include "review/mend.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "lint/fix.h"
#include "policy/algebra.h"

namespace callgate::review {

namespace {

using manifest::Container;
using manifest::Outcome;

// What two findings of the same sort in one file have in common.
using Sort = std::tuple<std::string, std::string_view, std::string>;  // file, rule, message
Sort sort_of(const lint::Finding& finding) {
  return {finding.span.file == nullptr ? std::string() : finding.span.file->name(), finding.rule->id, finding.message};
}

// The rules by which a refusal is told: one of them may take another's place.
bool tells_refusal(std::string_view rule) {
  constexpr std::array<std::string_view, 8> kRefusals{"keyword-as-file", "not-created",         "pod-security",
                                                      "profile-missing", "profile-path",        "value-case",
                                                      "windows-pod",     "runtimeclass-unknown"};
  return std::ranges::find(kRefusals, rule) != kRefusals.end();
}

// How often each thing is found that mending may not bring about: by file and rule.
std::map<std::pair<std::string, std::string_view>, std::size_t> harm_of(const std::vector<lint::Report>& reports) {
  std::map<std::pair<std::string, std::string_view>, std::size_t> out;
  for (const lint::Report& report : reports)
    for (const lint::Finding& each : report.findings)
      if ((each.rule->level == lint::Level::error && !tells_refusal(each.rule->id)) || each.rule->id == "unknown-field")
        ++out[{report.name, each.rule->id}];
  return out;
}

// Of two containers of one name in one owner, the first is the first.
std::map<std::tuple<std::string, std::string, std::string, std::size_t>, const Container*> by_name(
    const manifest::Answer& answer) {
  std::map<std::tuple<std::string, std::string, std::string, std::size_t>, const Container*> out;
  for (const Container& each : answer.containers) {
    std::size_t number = 0;
    while (!out.try_emplace({each.owner, each.role, each.name, number}, &each).second) ++number;
  }
  return out;
}

bool is_confined(const Container& container) {
  return !container.choice.filter || container.choice.filter->profile.confined;
}

// Whether a container that ran before is granted no more calls, and no other powers, afterwards.
bool is_no_more(const Container& before, const Container& after) {
  if (after.outcome == Outcome::refused) return false;
  if ((after.privileged && !before.privileged) || (before.no_new_privileges && !after.no_new_privileges)) return false;
  if (!std::ranges::includes(before.capabilities, after.capabilities)) return false;
  const auto &old_filter = before.choice.filter, &new_filter = after.choice.filter;
  if (old_filter == new_filter && (old_filter || before.choice.path == after.choice.path)) return true;
  if (!is_confined(before)) return true;
  return old_filter && new_filter && !policy::first_excess(new_filter->profile.policy, old_filter->profile.policy);
}

bool is_no_worse(const Judged& before, const Judged& after) {
  const auto old_containers = by_name(before.answer), new_containers = by_name(after.answer);
  for (const auto& [name, container] : old_containers) {
    const auto now = new_containers.find(name);
    if (now == new_containers.end()) return false;
    if (container->outcome == Outcome::runs && !is_no_more(*container, *now->second)) return false;
  }
  const auto refused = [](const manifest::Answer& answer) {
    return std::ranges::count(answer.objects, Outcome::refused, &manifest::Object::outcome);
  };
  if (refused(after.answer) > refused(before.answer)) return false;
  const auto old_harm = harm_of(before.reports), new_harm = harm_of(after.reports);
  return std::ranges::all_of(new_harm, [&](const auto& row) {
    const auto known = old_harm.find(row.first);
    return known != old_harm.end() && row.second <= known->second;
  });
}

std::map<Sort, std::size_t> count_sorts(const std::vector<lint::Report>& reports) {
  std::map<Sort, std::size_t> out;
  for (const lint::Report& report : reports)
    for (const lint::Finding& each : report.findings) ++out[sort_of(each)];
  return out;
}

// Where a place is after the edits.
std::uint32_t moved(std::uint32_t place, const std::vector<lint::Edit>& edits) {
  std::int64_t out = place;
  for (const lint::Edit& each : edits)
    if (each.begin <= place)
      out += static_cast<std::int64_t>(each.text.size()) - (std::min(each.end, place) - each.begin);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(out, 0));
}

class Mending {
 public:
  Mending(std::span<const std::string> paths, const Options& options, container::World& world)
      : paths_(paths), options_(options), world_(world) {}
  bool start(base::Diagnostics& diagnostics);
  std::vector<MendedFile> run();

 private:
  // What was tried in vain: rule and place, in the text as it is now.
  using Tried = std::pair<std::string_view, std::uint32_t>;
  struct File {
    std::string path;  // to provide it by: "-" for standard input
    MendedFile mended;
    std::vector<Tried> refused;
  };
  struct Change {
    File* file;
    std::vector<lint::Edit> edits;
  };

  bool is_ours(const std::string& name) const;
  File* file_of(const base::SourceFile& file);
  std::vector<const lint::Finding*> candidates();
  std::vector<const lint::Finding*> apart(const std::vector<const lint::Finding*>& findings, std::size_t most);
  bool attempt(const std::vector<const lint::Finding*>& findings);
  std::vector<Change> changes_of(const std::vector<const lint::Finding*>& findings);
  bool is_done(const std::vector<const lint::Finding*>& findings, const Judged& after) const;

  std::span<const std::string> paths_;
  const Options& options_;
  container::World& world_;
  Judged now_;
  std::map<std::string, File> files_;  // by name
};

bool Mending::start(base::Diagnostics& diagnostics) {
  auto judged = judge_paths(paths_, options_, world_, diagnostics);
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
      if (std::ranges::find(file->refused, Tried(each.rule->id, each.span.begin)) == file->refused.end())
        out.push_back(&each);
    }
  std::ranges::stable_partition(out,
                                [](const lint::Finding* each) { return each->span.text().find("container.") == 0; });
  return out;
}

// The first of one rule whose edits have nothing to do with each other. What the fix of another rule brings to light
// would count against them.
std::vector<const lint::Finding*> Mending::apart(const std::vector<const lint::Finding*>& findings, std::size_t most) {
  std::vector<const lint::Finding*> out;
  const auto meet = [](const lint::Finding& a, const lint::Finding& b) {
    if (a.span.file != b.span.file) return false;
    return std::ranges::any_of(a.fix->edits, [&](const lint::Edit& x) {
      return std::ranges::any_of(b.fix->edits,
                                 [&](const lint::Edit& y) { return x.begin <= y.end && y.begin <= x.end; });
    });
  };
  for (const lint::Finding* each : findings) {
    if (out.size() == most) break;
    if (each->rule != findings.front()->rule) continue;
    if (std::ranges::none_of(out, [&](const lint::Finding* other) { return meet(*each, *other); })) out.push_back(each);
  }
  return out;
}

std::vector<Mending::Change> Mending::changes_of(const std::vector<const lint::Finding*>& findings) {
  std::vector<Change> out;
  for (const lint::Finding* each : findings) {
    File* const file = file_of(*each->span.file);
    auto known = std::ranges::find(out, file, &Change::file);
    if (known == out.end()) known = out.insert(out.end(), {file, {}});
    known->edits.insert(known->edits.end(), each->fix->edits.begin(), each->fix->edits.end());
  }
  return out;
}

bool Mending::is_done(const std::vector<const lint::Finding*>& findings, const Judged& after) const {
  auto left = count_sorts(now_.reports);
  for (const lint::Finding* each : findings) --left[sort_of(*each)];
  const auto found = count_sorts(after.reports);
  return std::ranges::all_of(findings, [&](const lint::Finding* each) {
    const auto still = found.find(sort_of(*each));
    return still == found.end() || still->second <= left[still->first];
  });
}

bool Mending::attempt(const std::vector<const lint::Finding*>& findings) {
  const auto changes = changes_of(findings);
  for (const Change& each : changes)
    world_.files.provide(each.file->path, lint::apply_edits(each.file->mended.after, each.edits));
  base::Diagnostics ignored;
  auto after = judge_paths(paths_, options_, world_, ignored);
  if (!after.all_read || !is_done(findings, after) || !is_no_worse(now_, after)) {
    for (const Change& each : changes) world_.files.provide(each.file->path, each.file->mended.after);
    return false;
  }
  for (const lint::Finding* each : findings)
    file_of(*each->span.file)->mended.fixes.push_back(fmt::format("{}: {}", each->rule->id, each->fix->what));
  for (const Change& each : changes) {
    each.file->mended.after = lint::apply_edits(each.file->mended.after, each.edits);
    for (Tried& tried : each.file->refused) tried.second = moved(tried.second, each.edits);
  }
  now_ = std::move(after);
  return true;
}

// Many at once, as long as that goes well; else half as many, down to the one that is no good. What was no good may be
// after others were made.
std::vector<MendedFile> Mending::run() {
  constexpr std::size_t kMostRounds = 2000;
  std::size_t most = 64;
  bool changed = false;  // since all were looked at
  for (std::size_t round = 0; round < kMostRounds; ++round) {
    const auto chosen = apart(candidates(), most);
    if (chosen.empty()) {
      if (!std::exchange(changed, false)) break;
      for (auto& [name, file] : files_) file.refused.clear();
    } else if (attempt(chosen)) {
      changed = true;
      most *= 2;
    } else if (chosen.size() == 1) {
      file_of(*chosen[0]->span.file)->refused.emplace_back(chosen[0]->rule->id, chosen[0]->span.begin);
    } else {
      most = chosen.size() / 2;
    }
  }
  std::vector<MendedFile> out;
  for (auto& [name, file] : files_)
    if (file.mended.after != file.mended.before) out.push_back(std::move(file.mended));
  return out;
}

}  // namespace

std::optional<std::vector<MendedFile>> mend_paths(std::span<const std::string> paths, const Options& options,
                                                  container::World& world, base::Diagnostics& diagnostics) {
  Mending mending(paths, options, world);
  if (!mending.start(diagnostics)) return std::nullopt;
  return mending.run();
}

}  // namespace callgate::review
