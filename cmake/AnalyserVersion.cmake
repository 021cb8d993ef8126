# cmake -D OUTPUT=… "-D FILES=a;b" -P: a header with one hash over the files, which changes with any of them.
list(SORT FILES)
set(all)
foreach(file ${FILES})
  file(SHA256 ${file} one)
  string(APPEND all ${one})
endforeach()
string(SHA256 version "${all}")
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
// Generated: a hash over the source of src/scan and src/elf. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace callgate::scan {

inline constexpr std::string_view kAnalyserVersion = "@version@";

}  // namespace callgate::scan
]] @ONLY)
