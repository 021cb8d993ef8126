// SPDX-License-Identifier: Apache-2.0
#include "kube/names.h"

#include <algorithm>

#include "base/text.h"

namespace callgate::kube {

namespace {

constexpr std::size_t kLongestLabel = 63, kLongestSubdomain = 253;

constexpr std::string_view kLabelFault =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view kSubdomainFault =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view kValueFault =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

bool lower(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool letter(char c) {
  return lower(c) || (c >= 'A' && c <= 'Z');
}
bool good_label(std::string_view name) {
  return !name.empty() && lower(name.front()) && lower(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return lower(c) || c == '-'; });
}
bool good_subdomain(std::string_view name) {
  const auto parts = base::split(name, '.');
  return !name.empty() && std::all_of(parts.begin(), parts.end(), good_label);
}

}  // namespace

NameFaults label_faults(std::string_view name) {
  NameFaults out;
  if (name.size() > kLongestLabel) out.emplace_back("must be no more than 63 characters");
  if (!good_label(name)) out.push_back(good_subdomain(name) ? "must not contain dots" : kLabelFault);
  return out;
}

NameFaults subdomain_faults(std::string_view name) {
  NameFaults out;
  if (name.size() > kLongestSubdomain) out.emplace_back("must be no more than 253 characters");
  if (!good_subdomain(name)) out.push_back(kSubdomainFault);
  return out;
}

NameFaults label_value_faults(std::string_view value) {
  NameFaults out;
  if (value.size() > kLongestLabel) out.emplace_back("must be no more than 63 bytes");
  const bool good =
      value.empty() ||
      (letter(value.front()) && letter(value.back()) &&
       std::all_of(value.begin(), value.end(), [](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; }));
  if (!good) out.push_back(kValueFault);
  return out;
}

}  // namespace callgate::kube
