// SPDX-License-Identifier: Apache-2.0
#include "scan/opens.h"

#include <fmt/format.h>

#include <algorithm>

namespace callgate::scan {

namespace {

struct Entry {
  std::string_view function;
  Trouble kind;
  std::uint8_t parameter;  // that holds the name, from 0
};
constexpr std::array<Entry, 4> kEntries{{{"dlopen", Trouble::dlopen, 0},
                                         {"dlmopen", Trouble::dlopen, 1},
                                         {"dlsym", Trouble::dlsym, 1},
                                         {"dlvsym", Trouble::dlsym, 1}}};

class Finder {
 public:
  Finder(const Link& link, const Reach& reach, Numbers& numbers, const Options& options, Config& config)
      : link_(link), reach_(reach), numbers_(numbers), options_(options), config_(config) {}

  Opens run() {
    for (std::uint32_t m = 0; m < link_.module_count(); ++m) {
      by_slots(m);
      // A static program has its C library, and maybe a loader, in itself.
      if (defines(m, "dlopen") || !link_.program().loader) by_texts(m);
    }
    return std::move(out_);
  }

 private:
  bool defines(std::uint32_t m, std::string_view name) const {
    const auto& symbols = link_.module(m).file.dynamic_symbols;
    return std::any_of(symbols.begin(), symbols.end(),
                       [&](const elf::Symbol& s) { return s.defined && s.name == name; });
  }

  void trouble(Trouble kind, Assumption accepted, std::string where, std::string why) {
    if (!options_.assumes(accepted)) {
      out_.unresolved.push_back({kind, std::move(where), std::move(why)});
      return;
    }
    assume(accepted);
  }

  void assume(Assumption a) {
    if (std::find(out_.assumed.begin(), out_.assumed.end(), a) == out_.assumed.end()) out_.assumed.push_back(a);
  }

  // What is named somewhere is all that is opened.
  void take(Trouble kind, Assumption accepted, const Named& named, const std::string& by) {
    assume(accepted);
    for (const std::string& each : named.libraries) out_.libraries.push_back({each, by, accepted});
    for (const Named::Problem& p : named.problems)
      out_.unresolved.push_back({kind, p.where, fmt::format("{}: {}", name(accepted), p.why)});
  }

  // Calls through the pointers that the loader fills with dlopen and its kin.
  void by_slots(std::uint32_t m) {
    const Module& module = link_.module(m);
    std::map<Address, const Entry*> slots;
    for (const Slot& slot : module.slots)
      for (const Entry& e : kEntries)
        if (module.file.dynamic_symbols[slot.symbol].name == e.function) slots[slot.place] = &e;
    if (slots.empty()) return;
    for (const Node n : reach_.nodes()) {
      if (n.module != m) continue;
      for (const Ref& r : module.refs_of(link_.function(n))) {
        const auto found = slots.find(r.to);
        if (found == slots.end() || !reach_.runs(n, r.from)) continue;
        if (r.kind == RefKind::call_slot || r.kind == RefKind::jump_slot)
          at_call(n, r.from, *found->second);
        else if (r.kind == RefKind::memory)
          give_up(n, r.from, *found->second, "its address is taken");
      }
    }
  }

  void give_up(Node n, Address from, const Entry& e, const std::string& why) {
    const Module& module = link_.module(n.module);
    // What libpam looks up is of the modules that it has opened, and all that those export counts.
    if (module.file.dynamic.soname.starts_with("libpam.so.")) {
      if (options_.assumes(Assumption::no_pam)) return assume(Assumption::no_pam);
      if (options_.assumes(Assumption::pam_config))
        return take(Trouble::dlopen, Assumption::pam_config, config_.pam(module), module.path);
    }
    if (e.kind == Trouble::dlopen && !module.file.dlopen_notes.empty() && options_.assumes(Assumption::dlopen_notes))
      return take(e.kind, Assumption::dlopen_notes, noted_libraries(module), module.path);
    trouble(e.kind, e.kind == Trouble::dlopen ? Assumption::no_dlopen : Assumption::no_dlsym, place_name(module, from),
            fmt::format("{}: {}", e.function, why));
  }

