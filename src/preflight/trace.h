// Recordings of a program's calls, as files.
//
// strace: what strace prints, with any of -f, -o, -t -tt -ttt, -r, -T, -i, -y -yy, -k; calls in two parts (`<unfinished
// ...>`, `<... resumed>`) are put together, and an argument counts as known where strace prints its value. Constants
// are x86_64's.
//
// record: JSON Lines, one call an object:
//   {"arch": "x86_64", "call": "openat", "args": ["AT_FDCWD", null, 0], "pid": 7}
// `call` is a name or a number; an argument is a number, a text such as "O_RDWR|O_CLOEXEC", or null where it is not
// known, as are those left out; `pid` may be left out. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <string>

#include "base/diagnostic.h"
#include "preflight/preflight.h"

namespace callgate::preflight {

// Gets the calls in their order, and each program that an execve started (its path's last part).
struct Sink {
  std::function<void(const Event& event)> call;
  std::function<void(std::uint64_t process, const std::string& program)> executed;
  // strace's lines about signals and ends ("--- SIGSYS {…} ---", "+++ killed by SIGSYS +++") and, with -k, about the
  // stack of the call before ("> /lib/libc.so.6(read+0x10) [0x1000]"); may be empty.
  std::function<void(std::uint64_t task, std::string_view text)> remark = {};
};

// Lines that diagnostics point into.
using KeptLines = std::deque<base::SourceFile>;

// Whether the text is JSON Lines, by its first character.
bool looks_like_records(std::string_view text);
// Both diagnose what they cannot read, with its place, and go on.
void read_strace(const base::SourceFile& file, const Sink& sink, KeptLines& kept, base::Diagnostics& diagnostics);
void read_records(const base::SourceFile& file, const Sink& sink, KeptLines& kept, base::Diagnostics& diagnostics);

}  // namespace callgate::preflight
