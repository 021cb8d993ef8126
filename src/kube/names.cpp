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
constexpr std::string_view kSearchFault =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    "start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
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
// RFC 1123, and '_' within and at the front.
bool good_search_label(std::string_view name) {
  if (name.starts_with('_')) name.remove_prefix(1);
  return !name.empty() && lower(name.front()) && lower(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return lower(c) || c == '-' || c == '_'; });
}
bool good_key_part(std::string_view name) {
  return !name.empty() && letter(name.front()) && letter(name.back()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; });
}
bool good_subdomain(std::string_view name) {
  const auto parts = base::split(name, '.');
  return !name.empty() && std::all_of(parts.begin(), parts.end(), good_label);
}
// The older functions count characters and the newer ones bytes, in the same rule.
NameFaults subdomain(std::string_view name, std::string_view too_long) {
  NameFaults out;
  if (name.size() > kLongestSubdomain) out.push_back(too_long);
  if (!good_subdomain(name)) out.push_back(kSubdomainFault);
  return out;
}

}  // namespace

NameFaults label_faults(std::string_view name) {
  NameFaults out;
  if (name.size() > kLongestLabel) out.emplace_back("must be no more than 63 characters");
  if (!good_label(name)) out.push_back(good_subdomain(name) ? "must not contain dots" : kLabelFault);
  return out;
}

NameFaults subdomain_faults(std::string_view name) {
  return subdomain(name, "must be no more than 253 characters");
}

NameFaults long_name_faults(std::string_view name) {
  return subdomain(name, "must be no more than 253 bytes");
}

std::string as_prefix(std::string_view name) {
  if (name.size() < 2 || !name.ends_with('-')) return std::string(name);
  return std::string(name.substr(0, name.size() - 2)) + "a";
}

NameFaults label_value_faults(std::string_view value) {
  NameFaults out;
  if (value.size() > kLongestLabel) out.emplace_back("must be no more than 63 bytes");
  if (!value.empty() && !good_key_part(value)) out.push_back(kValueFault);
  return out;
}

NameFaults search_domain_faults(std::string_view name) {
  NameFaults out;
  const auto parts = base::split(name, '.');
  if (name.size() > kLongestSubdomain) out.emplace_back("must be no more than 253 characters");
  if (!std::all_of(parts.begin(), parts.end(), good_search_label)) out.push_back(kSearchFault);
  return out;
}

NameFaults port_name_faults(std::string_view name) {
  NameFaults out;
  constexpr std::size_t kLongest = 15;
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto good = [](char c) { return lower(c) || c == '-'; };
  if (name.size() > kLongest) out.emplace_back("must be no more than 15 characters");
  if (name.empty() || !std::all_of(name.begin(), name.end(), good))
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::none_of(name.begin(), name.end(), small)) out.emplace_back("must contain at least one letter (a-z)");
  if (name.find("--") != std::string_view::npos) out.emplace_back("must not contain consecutive hyphens");
  if (name.starts_with('-') || name.ends_with('-')) out.emplace_back("must not begin or end with a hyphen");
  return out;
}

NameFaults variable_name_faults(std::string_view name) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~' && c != '='; };
  if (std::all_of(name.begin(), name.end(), printable)) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

NameFaults config_key_faults(std::string_view key) {
  NameFaults out;
  if (key.size() > kLongestSubdomain) out.emplace_back("must be no more than 253 characters");
  if (key.empty() ||
      !std::all_of(key.begin(), key.end(), [](char c) { return letter(c) || c == '-' || c == '_' || c == '.'; }))
    out.emplace_back(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or "
        "'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')");
  if (key == ".")
    out.emplace_back("must not be '.'");
  else if (key == "..")
    out.emplace_back("must not be '..'");
  else if (key.starts_with(".."))
    out.emplace_back("must not start with '..'");
  return out;
}

NameFaults header_name_faults(std::string_view name) {
  if (!name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return letter(c) || c == '-'; })) return {};
  return {
      "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
      "validation is '[-A-Za-z0-9]+')"};
}

std::vector<std::string> qualified_name_faults(std::string_view name) {
  constexpr std::string_view kRule =
      "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
      "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
      "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  std::vector<std::string> out;
  const auto parts = base::split(name, '/');
  if (parts.size() > 2) {
    out.push_back("a valid label key " + std::string(kRule) +
                  " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
    return out;
  }
  if (parts.size() == 2) {
    if (parts[0].empty())
      out.emplace_back("prefix part must be non-empty");
    else
      for (const std::string_view fault : long_name_faults(parts[0]))
        out.push_back("prefix part " + std::string(fault));
  }
  const std::string_view own = parts.back();
  if (own.empty())
    out.emplace_back("name part must be non-empty");
  else if (own.size() > kLongestLabel)
    out.emplace_back("name part must be no more than 63 bytes");
  if (!good_key_part(own)) out.push_back("name part " + std::string(kRule));
  return out;
}

}  // namespace callgate::kube
