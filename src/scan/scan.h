// What a program can do: the system calls that its code, with all its libraries, can make. Computed from the files
// alone, and never too few: what could not be decided is listed as unresolved, and the answer is then open. A caller
// may assume some of it by name; every call says whether it rests on such an assumption.
//
// Not seen: code that the program makes or maps itself (a just-in-time compiler), other programs that it executes,
// and libraries that LD_PRELOAD or LD_LIBRARY_PATH bring in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/arguments.h"

namespace callgate::scan {

// What a user may accept unseen.
enum class Assumption : std::uint8_t {
  no_missing,    // libraries that were not found bring nothing
  no_dlopen,     // where the name of an opened library is not known, none is opened
  no_dlsym,      // where the name of a looked-up function is not known, it is one that is reached anyway
  nss_config,    // name services are those of /etc/nsswitch.conf
  no_gconv,      // no character set is converted by a module of the C library
  gconv_config,  // character sets are converted by the modules that gconv-modules names
  no_pam,        // PAM loads no modules
  pam_config,    // PAM's modules are those that /etc/pam.d names
  dlopen_notes,  // a file with .note.dlopen opens what its notes name, and nothing else
  no_script,     // a script makes its interpreter do nothing but what the interpreter's own code does
  data_chunks,   // objects in data are what they seem: a pointer counts once its object is reached
  plain_locks,   // no lock has a priority ceiling unless the program asks for one by name
  direct_point,  // main comes to the point of Options::after by calls that go through no pointer
  own_numbers,   // a wrapper called through a pointer gets constants of the module that holds the pointer
};
std::string_view name(Assumption a);
std::string_view explain(Assumption a);
std::optional<Assumption> find_assumption(std::string_view name);
std::span<const Assumption> assumptions();

enum class Trouble : std::uint8_t {
  missing_library,
  number,
  dlopen,
  dlsym,
  nss,
  gconv,
  undecodable,
  defect,
  relocation,
  script,
  other_entry
};
std::string_view name(Trouble t);

struct Unresolved {
  Trouble kind = Trouble::number;
  std::string where;  // "libc.so.6: syscall+0x17"
  std::string why;
};

struct Step {
  std::string where;  // "libc.so.6: fopen"
  std::string how;    // "calls", "is where the program begins"
};

struct Call {
  std::uint32_t nr = 0;
  std::optional<Assumption> assumed;  // nothing: proved
  std::vector<Argument> arguments;    // those of which all values are known; none if the answer is open
  std::vector<Step> chain;            // from an entry point to the instruction
};

// From when on what a program does counts.
enum class Point : std::uint8_t {
  start,   // always: its whole life
  main,    // main has been called
  listen,  // listen has returned, for the first time
  pid,     // a process stands where it stands now
};
std::string_view name(Point p);
std::optional<Point> find_point(std::string_view name);

struct Process;

struct Answer {
  std::string path, build_id, script_interpreter;
  arch::Arch arch = arch::Arch::x86_64;  // whose the numbers of the calls are
  Point after = Point::start;
  bool whole_life = false;  // the point cannot be told: all calls are listed
  std::string after_note;   // why, or why there are more calls than there might be
  std::vector<std::string> libraries;
  std::vector<Call> calls;  // by number
  std::vector<Unresolved> unresolved;
  std::vector<Assumption> assumed;  // those that were needed
  bool closed() const { return unresolved.empty(); }
};

struct Options {
  bool arguments = true;  // look for the values of arguments
  std::vector<Assumption> assume;
  Point after = Point::start;
  std::shared_ptr<const Process> process;  // of Point::pid, which is that of the program
  bool chains = true;                      // say of each call how control gets there
  bool assumes(Assumption a) const;
};

// Errors: the program cannot be read, is no ELF file or script, or is for another machine.
// From the library's cache if that has an answer that still holds.
base::Result<Answer> scan(Library& library, const std::string& path, const Options& options);
// What analysed files may take up before those that no program uses at the moment are dropped.
inline constexpr std::size_t kKeepBytes = std::size_t{1} << 30;

// Many at once, on the library's threads; the answers are handed to `take` in the order of the paths, on this thread,
// with the path's index. False ends it.
void scan_in_order(Library& library, std::span<const std::string> paths, const Options& options,
                   const std::function<bool(std::size_t, base::Result<Answer>)>& take);

}  // namespace callgate::scan