  void at_call(Node n, Address from, const Entry& e) {
    const Findings all = numbers_.find(n, from, link_.module(n.module).machine->parameters[e.parameter]);
    for (const Settled& s : all.settled) {
      if (s.value.kind == Value::Kind::constant && s.value.place == 0 && e.kind == Trouble::dlopen) continue;  // itself
      const Module& module = link_.module(s.value.node.module);
      const std::string_view text = module.file.text_at(static_cast<Address>(s.value.place));
      const elf::Segment* const segment = module.file.segment_of(static_cast<Address>(s.value.place));
      const bool known = s.value.kind == Value::Kind::address || module.file.position_dependent;
      if (!known || text.empty() || segment == nullptr || segment->writable)
        give_up(n, from, e, "its name is not a constant");
      else if (e.kind == Trouble::dlopen)
        out_.libraries.push_back({std::string(text), link_.module(n.module).path, std::nullopt});
      else
        out_.symbols.emplace_back(std::string(text), n);
    }
    for (const std::string& why : all.unknown) give_up(n, from, e, why);
    if (all.settled.empty() && all.unknown.empty()) give_up(n, from, e, "its name is not known");
  }

  // A C library opens others by functions of its own, which have no names; what it opens is told by the texts that
  // its reached code names.
  void by_texts(std::uint32_t m) {
    const Module& module = link_.module(m);
    for (const Node n : reach_.nodes()) {
      if (n.module != m) continue;
      for (const Ref& r : module.refs_of(link_.function(n))) {
        if (r.kind != RefKind::address || module.is_code(r.to) || !reach_.runs(n, r.from)) continue;
        const std::string_view text = module.file.text_at(r.to);
        if (text.starts_with("libnss_%s"))
          name_service(module, r.from);
        else if (text == "/etc/ld.so.cache" && !link_.program().loader)
          trouble(Trouble::dlopen, Assumption::no_dlopen, place_name(module, r.from),
                  "the loader inside of a static program may open libraries");
        else if (text == "gconv_init")
          converters(module, r.from);
        // The C library names itself and its loader only to compare.
        else if (text.starts_with("lib") && !text.starts_with("libc.so") &&
                 text.find(".so") != std::string_view::npos && text.find_first_of(" %\n") == std::string_view::npos)
          out_.libraries.push_back({std::string(text), module.path, std::nullopt});
      }
    }
  }

  void name_service(const Module& module, Address from) {
    if (options_.assumes(Assumption::nss_config))
      return take(Trouble::nss, Assumption::nss_config, config_.name_services(), module.path);
    trouble(Trouble::nss, Assumption::nss_config, place_name(module, from),
            "which name services are used is decided by /etc/nsswitch.conf when the program runs");
  }

  void converters(const Module& module, Address from) {
    if (!options_.assumes(Assumption::no_gconv) && options_.assumes(Assumption::gconv_config))
      return take(Trouble::gconv, Assumption::gconv_config, config_.gconv(module), module.path);
    trouble(Trouble::gconv, Assumption::no_gconv, place_name(module, from),
            "a module for a character set may be loaded");
  }

  const Link& link_;
  const Reach& reach_;
  Numbers& numbers_;
  const Options& options_;
  Config& config_;
  Opens out_;
};

}  // namespace

std::string place_name(const Module& module, Address a) {
  return fmt::format("{}: {}", module.path.substr(module.path.rfind('/') + 1), module.describe(a));
}

Opens find_opens(const Link& link, const Reach& reach, Numbers& numbers, const Options& options, Config& config) {
  return Finder(link, reach, numbers, options, config).run();
}

}  // namespace callgate::scan
