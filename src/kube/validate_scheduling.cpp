// Where a Pod may run, and what its spec says beside containers, volumes and security.
// Source: pkg/apis/core/validation (ValidatePodSpec and what it calls), apimachinery pkg/apis/meta/v1/validation.
// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "kube/names.h"
#include "kube/struct_json.h"
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
    how.invalid_as(json::text(how.text()), "not a valid selector operator");
  }
  label_key(found.at("key"));
  if (check_values) label_values(found);
}

void node_field(const Value& found) {
  const Value how = found.at("operator"), key = found.at("key");
  if (how.text() == "In" || how.text() == "NotIn") {
    if (found.size("values") != 1)
      found.at("values").required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  } else {
    how.invalid_as(json::text(how.text()), "not a valid selector operator");
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

void label_keys(const Value& holder, std::string_view list, bool selects) {
  const auto keys = holder.items(list);
  if (keys.empty()) return;
  if (!selects) return holder.at(list).forbidden("must not be specified when labelSelector is not set");
  for (const Value& each : keys) label_key(each);
}

// Keys whose values come from the Pod's labels. Those of a Pod have become rules of the selector by now, those of a
// template have not.
void matching_keys(const Value& holder, const Pod& pod) {
  const Value selector = holder.at("labelSelector");
  label_keys(holder, "matchLabelKeys", static_cast<bool>(selector));
  label_keys(holder, "mismatchLabelKeys", static_cast<bool>(selector));
  std::map<std::string_view, std::size_t> wanted;
  std::size_t index = 0;
  const auto keys = holder.items("matchLabelKeys");
  for (const Value& each : keys) wanted[each.text()] = index++;
  std::vector<std::string_view> rules;
  for (const Value& each : selector.items("matchExpressions")) rules.push_back(each.text("key"));
  if (!pod.is_template() && selector)
    for (const std::string_view list : {"matchLabelKeys", "mismatchLabelKeys"})
      for (const Value& each : holder.items(list))
        if (field(field(pod.metadata, "labels"), each.text())) rules.push_back(each.text());
  std::set<std::string_view> seen;
  for (const text::Node each : selector.at("matchLabels").entries()) seen.insert(each.key());
  for (const std::string_view key : rules) {
    const auto found = wanted.find(key);
    if (!seen.insert(key).second && found != wanted.end())
      holder.errors().invalid(fmt::format("{}[{}]", holder.path(), found->second), go_quote(key),
                              "exists in both matchLabelKeys and labelSelector", keys[found->second].place());
  }
  std::set<std::string_view> unwanted;
  for (const Value& each : holder.items("mismatchLabelKeys")) unwanted.insert(each.text());
  for (const Value& each : keys)
    if (unwanted.contains(each.text())) each.invalid("exists in both matchLabelKeys and mismatchLabelKeys");
}

void pod_term(const Value& term, const Pod& pod) {
  label_selector(term.at("labelSelector"));
  label_selector(term.at("namespaceSelector"));
  for (const Value& each : term.items("namespaces"))
    Value(each.node(), term.at("namespace").path(), each.place(), each.errors()).faults(label_faults(each.text()));
  matching_keys(term, pod);
  const Value key = term.at("topologyKey");
  if (key.text().empty()) key.required("can not be empty");
  label_key(key);
}

void pod_affinity(const Value& affinity, const Pod& pod) {
  for (const Value& each : affinity.items(kRequired)) pod_term(each, pod);
  for (const Value& each : affinity.items(kPreferred)) {
    weight(each);
    pod_term(each.at("podAffinityTerm"), pod);
  }
}

// IPv4 as the server's older reader takes it: leading zeros are decimal.
bool is_ipv4(std::string_view text, bool zeros) {
  const auto parts = base::split(text, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [&](std::string_view part) {
           constexpr int kHighest = 255;
           int number = 0;
           for (const char c : part) {
             if (c < '0' || c > '9') return false;
             number = number * 10 + (c - '0');
             if (number > kHighest) return false;
           }
           return !part.empty() && (zeros || part.size() == 1 || part.front() != '0');
         });
}

std::optional<in6_addr> read_ipv6(const std::string& text) {
  in6_addr out{};
  return inet_pton(AF_INET6, text.c_str(), &out) == 1 ? std::optional(out) : std::nullopt;
}

// "::ffff:010.0.0.1" without the zeros that only the older reader takes.
std::string without_zeros(std::string_view text) {
  std::string out(text.substr(0, text.rfind(':') + 1)), dotted;
  for (std::string_view part : base::split(text.substr(out.size()), '.')) {
    while (part.size() > 1 && part.front() == '0') part.remove_prefix(1);
    dotted += (dotted.empty() ? "" : ".") + std::string(part);
  }
  return out + dotted;
}

void address(const Value& found) {
  const std::string text(found.text());
  const bool dotted = text.find('.') != std::string::npos, colons = text.find(':') != std::string::npos;
  const auto read = colons ? read_ipv6(dotted ? without_zeros(text) : text) : std::nullopt;
  if (!read && !is_ipv4(text, true))
    return found.invalid("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
  if (dotted && (colons ? !read_ipv6(text) : !is_ipv4(text, false))) return found.invalid("must not have leading 0s");
  if (read && IN6_IS_ADDR_V4MAPPED(&*read)) found.invalid("must not be an IPv4-mapped IPv6 address");
}

void searches(const Value& config) {
  constexpr std::size_t kMost = 32, kMostCharacters = 2048;
  const Value list = config.at("searches");
  const auto each_of = config.items("searches");
  std::size_t characters = each_of.empty() ? 0 : each_of.size() - 1;
  for (const Value& each : each_of) characters += each.text().size();
  if (each_of.size() > kMost) list.invalid_as(json::list(list.node()), "must not have more than 32 search paths");
  if (characters > kMostCharacters)
    list.invalid_as(json::list(list.node()),
                    "must not have more than 2048 characters (including spaces) in the search list");
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
    servers.invalid_as(json::list(servers.node()), "must not have more than 3 nameservers");
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

void spreading(const Pod& pod, const Value& spec) {
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
      each.at(name).one_set_of({"Honor", "Ignore"});
    matching_keys(each, pod);
    label_selector(each.at("labelSelector"));
  }
}

void toleration(const Value& found) {
  const Value key = found.at("key"), how = found.at("operator"), effect = found.at("effect");
  const std::string_view word = how.text(), text = found.text("value");
  if (!key.text().empty()) label_key(key);
  if (key.text().empty() && word != "Exists")
    how.invalid_as(json::text(word),
                   "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
  if (found.has("tolerationSeconds") && effect.text() != "NoExecute")
    effect.invalid("effect must be 'NoExecute' when `tolerationSeconds` is set");
  if (word.empty() || word == "Equal") {
    std::string faults;
    for (const std::string_view each : label_value_faults(text))
      faults += (faults.empty() ? "" : ";") + std::string(each);
    if (!faults.empty()) how.invalid_as(go_quote(text), faults);
  } else if (word == "Exists") {
    if (!text.empty()) how.invalid_as(go_quote(text), "value must be empty when `operator` is 'Exists'");
  } else if (word == "Lt" || word == "Gt") {  // known, and off
    how.not_supported({"Equal", "Exists", "Lt", "Gt"});
  } else {
    how.not_supported({"Equal", "Exists"});
  }
  effect.one_of({"NoSchedule", "PreferNoSchedule", "NoExecute"});
}

}  // namespace

void label_selector(const Value& selector) {
  if (!selector) return;
  labels(selector.at("matchLabels"));
  for (const Value& each : selector.items("matchExpressions")) requirement(each, Selecting::labels, true);
}

void node_selector(const Value& spec) {
  labels(spec.at("nodeSelector"));
}

void placement(const Pod& pod, const Value& spec) {
  if (const Value affinity = spec.at("affinity")) {
    node_affinity(affinity.at("nodeAffinity"));
    pod_affinity(affinity.at("podAffinity"), pod);
    pod_affinity(affinity.at("podAntiAffinity"), pod);
  }
  dns(spec);
  gates(spec);
  spreading(pod, spec);
}

void tolerations(const Value& holder) {
  for (const Value& each : holder.items("tolerations")) toleration(each);
}

void names(const Pod& pod, const Value& spec) {
  const auto check = [&](std::string_view name, NameFaults (*faults)(std::string_view)) {
    const Value found = spec.at(name);
    if (!found.text().empty()) found.faults(faults(found.text()));
  };
  const Value old = spec.at("serviceAccount");  // of before 1.2
  if (spec.text("serviceAccountName").empty() && !old.text().empty())
    old.as(spec.at("serviceAccountName").path()).faults(subdomain_faults(old.text()));
  check("serviceAccountName", subdomain_faults);
  check("nodeName", subdomain_faults);
  constexpr std::int64_t kMost = 2147483647;
  const Value deadline = spec.at("activeDeadlineSeconds");
  if (deadline && (deadline.number() < 1 || deadline.number() > kMost))
    deadline.invalid("must be between 1 and 2147483647, inclusive");
  if (pod.kind != "StatefulSet") {  // which gives names to its Pods itself
    check("hostname", label_faults);
    check("subdomain", label_faults);
  }
  tolerations(spec);
  for (const Value& each : spec.items("hostAliases")) {
    address(each.at("ip"));
    for (const Value& name : each.items("hostnames")) name.faults(subdomain_faults(name.text()));
  }
  check("priorityClassName", subdomain_faults);
}

}  // namespace callgate::kube::values
