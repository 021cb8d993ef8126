// Any bytes as a batch. Lines are those that a plain split gives; what a line means does not depend on the lines before
// it; an error lies inside its line; a call that was read is read again from its numbers.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/io.h"
#include "cli/batch.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

std::vector<std::string> lines_of_a_file(std::string_view text) {
  const base::UniqueFd file(memfd_create("batch", MFD_CLOEXEC));
  require(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  require(lseek(file.get(), 0, SEEK_SET) == 0);
  std::vector<std::string> lines;
  require(cli::for_each_line(file.get(), [&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  }));
  return lines;
}

void check_line(cli::BatchReader& reader, std::string_view line) {
  policy::Call call, again;
  cli::BatchError error, fresh_error;
  const bool good = reader.read(line, call, error);
  cli::BatchReader fresh;
  require(fresh.read(line, again, fresh_error) == good && error.message == fresh_error.message);
  require(error.begin <= error.end && error.end <= line.size());
  if (!good) return;
  require(error.message.empty() && call == again);
  std::string numbers = fmt::format("{:#x} {}", call.audit, call.nr);
  for (const std::uint64_t argument : call.args) numbers += fmt::format(" {:#x}", argument);
  require(fresh.read(numbers, again, error) && call == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 16 * 1024;  // below the longest line
  const std::string_view text(reinterpret_cast<const char*>(data), std::min(size, kMostBytes));
  const std::vector<std::string> lines = split(text);
  require(lines_of_a_file(text) == lines);
  cli::BatchReader reader;
  for (const std::string& line : lines) check_line(reader, line);
  return 0;
}
