// What the tests of text formats share: reading a text, asking what it answers, and writing it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>

#include "convert/convert.h"
#include "policy/builder.h"
#include "unit/policy/random_decision.h"

namespace callgate::convert::test {

struct Text {
  explicit Text(const Format& format, std::string text, arch::Arch machine = arch::Arch::x86_64,
                std::map<std::string, std::string> others = {})
      : file("file", std::move(text)), arch(machine) {
    for (auto& [name, content] : others) included[name] = std::make_unique<base::SourceFile>(name, content);
    ReadContext context;
    context.options.native = machine;
    context.open = [this](const std::string& name) -> const base::SourceFile* {
      const auto found = included.find(name);
      return found == included.end() ? nullptr : found->second.get();
    };
    reading = format.read(file, context, findings);
  }
  policy::Action answer(std::string_view call, std::array<std::uint64_t, 6> args = {}) const {
    return number(arch::number(arch, call).value(), args);
  }
  policy::Action number(policy::SyscallNr nr, std::array<std::uint64_t, 6> args = {}) const {
    return policy::evaluate(reading.value().profile.policy, {arch::info(arch).audit, nr, args});
  }
  std::string messages() const { return base::render_text(findings, false); }

  base::SourceFile file;
  arch::Arch arch;
  std::map<std::string, std::unique_ptr<base::SourceFile>> included;
  base::Diagnostics findings;
  std::optional<Reading> reading;
};

struct Case {
  std::string_view text, call;
  policy::Action action;
};

inline void expect_answers(const Format& format, std::span<const Case> cases, std::string_view prefix) {
  for (const Case& one : cases) {
    const Text text(format, std::string(prefix) + std::string(one.text));
    ASSERT_TRUE(text.reading) << one.text << "\n" << text.messages();
    EXPECT_EQ(text.answer(one.call), one.action) << one.text << " " << one.call;
  }
}

inline policy::Action of(const Text& text, arch::Arch arch, std::string_view call,
                         std::array<std::uint64_t, 6> args = {}) {
  const policy::Call made{arch::info(arch).audit, arch::number(arch, call).value(), args};
  return policy::evaluate(text.reading.value().profile.policy, made);
}

inline Conversion convert(const Reading& reading, const Format& to, arch::Arch arch = arch::Arch::x86_64) {
  WriteOptions options;
  options.native = arch;
  auto written = write(reading, to, options);
  if (!written) {
    ADD_FAILURE() << written.error().message;
    return {};
  }
  return std::move(*written);
}

inline std::string losses(const Conversion& conversion) {
  std::string out;
  for (const Loss& loss : conversion.losses) out += loss.message + "\n";
  return out;
}

// A profile for one architecture whose calls get random decisions, with or without conditions.
inline Reading random_profile(std::mt19937_64& rng, bool conditions, std::span<const policy::Action> actions,
                              policy::Action fallback, policy::Action other, arch::Arch arch = arch::Arch::x86_64) {
  policy::Builder builder(other);
  const arch::ArchInfo& info = arch::info(arch);
  builder.arch(info.audit, fallback);
  const auto table = arch::table(arch);
  for (std::size_t calls = rng() % 30; calls > 0; --calls) {
    policy::Decision decision{{}, actions[rng() % actions.size()]};
    if (conditions && rng() % 2 == 0) {
      decision = policy::test::random_decision(rng);
      decision.otherwise = actions[rng() % actions.size()];
      for (policy::Clause& clause : decision.clauses) clause.action = actions[rng() % actions.size()];
    }
    builder.call(info.audit, table[rng() % table.size()].nr, policy::simplify(std::move(decision)));
  }
  Reading reading;
  reading.profile.policy = builder.finish();
  reading.profile.default_action = fallback;
  reading.profile.architectures = {arch};
  return reading;
}

}  // namespace callgate::convert::test
