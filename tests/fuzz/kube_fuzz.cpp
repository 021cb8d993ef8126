// Any bytes as Kubernetes manifests: each object is taken or refused with a reason, twice the same, under each way of
// field validation and the strictest Pod Security; places lie in the file.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kube/api.h"

namespace {

using namespace callgate;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

void look(text::Node object, kube::Cluster& cluster) {
  const kube::Review got = kube::review(object, cluster), again = kube::review(object, cluster);
  require(got.message == again.message && got.warnings == again.warnings && got.code == again.code, "it is repeatable");
  require(got.refused() != got.message.empty(), "a refusal says why, and nothing else does");
  require(!got.refused() || !got.steps.empty(), "a refusal is a step");
  for (const manifest::Step& step : got.steps)
    require(!step.place.file || step.place.end <= step.place.file->text().size(), "a step lies in its file");
  for (const std::string& warning : got.warnings) require(!warning.empty(), "a warning says something");
  if (got.pod)
    for (const kube::PodContainer& each : got.pod->containers)
      require(static_cast<bool>(each.node), "it is in the text");
  kube::learn(got, object, cluster);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMax = std::size_t{1} << 16;
  if (size > kMax) return 0;
  const base::SourceFile file("input.yaml", std::string(reinterpret_cast<const char*>(data), size));
  base::Diagnostics diagnostics;
  text::ReadLimits limits;
  limits.keep_repeated_keys = true;
  const auto documents = text::read_yaml(file, diagnostics, limits);
  if (!documents) return 0;
  using kube::FieldValidation;
  for (const FieldValidation validation : {FieldValidation::strict, FieldValidation::warn, FieldValidation::ignore}) {
    kube::Cluster cluster;
    cluster.field_validation = validation;
    cluster.pod_security.defaults.warn = {kube::Level::restricted, std::nullopt};
    cluster.namespaces["old"] = {{kube::Level::restricted, 18}, {}, {}};
    for (const text::Document& document : *documents)
      for (const text::Node object : kube::objects_of(document.root())) look(object, cluster);
  }
  return 0;
}
