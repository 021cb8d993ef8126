// Names as the API server takes them (k8s.io/apimachinery pkg/util/validation, pkg/api/validate/content): what is wrong
// with one, in its words and order; empty if nothing is.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace callgate::kube {

using NameFaults = std::vector<std::string_view>;

NameFaults label_faults(std::string_view name);      // RFC 1123 label
NameFaults subdomain_faults(std::string_view name);  // RFC 1123 subdomain
NameFaults long_name_faults(std::string_view name);  // the same as the server's newer functions say it
// What is checked of a name to which more will be added: a '-' may end it.
std::string as_prefix(std::string_view name);
// A domain that is searched for names: elements may begin with '_'.
NameFaults search_domain_faults(std::string_view name);
NameFaults label_value_faults(std::string_view value);
NameFaults port_name_faults(std::string_view name);      // IANA service name
NameFaults variable_name_faults(std::string_view name);  // of the environment
NameFaults config_key_faults(std::string_view key);      // of a ConfigMap or Secret
NameFaults header_name_faults(std::string_view name);    // HTTP
// "example.com/name" and "name": keys of labels, resources, conditions.
std::vector<std::string> qualified_name_faults(std::string_view name);

}  // namespace callgate::kube
