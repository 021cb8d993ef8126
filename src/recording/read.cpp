// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "recording/diagnostic_ids.h"
#include "recording/file.h"
#include "recording/members.h"

namespace callgate::recording {

namespace {

// Far more than a recorder writes; a hostile file is refused before it costs memory.
constexpr std::size_t kMostWords = 65536, kMostImages = 65536;

bool read_strings(const Members& line, std::string_view name, std::vector<std::string>& out) {
  return line.each(name, kMostWords, [&](const text::Node& node) {
    if (!node.is_string()) return line.wrong(node, fmt::format("'{}' holds something that is no text", name));
    out.emplace_back(node.text());
    return true;
  });
}

bool read_container(const Members& line, base::Diagnostics& diagnostics, Run& run) {
  const text::Node node = line.need("container");
  if (!node.is_object()) return line.wrong(node, "'container' is no object");
  const Members members(node, diagnostics);
  Container& out = run.container.emplace();
  const std::pair<std::string_view, std::string*> texts[] = {
      {"id", &out.id},
      {"name", &out.name},
      {"image", &out.image},
      {"image_id", &out.image_id},
      {"image_digest", &out.image_digest},
      {"project", &out.project},
      {"service", &out.service},
  };
  for (const auto& [name, text] : texts)
    if (members.has(name) && !members.get(name, *text)) return false;
  return members.get("engine", out.engine) &&
         (!members.has("bounding") || members.get("bounding", out.bounding.emplace()));
}

bool read_header(const Members& line, base::Diagnostics& diagnostics, Run& run) {
  return line.get("id", run.id) && line.get("callgate", run.tool) && line.get_word("source", find_source, run.source) &&
         read_strings(line, "command", run.command) && line.get_word("arch", arch::find, run.arch) &&
         line.get("kernel", run.kernel) && line.get("host", run.host) && line.get("uid", run.uid) &&
         line.get("started", run.started) && line.get("arguments", run.with_arguments) &&
         (!line.has("serving_at") || line.get_word("serving_at", find_serving_at, run.serving_at)) &&
         (!line.has("known") || line.get("known", run.known)) &&
         (!line.has("only_refused") || line.get("only_refused", run.only_refused)) &&
         (!line.has("attached") || line.get("attached", run.attached)) &&
         (!line.has("container") || read_container(line, diagnostics, run));
}

bool read_image(const Members& line, Run& run) {
  Image image;
  if (!line.get("image", image.number) || !line.get("path", image.path) || !line.get("ns", image.since_ns) ||
      !line.get("parent", image.parent))
    return false;
  if (line.has("script") && !line.get("script", image.script)) return false;
  if (line.has("build_id") && !line.get("build_id", image.build_id)) return false;
  run.images.push_back(std::move(image));
  return true;
}

bool read_argument(const text::Node& node, const Members& line, base::Diagnostics& diagnostics, Call& call) {
  if (!node.is_object()) return line.wrong(node, "an argument is an object");
  const Members members(node, diagnostics);
  Argument argument;
  if (!members.get("arg", argument.place) || !members.get_word("phase", find_phase, argument.phase)) return false;
  if (argument.place > 5) return line.wrong(node, "calls have six arguments, 0 to 5");
  const bool twice = std::ranges::any_of(call.arguments, [&](const Argument& other) {
    return other.place == argument.place && other.phase == argument.phase;
  });
  if (twice) return line.wrong(node, "this argument stands here twice");
  if (members.has("any") && !members.get("any", argument.any)) return false;
  if (argument.any == members.has("values")) return line.wrong(node, "an argument has either 'values' or 'any'");
  if (!argument.any && !members.each("values", kMostValues, [&](const text::Node& value) {
        const auto number = value.as_u64();
        if (!number) return line.wrong(value, "a value is a number of 64 bits");
        argument.values.push_back(*number);
        return true;
      }))
    return false;
  std::ranges::sort(argument.values);
  for (const auto& [name, mask] : {std::pair{"ever_set", &argument.ever_set}, {"ever_clear", &argument.ever_clear}})
    if (members.has(name) && !members.get(name, mask->emplace())) return false;
  call.arguments.push_back(std::move(argument));
  return true;
}

bool read_call(const Members& line, base::Diagnostics& diagnostics, Run& run) {
  Call call;
  if (!line.get_call(call.audit, call.nr) || !line.get("phases", call.seen) || !line.get_first(call.first))
    return false;
  if (line.has("vsyscall") && !line.get("vsyscall", call.vsyscall)) return false;
  if (line.has("denied") && !line.get("denied", call.denied.emplace())) return false;
  if (line.has("namespaces") && !line.get("namespaces", call.namespaces)) return false;
  std::size_t place = 0;
  const bool counts = line.each("counts", kPhaseCount, [&](const text::Node& node) {
    const auto count = node.as_u64();
    if (!count) return line.wrong(node, "a count is a whole number");
    call.counts[place++] = *count;
    return true;
  });
  if (!counts || !line.each("images", kMostImages, [&](const text::Node& node) {
        const auto image = node.as_u64();
        if (!image || *image > 0xffffffffU) return line.wrong(node, "an image is a whole number");
        call.images.push_back(static_cast<std::uint32_t>(*image));
        return true;
      }))
    return false;
  if (line.has("args") && !line.each("args", std::size_t{6} * kPhaseCount, [&](const text::Node& node) {
        return read_argument(node, line, diagnostics, call);
      }))
    return false;
  run.calls.push_back(std::move(call));
  return true;
}

bool read_capability(const Members& line, Run& run) {
  Capability capability;
  if (!line.get("number", capability.number) || !line.get("granted", capability.granted) ||
      !line.get_first(capability.first))
    return false;
  if (line.has("nr")) {
    auto& call = capability.call.emplace();
    if (!line.get_call(call.first, call.second)) return false;
  }
  run.capabilities.push_back(std::move(capability));
  return true;
}

bool read_uring(const Members& line, Run& run) {
  UringOperation operation;
  if (!line.get("opcode", operation.opcode) || !line.get("phases", operation.seen)) return false;
  run.uring.push_back(operation);
  return true;
}

bool read_runtime_call(const Members& line, Run& run) {
  RuntimeCall call;
  if (!line.get_call(call.audit, call.nr) || !line.get("filtered", call.filtered)) return false;
  run.runtime.push_back(call);
  return true;
}

bool read_losses(const Members& line, std::string_view name, std::vector<Loss>& out) {
  const text::Node losses = line.need(name);
  if (!losses) return false;
  if (!losses.is_object()) return line.wrong(losses, fmt::format("'{}' is no object", name));
  for (const text::Node loss : losses) {
    const auto count = loss.as_u64();
    if (!count) return line.wrong(loss, "a loss is a whole number");
    out.push_back({std::string(loss.key()), *count});
  }
  return true;
}

bool read_convergence(const Members& line, base::Diagnostics& diagnostics, Run& run) {
  const text::Node node = line.need("convergence");
  if (!node.is_object()) return line.wrong(node, "'convergence' is no object");
  const Members members(node, diagnostics);
  Convergence& out = run.convergence.emplace();
  return members.get("windows", out.windows) && members.get("window_ns", out.window_ns) &&
         members.get("once", out.once) && members.get("twice", out.twice);
}

bool read_end(const Members& line, base::Diagnostics& diagnostics, Run& run) {
  std::string id;
  if (!line.get("id", id) || !line.get("finished", run.finished) || !line.get("complete", run.complete) ||
      !line.get("tasks", run.tasks) || !line.get("duration_ns", run.duration_ns) ||
      !line.get("exit_status", run.exit_status) || !line.get("signal", run.signal))
    return false;
  if (id != run.id) return line.wrong(line.node().find("id"), "this is the end of another run");
  if (!read_losses(line, "losses", run.losses)) return false;
  if (line.has("overflow") && !read_losses(line, "overflow", run.overflow)) return false;
  if (line.has("convergence") && !read_convergence(line, diagnostics, run)) return false;
  if (!line.each("blind", kMostWords, [&](const text::Node& node) {
        const auto blind = node.is_string() ? find_blind(node.text()) : std::nullopt;
        if (!blind) return line.wrong(node, "no kind of blindness has that name");
        run.blind.push_back(*blind);
        return true;
      }))
    return false;
  const bool claimed = run.complete;
  settle(run);
  if (claimed && !run.complete)
    return line.wrong(line.node().find("complete"), "a run that has losses, or did not finish, is not complete");
  run.complete = claimed;
  return true;
}

class Reader {
 public:
  Reader(const base::SourceFile& file, KeptLines& kept, base::Diagnostics& diagnostics)
      : file_(file), kept_(kept), diagnostics_(diagnostics) {}

