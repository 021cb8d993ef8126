// Lists the calls that a profile allows on one architecture, whatever their arguments.
//
// usage: list_allowed PROFILE ARCH
// SPDX-License-Identifier: Apache-2.0
#include <callgate/profile.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s PROFILE ARCH\n", argv[0]);
    return 2;
  }
  const auto architecture = callgate::find_architecture(argv[2]);
  std::ifstream file(argv[1]);
  if (!architecture || !file) {
    std::fprintf(stderr, "no such %s\n", file ? "architecture" : "file");
    return 2;
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const callgate::ProfileReading reading = callgate::read_profile(text, argv[1]);
  for (const callgate::Diagnostic& d : reading.diagnostics) std::fputs(d.rendered.c_str(), stderr);
  if (!reading.profile) return 3;

  // Call numbers of all architectures but x32 lie below 8192; MIPS tables begin at 4000, 5000 and 6000.
  constexpr std::uint32_t kNumbers = 8192;
  int known = 0;
  int allowed = 0;
  callgate::Call call;
  call.audit = callgate::audit_token(*architecture);
  for (call.number = 0; call.number < kNumbers; ++call.number) {
    const std::string_view name = callgate::call_name(*architecture, call.number);
    if (name.empty()) continue;
    ++known;
    if (reading.profile->policy.evaluate(call).kind != callgate::ActionKind::allow) continue;
    ++allowed;
    std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
  }
  std::printf("%d of %d calls are allowed\n", allowed, known);
  return 0;
}
