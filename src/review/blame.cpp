// SPDX-License-Identifier: Apache-2.0
#include "review/blame.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>

#include "policy/algebra.h"

namespace callgate::review {

namespace {

using manifest::Container;
using manifest::Outcome;

std::string file_of(base::Span place) {
  return place.file == nullptr ? std::string() : place.file->name();
}

// What two findings of the same sort in one file have in common.
using Sort = std::tuple<std::string, std::string_view, std::string>;  // file, rule, message
Sort sort_of(const lint::Finding& finding) {
  return {file_of(finding.span), finding.rule->id, finding.message};
}

// The rules by which a refusal is told: one of them may take another's place.
bool tells_refusal(std::string_view rule) {
  constexpr std::array<std::string_view, 8> kRefusals{"keyword-as-file", "not-created",         "pod-security",
                                                      "profile-missing", "profile-path",        "value-case",
                                                      "windows-pod",     "runtimeclass-unknown"};
  return std::ranges::find(kRefusals, rule) != kRefusals.end();
}

// What mending may not bring about.
bool is_harm(const lint::Finding& finding) {
  return (finding.rule->level == lint::Level::error && !tells_refusal(finding.rule->id)) ||
         finding.rule->id == "unknown-field";
}

// Of two containers of one name in one owner, the first is the first.
std::map<std::tuple<std::string, std::string, std::string, std::size_t>, const Container*> by_name(
    const manifest::Answer& answer) {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> numbers;
  std::map<std::tuple<std::string, std::string, std::string, std::size_t>, const Container*> out;
  for (const Container& each : answer.containers)
    out.emplace(std::tuple(each.owner, each.role, each.name, numbers[{each.owner, each.role, each.name}]++), &each);
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

// Where parts of a file begin: those that a container has to itself are within documents.
struct Ground {
  std::vector<std::uint32_t> documents{0}, containers;
};

std::size_t number(const std::vector<std::uint32_t>& begins, std::uint32_t place) {
  return static_cast<std::size_t>(std::ranges::upper_bound(begins, place) - begins.begin());
}

class Grounds {
 public:
  explicit Grounds(const Judged& judged) {
    for (const Container& each : judged.answer.containers)
      if (each.source.file != nullptr) of(*each.source.file).containers.push_back(each.source.begin);
    for (auto& [name, ground] : grounds_) {
      ground.containers.insert(ground.containers.end(), ground.documents.begin(), ground.documents.end());
      std::ranges::sort(ground.containers);
      const auto rest = std::ranges::unique(ground.containers);
      ground.containers.erase(rest.begin(), rest.end());
    }
  }
  const Ground* find(const std::string& file) const {
    const auto found = grounds_.find(file);
    return found == grounds_.end() ? nullptr : &found->second;
  }

 private:
  Ground& of(const base::SourceFile& file) {
    const auto [at, fresh] = grounds_.try_emplace(file.name());
    if (fresh) {
      // A document, or an object of a list.
      const std::string_view text = file.text();
      for (std::size_t begin = 0; begin < text.size();) {
        std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
        const std::size_t next = begin + line.size() + 1;
        const auto indent = std::min(line.find_first_not_of(' '), line.size());
        line.remove_prefix(indent);
        if ((indent == 0 && line.starts_with("---")) || line.starts_with("- apiVersion:") ||
            line.starts_with("- kind:"))
          at->second.documents.push_back(static_cast<std::uint32_t>(begin));
        begin = next;
      }
    }
    return at->second;
  }
  std::map<std::string, Ground> grounds_;
};

class Court {
 public:
  Court(const Judged& before, const Judged& after, std::span<const lint::Finding* const> findings, const Shifts& shifts)
      : before_(before), after_(after), findings_(findings), shifts_(shifts), old_(before), new_(after) {}

  Verdict run() {
    look_for_undone();
    look_at_containers();
    look_at_objects();
    look_for_harm();
    if (!out_.good && unknown_) out_.blamed.clear();
    return std::move(out_);
  }

 private:
  struct Rank {
    std::size_t document, container;
  };

  void fail() {
    out_.good = false;
    unknown_ = true;
  }
  void blame(const lint::Finding* finding, Part part) {
    out_.good = false;
    if (blamed_.insert(finding).second) out_.blamed.push_back({finding, std::move(part)});
  }
  std::optional<Rank> rank(const Grounds& grounds, const std::string& file, std::uint32_t place) const {
    const Ground* const own = grounds.find(file);
    const Ground *const a = old_.find(file), *const b = new_.find(file);
    const bool same = a != nullptr && b != nullptr && a->documents.size() == b->documents.size() &&
                      a->containers.size() == b->containers.size();
    if (own == nullptr || !same) return std::nullopt;
    return Rank{number(own->documents, place), number(own->containers, place)};
  }

  // Those in the same container; else those in the same document.
  void blame_at(const Grounds& grounds, base::Span place) {
    const std::string file = file_of(place);
    const auto where = rank(grounds, file, place.begin);
    if (!where) return fail();
    constexpr std::size_t kDocuments = std::size_t{1} << 32;  // numbers of documents are told from those of containers
    std::vector<const lint::Finding*> near, around;
    for (const lint::Finding* each : of_file(file)) {
      const auto own = rank(old_, file, each->span.begin);
      if (own && own->container == where->container) near.push_back(each);
      if (own && own->document == where->document) around.push_back(each);
    }
    const bool narrow = !near.empty();
    if (!narrow && around.empty()) return fail();
    for (const lint::Finding* each : narrow ? near : around)
      blame(each, {file, narrow ? where->container : kDocuments + where->document});
  }
  const std::vector<const lint::Finding*>& of_file(const std::string& file) {
    if (by_file_.empty())
      for (const lint::Finding* each : findings_) by_file_[file_of(each->span)].push_back(each);
    return by_file_[file];
  }

  void look_for_undone();
  void look_at_containers();
  void look_at_objects();
  void look_for_harm();

  const Judged &before_, &after_;
  std::span<const lint::Finding* const> findings_;
  const Shifts& shifts_;
  Grounds old_, new_;
  Verdict out_;
  bool unknown_ = false;
  std::set<const lint::Finding*> blamed_;
  std::map<std::string, std::vector<const lint::Finding*>> by_file_;
};

void Court::look_for_undone() {
  std::map<Sort, std::size_t> left, found;
  std::set<std::pair<Sort, std::uint32_t>> places;
  for (const lint::Report& report : before_.reports)
    for (const lint::Finding& each : report.findings) ++left[sort_of(each)];
  for (const lint::Report& report : after_.reports)
    for (const lint::Finding& each : report.findings) {
      ++found[sort_of(each)];
      places.emplace(sort_of(each), each.span.begin);
    }
  for (const lint::Finding* each : findings_) --left[sort_of(*each)];
  std::size_t index = 0;
  for (const lint::Finding* each : findings_) {
    const std::string file = file_of(each->span);
    const auto shift = shifts_.find(file);
    const std::uint32_t now = shift == shifts_.end() ? each->span.begin : shift->second(each->span.begin);
    const auto own = rank(old_, file, each->span.begin);
    if (places.contains({sort_of(*each), now})) {
      ++left[sort_of(*each)];
      blame(each, {file, own ? own->container : index});
    }
    ++index;
  }
  for (const lint::Finding* each : findings_)
    if (const auto still = found.find(sort_of(*each)); still != found.end() && still->second > left[still->first])
      fail();
}

void Court::look_at_containers() {
  const auto old_containers = by_name(before_.answer), new_containers = by_name(after_.answer);
  for (const auto& [name, container] : old_containers) {
    const auto now = new_containers.find(name);
    if (now == new_containers.end()) return fail();
    if (container->outcome == Outcome::runs && !is_no_more(*container, *now->second)) blame_at(old_, container->source);
  }
}

void Court::look_at_objects() {
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> known;
  std::size_t before = 0, after = 0;
  const auto key = [](const manifest::Object& each) { return std::tuple(file_of(each.source), each.kind, each.name); };
  for (const manifest::Object& each : before_.answer.objects)
    if (each.outcome == Outcome::refused) ++known[key(each)], ++before;
  std::vector<base::Span> fresh;
  for (const manifest::Object& each : after_.answer.objects) {
    if (each.outcome != Outcome::refused) continue;
    ++after;
    if (std::size_t& left = known[key(each)]; left > 0)
      --left;
    else
      fresh.push_back(each.source);
  }
  if (after <= before) return;
  for (const base::Span place : fresh) blame_at(new_, place);
}

// More of a sort in a file than before: in which of its parts.
void Court::look_for_harm() {
  struct Count {
    std::size_t before = 0, after = 0;
    base::Span place;
  };
  std::map<std::pair<std::string, std::string_view>, Count> all;
  std::map<std::tuple<std::string, std::string_view, std::size_t>, Count> parts;
  bool ranked = true;
  const auto count = [&](const Judged& judged, const Grounds& grounds, std::size_t Count::* side) {
    for (const lint::Report& report : judged.reports)
      for (const lint::Finding& each : report.findings) {
        if (!is_harm(each)) continue;
        ++(all[{report.name, each.rule->id}].*side);
        const auto own = rank(grounds, file_of(each.span), each.span.begin);
        ranked = ranked && own;
        if (!own) continue;
        Count& part = parts[{report.name, each.rule->id, own->container}];
        ++(part.*side);
        if (side == &Count::after) part.place = each.span;
      }
  };
  count(before_, old_, &Count::before);
  count(after_, new_, &Count::after);
  for (const auto& [sort, total] : all) {
    if (total.after <= total.before) continue;
    if (!ranked) return fail();
    for (const auto& [part, own] : parts)
      if (std::get<0>(part) == sort.first && std::get<1>(part) == sort.second && own.after > own.before)
        blame_at(new_, own.place);
  }
}

}  // namespace

Shift::Shift(std::vector<lint::Edit> edits) {
  std::ranges::sort(edits, {}, &lint::Edit::begin);
  std::int64_t added = 0;
  for (const lint::Edit& each : edits) {
    added += static_cast<std::int64_t>(each.text.size());
    rows_.push_back({each.begin, each.end, added});
    added -= each.end - each.begin;
  }
}

std::uint32_t Shift::operator()(std::uint32_t place) const {
  const auto next = std::ranges::upper_bound(rows_, place, {}, &Row::begin);
  if (next == rows_.begin()) return place;
  const Row& last = *std::prev(next);
  const std::int64_t taken = std::min(last.end, place) - last.begin;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(place + last.before - taken, 0));
}

Verdict judge_fixes(const Judged& before, const Judged& after, std::span<const lint::Finding* const> findings,
                    const Shifts& shifts) {
  return Court(before, after, findings, shifts).run();
}

}  // namespace callgate::review
