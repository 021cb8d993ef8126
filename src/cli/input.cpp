// SPDX-License-Identifier: Apache-2.0
#include "cli/input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>

#include "base/text.h"
#include "bpf/assembly.h"
#include "bpf/check.h"
#include "bpf/simulate.h"
#include "cli/diagnostic_ids.h"
#include "format/shipped.h"
#include "prove/decompile.h"
#include "sandbox/diagnostic_ids.h"
#include "syntax/words.h"

namespace callgate::cli {

policy::Action Subject::act(const policy::Call& call) const {
  if (is_policy) return policy::evaluate(profile.policy, call);
  const bpf::SeccompData data{call.nr, call.audit, 0, call.args};
  return policy::from_return_value(bpf::run_stack(stack, data));
}

base::Result<policy::Policy> Subject::as_policy() const {
  if (is_policy) return profile.policy;
  return prove::decompile(stack);
}

namespace {

// "CAP_SYS_ADMIN", "sys_admin"; containers' files write the former.
std::string capability(std::string_view word) {
  std::string name;
  for (const char c : word) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name.starts_with("CAP_") ? name : "CAP_" + name;
}

bool read_caps(Session& session, std::string_view list, format::ReadOptions& options) {
  options.capabilities.clear();
  if (list == "none" || list.empty()) return true;
  for (const std::string_view word : base::split(list, ',')) {
    if (word == "default") {
      const auto all = format::default_capabilities();
      options.capabilities.insert(options.capabilities.end(), all.begin(), all.end());
      continue;
    }
    options.capabilities.push_back(capability(base::trim(word)));
    if (syntax::is_capability(options.capabilities.back())) continue;
    session.usage(kBadOptionValue, fmt::format("--caps: there is no capability '{}'", base::printable(word)),
                  syntax::suggestion(syntax::closest_capability(options.capabilities.back())));
    return false;
  }
  return true;
}

std::optional<arch::Arch> read_arch(Session& session, std::string_view spelling, std::string_view option) {
  const auto found = arch::find(spelling);
  if (found) return found;
  std::vector<std::string_view> names;
  for (const arch::ArchInfo& each : arch::all()) names.push_back(each.name);
  session.usage(kBadOptionValue, fmt::format("--{}: there is no architecture '{}'", option, base::printable(spelling)),
                syntax::suggestion(base::closest(spelling, names)));
  return std::nullopt;
}

}  // namespace

std::optional<format::ReadOptions> read_options(Session& session) {
  const Arguments& given = session.arguments();
  format::ReadOptions options;
  if (const auto as = given.last("as")) options.as = *format::find_engine(*as);
  if (const auto caps = given.last("caps"); caps && !read_caps(session, *caps, options)) return std::nullopt;
  if (const auto kernel = given.last("kernel")) {
    const auto version = arch::parse_kernel_version(*kernel);
    if (!version) {
      session.usage(kBadOptionValue, fmt::format("--kernel: '{}' is no kernel version", base::printable(*kernel)),
                    "write it as 6.1");
      return std::nullopt;
    }
    options.kernel = *version;
  }
  for (const std::string_view spelling : given.all("arch")) {
    const auto which = read_arch(session, spelling, "arch");
    if (!which) return std::nullopt;
    options.architectures.push_back(*which);
  }
  if (const auto native = given.last("native")) {
    const auto which = read_arch(session, *native, "native");
    if (!which) return std::nullopt;
    options.native = *which;
  }
  options.strict = given.has("strict");
  if (options.strict) session.diagnostics().promote_warnings();
  return options;
}

std::optional<format::Profile> sound_profile(Session& session, const base::SourceFile& file,
                                             const format::ReadOptions& reading) {
  auto profile = format::read_profile(file, reading, session.diagnostics());
  if (!profile || profile->confined || session.arguments().has("force")) return profile;
  session.diagnostics().add(kTurnsOff, {&file, 0, 0},
                            fmt::format("{} takes this profile for \"no seccomp\"", format::name(reading.as)),
                            "give it a defaultAction and rules");
  return std::nullopt;
}

bool swapped(const Session& session) {
  const auto order = session.arguments().last("byte-order").value_or("native");
  if (order == "native") return false;
  return (order == "big") != (std::endian::native == std::endian::big);
}

bool looks_like_filter(const base::SourceFile& file) {
  return file.text().find('\0') != std::string_view::npos || file.name().ends_with(".bpf");
}

std::optional<bpf::Program> read_filter(Session& session, const base::SourceFile& file, bool keep_refused) {
  auto program = bpf::from_bytes(file, swapped(session), session.diagnostics());
  if (!program) return std::nullopt;
  if (const auto failure = bpf::check(*program)) {
    const auto at = static_cast<std::uint32_t>(failure->insn * sizeof(bpf::Insn));
    session.diagnostics().add({failure->number, base::Severity::error, {}}, {},
                              fmt::format("{}: instruction {}: {}", file.name(), failure->insn, failure->message),
                              fmt::format("byte {} of the file; seccomp(2) would fail with EINVAL", at));
    if (!keep_refused) return std::nullopt;
  }
  return program;
}

std::string filters_json(const Session& session, std::span<const bpf::Program> programs) {
  auto json = session.begin_json();
  json.key("filters").begin_array();
  for (const bpf::Program& program : programs) json.raw(base::trim(bpf::to_json(program, syntax::listing_names())));
  json.end_array().end_object();
  return json.take();
}

bool is_process(std::string_view name) {
  return name.starts_with("pid:");
}

std::optional<std::vector<bpf::Program>> read_process(Session& session, std::string_view name, int& status) {
  const auto pid = base::parse_u64(name.substr(4));
  if (!pid || *pid == 0 || *pid > 0x7fffffff) {
    status = session.usage(kBadOperands, fmt::format("'{}' names no process", base::printable(name)), "write pid:1234");
    return std::nullopt;
  }
  auto stack = sandbox::dump_filters(static_cast<pid_t>(*pid), *session.env().tracing);
  if (stack) return std::move(*stack);
  session.diagnostics().add(sandbox::kCannotDump, {}, stack.error().message);
  status = stack.error().code == base::ErrorCode::invalid ? kBadInput : kCannot;
  return std::nullopt;
}

namespace {

// "profiles.yaml#web": a part of a file that holds several. A file of that very name comes first.
std::pair<std::string, std::string> split_name(const std::string& name) {
  const auto at = name.rfind('#');
  if (at == std::string::npos || at == 0 || ::access(name.c_str(), F_OK) == 0) return {name, {}};
  return {name.substr(0, at), name.substr(at + 1)};
}

convert::ReadContext context_of(Session& session, const base::SourceFile& file, const format::ReadOptions& options,
                                std::string select) {
  convert::ReadContext context;
  context.options = options;
  context.select = std::move(select);
  context.swap_bytes = swapped(session);
  const auto slash = file.name().rfind('/');
  const std::string folder = slash == std::string::npos ? std::string() : file.name().substr(0, slash + 1);
  context.open = [&session, folder](const std::string& name) {
    return session.open(name.starts_with('/') ? name : folder + name);
  };
  return context;
}

Subject unconfined(const std::string& name, const format::ReadOptions& options) {
  Subject subject{name, false, true, false, {}, {}};
  subject.profile.policy = policy::constant(policy::kAllow);
  subject.profile.confined = false;
  subject.profile.default_action = policy::kAllow;
  subject.profile.architectures = options.architectures;
  if (subject.profile.architectures.empty()) subject.profile.architectures.push_back(options.native);
  return subject;
}

}  // namespace

std::string file_of(const std::string& name) {
  return split_name(name).first;
}

std::optional<convert::Reading> read_any(Session& session, const std::string& name, const format::ReadOptions& options,
                                         const convert::Format* format) {
  auto [path, select] = split_name(name);
  const format::ShippedProfile* const shipped = format::find_shipped(name);
  const base::SourceFile* const file = shipped ? &session.keep_text(name, shipped->text) : session.open(path);
  if (file == nullptr) return std::nullopt;
  auto reading =
      convert::read(*file, context_of(session, *file, options, std::move(select)), session.diagnostics(), format);
  if (session.diagnostics().has_errors()) return std::nullopt;
  return reading;
}

std::optional<Subject> load(Session& session, const std::string& name, const format::ReadOptions& options, int& status,
                            LoadTimes* times) {
  const auto now = [&] { return static_cast<double>(session.env().clock_ns()) / 1000.0; };
  const double start = now();
  double middle = start;
  status = kBadInput;
  if (name == "unconfined") return unconfined(name, options);
  Subject subject{name, false, true, false, {}, {}};
  if (is_process(name)) {
    auto stack = read_process(session, name, status);
    if (!stack) return std::nullopt;
    if (stack->empty()) {
      session.diagnostics().add(kNoFilter, {},
                                fmt::format("process {} has no filter: it may make every call", name.substr(4)));
      return unconfined(name, options);
    }
    subject.is_policy = false;
    subject.stack = std::move(*stack);
    return subject;
  }
  std::optional<format::Profile> profile;
  if (format::find_builtin(name) != nullptr) {
    subject.built_in = subject.by_engine = true;
    // Nobody can mend a built-in profile: what there is to say of it stands in `explain`, which asks for origins.
    base::Diagnostics findings;
    profile = format::builtin_profile(name, options, findings);
    if (!profile || options.origins) session.diagnostics().append(findings);
  } else {
    const format::ShippedProfile* const shipped = format::find_shipped(name);
    auto [path, select] = split_name(name);
    const base::SourceFile* const file = shipped ? &session.keep_text(name, shipped->text) : session.open(path);
    if (file == nullptr) return std::nullopt;
    middle = now();
    if (looks_like_filter(*file)) {
      auto program = read_filter(session, *file);
      if (!program) return std::nullopt;
      subject.is_policy = false;
      subject.stack.push_back(std::move(*program));
      return subject;
    }
    base::Diagnostics of_shipped;  // nobody can mend those either
    base::Diagnostics& findings = shipped != nullptr && !options.origins ? of_shipped : session.diagnostics();
    const bool other = shipped == nullptr && !convert::candidates(file->text()).empty();
    if (!other && select.empty()) {
      profile = format::read_profile(*file, options, findings);
      subject.by_engine = true;
    } else if (auto reading = convert::read(*file, context_of(session, *file, options, std::move(select)),
                                            session.diagnostics())) {
      profile = std::move(reading->profile);
      subject.by_engine = reading->by_engine;
    }
  }
  if (!profile || session.diagnostics().has_errors()) return std::nullopt;
  subject.profile = std::move(*profile);
  if (times != nullptr) *times = {middle - start, now() - middle};
  return subject;
}

}  // namespace callgate::cli
