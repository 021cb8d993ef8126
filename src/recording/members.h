// Members of a recording's lines, by name and kind. Each function diagnoses what is missing or of another kind and
// returns false; a line is given up at its first fault. Closures are read by it, too.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <limits>
#include <string>

#include "base/diagnostic.h"
#include "recording/recording.h"
#include "text/node.h"

namespace callgate::recording {

class Members {
 public:
  Members(text::Node line, base::Diagnostics& diagnostics);
  // What is wrong is reported as `id`, which outlives this.
  Members(text::Node line, base::Diagnostics& diagnostics, const base::DiagnosticId& id)
      : line_(line), diagnostics_(diagnostics), id_(id) {}

  text::Node node() const { return line_; }
  bool has(std::string_view name) const { return static_cast<bool>(line_.find(name)); }
  bool wrong(const text::Node& node, std::string message) const;
  // A member that must be there, or nothing (diagnosed).
  text::Node need(std::string_view name) const;

  bool get(std::string_view name, std::string& out) const;
  bool get(std::string_view name, bool& out) const;
  template <std::integral T>
  bool get(std::string_view name, T& out) const {
    std::int64_t small = 0;
    std::uint64_t large = 0;
    if constexpr (std::signed_integral<T>) {
      if (!get_signed(name, small, std::numeric_limits<T>::min(), std::numeric_limits<T>::max())) return false;
      out = static_cast<T>(small);
    } else {
      if (!get_unsigned(name, large, std::numeric_limits<T>::max())) return false;
      out = static_cast<T>(large);
    }
    return true;
  }
  // A string out of a list: `find` gives nothing for another.
  template <class Find, class T>
  bool get_word(std::string_view name, Find find, T& out) const {
    std::string word;
    if (!get(name, word)) return false;
    const auto found = find(word);
    if (!found) return wrong(line_.find(name), unknown_word(name, word));
    out = *found;
    return true;
  }
  // Every element of a list, of at most `most`.
  template <class Each>
  bool each(std::string_view name, std::size_t most, Each each) const {
    const text::Node list = need(name);
    if (!list) return false;
    if (!list.is_array() || list.size() > most) return wrong(list, too_many(name, most));
    for (const text::Node element : list)
      if (!each(element)) return false;
    return true;
  }
  bool get(std::string_view name, std::array<bool, kPhaseCount>& phases) const;
  // "arch" and "nr", held against the name that the member `name` has.
  bool get_call(arch::AuditArch& audit, arch::SyscallNr& nr, std::string_view name = "name") const;
  bool get_first(First& first) const;

 private:
  bool get_signed(std::string_view name, std::int64_t& out, std::int64_t least, std::int64_t most) const;
  bool get_unsigned(std::string_view name, std::uint64_t& out, std::uint64_t most) const;
  static std::string unknown_word(std::string_view name, const std::string& word);
  static std::string too_many(std::string_view name, std::size_t most);

  text::Node line_;
  base::Diagnostics& diagnostics_;
  const base::DiagnosticId& id_;
};

}  // namespace callgate::recording
