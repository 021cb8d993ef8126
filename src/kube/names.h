// Names as the API server takes them (k8s.io/apimachinery pkg/util/validation, pkg/api/validate/content): what is wrong
// with one, in its words and order; empty if nothing is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace callgate::kube {

using NameFaults = std::vector<std::string_view>;

NameFaults label_faults(std::string_view name);      // RFC 1123 label
NameFaults subdomain_faults(std::string_view name);  // RFC 1123 subdomain
NameFaults label_value_faults(std::string_view value);

}  // namespace callgate::kube
