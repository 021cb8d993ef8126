// A writer for JSON output with stable key order. It keeps the commas; the caller keeps begin and end balanced.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace callgate::base {

class JsonWriter {
 public:
  // indent 0 writes one line; otherwise that many spaces a level.
  explicit JsonWriter(int indent = 2) : indent_(indent) {}
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool b) { return raw(b ? "true" : "false"); }
  JsonWriter& value(double d);
  JsonWriter& value(std::integral auto n)
    requires(!std::same_as<decltype(n), bool>)
  {
    return raw(std::to_string(n));
  }
  JsonWriter& null() { return raw("null"); }
  // Text that is JSON already.
  JsonWriter& raw(std::string_view json);
  template <class T>
  JsonWriter& member(std::string_view name, T&& v) {
    return key(name).value(std::forward<T>(v));
  }
  // The finished text, with a final line break.
  std::string take();

 private:
  JsonWriter& open(char c);
  JsonWriter& close(char c);
  void separate();
  std::string out_;
  int indent_;
  int depth_ = 0;
  bool first_ = true, after_key_ = false;
};

// `text` as a JSON string with its quotes; invalid UTF-8 bytes become U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace callgate::base
