// Result<T>: a value or an Error, and it must be looked at. For "could not do it" (I/O, kernel, limits).
// "Your file is wrong" is not an Error but a list of Diagnostics (base/diagnostic.h). Nothing here throws.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace callgate::base {

enum class ErrorCode {
  io,           // a file or descriptor could not be read or written; os_errno says why
  invalid,      // an argument or value is outside its range
  limit,        // a stated limit was exceeded (for instance 4096 instructions)
  unsupported,  // this kernel or machine cannot
  internal,     // a defect of callgate
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // lower case, no full stop, names the thing and the limit
  int os_errno = 0;     // 0 where no system call failed

  // The same error with `outer` in front: "compiling 'web.json': filter has …".
  Error within(std::string_view outer) && {
    message.insert(0, std::string(outer) + ": ");
    return std::move(*this);
  }
};

// tl::expected, but dropping one unread is a compile error (a failed seccomp(2) must never pass unseen).
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, int os_errno = 0) {
  return tl::unexpected<Error>(Error{code, std::move(message), os_errno});
}

}  // namespace callgate::base

#define CALLGATE_CONCAT2(a, b) a##b
#define CALLGATE_CONCAT(a, b) CALLGATE_CONCAT2(a, b)
// CALLGATE_TRY(auto x, f()): x = the value of f(), or return its error from the enclosing function.
#define CALLGATE_TRY(decl, expr)                                                                                     \
  auto CALLGATE_CONCAT(try_, __LINE__) = (expr);                                                                     \
  if (!CALLGATE_CONCAT(try_, __LINE__)) return ::tl::unexpected(std::move(CALLGATE_CONCAT(try_, __LINE__)).error()); \
  decl = std::move(*CALLGATE_CONCAT(try_, __LINE__))
// CALLGATE_CHECK(f()): return f()'s error, if any, from the enclosing function.
#define CALLGATE_CHECK(expr) \
  if (auto try_result = (expr); !try_result) return ::tl::unexpected(std::move(try_result).error())
