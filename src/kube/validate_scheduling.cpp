// Where a Pod may run, and what its spec says beside containers, volumes and security.
// Source: pkg/apis/core/validation (ValidatePodSpec and what it calls), apimachinery pkg/apis/meta/v1/validation.
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;

void label_key(const Value& key) {
  for (const std::string& fault : qualified_name_faults(key.text())) key.invalid(fault);
}

void label_values(const Value& requirement) {
  for (const Value& each : requirement.items("values")) each.faults(label_value_faults(each.text()));
}

enum class Selecting { labels, nodes };

void requirement(const Value& found, Selecting what, bool check_values) {
  const Value how = found.at("operator"), list = found.at("values");
  const std::size_t count = found.size("values");
  const std::string_view word = how.text();
  if (word == "In" || word == "NotIn") {
    if (count == 0) list.required("must be specified when `operator` is 'In' or 'NotIn'");
  } else if (word == "Exists" || word == "DoesNotExist") {
    if (count > 0) list.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (what == Selecting::nodes && (word == "Gt" || word == "Lt")) {
    if (count != 1) list.required("must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    how.invalid("not a valid selector operator");
  }
  // The key comes between for nodes' own labels, before the values elsewhere.
  if (what == Selecting::labels) label_key(found.at("key"));
  if (check_values) label_values(found);
  if (what == Selecting::nodes) label_key(found.at("key"));
}

void node_field(const Value& found) {
  const Value how = found.at("operator"), key = found.at("key");
  if (how.text() == "In" || how.text() == "NotIn") {
    if (found.size("values") != 1)
      found.at("values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  } else {
    how.invalid("not a valid selector operator");
  }
  if (key.text() != "metadata.name") return key.invalid("not a valid field selector key");
  for (const Value& each : found.items("values")) each.faults(subdomain_faults(each.text()));
}

void node_term(const Value& term, bool check_values) {
  for (const Value& each : term.items("matchExpressions")) requirement(each, Selecting::nodes, check_values);
  for (const Value& each : term.items("matchFields")) node_field(each);
}

void weight(const Value& term) {
  constexpr std::int64_t kMost = 100;
  const Value found = term.at("weight");
  if (const std::int64_t number = found.number(); number <= 0 || number > kMost)
    found.invalid_as(fmt::format("{}", number), "must be in the range 1-100");
}

constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution",
                           kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";

void node_affinity(const Value& affinity) {
  if (const Value needed = affinity.at(kRequired)) {
    if (needed.size("nodeSelectorTerms") == 0)
      needed.at("nodeSelectorTerms").required("must have at least one node selector term");
    for (const Value& each : needed.items("nodeSelectorTerms")) node_term(each, true);
  }
  for (const Value& each : affinity.items(kPreferred)) {
    weight(each);
    node_term(each.at("preference"), false);
  }
}

void pod_term(const Value& term) {
  label_selector(term.at("labelSelector"));
  label_selector(term.at("namespaceSelector"));
  for (const Value& each : term.items("namespaces"))
    Value(each.node(), term.at("namespace").path(), each.place(), each.errors()).faults(label_faults(each.text()));
  const Value key = term.at("topologyKey");
  if (key.text().empty()) key.required("can not be empty");
  label_key(key);
}

void pod_affinity(const Value& affinity) {
  for (const Value& each : affinity.items(kRequired)) pod_term(each);
  for (const Value& each : affinity.items(kPreferred)) {
    weight(each);
    pod_term(each.at("podAffinityTerm"));
  }
}

// IPv4 as the server reads it: leading zeros are decimal.
bool is_ipv4(std::string_view text) {
  const auto parts = base::split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           constexpr int kHighest = 255;
           int number = 0;
           for (const char c : part) {
             if (c < '0' || c > '9') return false;
             number = number * 10 + (c - '0');
             if (number > kHighest) return false;
           }
           return !part.empty();
         });
}

void address(const Value& found) {
  in6_addr parsed{};
  if (is_ipv4(found.text()) || inet_pton(AF_INET6, std::string(found.text()).c_str(), &parsed) == 1) return;
  found.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

std::string claim_json(const Value& claim) {
  const auto text = [&](std::string_view name) {
    return claim.has(name) ? go_quote(claim.text(name)) : std::string("null");
  };
  return fmt::format("{{\"Name\":{},\"ResourceClaimName\":{},\"ResourceClaimTemplateName\":{}}}",
                     go_quote(claim.text("name")), text("resourceClaimName"), text("resourceClaimTemplateName"));
}

std::string list_json(const Value& list) {
  std::string out;
  for (const text::Node each : list.node()) out += (out.empty() ? "" : ",") + go_quote(each.text());
  return "[" + out + "]";
}

void searches(const Value& config) {
  constexpr std::size_t kMost = 32, kMostCharacters = 2048;
  const Value list = config.at("searches");
  const auto each_of = config.items("searches");
  std::size_t characters = each_of.empty() ? 0 : each_of.size() - 1;
  for (const Value& each : each_of) characters += each.text().size();
  if (each_of.size() > kMost) list.invalid_as(list_json(list), "must not have more than 32 search paths");
  if (characters > kMostCharacters)
    list.invalid_as(list_json(list), "must not have more than 2048 characters (including spaces) in the search list");
  for (const Value& each : each_of) {
    std::string_view domain = each.text();
    if (domain == ".") continue;
    if (domain.ends_with('.')) domain.remove_suffix(1);
    for (const std::string_view fault : search_domain_faults(domain)) each.invalid_as(go_quote(domain), fault);
  }
}

void dns(const Value& spec) {
  constexpr std::size_t kMostServers = 3;
  const Value config = spec.at("dnsConfig");
  if (spec.text("dnsPolicy") == "None") {
    if (!config) return config.required("must provide `dnsConfig` when `dnsPolicy` is None");
    if (config.size("nameservers") == 0)
      return config.at("nameservers").required("must provide at least one DNS nameserver when `dnsPolicy` is None");
  }
  if (!config) return;
  const Value servers = config.at("nameservers");
  if (config.size("nameservers") > kMostServers)
    servers.invalid_as(list_json(servers), "must not have more than 3 nameservers");
  for (const Value& each : config.items("nameservers")) address(each);
  searches(config);
  for (const Value& each : config.items("options"))
    if (each.text("name").empty()) each.required("must not be empty");
}

void gates(const Value& spec) {
  for (const Value& each : spec.items("readinessGates")) label_key(each.at("conditionType"));
  std::set<std::string_view> seen;
  for (const Value& each : spec.items("schedulingGates")) {
    const std::string_view name = each.text("name");
    for (const std::string& fault : qualified_name_faults(name)) each.invalid_as(go_quote(name), fault);
    if (!seen.insert(name).second) each.duplicate(name);
  }
}

void spread_domains(const Value& constraint, std::string_view otherwise) {
  const Value least = constraint.at("minDomains");
  if (!least) return;
  if (least.number() <= 0) least.invalid("must be greater than zero");
  if (otherwise != "DoNotSchedule")
    least.invalid(fmt::format("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}", otherwise));
}

void spreading(const Value& spec) {
  const auto all = spec.items("topologySpreadConstraints");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Value& each = all[i];
    const Value skew = each.at("maxSkew"), key = each.at("topologyKey"), otherwise = each.at("whenUnsatisfiable");
    if (skew.number() <= 0) skew.invalid_as(fmt::format("{}", skew.number()), "must be greater than zero");
    if (key.text().empty()) key.required("can not be empty");
    if (otherwise.text() != "DoNotSchedule" && otherwise.text() != "ScheduleAnyway")
      otherwise.not_supported({"DoNotSchedule", "ScheduleAnyway"});
    const bool repeated = std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), [&](const Value& b) {
      return b.text("topologyKey") == key.text() && b.text("whenUnsatisfiable") == otherwise.text();
    });
    if (repeated)
      each.at("{topologyKey, whenUnsatisfiable}").duplicate(fmt::format("{{{}, {}}}", key.text(), otherwise.text()));
    spread_domains(each, otherwise.text());
    for (const std::string_view name : {"nodeAffinityPolicy", "nodeTaintsPolicy"})
      each.at(name).one_of({"Honor", "Ignore"});
    label_selector(each.at("labelSelector"));
  }
}

