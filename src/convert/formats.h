// The formats: one row each, one source file each (or one a family). A row says how a format is told by its content,
// how it is read and written, and in whose reading its text has its meaning.
//
// Adding one: a file with `const Format kMine{…}`, its declaration below, its place in formats.cpp. A writer says as
// much as its format can; what it could not say is found by comparing (loss.h) and need not be reported by it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostic.h"
#include "base/result.h"
#include "convert/loss.h"
#include "convert/outline.h"
#include "format/profile.h"

namespace callgate::convert {

// What a reader gets beside the file.
struct ReadContext {
  format::ReadOptions options;  // as: whose runtime; native: the architecture where a file does not say
  std::string select;           // which of several profiles in the file is meant; empty: there must be one
  bool swap_bytes = false;      // of filter records: they are in the other byte order than this machine's
  // Another file that this one includes, by the name it uses; null if it cannot be opened. May be empty: includes are
  // then an error.
  std::function<const base::SourceFile*(const std::string& name)> open;
};

// What was read. The profile's policy is exact; `comments` is what the format has of them.
struct Reading {
  format::Profile profile;
  Comments comments;
  // The profile was read as a container engine reads it: its flags are all that is asked for.
  bool by_engine = false;
  // profile.default_action is a default that the file states.
  bool states_default = false;
  // Rules that depend on capabilities, kernel or architecture were decided for one container on one machine.
  bool resolved = false;
};

struct WriteOptions {
  arch::Arch native = arch::native();  // the machine that the text is for
  // Who reads a JSON profile or a CRD, and so which runtime's ways are to be reckoned with.
  format::Engine engine = format::Engine::oci;
  std::string name = "callgate";  // of the profile, where the format has names
  bool little_endian = true;      // of records (bpf) and of the machine (c)
};

struct Written {
  std::string text;  // bytes, for bpf
  // What the text means, where the format is not read back but was proved; otherwise the framework reads the text.
  std::optional<policy::Policy> meaning;
};

// What a writer works from.
struct Source {
  const Reading& reading;  // policy, flags, listener
  const Outline& outline;
  const policy::Policy& policy() const { return reading.profile.policy; }
};

struct Format {
  std::string_view name;       // "minijail"
  std::string_view title;      // "minijail policy"
  std::string_view extension;  // ".policy"
  bool binary = false;
  // Whether a text is surely of this format. Must not be true for any JSON profile (OCI, Docker, containers/common),
  // nor for a text of another format. Null: never told by content (c, and the JSON profiles, which are what is left).
  bool (*sniff)(std::string_view text) = nullptr;
  // Null: not read. Nothing, and diagnostics (CG12xx), if the file is wrong.
  std::optional<Reading> (*read)(const base::SourceFile& file, const ReadContext& context,
                                 base::Diagnostics& diagnostics) = nullptr;
  // Null: not written. An error if nothing at all can be written.
  base::Result<Written> (*write)(const Source& source, const WriteOptions& options) = nullptr;
  // Why this format cannot say what a loss of that number (1301 …) is about; empty: nothing special.
  std::string_view (*why)(int loss) = nullptr;
  // The engine whose reading gives a text its meaning where that is fixed (docker, podman).
  std::optional<format::Engine> engine;
};

extern const Format kOci, kDocker, kPodman, kSpoV1beta1, kSpoV1, kSeccompiler, kBpf, kC;
extern const Format kMinijail, kKafel, kSystemd, kFirejail;

// In the order in which they are listed to people.
std::span<const Format* const> formats();
const Format* find_format(std::string_view name);
// Those whose sniff says yes. None: a JSON profile, or unknown; several: what no reader takes for one thing.
std::vector<const Format*> candidates(std::string_view text);
// The one candidate, if there is one.
const Format* sniff(std::string_view text);

}  // namespace callgate::convert
