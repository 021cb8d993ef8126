// Tests of a profile, as data: what it must answer, and how it must stand to other profiles.
//
//   profile: web.json            a path beside the test, or a name such as docker-default
//   as: docker                   the engine; also caps, kernel, arch (one or a list)
//   upper-halves: any            a denial must hold whatever the upper half of a 32-bit argument is
//   expect:
//     - allow: openat O_RDONLY   syntax/pattern.h; a list of calls may stand here, too
//     - deny: mount              any refusal
//     - deny ERRNO(1): socket AF_ALG      that answer; also deny ENOSYS, deny KILL_PROCESS, log, notify, trace
//     - subset-of: docker-default         also superset-of, equal
//
// An expectation about a call holds if it does for every call of the pattern: of arguments not named, for all values.
// Several documents of one file are several tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "arch/arch.h"
#include "base/diagnostic.h"
#include "policy/policy.h"

namespace callgate::expect {

enum class Kind : std::uint8_t { action, refusal, subset_of, superset_of, equal };

struct Expectation {
  Kind kind{};
  policy::Action action;  // Kind::action
  std::string text;       // "deny ERRNO(1): socket AF_ALG"
  std::string subject;    // the call, or the other profile
  base::Span span;        // of the subject
};

// A setting and its place.
struct Setting {
  std::string text;
  base::Span span;
};

struct Test {
  Setting profile;
  std::optional<Setting> as, kernel;
  std::optional<std::vector<Setting>> caps;
  std::vector<Setting> archs;
  bool any_upper_half = false;
  std::vector<Expectation> expectations;
};

// Every document of a YAML file. What is wrong is diagnosed; then nothing.
std::optional<std::vector<Test>> read_tests(const base::SourceFile& file, base::Diagnostics& diagnostics);

struct Result {
  const Expectation* expectation = nullptr;
  bool holds = false;
  std::string message;                  // "expected ALLOW, got ERRNO(1) on x86_64: socket(…)"
  std::optional<policy::Call> witness;  // of one that does not hold
};
// The policy of another profile; nothing if it cannot be had (then the expectation is left out).
using Load = std::function<std::optional<policy::Policy>(const Expectation&)>;
// What does not hold goes to `failures`, what cannot be read (a call that no architecture has) to `diagnostics`.
std::vector<Result> run(const Test& test, const policy::Policy& policy, const std::vector<arch::Arch>& archs,
                        const Load& load, base::Diagnostics& failures, base::Diagnostics& diagnostics);

}  // namespace callgate::expect
