// Command lines, daemons and running containers of Docker, Podman and nerdctl → what is in force. Four ways in: one
// command line, a script that holds many, the JSON of `inspect`, and an engine's API socket (live.h). Each ends in a
// Request, and an engine decides (request.h, podman.h, nerdctl.h).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/diagnostic.h"
#include "base/source.h"
#include "container/podman.h"
#include "container/request.h"
#include "manifest/answer.h"
#include "manifest/files.h"
#include "manifest/filters.h"
#include "text/node.h"

namespace callgate::container {

// What surrounds a command line: the files that it may name, and the engines that it talks to.
struct World {
  manifest::Files& files;
  manifest::Filters& filters;
  Daemon daemon = {};
  EngineVersion docker_cli = kNewestDocker;  // the docker command's; it may differ from the daemon's
  Podman podman = {};
  std::vector<std::string> environment = {};  // "NAME=value", what a script's variables start from
};

// A word of a command line as the program gets it: quotes gone, variables replaced.
struct Word {
  std::string text;
  base::Span place;          // as written
  std::string unknown = {};  // a variable in it that nothing here sets; its text then has it as written
  bool splits = false;       // it is that variable alone, unquoted: no word, one, or many
};

// Whether the words call docker, podman or nerdctl (by any path) and make or enter a container: run, create, exec.
bool is_command_line(std::span<const std::string> words);
bool is_command_line(std::span<const Word> words);

// Words with places in a text of their own, "command line".
std::vector<Word> place_words(std::span<const std::string> words, manifest::Files& files);

// One command line. Without places, the words are kept as a text of their own, "command line", for places to point to.
void resolve_line(std::span<const std::string> words, World& world, manifest::Answer& answer,
                  base::Diagnostics& diagnostics);
void resolve_line(std::span<const Word> words, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics);

// Every such command line of a shell script, a Makefile or a CI system's YAML.
void resolve_script(const base::SourceFile& script, World& world, manifest::Answer& answer,
                    base::Diagnostics& diagnostics);

// `docker inspect`, `podman inspect`: an array of containers, or one.
bool looks_like_inspect(text::Node root);
void resolve_inspect(text::Node root, World& world, manifest::Answer& answer, base::Diagnostics& diagnostics);

// dockerd's daemon.json. What it says is taken over into `daemon`; false where dockerd would not start with it.
bool read_daemon_json(const base::SourceFile& file, manifest::Files& files, Daemon& daemon,
                      base::Diagnostics& diagnostics);

}  // namespace callgate::container
