// Result<T>: a value, or the Error that kept it from being made. Dropping one unread is a compiler warning. The library
// throws nothing but std::bad_alloc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <variant>

namespace callgate {

enum class ErrorCode {
  io,           ///< a file could not be read or written; os_errno says why
  invalid,      ///< an argument is outside its range
  limit,        ///< a stated limit was exceeded, for instance the kernel's 4096 instructions a filter
  unsupported,  ///< this kernel or machine cannot
  internal,     ///< a defect of callgate
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  ///< lower case, no full stop; names the thing and the limit
  int os_errno = 0;     ///< 0 where no system call failed
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : held_(std::in_place_index<1>, std::move(error)) {}

  bool has_value() const { return held_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  /// Only if has_value(); std::terminate otherwise.
  const T& value() const& noexcept { return std::get<0>(held_); }
  T&& value() && noexcept { return std::get<0>(std::move(held_)); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(*this).value(); }
  const T* operator->() const noexcept { return &value(); }
  /// Only if !has_value(); std::terminate otherwise.
  const Error& error() const noexcept { return std::get<1>(held_); }

 private:
  std::variant<T, Error> held_;
};

}  // namespace callgate
