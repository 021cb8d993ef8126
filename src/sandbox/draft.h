// A plan of seals in the making: one file a seal adds its steps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/mount.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/diagnostic_ids.h"
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
  bool bare = false;  // no namespaces are to be had

  bool has(Seal seal) const { return (seals.seals & bit(seal)) != 0; }
  // Says why; always false.
  bool refuse(const base::DiagnosticId& id, std::string message, std::string help = {}) {
    refusal = {id, kExitOwnFailure, std::move(message), std::move(help)};
    return false;
  }
  // Goes on without `what`, if that is wanted; else says so.
  bool lacking(std::string what, std::string help = "--best-effort goes on without") {
    if (!request.best_effort) return refuse(kCannotSeal, std::move(what), std::move(help));
    left_out(std::move(what));
    return true;
  }
  void left_out(std::string what) { seals.missing.push_back(std::move(what)); }
  // Of its own, unless nobody here can reach one.
  bool session_keyring() {
    if (host.keyctl) setup(StepKind::session_keyring);
    return host.keyctl || !host.other_key_calls ||
           lacking(
               "a session keyring of its own needs keyctl, which is refused here, but add_key and request_key are not");
  }
  Step& prepare(StepKind kind, std::string path, std::string text = {}) {
    return add(seals.prepare, kind, std::move(path), std::move(text));
  }
  Step& setup(StepKind kind, std::string path = {}, std::string text = {}) {
    return add(seals.setup, kind, std::move(path), std::move(text));
  }
  Step& program(StepKind kind, std::string path = {}) { return add(seals.program, kind, std::move(path), {}); }
  int new_mount(std::string type, std::string options, std::uint64_t attributes);
  int copy_mount(std::string path, std::uint64_t attributes, bool may_be_absent = false);
  void attach(int slot, std::string path, bool may_be_absent = false);
  // Through /proc/PID/mem a process can write its own code, whatever the protection of that memory.
  std::uint64_t proc_attributes() const { return request.no_exec_memory ? std::uint64_t{MOUNT_ATTR_RDONLY} : 0; }
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

// By their numbers: "cpu", "fsize" … "rttime".
std::span<const std::string_view> limit_names();

// Each adds its seal's steps to `setup`, or says why not.
bool plan_files(Draft& draft);
bool plan_net(Draft& draft);
bool plan_memory(Draft& draft);
bool plan_limits(Draft& draft);  // by the program's process, once everything else is done
// The second wall of the same, for the program's own process.
void plan_landlock(Draft& draft);
void plan_landlock_files(Draft& draft);
std::uint64_t landlock_file_accesses(int abi);
inline constexpr int kLandlockSlot = 0;  // by then no mount is waiting

}  // namespace callgate::sandbox
