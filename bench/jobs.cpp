// SPDX-License-Identifier: Apache-2.0
#include "jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "arch/calls.h"
#include "base/io.h"
#include "base/json_write.h"
#include "base/text.h"
#include "format/builtin.h"
#include "format/read_spec.h"
#include "format/runtime.h"
#include "process.h"
#include "prove/prove.h"

namespace callgate::bench {

namespace {

using arch::Arch;

void write_rule(const format::Spec& spec, const format::SpecRule& rule, base::JsonWriter& json) {
  json.begin_object().key("names").begin_array();
  for (std::uint32_t i = rule.names.begin; i < rule.names.end; ++i) json.value(arch::name(spec.names[i].id));
  json.end_array().member("action", rule.action.text);
  if (rule.errno_ret) json.member("errnoRet", rule.errno_ret->value);
  json.key("args").begin_array();
  for (std::uint32_t i = rule.arguments.begin; i < rule.arguments.end; ++i) {
    const format::SpecArgument& argument = spec.arguments[i];
    json.begin_object().member("index", argument.index).member("value", argument.value);
    json.member("valueTwo", argument.value_two).member("op", argument.op).end_object();
  }
  json.end_array().end_object();
}

std::string builtin_as_json(std::string_view name, const format::ReadOptions& options) {
  const std::optional<format::Spec> spec = format::builtin_spec(name, options, Arch::x86_64);
  if (!spec) return {};
  base::JsonWriter json;
  json.begin_object().member("defaultAction", spec->default_action.text);
  if (spec->default_errno) json.member("defaultErrnoRet", spec->default_errno->value);
  json.key("architectures").begin_array();
  for (const format::Word& word : spec->architectures) json.value(word.text);
  json.end_array().key("syscalls").begin_array();
  for (const format::SpecRule& rule : spec->rules)
    if (rule.names.size() > 0) write_rule(*spec, rule, json);
  json.end_array().end_object();
  return json.take();
}

// The last by name of the files that begin with `prefix`; their names carry dates.
std::string newest(const std::filesystem::path& folder, std::string_view prefix) {
  std::string best;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".json") && entry.path().string() > best)
      best = entry.path().string();
  }
  return best;
}

std::string text_of(const std::string& path) {
  base::Result<std::string> text = path.empty() ? std::string() : base::read_file(path);
  return text ? std::move(*text) : std::string();
}

void add(std::vector<Job>& jobs, const std::string& name, const std::string& text, format::Engine engine) {
  Job job;
  job.name = name + " x86_64";
  job.text = text;
  job.options.as = engine;
  job.options.native = Arch::x86_64;
  job.options.architectures = {Arch::x86_64};
  jobs.push_back(job);
  job.name = name + " 3 archs";
  job.options.architectures = {Arch::x86_64, Arch::x86, Arch::x32};
  jobs.push_back(std::move(job));
}

// A source file needs spare bytes after its text.
base::SourceFile source(const Job& job) {
  std::string text;
  text.reserve(job.text.size() + base::kPaddingBytes);
  text = job.text;
  return {job.name, std::move(text)};
}

}  // namespace

std::vector<Job> jobs(const std::string& corpus, std::string& notes) {
  const std::filesystem::path profiles = std::filesystem::path(corpus) / "profiles";
  std::vector<Job> out;
  const auto add_default = [&](const std::string& name, const std::string& file, format::Engine engine) {
    std::string text = text_of(file);
    notes += fmt::format("{}: {}\n", name, text.empty() ? "built in, written as JSON" : file);
    format::ReadOptions options;
    options.as = engine;
    options.native = Arch::x86_64;
    if (text.empty()) text = builtin_as_json(name, options);
    add(out, name, text, engine);
  };
  add_default("docker-default", newest(profiles / "moby", "default-"), format::Engine::docker);
  add_default("podman-default", newest(profiles / "containers-common", "seccomp.json"), format::Engine::podman);
  for (const char* const seed : {"basic", "restrictive"}) {
    const std::string path = fmt::format("{}/tests/data/seed/{}.json", CALLGATE_SOURCE_DIR, seed);
    const std::string text = text_of(path);
    if (text.empty()) continue;
    notes += fmt::format("{}: {}\n", seed, path);
    add(out, seed, text, format::Engine::docker);
  }
  return out;
}

std::vector<compile::Weight> read_mix(const std::string& path) {
  std::vector<compile::Weight> weights;
  const std::string text = text_of(path);
  for (const std::string_view line : base::split(text, '\n')) {
    const std::size_t comma = line.find(',');
    if (comma == std::string_view::npos) continue;
    const std::string_view word = base::trim(line.substr(comma + 1));
    double calls = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), calls);
    const std::optional<arch::SyscallNr> nr = arch::number(Arch::x86_64, base::trim(line.substr(0, comma)));
    if (error == std::errc() && end == word.data() + word.size() && nr)
      weights.push_back({arch::info(Arch::x86_64).audit, *nr, calls});
  }
  return weights;
}

std::optional<Built> build(const Job& job, const compile::Options& options) {
  const base::SourceFile file = source(job);
  base::Diagnostics diagnostics;
  Built built;
  const auto fail = [&](const std::string& why) {
    std::fprintf(stderr, "%s: %s\n%s", job.name.c_str(), why.c_str(), base::render_text(diagnostics, false).c_str());
    return std::nullopt;
  };
  const double start = now_us();
  const std::optional<text::Document> document = text::read_json(file, diagnostics);
  const double read = now_us();
  if (!document) return fail("cannot be read");
  format::Reporter report(diagnostics, false);
  const format::Spec spec = format::read_spec(document->root(), job.options, job.options.native, report);
  format::Profile profile;
  if (!format::make_policy(spec, job.options, job.options.native, report, profile)) return fail("is refused");
  const double resolved = now_us();
  base::Result<compile::Compiled> compiled = compile::compile(profile.policy, options);
  const double done = now_us();
  if (!compiled) return fail(compiled.error().message);
  const prove::Outcome outcome = prove::prove(profile.policy, compiled->program);
  built.prove = now_us() - done;
  if (outcome.verdict != prove::Verdict::equal) return fail("the filter was not proved");
  built.read = read - start;
  built.resolve = resolved - read;
  built.compile = done - resolved;
  built.program = std::move(compiled->program);
  built.policy = std::move(profile.policy);
  return built;
}

RuntimeSpec::RuntimeSpec(const Job& job) : file(source(job)), document(text::read_json(file, diagnostics)) {
  if (!document) return;
  format::Reporter report(diagnostics, false);
  spec = format::read_spec(document->root(), job.options, job.options.native, report);
}

}  // namespace callgate::bench
