// A source text with its name, and places in it. A Span is a half-open range of byte offsets; lines and columns
// are found when someone asks. Lines and columns count from 1; a column is given in bytes and in characters
// (UTF-8 code points; a stray byte counts as one).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace callgate::base {

struct Position {
  std::uint32_t line = 1;
  std::uint32_t column_bytes = 1;
  std::uint32_t column_chars = 1;
  bool operator==(const Position&) const = default;
};

class SourceFile {
 public:
  // Texts of 4 GiB and over cannot be held (offsets are 32 bits); read_file refuses them long before.
  // `first_line`: the number of the text's first line, where the text is a part of a larger one.
  SourceFile(std::string name, std::string text, std::uint32_t first_line = 1)
      : name_(std::move(name)), text_(std::move(text)), first_line_(first_line) {}
  SourceFile(const SourceFile&) = delete;  // spans point here
  SourceFile& operator=(const SourceFile&) = delete;

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  // Bytes that may be read after the text's end (simdjson wants padding).
  std::size_t capacity() const { return text_.capacity(); }

  Position position(std::uint32_t offset) const;
  // The line that holds `offset`, without its line break.
  std::string_view line_at(std::uint32_t offset) const;

 private:
  std::string name_;
  std::string text_;
  std::uint32_t first_line_;
  mutable std::vector<std::uint32_t> line_starts_;  // filled on first use
  const std::vector<std::uint32_t>& line_starts() const;
  std::size_t line_index(std::uint32_t offset) const;  // from 0
};

struct Span {
  const SourceFile* file = nullptr;  // null: no place (a command line option, a whole file that could not be opened)
  std::uint32_t begin = 0, end = 0;
  bool operator==(const Span&) const = default;
  std::string_view text() const { return file ? file->text().substr(begin, end - begin) : std::string_view(); }
};

}  // namespace callgate::base