void toleration(const Value& found) {
  const Value key = found.at("key"), how = found.at("operator"), effect = found.at("effect");
  const std::string_view word = how.text(), text = found.text("value");
  if (!key.text().empty()) label_key(key);
  if (key.text().empty() && word != "Exists")
    how.invalid("operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  if (found.has("tolerationSeconds") && effect.text() != "NoExecute")
    effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set");
  if (word.empty() || word == "Equal") {
    std::string faults;
    for (const std::string_view each : label_value_faults(text))
      faults += (faults.empty() ? "" : ";") + std::string(each);
    if (!faults.empty()) how.invalid_as(go_quote(text), faults);
  } else if (word == "Exists") {
    if (!text.empty()) how.invalid_as(go_quote(text), "value must be empty when `operator` is 'Exists'");
  } else if (word != "Lt" && word != "Gt") {  // these two hang on a feature gate
    how.not_supported({"Equal", "Exists"});
  }
  effect.one_of({"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

}  // namespace

void labels(const Value& map) {
  if (!map || !map.node().is_object()) return;
  for (const text::Node each : map.node()) {
    for (const std::string& fault : qualified_name_faults(each.key()))
      map.errors().invalid(map.path(), go_quote(each.key()), fault, each.key_span());
    for (const std::string_view fault : label_value_faults(each.text()))
      map.errors().invalid(map.path(), go_quote(each.text()), fault, each.span());
  }
}

void annotations(const Value& map) {
  if (!map || !map.node().is_object()) return;
  constexpr std::size_t kMost = std::size_t{256} * 1024;
  std::size_t bytes = 0;
  for (const text::Node each : map.node()) {
    for (const std::string& fault : qualified_name_faults(base::to_lower(each.key())))
      map.errors().invalid(map.path(), go_quote(each.key()), fault, each.key_span());
    bytes += each.key().size() + each.text().size();
  }
  if (bytes > kMost) map.errors().too_long(map.path(), kMost, map.place());
}

void label_selector(const Value& selector) {
  if (!selector) return;
  labels(selector.at("matchLabels"));
  for (const Value& each : selector.items("matchExpressions")) requirement(each, Selecting::labels, true);
}

void node_selector(const Value& spec) {
  labels(spec.at("nodeSelector"));
}

void placement(const Value& spec) {
  if (const Value affinity = spec.at("affinity")) {
    node_affinity(affinity.at("nodeAffinity"));
    pod_affinity(affinity.at("podAffinity"));
    pod_affinity(affinity.at("podAntiAffinity"));
  }
  dns(spec);
  gates(spec);
  spreading(spec);
}

void names(const Value& spec) {
  const auto check = [&](std::string_view name, NameFaults (*faults)(std::string_view)) {
    const Value found = spec.at(name);
    if (!found.text().empty()) found.faults(faults(found.text()));
  };
  check("serviceAccountName", subdomain_faults);
  check("nodeName", subdomain_faults);
  constexpr std::int64_t kMost = 2147483647;
  const Value deadline = spec.at("activeDeadlineSeconds");
  if (deadline && (deadline.number() < 1 || deadline.number() > kMost))
    deadline.invalid("must be between 1 and 2147483647, inclusive");
  check("hostname", label_faults);
  check("subdomain", label_faults);
  for (const Value& each : spec.items("tolerations")) toleration(each);
  for (const Value& each : spec.items("hostAliases")) {
    address(each.at("ip"));
    for (const Value& name : each.items("hostnames")) name.faults(subdomain_faults(name.text()));
  }
  check("priorityClassName", subdomain_faults);
}

void claims(const Value& spec) {
  std::set<std::string_view> seen;
  for (const Value& each : spec.items("resourceClaims")) {
    const Value name = each.at("name");
    if (name.text().empty())
      name.required();
    else if (!seen.insert(name.text()).second)
      name.duplicate(name.text());
    else
      name.faults(label_faults(name.text()));
    const bool direct = each.has("resourceClaimName"), made = each.has("resourceClaimTemplateName");
    if (direct == made)
      each.invalid_as(claim_json(each), direct
                                            ? "at most one of `resourceClaimName` or `resourceClaimTemplateName` "
                                              "may be specified"
                                            : "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    for (const std::string_view what : {"resourceClaimName", "resourceClaimTemplateName"})
      if (const Value found = each.at(what)) found.faults(subdomain_faults(found.text()));
  }
}

}  // namespace callgate::kube::values