  Recording read() {
    const auto lines = base::split(file_.text(), '\n');
    for (std::size_t i = 0; i < lines.size() && !stop_; ++i) {
      if (base::trim(lines[i]).empty()) continue;
      const bool run_goes_on =
          i + 1 < lines.size() && !base::trim(lines[i + 1]).empty() && !lines[i + 1].starts_with(R"({"record":"run")");
      read_line(lines[i], static_cast<std::uint32_t>(i + 1), !run_goes_on);
      if (diagnostics_.error_count() >= base::Diagnostics::kMaxKept) stop_ = true;
    }
    close_run();
    if (recording_.runs.empty() && !diagnostics_.has_errors())
      diagnostics_.add(kNoRun, {&file_, 0, 0}, fmt::format("'{}' holds no run", base::printable(file_.name())),
                       "callgate record -o FILE -- CMD");
    return std::move(recording_);
  }

 private:
  // `last`: nothing of the same run follows, so the line may be one that was cut off while it was written.
  void read_line(std::string_view line, std::uint32_t number, bool last) {
    base::SourceFile& source = kept_.emplace_back(file_.name(), std::string(line), number);
    const std::size_t before = diagnostics_.error_count() + diagnostics_.warning_count();
    base::Diagnostics syntax;
    const auto document = text::read_json(source, syntax);
    if (!document && last && open_)
      close_run({&source, 0, static_cast<std::uint32_t>(line.size())});
    else
      diagnostics_.append(syntax);
    if (document) dispatch(document->root());
    if (diagnostics_.error_count() + diagnostics_.warning_count() == before) kept_.pop_back();
  }

