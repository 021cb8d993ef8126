// What an engine is asked to do: the same value whether a command line, a Compose service or an inspected container
// says it. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "manifest/answer.h"
#include "manifest/filters.h"

namespace callgate::container {

using EngineVersion = format::EngineVersion;

// The newest Docker whose behaviour is known here.
inline constexpr EngineVersion kNewestDocker{29, 7, 2};

// "20.10.24", "20.10.24+dfsg1"; a part left out means the newest of that line: "28" is the last 28. Nothing for what is
// no version.
std::optional<EngineVersion> read_version(std::string_view text);

// One --security-opt as it reaches the engine's API.
struct SecurityOpt {
  std::string text;  // "seccomp={…}": a profile by its text
  base::Span place;
  const base::SourceFile* profile = nullptr;  // the file whose text it is
  std::string profile_path;                   // as the user wrote it
};

struct Request {
  std::string name;   // --name, the service, else the image
  std::string owner;  // manifest::Container::owner
  std::string image;
  base::Span source;
  std::vector<SecurityOpt> security_opt;  // in order
  bool privileged = false;
  std::vector<std::string> cap_add, cap_drop;
  std::string runtime;                // --runtime; empty: the daemon's default
  std::string userns;                 // "host": without the daemon's remapping
  std::vector<manifest::Step> steps;  // what the front end saw on the way
};

// dockerd's configuration (daemon.json and its options) as far as seccomp goes.
struct Daemon {
  EngineVersion version = kNewestDocker;
  // seccomp-profile: empty: built in; "unconfined"; else the file.
  std::string seccomp_profile;
  const base::SourceFile* seccomp_file = nullptr;
  base::Span place;
  std::string default_runtime = "runc";
  std::vector<std::pair<std::string, std::string>> runtimes;  // name, path
  bool no_new_privileges = false;
  bool userns_remap = false;
};

// What dockerd makes of it: the profile chosen or the refusal, with the daemon's words.
manifest::Container decide(const Request& request, const Daemon& daemon, manifest::Filters& filters);

}  // namespace callgate::container
