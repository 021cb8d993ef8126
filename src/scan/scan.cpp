// SPDX-License-Identifier: Apache-2.0
#include "scan/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "scan/join.h"
#include "scan/kept_answer.h"
#include "scan/opens.h"
#include "scan/prune.h"
#include "scan/unseen.h"

namespace callgate::scan {

namespace {

// A signal interrupts these, and the kernel goes on with them by restart_syscall.
constexpr std::array<std::string_view, 4> kRestarted{"poll", "nanosleep", "futex", "clock_nanosleep"};
constexpr int kMaxRounds = 40;
// How many programs a thread does before answers are handed on.
constexpr std::size_t kBatchPerJob = 8;

// Relocations that put no code address anywhere, besides those that are followed: TLS offsets, sizes.
bool is_harmless(std::uint32_t type) {
  return type == 0 || type == elf::kCopy || (type >= 16 && type <= 23) || type == 32 || type == 33 || type == 36;
}
bool is_followed(std::uint32_t type) {
  return type == elf::kAbs64 || type == elf::kGlobDat || type == elf::kJumpSlot || type == elf::kRelative ||
         type == elf::kIRelative;
}

class Scanner {
 public:
  Scanner(Library& library, const Options& options, Program program)
      : library_(library), options_(options), program_(std::move(program)), config_(library) {}

  Answer run() {
    for (int round = 0; round < kMaxRounds; ++round) {
      link_ = std::make_unique<Link>(program_);
      analyse();
      if (!open_more()) break;
    }
    narrow();
    describe();
    find_calls();
    kernel_calls();
    order();
    return std::move(answer_);
  }

 private:
  // All that an opened library exports may be asked for.
  void enter_opened() {
    for (std::uint32_t m = 0; m < link_->module_count(); ++m) {
      if (!opened_.contains(link_->module(m).path)) continue;
      for (const elf::Symbol& s : link_->module(m).file.dynamic_symbols)
        if (s.defined && !s.local && link_->module(m).is_code(s.value))
          reach_->add({m, s.value}, {RootKind::opened, {}, s.value, RefKind::call});
    }
    for (const auto& [name, by] : looked_up_)
      for (const Place& p : link_->named(name)) reach_->add(p, {RootKind::by_name, by, 0, RefKind::call});
    reach_->follow();
  }

  // Again without what does not run, by what is assumed.
  void narrow() {
    if (!options_.assumes(Assumption::plain_locks)) return;
    if (std::any_of(kCeilingCalls.begin(), kCeilingCalls.end(), [&](std::string_view f) { return reaches(f); })) return;
    if (!priority_ceilings(*link_, dead_)) return;
    assumed(Assumption::plain_locks);
    analyse();
    opens_ = find_opens(*link_, *reach_, *numbers_, options_, config_);
  }

  bool reaches(std::string_view name) const {
    for (const Place& p : link_->named(name))
      if (const auto n = link_->node_at(p); n && reach_->contains(*n)) return true;
    return false;
  }

  void analyse() {
    reach_ = std::make_unique<Reach>(*link_, options_.assumes(Assumption::data_chunks) ? &library_ : nullptr, &dead_);
    numbers_ = std::make_unique<Numbers>(*link_, *reach_, options_.assumes(Assumption::own_numbers));
    arguments_ = std::make_unique<Arguments>(*program_.modules.front()->machine, *numbers_);
    reach_->run();
    enter_opened();
  }

