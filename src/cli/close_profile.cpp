// SPDX-License-Identifier: Apache-2.0
#include "cli/close_profile.h"

#include <fmt/format.h>

#include "base/io.h"
#include "base/text.h"
#include "convert/closure.h"
#include "convert/convert.h"
#include "convert/diagnostic_ids.h"
#include "policy/algebra.h"
#include "policy/changes.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

bool narrows(const convert::Loss& loss) {
  return loss.witness && policy::direction(loss.before, loss.after) == policy::Direction::narrowed;
}

void tell(Session& session, const convert::Loss& loss) {
  base::Diagnostic& made = session.diagnostics().add(loss.id, {}, loss.message, loss.why);
  if (loss.witness)
    made.notes.push_back(
        {{},
         fmt::format("for instance {} {}: {} → {}", syntax::describe_arch(loss.witness->audit, loss.witness->nr),
                     syntax::describe_call(*loss.witness), policy::to_string(loss.before),
                     policy::to_string(loss.after))});
}

}  // namespace

format::Engine reader_of(const convert::Format& format) {
  return format.engine.value_or(format::Engine::oci);
}

int write_profile(Session& session, const closure::Closure& closure, const Emission& emission) {
  const convert::Reading reading = convert::reading_of(closure, emission.phase);
  convert::WriteOptions options;
  if (!closure.sources.empty()) options.native = closure.sources.front().arch;
  options.engine = reader_of(*emission.format);
  const auto conversion = convert::write(reading, *emission.format, options);
  if (!conversion && conversion.error().code == base::ErrorCode::unsupported) {
    session.diagnostics().add(convert::kRefused, {}, conversion.error().message);
    return kNo;
  }
  if (!conversion) return session.fail(conversion.error());
  bool wrong = false;
  for (const convert::Loss& loss : conversion->losses) {
    if (!loss.widens && !narrows(loss)) continue;
    tell(session, loss);
    wrong = true;
  }
  if (wrong && !emission.lossy) {
    session.diagnostics().add(convert::kRefused, {},
                              fmt::format("{} cannot say what is needed; nothing is written", emission.format->name),
                              "--lossy writes it all the same; --arguments none asks nothing of arguments");
    return kNo;
  }
  if (emission.path == "-") {
    session.print(conversion->text);
    return kYes;
  }
  const auto written = base::write_file(emission.path, conversion->text);
  return written ? kYes : session.fail(written.error());
}

}  // namespace callgate::cli
