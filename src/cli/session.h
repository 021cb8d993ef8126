// One run of one command: its arguments, the findings collected so far, the files read (spans point into them), and
// the way out. Findings are printed once, by finish(), as text or JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/json_write.h"
#include "base/result.h"
#include "cli/command.h"

namespace callgate::cli {

// Counts up when a field of the JSON output changes its meaning or goes away.
inline constexpr int kSchemaVersion = 1;

class Session {
 public:
  Session(const Env& env, const Command& command) : env_(env), command_(command) {}

  const Env& env() const { return env_; }
  const Command& command() const { return command_; }
  const Arguments& arguments() const { return arguments_; }
  void set_arguments(Arguments arguments) { arguments_ = std::move(arguments); }
  base::Diagnostics& diagnostics() { return diagnostics_; }
  bool json() const { return arguments_.last("format") == "json"; }

  // The file's text, "-" for standard input; null if it cannot be read (diagnosed). A regular file is read anew each
  // time; what gives its text only once (standard input, a pipe) may be asked for again all the same.
  const base::SourceFile* open(const std::string& path);
  // A line of a larger text, kept so that a diagnostic can show it.
  const base::SourceFile& keep_line(const std::string& name, std::string_view line, std::uint32_t line_number);
  // A text that came from no file, kept likewise.
  const base::SourceFile& keep_text(const std::string& name, std::string_view text);
  // Keeps what findings point into until they are printed.
  void keep_alive(std::shared_ptr<const void> owner) { owners_.push_back(std::move(owner)); }
  // To the file that -o names, or standard output. False (diagnosed) if it could not be written.
  bool emit(std::string_view content);
  void print(std::string_view text) { env_.out(text); }
  // A JSON object with its schema version begun.
  base::JsonWriter begin_json() const;
  // Ends the object and prints it.
  void print(base::JsonWriter& json);

  // Notes a failure or a wrong command line and returns the exit status that goes with it.
  int fail(const base::Error& error);
  // The same for policy::TooHard, where its file is known with the file's name.
  int too_hard(std::string_view name = {});
  int usage(const base::DiagnosticId& id, std::string message, std::string help = {});
  // Prints what was found; `status` comes back.
  int finish(int status);

 private:
  const Env& env_;
  const Command& command_;
  Arguments arguments_;
  base::Diagnostics diagnostics_;
  std::deque<base::SourceFile> files_;
  std::map<std::string, const base::SourceFile*> streams_;  // read to their end
  std::vector<std::shared_ptr<const void>> owners_;
};

// Prints findings to standard error.
void print_diagnostics(const Env& env, const base::Diagnostics& diagnostics, bool json);

}  // namespace callgate::cli
