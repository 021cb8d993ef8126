// callgate convert
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/conversion.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "cli/options.h"
#include "format/engine.h"
#include "prove/decompile.h"

namespace callgate::cli {

namespace {

using convert::Format;

// "profiles/web.json" → "web".
std::string stem(std::string name) {
  if (const auto slash = name.rfind('/'); slash != std::string::npos) name.erase(0, slash + 1);
  if (const auto part = name.rfind('#'); part != std::string::npos) name.erase(0, part + 1);
  if (const auto dot = name.find('.'); dot != std::string::npos && dot > 0) name.erase(dot);
  return name.empty() || name == "-" ? "callgate" : name;
}

bool is_file(std::string_view name) {
  return !is_process(name) && format::find_builtin(name) == nullptr && name != "unconfined";
}

std::optional<convert::Reading> read_source(Session& session, const std::string& name, format::ReadOptions options,
                                            int& status) {
  status = kBadInput;
  const auto from = session.arguments().last("from");
  const Format* const format = from ? format_named(*from) : nullptr;
  if (format != nullptr && format->engine && !session.arguments().has("as")) options.as = *format->engine;
  if (is_file(name)) return read_any(session, name, options, format);
  auto subject = load(session, name, options, status);
  if (!subject) return std::nullopt;
  convert::Reading reading;
  if (subject->is_policy) {
    reading.profile = std::move(subject->profile);
    reading.by_engine = reading.profile.confined;
    return reading;
  }
  auto policy = prove::decompile(subject->stack);
  if (!policy) {
    status = session.fail(policy.error());
    return std::nullopt;
  }
  reading.profile.policy = std::move(*policy);
  return reading;
}

// A JSON profile or CRD is for the runtime that the source was read for; another format's policy has none.
format::Engine target_engine(const Session& session, const convert::Reading& reading, format::Engine as) {
  if (const auto given = session.arguments().last("for")) return *format::find_engine(*given);
  if (!reading.by_engine) return format::Engine::oci;
  switch (format::dialect(as).runtime) {
    case format::Runtime::runc:
      return format::Engine::runc;
    case format::Runtime::crun:
      return format::Engine::crun;
    case format::Runtime::oci:
      break;
  }
  return format::Engine::oci;
}

int convert_command(Session& session) {
  const Arguments& given = session.arguments();
  const auto options = read_options(session);
  if (!options) return kUsage;
  if (!given.has("to")) return session.usage(kBadOperands, "'convert' needs --to FORMAT");
  const Format* const to = target_format(session, "");
  if (to == nullptr) return kUsage;
  const auto from = given.last("from");
  if (from && (format_named(*from) == nullptr || format_named(*from)->read == nullptr))
    return session.usage(kBadOptionValue, fmt::format("--from: '{}' is no format that can be read", *from));
  int status = kYes;
  const std::string& name = given.operands[0];
  const auto reading = read_source(session, name, *options, status);
  if (!reading) return status;
  convert::WriteOptions how;
  how.native = options->architectures.empty() ? options->native : options->architectures.front();
  how.engine = target_engine(session, *reading, options->as);
  how.name = given.last("name") ? std::string(*given.last("name")) : stem(name);
  return write_converted(session, *reading, *to, how);
}

constexpr std::array<Operand, 1> kOperands{{{"PROFILE",
                                             "what is converted: a path, FILE#NAME for one of several in a file, '-', "
                                             "docker-default, podman-default, unconfined, or pid:N"}}};
constexpr auto kOptions =
    kWriting +
    std::array<Option, 3>{{
        {"from", 0, "FORMAT", "what PROFILE is, where its content does not tell; formats as for --to", ""},
        {"for", 0, "ENGINE",
         "who will read an OCI profile or a SeccompProfile (the runtime that PROFILE is read for, if not given)",
         "docker,podman,containerd,runc,crun,oci"},
        {"name", 0, "NAME", "the profile's name, where the format has one (the file's if not given)", ""},
    }} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 4> kExamples{{
    {"callgate convert --to spo-v1 profile.json -o profile.yaml", "A Kubernetes object for the operator."},
    {"callgate convert --to seccompiler --lossy --arch x86_64 docker-default -o vmm.json",
     "Take Docker's default over to Firecracker's format, and read what is lost."},
    {"callgate convert --to seccompiler docker-default", "Nothing is written where something would be lost.", 1},
    {"callgate convert --to bpf profile.json -o profile.bpf", "A filter, proved equal to the profile."},
}};

}  // namespace

constinit const Command kConvertCommand{
    "convert",
    "write a profile in another tool's format, or tell what that format cannot say",
    "Reads a profile in any format and writes it in another. What was written is read back as its own tool reads it "
    "and "
    "compared with the source on every architecture, call number and argument. If they are equal, it is written.\n\n"
    "If not, every difference is listed with a number, a call for which it shows and the reason, and nothing is "
    "written "
    "without --lossy. A difference that grants a call which the source denies is named first among the reasons to "
    "refuse.\n\n"
    "Comments are kept where both formats have them. Rules of Docker's format that depend on capabilities, kernel or "
    "architecture are decided as --caps, --kernel and --arch say.",
    kOperands,
    kOptions,
    kExamples,
    "0 written; 1 refused, for something would be lost",
    false,
    convert_command};

}  // namespace callgate::cli
