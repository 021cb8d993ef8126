// What a filter is, held against Docker's default on the machine's own architecture: how many calls it lets through
// that the default refuses, how many the other way round, and the gravest of what becomes possible. Costs an exact
// comparison, so it is made when somebody asks and once for each filter, however many containers run under it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lint/lint.h"
#include "manifest/answer.h"
#include "manifest/filters.h"

namespace callgate::resolve {

struct NewRisk {
  std::string_view rule, title;  // data/lint/risks.csv
  lint::Level level = lint::Level::warning;
  std::vector<std::string_view> calls;
};

struct Summary {
  bool confined = true;
  std::string_view arch;       // "x86_64"
  std::size_t calls = 0;       // that the architecture has
  std::size_t allowed = 0;     // of those, with some arguments at least
  std::size_t more = 0;        // calls of which it grants what Docker's default refuses
  std::size_t fewer = 0;       // calls of which it refuses what Docker's default grants
  std::vector<NewRisk> risks;  // gravest first
  std::string text;            // all of it in a sentence: lower case, no full stop
};

class Summaries {
 public:
  explicit Summaries(manifest::Filters& filters) : filters_(filters) {}
  // Null where the container's filter is not known.
  const Summary* of(const manifest::Container& container);

 private:
  manifest::Filters& filters_;
  std::map<std::shared_ptr<const manifest::Filter>, Summary> known_;
};

}  // namespace callgate::resolve
