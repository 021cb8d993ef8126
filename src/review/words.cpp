// SPDX-License-Identifier: Apache-2.0
#include "review/words.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/text.h"

namespace callgate::review {

namespace {

bool is_node_engine(std::string_view engine) {
  return engine == "containerd" || engine == "cri-o" || engine == "cri-dockerd";
}

std::span<const std::string_view> known_words(std::string_view engine) {
  static constexpr std::array<std::string_view, 3> kKubernetes{"RuntimeDefault", "Localhost", "Unconfined"};
  static constexpr std::array<std::string_view, 2> kEngines{"unconfined", "builtin"};
  static constexpr std::array<std::string_view, 1> kPodman{"unconfined"};
  if (is_node_engine(engine)) return kKubernetes;
  return engine == "podman" ? std::span<const std::string_view>(kPodman) : kEngines;
}

}  // namespace

base::Span value_at(base::Span place) {
  if (place.file == nullptr) return place;
  std::string_view text = place.text();
  constexpr std::string_view kOption = "seccomp";
  if (const std::size_t at = text.find(kOption); at != std::string_view::npos && at + kOption.size() < text.size() &&
                                                 (text[at + kOption.size()] == '=' || text[at + kOption.size()] == ':'))
    place.begin += static_cast<std::uint32_t>(at + kOption.size() + 1);
  text = place.text();
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) ++place.begin;
  text = place.text();
  if (!text.empty() && (text.back() == '"' || text.back() == '\'')) --place.end;
  return place;
}

std::optional<std::string_view> in_right_case(std::string_view written, const manifest::Container& container) {
  const std::string lower = base::to_lower(written);
  for (const std::string_view each : known_words(container.engine))
    if (each != written && base::to_lower(each) == lower) return each;
  return std::nullopt;
}

bool is_keyword(std::string_view written) {
  constexpr std::array<std::string_view, 14> kKeywords{"default",
                                                       "builtin",
                                                       "runtime/default",
                                                       "docker/default",
                                                       "runtimedefault",
                                                       "runtime-default",
                                                       "localhost",
                                                       "disabled",
                                                       "disable",
                                                       "none",
                                                       "off",
                                                       "false",
                                                       "true",
                                                       "on"};
  return std::ranges::find(kKeywords, base::to_lower(written)) != kKeywords.end();
}

}  // namespace callgate::review
