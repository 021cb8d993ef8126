// SPDX-License-Identifier: Apache-2.0
#include "text/json_places.h"

#include <simdjson.h>

namespace callgate::text {

std::optional<JsonPlaces> find_json_places(std::string_view text) {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage1;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto& engine = *simdjson::get_active_implementation();
  if (engine.create_dom_parser_implementation(text.size(), 1, stage1) != simdjson::SUCCESS ||
      stage1->stage1(bytes, text.size(), simdjson::stage1_mode::regular) != simdjson::SUCCESS)
    return std::nullopt;
  return JsonPlaces{std::move(stage1->structural_indexes), stage1->n_structural_indexes};
}

}  // namespace callgate::text
