// Where Pods go, their ports and addresses.
// SPDX-License-Identifier: Apache-2.0
#include "kube/warning_parts.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/text.h"
#include "kube/names.h"
#include "kube/quantity.h"
#include "manifest/go_text.h"

namespace callgate::kube::warning_parts {

using manifest::go_quote;
using text::Node;

namespace {

void selector_term(Node term, bool check_values, const std::string& path, Warnings& out) {
  std::size_t index = 0;
  for (const Node each : elements(term, "matchExpressions")) {
    const std::string expression = at(path + ".matchExpressions", index++);
    const std::string_view key = string_field(each, "key");
    if (const auto text = deprecated_node_label(key))
      out.push_back({fmt::format("{}.key: {} is {}", expression, key, *text), field(each, "key").span()});
    if (!check_values) continue;
    std::size_t number = 0;
    for (const Node value : elements(each, "values")) {
      for (const std::string_view fault : label_value_faults(value.text()))
        out.push_back({fmt::format("{}: {} is invalid, {}", at(expression + ".values", number), value.text(), fault),
                       value.span()});
      ++number;
    }
  }
}

void matches_nothing(Node term, const std::string& path, Warnings& out) {
  if (!field(term, "labelSelector"))
    out.push_back({path + "labelSelector: a null labelSelector results in matching no pod", term.span()});
}

// A port as it is stored.
struct Port {
  std::string path, name, protocol, host_ip;
  std::int64_t number = 0, host = 0;
  base::Span place;
};

std::vector<Port> all_ports(const Pod& pod) {
  std::vector<Port> out;
  for (const PodContainer& container : pod.containers) {
    std::size_t index = 0;
    for (const Node each : elements(container.node, "ports")) {
      const Node number = field(each, "containerPort");
      const std::string_view protocol = string_field(each, "protocol");
      out.push_back({at(pod.container_path(container) + ".ports", index++), std::string(string_field(each, "name")),
                     std::string(protocol.empty() ? "TCP" : protocol), std::string(string_field(each, "hostIP")),
                     number ? number.as_i64().value_or(0) : 0, host_port(pod, container, each), each.span()});
    }
  }
  return out;
}

void compare(const Port& port, const Port& other, Warnings& out) {
  std::string_view how;
  if (port.host_ip == other.host_ip && port.host == other.host)
    how = "duplicate";
  else if (port.host == 0 || other.host == 0)
    how = "overlapping";
  else if (port.host == other.host && port.host_ip.empty() != other.host_ip.empty())
    how = "dangerously ambiguous";
  else
    return;
  out.push_back({fmt::format("{}: {} port definition with {}", port.path, how, other.path), port.place});
}

// Four decimal numbers, leading zeros allowed; as they should be written.
std::optional<std::string> plain_ipv4(std::string_view text) {
  const auto parts = base::split(text, '.');
  if (parts.size() != 4) return std::nullopt;
  std::string out;
  for (const std::string_view part : parts) {
    if (part.empty() || part.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    const std::string_view digits = part.substr(std::min(part.find_first_not_of('0'), part.size() - 1));
    if (digits.size() > 3 || *base::parse_u64(digits) > 255) return std::nullopt;
    out += fmt::format("{}{}", out.empty() ? "" : ".", digits);
  }
  return out;
}

// RFC 5952: the longest run of zero groups, of two at least, is "::".
std::string canonical_ipv6(const std::array<unsigned char, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = (unsigned{bytes[2 * i]} << 8U) | bytes[2 * i + 1];
  std::size_t begin = 8, length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > length) {
      begin = i;
      length = end - i;
    }
  }
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == begin) {
      out += "::";
      i += length - 1;
      continue;
    }
    out += fmt::format("{}{:x}", out.empty() || out.back() == ':' ? "" : ":", groups[i]);
  }
  return out;
}

void address(Node node, const std::string& path, Warnings& out) {
  const std::string value(node ? node.text() : std::string_view());
  std::array<unsigned char, 16> bytes{};
  std::optional<std::string> standard, canonical;
  if (value.find(':') == std::string::npos) {
    standard = plain_ipv4(value);
  } else if (inet_pton(AF_INET6, value.c_str(), bytes.data()) == 1) {
    const bool mapped = std::all_of(bytes.begin(), bytes.begin() + 10, [](unsigned char c) { return c == 0; }) &&
                        bytes[10] == 0xff && bytes[11] == 0xff;
    if (mapped)
      standard = fmt::format("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
    else
      canonical = canonical_ipv6(bytes);
  }
  if (standard && *standard != value)
    out.push_back(
        {fmt::format("{}: non-standard IP address {} is invalid: use {}", path, go_quote(value), go_quote(*standard)),
         node.span()});
  if (canonical && *canonical != value)
    out.push_back({fmt::format("{}: IPv6 address {} should be in RFC 5952 canonical format ({})", path, go_quote(value),
                               go_quote(*canonical)),
                   node.span()});
}

}  // namespace

std::string at(const Pod& pod, std::string_view path) {
  return fmt::format("{}{}{}", pod.path, pod.path.empty() ? "" : ".", path);
}
std::string at(const std::string& list, std::size_t index, std::string_view member) {
  return fmt::format("{}[{}]{}{}", list, index, member.empty() ? "" : ".", member);
}

