// SPDX-License-Identifier: Apache-2.0
#include "manifest/filters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace callgate::manifest {

namespace {

format::ReadOptions reading(const Machine& machine, format::Engine engine,
                            const std::vector<std::string>& capabilities) {
  format::ReadOptions options;
  options.as = engine;
  options.capabilities = capabilities;
  options.kernel = machine.kernel;
  options.native = machine.native;
  return options;
}

}  // namespace

std::shared_ptr<const Filter> Filters::of_file(const base::SourceFile& file, format::Engine engine,
                                               const std::vector<std::string>& capabilities,
                                               base::Diagnostics& diagnostics) {
  std::string key =
      fmt::format("{}\n{}\n{}", static_cast<const void*>(&file), format::name(engine), fmt::join(capabilities, ","));
  if (const auto known = known_.find(key); known != known_.end() && known->second) return known->second;
  Filter filter;
  auto profile = format::read_profile(file, reading(machine_, engine, capabilities), filter.warnings);
  diagnostics.append(filter.warnings);
  if (!profile) return nullptr;
  filter.profile = std::move(*profile);
  return known_[std::move(key)] = std::make_shared<const Filter>(std::move(filter));
}

std::shared_ptr<const Filter> Filters::built_in(std::string_view name, format::Engine engine,
                                                const std::vector<std::string>& capabilities) {
  std::string key = fmt::format("{}\n{}\n{}", name, format::name(engine), fmt::join(capabilities, ","));
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  Filter filter;
  auto profile = format::builtin_profile(name, reading(machine_, engine, capabilities), filter.warnings);
  if (!profile) return nullptr;
  filter.profile = std::move(*profile);
  return known_[std::move(key)] = std::make_shared<const Filter>(std::move(filter));
}

std::shared_ptr<const Filter> Filters::none() {
  auto& known = known_["none"];
  if (!known) {
    Filter filter;
    filter.profile.confined = false;
    filter.profile.policy = policy::constant(policy::kAllow);
    filter.profile.default_action = policy::kAllow;
    known = std::make_shared<const Filter>(std::move(filter));
  }
  return known;
}

}  // namespace callgate::manifest
