// SPDX-License-Identifier: Apache-2.0
#include "lint/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "base/text.h"
#include "lint/subject.h"
#include "syntax/words.h"
#include "text/node.h"

namespace callgate::lint {

namespace {

using format::Engine;
using Reader = std::function<std::optional<format::Profile>(const format::ReadOptions&, base::Diagnostics&)>;

constexpr std::array kEngines{Engine::docker, Engine::podman, Engine::containerd,
                              Engine::runc,   Engine::crun,   Engine::oci};

Reading read_as(const Reader& reader, const Options& options, Engine engine, bool origins) {
  format::ReadOptions reading = options.reading;
  reading.as = engine;
  reading.origins = origins;
  Reading out{{engine}, std::nullopt, {}};
  out.profile = reader(reading, out.diagnostics);
  if (out.diagnostics.has_errors()) out.profile.reset();
  return out;
}

bool same_error(const Reading& a, const Reading& b) {
  const auto first = [](const Reading& r) {
    const auto& items = r.diagnostics.items();
    const auto at = std::find_if(items.begin(), items.end(),
                                 [](const base::Diagnostic& d) { return d.severity == base::Severity::error; });
    return at == items.end() ? std::string() : at->message;
  };
  return first(a) == first(b);
}

bool same(const Reading& a, const Reading& b) {
  if (a.profile.has_value() != b.profile.has_value()) return false;
  if (!a.profile) return same_error(a, b);
  return a.profile->confined == b.profile->confined && a.profile->policy == b.profile->policy;
}

// The chosen engine's reading and those that differ from it.
void read_all(const Reader& reader, Subject& subject) {
  const Engine chosen = subject.options.reading.as;
  subject.main = read_as(reader, subject.options, chosen, true);
  std::vector<Reading> all;
  for (const Engine engine : kEngines)
    if (engine != chosen) all.push_back(read_as(reader, subject.options, engine, false));
  if (!subject.main.profile && !subject.options.engine_given) {
    const auto taken = std::find_if(
        all.begin(), all.end(), [](const Reading& r) { return r.profile.has_value() && r.engine() != Engine::oci; });
    if (taken != all.end()) {
      const Engine engine = taken->engine();
      *taken = std::move(subject.main);
      subject.main = read_as(reader, subject.options, engine, true);
    }
  }
  for (Reading& each : all) {
    // The specification is compared with, but it is no engine that a profile runs under.
    if (each.engine() == Engine::oci) {
      subject.others.push_back(std::move(each));
      continue;
    }
    if (same(each, subject.main)) {
      subject.main.engines.push_back(each.engine());
      continue;
    }
    const auto known = std::find_if(subject.others.begin(), subject.others.end(),
                                    [&](const Reading& o) { return o.engine() != Engine::oci && same(o, each); });
    if (known != subject.others.end())
      known->engines.push_back(each.engine());
    else
      subject.others.push_back(std::move(each));
  }
}

void refused_everywhere(const Subject& subject) {
  for (const base::Diagnostic& d : subject.main.diagnostics.items()) {
    if (d.severity != base::Severity::error) continue;
    Finding& made = subject.add("refused", d.span,
                                fmt::format("{} refuses the profile: {} [{}]", format::name(subject.main.engine()),
                                            d.message, base::diagnostic_code(d.number)),
                                d.help);
    made.notes = d.notes;
  }
}

std::string describe(const Answer& answer) {
  return fmt::format("{}: {} → {}", format::name(answer.engine), syntax::describe_call(answer.call),
                     policy::to_string(answer.action));
}

// Asks each witness's policy again; one that says otherwise is taken out of the report and noted as a defect.
void check_witnesses(const Subject& subject, Report& report) {
  const auto policy_of = [&](Engine engine) -> const policy::Policy* {
    const auto has = [&](const Reading& r) {
      return r.profile && std::find(r.engines.begin(), r.engines.end(), engine) != r.engines.end();
    };
    if (has(subject.main)) return &subject.main.profile->policy;
    const auto found = std::find_if(subject.others.begin(), subject.others.end(), has);
    return found == subject.others.end() ? nullptr : &found->profile->policy;
  };
  const auto holds = [&](const Answer& answer) {
    const policy::Policy* const policy = policy_of(answer.engine);
    return policy != nullptr && policy::evaluate(*policy, answer.call) == answer.action;
  };
  std::erase_if(report.findings, [&](const Finding& each) {
    if (!each.witness) return false;
    const bool good = holds(each.witness->answer) && (!each.witness->beside || holds(*each.witness->beside));
    if (!good) report.defects.push_back(fmt::format("{}: {}", each.rule->id, describe(each.witness->answer)));
    return !good;
  });
}

void judge(Subject& subject, Report& report) {
  subject.findings = &report.findings;
  if (!subject.main.profile) {
    refused_everywhere(subject);
    report.summary.push_back(
        fmt::format("{}: {} starts no container with this profile", report.name, format::name(subject.main.engine())));
    apply_suppressions(subject);
    return;
  }
  const auto& covered = subject.profile().architectures;
  const arch::Arch native = subject.options.reading.native;
  const bool own = covered.empty() || std::find(covered.begin(), covered.end(), native) != covered.end();
  subject.primary = own ? native : covered.front();
  fold_diagnostics(subject);
  check_style(subject);
  if (subject.profile().confined) {
    check_startup(subject);
    check_reach(subject);
    check_bypass(subject);
    check_redundancy(subject);
    check_notify(subject);
  }
  check_engines(subject);
  apply_suppressions(subject);
  report.summary = summarize(subject, report.name);
  report.score = score(subject);
  check_witnesses(subject, report);
  std::stable_sort(report.findings.begin(), report.findings.end(), [](const Finding& a, const Finding& b) {
    if (a.rule->level != b.rule->level) return a.rule->level > b.rule->level;
    return a.span.begin < b.span.begin;
  });
}

// The object that holds the rules: of a config.json, linux.seccomp.
text::Node profile_object(text::Node root) {
  if (!root || !root.is_object()) return {};
  const text::Node linux_part = root.find("linux");
  if (!linux_part || !linux_part.is_object()) return root;
  const text::Node seccomp = linux_part.find("seccomp");
  return seccomp && seccomp.is_object() ? seccomp : root;
}

// As the reader of profiles tells JSON and YAML apart.
bool looks_like_json(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return true;
  constexpr std::string_view kStarts = "{[\"\xef";
  return kStarts.find(text[at]) != std::string_view::npos || base::trim(text) == "null";
}

}  // namespace

std::optional<Report> lint(const base::SourceFile& file, const Options& options, base::Diagnostics& diagnostics) {
  base::Diagnostics ignored;
  std::vector<text::Document> documents;
  const bool json = looks_like_json(file.text());
  if (json) {
    auto document = text::read_json(file, ignored);
    if (document) documents.push_back(std::move(*document));
  } else if (auto all = text::read_yaml(file, ignored)) {
    documents = std::move(*all);
  }
  if (documents.size() != 1) {
    // The reader says why.
    static_cast<void>(format::read_profile(file, options.reading, diagnostics));
    return std::nullopt;
  }
  Subject subject{options, profile_object(documents.front().root()), json, {}, {}, options.reading.native, nullptr};
  read_all([&](const format::ReadOptions& o, base::Diagnostics& d) { return format::read_profile(file, o, d); },
           subject);
  Report report;
  report.name = file.name();
  judge(subject, report);
  return report;
}

std::optional<Report> lint_builtin(std::string_view name, const Options& options) {
  const format::BuiltIn* const known = format::find_builtin(name);
  if (known == nullptr) return std::nullopt;
  Options own = options;
  if (!options.engine_given) own.reading.as = known->engine;
  Subject subject{own, {}, false, {}, {}, own.reading.native, nullptr};
  const Reader reader = [&](const format::ReadOptions& o, base::Diagnostics& d) {
    return format::builtin_profile(name, o, d);
  };
  subject.main = read_as(reader, own, own.reading.as, true);
  Report report;
  report.name = name;
  judge(subject, report);
  return report;
}

namespace {

// What a reader of OCI-like profiles would have told.
void describe_policy(format::Profile& profile, const Options& options) {
  const policy::Policy& policy = profile.policy;
  profile.architectures = options.reading.architectures;
  for (const arch::ArchInfo& info : arch::all()) {
    const bool listed = std::any_of(policy.archs.begin(), policy.archs.end(),
                                    [&](const policy::ArchRuns& each) { return each.audit == info.audit; });
    if (listed && info.has_table && info.arch != arch::Arch::x32) profile.architectures.push_back(info.arch);
  }
  // What a number without a name gets is the nearest thing to a default.
  constexpr policy::SyscallNr kUnnamed = 0x3fff;
  profile.default_action = policy::evaluate(policy, {arch::info(options.reading.native).audit, kUnnamed, {}});
}

Report lint_alone(std::string name, const base::SourceFile* file, format::Profile profile, bool by_engine,
                  const Options& options) {
  describe_policy(profile, options);
  Subject subject{options, {}, false, {}, {}, options.reading.native, nullptr, by_engine, file};
  subject.main = Reading{{options.reading.as}, std::move(profile), {}};
  Report report;
  report.name = std::move(name);
  judge(subject, report);
  return report;
}

}  // namespace

Report lint_profile(const base::SourceFile& file, format::Profile profile, bool by_engine, const Options& options) {
  return lint_alone(file.name(), &file, std::move(profile), by_engine, options);
}

Report lint_policy(std::string name, const policy::Policy& policy, const Options& options) {
  format::Profile profile;
  profile.policy = policy;
  return lint_alone(std::move(name), nullptr, std::move(profile), false, options);
}

}  // namespace callgate::lint
