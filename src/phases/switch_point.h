// Where in a process's life its stricter filter begins: what --switch-at says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bpf/program.h"

namespace callgate::phases {

enum class Point : std::uint8_t {
  listen,  // after a listen() that succeeded
  accept,  // before the first accept or, once the process or one that it descends from listens, the first wait for
           // events
  exec,    // after the first process's next execve
  main,    // before main() of the program
  marker,  // after a question about the file "/callgate:NAME", whatever the answer
  time,    // so long after the start
};

struct SwitchPoint {
  Point point = Point::listen;
  std::string marker;  // "/callgate:serving"
  std::uint64_t milliseconds = 0;
};
// `phase`: the later one's name. Times are whole numbers with ms, s or m: "500ms".
std::optional<SwitchPoint> parse_switch_point(std::string_view text, std::string_view phase);
// "after listen", for a plan.
std::string describe(const SwitchPoint& at);

// What a call means for switching, by its number and registers alone.
enum class Meaning : std::uint8_t { nothing, listen, accept, wait, question };
Meaning meaning_of(const bpf::SeccompData& call);
// Which argument of a `question` points to the path.
std::size_t path_argument(const bpf::SeccompData& call);

}  // namespace callgate::phases