std::optional<std::string_view> deprecated_node_label(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kOld{{
      {"beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"},
      {"beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"},
      {"failure-domain.beta.kubernetes.io/region",
       "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"},
      {"failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"},
      {"beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"},
      {"app.kubernetes.io/created-by", "deprecated since v1.9"},
      {"scheduler.alpha.kubernetes.io/preferAvoidPods", "deprecated since v1.22; use Taints and Tolerations instead"},
      {"node-role.kubernetes.io/master", "use \"node-role.kubernetes.io/control-plane\" instead"},
  }};
  const auto found = std::find_if(kOld.begin(), kOld.end(), [&](const auto& row) { return row.first == key; });
  return found == kOld.end() ? std::nullopt : std::optional(found->second);
}

void node_selection(const Pod& pod, Warnings& out) {
  if (const Node selector = field(pod.spec, "nodeSelector"); selector && selector.is_object())
    for (const Node each : selector)
      if (const auto text = deprecated_node_label(each.key()))
        out.push_back({fmt::format("{}[{}]: {}", at(pod, "spec.nodeSelector"), each.key(), *text), each.key_span()});
  const Node affinity = field(field(pod.spec, "affinity"), "nodeAffinity");
  const std::string path = at(pod, "spec.affinity.nodeAffinity.");
  constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution",
                             kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
  std::size_t index = 0;
  for (const Node each : elements(field(affinity, kRequired), "nodeSelectorTerms"))
    selector_term(each, false, at(fmt::format("{}{}.nodeSelectorTerms", path, kRequired), index++), out);
  index = 0;
  for (const Node each : elements(affinity, kPreferred))
    selector_term(field(each, "preference"), true, at(fmt::format("{}{}", path, kPreferred), index++, "preference"),
                  out);
  index = 0;
  for (const Node each : elements(pod.spec, "topologySpreadConstraints")) {
    const std::string constraint = at(at(pod, "spec.topologySpreadConstraints"), index++) + ".";
    const std::string_view key = string_field(each, "topologyKey");
    if (const auto text = deprecated_node_label(key))
      out.push_back(
          {fmt::format("{}topologyKey: {} is {}", constraint, key, *text), field(each, "topologyKey").span()});
    matches_nothing(each, constraint, out);
  }
}

void pod_affinity(const Pod& pod, Warnings& out) {
  const Node affinity = field(pod.spec, "affinity");
  for (const std::string_view kind : {"podAffinity", "podAntiAffinity"}) {
    const std::string path = at(pod, fmt::format("spec.affinity.{}.", kind));
    constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution",
                               kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
    std::size_t index = 0;
    for (const Node each : elements(field(affinity, kind), kRequired))
      matches_nothing(each, at(fmt::format("{}{}", path, kRequired), index++) + ".", out);
    index = 0;
    for (const Node each : elements(field(affinity, kind), kPreferred)) {
      const Node term = field(each, "podAffinityTerm");
      matches_nothing(term ? term : each, at(fmt::format("{}{}", path, kPreferred), index++) + ".podAffinityTerm.",
                      out);
    }
  }
}

void fractional_bytes(Node resources, std::string_view name, const std::string& path, Warnings& out) {
  const Node amount = field(resources, name);
  if (!amount || !(amount.is_string() || amount.is_number())) return;
  if (const auto stored = fractional_quantity(amount.text()))
    out.push_back(
        {fmt::format("{}[{}]: fractional byte value {} is invalid, must be an integer", path, name, go_quote(*stored)),
         amount.span()});
}

void ports(const Pod& pod, Warnings& out) {
  const std::vector<Port> all = all_ports(pod);
  std::map<std::pair<std::int64_t, std::string_view>, std::vector<const Port*>> seen;
  for (const Port& port : all) {
    if (!port.host_ip.empty() && port.host == 0)
      out.push_back({fmt::format("{}: hostIP set without hostPort: {{Name:{} HostPort:{} ContainerPort:{} Protocol:{} "
                                 "HostIP:{}}}",
                                 port.path, port.name, port.host, port.number, port.protocol, port.host_ip),
                     port.place});
    auto& others = seen[{port.number, port.protocol}];
    for (const Port* const other : others) compare(port, *other, out);
    others.push_back(&port);
  }
  std::map<std::string_view, const Port*> names;
  for (const Port& port : all) {
    if (port.name.empty()) continue;
    const auto [found, first] = names.try_emplace(port.name, &port);
    if (!first)
      out.push_back({fmt::format("{}: duplicate port name {} with {}, services and probes that select ports by name "
                                 "will use {}",
                                 port.path, go_quote(port.name), found->second->path, found->second->path),
                     port.place});
  }
}

void addresses(const Pod& pod, Warnings& out) {
  std::size_t index = 0;
  for (const Node each : elements(field(pod.spec, "dnsConfig"), "nameservers"))
    address(each, at(at(pod, "spec.dnsConfig.nameservers"), index++), out);
  index = 0;
  for (const Node each : elements(pod.spec, "hostAliases"))
    address(field(each, "ip"), at(at(pod, "spec.hostAliases"), index++, "ip"), out);
}

}  // namespace callgate::kube::warning_parts
