// SPDX-License-Identifier: Apache-2.0
#include "convert/formats.h"

#include <algorithm>
#include <array>

#include "convert/closure.h"

namespace callgate::convert {

std::span<const Format* const> formats() {
  static constexpr std::array kAll{&kOci,   &kDocker,  &kPodman,   &kSpoV1beta1, &kSpoV1, &kSeccompiler, &kMinijail,
                                   &kKafel, &kSystemd, &kFirejail, &kBpf,        &kC,     &kClosure};
  return kAll;
}

const Format* find_format(std::string_view name) {
  const auto all = formats();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Format* each) { return each->name == name; });
  return found == all.end() ? nullptr : *found;
}

std::vector<const Format*> candidates(std::string_view text) {
  std::vector<const Format*> out;
  for (const Format* const each : formats())
    if (each->sniff != nullptr && each->sniff(text)) out.push_back(each);
  return out;
}

const Format* sniff(std::string_view text) {
  const auto all = candidates(text);
  return all.size() == 1 ? all.front() : nullptr;
}

}  // namespace callgate::convert
