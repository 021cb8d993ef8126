// SPDX-License-Identifier: Apache-2.0
#include "review/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lint/subject.h"
#include "manifest/files.h"

namespace callgate::review {

namespace {

constexpr std::string_view kNowhere = "command line";

std::string file_name(base::Span place) {
  return place.file == nullptr ? std::string(kNowhere) : place.file->name();
}

// "docker-default", "no filter", "profiles/web.json".
std::string what_holds(const manifest::Container& container) {
  if (container.outcome == manifest::Outcome::refused) return "refused";
  switch (container.choice.kind) {
    case manifest::ProfileKind::unconfined:
    case manifest::ProfileKind::disabled:
      return "no filter";
    case manifest::ProfileKind::builtin:
    case manifest::ProfileKind::runtime_default:
      return container.choice.built_in.empty() ? std::string("the engine's default") : container.choice.built_in;
    case manifest::ProfileKind::file:
      break;
  }
  return container.choice.path;
}

// "compose.yaml: 3 containers: 2 under docker-default, 1 under no filter".
std::string summary(const std::string& name, const std::vector<const manifest::Container*>& containers) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  for (const manifest::Container* each : containers) {
    const std::string what = what_holds(*each);
    const auto known = std::ranges::find(counts, what, &std::pair<std::string, std::size_t>::first);
    if (known == counts.end())
      counts.emplace_back(what, 1);
    else
      ++known->second;
  }
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts)
    parts.push_back(fmt::format("{} {}{}", count, what == "refused" ? "" : "under ", what));
  return fmt::format("{}: {} container{}: {}", name, containers.size(), containers.size() == 1 ? "" : "s",
                     fmt::join(parts, ", "));
}

// A place within one container is about that one, whoever else it was told of.
void name_containers(lint::Finding& finding, std::vector<const manifest::Container*>& about) {
  constexpr std::size_t kNamed = 8;
  const auto own = std::ranges::find_if(about, [&](const manifest::Container* each) {
    return each->source.file == finding.span.file && each->source.begin <= finding.span.begin &&
           finding.span.end <= each->source.end;
  });
  if (own != about.end()) about = {*own};
  for (std::size_t i = 0; i < std::min(kNamed, about.size()); ++i)
    finding.notes.push_back({about[i]->source, fmt::format("holds for {}", label(*about[i]))});
  if (about.size() > kNamed)
    finding.notes.push_back({{}, fmt::format("and for {} containers more", about.size() - kNamed)});
}

void suppress(lint::Report& report, const base::SourceFile* file) {
  if (file == nullptr) return;
  const lint::Options options;
  lint::Subject subject{options, {}, false, {}, {}, options.reading.native, &report.findings, false, file, true};
  lint::apply_suppressions(subject);
}

}  // namespace

std::string label(const manifest::Container& container) {
  if (container.owner.empty()) return fmt::format("container '{}'", container.name);
  if (container.role.empty()) return container.owner;
  return fmt::format("{} '{}' of {}", container.role, container.name, container.owner);
}

std::size_t Findings::part(const std::string& name) {
  const auto [at, fresh] = by_name_.try_emplace(manifest::join_path(working_directory_, name), parts_.size());
  if (fresh) parts_.push_back({name, {}});
  return at->second;
}

void Findings::expect(const std::string& name) {
  part(name);
}

lint::Finding& Findings::add(std::string_view rule, base::Span place, std::string message, std::string help,
                             const manifest::Container* about) {
  if (place.file == nullptr && about != nullptr) place = about->source;
  const std::size_t index = part(file_name(place));
  std::vector<Kept>& kept = parts_[index].kept;
  const auto [at, fresh] = known_.try_emplace(Key(index, rule, place.begin, message), kept.size());
  if (fresh) {
    lint::Finding finding;
    finding.rule = lint::find_rule(rule);
    finding.span = place;
    finding.message = std::move(message);
    finding.help = std::move(help);
    kept.push_back({std::move(finding), {}});
  }
  Kept& one = kept[at->second];
  if (about != nullptr && std::ranges::find(one.about, about) == one.about.end()) one.about.push_back(about);
  return one.finding;
}

std::vector<lint::Report> Findings::reports(const manifest::Answer& answer) {
  std::map<std::size_t, std::vector<const manifest::Container*>> containers;  // by part
  for (const manifest::Container& each : answer.containers) containers[part(file_name(each.source))].push_back(&each);
  std::vector<lint::Report> out;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& each = parts_[i];
    lint::Report report;
    report.name = each.name;
    const auto& within = containers[i];
    const base::SourceFile* file = within.empty() ? nullptr : within.front()->source.file;
    for (Kept& kept : each.kept) {
      file = kept.finding.span.file;
      name_containers(kept.finding, kept.about);
      report.findings.push_back(std::move(kept.finding));
    }
    suppress(report, file);
    std::ranges::stable_sort(report.findings, {}, [](const lint::Finding& found) { return found.span.begin; });
    if (!within.empty()) report.summary.push_back(summary(each.name, within));
    out.push_back(std::move(report));
  }
  return out;
}

}  // namespace callgate::review
