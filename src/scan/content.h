// A file's bytes as they are handed about: never copied, and where they are zeros for long, taking up no memory (a
// program may have gibibytes of them). Not mapped from the file: whoever cuts a mapped file short ends its reader.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace callgate::scan {

class Content {
 public:
  Content() = default;
  Content(std::string text);                                      // NOLINT(google-explicit-constructor)
  Content(std::string_view text) : Content(std::string(text)) {}  // NOLINT(google-explicit-constructor)
  Content(const char* text) : Content(std::string(text)) {}       // NOLINT(google-explicit-constructor)
  // The first `size` bytes that can be read, or fewer. Errors: io.
  static base::Result<Content> read(int fd, std::size_t size);

  operator std::string_view() const { return view_; }  // NOLINT(google-explicit-constructor)
  const char* data() const { return view_.data(); }
  std::size_t size() const { return view_.size(); }
  bool operator==(std::string_view other) const { return view_ == other; }
  // What it takes up in memory, about.
  std::size_t resident() const { return resident_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view view_;
  std::size_t resident_ = 0;
};

}  // namespace callgate::scan
