// SPDX-License-Identifier: Apache-2.0
#include "scan/kept_answer.h"

#include <algorithm>

#include "scan/packed.h"

namespace callgate::scan {

namespace {

Digest name_of(const Cache& cache, const std::string& path, const Options& options) {
  Packer out;
  out.text(path);
  out.number((options.arguments ? 1U : 0U) | (options.chains ? 2U : 0U));
  out.number(static_cast<std::uint64_t>(options.after));
  std::set<Assumption> assumed(options.assume.begin(), options.assume.end());
  out.number(assumed.size());
  for (const Assumption a : assumed) out.number(static_cast<std::uint64_t>(a));
  return cache.name_of("answer", out.take());
}

void pack_call(Packer& out, const Call& call) {
  out.number(call.nr);
  out.number(call.assumed ? static_cast<std::uint64_t>(*call.assumed) + 1 : 0);
  out.number(call.arguments.size());
  for (const Argument& a : call.arguments) {
    out.number(a.index);
    out.number(a.values.size());
    for (const std::uint32_t v : a.values) out.number(v);
  }
  out.number(call.chain.size());
  for (const Step& step : call.chain) out.text(step.where), out.text(step.how);
}

std::optional<Assumption> unpack_assumed(Unpacker& in) {
  const std::uint64_t which = in.below(assumptions().size() + 1);
  return which == 0 ? std::nullopt : std::optional(static_cast<Assumption>(which - 1));
}

Call unpack_call(Unpacker& in) {
  constexpr std::uint64_t k32Bits = std::uint64_t{1} << 32;
  Call out;
  out.nr = static_cast<std::uint32_t>(in.below(k32Bits));
  out.assumed = unpack_assumed(in);
  out.arguments.resize(in.count(2));
  for (Argument& a : out.arguments) {
    a.index = static_cast<std::uint8_t>(in.below(6));
    a.values.resize(in.count());
    for (std::uint32_t& v : a.values) v = static_cast<std::uint32_t>(in.below(k32Bits));
  }
  out.chain.resize(in.count(2));
  for (Step& step : out.chain) step.where = in.text(), step.how = in.text();
  return out;
}

}  // namespace

std::string pack_answer(const Answer& answer) {
  Packer out;
  for (const std::string* const each : {&answer.path, &answer.build_id, &answer.script_interpreter}) out.text(*each);
  out.number(static_cast<std::uint64_t>(answer.arch));
  out.number(static_cast<std::uint64_t>(answer.after));
  out.number(answer.whole_life ? 1 : 0);
  out.text(answer.after_note);
  out.number(answer.libraries.size());
  for (const std::string& each : answer.libraries) out.text(each);
  out.number(answer.calls.size());
  for (const Call& call : answer.calls) pack_call(out, call);
  out.number(answer.unresolved.size());
  for (const Unresolved& u : answer.unresolved) {
    out.number(static_cast<std::uint64_t>(u.kind));
    out.text(u.where);
    out.text(u.why);
  }
  out.number(answer.assumed.size());
  for (const Assumption a : answer.assumed) out.number(static_cast<std::uint64_t>(a) + 1);
  return out.take();
}

std::optional<Answer> unpack_answer(std::string_view bytes) {
  Unpacker in(bytes);
  Answer out;
  for (std::string* const each : {&out.path, &out.build_id, &out.script_interpreter}) *each = in.text();
  out.arch = static_cast<arch::Arch>(in.below(arch::kArchCount));
  out.after = static_cast<Point>(in.below(static_cast<std::uint64_t>(Point::pid) + 1));
  out.whole_life = in.below(2) != 0;
  out.after_note = in.text();
  out.libraries.resize(in.count());
  for (std::string& each : out.libraries) each = in.text();
  out.calls.resize(in.count(4));
  for (Call& call : out.calls) call = unpack_call(in);
  out.unresolved.resize(in.count(3));
  for (Unresolved& u : out.unresolved) {
    u.kind = static_cast<Trouble>(in.below(static_cast<std::uint64_t>(Trouble::other_entry) + 1));
    u.where = in.text();
    u.why = in.text();
  }
  for (std::size_t left = in.count(); left != 0; --left)
    if (const auto a = unpack_assumed(in)) out.assumed.push_back(*a);
  if (!in.at_end()) return std::nullopt;
  return out;
}

std::optional<Answer> find_answer(Library& library, const std::string& path, const Options& options) {
  const Cache& cache = *library.cache();
  const auto kept = cache.find(name_of(cache, path, options));
  if (!kept) return std::nullopt;
  Unpacker in(*kept);
  for (std::size_t left = in.count(33); left != 0; --left) {
    const std::string file = in.text(), digest = in.text();
    const Digest now = library.digest(file);
    if (!std::equal(now.begin(), now.end(), digest.begin(), digest.end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }))
      return std::nullopt;
  }
  const std::string answer = in.text();
  return in.at_end() ? unpack_answer(answer) : std::nullopt;
}

void keep_answer(const Cache& cache, const std::map<std::string, Digest>& asked, const Options& options,
                 const std::string& path, const Answer& answer) {
  Packer out;
  out.number(asked.size());
  for (const auto& [file, digest] : asked) {
    out.text(file);
    out.text({reinterpret_cast<const char*>(digest.data()), digest.size()});
  }
  out.text(pack_answer(answer));
  cache.keep(name_of(cache, path, options), out.take());
}

}  // namespace callgate::scan
