// callgate eval
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <deque>

#include "arch/calls.h"
#include "arch/prototype.h"
#include "base/io.h"
#include "base/text.h"
#include "cli/batch.h"
#include "cli/commands.h"
#include "cli/diagnostic_ids.h"
#include "cli/input.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

// Answers as text, gathered into blocks.
class Answers {
 public:
  explicit Answers(Session& session) : session_(session), json_(session.json()) {
    if (json_) buffer_ = fmt::format("{{\n  \"schema_version\": {},\n  \"actions\": [", kSchemaVersion);
  }
  void add(policy::Action action) {
    const std::string_view text = text_of(action);
    if (json_) buffer_ += first_ ? "\n    \"" : ",\n    \"";
    first_ = false;
    buffer_ += text;
    if (json_)
      buffer_ += '"';
    else
      buffer_ += '\n';
    if (buffer_.size() > kBlock) flush();
  }
  void finish() {
    if (json_) buffer_ += first_ ? "]\n}\n" : "\n  ]\n}\n";
    flush();
  }
  void flush() {
    session_.print(buffer_);
    buffer_.clear();
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{64} * 1024;
  std::string_view text_of(policy::Action action) {
    for (const auto& [known, text] : texts_)
      if (known == action) return text;
    if (texts_.size() == 64) texts_.clear();  // a filter may answer with any of 65536 data
    return texts_.emplace_back(action, policy::to_string(action)).second;
  }
  Session& session_;
  bool json_;
  bool first_ = true;
  std::string buffer_;
  std::deque<std::pair<policy::Action, std::string>> texts_;
};

void report(Session& session, const std::string& path, std::uint64_t line_number, std::string_view line,
            const BatchError& error) {
  const base::SourceFile& kept =
      session.keep_line(path == "-" ? "<stdin>" : path, line, static_cast<std::uint32_t>(line_number));
  session.diagnostics().add(
      kBadBatchLine, {&kept, static_cast<std::uint32_t>(error.begin), static_cast<std::uint32_t>(error.end)},
      error.message, "a line is `arch call [argument …]`, for instance `x86_64 openat 0 0 O_RDONLY`");
}

int run_batch(Session& session, const Subject& subject, const std::string& path) {
  const base::UniqueFd file(path == "-" ? -1 : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const auto failed = [&] {
    return session.fail({base::ErrorCode::io, fmt::format("{}: {}", path, base::errno_text(errno)), errno});
  };
  if (path != "-" && !file) return failed();
  Answers answers(session);
  BatchReader reader;
  std::uint64_t line_number = 0;
  bool good = true;
  const bool read = for_each_line(file ? file.get() : session.env().stdin_fd, [&](std::string_view line) {
    ++line_number;
    policy::Call call;
    BatchError error;
    if (reader.read(line, call, error)) {
      if (good) answers.add(subject.act(call));  // nothing is answered behind a line that cannot be read
    } else if (!error.message.empty()) {
      report(session, path, line_number, line, error);
      good = false;
    }
    return session.diagnostics().error_count() < base::Diagnostics::kMaxKept;
  });
  if (!read) return failed();
  if (!good) {
    if (!session.json()) answers.flush();  // half a JSON document helps nobody
    return kBadInput;
  }
  answers.finish();
  return kYes;
}

// One call, for each architecture asked about.
int answer_call(Session& session, const Subject& subject, const std::vector<arch::Arch>& archs) {
  const auto& words = session.arguments().operands;
  std::array<std::uint64_t, 6> args{};
  if (words.size() > 2 + args.size()) return session.usage(kBadOperands, "a call has no more than six arguments");
  for (std::size_t i = 2; i < words.size(); ++i) {
    const auto value = arch::parse_value(words[i]);
    if (!value)
      return session.usage(kBadOperands, fmt::format("'{}' is no argument: neither a number nor a known constant",
                                                     base::printable(words[i])));
    args[i - 2] = *value;
  }
  auto json = session.begin_json();
  json.member("profile", subject.name).key("answers").begin_array();
  std::string text;
  for (const arch::Arch which : archs) {
    const auto nr = syntax::find_call(which, words[1]);
    if (!nr) {
      session.diagnostics().add(kNoSuchCall, {},
                                fmt::format("{} has no call '{}'", arch::info(which).name, base::printable(words[1])),
                                syntax::suggestion(arch::suggest_name(words[1])));
      return kBadInput;
    }
    const policy::Call call{arch::info(which).audit, *nr, args};
    const std::string action = policy::to_string(subject.act(call));
    text += archs.size() == 1 ? action + "\n" : fmt::format("{} {}\n", arch::info(which).name, action);
    json.begin_object().member("arch", arch::info(which).name).member("nr", *nr);
    json.member("call", syntax::describe_call(call)).member("action", action).end_object();
  }
  json.end_array();
  if (session.json())
    session.print(json);
  else
    session.print(text);
  return kYes;
}

}  // namespace

int eval_command(Session& session) {
  const auto options = read_options(session);
  if (!options) return kUsage;
  const auto batch = session.arguments().last("batch");
  const std::size_t words = session.arguments().operands.size();
  if (batch && words > 1) return session.usage(kBadOperands, "with --batch no CALL is given");
  if (!batch && words < 2) return session.usage(kBadOperands, "'eval' needs CALL, or --batch FILE");
  int status = kYes;
  const auto subject = load(session, session.arguments().operands[0], *options, status);
  if (!subject) return status;
  if (batch) return run_batch(session, *subject, std::string(*batch));
  const std::vector<arch::Arch> native{options->native};
  return answer_call(session, *subject, options->architectures.empty() ? native : options->architectures);
}

}  // namespace callgate::cli
