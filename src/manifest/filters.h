// From a choice to the policy: profiles read as the engine in question reads them, each text once for each way of
// reading it, however many containers use it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arch/arch.h"
#include "format/profile.h"
#include "manifest/answer.h"

namespace callgate::manifest {

// The machine that containers are to run on.
struct Machine {
  arch::Arch native = arch::native();
  arch::KernelVersion kernel{6, 18};
};

class Filters {
 public:
  explicit Filters(Machine machine) : machine_(machine) {}
  const Machine& machine() const { return machine_; }
  // The file's profile under that engine (and `runtime`, where it is not the engine's usual one); null if the engine
  // refuses it: `diagnostics` says why.
  std::shared_ptr<const Filter> of_file(const base::SourceFile& file, format::Engine engine,
                                        const std::vector<std::string>& capabilities, base::Diagnostics& diagnostics,
                                        std::optional<format::Runtime> runtime = {});
  // "docker-default", …
  std::shared_ptr<const Filter> built_in(std::string_view name, format::Engine engine,
                                         const std::vector<std::string>& capabilities,
                                         std::optional<format::Runtime> runtime = {});
  // Allows everything.
  std::shared_ptr<const Filter> none();

 private:
  Machine machine_;
  std::map<std::string, std::shared_ptr<const Filter>, std::less<>> known_;
};

}  // namespace callgate::manifest
