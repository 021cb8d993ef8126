// A field of an object under validation: its node, its path in the server's words, its place in the user's file. What
// is wrong with it goes to one list. Fields that are not set have the place of what should hold them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/field_errors.h"
#include "text/node.h"

namespace callgate::kube {

class Value {
 public:
  Value(text::Node node, std::string path, base::Span place, FieldErrors& errors)
      : node_(node), path_(std::move(path)), place_(node ? node.span() : place), errors_(&errors) {}

  explicit operator bool() const { return static_cast<bool>(node_); }
  text::Node node() const { return node_; }
  const std::string& path() const { return path_; }
  base::Span place() const { return place_; }
  FieldErrors& errors() const { return *errors_; }

  Value at(std::string_view name) const;
  Value key(std::string_view name) const;    // of a map: "limits[cpu]"
  Value under(std::string_view name) const;  // this node, told of below another path
  Value as(std::string path) const { return {node_, std::move(path), place_, *errors_}; }
  std::vector<Value> items(std::string_view name) const;
  std::size_t size(std::string_view name) const;  // of the list or map of that name
  bool has(std::string_view name) const;

  std::string_view text() const;            // where it is a string; else empty
  std::vector<text::Node> entries() const;  // of a map or a list
  std::int64_t number() const;              // 0 where it is not set
  std::string_view text(std::string_view name) const;

  void required(std::string_view detail = "") const;
  void forbidden(std::string_view detail) const;
  // With the value as it stands, or as Go prints another.
  void invalid(std::string_view detail) const;
  void invalid_as(std::string_view go_value, std::string_view detail) const;
  void not_found(std::string_view value, std::string_view detail = "") const;
  void duplicate(std::string_view value) const;
  void duplicate_as(std::string_view go_value) const { errors_->duplicate_as(path_, go_value, place_); }
  void too_long(std::size_t most) const { errors_->too_long(path_, most, place_); }
  void too_many(std::size_t count, std::size_t most) const;
  void not_supported(std::initializer_list<std::string_view> supported) const;
  // Where it is less than 0.
  void not_negative() const;
  // An enumeration: what is not set has a default.
  void one_of(std::initializer_list<std::string_view> supported) const;
  // One that is no default when it is empty.
  void one_set_of(std::initializer_list<std::string_view> supported) const;
  // One that must be there.
  void one_needed_of(std::initializer_list<std::string_view> supported) const;
  template <typename Faults>
  void faults(const Faults& found) const {
    for (const auto& each : found) invalid(each);
  }

 private:
  text::Node node_;
  std::string path_;
  base::Span place_;
  FieldErrors* errors_;
};

}  // namespace callgate::kube
