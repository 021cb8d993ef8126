// SPDX-License-Identifier: Apache-2.0
#include "record/tally.h"

#include <algorithm>

#include "bpf/recorder.h"
#include "record/kept.h"

namespace callgate::record {

using recording::Argument;
using recording::Phase;

namespace {

void keep_value(Argument& argument, std::uint64_t value, std::uint64_t width, bool masks) {
  value &= width;
  if (masks) {
    argument.ever_set = argument.ever_set.value_or(0) | value;
    argument.ever_clear = argument.ever_clear.value_or(0) | (~value & width);
  }
  if (argument.any) return;
  const auto place = std::ranges::lower_bound(argument.values, value);
  if (place != argument.values.end() && *place == value) return;
  argument.values.insert(place, value);
  if (argument.values.size() <= recording::kMostValues) return;
  argument.any = true;
  argument.values.clear();
}

}  // namespace

void Tally::started(pid_t process, pid_t parent) {
  ++processes_count_;
  processes_[process] = processes_[parent];
  processes_[process].leads = false;
}

Phase Tally::phase_of(const Process& process) const {
  return ending_[process.server] ? Phase::shutdown : process.phase;
}

void Tally::listen(Process& process) {
  process.waits = true;
  if (process.listens) return;
  process.listens = true;
  if (process.leads) return;
  process.leads = true;
  process.server = ending_.size();
  ending_.push_back(false);
}

void Tally::told_to_end(pid_t process) {
  const Process& state = processes_[process];
  if (state.leads) ending_[state.server] = true;
}

void Tally::keep_arguments(recording::Call& seen, const policy::Call& call, Phase phase, std::uint32_t kept) const {
  for (std::uint8_t place = 0; place < 6; ++place) {
    const std::uint32_t how = kept >> (2 * place) & 3;
    if (how == 0) continue;
    auto found =
        std::ranges::find_if(seen.arguments, [&](const Argument& a) { return a.place == place && a.phase == phase; });
    if (found == seen.arguments.end()) {
      Argument fresh;
      fresh.place = place;
      fresh.phase = phase;
      found = seen.arguments.insert(found, fresh);
    }
    const bool narrow = !arch::is_64bit(call.audit) || (kept >> (RECORDER_NARROW_SHIFT + place) & 1) != 0;
    keep_value(*found, call.args[place], narrow ? 0xffffffffU : ~std::uint64_t{0}, (how & RECORDER_KEEP_MASKS) != 0);
  }
}

void Tally::called(pid_t process, const policy::Call& call, std::uint64_t ns) {
  Process& state = processes_[process];
  const auto which = arch::of_call(call.audit, call.nr);
  std::uint32_t kept = which ? kept_arguments(*which, call.nr) : 0;
  if ((kept & RECORDER_SOCKETCALL) != 0) kept |= recorder_socketcall(static_cast<std::uint32_t>(call.args[0]));
  const bool accepts = (kept & RECORDER_ACCEPTS) != 0, waits = (kept & RECORDER_WAITS) != 0 && state.waits;
  if (serving_at_ == recording::ServingAt::accept && phase_of(state) == Phase::start && (accepts || waits)) {
    if (accepts) listen(state);
    state.phase = Phase::serving;
  }
  const Phase now = phase_of(state);
  const auto [place, fresh] = calls_.try_emplace({call.audit, call.nr});
  recording::Call& seen = place->second;
  if (fresh) {
    seen.audit = call.audit;
    seen.nr = call.nr;
    const auto id = static_cast<std::uint32_t>(process);
    seen.first = {ns, id, id, state.image, now, state.comm};
  }
  const auto phase = static_cast<std::size_t>(now);
  ++seen.counts[phase];
  seen.seen[phase] = true;
  const auto image = std::ranges::lower_bound(seen.images, state.image);
  if (image == seen.images.end() || *image != state.image) seen.images.insert(image, state.image);
  if (arguments_) keep_arguments(seen, call, now, kept);
  if ((kept & (RECORDER_LISTENS | RECORDER_ACCEPTS)) == 0 || now == Phase::shutdown) return;
  listen(state);
  if (serving_at_ == recording::ServingAt::listen) state.phase = Phase::serving;
}

void Tally::executed(pid_t process, const std::string& comm, const std::string& path, std::uint64_t ns) {
  Process& state = processes_[process];
  const auto [place, fresh] = images_by_path_.try_emplace(path, static_cast<std::uint32_t>(images_.size() + 1));
  if (fresh) images_.push_back({place->second, path, "", "", ns, state.image});
  state.image = place->second;
  state.phase = Phase::start;
  state.listens = false;
  state.comm = comm;
}

void Tally::finish(recording::Run& run) && {
  run.images = std::move(images_);
  for (auto& [key, call] : calls_) {
    std::ranges::sort(call.arguments, {}, [](const Argument& a) { return std::pair(a.place, a.phase); });
    run.calls.push_back(std::move(call));
  }
  run.tasks = processes_count_;
}

}  // namespace callgate::record
