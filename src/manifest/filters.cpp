// SPDX-License-Identifier: Apache-2.0
#include "manifest/filters.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace callgate::manifest {

namespace {

format::ReadOptions reading(const Machine& machine, format::Engine engine, std::optional<format::Runtime> runtime,
                            const std::vector<std::string>& capabilities) {
  format::ReadOptions options;
  options.as = engine;
  options.runtime = runtime;
  options.capabilities = capabilities;
  options.kernel = machine.kernel;
  options.native = machine.native;
  return options;
}

// What tells one reading of a profile from another.
std::string reading_key(format::Engine engine, std::optional<format::Runtime> runtime,
                        const std::vector<std::string>& capabilities) {
  return fmt::format("{}\n{}\n{}", format::name(engine), runtime ? static_cast<int>(*runtime) : -1,
                     fmt::join(capabilities, ","));
}

}  // namespace

std::shared_ptr<const Filter> Filters::of_file(const base::SourceFile& file, format::Engine engine,
                                               const std::vector<std::string>& capabilities,
                                               base::Diagnostics& diagnostics, std::optional<format::Runtime> runtime) {
  std::string key = fmt::format("{}\n{}", static_cast<const void*>(&file), reading_key(engine, runtime, capabilities));
  if (const auto known = known_.find(key); known != known_.end() && known->second) return known->second;
  Filter filter;
  auto profile = format::read_profile(file, reading(machine_, engine, runtime, capabilities), filter.warnings);
  diagnostics.append(filter.warnings);
  if (!profile) return nullptr;
  filter.profile = std::move(*profile);
  return known_[std::move(key)] = std::make_shared<const Filter>(std::move(filter));
}

std::shared_ptr<const Filter> Filters::built_in(std::string_view name, format::Engine engine,
                                                const std::vector<std::string>& capabilities,
                                                std::optional<format::Runtime> runtime) {
  std::string key = fmt::format("{}\n{}", name, reading_key(engine, runtime, capabilities));
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  Filter filter;
  auto profile = format::builtin_profile(name, reading(machine_, engine, runtime, capabilities), filter.warnings);
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
