// Words of shell text. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "container/shell.h"

namespace callgate::container {

// What a word is before and after it is split into fields.
struct ShellWord {
  std::vector<Word> fields;
  std::string assigned;  // the variable, where the word has the form NAME=…
  bool appends = false;  // NAME+=…
  bool array = false;    // NAME=(…): the fields are its elements
};

class ShellLexer {
 public:
  // `command` gets every finished command; it may change the shell's variables.
  using Sink = std::function<void(std::vector<ShellWord>&)>;
  ShellLexer(const ShellText& text, Shell& shell, Sink command)
      : source_(text), text_(text.text), shell_(shell), command_(std::move(command)) {}
  void run() { list('\0'); }

 private:
  struct Building {
    std::vector<Word> fields;
    std::string text, unknown;
    bool quoted = false, started = false, whole_unknown = false;
  };

  bool done() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  base::Span place(std::size_t begin, std::size_t end) const;

  void list(char stop);
  bool separator(char c, char stop, std::vector<ShellWord>& words);
  void finish(std::vector<ShellWord>& words);
  void skip_comment();
  void redirection(std::vector<ShellWord>& words);
  void here_documents();
  ShellWord word(bool assignment_position);
  void array_elements(ShellWord& out);
  void word_part(Building& building, bool splits);
  void single_quotes(Building& building);
  void ansi_quotes(Building& building);
  void double_quotes(Building& building);
  void dollar(Building& building, bool splits);
  void braces(Building& building, bool splits);
  bool indexed(const std::string& name, Building& building, bool splits);
  std::pair<std::string, std::string> operand();
  void substitution(Building& building, bool splits, char stop);
  void skip_arithmetic();
  void tilde(Building& building, std::size_t begin);
  void value(Building& building, const std::vector<std::string>& values, bool splits);
  void unknown(Building& building, std::string_view name, std::string_view written, bool splits);
  void end_field(Building& building, std::size_t begin);

  const ShellText& source_;
  std::string_view text_;
  Shell& shell_;
  Sink command_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool in_backticks_ = false;
  std::vector<std::pair<std::string, bool>> pending_;  // here-documents: delimiter, whether tabs are stripped
};

}  // namespace callgate::container
