// A list of validation errors as apimachinery words them (k8s.io/apimachinery/pkg/util/validation/field): a path, what
// kind of fault, the value, a detail.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"

namespace callgate::kube {

class FieldErrors {
 public:
  struct Error {
    std::string text;
    base::Span place;
  };
  void required(std::string_view path, std::string_view detail, base::Span place);
  // `value`: as Go prints it: quoted text, a number, a struct as JSON.
  void invalid(std::string_view path, std::string_view value, std::string_view detail, base::Span place);
  void not_supported(std::string_view path, std::string_view value, std::initializer_list<std::string_view> supported,
                     base::Span place);
  // The same of a struct, as JSON.
  void not_supported_struct(std::string_view path, std::string_view json,
                            std::initializer_list<std::string_view> supported, base::Span place);
  void forbidden(std::string_view path, std::string_view detail, base::Span place);
  void not_found(std::string_view path, std::string_view value, base::Span place, std::string_view detail = "");
  // Without a value.
  void wrong(std::string_view path, std::string_view detail, base::Span place);
  void duplicate(std::string_view path, std::string_view value, base::Span place);
  void duplicate_as(std::string_view path, std::string_view go_value, base::Span place);
  void too_long(std::string_view path, std::size_t most, base::Span place);
  void too_many(std::string_view path, std::size_t count, std::size_t most, base::Span place);

  bool empty() const { return errors_.empty(); }
  const std::vector<Error>& errors() const { return errors_; }
  // One as it is, several as "[a, b]"; the same text only once.
  std::string text() const;

 private:
  std::vector<Error> errors_;
};

}  // namespace callgate::kube
