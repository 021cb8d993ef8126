// x86-64 instructions as the sweep reads them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "scan/decode.h"
#include "scan/sweep.h"

namespace callgate::scan {

class X86Sweep final : public Sweep {
 public:
  explicit X86Sweep(Module& module) : Sweep(module) {}

 private:
  void begin() override;
  void straight(Range range, Address from, bool again) override;
  void finish(Range range) override;
  void own_labels(Range range) override;
  void table_targets_of(Function& f, std::vector<Ref>& out) override;
  const Slot* stub(Address a) const override;

  void note(const Insn& in, Address at, Range range);
  void note_memory(const Insn& in, Address at, Address next);
  void note_constants(const Insn& in, Address at);

  Address self_ = 0;  // a place of the function whose address it has formed
  std::optional<Insn> last_;
  Address last_at_ = 0;
};

}  // namespace callgate::scan
