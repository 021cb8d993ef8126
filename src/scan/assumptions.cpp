// Names of what can be assumed, and of what can be unresolved.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "scan/scan.h"

namespace callgate::scan {

namespace {

struct AssumptionRow {
  Assumption which;
  std::string_view name, explanation;
};
constexpr std::array<AssumptionRow, 14> kAssumptions{{
    {Assumption::no_missing, "no-missing", "libraries that were not found bring nothing"},
    {Assumption::no_dlopen, "no-dlopen", "where the name of an opened library is not known, none is opened"},
    {Assumption::no_dlsym, "no-dlsym", "a function looked up by an unknown name is one that is reached anyway"},
    {Assumption::nss_config, "nss-config", "the name services are those that /etc/nsswitch.conf names now"},
    {Assumption::no_gconv, "no-gconv", "no character set is converted by a module of the C library"},
    {Assumption::gconv_config, "gconv-config",
     "character sets are converted by the modules that the C library's gconv-modules name now"},
    {Assumption::no_pam, "no-pam", "PAM loads no modules"},
    {Assumption::pam_config, "pam-config", "PAM loads the modules that the files of /etc/pam.d name now"},
    {Assumption::dlopen_notes, "dlopen-notes", "a file with .note.dlopen opens only libraries that its notes name"},
    {Assumption::no_script, "no-script", "a script only makes its interpreter do what its own code does"},
    {Assumption::data_chunks, "data-chunks", "a pointer in data is used only by what names the object that holds it"},
    {Assumption::plain_locks, "plain-locks",
     "a lock has a priority ceiling only if a function that asks for one is reached"},
    {Assumption::direct_point, "direct-point",
     "main comes to the point of --after by calls that name what they call, not through pointers"},
    {Assumption::own_numbers, "own-numbers",
     "a wrapper that is called through a pointer gets only constants of the module that holds the pointer"},
}};
constexpr std::array<Assumption, 14> kAll{Assumption::no_missing,   Assumption::no_dlopen,   Assumption::no_dlsym,
                                          Assumption::nss_config,   Assumption::no_gconv,    Assumption::gconv_config,
                                          Assumption::no_pam,       Assumption::pam_config,  Assumption::dlopen_notes,
                                          Assumption::no_script,    Assumption::data_chunks, Assumption::plain_locks,
                                          Assumption::direct_point, Assumption::own_numbers};
constexpr std::array<std::string_view, 11> kTroubles{"missing-library", "number",      "dlopen", "dlsym",      "nss",
                                                     "gconv",           "undecodable", "file",   "relocation", "script",
                                                     "other-entry"};
constexpr std::array<std::string_view, 4> kPoints{"start", "main", "listen", "pid"};

}  // namespace

std::string_view name(Assumption a) {
  return kAssumptions[static_cast<std::size_t>(a)].name;
}
std::string_view explain(Assumption a) {
  return kAssumptions[static_cast<std::size_t>(a)].explanation;
}
std::span<const Assumption> assumptions() {
  return kAll;
}

std::optional<Assumption> find_assumption(std::string_view text) {
  for (const AssumptionRow& row : kAssumptions)
    if (row.name == text) return row.which;
  return std::nullopt;
}

std::string_view name(Point p) {
  return kPoints[static_cast<std::size_t>(p)];
}
std::optional<Point> find_point(std::string_view text) {
  const auto* const found = std::find(kPoints.begin(), kPoints.end(), text);
  if (found == kPoints.end()) return std::nullopt;
  return static_cast<Point>(found - kPoints.begin());
}

std::string_view name(Trouble t) {
  return kTroubles[static_cast<std::size_t>(t)];
}

bool Options::assumes(Assumption a) const {
  return std::find(assume.begin(), assume.end(), a) != assume.end();
}

}  // namespace callgate::scan
