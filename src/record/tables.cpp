// SPDX-License-Identifier: Apache-2.0
#include "record/tables.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <tuple>

#include "arch/calls.h"
#include "record/kept.h"

namespace callgate::record {

namespace {

using recording::Argument;
using recording::Call;
using recording::Phase;

constexpr arch::AuditArch audit_of(bool compat) {
  return compat ? 0x40000003 : 0xc000003e;
}

template <std::size_t N>
std::string text_of(const char (&text)[N]) {
  return {text, strnlen(text, N)};
}

recording::First first_of(const recorder_first& first, std::uint64_t since_ns) {
  return {first.ns > since_ns ? first.ns - since_ns : 0,
          first.pid,
          first.tid,
          first.image,
          static_cast<Phase>(std::min<unsigned>(first.phase, RECORDER_PHASES - 1)),
          text_of(first.comm)};
}

std::array<bool, recording::kPhaseCount> phases_of(std::uint32_t mask) {
  std::array<bool, recording::kPhaseCount> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (mask >> i & 1) != 0;
  return out;
}

static_assert(recording::kPhaseCount == RECORDER_PHASES);

using ValuesByCell = std::map<std::uint32_t, std::vector<std::uint64_t>>;

std::vector<Argument> arguments_of(const recorder_tables& tables, const ValuesByCell& values, std::size_t index) {
  std::vector<Argument> out;
  const bool compat = index >= RECORDER_NUMBERS;
  const std::uint32_t kept = kept_arguments(compat ? arch::Arch::x86 : arch::Arch::x86_64,
                                            static_cast<arch::SyscallNr>(index % RECORDER_NUMBERS));
  for (std::size_t place = 0; place < RECORDER_ARGS; ++place)
    for (std::size_t phase = 0; phase < RECORDER_PHASES; ++phase) {
      const std::size_t cell = (phase * RECORDER_CALLS + index) * RECORDER_ARGS + place;
      if (tables.distinct[cell] == 0) continue;
      Argument argument;
      argument.place = static_cast<std::uint8_t>(place);
      argument.phase = static_cast<Phase>(phase);
      if (const auto found = values.find(static_cast<std::uint32_t>(cell)); found != values.end())
        argument.values = found->second;
      std::ranges::sort(argument.values);
      argument.any = tables.distinct[cell] > RECORDER_MOST_VALUES || argument.values.size() > recording::kMostValues;
      if (argument.any) argument.values.clear();
      if ((tables.ones[cell] | tables.zeros[cell]) != 0) {
        const bool narrow = compat || (kept >> (RECORDER_NARROW_SHIFT + place) & 1) != 0;
        argument.ever_set = tables.ones[cell];
        argument.ever_clear = tables.zeros[cell] & (narrow ? 0xffffffffU : ~std::uint64_t{0});
      }
      out.push_back(std::move(argument));
    }
  return out;
}

void add_calls(const Tables& in, std::uint64_t since_ns, recording::Run& run) {
  const recorder_tables& tables = *in.tables;
  ValuesByCell values;
  for (const recorder_value_key& key : in.values) values[key.cell].push_back(key.value);
  for (std::size_t index = 0; index < RECORDER_CALLS; ++index) {
    if (tables.first[index].taken == 0) continue;
    Call call;
    call.audit = audit_of(index >= RECORDER_NUMBERS);
    call.nr = static_cast<arch::SyscallNr>(index % RECORDER_NUMBERS);
    for (std::size_t phase = 0; phase < RECORDER_PHASES; ++phase) {
      call.counts[phase] = in.counts[phase * RECORDER_CALLS + index];
      for (std::uint32_t image = 0; image < RECORDER_IMAGES; ++image) {
        if (tables.seen[image][phase][index] == 0) continue;
        call.seen[phase] = true;
        if (std::ranges::find(call.images, image) == call.images.end()) call.images.push_back(image);
      }
    }
    std::ranges::sort(call.images);
    if (tables.denied[index].seen != 0) call.denied = tables.denied[index].result;
    call.namespaces = tables.namespaces[index] != 0;
    call.first = first_of(tables.first[index], since_ns);
    call.arguments = arguments_of(tables, values, index);
    run.calls.push_back(std::move(call));
  }
}

void add_odd_numbers(const Tables& in, std::uint64_t since_ns, recording::Run& run) {
  for (const OddNumber& odd : in.odd_numbers) {
    Call call;
    call.audit = audit_of(odd.key.compat != 0);
    call.nr = odd.key.nr;
    call.first = first_of(odd.seen.first, since_ns);
    call.seen = phases_of(odd.seen.phases);
    call.counts[static_cast<std::size_t>(call.first.phase)] = odd.seen.count;
    call.images = {call.first.image};
    if (odd.seen.denied != 0) call.denied = 0;
    run.calls.push_back(std::move(call));
  }
}

// A call that was made by the vsyscall page only is added; one that was made otherwise, too, stays as it is.
void add_vsyscalls(const recorder_tables& tables, recording::Run& run) {
  constexpr std::array<std::string_view, 3> kNames{"gettimeofday", "time", "getcpu"};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (tables.vsyscalls[i] == 0) continue;
    const auto nr = arch::number(arch::Arch::x86_64, kNames[i]);
    const bool known = std::ranges::any_of(
        run.calls, [&](const Call& call) { return call.audit == audit_of(false) && call.nr == nr; });
    if (!nr || known) continue;
    Call call;
    call.audit = audit_of(false);
    call.nr = *nr;
    call.vsyscall = true;
    call.seen = phases_of(tables.vsyscalls[i]);
    call.images = {0};
    run.calls.push_back(std::move(call));
  }
}

void add_images(const recorder_tables& tables, std::uint64_t since_ns, recording::Run& run) {
  for (std::uint32_t i = 1; i < RECORDER_IMAGES && i <= tables.images; ++i) {
    const recorder_image& image = tables.image[i];
    run.images.push_back({i, text_of(image.path), text_of(image.script), "",
                          image.first_ns > since_ns ? image.first_ns - since_ns : 0, image.parent});
  }
}

}  // namespace

