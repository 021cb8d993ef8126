// What callgate says that `docker create` sends, for a test that asks the real one: a line of standard input is
// {"directory", "version": [28, 2], "args": […]}, a line of output what would be sent, or {"message"}.
// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include "base/json_write.h"
#include "container/docker_cli.h"
#include "text/node.h"

namespace {

using namespace callgate;

void strings(base::JsonWriter& out, const char* key, const std::vector<std::string>& list) {
  out.key(key).begin_array();
  for (const std::string& each : list) out.value(each);
  out.end_array();
}

std::string answer(const std::string& line) {
  manifest::Files none("/");
  base::Diagnostics diagnostics;
  const auto document = text::read_json(none.keep("row", line), diagnostics);
  if (!document) return "{}";
  const text::Node row = document->root();
  manifest::Files files(std::string(row.find("directory").text()));
  std::vector<int> version;
  for (const text::Node each : row.find("version")) version.push_back(static_cast<int>(each.as_u64().value_or(0)));
  std::vector<container::Word> words;
  for (const text::Node each : row.find("args")) words.push_back({std::string(each.text()), {}});
  base::JsonWriter out(0);
  out.begin_object();
  const auto options = container::parse_options(words, "docker", container::Command::create);
  if (!options) return out.member("message", options.error().message).end_object().take();
  const auto request = container::docker_request(*options, {}, {version.at(0), version.at(1)}, files);
  if (!request) return out.member("message", request.error().message).end_object().take();
  std::vector<std::string> sent;
  for (const container::SecurityOpt& each : request->security_opt) sent.push_back(each.text);
  strings(out, "SecurityOpt", sent);
  strings(out, "CapAdd", request->cap_add);
  strings(out, "CapDrop", request->cap_drop);
  out.member("Privileged", request->privileged).member("Runtime", request->runtime);
  return out.member("UsernsMode", request->userns).member("Image", request->image).end_object().take();
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) std::cout << answer(line);
  return 0;
}
