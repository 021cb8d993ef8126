// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <map>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "why/evidence.h"

namespace callgate::why {

namespace {

// "-1 EPERM (Operation not permitted)" → "EPERM".
std::string_view errno_word(std::string_view result) {
  if (!result.starts_with("-1 ")) return {};
  result.remove_prefix(3);
  return result.substr(0, result.find(' '));
}

// Whether a call that got this answer ends as the recording says.
bool fits(policy::Action action, std::string_view result) {
  using policy::ActionKind;
  switch (action.kind) {
    case ActionKind::errno_:
      return action.data == 0 ? result.starts_with("0") : errno_word(result) == arch::errno_name(action.data);
    case ActionKind::notify:
    case ActionKind::trace:
      return errno_word(result) == "ENOSYS";
    default:
      return false;  // SIGSYS tells
  }
}

// "> /usr/lib/libc.so.6(__read+0x10) [0xff]", "> /usr/bin/ls() [0x12]".
Frame frame_of(std::string_view line) {
  line.remove_prefix(2);
  Frame out;
  const std::size_t bracket = line.rfind(" [");
  if (bracket != std::string_view::npos)
    out.address = base::parse_u64(line.substr(bracket + 2, line.size() - bracket - 3)).value_or(0);
  line = line.substr(0, bracket);
  const std::size_t open = line.rfind('(');
  out.library = base::printable(line.substr(0, open), 512);
  out.offset = out.address;
  if (open == std::string_view::npos || !line.ends_with(')')) return out;
  const std::string_view inside = line.substr(open + 1, line.size() - open - 2);
  const std::size_t plus = inside.rfind('+');
  if (plus == std::string_view::npos) return out;
  out.function = base::printable(inside.substr(0, plus), 256);
  out.offset = base::parse_u64(inside.substr(plus + 1)).value_or(0);
  return out;
}

class Reader {
 public:
  Reader(const base::SourceFile& file, const preflight::Judge& judge, Journal& journal)
      : file_(file), judge_(judge), journal_(journal) {}

  void call(const preflight::Event& event) {
    Task& task = tasks_[event.task];
    if (task.waiting) {
      Denial& denial = journal_.denials()[*task.waiting];
      if (denial.next.empty())
        denial.next = fmt::format("called {}", arch::name_of_call(event.call.audit, event.call.nr));
      task.waiting.reset();
    }
    task.last = make(event);
    task.result = event.result;
    task.framed.reset();
    const auto verdict = judge_ ? std::optional(judge_(event.call, event.known)) : std::nullopt;
    const std::string_view error = errno_word(event.result);
    if (verdict && (!verdict->refused() || !fits(verdict->action, event.result))) return;
    if (!verdict && error != "EPERM" && error != "ENOSYS") return;
    if (verdict) task.last->action = verdict->action;
    task.last->outcome = base::printable(event.result, 100);
    keep(task);
  }

  void executed(std::uint64_t process, const std::string& program) { programs_[process] = program; }

  void remark(std::uint64_t task_id, std::string_view text) {
    Task& task = tasks_[task_id];
    if (text.starts_with("> ")) {
      // The stack of a call that was not denied is of no use.
      constexpr std::size_t kMostFrames = 64;
      if (task.framed && journal_.denials()[*task.framed].backtrace.size() < kMostFrames)
        journal_.denials()[*task.framed].backtrace.push_back(frame_of(text));
      return;
    }
    if (text.starts_with("--- SIGSYS") && text.find("SYS_SECCOMP") != std::string_view::npos) {
      stopped(task, policy::Action{policy::ActionKind::trap, 0}, text);
    } else if (text.starts_with("+++ killed by SIGSYS") && !task.trapped) {
      stopped(task, policy::kKillProcess, text);
    }
    if (text.starts_with("+++") && task.latest) {
      std::string& next = journal_.denials()[*task.latest].next;
      const std::string end = base::printable(base::trim(text.substr(3, text.rfind(" +++") - 3)), 80);
      next += next.empty() ? end : ", then " + end;
    }
  }

 private:
  struct Task {
    std::optional<Denial> last;
    std::string result;
    std::optional<std::size_t> waiting;  // the denial that the next call follows
    std::optional<std::size_t> latest, framed;
    bool trapped = false;
  };

  Denial make(const preflight::Event& event) {
    Denial out;
    out.call = event.call;
    out.known = event.known;
    out.decoded = decode::decode(event.call, event.known, {});
    // strace has read the memory behind the pointers.
    constexpr std::size_t kMostBytes = 1024;
    out.shown = fmt::format("{}({})", out.decoded.call, base::printable(event.shown, kMostBytes));
    out.process = event.process;
    out.thread = event.task;
    out.address = event.address;
    if (const auto program = programs_.find(event.process); program != programs_.end())
      out.program = base::printable(program->second);
    out.place = fmt::format("{}:{}", file_.name(), event.line);
    return out;
  }

  void keep(Task& task) {
    const std::size_t before = journal_.denials().size();
    const auto index = journal_.add(*task.last);
    task.waiting = task.latest = index;
    if (index && *index == before) task.framed = index;
  }

  void stopped(Task& task, policy::Action action, std::string_view text) {
    if (!task.last) return;
    task.trapped = action.kind == policy::ActionKind::trap;
    const auto verdict = judge_ ? std::optional(judge_(task.last->call, task.last->known)) : std::nullopt;
    // Which of the kills it was the recording does not tell.
    const bool kill_thread = verdict && verdict->action == policy::kKillThread && !task.trapped;
    task.last->action = kill_thread ? policy::kKillThread : action;
    task.last->outcome = base::printable(text, 120);
    keep(task);
  }

  const base::SourceFile& file_;
  const preflight::Judge& judge_;
  Journal& journal_;
  std::map<std::uint64_t, Task> tasks_;
  std::map<std::uint64_t, std::string> programs_;
};

}  // namespace

void read_recording(const base::SourceFile& file, const preflight::Judge& judge, Journal& journal,
                    preflight::KeptLines& kept, base::Diagnostics& diagnostics) {
  Reader reader(file, judge, journal);
  const preflight::Sink sink{
      [&](const preflight::Event& event) { reader.call(event); },
      [&](std::uint64_t process, const std::string& program) { reader.executed(process, program); },
      [&](std::uint64_t task, std::string_view text) { reader.remark(task, text); }};
  preflight::read_strace(file, sink, kept, diagnostics);
}

}  // namespace callgate::why
