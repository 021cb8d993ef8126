// SPDX-License-Identifier: Apache-2.0
#include "cli/close_inputs.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "closure/close.h"
#include "closure/diagnostic_ids.h"
#include "recording/diagnostic_ids.h"
#include "recording/file.h"

namespace callgate::cli {

namespace {

std::string words_of(const std::set<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + base::printable(word);
  return out;
}

// Recordings may come from several machines on purpose; it is said, for it is more often by mistake.
void tell_differences(Session& session, const recording::Recording& recording) {
  std::set<std::string> archs, kernels;
  std::map<std::string, std::set<std::string>> builds;
  for (const recording::Run& run : recording.runs) {
    archs.emplace(arch::info(run.arch).name);
    if (const auto version = arch::parse_kernel_version(run.kernel))
      kernels.insert(fmt::format("{}.{}", version->major, version->minor));
    for (const recording::Image& image : run.images)
      if (!image.build_id.empty()) builds[image.path].insert(image.build_id);
  }
  base::Diagnostics& diagnostics = session.diagnostics();
  if (archs.size() > 1)
    diagnostics.add(closure::kMixedRuns, {},
                    fmt::format("the recordings are of machines of several architectures: {}", words_of(archs)),
                    "the closure holds for all of them, each with its own calls");
  if (kernels.size() > 1)
    diagnostics.add(closure::kMixedRuns, {},
                    fmt::format("the recordings are of several kernels: {}", words_of(kernels)),
                    "what programs fall back on differs with the kernel");
  for (const auto& [path, ids] : builds)
    if (ids.size() > 1)
      diagnostics.add(closure::kMixedRuns, {},
                      fmt::format("'{}' was recorded in {} builds", base::printable(path), ids.size()),
                      "record the one that is to be deployed");
}

}  // namespace

std::optional<recording::Recording> read_recordings(Session& session, const std::vector<std::string>& paths,
                                                    bool accept_incomplete) {
  recording::Recording all;
  base::Diagnostics& diagnostics = session.diagnostics();
  for (const std::string& path : paths) {
    const base::SourceFile* const file = session.open(path);
    if (file == nullptr) return std::nullopt;
    if (!file->text().empty() && !recording::looks_like_recording(file->text())) {
      diagnostics.add(recording::kNoRun, {}, fmt::format("'{}' is no recording", base::printable(path)),
                      "callgate record -o FILE -- CMD");
      return std::nullopt;
    }
    auto kept = std::make_shared<recording::KeptLines>();
    session.keep_alive(kept);
    recording::Recording recording = recording::read(*file, *kept, diagnostics);
    for (recording::Run& run : recording.runs) {
      if (const std::string why = closure::incomplete_reason(run); !why.empty())
        diagnostics.add(
            accept_incomplete ? closure::kAcceptedIncomplete : closure::kIncompleteRun, {},
            fmt::format("{}: run {} is incomplete ({})", base::printable(path), base::printable(run.id), why),
            accept_incomplete ? "" : "record it again, or give --accept-incomplete");
      all.runs.push_back(std::move(run));
    }
  }
  if (diagnostics.has_errors()) return std::nullopt;
  tell_differences(session, all);
  return all;
}

std::optional<std::vector<closure::Scanned>> read_scans(Session& session, const std::vector<std::string_view>& paths) {
  std::vector<closure::Scanned> all;
  for (const std::string_view path : paths) {
    const base::SourceFile* const file = session.open(std::string(path));
    if (file == nullptr) return std::nullopt;
    auto kept = std::make_shared<closure::KeptLines>();
    session.keep_alive(kept);
    auto scanned = closure::read_scan(*file, *kept, session.diagnostics());
    if (!scanned) return std::nullopt;
    for (closure::Scanned& each : *scanned) all.push_back(std::move(each));
  }
  return all;
}

}  // namespace callgate::cli
