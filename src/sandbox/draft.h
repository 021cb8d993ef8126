// A plan of seals in the making: one file a seal adds its steps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "sandbox/seals.h"

namespace callgate::sandbox {

struct Port {
  std::uint64_t number = 0, access = 0;  // kLandlockBindTcp or kLandlockConnectTcp
};

struct Draft {
  const SealRequest& request;
  const HostFacts& host;
  Refusal& refusal;
  Seals seals;
  int slots = 0;  // used so far
  std::vector<Port> ports;

  bool has(Seal seal) const { return (seals.seals & bit(seal)) != 0; }
  // Says why; always false.
  bool refuse(const base::DiagnosticId& id, std::string message, std::string help = {}) {
    refusal = {id, kExitOwnFailure, std::move(message), std::move(help)};
    return false;
  }
  Step& setup(StepKind kind, std::string path = {}, std::string text = {}) {
    return add(seals.setup, kind, std::move(path), std::move(text));
  }
  Step& program(StepKind kind, std::string path = {}) { return add(seals.program, kind, std::move(path), {}); }
  int new_mount(std::string type, std::string options, std::uint64_t attributes);
  int copy_mount(std::string path, std::uint64_t attributes, bool may_be_absent = false);
  void attach(int slot, std::string path, bool may_be_absent = false);
  // What container runtimes keep from a program in /proc and /sys.
  void hide_kernel_files();

 private:
  static Step& add(std::vector<Step>& steps, StepKind kind, std::string path, std::string text) {
    Step& step = steps.emplace_back();
    step.kind = kind;
    step.path = std::move(path);
    step.text = std::move(text);
    return step;
  }
};

// Each adds its seal's steps to `setup`, or says why not.
bool plan_files(Draft& draft);
bool plan_net(Draft& draft);
// The second wall of the same, for the program's own process.
void plan_landlock(Draft& draft);
void plan_landlock_files(Draft& draft);
std::uint64_t landlock_file_accesses(int abi);
inline constexpr int kLandlockSlot = 0;  // by then no mount is waiting

}  // namespace callgate::sandbox
