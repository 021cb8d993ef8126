// SPDX-License-Identifier: Apache-2.0
#include "cli/session.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "base/io.h"
#include "base/text.h"
#include "cli/diagnostic_ids.h"

namespace callgate::cli {

const char* Env::variable(std::string_view name) const {
  for (const std::string& entry : environment)
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return entry.c_str() + name.size() + 1;
  return nullptr;
}

const base::SourceFile* Session::open(const std::string& path) {
  if (const auto known = streams_.find(path); known != streams_.end()) return known->second;
  const bool standard_input = path == "-";
  auto text = base::read_file(standard_input && env_.stdin_fd != 0 ? fmt::format("/dev/fd/{}", env_.stdin_fd) : path);
  if (!text) {
    fail(text.error());
    return nullptr;
  }
  const base::SourceFile* const file = &files_.emplace_back(standard_input ? "<stdin>" : path, std::move(*text));
  std::error_code ignored;
  if (standard_input || !std::filesystem::is_regular_file(path, ignored)) streams_.emplace(path, file);
  return file;
}

const base::SourceFile& Session::keep_line(const std::string& name, std::string_view line, std::uint32_t line_number) {
  return files_.emplace_back(name, std::string(line), line_number);
}

const base::SourceFile& Session::keep_text(const std::string& name, std::string_view text) {
  std::string copy;
  copy.reserve(text.size() + base::kPaddingBytes);
  copy = text;
  return files_.emplace_back(name, std::move(copy));
}

bool Session::emit(std::string_view content) {
  const std::string path(arguments_.last("output").value_or("-"));
  if (path == "-") {
    env_.out(content);
    return true;
  }
  if (auto written = base::write_file(path, content); !written) {
    fail(written.error());
    return false;
  }
  return true;
}

base::JsonWriter Session::begin_json() const {
  base::JsonWriter json;
  json.begin_object().member("schema_version", kSchemaVersion);
  return json;
}

void Session::print(base::JsonWriter& json) {
  json.end_object();
  env_.out(json.take());
}

int Session::fail(const base::Error& error) {
  using base::ErrorCode;
  switch (error.code) {
    case ErrorCode::io:
    case ErrorCode::invalid:
      diagnostics_.add(kFile, {}, error.message);
      return kBadInput;
    case ErrorCode::limit:
      diagnostics_.add(kLimit, {}, error.message);
      return kBadInput;
    case ErrorCode::unsupported:
      diagnostics_.add(kUnsupported, {}, error.message);
      return kCannot;
    case ErrorCode::internal:
      break;
  }
  diagnostics_.add(kInternal, {}, error.message, "this is a defect of callgate");
  return kOwnDefect;
}

int Session::too_hard(std::string_view name) {
  diagnostics_.add(kLimit, {},
                   fmt::format("{}the argument rules are beyond exact comparison: given up, nothing is said about them",
                               name.empty() ? std::string() : fmt::format("'{}': ", base::printable(name))),
                   "many conditions with different masks, or on several arguments at once, may take time without end: "
                   "say the same with fewer masks, by values (SCMP_CMP_EQ) or in fewer rules");
  return kBadInput;
}

int Session::usage(const base::DiagnosticId& id, std::string message, std::string help) {
  if (help.empty()) help = fmt::format("callgate {} --help", command_.name);
  diagnostics_.add(id, {}, std::move(message), std::move(help));
  return kUsage;
}

int Session::finish(int status) {
  print_diagnostics(env_, diagnostics_, json());
  return status;
}

void print_diagnostics(const Env& env, const base::Diagnostics& diagnostics, bool json) {
  if (diagnostics.items().empty()) return;
  if (json) {
    base::JsonWriter writer;
    writer.begin_object().member("schema_version", kSchemaVersion);
    writer.key("diagnostics").raw(base::trim(base::render_json(diagnostics))).end_object();
    env.err(writer.take());
    return;
  }
  // NO_COLOR counts when it is set and not empty (no-color.org).
  const char* const no_color = env.variable("NO_COLOR");
  env.err(base::render_text(diagnostics, env.err_is_terminal && (no_color == nullptr || *no_color == '\0')));
}

}  // namespace callgate::cli
