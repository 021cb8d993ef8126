// What kube-apiserver 1.36 makes of an object that is created: decoded, validated and admitted, or refused, in its own
// words; and the Pods that come of it. Everything is what the server's code and recorded answers say; kubectl's own
// prefixes ("Error from server …") are not there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kube/pod.h"
#include "kube/pod_security.h"
#include "manifest/answer.h"

namespace callgate::kube {

enum class FieldValidation { strict, warn, ignore };

// What is known of the cluster beside the object.
struct Cluster {
  FieldValidation field_validation = FieldValidation::strict;
  std::string default_namespace = "default";
  std::map<std::string, PodSecurity, std::less<>> namespaces;       // those not listed: pod_security.defaults
  std::map<std::string, std::string, std::less<>> runtime_classes;  // name, handler
  PodSecurityConfiguration pod_security;                            // the server's own; as it comes, it does nothing
  // The mutating webhooks: they change a Pod before it is validated. Of templates they are not asked.
  std::function<void(Pod& pod, std::string_view name_space)> mutate;
};

struct Review {
  std::string kind, api_version, name, name_space;
  base::Span source;
  int code = 201;                          // HTTP: 201, 400, 403, 422, 500
  std::string reason;                      // "Invalid", "BadRequest", "Forbidden"
  std::string message;                     // the server's; empty if it is taken
  std::vector<manifest::Reason> reasons;   // each of them, where the message gives several
  std::vector<std::string> warnings;       // the server's, without "299 - "
  std::vector<base::Span> warning_places;  // one for each, where it is known
  std::vector<manifest::Step> steps;       // what is dropped, and where
  std::optional<Pod> pod;                  // where the kind holds one and it could be decoded
  std::string handler;                     // of a RuntimeClass
  bool known = true;                       // false: a kind that is not looked at
  bool refused() const { return code >= 400; }
};

// One document's object.
// RuntimeClass and Namespace objects do not enter `cluster` by themselves: see learn().
Review review(text::Node object, const Cluster& cluster);
// Takes a namespace's levels, a RuntimeClass that was created or the server's PodSecurityConfiguration into what is
// known; the last before all namespaces.
void learn(const Review& review, text::Node object, Cluster& cluster);
// The objects of a document: those of a List one by one, else the document itself.
std::vector<text::Node> objects_of(text::Node root);
// A mapping with apiVersion and kind.
bool looks_like_object(text::Node root);

}  // namespace callgate::kube
