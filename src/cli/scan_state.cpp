// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "text/node.h"

namespace callgate::cli {

namespace {

constexpr std::size_t kMaxStateBytes = std::size_t{1} << 30;

tl::unexpected<base::Error> failed(std::string_view doing, const std::string& path) {
  const int saved = errno;
  return base::fail(base::ErrorCode::io, fmt::format("cannot {} '{}': {}", doing, path, base::errno_text(saved)),
                    saved);
}

void texts(text::Node array, std::string_view member, std::set<std::string>& out) {
  if (!array || !array.is_array()) return;
  for (const text::Node each : array)
    if (const text::Node name = each.is_object() ? each.find(member) : text::Node(); name && name.is_string())
      out.emplace(name.text());
}

}  // namespace

std::optional<std::pair<std::string, ScannedProgram>> read_scanned(std::string line) {
  ScannedProgram out;
  std::string path;
  {
    std::string padded;
    padded.reserve(line.size() + base::kPaddingBytes);
    padded = line;
    const base::SourceFile file("scan", std::move(padded));
    base::Diagnostics ignored;
    const auto document = text::read_json(file, ignored);
    if (!document || !document->root().is_object()) return std::nullopt;
    const text::Node root = document->root();
    const text::Node name = root.find("path"), status = root.find("status"), error = root.find("error");
    if (!name || !name.is_string() || (!status && !error)) return std::nullopt;
    path = name.text();
    out.closed = status && status.is_string() && status.text() == "closed";
    if (error && error.is_string()) out.error = error.text();
    texts(root.find("calls"), "name", out.calls);
    texts(root.find("unresolved"), "kind", out.unresolved);
    if (const text::Node libraries = root.find("libraries"); libraries && libraries.is_array())
      for (const text::Node each : libraries) out.libraries.emplace_back(each.text());
    if (const text::Node stamp = root.find("stamp"); stamp && stamp.is_number()) out.stamp = stamp.as_u64().value_or(0);
  }
  out.line = std::move(line);
  return std::pair(std::move(path), std::move(out));
}

base::Result<ScanState> ScanState::open(const std::string& path, const std::string& header) {
  ScanState state;
  state.path_ = path;
  state.fd_ = base::UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666));
  if (!state.fd_) return failed("open", path);
  if (flock(state.fd_.get(), LOCK_EX | LOCK_NB) != 0)
    return base::fail(base::ErrorCode::invalid, fmt::format("'{}' is being written by another run", path));
  CALLGATE_TRY(const std::string text, base::read_file(path, kMaxStateBytes));
  const std::size_t whole = text.rfind('\n') + 1;  // 0 where there is no line
  const std::string_view kept = std::string_view(text).substr(0, whole);
  const std::string first = header + "\n";
  const bool begun = std::string_view(first).starts_with(text) || kept.starts_with(first);
  if (!begun)
    return base::fail(base::ErrorCode::invalid,
                      fmt::format("'{}' does not hold this scan (another root, other assumptions, or another "
                                  "version of callgate); give another file",
                                  path));
  if (whole != text.size() && ftruncate(state.fd_.get(), static_cast<off_t>(whole)) != 0)
    return failed("truncate", path);
  if (whole == 0) CALLGATE_CHECK(state.append(header));
  for (std::size_t at = std::min(first.size(), whole); at < whole;) {
    const std::size_t end = kept.find('\n', at);
    if (auto one = read_scanned(std::string(kept.substr(at, end - at))))
      state.kept_.insert_or_assign(std::move(one->first), std::move(one->second));
    at = end + 1;
  }
  return state;
}

base::Result<void> ScanState::append(const std::string& line) const {
  const std::string text = line + "\n";
  const ssize_t put = ::write(fd_.get(), text.data(), text.size());
  if (put < 0) return failed("write", path_);
  if (static_cast<std::size_t>(put) != text.size())
    return base::fail(base::ErrorCode::io, fmt::format("cannot write '{}': no space", path_));
  return {};
}

base::Result<void> ScanState::finish() const {
  if (fsync(fd_.get()) != 0 && errno != EINVAL) return failed("write", path_);
  return {};
}

}  // namespace callgate::cli
