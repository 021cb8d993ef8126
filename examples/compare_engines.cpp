// Shows that one profile is not one filter: reads a file as runc and as crun do, and prints a call on which they
// differ.
//
// usage: compare_engines PROFILE
// SPDX-License-Identifier: Apache-2.0
#include <callgate/profile.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace {

std::optional<callgate::Profile> read_as(callgate::Engine engine, const std::string& text, const char* name) {
  callgate::ProfileOptions options;
  options.as = engine;
  callgate::ProfileReading reading = callgate::read_profile(text, name, options);
  for (const callgate::Diagnostic& d : reading.diagnostics) {
    if (d.is_error) std::fputs(d.rendered.c_str(), stderr);
  }
  return std::move(reading.profile);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s PROFILE\n", argv[0]);
    return 2;
  }
  std::ifstream file(argv[1]);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto runc = read_as(callgate::Engine::runc, text, argv[1]);
  const auto crun = read_as(callgate::Engine::crun, text, argv[1]);
  if (!runc || !crun) return 3;
  const std::optional<callgate::Call> found = callgate::first_difference(runc->policy, crun->policy);
  if (!found) {
    std::puts("runc and crun agree on every call");
    return 0;
  }
  std::printf("runc and crun differ: call %u under token %#x is %s under runc, %s under crun\n", found->number,
              found->audit, to_string(runc->policy.evaluate(*found)).c_str(),
              to_string(crun->policy.evaluate(*found)).c_str());
  return 1;
}
