// SPDX-License-Identifier: Apache-2.0
#include "scan/summary.h"

#include <algorithm>

#include "scan/packed.h"

namespace callgate::scan {

namespace {

enum Flag : std::uint8_t {
  kFramed = 1,
  kReturns = 2,
  kIndirectJump = 4,
  kHandlers = 8,
  kUndecodable = 16,
  kUnresolvedJump = 32
};

std::uint8_t flags_of(const Function& f) {
  return static_cast<std::uint8_t>((f.framed ? kFramed : 0) | (f.returns ? kReturns : 0) |
                                   (f.indirect_jump ? kIndirectJump : 0) | (f.handlers ? kHandlers : 0) |
                                   (f.undecodable ? kUndecodable : 0) | (f.unresolved_jump ? kUnresolvedJump : 0));
}

void pack_addresses(Packer& out, const std::vector<Address>& all) {
  out.number(all.size());
  Address last = 0;
  for (const Address a : all) out.difference(a, last), last = a;
}

std::vector<Address> unpack_addresses(Unpacker& in) {
  std::vector<Address> out(in.count());
  Address last = 0;
  for (Address& a : out) last = a = in.difference(last);
  return out;
}

void unpack_functions(Unpacker& in, std::vector<Function>& out) {
  out.resize(in.count(5));
  Address last = 0;
  std::uint64_t refs = 0, sites = 0;
  for (Function& f : out) {
    f.code.begin = in.difference(last);
    f.code.end = last = f.code.begin + in.number();
    f.refs_begin = static_cast<std::uint32_t>(refs);
    f.refs_end = static_cast<std::uint32_t>(refs += in.below(std::uint64_t{1} << 28));
    f.sites_begin = static_cast<std::uint32_t>(sites);
    f.sites_end = static_cast<std::uint32_t>(sites += in.below(std::uint64_t{1} << 28));
    const std::uint64_t flags = in.below(64);
    f.framed = (flags & kFramed) != 0;
    f.returns = (flags & kReturns) != 0;
    f.indirect_jump = (flags & kIndirectJump) != 0;
    f.handlers = (flags & kHandlers) != 0;
    f.undecodable = (flags & kUndecodable) != 0;
    f.unresolved_jump = (flags & kUnresolvedJump) != 0;
  }
}

// Functions lie in code, by address, apart from each other, and their references are all there.
bool is_sound(const Module& shell, const std::vector<Function>& functions, std::size_t refs, std::size_t sites) {
  Address last = 0;
  std::uint64_t have_refs = 0, have_sites = 0;
  for (const Function& f : functions) {
    if (f.code.empty() || f.code.begin < last || !shell.is_code(f.code.begin) || !shell.is_code(f.code.end - 1))
      return false;
    last = f.code.end;
    have_refs += f.refs_end - f.refs_begin;
    have_sites += f.sites_end - f.sites_begin;
  }
  return have_refs == refs && have_sites == sites;
}

}  // namespace

std::string pack_summary(const Module& module) {
  Packer out;
  out.number(module.all_code_counts ? 1 : 0);
  out.number(module.sweep_defects.size());
  for (const std::string& each : module.sweep_defects) out.text(each);
  // Functions are cut from the whole lists in their own order, whatever order these were made in.
  out.number(module.functions.size());
  Address last = 0;
  std::size_t refs = 0, sites = 0;
  for (const Function& f : module.functions) {
    out.difference(f.code.begin, last);
    out.number(f.code.end - f.code.begin);
    out.number(f.refs_end - f.refs_begin);
    out.number(f.sites_end - f.sites_begin);
    out.number(flags_of(f));
    last = f.code.end;
    refs += f.refs_end - f.refs_begin;
    sites += f.sites_end - f.sites_begin;
  }
  out.number(refs);
  for (const Function& f : module.functions) {
    Address from = f.code.begin;
    for (const Ref& r : module.refs_of(f)) {
      out.difference(r.from, from);
      out.difference(r.to, r.from);
      out.number(static_cast<std::uint64_t>(r.kind));
      from = r.from;
    }
  }
  out.number(sites);
  for (const Function& f : module.functions)
    for (const Site& s : module.sites_of(f)) {
      out.difference(s.address, f.code.begin);
      out.number(static_cast<std::uint64_t>(s.kind));
      out.number(s.number);
    }
  pack_addresses(out, module.data_refs);
  pack_addresses(out, module.pointers);
  return out.take();
}

bool unpack_summary(std::string_view bytes, Module& module) {
  Unpacker in(bytes);
  const bool all_code_counts = in.below(2) != 0;
  std::vector<std::string> defects(in.count());
  for (std::string& each : defects) each = in.text();
  std::vector<Function> functions;
  unpack_functions(in, functions);
  std::vector<Ref> refs(in.count(3));
  if (!in.ok()) return false;
  for (const Function& f : functions) {
    if (f.refs_end > refs.size()) return false;
    Address from = f.code.begin;
    for (std::uint32_t i = f.refs_begin; i < f.refs_end; ++i) {
      refs[i].from = from = in.difference(from);
      refs[i].to = in.difference(from);
      refs[i].kind = static_cast<RefKind>(in.below(static_cast<std::uint64_t>(RefKind::memory) + 1));
    }
  }
  std::vector<Site> sites(in.count(3));
  if (!in.ok()) return false;
  for (const Function& f : functions) {
    if (f.sites_end > sites.size()) return false;
    for (std::uint32_t i = f.sites_begin; i < f.sites_end; ++i) {
      sites[i].address = in.difference(f.code.begin);
      sites[i].kind = static_cast<SiteKind>(in.below(static_cast<std::uint64_t>(SiteKind::vsyscall) + 1));
      sites[i].number = static_cast<std::uint32_t>(in.below(std::uint64_t{1} << 32));
    }
  }
  std::vector<Address> data_refs = unpack_addresses(in), pointers = unpack_addresses(in);
  if (!in.at_end() || !std::is_sorted(data_refs.begin(), data_refs.end()) ||
      !std::is_sorted(pointers.begin(), pointers.end()) || !is_sound(module, functions, refs.size(), sites.size()))
    return false;
  module.all_code_counts = all_code_counts;
  module.sweep_defects = std::move(defects);
  module.functions = std::move(functions);
  module.refs = std::move(refs);
  module.sites = std::move(sites);
  module.data_refs = std::move(data_refs);
  module.pointers = std::move(pointers);
  return true;
}

}  // namespace callgate::scan
