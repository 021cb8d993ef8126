// callgate disasm
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "bpf/dataflow.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

std::string render(const bpf::Program& program, std::string_view kind) {
  const bpf::Names names = syntax::listing_names();
  if (kind == "dot") return bpf::to_dot(program, names);
  if (kind == "c") return bpf::to_c(program, names, "filter");
  return bpf::disassemble(program, names, {bpf::looks_little_endian(program), true});
}

}  // namespace

int disasm_command(Session& session) {
  const std::string& name = session.arguments().operands[0];
  std::vector<bpf::Program> stack;
  int status = kYes;
  if (is_process(name)) {
    auto filters = read_process(session, name, status);
    if (!filters) return status;
    stack = std::move(*filters);
  } else {
    const base::SourceFile* const file = session.open(name);
    if (file == nullptr) return kBadInput;
    auto program = read_filter(session, *file, true);
    if (!program) return kBadInput;
    if (session.diagnostics().has_errors()) status = kBadInput;
    stack.push_back(std::move(*program));
  }
  const auto kind = session.arguments().last("emit").value_or(session.json() ? "json" : "asm");
  if (kind == "json") return session.emit(filters_json(session, stack)) ? status : kCannot;
  std::string text;
  for (std::size_t i = 0; i < stack.size(); ++i) {
    if (stack.size() > 1)
      text += fmt::format("{} filter {} of {}{}\n", kind == "asm" ? ";" : "//", i, stack.size(),
                          i == 0 ? ", the newest" : "");
    text += render(stack[i], kind);
  }
  if (stack.empty()) text = fmt::format("; {} is under no filter\n", name);
  return session.emit(text) ? status : kCannot;
}

}  // namespace callgate::cli
