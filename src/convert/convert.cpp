// SPDX-License-Identifier: Apache-2.0
#include "convert/convert.h"

#include <fmt/format.h>

#include <algorithm>

#include "convert/diagnostic_ids.h"
#include "policy/algebra.h"

namespace callgate::convert {

namespace {

constexpr std::string_view kSpecAllow = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";

Loss beside(const base::DiagnosticId& id, std::string message, bool blocks) {
  Loss loss;
  loss.id = id;
  loss.message = std::move(message);
  loss.blocks = blocks;
  return loss;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

std::string folded(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return out;
}

// What of the comments is not there any more, in words; empty if all is.
std::string lost_comments(const Comments& before, const Comments& after) {
  if (before.empty()) return {};
  if (after.empty()) return "the comments are left out";
  std::string text;
  const auto kept_at_head = [&](const std::string& line) {
    return std::any_of(after.file.begin(), after.file.end(),
                       [&](const std::string& each) { return folded(each).find(folded(line)) != std::string::npos; });
  };
  if (!std::all_of(before.file.begin(), before.file.end(), kept_at_head)) text = "the comments at the head of the file";
  std::vector<std::string> calls;
  for (const auto& [call, comments] : before.by_call) {
    const std::string now = folded(after.of(call));
    const auto gone = [&](const std::string& each) { return now.find(folded(each)) == std::string::npos; };
    if (std::any_of(comments.begin(), comments.end(), gone)) calls.push_back(call);
  }
  constexpr std::size_t kMostNamed = 8;
  if (!calls.empty()) {
    const std::size_t more = calls.size() > kMostNamed ? calls.size() - kMostNamed : 0;
    calls.resize(calls.size() - more);
    text += fmt::format("{}comments of {}{}", text.empty() ? "" : " and the ", joined(calls),
                        more > 0 ? fmt::format(" and {} more", more) : "");
  }
  return text.empty() ? text : text + " are left out";
}

// Flags, listener and comments: what is no matter of the policy. SPEC_ALLOW is what runtimes ask for unasked.
void add_losses_beside(const Reading& before, const Reading& after, std::vector<Loss>& losses) {
  std::vector<std::string> was = before.profile.flags, is = after.profile.flags;
  std::sort(was.begin(), was.end());
  std::sort(is.begin(), is.end());
  if (!after.by_engine) std::erase(was, kSpecAllow);
  if (before.by_engine && was != is)
    losses.push_back(
        beside(kLostFlags, fmt::format("the filter's flags were {}, and are {}", joined(was), joined(is)), true));
  if (before.profile.listener_path != after.profile.listener_path ||
      before.profile.listener_metadata != after.profile.listener_metadata)
    losses.push_back(
        beside(kLostListener, fmt::format("the agent's socket '{}' is not named", before.profile.listener_path), true));
  if (std::string lost = lost_comments(before.comments, after.comments); !lost.empty())
    losses.push_back(beside(kLostComments, std::move(lost), false));
  if (before.resolved)
    losses.push_back(beside(kResolved,
                            "rules that depend on capabilities, kernel or architecture are decided for the container "
                            "that --caps, --kernel and --arch describe",
                            false));
}

// The machine a text is for: the one asked for, if the policy covers it.
arch::Arch machine(const policy::Policy& policy, arch::Arch wanted) {
  const auto covers = [&](arch::Arch arch) {
    return std::any_of(policy.archs.begin(), policy.archs.end(),
                       [&](const auto& each) { return each.audit == arch::info(arch).audit; });
  };
  if (covers(wanted)) return wanted;
  for (const arch::ArchInfo& info : arch::all())
    if (info.has_table && covers(info.arch)) return info.arch;
  return wanted;
}

// What was written, as its own reader reads it.
base::Result<Reading> read_back(const Written& written, const Format& format, const WriteOptions& options) {
  if (written.meaning) {
    Reading reading;
    reading.profile.policy = *written.meaning;
    return reading;
  }
  ReadContext context;
  context.options.as = format.engine.value_or(options.engine);
  context.options.native = options.native;
  const base::SourceFile file(fmt::format("<{}>", format.name), written.text);
  base::Diagnostics findings;
  auto reading = format.read(file, context, findings);
  const auto& told = findings.items();
  if (!reading && std::all_of(told.begin(), told.end(), [](const base::Diagnostic& d) {
        return d.severity != base::Severity::error || d.number == kTextTooLarge.number;
      }))
    return base::fail(base::ErrorCode::limit, fmt::format("more conditions than {} is read with", format.name));
  if (!reading)
    return base::fail(base::ErrorCode::internal, fmt::format("what was written as {} cannot be read back: {}",
                                                             format.name, base::render_text(findings, false)));
  return std::move(*reading);
}

// Calls with more conditions than are read back: what the strictest of their rules answers, whatever the arguments.
void leave_out_large(Outline& outline) {
  constexpr std::size_t kMostConditions = 4096;
  for (ArchOutline& arch : outline.archs)
    for (Group& group : arch.groups) {
      std::size_t conditions = 0;
      policy::Action strictest = group.decision.otherwise;
      for (const policy::Clause& clause : group.decision.clauses) {
        conditions += clause.conditions.size();
        strictest = std::min(strictest, clause.action);
      }
      if (conditions > kMostConditions) group.decision = {{}, strictest};
    }
}

}  // namespace

bool Conversion::lossless() const {
  return std::none_of(losses.begin(), losses.end(), [](const Loss& loss) { return loss.blocks; });
}

bool Conversion::widens() const {
  return std::any_of(losses.begin(), losses.end(), [](const Loss& loss) { return loss.widens; });
}

std::optional<Reading> read(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics,
                            const Format* format) {
  const auto all = candidates(file.text());
  if (format == nullptr && all.size() > 1) {
    diagnostics.add(kMixedFormats, {&file, 0, 0},
                    fmt::format("two formats in one file: {} and {}", all[0]->title, all[1]->title),
                    "put each into a file of its own");
    return std::nullopt;
  }
  const Format* const looks = all.size() == 1 ? all.front() : nullptr;
  // Formats of one family share their reader.
  if (format != nullptr && looks != nullptr && format->read != looks->read) {
    diagnostics.add(kMixedFormats, {&file, 0, 0},
                    fmt::format("the file is no {}, it is a {}", format->title, looks->title),
                    fmt::format("leave out --from, or give --from {}", looks->name));
    return std::nullopt;
  }
  if (format == nullptr) format = looks;
  if (format == nullptr) format = &kOci;  // the JSON profiles' one reader: context.options.as tells them apart
  return format->read(file, context, diagnostics);
}

base::Result<Conversion> write(const Reading& reading, const Format& format, const WriteOptions& wanted) {
  const policy::Policy& policy = reading.profile.policy;
  WriteOptions options = wanted;
  options.native = machine(policy, wanted.native);
  options.little_endian = !arch::info(options.native).big_endian;
  OutlineOptions how{options.native, std::nullopt, {}};
  if (reading.by_engine || reading.states_default) how.fallback = reading.profile.default_action;
  if (reading.by_engine) how.last_named = reading.profile.enosys;
  Outline outline = outline_of(policy, reading.comments, how);
  CALLGATE_TRY(Written written, format.write({reading, outline}, options));
  auto again = read_back(written, format, options);
  if (!again && again.error().code == base::ErrorCode::limit) {
    leave_out_large(outline);
    CALLGATE_TRY(written, format.write({reading, outline}, options));
    again = read_back(written, format, options);
  }
  CALLGATE_TRY(const Reading back, std::move(again));
  Conversion out;
  out.text = written.text;
  out.losses = losses_between(policy, back.profile.policy);
  add_losses_beside(reading, back, out.losses);
  for (Loss& loss : out.losses)
    if (loss.why.empty() && format.why != nullptr) loss.why = format.why(loss.id.number);
  return out;
}

}  // namespace callgate::convert
