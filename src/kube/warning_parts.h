// The parts of a Pod's warnings, in the order in which the server comes to them. Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "kube/warnings.h"

namespace callgate::kube::warning_parts {

// What is said of a node's label that is no longer set; nothing for others.
std::optional<std::string_view> deprecated_node_label(std::string_view key);
void node_selection(const Pod& pod, Warnings& out);
void pod_affinity(const Pod& pod, Warnings& out);
void volumes(const Pod& pod, Warnings& out);
// spec.resources of a claim for a volume, at `path`.
void claim(text::Node spec, const std::string& path, Warnings& out);
// A resource whose amount is no whole number of bytes.
void fractional_bytes(text::Node resources, std::string_view name, const std::string& path, Warnings& out);
void ports(const Pod& pod, Warnings& out);
void addresses(const Pod& pod, Warnings& out);

// "spec.template." in front, for a template.
std::string at(const Pod& pod, std::string_view path);
std::string at(const std::string& list, std::size_t index, std::string_view member = {});

}  // namespace callgate::kube::warning_parts