  // True if something has come up that was not known before.
  bool open_more() {
    Opens opens = find_opens(*link_, *reach_, *numbers_, options_, config_);
    bool more = false;
    for (const auto& [name, node] : opens.symbols) more = looked_up_.emplace(name, Node{}).second || more;
    for (const Opens::Wanted& each : opens.libraries) {
      if (!tried_.insert(each.name).second) continue;
      const std::size_t before = program_.modules.size();
      // A library that is not there cannot be opened now; whoever opens it is told so.
      if (!add_library(library_, program_, each.name, each.by)) continue;
      for (const auto& m : program_.modules)
        if (m->path.substr(m->path.rfind('/') + 1) == each.name.substr(each.name.rfind('/') + 1))
          opened_.insert(m->path);
      for (std::size_t i = before; i < program_.modules.size(); ++i) {
        if (i == before) opened_.insert(program_.modules[i]->path);  // what it needs is bound by symbols
        if (each.assumed) assumed_modules_[program_.modules[i]->path] = *each.assumed;
      }
      more = true;
    }
    opens_ = std::move(opens);
    return more;
  }

  void assumed(Assumption a) {
    if (std::find(answer_.assumed.begin(), answer_.assumed.end(), a) == answer_.assumed.end())
      answer_.assumed.push_back(a);
  }

  void trouble(Trouble kind, std::string where, std::string why, std::optional<Assumption> accepted = {}) {
    if (accepted && options_.assumes(*accepted)) return assumed(*accepted);
    answer_.unresolved.push_back({kind, std::move(where), std::move(why)});
  }

  void describe() {
    answer_.path = program_.path;
    answer_.script_interpreter = program_.script_interpreter;
    answer_.arch = program_.modules.front()->machine->arch;
    answer_.build_id = program_.modules.front()->file.build_id;
    answer_.unresolved = std::move(opens_.unresolved);
    for (const Assumption a : opens_.assumed) assumed(a);
    if (options_.assumes(Assumption::data_chunks)) answer_.assumed.push_back(Assumption::data_chunks);
    for (std::size_t i = 1; i < program_.modules.size(); ++i) answer_.libraries.push_back(program_.modules[i]->path);
    for (const Missing& each : program_.missing)
      trouble(Trouble::missing_library, each.name, fmt::format("needed by {}: {}", each.needed_by, each.why),
              Assumption::no_missing);
    if (!program_.script_interpreter.empty())
      trouble(Trouble::script, program_.path,
              fmt::format("what {} does is decided by the script", program_.script_interpreter), Assumption::no_script);
    for (const auto& m : program_.modules) {
      for (const auto* defects : {&m->file.defects, &m->sweep_defects})
        for (const std::string& each : *defects) trouble(Trouble::defect, m->path, each);
      const bool entered =
          m == program_.modules.front() || (program_.loader && m == program_.modules[*program_.loader]);
      for (const std::string_view each : unseen_code(*m, entered)) trouble(Trouble::defect, m->path, std::string(each));
      std::set<std::uint32_t> types;
      for (const elf::Relocation& r : m->file.relocations)
        if (!is_followed(r.type) && !is_harmless(r.type)) types.insert(r.type);
      for (const std::uint32_t type : types)
        trouble(Trouble::relocation, m->path, fmt::format("relocations of type {} are not followed", type));
    }
  }

  void add_call(std::uint32_t nr, Node node, Address at, std::optional<Assumption> assumed = {}) {
    if (const auto known = found_.find(nr); known != found_.end() && (!known->second.assumed || assumed)) return;
    Call call;
    call.nr = nr;
    if (options_.chains) call.chain = chain(node, at);
    for (std::optional<Node> n = node; n; n = parent(*n))
      if (const auto a = assumed_modules_.find(link_->module(n->module).path); a != assumed_modules_.end())
        call.assumed = a->second;
    if (assumed) call.assumed = assumed;
    found_.insert_or_assign(nr, std::move(call));
  }

  std::optional<Node> parent(Node n) const {
    const Cause& c = reach_->cause(n);
    return c.root == RootKind::none ? std::optional(c.parent) : std::nullopt;
  }