  void dispatch(const text::Node& root) {
    if (!root.is_object()) {
      diagnostics_.add(kBadLine, root.span(), "a line of a recording is an object");
      return;
    }
    const Members line(root, diagnostics_);
    std::string kind;
    if (!line.get("record", kind)) return;
    if (kind == "run") {
      begin_run(line);
    } else if (!open_) {
      diagnostics_.add(kBadLine, root.span(), "this line belongs to no run", "a run begins with a line of kind 'run'");
    } else if (kind == "end") {
      open_ = false;
      Run& run = recording_.runs.back();
      if (!read_end(line, diagnostics_, run)) run.complete = run.finished = false;
    } else {
      read_part(kind, line, recording_.runs.back());
    }
  }

  void read_part(const std::string& kind, const Members& line, Run& run) {
    if (kind == "image")
      read_image(line, run);
    else if (kind == "call")
      read_call(line, diagnostics_, run);
    else if (kind == "capability")
      read_capability(line, run);
    else if (kind == "io_uring")
      read_uring(line, run);
    else if (kind == "runtime_call")
      read_runtime_call(line, run);
    else
      diagnostics_.add(kUnknownLine, line.node().find("record").span(),
                       fmt::format("a line of kind '{}' is passed over", base::printable(kind)));
  }

  void begin_run(const Members& line) {
    close_run();
    std::uint64_t version = 0;
    if (!line.get("version", version)) return;
    if (version < kEarliestVersion || version > kVersion) {
      diagnostics_.add(
          kLaterVersion, line.node().find("version").span(),
          fmt::format("this recording has version {}; {} to {} are known", version, kEarliestVersion, kVersion),
          "a newer callgate reads it");
      stop_ = true;
      return;
    }
    Run run;
    if (!read_header(line, diagnostics_, run)) return;
    if (version < 2) run.blind.push_back(Blind::shutdown);
    recording_.runs.push_back(std::move(run));
    open_ = true;
  }

  void close_run(base::Span torn = {}) {
    if (!open_) return;
    open_ = false;
    Run& run = recording_.runs.back();
    run.finished = run.complete = false;
    if (torn.file == nullptr) torn = {&file_, 0, 0};
    diagnostics_.add(
        kUnfinished, torn,
        fmt::format("run {} has no end: what it holds was seen, but more may be missing", base::printable(run.id)));
  }

  const base::SourceFile& file_;
  KeptLines& kept_;
  base::Diagnostics& diagnostics_;
  Recording recording_;
  bool open_ = false, stop_ = false;
};

}  // namespace

bool looks_like_recording(std::string_view text) {
  return text.starts_with(R"({"record":"run")");
}

Recording read(const base::SourceFile& file, KeptLines& kept, base::Diagnostics& diagnostics) {
  return Reader(file, kept, diagnostics).read();
}

}  // namespace callgate::recording
