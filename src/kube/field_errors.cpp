// SPDX-License-Identifier: Apache-2.0
#include "kube/field_errors.h"

#include <fmt/format.h>

#include <algorithm>

#include "manifest/go_text.h"

namespace callgate::kube {

void FieldErrors::required(std::string_view path, std::string_view detail, base::Span place) {
  errors_.push_back({fmt::format("{}: Required value{}{}", path, detail.empty() ? "" : ": ", detail), place});
}

void FieldErrors::invalid(std::string_view path, std::string_view value, std::string_view detail, base::Span place) {
  errors_.push_back({fmt::format("{}: Invalid value: {}{}{}", path, value, detail.empty() ? "" : ": ", detail), place});
}

void FieldErrors::not_supported(std::string_view path, std::string_view value,
                                std::initializer_list<std::string_view> supported, base::Span place) {
  not_supported_struct(path, manifest::go_json_quote(value), supported, place);  // texts of types of their own
}

void FieldErrors::not_supported_struct(std::string_view path, std::string_view json,
                                       std::initializer_list<std::string_view> supported, base::Span place) {
  std::string list;
  for (const std::string_view each : supported) list += (list.empty() ? "" : ", ") + manifest::go_quote(each);
  errors_.push_back({fmt::format("{}: Unsupported value: {}: supported values: {}", path, json, list), place});
}

void FieldErrors::forbidden(std::string_view path, std::string_view detail, base::Span place) {
  errors_.push_back({fmt::format("{}: Forbidden: {}", path, detail), place});
}

void FieldErrors::not_found(std::string_view path, std::string_view value, base::Span place, std::string_view detail) {
  errors_.push_back(
      {fmt::format("{}: Not found: {}{}{}", path, manifest::go_quote(value), detail.empty() ? "" : ": ", detail),
       place});
}

void FieldErrors::duplicate(std::string_view path, std::string_view value, base::Span place) {
  duplicate_as(path, manifest::go_quote(value), place);
}

void FieldErrors::duplicate_as(std::string_view path, std::string_view go_value, base::Span place) {
  errors_.push_back({fmt::format("{}: Duplicate value: {}", path, go_value), place});
}

void FieldErrors::too_long(std::string_view path, std::size_t most, base::Span place) {
  errors_.push_back({fmt::format("{}: Too long: may not be more than {} bytes", path, most), place});
}

void FieldErrors::too_many(std::string_view path, std::size_t count, std::size_t most, base::Span place) {
  errors_.push_back(
      {fmt::format("{}: Too many: {}: must have at most {} item{}", path, count, most, most == 1 ? "" : "s"), place});
}

void FieldErrors::wrong(std::string_view path, std::string_view detail, base::Span place) {
  errors_.push_back({fmt::format("{}: Invalid value: {}", path, detail), place});
}

std::string FieldErrors::text() const {
  std::vector<std::string_view> texts;
  for (const Error& each : errors_)
    if (std::find(texts.begin(), texts.end(), each.text) == texts.end()) texts.push_back(each.text);
  if (texts.size() == 1) return std::string(texts.front());
  std::string out;
  for (const std::string_view each : texts) out += (out.empty() ? "" : ", ") + std::string(each);
  return "[" + out + "]";
}

}  // namespace callgate::kube