void to_run(const Tables& in, std::uint64_t since_ns, recording::Run& run) {
  const recorder_tables& tables = *in.tables;
  add_calls(in, since_ns, run);
  add_odd_numbers(in, since_ns, run);
  add_vsyscalls(tables, run);
  std::ranges::sort(run.calls, {}, [](const Call& call) { return std::pair(call.audit, call.nr); });
  add_images(tables, since_ns, run);
  for (const AskedCapability& asked : in.capabilities) {
    recording::Capability capability{asked.key.capability, asked.key.denied == 0, {}, first_of(asked.first, since_ns)};
    if (asked.key.call < RECORDER_CALLS)
      capability.call = {audit_of(asked.key.call >= RECORDER_NUMBERS), asked.key.call % RECORDER_NUMBERS};
    run.capabilities.push_back(std::move(capability));
  }
  std::ranges::sort(run.capabilities, {},
                    [](const recording::Capability& c) { return std::tuple(c.number, c.granted, c.call); });
  for (std::size_t i = 0; i < RECORDER_URING_OPS; ++i)
    if (tables.uring_ops[i] != 0) run.uring.push_back({static_cast<std::uint8_t>(i), phases_of(tables.uring_ops[i])});
  for (std::size_t index = 0; index < RECORDER_CALLS; ++index)
    for (const bool filtered : {false, true})
      if (tables.runtime[filtered ? 1 : 0][index] != 0)
        run.runtime.push_back(
            {audit_of(index >= RECORDER_NUMBERS), static_cast<arch::SyscallNr>(index % RECORDER_NUMBERS), filtered});
  std::ranges::sort(run.runtime, {},
                    [](const recording::RuntimeCall& c) { return std::tuple(c.audit, c.nr, c.filtered); });
  run.tasks = tables.tasks - tables.runtime_tasks;
  run.overflow = {{"images", tables.lost.images}, {"values", tables.lost.values}, {"servers", tables.lost.servers}};
  run.losses = {{"tasks", tables.lost.tasks + tables.with_others},
                {"odd_numbers", tables.lost.odd_numbers},
                {"capabilities", tables.lost.capabilities},
                {"missed", in.missed}};
}

}  // namespace callgate::record
