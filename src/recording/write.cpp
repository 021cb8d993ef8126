// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/io.h"
#include "base/json_write.h"
#include "recording/file.h"

namespace callgate::recording {

namespace {

constexpr std::string_view kHeaderBegin = R"({"record":"run")";

void write_first(base::JsonWriter& json, const First& first) {
  json.key("first").begin_object().member("ns", first.ns).member("pid", first.pid).member("tid", first.tid);
  json.member("comm", first.comm).member("image", first.image).member("phase", name(first.phase)).end_object();
}

void write_call_id(base::JsonWriter& json, arch::AuditArch audit, arch::SyscallNr nr) {
  const auto known = arch::of_call(audit, nr);
  json.member("arch", known ? arch::info(*known).name : std::string_view("unknown"));
  json.member("nr", nr).member("name", call_name(audit, nr));
}

void write_phases(base::JsonWriter& json, const std::array<bool, kPhaseCount>& seen) {
  json.key("phases").begin_array();
  for (std::size_t i = 0; i < kPhaseCount; ++i)
    if (seen[i]) json.value(name(static_cast<Phase>(i)));
  json.end_array();
}

void write_container(base::JsonWriter& json, const Container& container) {
  json.key("container").begin_object().member("engine", container.engine);
  const std::pair<std::string_view, const std::string&> texts[] = {
      {"id", container.id},
      {"name", container.name},
      {"image", container.image},
      {"image_id", container.image_id},
      {"image_digest", container.image_digest},
      {"project", container.project},
      {"service", container.service},
  };
  for (const auto& [name, text] : texts)
    if (!text.empty()) json.member(name, text);
  if (container.bounding) json.member("bounding", *container.bounding);
  json.end_object();
}

std::string header_line(const Run& run) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "run").member("version", kVersion).member("id", run.id);
  json.member("callgate", run.tool).member("source", name(run.source));
  json.key("command").begin_array();
  for (const std::string& word : run.command) json.value(word);
  json.end_array().member("arch", arch::info(run.arch).name).member("kernel", run.kernel).member("host", run.host);
  json.member("uid", run.uid).member("started", run.started).member("arguments", run.with_arguments);
  if (run.serving_at != ServingAt::listen) json.member("serving_at", name(run.serving_at));
  if (run.known != 0) json.member("known", run.known);
  if (run.only_refused) json.member("only_refused", true);
  if (run.attached) json.member("attached", true);
  if (run.container) write_container(json, *run.container);
  json.end_object();
  return json.take();
}

std::string image_line(const Image& image) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "image").member("image", image.number).member("path", image.path);
  if (!image.script.empty()) json.member("script", image.script);
  if (!image.build_id.empty()) json.member("build_id", image.build_id);
  json.member("ns", image.since_ns).member("parent", image.parent).end_object();
  return json.take();
}

void write_argument(base::JsonWriter& json, const Argument& argument) {
  json.begin_object().member("arg", argument.place).member("phase", name(argument.phase));
  if (argument.any) {
    json.member("any", true);
  } else {
    json.key("values").begin_array();
    for (const std::uint64_t value : argument.values) json.value(value);
    json.end_array();
  }
  if (argument.ever_set) json.member("ever_set", *argument.ever_set);
  if (argument.ever_clear) json.member("ever_clear", *argument.ever_clear);
  json.end_object();
}

std::string call_line(const Call& call) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "call");
  write_call_id(json, call.audit, call.nr);
  if (call.vsyscall) json.member("vsyscall", true);
  write_phases(json, call.seen);
  json.key("counts").begin_array();
  for (const std::uint64_t count : call.counts) json.value(count);
  json.end_array().key("images").begin_array();
  for (const std::uint32_t image : call.images) json.value(image);
  json.end_array();
  if (call.denied) json.member("denied", *call.denied);
  if (call.namespaces) json.member("namespaces", true);
  write_first(json, call.first);
  if (!call.arguments.empty()) {
    json.key("args").begin_array();
    for (const Argument& argument : call.arguments) write_argument(json, argument);
    json.end_array();
  }
  json.end_object();
  return json.take();
}

std::string capability_line(const Capability& capability) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "capability").member("number", capability.number);
  json.member("capability", capability_name(capability.number)).member("granted", capability.granted);
  if (capability.call) write_call_id(json, capability.call->first, capability.call->second);
  write_first(json, capability.first);
  json.end_object();
  return json.take();
}

