// Reports as text and JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json_write.h"
#include "why/report.h"

namespace callgate::why {

std::string to_text(const Report& report);
// The members of an object that is begun.
void to_json(const Report& report, base::JsonWriter& json);

}  // namespace callgate::why
