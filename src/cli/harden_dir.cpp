// SPDX-License-Identifier: Apache-2.0
#include "cli/harden_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "harden/diagnostic_ids.h"
#include "sandbox/plan.h"

namespace callgate::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 9> kFiles{"state.json",   "recordings.jsonl", "closure.json",
                                                 "profile.json", "serving.json",     "trial.json",
                                                 "denied.jsonl", "denied.json",      "proposed.json"};

// What a write that was cut off leaves beside its target (base::write_file).
bool is_left_over(const std::string& name) {
  return std::ranges::any_of(kFiles, [&](std::string_view each) {
    return name.size() == each.size() + 7 && name.starts_with(each) && name[each.size()] == '.';
  });
}

std::string words_of(const std::vector<std::string>& command) {
  std::string out;
  for (const std::string& word : command) out += (out.empty() ? "" : " ") + base::printable(word);
  return out;
}

}  // namespace

bool HardenDir::lock(int& status) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!fs::is_directory(path_, error)) {
    session_->diagnostics().add(kFile, {},
                                fmt::format("'{}' is no directory and cannot be made one", base::printable(path_)));
    status = sandbox::kExitOwnFailure;
    return false;
  }
  lock_ = base::UniqueFd(::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) {
    session_->diagnostics().add(kFile, {},
                                fmt::format("'{}': {}", base::printable(file("lock")), base::errno_text(errno)));
    status = sandbox::kExitOwnFailure;
    return false;
  }
  if (flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  session_->diagnostics().add(harden::kInUse, {}, fmt::format("another harden works in '{}'", base::printable(path_)));
  status = sandbox::kExitOwnFailure;
  return false;
}

bool HardenDir::set_aside(int& status) {
  std::error_code error;
  if (!std::ranges::any_of(kFiles, [&](std::string_view each) { return fs::exists(file(each), error); })) return true;
  std::string target;
  for (int number = 1; target.empty() || fs::exists(target, error); ++number)
    target = file(fmt::format("earlier-{}", number));
  fs::create_directory(target, error);
  for (const std::string_view each : kFiles)
    if (!error && fs::exists(file(each), error)) fs::rename(file(each), target + "/" + std::string(each), error);
  if (!error) return true;
  session_->diagnostics().add(kFile, {}, fmt::format("'{}': {}", base::printable(target), error.message()));
  status = sandbox::kExitOwnFailure;
  return false;
}

// A directory of a program that was replaced is refused: a closure of the old one is no closure of the new one.
bool HardenDir::read_state(const harden::State& fresh, int& status) {
  std::error_code error;
  state_ = fresh;
  if (!fs::exists(file("state.json"), error)) {
    if (!fs::exists(file("recordings.jsonl"), error)) return true;
    session_->diagnostics().add(harden::kBadState, {},
                                fmt::format("'{}' has recordings and no state.json", base::printable(path_)),
                                "--restart puts them aside; --recording FILE takes them in");
    status = kBadInput;
    return false;
  }
  const base::SourceFile* const text = session_->open(file("state.json"));
  const auto state = text != nullptr ? harden::read(*text, session_->diagnostics()) : std::nullopt;
  status = kBadInput;
  if (!state) return false;
  if (state->command != fresh.command) {
    session_->diagnostics().add(
        harden::kOtherProgram, {},
        fmt::format("'{}' was begun for another command: {}", base::printable(path_), words_of(state->command)),
        "another -o for this one, or --restart");
    return false;
  }
  if ((!fresh.identity.empty() && state->identity != fresh.identity) || state->program != fresh.program) {
    session_->diagnostics().add(
        harden::kOtherProgram, {},
        fmt::format("'{}' has changed since '{}' was begun ({}; it was {}, {})", base::printable(fresh.program),
                    base::printable(path_), base::printable(fresh.identity), base::printable(state->program),
                    base::printable(state->identity)),
        "--restart records it anew");
    return false;
  }
  state_ = *state;
  resumed_ = true;
  return true;
}

std::optional<HardenDir> HardenDir::open(Session& session, const std::string& path, const harden::State& fresh,
                                         int& status) {
  HardenDir out(session, path);
  if (!out.lock(status)) return std::nullopt;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error))
    if (is_left_over(entry.path().filename().string())) fs::remove(entry.path(), error);
  if (session.arguments().has("restart") && !out.set_aside(status)) return std::nullopt;
  if (!out.read_state(fresh, status)) return std::nullopt;
  return out;
}

void HardenDir::tell(std::string name, std::string text) {
  const harden::Step& step = harden::add_step(state_, std::move(name), std::move(text));
  session_->env().err(fmt::format("callgate: {} {}: {}\n", step.number, step.name, step.text));
}

bool HardenDir::save() {
  return write("state.json", harden::to_json(state_));
}

bool HardenDir::write(std::string_view name, std::string_view text) {
  const std::string path = file(name);
  if (const auto before = base::read_file(path); before && *before == text) return true;
  const auto written = base::write_file(path, text);
  if (!written) session_->fail(written.error());
  return written.has_value();
}

void HardenDir::remove(std::string_view name) const {
  std::error_code error;
  fs::remove(file(name), error);
}

}  // namespace callgate::cli
