// SPDX-License-Identifier: Apache-2.0
#include "cli/batch.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/text.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

// The word at or after `at`; moves past it.
std::string_view next_word(std::string_view line, std::size_t& at) {
  while (at < line.size() && is_blank(line[at])) ++at;
  const std::size_t begin = at;
  while (at < line.size() && !is_blank(line[at])) ++at;
  return line.substr(begin, at - begin);
}

// Plain decimal and 0x numbers; everything else takes the slow way.
bool quick_number(std::string_view word, std::uint64_t& out) {
  const bool hexadecimal = word.size() > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
  if (!hexadecimal && word.size() > 1 && word[0] == '0') return false;  // octal
  const char* const first = word.data() + (hexadecimal ? 2 : 0);
  const char* const last = word.data() + word.size();
  const auto [end, error] = std::from_chars(first, last, out, hexadecimal ? 16 : 10);
  return error == std::errc() && end == last;
}

bool wrong(BatchError& error, std::string_view line, std::string_view word, std::string message) {
  error.begin = static_cast<std::size_t>(word.data() - line.data());
  error.end = error.begin + word.size();
  error.message = std::move(message);
  return false;
}

}  // namespace

bool BatchReader::read_arch(std::string_view word, BatchError& error) {
  if (!arch_word_.empty() && word == arch_word_) return true;
  arch_word_.clear();
  arch_ = arch::find(word);
  std::uint64_t token = 0;
  if (arch_) {
    audit_ = arch::info(*arch_).audit;
  } else if (quick_number(word, token) && token <= 0xffffffffU) {
    audit_ = static_cast<arch::AuditArch>(token);
    const auto sharing = arch::with_audit(audit_);
    if (!sharing.empty()) arch_ = sharing.front();
  } else {
    error.message = fmt::format("no architecture '{}'", base::printable(word));
    return false;
  }
  arch_word_ = word;
  return true;
}

bool BatchReader::read_number(std::string_view word, policy::Call& call, BatchError& error) const {
  std::uint64_t number = 0;
  if (quick_number(word, number)) {
    if (number > 0xffffffffU) {
      error.message = fmt::format("call number {} has more than 32 bits", word);
      return false;
    }
    call.nr = static_cast<policy::SyscallNr>(number);
    if (arch_ == arch::Arch::x32) call.nr |= arch::kX32Bit;
    return true;
  }
  const auto named = arch_ ? syntax::find_call(*arch_, word) : std::nullopt;
  if (!named) {
    error.message = fmt::format("no call '{}' on this architecture", base::printable(word));
    return false;
  }
  call.nr = *named;
  return true;
}

bool BatchReader::read(std::string_view line, policy::Call& call, BatchError& error) {
  std::size_t at = 0;
  const std::string_view arch_word = next_word(line, at);
  if (arch_word.empty() || arch_word[0] == '#') return false;
  if (!read_arch(arch_word, error)) return wrong(error, line, arch_word, std::move(error.message));
  call.audit = audit_;
  const std::string_view call_word = next_word(line, at);
  if (call_word.empty()) return wrong(error, line, line.substr(line.size()), "a call must follow the architecture");
  if (!read_number(call_word, call, error)) return wrong(error, line, call_word, std::move(error.message));
  call.args = {};
  for (std::size_t i = 0;; ++i) {
    const std::string_view word = next_word(line, at);
    if (word.empty()) return true;
    if (i == call.args.size()) return wrong(error, line, word, "more than six arguments");
    if (quick_number(word, call.args[i])) continue;
    const auto value = arch::parse_value(word);
    if (!value) return wrong(error, line, word, fmt::format("'{}' is no argument", base::printable(word)));
    call.args[i] = *value;
  }
}

bool for_each_line(int fd, const std::function<bool(std::string_view)>& on_line) {
  std::vector<char> buffer(kMaxLine);
  std::size_t kept = 0;  // bytes of an unfinished line at the front
  for (;;) {
    if (kept == buffer.size()) {
      errno = EMSGSIZE;
      return false;
    }
    const ssize_t got = ::read(fd, buffer.data() + kept, buffer.size() - kept);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    const std::size_t end = kept + static_cast<std::size_t>(got);
    std::size_t begin = 0;
    while (begin < end) {
      const void* const found = std::memchr(buffer.data() + begin, '\n', end - begin);
      if (found == nullptr && got != 0) break;
      const std::size_t stop = found ? static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data()) : end;
      if (!on_line({buffer.data() + begin, stop - begin})) return true;
      begin = stop + 1;
    }
    if (got == 0) return true;
    kept = end - begin;
    std::memmove(buffer.data(), buffer.data() + begin, kept);
  }
}

}  // namespace callgate::cli
