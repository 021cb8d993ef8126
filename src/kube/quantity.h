// Amounts of resources (k8s.io/apimachinery pkg/api/resource): whether one is a whole number, and how one that is not
// is written back.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callgate::kube {

// "1500m" for 1.5, "1126400m" for 1.1Ki, "100e-3" for 1e-1: rounded up to thousandths, as it is stored. Nothing for
// whole numbers, for what is no quantity and for more digits than are ever written (17).
std::optional<std::string> fractional_quantity(std::string_view text);

}  // namespace callgate::kube
