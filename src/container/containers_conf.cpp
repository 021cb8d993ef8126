// Sources: containers/common pkg/config (config.go, new.go) and internal/attributedstring of v0.50.1, v0.57.0, v0.62.3;
// BurntSushi/toml decode.go: names are matched without regard to case. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "base/text.h"
#include "container/diagnostic_ids.h"
#include "container/podman.h"
#include "text/node.h"

namespace callgate::container {

namespace {

class Reader {
 public:
  Reader(Podman& podman, base::Diagnostics& diagnostics) : podman_(podman), diagnostics_(diagnostics) {}
  void containers(text::Node table);
  void engine(text::Node table);
  // A member of that name and kind; one of another kind is diagnosed.
  text::Node member(text::Node table, std::string_view name, text::Kind kind);

 private:
  void capabilities(text::Node list);
  void bad(text::Node node, std::string message) {
    diagnostics_.add(kBadContainersConf, node.span(), std::move(message), "Podman does not start with this");
  }

  Podman& podman_;
  base::Diagnostics& diagnostics_;
};

text::Node Reader::member(text::Node table, std::string_view name, text::Kind kind) {
  text::Node found;
  if (table && table.is_object()) {
    found = table.find(name);
    for (const text::Node each : table)
      if (!found && base::equals_ignore_case(each.key(), name)) found = each;
  }
  if (!found || found.kind() == kind) return found;
  constexpr std::array<std::string_view, 6> kKinds{"nothing",  "a boolean", "a number",
                                                   "a string", "an array",  "a table"};
  bad(found, fmt::format("'{}' is {}, not {}", name, kKinds[static_cast<std::size_t>(found.kind())],
                         kKinds[static_cast<std::size_t>(kind)]));
  return {};
}

// Strings; since Podman 4.8 also a table that says whether they are added to what earlier files said.
void Reader::capabilities(text::Node list) {
  const bool attributes = podman_.version >= EngineVersion{4, 8};
  std::vector<std::string> said;
  for (const text::Node each : list) {
    if (each.is_string()) {
      said.emplace_back(each.text());
    } else if (const text::Node append = attributes && each.is_object() ? each.find("append") : text::Node();
               append && append.kind() == text::Kind::boolean && each.size() == 1) {
      podman_.append_capabilities = append.as_bool() == true;
    } else {
      return bad(each, attributes ? "'default_capabilities' holds neither a string nor {append = true}"
                                  : "'default_capabilities' holds something else than strings");
    }
  }
  std::vector<std::string> all;
  if (podman_.append_capabilities) all = podman_.default_capabilities.value_or(default_capabilities(podman_));
  all.insert(all.end(), said.begin(), said.end());
  podman_.default_capabilities = std::move(all);
}

void Reader::containers(text::Node table) {
  if (const text::Node profile = member(table, "seccomp_profile", text::Kind::string)) {
    podman_.seccomp_profile = profile.text();
    podman_.place = profile.span();
  }
  if (const text::Node list = member(table, "default_capabilities", text::Kind::array)) capabilities(list);
  if (podman_.version < EngineVersion{4, 8}) return;
  if (const text::Node on = member(table, "privileged", text::Kind::boolean)) podman_.privileged = on.as_bool() == true;
}

void Reader::engine(text::Node table) {
  if (const text::Node name = member(table, "runtime", text::Kind::string); name && !name.text().empty())
    podman_.runtime = name.text();
  const text::Node runtimes = member(table, "runtimes", text::Kind::object);
  if (!runtimes) return;
  for (const text::Node each : runtimes) {
    if (each.kind() != text::Kind::array) {
      bad(each, fmt::format("runtime '{}' is no array of paths", each.key()));
      continue;
    }
    std::erase_if(podman_.runtimes, [&](const auto& known) { return known.first == each.key(); });
    for (const text::Node path : each) {
      if (!path.is_string()) continue;
      podman_.runtimes.emplace_back(each.key(), path.text());
      break;
    }
  }
}

}  // namespace

bool read_containers_conf(const base::SourceFile& file, Podman& podman, base::Diagnostics& diagnostics) {
  const auto document = text::read_toml(file, diagnostics);
  if (!document) return false;
  const std::size_t before = diagnostics.error_count();
  Reader reader(podman, diagnostics);
  const text::Node root = document->root();
  reader.containers(reader.member(root, "containers", text::Kind::object));
  reader.engine(reader.member(root, "engine", text::Kind::object));
  return diagnostics.error_count() == before;
}

}  // namespace callgate::container
