// `why --container`: a container that lives or has ended, by what its engine, its profile and the kernel's log tell.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <system_error>

#include "base/io.h"
#include "base/text.h"
#include "cli/surroundings.h"
#include "cli/why_evidence.h"
#include "container/live.h"
#include "resolve/startup.h"
#include "why/aftermath.h"

namespace callgate::cli {

namespace {

// The container's profile once more, with the places of its rules.
bool take_profile(const manifest::Container& container, const format::ReadOptions& reading, ContainerGrounds& out) {
  if (!container.choice.filter) return false;
  out.grounds.options = reading;
  const auto engine = format::find_engine(container.engine);
  out.grounds.options.as = engine.value_or(format::Engine::docker);
  out.grounds.options.capabilities = container.capabilities;
  out.grounds.options.origins = true;
  out.profile = container.choice.filter->profile;
  out.grounds.name = container.choice.path.empty() ? container.choice.built_in : container.choice.path;
  if (out.grounds.name.empty()) out.grounds.name = std::string(manifest::name(container.choice.kind));
  base::Diagnostics ignored;
  std::optional<format::Profile> again;
  if (const base::SourceFile* const file = out.profile.default_span.file; file != nullptr) {
    again = format::read_profile(*file, out.grounds.options, ignored);
    out.grounds.file = file;
    if (container.choice.path.empty()) out.grounds.name = file->name();
  } else if (!container.choice.built_in.empty()) {
    again = format::builtin_profile(container.choice.built_in, out.grounds.options, ignored);
  }
  if (again) out.profile = std::move(*again);
  out.grounds.profile = &out.profile;
  return true;
}

void note_steps(const manifest::Container& container, why::Report& report) {
  for (const manifest::Step& step : container.steps)
    if (step.kind == manifest::Step::Kind::hazard) report.notes.push_back(step.text);
}

// Of a live process: since when it is one, in seconds since 1970, and in which PID namespace. Nothing if it has ended.
struct Alive {
  std::int64_t since = 0;
  std::string pid_namespace;
};

std::optional<Alive> look_at_live(std::uint64_t pid) {
  std::error_code failure;
  const auto link = std::filesystem::read_symlink(fmt::format("/proc/{}/ns/pid", pid), failure);
  const auto stat = base::read_file(fmt::format("/proc/{}/stat", pid)), system = base::read_file("/proc/stat");
  if (failure || !stat || !system) return std::nullopt;
  // proc(5): behind the name, which may hold anything, the 20th word is the start in ticks since the machine's.
  const auto words = base::split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  const std::size_t boot = system->find("\nbtime ");
  if (words.size() < 20 || boot == std::string::npos) return std::nullopt;
  const auto ticks = base::parse_u64(words[19]);
  const std::string_view rest = std::string_view(*system).substr(boot + 7);
  const auto booted = base::parse_u64(rest.substr(0, rest.find('\n')));
  const long per_second = sysconf(_SC_CLK_TCK);
  if (!ticks || !booted || per_second <= 0) return std::nullopt;
  return Alive{static_cast<std::int64_t>(*booted + *ticks / static_cast<std::uint64_t>(per_second)), link.string()};
}

std::optional<std::uint32_t> number_of(std::uint64_t pid, std::string_view file) {
  const auto text = base::read_file(fmt::format("/proc/{}/{}", pid, file));
  const auto value = text ? base::parse_u64(base::trim(*text)) : std::nullopt;
  return value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
}

// Whose a record is, as far as its process still lives, or its login tells: that of a container's first process is that
// of all of them. `first`: 0 if the container has ended, and with it all its processes.
why::Belongs owner_by(std::uint64_t first) {
  const auto container = first != 0 ? look_at_live(first) : std::nullopt;
  const auto login = first != 0 ? number_of(first, "loginuid") : std::nullopt;
  const auto session = first != 0 ? number_of(first, "sessionid") : std::nullopt;
  return [=](const sandbox::AuditRecord& record) {
    if ((login && record.login && login != record.login) || (session && record.session && session != record.session))
      return why::Owner::other;
    const auto alive = look_at_live(static_cast<std::uint64_t>(record.pid));
    const auto at = base::parse_u64(std::string_view(record.stamp).substr(0, record.stamp.find('.')));
    // The same number, of a process that began later, is another's.
    if (!alive || !at || alive->since > static_cast<std::int64_t>(*at)) return why::Owner::unknown;
    if (first == 0) return why::Owner::other;
    if (!container) return why::Owner::unknown;
    return alive->pid_namespace == container->pid_namespace ? why::Owner::container : why::Owner::other;
  };
}

// The records from its start to `end` that its profile explains: a container's processes are many, and the log knows
// nothing of containers. False where no profile is known.
bool look_into_log(const container::State& state, std::optional<std::int64_t> end, const ContainerGrounds& grounds,
                   why::Journal& journal, why::Report& report) {
  if (grounds.grounds.profile == nullptr || !grounds.profile.confined) {
    report.notes.emplace_back("no profile of it is known, or it ran without one");
    return false;
  }
  const auto begin = why::parse_time(state.started);
  if (const auto log = kernel_log(); log && begin && end) {
    // Engines note the start when it is over, the end when it has come.
    const auto records = why::records_within(*log, *begin - 1, *end, grounds.profile, owner_by(state.pid), journal);
    if (records.unknown != 0)
      report.notes.push_back(
          fmt::format("{} of the kernel's records fit its time and its profile, but the log does not tell containers "
                      "apart: another program's, under a profile that answers alike, would look the same",
                      records.unknown));
    if (records.others != 0)
      report.notes.push_back(
          fmt::format("{} more were left out: their process, or its login, is not the container's", records.others));
  } else if (!log)
    report.notes.emplace_back("the kernel log, which may tell its denials, cannot be read");
  return true;
}

void look_at_end(const container::State& state, const ContainerGrounds& grounds, why::Journal& journal,
                 why::Report& report) {
  const why::End end{state.exit_code, state.out_of_memory, state.error};
  report.exit_status = state.exit_code;
  for (std::string& each : why::end_words(end)) report.notes.push_back(std::move(each));
  if (!look_into_log(state, why::parse_time(state.finished), grounds, journal, report)) return;
  // What a log tells is better than what can be derived.
  if (journal.denials().empty() && why::suspicious(end))
    why::derive_startup(grounds.profile, grounds.grounds.options.native, journal);
}

// The files and filters that a container's answer points into, kept until the report is printed.
struct Kept {
  Kept(const std::string& here, int stdin_fd, manifest::Machine machine) : files(here, stdin_fd), filters(machine) {}
  manifest::Files files;
  manifest::Filters filters;
};

std::shared_ptr<Kept> keep_world(Session& session, const format::ReadOptions& reading) {
  std::error_code failure;
  const std::filesystem::path here = std::filesystem::current_path(failure);
  auto out =
      std::make_shared<Kept>(failure ? std::string("/") : here.string(), session.env().stdin_fd, machine(reading));
  session.keep_alive(out);
  return out;
}

int look_at(Session& session, const container::State& state, manifest::Answer& answer,
            const format::ReadOptions& reading, why::Journal& journal, why::Report& report, ContainerGrounds& grounds) {
  report.source = fmt::format("container {} ({})",
                              base::printable(answer.containers.empty() ? state.id : answer.containers.front().name),
                              base::printable(state.status));
  resolve::add_startup_hazards(answer);
  if (!answer.containers.empty()) {
    take_profile(answer.containers.front(), reading, grounds);
    note_steps(answer.containers.front(), report);
  }
  if (state.pid == 0) {
    look_at_end(state, grounds, journal, report);
    return kYes;
  }
  report.source += fmt::format(", process {}", state.pid);
  const int status = note_filters(session, std::to_string(state.pid), report);
  look_into_log(state, std::time(nullptr), grounds, journal, report);
  return status;
}

}  // namespace

int look_at_container(Session& session, const std::string& name, const format::ReadOptions& reading,
                      why::Journal& journal, why::Report& report, ContainerGrounds& grounds) {
  const std::string socket = socket_of(session);
  if (socket.empty()) return session.arguments().has("host") ? kUsage : kCannot;
  const auto kept = keep_world(session, reading);
  container::World world{.files = kept->files, .filters = kept->filters, .environment = session.env().environment};
  manifest::Answer answer;
  const auto state = container::look_up(socket, name, world, answer, session.diagnostics());
  return state ? look_at(session, *state, answer, reading, journal, report, grounds) : kCannot;
}

int look_at_inspected(Session& session, const std::string& path, const format::ReadOptions& reading,
                      why::Journal& journal, why::Report& report, ContainerGrounds& grounds) {
  const base::SourceFile* const file = session.open(path);
  if (file == nullptr) return kBadInput;
  const auto document = text::read_json(*file, session.diagnostics());
  if (!document) return kBadInput;
  const auto kept = keep_world(session, reading);
  container::World world{.files = kept->files, .filters = kept->filters, .environment = session.env().environment};
  manifest::Answer answer;
  container::resolve_inspect(document->root(), world, answer, session.diagnostics());
  if (session.diagnostics().has_errors()) return kBadInput;
  return look_at(session, container::read_state(document->root()), answer, reading, journal, report, grounds);
}

}  // namespace callgate::cli
