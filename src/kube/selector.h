// Which labels a workload's selector chooses (metav1.LabelSelector). Within kube only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "kube/value.h"

namespace callgate::kube {

using Labels = std::map<std::string, std::string, std::less<>>;

Labels read_labels(text::Node map);
std::string labels_json(const Labels& labels);

// None matches nothing, an empty one everything.
bool matches(text::Node selector, const Labels& labels);
bool is_empty_selector(text::Node selector);
// Checks it; whether it can be used.
bool check_selector(const Value& selector);

}  // namespace callgate::kube
