// SPDX-License-Identifier: Apache-2.0
#include "closure/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "arch/calls.h"
#include "base/text.h"
#include "closure/diagnostic_ids.h"
#include "recording/members.h"
#include "text/node.h"

namespace callgate::closure {

namespace {

constexpr std::size_t kMostCalls = 65536;

class ScanReader {
 public:
  explicit ScanReader(base::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  bool read(const text::Node& root, std::vector<Scanned>& out) {
    const recording::Members members(root, diagnostics_, kBadScan);
    if (!root.is_object() || !root.find("programs")) {
      members.wrong(root, "this is no answer of a scan: it has no 'programs'");
      return false;
    }
    return members.each("programs", kMostCalls,
                        [&](const text::Node& each) { return program(each, out.emplace_back()); });
  }

  bool program(const text::Node& node, Scanned& out) {
    const recording::Members members(node, diagnostics_, kBadScan);
    if (!node.is_object()) return members.wrong(node, "a program is an object");
    std::string status;
    if (!members.get("path", out.path) || !members.get("build_id", out.build_id) || !members.get("status", status))
      return false;
    out.closed = status == "closed";
    // Answers that do not say are of a time when there was one machine.
    std::string machine;
    if (node.find("arch") && !members.get("arch", machine)) return false;
    if (const auto known = machine.empty() ? std::optional(arch::Arch::x86_64) : arch::find(machine))
      out.arch = *known;
    else
      return members.wrong(node, fmt::format("there is no architecture '{}'", base::printable(machine)));
    if (const text::Node after = node.find("after"))
      return members.wrong(after, "the scan is of the rest of the program's life only: make one without --after");
    return members.each("calls", kMostCalls, [&](const text::Node& each) {
      const recording::Members call(each, diagnostics_, kBadScan);
      if (!each.is_object()) return call.wrong(each, "a call is an object");
      arch::SyscallNr nr = 0;
      std::string evidence;
      if (!call.get("nr", nr) || !call.get("evidence", evidence)) return false;
      out.calls.emplace(nr, std::move(evidence));
      return true;
    });
  }

 private:
  base::Diagnostics& diagnostics_;
};

// The first line of a scan of a root; the members in the order in which it is written.
bool looks_like_lines(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  return first.starts_with(R"({"schema_version":)") && first.find(R"("kind":"scan")") != std::string_view::npos;
}

std::optional<std::vector<Scanned>> read_lines(const base::SourceFile& file, KeptLines& kept,
                                               base::Diagnostics& diagnostics) {
  std::map<std::string, Scanned> programs;
  const auto lines = base::split(file.text(), '\n');
  for (std::size_t i = 1; i < lines.size() && diagnostics.error_count() < base::Diagnostics::kMaxKept; ++i) {
    if (base::trim(lines[i]).empty()) continue;
    const base::SourceFile& source =
        kept.emplace_back(file.name(), std::string(lines[i]), static_cast<std::uint32_t>(i + 1));
    base::Diagnostics found;
    const auto document = text::read_json(source, found);
    if (!document && i + 1 == lines.size()) {
      diagnostics.add(kScanShort, {&source, 0, 0}, "the scan was cut off here: programs may be missing",
                      "callgate scan with the same --root and -o goes on with it");
      continue;
    }
    Scanned one;
    one.of_tree = true;
    // A program that could not be scanned counts as none.
    const bool failed = document && document->root().is_object() && document->root().find("error");
    if (document && !failed) ScanReader(found).program(document->root(), one);
    if (!found.has_errors()) kept.pop_back();
    diagnostics.append(found);
    if (document && !failed) programs.insert_or_assign(one.path, std::move(one));
  }
  if (diagnostics.has_errors()) return std::nullopt;
  std::vector<Scanned> out;
  for (auto& [path, one] : programs) out.push_back(std::move(one));
  return out;
}

// A few of them, as a list.
std::string some_of(const std::set<std::string>& words) {
  constexpr std::size_t kMost = 8;
  std::string out;
  std::size_t told = 0;
  for (const std::string& word : words) {
    if (told == kMost) break;
    out += (told++ == 0 ? "" : ", ") + word;
  }
  return words.size() > kMost ? fmt::format("{} and {} more", out, words.size() - kMost) : out;
}

class Comparison {
 public:
  Comparison(const recording::Recording& recording, const std::vector<Scanned>& scanned)
      : recording_(recording), scanned_(scanned) {}

