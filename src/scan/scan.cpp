// SPDX-License-Identifier: Apache-2.0
#include "scan/scan.h"

#include <fmt/format.h>

#include <algorithm>

#include "scan/after.h"
#include "scan/chain.h"
#include "scan/join.h"
#include "scan/kept_answer.h"
#include "scan/opens.h"
#include "scan/process.h"
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
    std::vector<std::string> mapped;
    if (options_.process) mapped_ = add_mapped(library_, program_, *options_.process, mapped);
    opened_.insert(mapped.begin(), mapped.end());
    started_ = program_.modules.size();
    for (int round = 0; round < kMaxRounds; ++round) {
      link_ = std::make_unique<Link>(program_);
      analyse();
      if (!open_more()) break;
    }
    narrow();
    find_numbers();
    if (options_.after != Point::start) leave_out_what_was();
    describe();
    find_calls();
    kernel_calls();
    order();
    return std::move(answer_);
  }

 private:
  // All that an opened library exports may be asked for.
  void enter_opened(Reach& reach) const {
    for (std::uint32_t m = 0; m < link_->module_count(); ++m) {
      if (!opened_.contains(link_->module(m).path)) continue;
      for (const elf::Symbol& s : link_->module(m).file.dynamic_symbols)
        if (s.defined && !s.local && link_->module(m).is_code(s.value))
          reach.add({m, s.value}, {RootKind::opened, {}, s.value, RefKind::call});
    }
    for (const auto& [name, by] : looked_up_)
      for (const Place& p : link_->named(name)) reach.add(p, {RootKind::by_name, by, 0, RefKind::call});
    reach.follow();
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
    enter_opened(*reach_);
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
    for (const std::string& each : options_.process ? options_.process->unknown : std::vector<std::string>())
      trouble(Trouble::defect, each, "executable memory that no file of now stands behind");
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
    if (options_.chains) call.chain = chain(*link_, *reach_, after_ ? &after_->reach() : nullptr, node, at);
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

  struct Found {
    Node node;
    const Site* site;
    Findings numbers;
  };

  // Of all sites, over the program's whole life: a number may be told to somebody long before he uses it.
  void find_numbers() {
    for (const Node n : reach_->nodes()) {
      const Module& module = link_->module(n.module);
      for (const Site& site : module.sites_of(link_->function(n)))
        if (reach_->runs(n, site.address))
          sites_.push_back({n, &site,
                            site.kind == SiteKind::syscall
                                ? numbers_->find(n, site.address, module.machine->call_number)
                                : Findings{}});
    }
  }

  // From here on only what runs after the point counts.
  void leave_out_what_was() {
    const Life life{*link_,
                    *reach_,
                    numbers_->tracer(),
                    started_,
                    options_.assumes(Assumption::data_chunks) ? &library_ : nullptr,
                    &dead_,
                    [this](Reach& reach) { enter_opened(reach); }};
    Standing standing = options_.after == Point::main ? at_main(life)
                        : options_.after == Point::pid
                            ? in_process(life, *options_.process, mapped_)
                            : after_sites(life, sites_of("listen"), options_.assumes(Assumption::direct_point));
    answer_.after = options_.after;
    answer_.whole_life = !standing.unknown.empty();
    answer_.after_note = answer_.whole_life ? standing.unknown : standing.note;
    if (answer_.whole_life) return;
    if (standing.assumed) assumed(Assumption::direct_point);
    after_ = std::make_unique<After>(life, std::move(standing));
    if (!options_.process) return;
    // What it has opened is known; what counts is what it can still open.
    opens_ = find_opens(*link_, after_->reach(), *numbers_, options_, config_);
  }

  // Where this call is made. Where the number is not known, it may be made, too: that stays unresolved (find_calls).
  std::vector<std::pair<Node, Address>> sites_of(std::string_view call) const {
    const auto nr = program_.modules.front()->machine->number_of(call);
    std::vector<std::pair<Node, Address>> out;
    for (const Found& f : sites_)
      if (std::any_of(f.numbers.settled.begin(), f.numbers.settled.end(), [&](const Settled& s) {
            return s.value.kind == Value::Kind::constant && static_cast<std::uint32_t>(s.value.place) == nr;
          }))
        out.emplace_back(f.node, f.site->address);
    return out;
  }

  bool counts(Node n, Address at) const {
    return after_ == nullptr || (after_->reach().contains(n) && after_->reach().runs(n, at));
  }

  // Does the number come to its site only by a call that is made after the point?
  bool is_told_anew(const Findings& all) const {
    const auto waits = [&](Node n) { return after_->standing().stack.contains({n.module, n.function}); };
    return after_ != nullptr && !all.stored && std::none_of(all.through.begin(), all.through.end(), waits);
  }

  void find_calls() {
    for (const Node n : (after_ ? after_->reach() : *reach_).nodes()) {
      const Function& f = link_->function(n);
      if (f.undecodable)
        trouble(Trouble::undecodable, place_name(link_->module(n.module), f.code.begin),
                "control runs into bytes that are no known instruction");
      if (f.unresolved_jump)
        trouble(Trouble::undecodable, place_name(link_->module(n.module), f.code.begin),
                "a jump goes to a computed place, and where is not known");
    }
    for (const Found& f : sites_)
      if (counts(f.node, f.site->address))
        at_site(f);
      else if (options_.after == Point::listen)
        number_trouble(f);  // it may have been the point
  }

  void at_site(const Found& f) {
    const Node n = f.node;
    const Site& site = *f.site;
    const Findings& all = f.numbers;
    const Module& module = link_->module(n.module);
    if (site.kind == SiteKind::vsyscall) return add_call(site.number, n, site.address);
    if (site.kind != SiteKind::syscall)
      return trouble(Trouble::other_entry, place_name(module, site.address),
                     site.kind == SiteKind::int80 ? "int 0x80 makes calls of 32-bit programs"
                                                  : "sysenter makes calls of 32-bit programs");
    if (all.assumed) assumed(Assumption::own_numbers);
    for (const Settled& s : all.settled) {
      const bool there = counts(s.at, s.from);
      if (!there && is_told_anew(all)) continue;
      if (s.value.kind != Value::Kind::constant) {
        trouble(Trouble::number, place_name(module, site.address), "an address as a number");
        continue;
      }
      const auto nr = static_cast<std::uint32_t>(s.value.place);
      if (options_.arguments) arguments_->site(n, site.address, nr);
      add_call(nr, there ? s.at : n, there ? s.from : site.address,
               s.assumed ? std::optional(Assumption::own_numbers) : std::nullopt);
    }
    number_trouble(f);
  }

  void number_trouble(const Found& f) {
    const auto& unknown = f.numbers.unknown;
    if (unknown.empty()) return;
    std::string why = unknown.front();
    if (unknown.size() > 1) why += fmt::format(", and {} more", unknown.size() - 1);
    trouble(Trouble::number, place_name(link_->module(f.node.module), f.site->address), std::move(why));
  }

  // Whether a call is made at any time.
  std::optional<Call> made_ever(std::uint32_t nr) const {
    if (const auto found = found_.find(nr); found != found_.end()) return found->second;
    if (after_ == nullptr) return std::nullopt;
    for (const Found& f : sites_)
      for (const Settled& s : f.numbers.settled)
        if (static_cast<std::uint32_t>(s.value.place) == nr) return Call{nr, {}, {}, {}};
    return std::nullopt;
  }

  void kernel_calls() {
    const Machine& machine = *program_.modules.front()->machine;
    const auto add = [&](std::string_view made, std::string_view because) {
      const auto nr = machine.number_of(made), cause = machine.number_of(because);
      if (!nr || !cause || found_.contains(*nr)) return;
      auto found = made_ever(*cause);
      if (!found) return;
      Call call = std::move(*found);
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

  Library& library_;
  const Options& options_;
  Program program_;
  Config config_;
  Dead dead_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Reach> reach_;
  std::unique_ptr<Numbers> numbers_;
  std::unique_ptr<Arguments> arguments_;
  std::unique_ptr<After> after_;
  std::size_t started_ = 0;
  std::vector<std::uint32_t> mapped_;
  std::vector<Found> sites_;
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
  // What env does lies before any point of what it executes.
  for (const std::string& each : options.after == Point::start ? before : std::vector<std::string>()) {
    CALLGATE_TRY(Program first, load(library, each));
    if (!first.executed_before.empty())
      return base::fail(base::ErrorCode::invalid, fmt::format("'{}' is a script that env executes", each));
    join(answer, Scanner(library, options, std::move(first)).run());
  }
  return answer;
}

}  // namespace

base::Result<Answer> scan(Library& library, const std::string& path, const Options& options) {
  const bool keeps = library.cache() != nullptr && !options.process;
  if (keeps)
    if (auto kept = find_answer(library, path, options)) return std::move(*kept);
  Library mine = library.view(library.jobs());
  CALLGATE_TRY(Answer answer, find_out(mine, path, options));
  if (keeps)
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
