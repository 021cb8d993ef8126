// Raw filter records and C: compiled, and proved equal before anyone gets them. Records are read by taking the program
// apart into the policy it is; C is not read.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>

#include "bpf/assembly.h"
#include "bpf/check.h"
#include "bpf/program.h"
#include "compile/compile.h"
#include "convert/diagnostic_ids.h"
#include "convert/formats.h"
#include "prove/decompile.h"
#include "prove/prove.h"
#include "syntax/words.h"

namespace callgate::convert {

namespace {

base::Result<bpf::Program> proved_program(const policy::Policy& policy) {
  CALLGATE_TRY(compile::Compiled compiled, compile::compile(policy));
  const prove::Outcome outcome = prove::prove(policy, compiled.program);
  if (outcome.verdict != prove::Verdict::equal)
    return base::fail(base::ErrorCode::internal,
                      outcome.verdict == prove::Verdict::undecided
                          ? fmt::format("the filter could not be proved equal to the profile: {}", outcome.why)
                          : std::string("the filter differs from the profile"));
  return std::move(compiled.program);
}

bool sniff_records(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

std::optional<Reading> read_records(const base::SourceFile& file, const ReadContext& context,
                                    base::Diagnostics& diagnostics) {
  const auto program = bpf::from_bytes(file, context.swap_bytes, diagnostics);
  if (!program) return std::nullopt;
  if (const auto failure = bpf::check(*program)) {
    diagnostics.add({failure->number, base::Severity::error, {}}, {},
                    fmt::format("{}: instruction {}: {}", file.name(), failure->insn, failure->message));
    return std::nullopt;
  }
  auto policy = prove::decompile(*program);
  if (!policy) {
    diagnostics.add(kNotDecompiled, {}, fmt::format("{}: {}", file.name(), policy.error().message),
                    "callgate disasm shows the program");
    return std::nullopt;
  }
  Reading reading;
  reading.profile.policy = std::move(*policy);
  return reading;
}

base::Result<Written> write_records(const Source& source, const WriteOptions& options) {
  CALLGATE_TRY(const bpf::Program program, proved_program(source.policy()));
  const bool swap = options.little_endian != (std::endian::native == std::endian::little);
  return Written{bpf::to_bytes(program, swap), source.policy()};
}

base::Result<Written> write_c(const Source& source, const WriteOptions&) {
  CALLGATE_TRY(const bpf::Program program, proved_program(source.policy()));
  std::string text =
      "// A seccomp filter, proved equal to the profile it was made from. Load it with seccomp(2) or prctl(2):\n"
      "// struct sock_fprog prog = {sizeof(callgate_filter) / sizeof(callgate_filter[0]), callgate_filter};\n"
      "#pragma once\n\n#include <linux/filter.h>\n#include <linux/seccomp.h>\n\n";
  text += bpf::to_c(program, syntax::listing_names(), "callgate_filter");
  return Written{std::move(text), source.policy()};
}

std::string_view why_of(int loss) {
  switch (loss) {
    case kLostFlags.number:
      return "flags are arguments of seccomp(2), not part of a filter";
    case kLostListener.number:
      return "a filter knows no agent";
    case kLostComments.number:
      return "instructions have no place for the profile's comments";
    default:
      return {};
  }
}

}  // namespace

constinit const Format kBpf{"bpf",        "raw filter records", ".bpf", true, sniff_records,
                            read_records, write_records,        why_of, {}};
constinit const Format kC{"c", "C header", ".h", false, nullptr, nullptr, write_c, why_of, {}};

}  // namespace callgate::convert
