// When a CronJob runs, as the server reads it (github.com/robfig/cron v3 and Go's time package, whose words these are).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace callgate::kube {

// What is wrong with a schedule; nothing if nothing is.
std::optional<std::string> schedule_fault(std::string_view schedule);
// What is wrong with the name of a zone, as time.LoadLocation says it. Names are those of the tz database
// (data/kube/time_zones.csv), and whatever a server's own files hold below "posix/" and "right/".
std::optional<std::string> location_fault(std::string_view name);

}  // namespace callgate::kube
