// SPDX-License-Identifier: Apache-2.0
#include "scan/join.h"

#include <algorithm>

namespace callgate::scan {

namespace {

// Those that both have, with the values of both.
std::vector<Argument> both(const std::vector<Argument>& a, const std::vector<Argument>& b) {
  std::vector<Argument> out;
  for (const Argument& x : a)
    for (const Argument& y : b) {
      if (x.index != y.index) continue;
      Argument one = x;
      one.values.insert(one.values.end(), y.values.begin(), y.values.end());
      std::sort(one.values.begin(), one.values.end());
      one.values.erase(std::unique(one.values.begin(), one.values.end()), one.values.end());
      out.push_back(std::move(one));
    }
  return out;
}

}  // namespace

void join(Answer& answer, Answer other) {
  for (Call& call : other.calls) {
    const auto at = std::lower_bound(answer.calls.begin(), answer.calls.end(), call.nr,
                                     [](const Call& c, std::uint32_t nr) { return c.nr < nr; });
    if (at == answer.calls.end() || at->nr != call.nr) {
      answer.calls.insert(at, std::move(call));
      continue;
    }
    auto arguments = both(at->arguments, call.arguments);
    if (at->assumed && !call.assumed) *at = std::move(call);
    at->arguments = std::move(arguments);
  }
  for (std::string& each : other.libraries)
    if (std::find(answer.libraries.begin(), answer.libraries.end(), each) == answer.libraries.end())
      answer.libraries.push_back(std::move(each));
  for (Unresolved& each : other.unresolved) {
    const auto same = [&](const Unresolved& u) {
      return u.kind == each.kind && u.where == each.where && u.why == each.why;
    };
    if (std::none_of(answer.unresolved.begin(), answer.unresolved.end(), same))
      answer.unresolved.push_back(std::move(each));
  }
  std::stable_sort(answer.unresolved.begin(), answer.unresolved.end(),
                   [](const Unresolved& a, const Unresolved& b) { return a.kind < b.kind; });
  for (const Assumption a : other.assumed)
    if (std::find(answer.assumed.begin(), answer.assumed.end(), a) == answer.assumed.end()) answer.assumed.push_back(a);
  std::sort(answer.assumed.begin(), answer.assumed.end());
  // What could not be decided may make any call with anything.
  if (!answer.closed())
    for (Call& call : answer.calls) call.arguments.clear();
}

}  // namespace callgate::scan
