// A build without libbpf, or for a machine whose registers the kernel side does not know.
// SPDX-License-Identifier: Apache-2.0
#include "record/ebpf.h"

namespace callgate::record {

struct Ebpf::State {};

Ebpf::Ebpf(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ebpf::Ebpf(Ebpf&&) noexcept = default;
Ebpf& Ebpf::operator=(Ebpf&&) noexcept = default;
Ebpf::~Ebpf() = default;

base::Result<Ebpf> Ebpf::attach(const Keep&, const CgroupChoice&, bool) {
  return base::fail(base::ErrorCode::unsupported, "this build of callgate has no eBPF recorder");
}

base::Result<void> Ebpf::mark_launcher() {
  return base::fail(base::ErrorCode::internal, "not attached");
}
base::Result<void> Ebpf::unmark_launcher() {
  return base::fail(base::ErrorCode::internal, "not attached");
}
base::Result<std::size_t> Ebpf::mark_running(const std::vector<pid_t>&, Stage) {
  return base::fail(base::ErrorCode::internal, "not attached");
}
base::Result<void> Ebpf::watch(const std::vector<std::string>&) {
  return base::fail(base::ErrorCode::internal, "not attached");
}
std::vector<std::uint64_t> Ebpf::serving_counts() const {
  return {};
}
Progress Ebpf::progress() const {
  return {};
}
base::Result<void> Ebpf::finish(recording::Run&) {
  return base::fail(base::ErrorCode::internal, "not attached");
}

}  // namespace callgate::record
