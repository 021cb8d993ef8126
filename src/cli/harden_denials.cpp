// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_denials.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "decode/decode.h"
#include "recording/file.h"
#include "why/print.h"

namespace callgate::cli {

std::optional<why::Report> report_denied(Session& session, HardenDir& dir, const Subject& subject,
                                         const format::ReadOptions& reading, Denied denied) {
  const why::Grounds grounds{subject.name, session.open(subject.name), &subject.profile, reading};
  why::Journal journal;
  journal.denials() = std::move(denied.denials);
  why::Report report;
  report.profile = subject.name;
  report.source = std::move(denied.source);
  report.exit_status = denied.exit_status;
  report.signal = denied.signal;
  why::explain_all(journal, grounds, report);
  base::JsonWriter json;
  json.begin_object().member("schema_version", kSchemaVersion);
  why::to_json(report, json);
  json.end_object();
  if (!dir.write("denied.json", json.take()) || !dir.write("denied.jsonl", recording::to_lines(denied.run)))
    return std::nullopt;
  if (report.mended.empty())
    dir.remove("proposed.json");
  else if (!dir.write("proposed.json", report.mended))
    return std::nullopt;
  return report;
}

std::vector<why::Denial> denials_of(const std::vector<harden::News>& news, const policy::Policy& profile) {
  std::vector<why::Denial> out;
  for (const harden::News& each : news) {
    why::Denial& denial = out.emplace_back();
    denial.call = each.witness;
    denial.known = 0;  // of the other arguments the witness has any that the profile refuses
    for (const closure::Pin& pin : each.entry.pins) denial.known |= static_cast<std::uint8_t>(1U << pin.place);
    denial.decoded = decode::decode(denial.call, denial.known, {}, {});
    denial.action = policy::evaluate(profile, denial.call);
    denial.count = std::max<std::size_t>(each.entry.evidence.count, 1);
    denial.program = each.entry.evidence.thread;
    if (!each.entry.evidence.programs.empty()) denial.executable = each.entry.evidence.programs.front();
  }
  return out;
}

recording::Recording runs_in(Session& session, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return {};
  auto kept = std::make_shared<recording::KeptLines>();
  session.keep_alive(kept);
  return recording::read(*file, *kept, session.diagnostics());
}

bool add_run(Session& session, HardenDir& dir, const recording::Run& run) {
  const std::string path = dir.file("recordings.jsonl");
  for (const recording::Run& each : runs_in(session, path).runs)
    if (each.id == run.id) return true;
  if (session.diagnostics().has_errors()) return false;
  const auto added = recording::append(path, run);
  if (!added) session.fail(added.error());
  return added.has_value();
}

std::optional<bool> take_denied(Session& session, HardenDir& dir) {
  std::error_code error;
  if (!std::filesystem::exists(dir.file("denied.jsonl"), error)) return false;
  const recording::Recording denied = runs_in(session, dir.file("denied.jsonl"));
  if (session.diagnostics().has_errors()) return std::nullopt;
  std::size_t calls = 0;
  for (const recording::Run& run : denied.runs) {
    if (!add_run(session, dir, run)) return std::nullopt;
    calls += run.calls.size();
  }
  dir.remove("denied.jsonl");
  dir.state().stage = harden::Stage::trying;
  dir.state().quiet = 0;
  dir.tell("accept", fmt::format("{} call{} of the run that was denied some, taken into recordings.jsonl", calls,
                                 calls == 1 ? "" : "s"));
  return dir.save() ? std::optional(true) : std::nullopt;
}

}  // namespace callgate::cli
