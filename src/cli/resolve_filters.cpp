// SPDX-License-Identifier: Apache-2.0
#include "cli/resolve_filters.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/io.h"
#include "bpf/program.h"
#include "cli/prepare.h"

namespace callgate::cli {

namespace {

// A name out of a manifest, as that of a file: nothing of it leaves the directory.
std::string file_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '_' || (c == '.' && !out.empty());
    out += plain ? c : '_';
  }
  constexpr std::size_t kMost = 200;
  return out.empty() ? "container" : out.substr(0, kMost);
}

}  // namespace

int write_filters(Session& session, const manifest::Answer& answer, const std::string& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure)
    return session.fail(
        {base::ErrorCode::io, fmt::format("cannot make '{}': {}", directory, failure.message()), failure.value()});
  std::map<std::string, int> used;
  for (const manifest::Container& each : answer.containers) {
    if (each.outcome == manifest::Outcome::refused || !each.choice.filter || !each.choice.filter->profile.confined)
      continue;
    int status = kYes;
    const auto prepared = compile_and_prove(session, each.choice.filter->profile.policy, {}, status);
    if (!prepared) return status;
    std::string name = file_name(each.name);
    if (const int count = ++used[name]; count > 1) name += fmt::format("-{}", count);
    const std::string path = fmt::format("{}/{}.bpf", directory, name);
    if (auto written = base::write_file(path, bpf::to_bytes(prepared->program, false)); !written)
      return session.fail(written.error());
  }
  return kYes;
}

}  // namespace callgate::cli
