// SPDX-License-Identifier: Apache-2.0
#include "review/review.h"

#include <utility>

#include "resolve/startup.h"
#include "review/findings.h"
#include "review/fixes.h"
#include "review/rules.h"

namespace callgate::review {

namespace {

std::vector<lint::Report> judge(manifest::Answer& answer, const Options& options, container::World& world,
                                Findings& findings) {
  resolve::add_startup_hazards(answer);
  Trees trees;
  check_manifests(answer, world.filters, trees, findings);
  check_bounds(answer, options, world.filters, findings);
  auto reports = findings.reports(answer);
  Fixes fixes(answer, options, world, trees);
  for (lint::Report& report : reports)
    for (lint::Finding& each : report.findings) fixes.add_to(each);
  return reports;
}

}  // namespace

Judged judge_paths(std::span<const std::string> paths, const Options& options, container::World& world,
                   base::Diagnostics& diagnostics) {
  Judged out;
  const std::size_t errors = diagnostics.error_count();
  out.all_read = resolve::resolve_paths(paths, options.resolve, world, out.answer, diagnostics) &&
                 diagnostics.error_count() == errors;
  Findings findings(world.files.working_directory());
  for (const std::string& each : paths)
    if (out.all_read && !resolve::is_project(each, world)) findings.expect(each == "-" ? "<stdin>" : each);
  out.reports = judge(out.answer, options, world, findings);
  return out;
}

std::optional<std::vector<lint::Report>> review_command(std::span<const std::string> words, const Options& options,
                                                        container::World& world, base::Diagnostics& diagnostics) {
  manifest::Answer answer;
  if (!resolve::resolve_command(words, world, answer, diagnostics)) return std::nullopt;
  Findings findings(world.files.working_directory());
  return judge(answer, options, world, findings);
}

}  // namespace callgate::review
