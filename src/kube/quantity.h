// Amounts of resources (k8s.io/apimachinery pkg/api/resource): read, compared, and written back as the server does it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace callgate::kube {

__extension__ using WideInteger = __int128;

struct Quantity {
  enum class Format { decimal, binary, exponent };
  WideInteger nanos = 0;  // rounded up
  Format format = Format::decimal;
};

// Nothing for what is no quantity, and for more than is ever written: 17 digits, 2^63.
std::optional<Quantity> read_quantity(std::string_view text);
inline bool is_zero(const Quantity& amount) {
  return amount.nanos == 0;
}
inline bool is_negative(const Quantity& amount) {
  return amount.nanos < 0;
}
bool is_whole(const Quantity& amount);
// As a container's resource is stored: in thousandths, rounded up.
Quantity stored(Quantity amount);
// "1" for 1000m, "1Gi" for 1024Mi, "500m" for 0.5.
std::string canonical(const Quantity& amount);

// "1500m" for 1.5, "1126400m" for 1.1Ki, "100e-3" for 1e-1: rounded up to thousandths, as it is stored. Nothing for
// whole numbers, for what is no quantity and for more digits than are ever written (17).
std::optional<std::string> fractional_quantity(std::string_view text);

}  // namespace callgate::kube