  void find_calls() {
    for (const Node n : reach_->nodes()) {
      const Module& module = link_->module(n.module);
      if (link_->function(n).undecodable)
        trouble(Trouble::undecodable, place_name(module, link_->function(n).code.begin),
                "control runs into bytes that are no known instruction");
      if (link_->function(n).unresolved_jump)
        trouble(Trouble::undecodable, place_name(module, link_->function(n).code.begin),
                "a jump goes to a computed place, and where is not known");
      for (const Site& site : module.sites_of(link_->function(n)))
        if (reach_->runs(n, site.address)) at_site(n, site);
    }
  }

  void at_site(Node n, const Site& site) {
    const Module& module = link_->module(n.module);
    if (site.kind == SiteKind::vsyscall) return add_call(site.number, n, site.address);
    if (site.kind != SiteKind::syscall)
      return trouble(Trouble::other_entry, place_name(module, site.address),
                     site.kind == SiteKind::int80 ? "int 0x80 makes calls of 32-bit programs"
                                                  : "sysenter makes calls of 32-bit programs");
    const Findings all = numbers_->find(n, site.address, module.machine->call_number);
    if (all.assumed) assumed(Assumption::own_numbers);
    for (const Settled& s : all.settled) {
      if (s.value.kind == Value::Kind::constant && options_.arguments)
        arguments_->site(n, site.address, static_cast<std::uint32_t>(s.value.place));
      if (s.value.kind == Value::Kind::constant)
        add_call(static_cast<std::uint32_t>(s.value.place), s.at, s.from,
                 s.assumed ? std::optional(Assumption::own_numbers) : std::nullopt);
      else
        trouble(Trouble::number, place_name(module, site.address), "an address as a number");
    }
    if (!all.unknown.empty()) {
      std::string why = all.unknown.front();
      if (all.unknown.size() > 1) why += fmt::format(", and {} more", all.unknown.size() - 1);
      trouble(Trouble::number, place_name(module, site.address), std::move(why));
    }
  }

  void kernel_calls() {
    const Machine& machine = *program_.modules.front()->machine;
    const auto add = [&](std::string_view made, std::string_view because) {
      const auto nr = machine.number_of(made), cause = machine.number_of(because);
      if (!nr || !cause || found_.contains(*nr)) return;
      const auto found = found_.find(*cause);
      if (found == found_.end()) return;
      Call call = found->second;
      call.nr = *nr;
      if (options_.chains) call.chain.push_back({"the kernel", "makes the call by itself, after a signal"});
      found_.emplace(*nr, std::move(call));
    };
    add("rt_sigreturn", "rt_sigaction");
    for (const std::string_view each : kRestarted) add("restart_syscall", each);
  }

  void order() {
    for (auto& [nr, call] : found_) {
      if (call.assumed &&
          std::find(answer_.assumed.begin(), answer_.assumed.end(), *call.assumed) == answer_.assumed.end())
        answer_.assumed.push_back(*call.assumed);
      // What could not be decided may make any call with anything.
      if (answer_.closed()) call.arguments = arguments_->of(nr);
      answer_.calls.push_back(std::move(call));
    }
    std::sort(answer_.unresolved.begin(), answer_.unresolved.end(), [](const Unresolved& a, const Unresolved& b) {
      return std::tie(a.kind, a.where, a.why) < std::tie(b.kind, b.where, b.why);
    });
    const auto same = [](const Unresolved& a, const Unresolved& b) {
      return a.kind == b.kind && a.where == b.where && a.why == b.why;
    };
    answer_.unresolved.erase(std::unique(answer_.unresolved.begin(), answer_.unresolved.end(), same),
                             answer_.unresolved.end());
    std::sort(answer_.assumed.begin(), answer_.assumed.end());
  }

