// aarch64 instructions as the sweep reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>

#include "scan/arm64_code.h"
#include "scan/sweep.h"

namespace callgate::scan {

class Arm64Sweep final : public Sweep {
 public:
  explicit Arm64Sweep(Module& module) : Sweep(module) {}

 private:
  void begin() override { last_.reset(); }
  void straight(Range range, Address from, bool again) override;
  void finish(Range range) override;
  void own_labels(Range /*range*/) override {}  // every word is read anyway
  void table_targets_of(Function& f, std::vector<Ref>& out) override;
  const Slot* stub(Address a) const override;

  void note(const arm64::Code& code, std::uint32_t i);
  void note_jump(const arm64::Code& code, std::uint32_t i);
  void note_literal(Address at, const arm64::A64& in, Address literal);
  void note_constant(const arm64::Code& code, std::uint32_t i);
  void note_pages(const arm64::Code& code, const std::vector<arm64::Named>& all);

  // Pointers that are loaded only to be jumped through, by the load.
  std::unordered_map<std::uint32_t, Address> slots_;
  std::vector<bool> named_;      // functions whose beginning something names
  std::optional<Address> last_;  // the last instruction that is reached
  Flow last_flow_ = Flow::next;
};

}  // namespace callgate::scan