  void run(base::Diagnostics& diagnostics) {
    for (const recording::Run& run : recording_.runs) look_at(run);
    for (const auto& [path, calls] : missed_)
      diagnostics.add(kScanMissed, {},
                      fmt::format("'{}' made what its scan does not find: {}", base::printable(path), some_of(calls)),
                      "a defect of the scan, unless the program makes code while it runs or LD_PRELOAD was set; the "
                      "calls stand in the core");
    if (!bare_.empty())
      diagnostics.add(kScanShort, {}, fmt::format("recorded, but not scanned: {}", some_of(bare_)),
                      "scan these programs, too: what they can do is not part of the frontier");
    for (const Scanned& each : scanned_)
      if (!each.closed && counts(each)) open_.insert(base::printable(each.path));
    if (!open_.empty())
      diagnostics.add(kScanShort, {}, fmt::format("the scan left something open of: {}", some_of(open_)),
                      "calls outside of the frontier may be made all the same");
  }

  // Of all programs of a root, those that were recorded.
  bool counts(const Scanned& scanned) const { return !scanned.of_tree || recorded_.contains(&scanned); }

 private:
  const Scanned* find(const recording::Image& image) const {
    const Scanned* out = nullptr;
    for (const Scanned& each : scanned_)
      if (each.path == image.path &&
          (each.build_id.empty() || image.build_id.empty() || each.build_id == image.build_id))
        out = &each;
    for (const Scanned& each : scanned_)
      if (out == nullptr && !each.build_id.empty() && each.build_id == image.build_id) out = &each;
    return out;
  }

  void look_at(const recording::Run& run) {
    std::map<std::uint32_t, const Scanned*> scans;
    for (const recording::Image& image : run.images) {
      scans[image.number] = find(image);
      if (scans[image.number] == nullptr) bare_.insert(base::printable(image.path));
      recorded_.insert(scans[image.number]);
    }
    for (const recording::Call& call : run.calls) {
      const auto arch = arch::of_call(call.audit, call.nr);
      const std::string_view name = arch::name_of_call(call.audit, call.nr);
      // The kernel makes programs call some, and execve is also what whoever started the program called.
      if (!arch || call.vsyscall || name == "restart_syscall" || name == "execve") continue;
      for (const std::uint32_t image : call.images)
        if (const auto found = scans.find(image); found != scans.end() && found->second != nullptr &&
                                                  found->second->arch == *arch &&
                                                  !found->second->calls.contains(call.nr))
          missed_[found->second->path].insert(recording::call_name(call.audit, call.nr));
    }
  }

  const recording::Recording& recording_;
  const std::vector<Scanned>& scanned_;
  std::map<std::string, std::set<std::string>> missed_;
  std::set<std::string> bare_, open_;
  std::set<const Scanned*> recorded_;
};

}  // namespace

std::optional<std::vector<Scanned>> read_scan(const base::SourceFile& file, KeptLines& kept,
                                              base::Diagnostics& diagnostics) {
  if (looks_like_lines(file.text())) return read_lines(file, kept, diagnostics);
  const auto document = text::read_json(file, diagnostics);
  if (!document) return std::nullopt;
  std::vector<Scanned> out;
  if (!ScanReader(diagnostics).read(document->root(), out)) return std::nullopt;
  return out;
}

void add_scan(Closure& closure, const recording::Recording& recording, const std::vector<Scanned>& scanned,
              base::Diagnostics& diagnostics) {
  Comparison comparison(recording, scanned);
  comparison.run(diagnostics);
  closure.scanned = true;
  std::map<std::pair<arch::AuditArch, arch::SyscallNr>, std::string> reachable;
  for (const Scanned& each : scanned) {
    if (!comparison.counts(each)) continue;
    for (const auto& [nr, evidence] : each.calls) {
      const auto [at, fresh] = reachable.emplace(std::pair(arch::info(each.arch).audit, nr), evidence);
      if (!fresh && evidence == "proved") at->second = evidence;
    }
  }
  for (const auto& [call, evidence] : reachable) {
    const auto& [audit, nr] = call;
    const bool seen = std::ranges::any_of(
        kAllPhases, [&closure, &call](Phase phase) { return closure.find(phase, call.first, call.second) != nullptr; });
    if (!seen) closure.frontier.push_back({audit, nr, evidence});
  }
}

}  // namespace callgate::closure