  std::vector<Step> chain(Node node, Address at) const {
    std::vector<Step> out;
    out.push_back({place_name(link_->module(node.module), at), "enters the kernel, or calls what does"});
    for (std::optional<Node> n = node; n;) {
      const Cause& c = reach_->cause(*n);
      const Module& module = link_->module(n->module);
      const std::string where = place_name(module, link_->function(*n).code.begin);
      switch (c.root) {
        case RootKind::none:
          out.push_back({where, how(c.kind)});
          break;
        case RootKind::entry:
          out.push_back({where, "is where the kernel enters"});
          break;
        case RootKind::start:
          out.push_back({where, "initialises or finalises the module"});
          break;
        case RootKind::relocation:
          out.push_back({where, fmt::format("is named by a pointer in data, at {:#x}", c.from)});
          break;
        case RootKind::exception:
          out.push_back({where, "handles exceptions"});
          break;
        case RootKind::by_name:
          out.push_back({where, "is looked up by its name"});
          break;
        case RootKind::runtime:
          out.push_back({where, "belongs to a runtime all of whose code counts"});
          break;
        case RootKind::opened:
          out.push_back({where, "is exported by a library that is opened while it runs"});
          break;
      }
      n = parent(*n);
    }
    std::reverse(out.begin(), out.end());
    return out;
  }

  static std::string how(RefKind kind) {
    switch (kind) {
      case RefKind::call:
      case RefKind::call_slot:
        return "is called";
      case RefKind::jump:
      case RefKind::jump_slot:
      case RefKind::table:
        return "is jumped to";
      case RefKind::fall:
      case RefKind::after_call:
        return "follows on";
      case RefKind::address:
      case RefKind::memory:
        return "has its address taken, so it may be called";
    }
    return "";
  }

  Library& library_;
  const Options& options_;
  Program program_;
  Config config_;
  Dead dead_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Reach> reach_;
  std::unique_ptr<Numbers> numbers_;
  std::unique_ptr<Arguments> arguments_;
  Opens opens_;
  std::set<std::string> opened_, tried_;
  std::map<std::string, Node> looked_up_;
  std::map<std::string, Assumption> assumed_modules_;
  std::map<std::uint32_t, Call> found_;
  Answer answer_;
};

}  // namespace

namespace {

base::Result<Answer> find_out(Library& library, const std::string& path, const Options& options) {
  CALLGATE_TRY(Program program, load(library, path));
  const std::vector<std::string> before = std::move(program.executed_before);
  Answer answer = Scanner(library, options, std::move(program)).run();
  for (const std::string& each : before) {
    CALLGATE_TRY(Program first, load(library, each));
    if (!first.executed_before.empty())
      return base::fail(base::ErrorCode::invalid, fmt::format("'{}' is a script that env executes", each));
    join(answer, Scanner(library, options, std::move(first)).run());
  }
  return answer;
}

}  // namespace

base::Result<Answer> scan(Library& library, const std::string& path, const Options& options) {
  if (library.cache() != nullptr)
    if (auto kept = find_answer(library, path, options)) return std::move(*kept);
  Library mine = library.view(library.jobs());
  CALLGATE_TRY(Answer answer, find_out(mine, path, options));
  if (library.cache() != nullptr)
    if (const auto asked = mine.asked()) keep_answer(*library.cache(), *asked, options, path, answer);
  return answer;
}

void scan_in_order(Library& library, std::span<const std::string> paths, const Options& options,
                   const std::function<bool(std::size_t, base::Result<Answer>)>& take) {
  const unsigned at_once = static_cast<unsigned>(std::clamp<std::size_t>(paths.size(), 1, library.jobs()));
  const std::size_t batch = std::size_t{at_once} * kBatchPerJob;
  for (std::size_t begin = 0; begin < paths.size(); begin += batch) {
    const std::size_t count = std::min(batch, paths.size() - begin);
    std::vector<std::optional<base::Result<Answer>>> answers(count);
    in_parallel(at_once, count, [&](std::size_t i) {
      Library mine = library.view(std::max(1U, library.jobs() / at_once));
      answers[i] = scan(mine, paths[begin + i], options);
    });
    for (std::size_t i = 0; i < count; ++i)
      if (!take(begin + i, std::move(*answers[i]))) return;
    library.trim(kKeepBytes);
  }
}

}  // namespace callgate::scan
