// SPDX-License-Identifier: Apache-2.0
#include "syntax/regions.h"

#include <fmt/format.h>

#include <algorithm>

#include "arch/calls.h"
#include "syntax/words.h"

namespace callgate::syntax {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

class ArgWords {
 public:
  ArgWords(policy::AuditArch audit, policy::SyscallNr nr, unsigned arg) : prototype_(argument(audit, nr, arg)) {
    const auto which = arch::of_call(audit, nr);
    wide_ = !which || arch::info(*which).arg_bits == 64;
    name_ = prototype_ ? std::string(prototype_->name) : fmt::format("argument {}", arg);
  }

  std::string describe(const policy::ArgSet& set) const { return set.is_plain() ? plain(set) : masked(set); }

 private:
  std::string value(std::uint64_t v) const {
    return prototype_ && !prototype_->set.empty() ? describe_argument(&*prototype_, v) : number(v);
  }
  // Ends of ranges are numbers: between two names a reader would look for a list.
  static std::string number(std::uint64_t v) {
    constexpr std::uint64_t kSmall = 100000;
    return v < kSmall ? fmt::format("{}", v) : fmt::format("{:#x}", v);
  }

  std::string interval(const policy::Interval& i, std::uint64_t most) const {
    if (i.first == i.last) return value(i.first);
    if (i.last == most) return fmt::format("≥ {}", number(i.first));
    if (i.first == 0) return fmt::format("≤ {}", number(i.last));
    return fmt::format("{}…{}", number(i.first), number(i.last));
  }

  std::string list(const std::vector<std::string>& words) const { return fmt::format("{}", fmt::join(words, ", ")); }

  std::string plain(const policy::ArgSet& set) const {
    // All but a few values reads best as what is left out.
    constexpr std::uint64_t kFew = 8;
    const std::uint64_t most = set.low_word ? kAll >> 32 : kAll;
    const std::string name = set.low_word && wide_ ? fmt::format("low word of {}", name_) : name_;
    std::vector<std::string> words, gaps;
    std::uint64_t next = 0;
    for (const policy::Interval& i : set.intervals) {
      for (std::uint64_t v = next; v != i.first && gaps.size() <= kFew; ++v) gaps.push_back(value(v));
      next = i.last + 1;
      words.push_back(interval(i, most));
    }
    const bool few_missing = !set.intervals.empty() && set.intervals.back().last == most && gaps.size() <= kFew;
    if (few_missing && gaps.size() <= words.size()) return fmt::format("{} ≠ {}", name, list(gaps));
    return fmt::format("{} {}", name, list(words));
  }

  std::string masked(const policy::ArgSet& set) const {
    std::vector<std::string> parts;
    if (set.known_mask != 0)
      parts.push_back(fmt::format("({} & {}) = {}", name_, mask(set.known_mask), bits(set.known_bits)));
    for (const policy::MaskedValue& out : set.excluded) {
      if (out.mask == kAll)
        parts.push_back(fmt::format("{} ≠ {}", name_, value(out.value)));
      else
        parts.push_back(fmt::format("({} & {}) ≠ {}", name_, mask(out.mask), bits(out.value)));
    }
    if (set.intervals.size() == 1 && set.intervals[0] != policy::Interval{0, kAll})
      parts.push_back(fmt::format("{} {}", name_, interval(set.intervals[0], kAll)));
    return fmt::format("{}", fmt::join(parts, " and "));
  }
  std::string mask(std::uint64_t m) const { return bits(m); }
  std::string bits(std::uint64_t b) const { return b == 0 ? "0" : value(b); }

  std::optional<arch::ArgPrototype> prototype_;
  std::string name_;
  bool wide_ = true;  // arguments have 64 bits here
};

std::vector<arch::Arch> archs_of(policy::AuditArch audit) {
  const auto all = arch::with_audit(audit);
  return {all.begin(), all.end()};
}

// The numbers of [first, last] that belong to `which`, where one token serves several architectures.
std::optional<std::pair<policy::SyscallNr, policy::SyscallNr>> share(arch::Arch which, bool alone,
                                                                     policy::SyscallNr first, policy::SyscallNr last) {
  if (alone) return std::pair{first, last};
  if (which == arch::Arch::x32) {
    first = std::max(first, arch::kX32Bit);
  } else {
    last = std::min(last, arch::kX32Bit - 1);
  }
  if (first > last) return std::nullopt;
  return std::pair{first, last};
}

class Lister {
 public:
  std::vector<ChangedCall> list(const std::vector<policy::Change>& changes) {
    for (const policy::Change& change : changes) {
      const auto archs = change.is_other ? std::vector<arch::Arch>{} : archs_of(change.audit);
      if (archs.empty()) {
        const std::string name =
            change.is_other ? "every other architecture" : fmt::format("architecture {:#x}", change.audit);
        add(change, name, range_name(change.first, change.last), change.first == 0 && change.last == 0xffffffff,
            change.first, change.last);
      }
      for (const arch::Arch which : archs)
        if (const auto part = share(which, archs.size() == 1, change.first, change.last))
          add_numbers(change, which, part->first, part->second);
    }
    return std::move(out_);
  }

 private:
  static std::string range_name(policy::SyscallNr first, policy::SyscallNr last) {
    if (first == 0 && last == 0xffffffff) return std::string(kEveryCall);
    constexpr policy::SyscallNr kSmall = 100000;
    const auto text = [](policy::SyscallNr nr) {
      return nr < kSmall ? fmt::format("{}", nr) : fmt::format("{:#x}", nr);
    };
    return first == last ? text(first) : fmt::format("{}…{}", text(first), text(last));
  }

  void add_numbers(const policy::Change& change, arch::Arch which, policy::SyscallNr first, policy::SyscallNr last) {
    const std::string arch_name(arch::info(which).name);
    std::uint64_t next = first;
    for (const arch::CallEntry& entry : arch::table(which)) {
      if (entry.nr < next || entry.nr > last) continue;
      if (entry.nr > next) unnamed(change, arch_name, next, entry.nr - 1U);
      add(change, arch_name, std::string(arch::name(entry.name)), true, entry.nr, entry.nr);
      next = std::uint64_t{entry.nr} + 1;
    }
    if (next <= last) unnamed(change, arch_name, next, last);
  }

  void unnamed(const policy::Change& change, const std::string& arch_name, std::uint64_t first, std::uint64_t last) {
    const auto from = static_cast<policy::SyscallNr>(first), to = static_cast<policy::SyscallNr>(last);
    add(change, arch_name, range_name(from, to), false, from, to);
  }

  void add(const policy::Change& change, const std::string& arch_name, const std::string& call, bool named,
           policy::SyscallNr first, policy::SyscallNr last) {
    for (const policy::RegionChange& region : change.regions)
      out_.push_back({arch_name, call, named, first, last, describe_region(change.audit, first, region.args),
                      region.before, region.after, policy::direction(region.before, region.after),
                      policy::Call{change.audit, first, region.witness}});
  }

  std::vector<ChangedCall> out_;
};

}  // namespace

std::string describe_region(policy::AuditArch audit, policy::SyscallNr nr, const std::array<policy::ArgSet, 6>& args) {
  std::string out;
  for (unsigned i = 0; i < args.size(); ++i) {
    if (args[i].is_everything()) continue;
    out += (out.empty() ? "" : " and ") + ArgWords(audit, nr, i).describe(args[i]);
  }
  return out;
}

std::vector<ChangedCall> changed_calls(const std::vector<policy::Change>& changes) {
  return Lister().list(changes);
}

}  // namespace callgate::syntax
