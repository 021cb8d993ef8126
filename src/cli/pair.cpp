// SPDX-License-Identifier: Apache-2.0
#include "cli/pair.h"

#include <fmt/format.h>

#include "arch/calls.h"
#include "syntax/words.h"

namespace callgate::cli {

namespace {

std::string describe(const Subject& subject, format::Engine engine) {
  return subject.by_engine ? fmt::format("{}, read as {}", subject.name, format::name(engine)) : subject.name;
}

void side_json(base::JsonWriter& json, std::string_view key, const Subject& subject, format::Engine engine) {
  json.key(key).begin_object().member("name", subject.name);
  if (subject.by_engine) json.member("as", format::name(engine));
  json.end_object();
}

}  // namespace

std::string Pair::describe_a() const {
  return describe(a, engine_a);
}

std::string Pair::describe_b() const {
  return describe(b, engine_b);
}

void Pair::to_json(base::JsonWriter& json) const {
  side_json(json, "a", a, engine_a);
  side_json(json, "b", b, engine_b);
}

std::optional<Pair> load_pair(Session& session, int& status) {
  auto options = read_options(session);
  if (!options) {
    status = kUsage;
    return std::nullopt;
  }
  Pair pair;
  const auto& words = session.arguments().operands;
  const auto read = [&](const std::string& name, Subject& subject, policy::Policy& policy) {
    auto loaded = load(session, name, *options, status);
    if (!loaded) return false;
    auto value = loaded->as_policy();
    if (!value) {
      status = session.fail(std::move(value.error()).within(name));
      return false;
    }
    subject = std::move(*loaded);
    policy = std::move(*value);
    return true;
  };
  pair.engine_a = options->as;
  if (!read(words[0], pair.a, pair.policy_a)) return std::nullopt;
  if (const auto other = session.arguments().last("b-as")) options->as = *format::find_engine(*other);
  pair.engine_b = options->as;
  if (!read(words[1], pair.b, pair.policy_b)) return std::nullopt;
  return pair;
}

void witness_json(base::JsonWriter& json, const policy::Call& call, policy::Action a, policy::Action b) {
  const std::string_view name = arch::name_of_call(call.audit, call.nr);
  json.begin_object().member("arch", syntax::describe_arch(call.audit, call.nr));
  json.member("call", name.empty() ? fmt::format("{}", call.nr) : std::string(name));
  json.member("audit", call.audit).member("nr", call.nr).key("args").begin_array();
  for (const std::uint64_t argument : call.args) json.value(argument);
  json.end_array().member("text", syntax::describe_call(call));
  json.member("a", policy::to_string(a)).member("b", policy::to_string(b)).end_object();
}

}  // namespace callgate::cli
