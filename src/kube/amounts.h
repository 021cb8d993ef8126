// What containers and Pods ask for, as it is stored: amounts by name. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "kube/quantity.h"
#include "kube/value.h"

namespace callgate::kube::values {

struct Amount {
  std::string_view name;
  std::optional<Quantity> quantity;  // nothing where it is more than is ever written
  base::Span place;
};
using Amounts = std::vector<Amount>;

struct Requirements {
  Amounts limits, requests;
};

const Amount* find(const Amounts& amounts, std::string_view name);
Amounts read_amounts(const Value& map);
// `defaulted`: of a Pod's container, which asks for its limits where it says nothing.
Requirements read_requirements(const Value& resources, bool defaulted);

bool is_huge(std::string_view name);         // pages
bool may_overcommit(std::string_view name);  // its limit may be more than what is asked for
// cpu, memory and huge pages.
bool is_of_pods(std::string_view name);

enum class Level { container, pod };
void check_requirements(const Value& resources, const Requirements& found, Level level);
void check_claims(const Value& resources, const Value& spec);

}  // namespace callgate::kube::values