std::string uring_line(const UringOperation& operation) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "io_uring").member("opcode", operation.opcode);
  json.member("operation", uring_name(operation.opcode));
  write_phases(json, operation.seen);
  json.end_object();
  return json.take();
}

std::string runtime_line(const RuntimeCall& call) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "runtime_call");
  write_call_id(json, call.audit, call.nr);
  json.member("filtered", call.filtered).end_object();
  return json.take();
}

void write_losses(base::JsonWriter& json, std::string_view name, const std::vector<Loss>& losses) {
  json.key(name).begin_object();
  for (const Loss& loss : losses) json.member(loss.what, loss.count);
  json.end_object();
}

std::string end_line(const Run& run) {
  base::JsonWriter json(0);
  json.begin_object().member("record", "end").member("id", run.id).member("finished", run.finished);
  json.member("complete", run.complete);
  write_losses(json, "losses", run.losses);
  if (!run.overflow.empty()) write_losses(json, "overflow", run.overflow);
  if (const auto& convergence = run.convergence) {
    json.key("convergence").begin_object().member("windows", convergence->windows);
    json.member("window_ns", convergence->window_ns).member("once", convergence->once);
    json.member("twice", convergence->twice).end_object();
  }
  json.key("blind").begin_array();
  for (const Blind blind : run.blind) json.value(name(blind));
  json.end_array().member("tasks", run.tasks).member("duration_ns", run.duration_ns);
  json.member("exit_status", run.exit_status).member("signal", run.signal).end_object();
  return json.take();
}

base::Result<void> write_all(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t done = ::write(fd, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return base::fail(base::ErrorCode::io, fmt::format("'{}': {}", path, base::errno_text(errno)), errno);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return {};
}

// A recording of which only the first bytes were written counts as one.
base::Result<void> begins_like_one(int fd, const std::string& path) {
  std::string begin(kHeaderBegin.size(), '\0');
  const ssize_t size = pread(fd, begin.data(), begin.size(), 0);
  begin.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (kHeaderBegin.starts_with(begin)) return {};
  return base::fail(base::ErrorCode::invalid, fmt::format("'{}' is no recording: nothing is added to it", path));
}

}  // namespace

std::string to_lines(const Run& run) {
  std::string out = header_line(run);
  for (const Image& image : run.images) out += image_line(image);
  for (const Call& call : run.calls) out += call_line(call);
  for (const Capability& capability : run.capabilities) out += capability_line(capability);
  for (const UringOperation& operation : run.uring) out += uring_line(operation);
  for (const RuntimeCall& call : run.runtime) out += runtime_line(call);
  return out + end_line(run);
}

namespace {

// Locked, and still what stands at `path`: whoever failed to write a file of its own takes it away again.
base::UniqueFd open_locked(const std::string& path, bool& created) {
  for (;;) {
    constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY;
    base::UniqueFd fd(open(path.c_str(), kFlags));
    created = !fd && errno == ENOENT;
    if (created) fd = base::UniqueFd(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0666));
    if (!fd && created && errno == EEXIST) continue;
    if (!fd) return fd;
    while (flock(fd.get(), LOCK_EX) != 0)
      if (errno != EINTR) return {};
    struct stat ours{}, theirs{};
    if (fstat(fd.get(), &ours) != 0) return {};
    if (stat(path.c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev) return fd;
  }
}

}  // namespace

base::Result<void> can_append(const std::string& path) {
  const base::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status{};
  if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  return begins_like_one(fd.get(), path);
}

base::Result<void> append(const std::string& path, const Run& run) {
  const auto failed = [&] {
    return base::fail(base::ErrorCode::io, fmt::format("'{}': {}", path, base::errno_text(errno)), errno);
  };
  bool created = false;
  const base::UniqueFd fd = open_locked(path, created);
  if (!fd) return failed();
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return failed();
  const bool regular = S_ISREG(status.st_mode);
  if (regular) CALLGATE_CHECK(begins_like_one(fd.get(), path));
  std::string text = to_lines(run);
  char last = '\n';
  if (regular && status.st_size > 0 && pread(fd.get(), &last, 1, status.st_size - 1) == 1 && last != '\n')
    text.insert(0, 1, '\n');
  auto written = write_all(fd.get(), text, path);
  if (!written && regular) static_cast<void>(ftruncate(fd.get(), status.st_size) == 0);
  if (!written && created && status.st_size == 0) unlink(path.c_str());
  return written;
}

}  // namespace callgate::recording
