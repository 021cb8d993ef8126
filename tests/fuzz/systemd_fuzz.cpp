// Any bytes, read as systemd's format: refused with findings, or a policy that is written and read back.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/text_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  callgate::convert::fuzz::read_and_write(callgate::convert::kSystemd, data, size);
  return 0;
}
