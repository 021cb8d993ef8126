// SPDX-License-Identifier: Apache-2.0
#include "kube/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "kube/pod.h"
#include "manifest/go_text.h"

namespace callgate::kube {

using manifest::go_quote;

Value Value::at(std::string_view name) const {
  std::string path;
  path.reserve(path_.size() + 1 + name.size());
  path.append(path_).append(path_.empty() ? "" : ".").append(name);
  return {field(node_, name), std::move(path), place_, *errors_};
}

Value Value::key(std::string_view name) const {
  return {field(node_, name), fmt::format("{}[{}]", path_, name), place_, *errors_};
}

Value Value::under(std::string_view name) const {
  return {node_, fmt::format("{}.{}", path_, name), place_, *errors_};
}

std::vector<Value> Value::items(std::string_view name) const {
  std::vector<Value> out;
  std::size_t index = 0;
  for (const text::Node each : elements(node_, name))
    out.emplace_back(each, fmt::format("{}{}{}[{}]", path_, path_.empty() ? "" : ".", name, index++), place_, *errors_);
  return out;
}

std::size_t Value::size(std::string_view name) const {
  const text::Node found = field(node_, name);
  return found && (found.is_array() || found.is_object()) ? found.size() : 0;
}

bool Value::has(std::string_view name) const {
  return static_cast<bool>(field(node_, name));
}

std::string_view Value::text() const {
  return node_ && node_.is_string() ? node_.text() : std::string_view();
}

std::string_view Value::text(std::string_view name) const {
  return string_field(node_, name);
}

std::int64_t Value::number() const {
  return node_ ? node_.as_i64().value_or(0) : 0;
}

void Value::required(std::string_view detail) const {
  errors_->required(path_, detail, place_);
}

void Value::forbidden(std::string_view detail) const {
  errors_->forbidden(path_, detail, place_);
}

void Value::invalid(std::string_view detail) const {
  const bool plain = node_ && (node_.is_number() || node_.kind() == text::Kind::boolean);
  errors_->invalid(path_, plain ? std::string(node_.text()) : go_quote(text()), detail, place_);
}

void Value::invalid_as(std::string_view go_value, std::string_view detail) const {
  errors_->invalid(path_, go_value, detail, place_);
}

void Value::not_found(std::string_view value, std::string_view detail) const {
  errors_->not_found(path_, value, place_, detail);
}

void Value::duplicate(std::string_view value) const {
  errors_->duplicate(path_, value, place_);
}

void Value::too_many(std::size_t count, std::size_t most) const {
  errors_->too_many(path_, count, most, place_);
}

void Value::not_negative() const {
  if (number() < 0) invalid("must be greater than or equal to 0");
}

void Value::not_supported(std::initializer_list<std::string_view> supported) const {
  errors_->not_supported(path_, text(), supported, place_);
}

std::vector<text::Node> Value::entries() const {
  std::vector<text::Node> out;
  if (node_ && (node_.is_object() || node_.is_array())) out.assign(node_.begin(), node_.end());
  return out;
}

void Value::one_set_of(std::initializer_list<std::string_view> supported) const {
  if (node_ && std::find(supported.begin(), supported.end(), text()) == supported.end()) not_supported(supported);
}

void Value::one_needed_of(std::initializer_list<std::string_view> supported) const {
  if (std::find(supported.begin(), supported.end(), text()) == supported.end()) not_supported(supported);
}

void Value::one_of(std::initializer_list<std::string_view> supported) const {
  if (text().empty() || std::find(supported.begin(), supported.end(), text()) != supported.end()) return;
  not_supported(supported);
}

}  // namespace callgate::kube
