// SPDX-License-Identifier: Apache-2.0
#include "cli/conversion.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "convert/diagnostic_ids.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

void diagnose(Session& session, const convert::Loss& loss) {
  std::string message = loss.message;
  base::Diagnostic& finding = session.diagnostics().add(loss.id, {}, std::move(message), loss.why);
  if (loss.witness)
    finding.notes.push_back(
        {{},
         fmt::format("for instance {} {}: {} → {}", syntax::describe_arch(loss.witness->audit, loss.witness->nr),
                     syntax::describe_call(*loss.witness), policy::to_string(loss.before),
                     policy::to_string(loss.after))});
}

// Why nothing is written: a conversion that grants more says so before anything else.
void refuse(Session& session, const convert::Conversion& conversion, const convert::Format& format) {
  for (const convert::Loss& loss : conversion.losses) {
    if (!loss.widens || !loss.witness) continue;
    session.diagnostics().add(
        convert::kWidens, {},
        fmt::format("as {} it would grant more: {} {}; nothing is written", format.name,
                    syntax::describe_arch(loss.witness->audit, loss.witness->nr), syntax::describe_call(*loss.witness)),
        "--lossy writes it all the same");
    return;
  }
  session.diagnostics().add(convert::kRefused, {},
                            fmt::format("{} cannot say all of it; nothing is written", format.name),
                            "nothing more would be granted; --lossy writes it all the same");
}

std::string report(const Session& session, const convert::Conversion& conversion, const convert::Format& format,
                   bool written) {
  auto json = session.begin_json();
  json.member("to", format.name).member("lossless", conversion.lossless());
  json.member("widens", conversion.widens()).member("written", written);
  json.key("losses").begin_array();
  for (const convert::Loss& loss : conversion.losses) to_json(loss, json);
  json.end_array().end_object();
  return json.take();
}

}  // namespace

const convert::Format* format_named(std::string_view name) {
  return convert::find_format(name == "spo" ? "spo-v1" : name);
}

const convert::Format* target_format(Session& session, std::string_view fallback) {
  const std::string_view name = session.arguments().last("to").value_or(fallback);
  const convert::Format* const format = format_named(name);
  if (format != nullptr && format->write != nullptr) return format;
  std::vector<std::string_view> names;
  for (const convert::Format* const each : convert::formats())
    if (each->write != nullptr) names.push_back(each->name);
  const auto near = base::closest(name, names);
  session.usage(kBadOptionValue, fmt::format("--to: '{}' is no format that can be written", base::printable(name)),
                near ? fmt::format("did you mean '{}'?", *near) : fmt::format("one of {}", fmt::join(names, ", ")));
  return nullptr;
}

int write_converted(Session& session, const convert::Reading& reading, const convert::Format& format,
                    const convert::WriteOptions& options) {
  const bool to_output = session.arguments().last("output").value_or("-") == "-";
  if (format.binary && to_output && session.env().out_is_terminal)
    return session.usage(kBadOptionValue, "filter records are not for a terminal", "give -o FILE or --to c");
  const auto conversion = convert::write(reading, format, options);
  if (!conversion && conversion.error().code == base::ErrorCode::unsupported) {
    session.diagnostics().add(convert::kRefused, {}, conversion.error().message);
    return kNo;
  }
  if (!conversion) return session.fail(conversion.error());
  const bool allowed = conversion->lossless() || session.arguments().has("lossy");
  if (allowed && !session.emit(conversion->text)) return kBadInput;
  if (session.json()) {
    const std::string text = report(session, *conversion, format, allowed);
    to_output&& allowed ? session.env().err(text) : session.env().out(text);
    return allowed ? kYes : kNo;
  }
  for (const convert::Loss& loss : conversion->losses) diagnose(session, loss);
  if (allowed) return kYes;
  refuse(session, *conversion, format);
  return kNo;
}

}  // namespace callgate::cli
