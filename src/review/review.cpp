// SPDX-License-Identifier: Apache-2.0
#include "review/review.h"

#include "resolve/startup.h"
#include "review/findings.h"
#include "review/rules.h"

namespace callgate::review {

namespace {

std::vector<lint::Report> judge(manifest::Answer& answer, const Options& options, container::World& world,
                                Findings& findings) {
  resolve::add_startup_hazards(answer);
  check_manifests(answer, world.filters, findings);
  check_bounds(answer, options, world.filters, findings);
  return findings.reports(answer);
}

}  // namespace

std::optional<std::vector<lint::Report>> review_paths(std::span<const std::string> paths, const Options& options,
                                                      container::World& world, base::Diagnostics& diagnostics) {
  manifest::Answer answer;
  const std::size_t errors = diagnostics.error_count();
  if (!resolve::resolve_paths(paths, options.resolve, world, answer, diagnostics)) return std::nullopt;
  if (diagnostics.error_count() > errors) return std::nullopt;
  Findings findings;
  for (const std::string& each : paths)
    if (!resolve::is_project(each, world)) findings.expect(each == "-" ? "<stdin>" : each);
  return judge(answer, options, world, findings);
}

std::optional<std::vector<lint::Report>> review_command(std::span<const std::string> words, const Options& options,
                                                        container::World& world, base::Diagnostics& diagnostics) {
  manifest::Answer answer;
  if (!resolve::resolve_command(words, world, answer, diagnostics)) return std::nullopt;
  Findings findings;
  return judge(answer, options, world, findings);
}

}  // namespace callgate::review
