// What the docker command makes of `run` and `create` before anything reaches the daemon: it reads the profile and
// refuses what it does not understand, in words that changed with its version.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "container/options.h"
#include "container/request.h"
#include "manifest/files.h"

namespace callgate::container {

// A command's refusal of its own command line.
struct CliRefusal {
  std::string message;
  base::Span place;
};

// One --security-opt as the command sends it: a profile's text instead of its path. Compose takes over this grammar.
// `option` is changed in place; nothing is sent of "systempaths=unconfined" (`sent` false).
struct SecurityOptRead {
  SecurityOpt option;
  bool sent = true;
  // The profile's file exists and callgate does not read it (a FIFO, a device, /proc): why. The engine may.
  std::string unread;
};
tl::expected<SecurityOptRead, CliRefusal> read_security_opt(std::string_view text, base::Span place,
                                                            EngineVersion version, manifest::Files& files);

// "sys_admin" twice and "ALL": {"ALL", "CAP_SYS_ADMIN"}; the command does so since 28, before that the daemon.
std::vector<std::string> sent_capabilities(const std::vector<std::string>& given, EngineVersion version);

// The request that `line`, behind `docker run` or `docker create`, ends in.
tl::expected<Request, CliRefusal> docker_request(const CommandLine& line, base::Span place, EngineVersion version,
                                                 manifest::Files& files);

}  // namespace callgate::container
