// What a projected volume brings together, and files of downwardAPI. Source: pkg/apis/core/validation
// (validateProjectionSources, validateDownwardAPIVolumeFile). The server forgets clusterTrustBundle and podCertificate,
// whose gates are off. SPDX-License-Identifier: Apache-2.0
#include <set>

#include "kube/validate_values.h"
#include "manifest/go_text.h"

namespace callgate::kube::values {

namespace {

using manifest::go_quote;
using Paths = std::set<std::string_view>;

void required(const Value& found) {
  if (found.text().empty()) found.required();
}

void token(const Value& source, const Value& projected) {
  constexpr std::int64_t kLeast = 600, kMost = std::int64_t{1} << 32;
  const Value seconds = source.at("expirationSeconds");
  if (seconds && seconds.number() < kLeast) seconds.invalid("may not specify a duration less than 10 minutes");
  if (seconds && seconds.number() > kMost) seconds.invalid("may not specify a duration larger than 2^32 seconds");
  const Value path = source.at("path").as(projected.at("path").path());
  path.text().empty() ? path.required() : projected_path(path);
}

// Of secrets, config maps and downwardAPI: what they bring, and that no path is given twice.
void items(const Value& source, const Value& projected, std::string_view kind, Paths& paths) {
  if (kind != "downwardAPI") required(source.at("name"));
  for (const Value& each : source.items("items")) {
    if (kind == "downwardAPI")
      downward_file(each, source);
    else
      key_to_path(each);
    const std::string_view path = each.text("path");
    if (!path.empty() && !paths.insert(path).second)
      projected.invalid_as(go_quote(kind == "downwardAPI" ? path : source.text("name")), "conflicting duplicate paths");
  }
}

}  // namespace

void downward_file(const Value& file, const Value& told) {
  const auto named = [&](std::string_view name) { return file.at(name).as(told.at(name).path()); };
  required(named("path"));
  projected_path(named("path"));
  const Value field = named("fieldRef"), resource = named("resourceFieldRef");
  if (field) {
    field_reference(field, true);
    if (resource) told.invalid_as("\"resource\"", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (resource) {
    resource_reference(resource, true);
  } else {
    told.required("one of fieldRef and resourceFieldRef is required");
  }
  mode(named("mode"));
}

void projected(const Value& source) {
  mode(source.at("defaultMode"));
  Paths paths;
  for (const Value& each : source.items("sources")) {
    std::size_t count = 0;
    for (const std::string_view kind : {"secret", "configMap", "downwardAPI"})
      if (const Value found = each.at(kind)) {
        ++count;
        items(found, source, kind, paths);
      }
    if (const Value found = each.at("serviceAccountToken")) {
      ++count;
      token(found, source);
    }
    if (count > 1) each.forbidden("may not specify more than 1 volume type per source");
  }
}

}  // namespace callgate::kube::values
