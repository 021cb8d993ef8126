// The typed fields of the objects that are looked at, as Kubernetes 1.36's Go types have them (data/kube/types.csv).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace callgate::kube {

enum class Container : std::uint8_t { none, list, map };
enum class Scalar : std::uint8_t {
  string,
  bool_,
  int32,
  int64,
  object,  // another struct
  any,
  time,
  microtime,
  duration,
  quantity,
  intorstring,
  fieldsv1,
};

struct Field {
  std::string_view name;
  Container container;
  Scalar scalar;
  std::uint16_t index;  // of the struct, for object_
  std::string_view go;  // "[]v1.Container"
};

struct Struct {
  std::string_view name;  // "core/v1.PodSpec"
  std::uint16_t begin, end;
  std::span<const Field> fields() const;
  const Field* find(std::string_view field) const;
  // "PodSpec".
  std::string_view go_name() const { return name.substr(name.rfind('.') + 1); }
};

const Struct& struct_at(std::size_t index);
// The object of that kind as its apiVersion serves it: ("apps/v1", "Deployment"); null for what is not known.
const Struct* find_kind(std::string_view api_version, std::string_view kind);

}  // namespace callgate::kube
