// SPDX-License-Identifier: Apache-2.0
#include "cli/scan_fleet.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/scan_print.h"
#include "cli/scan_state.h"
#include "fleet/packages.h"
#include "fleet/run.h"

namespace callgate::cli {

namespace {

constexpr std::uint64_t kTellEveryNs = 2'000'000'000;
constexpr std::size_t kMaxSkippedLines = 20;

// Lines on standard error: on a terminal, or where --progress asks for them.
class Progress {
 public:
  explicit Progress(const Session& session)
      : env_(session.env()), on_(session.env().err_is_terminal || session.arguments().has("progress")) {}

  void operator()(const std::function<std::string()>& text, bool last = false) {
    if (!on_) return;
    const std::uint64_t now = env_.clock_ns ? env_.clock_ns() : 0;
    if (!last && now - told_ < kTellEveryNs) return;
    told_ = now;
    env_.err(fmt::format("callgate: {}\n", text()));
  }

 private:
  const Env& env_;
  bool on_;
  std::uint64_t told_ = 0;
};

struct PackageSum {
  std::string version;
  std::uint64_t programs = 0, closed = 0, failed = 0;
  std::set<std::string> calls;
};

struct Sum {
  fleet::Inventory inventory;
  std::map<std::string, ScannedProgram> programs;
  std::map<std::string, PackageSum> packages;  // by name; "" for none
  std::map<std::string, std::uint64_t> open_because;
  std::uint64_t closed = 0, failed = 0;
};

std::string counted(std::uint64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

class Fleet {
 public:
  Fleet(Session& session, const fleet::Tree& tree, std::string name, scan::Options options, const ScanMeans& means)
      : session_(session),
        tree_(tree),
        name_(std::move(name)),
        options_(std::move(options)),
        means_(means),
        progress_(session) {}

  int run() {
    sum_.inventory =
        tree_.inventory([&](std::uint64_t n) { progress_([&] { return fmt::format("{} files looked at", n); }); });
    std::vector<std::string> paths;
    for (const auto& each : sum_.inventory.programs) paths.push_back(each.path);
    packages_.emplace(tree_, paths);
    if (const auto package = session_.arguments().last("package"); package && !only(std::string(*package), paths))
      return session_.usage(kNoPackage, fmt::format("no package '{}' is installed in {}", base::printable(*package),
                                                    base::printable(name_)));
    options_.chains = false;
    if (const auto file = session_.arguments().last("output"); file && *file != "-") {
      auto state = ScanState::open(std::string(*file), header());
      if (!state) return session_.fail(state.error());
      state_.emplace(std::move(*state));
    }
    const int status = scan(paths);
    if (status != kYes) return status;
    add_up(paths);
    session_.json() ? print_json() : print_text();
    return sum_.closed == sum_.programs.size() ? kYes : kNo;
  }

 private:
  bool only(const std::string& package, std::vector<std::string>& paths) const {
    if (!packages_->contains(package)) return false;
    std::erase_if(paths, [&](const std::string& path) { return packages_->owner(path) != package; });
    return true;
  }

  std::string header() const {
    base::JsonWriter json(0);
    json.begin_object().member("schema_version", kSchemaVersion).member("kind", "scan");
    json.member("callgate", CALLGATE_VERSION).member("root", name_).key("assume").begin_array();
    for (const scan::Assumption a : scan::assumptions())
      if (options_.assumes(a)) json.value(scan::name(a));
    json.end_array();
    if (options_.after != scan::Point::start) json.member("after", scan::name(options_.after));
    json.end_object();
    std::string out = json.take();
    out.pop_back();
    return out;
  }

  // What the state holds and is still so; the rest.
  std::vector<std::string> not_kept(const std::vector<std::string>& paths) {
    std::vector<std::string> out;
    for (const std::string& path : paths) {
      const auto known = state_ ? state_->kept().find(path) : std::map<std::string, ScannedProgram>::const_iterator();
      if (state_ && known != state_->kept().end() && known->second.error.empty() &&
          known->second.stamp == stamps_.of(path, known->second.libraries))
        sum_.programs.emplace(path, known->second);
      else
        out.push_back(path);
    }
    return out;
  }

  std::string line(const std::string& path, const base::Result<scan::Answer>& answer) {
    base::JsonWriter json(0);
    const auto more = [&](base::JsonWriter& j) {
      const std::string& package = packages_->owner(path);
      if (!package.empty()) j.member("package", package).member("version", packages_->version(package));
      if (answer) j.member("stamp", stamps_.of(path, answer->libraries));
    };
    if (answer) {
      scan_in_json(*answer, json, more);
    } else {
      json.begin_object().member("path", path).member("error", answer.error().message);
      more(json);
      json.end_object();
    }
    std::string out = json.take();
    out.pop_back();
    return out;
  }

  int scan(const std::vector<std::string>& paths) {
    const std::vector<std::string> open = not_kept(paths);
    scan::Library library([&](const std::string& path) { return tree_.read(path); }, means_.cache.get());
    base::Result<void> written;
    const auto tell = [&] {
      return fmt::format("{} of {} scanned", sum_.programs.size(), counted(paths.size(), "program", "programs"));
    };
    fleet::scan_all(library, open, options_, means_.jobs, [&](const fleet::Done& done) {
      std::string text = line(open[done.index], done.answer);
      if (state_) written = state_->append(text);
      auto one = read_scanned(std::move(text));
      if (one && (state_ || !session_.json())) one->second.line = {};
      if (one) sum_.programs.insert_or_assign(open[done.index], std::move(one->second));
      progress_(tell);
      return written.has_value();
    });
    if (written && state_) written = state_->finish();
    if (!written) return session_.fail(written.error());
    progress_(tell, true);
    return kYes;
  }

  void add_up(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      const ScannedProgram& one = sum_.programs[path];
      const std::string& owner = packages_->owner(path);
      PackageSum& package = sum_.packages[owner];
      package.version = packages_->version(owner);
      ++package.programs;
      package.calls.insert(one.calls.begin(), one.calls.end());
      for (const std::string& kind : one.unresolved) ++sum_.open_because[kind];
      if (!one.error.empty()) ++sum_.failed, ++package.failed;
      if (one.closed) ++sum_.closed, ++package.closed;
    }
  }

  void print_text() const {
    const std::uint64_t programs = sum_.programs.size();
    std::string out = fmt::format("{}: {} of {}: {} closed, {} open", base::printable(name_),
                                  counted(programs, "program", "programs"),
                                  counted(sum_.packages.size() - sum_.packages.count(""), "package", "packages"),
                                  sum_.closed, programs - sum_.closed - sum_.failed);
    out += sum_.failed == 0 ? "\n" : fmt::format(", {} not scanned\n", sum_.failed);
    std::string because;
    for (const auto& [kind, n] : sum_.open_because)
      because += fmt::format("{}{} {}", because.empty() ? "" : ", ", kind, n);
    if (!because.empty()) out += fmt::format("  open because of: {}\n", because);
    for (const auto& [path, one] : sum_.programs)
      if (!one.error.empty())
        out += fmt::format("  not scanned: {}: {}\n", base::printable(path), base::printable(one.error, 200));
    out += skipped_text();
    if (!packages_->unread().empty())
      out += fmt::format("  packages of {} are not told apart: their programs count as of none\n", packages_->unread());
    std::size_t width = 7;
    for (const auto& [name, package] : sum_.packages) width = std::max(width, name.size());
    if (!sum_.packages.empty()) out += fmt::format("{:{}}  programs  closed  calls\n", "package", width);
    for (const auto& [name, package] : sum_.packages)
      out += fmt::format("{:{}}  {:8}  {:6}  {:5}\n", name.empty() ? "(none)" : base::printable(name), width,
                         package.programs, package.closed, package.calls.size());
    session_.print(out);
  }

  std::string skipped_text() const {
    std::map<std::string_view, std::uint64_t> kinds;
    for (const fleet::Skipped& each : sum_.inventory.skipped) ++kinds[fleet::name(each.reason)];
    std::string out, list;
    for (const auto& [kind, n] : kinds) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", kind, n);
    if (!list.empty()) out += fmt::format("  skipped: {}\n", list);
    std::size_t lines = 0;
    for (const fleet::Skipped& each : sum_.inventory.skipped) {
      if (++lines > kMaxSkippedLines) {
        out +=
            fmt::format("    and {} more (--format json has all)\n", sum_.inventory.skipped.size() - kMaxSkippedLines);
        break;
      }
      out += fmt::format("    {}: {}{}{}\n", base::printable(each.path), fleet::name(each.reason),
                         each.why.empty() ? "" : ": ", base::printable(each.why));
    }
    return out;
  }

  void print_json() const {
    auto json = session_.begin_json();
    json.member("root", name_).key("programs").begin_array();
    if (!state_)
      for (const auto& [path, one] : sum_.programs) json.raw(one.line);
    json.end_array().key("packages").begin_array();
    for (const auto& [name, package] : sum_.packages) {
      json.begin_object().member("name", name).member("version", package.version).member("programs", package.programs);
      json.member("closed", package.closed).member("failed", package.failed).key("calls").begin_array();
      for (const std::string& call : package.calls) json.value(call);
      json.end_array().end_object();
    }
    json.end_array().key("skipped").begin_array();
    for (const fleet::Skipped& each : sum_.inventory.skipped)
      json.begin_object()
          .member("path", each.path)
          .member("reason", fleet::name(each.reason))
          .member("why", each.why)
          .end_object();
    json.end_array().key("scripts").begin_array();
    for (const auto& [words, n] : sum_.inventory.scripts)
      json.begin_object().member("interpreter", words).member("count", n).end_object();
    json.end_array().key("summary").begin_object();
    json.member("programs", sum_.programs.size()).member("closed", sum_.closed).member("failed", sum_.failed);
    json.member("files", sum_.inventory.files).member("directories", sum_.inventory.directories);
    if (!packages_->unread().empty()) json.member("packages_not_read", packages_->unread());
    json.key("open_because").begin_object();
    for (const auto& [kind, n] : sum_.open_because) json.member(kind, n);
    json.end_object().end_object();
    session_.print(json);
  }

  Session& session_;
  const fleet::Tree& tree_;
  std::string name_;
  scan::Options options_;
  const ScanMeans& means_;
  Progress progress_;
  std::optional<fleet::Packages> packages_;
  std::optional<ScanState> state_;
  fleet::Stamps stamps_{tree_};
  Sum sum_;
};

}  // namespace

int scan_tree(Session& session, const fleet::Tree& tree, const std::string& name, scan::Options options,
              const ScanMeans& means) {
  return Fleet(session, tree, name, std::move(options), means).run();
}

}  // namespace callgate::cli
