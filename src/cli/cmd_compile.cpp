// callgate compile
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "arch/calls.h"
#include "base/base64.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/prepare.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

bool bad_weight(Session& session, const base::SourceFile& file, std::string_view word, std::string message) {
  const auto begin = static_cast<std::uint32_t>(word.data() - file.text().data());
  session.diagnostics().add(
      kBadWeight, {&file, begin, begin + static_cast<std::uint32_t>(word.size())}, std::move(message),
      "a line is `name,weight`, or with an architecture `x86_64 openat 0.12`; the first may be `name,weight`");
  return false;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view part : base::split(line, ','))
    for (const std::string_view word : base::split(part, ' '))
      if (!base::trim(word).empty()) words.push_back(base::trim(word));
  return words;
}

bool read_weight(Session& session, const base::SourceFile& file, std::string_view line, compile::Options& options) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() != 2 && words.size() != 3) return bad_weight(session, file, line, "neither two words nor three");
  const bool named = words.size() == 3;
  const auto which = named ? arch::find(words[0]) : arch::native();
  if (!which)
    return bad_weight(session, file, words[0], fmt::format("no architecture '{}'", base::printable(words[0])));
  const std::string_view call = words[named ? 1 : 0], weight = words.back();
  const auto nr = syntax::find_call(*which, call);
  if (!nr) return bad_weight(session, file, call, fmt::format("no call '{}'", base::printable(call)));
  double calls = 0;
  const auto [end, error] = std::from_chars(weight.data(), weight.data() + weight.size(), calls);
  if (error != std::errc() || end != weight.data() + weight.size() || !(calls >= 0) || calls > 1e18)
    return bad_weight(session, file, weight, fmt::format("'{}' is no frequency", base::printable(weight)));
  options.weights.push_back({arch::info(*which).audit, *nr, calls});
  return true;
}

bool read_weights(Session& session, compile::Options& options) {
  const auto path = session.arguments().last("weights");
  if (!path) return true;
  const base::SourceFile* const file = session.open(std::string(*path));
  if (file == nullptr) return false;
  bool good = true, first = true;
  for (const std::string_view line : base::split(file->text(), '\n')) {
    const std::string_view text = base::trim(line);
    if (text.empty() || text[0] == '#') continue;
    if (!std::exchange(first, false) || text != "name,weight")
      good = read_weight(session, *file, text, options) && good;
  }
  return good;
}

compile::Objective objective(const Session& session) {
  const auto name = session.arguments().last("objective").value_or("balanced");
  if (name == "size") return compile::Objective::size;
  return name == "speed" ? compile::Objective::speed : compile::Objective::balanced;
}

// What is written: filter records, unless JSON is wanted and neither a file nor figures are.
std::string_view emit_kind(const Session& session) {
  const Arguments& given = session.arguments();
  const bool listing = session.json() && !given.has("output") && !given.has("stats");
  return given.last("emit").value_or(listing ? "json" : "bpf");
}

// The listing takes the byte order of the profile's architectures.
std::string render(Session& session, const bpf::Program& program, bool little_endian) {
  const auto kind = emit_kind(session);
  const bpf::Names names = syntax::listing_names();
  if (kind == "asm") return bpf::disassemble(program, names, {little_endian, true});
  if (kind == "c") return bpf::to_c(program, names, "callgate_filter");
  if (kind == "dot") return bpf::to_dot(program, names);
  if (kind == "json") return filters_json(session, {&program, 1});
  if (kind == "base64") return base::to_base64(bpf::to_bytes(program, swapped(session))) + "\n";
  return bpf::to_bytes(program, swapped(session));
}

bool emit_stats(Session& session, const Subject& subject, const Figures& figures, bool to_standard_error) {
  std::string text;
  if (session.json()) {
    auto json = session.begin_json();
    json.member("profile", subject.name).member("confined", subject.profile.confined);
    to_json(figures, json);
    json.end_object();
    text = json.take();
  } else {
    text = to_text(figures);
  }
  (to_standard_error ? session.env().err : session.env().out)(text);
  return true;
}

}  // namespace

int compile_command(Session& session) {
  const auto options = read_options(session);
  if (!options) return kUsage;
  int status = kYes;
  LoadTimes times;
  const auto subject = load(session, session.arguments().operands[0], *options, status, &times);
  if (!subject) return status;
  if (!subject->is_policy)
    return session.usage(kBadOperands, fmt::format("'{}' is a filter already", subject->name),
                         "callgate disasm shows it");
  compile::Options how;
  how.objective = objective(session);
  if (!read_weights(session, how)) return kBadInput;
  Phases phases{times.read, times.resolve, 0, 0};
  const auto prepared = compile_and_prove(session, subject->profile.policy, how, status, &phases);
  if (!prepared) return status;

  const bool stats = session.arguments().has("stats"), to_file = session.arguments().has("output");
  if (!stats || to_file) {
    const auto& archs = subject->profile.architectures;
    const bool little = archs.empty() || arch::little_endian(arch::info(archs.front()).audit);
    if (emit_kind(session) == "bpf" && !to_file && session.env().out_is_terminal)
      return session.usage(kBadOptionValue, "filter records are not for a terminal", "give -o FILE or --emit asm");
    if (!session.emit(render(session, prepared->program, little))) return kCannot;
  }
  if (!stats) return kYes;
  Figures figures = measure(prepared->program, subject->profile, how.weights);
  figures.proved = true;
  figures.paths = prepared->paths;
  figures.first = phases;
  figures.phases = time_phases(session, *subject, *options, how);
  return emit_stats(session, *subject, figures, session.arguments().last("output") == "-") ? kYes : kCannot;
}

}  // namespace callgate::cli
