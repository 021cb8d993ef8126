// What a program that uses the installed library does: read, compile, prove, run.
// SPDX-License-Identifier: Apache-2.0
#include <callgate/filter.h>
#include <callgate/profile.h>
#include <callgate/prove.h>
#include <callgate/version.h>

#include <cstdio>

int main() {
  const char* text = R"({"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"],
    "syscalls": [{"names": ["read", "exit_group"], "action": "SCMP_ACT_ALLOW"}]})";
  callgate::ProfileOptions options;
  options.as = callgate::Engine::oci;
  options.native = callgate::Architecture::x86_64;
  const callgate::ProfileReading reading = callgate::read_profile(text, "inline.json", options);
  for (const callgate::Diagnostic& d : reading.diagnostics) std::fputs(d.rendered.c_str(), stderr);
  if (!reading.profile) return 1;
  const callgate::Result<callgate::Filter> filter = callgate::Filter::compile(reading.profile->policy);
  if (!filter) return 1;
  if (callgate::prove_equal(reading.profile->policy, *filter).verdict != callgate::Verdict::equal) return 1;

  callgate::Call call;
  call.audit = callgate::audit_token(callgate::Architecture::x86_64);
  call.number = *callgate::call_number(callgate::Architecture::x86_64, "read");
  const callgate::Action read = filter->run(call).action;
  call.number = *callgate::call_number(callgate::Architecture::x86_64, "openat");
  const callgate::Action openat = filter->run(call).action;
  std::printf("callgate %s: read %s, openat %s\n", callgate::version().data(), callgate::to_string(read).c_str(),
              callgate::to_string(openat).c_str());
  return 0;
}
