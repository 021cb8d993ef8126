// What came of edits that were made at once: whether it is as good as before, and where it is not, which of them are to
// blame. Within review only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "review/review.h"

namespace callgate::review {

// Where a place is after edits that do not overlap.
class Shift {
 public:
  Shift() = default;
  explicit Shift(std::vector<lint::Edit> edits);
  std::uint32_t operator()(std::uint32_t place) const;

 private:
  struct Row {
    std::uint32_t begin, end;
    std::int64_t before;  // what the edits so far add, this one without what it takes away
  };
  std::vector<Row> rows_;
};
using Shifts = std::map<std::string, Shift>;  // by file

// A part of a file that is taken for one: what stands between a container's beginning and the next one's, or a whole
// document of several. By number, which stays the same as long as none come or go.
using Part = std::pair<std::string, std::size_t>;

// One of `findings`, and the part in which no more than one should be tried at once where several are to blame.
struct Blamed {
  const lint::Finding* finding;
  Part part;
};
struct Verdict {
  bool good = true;
  std::vector<Blamed> blamed;  // empty where it is not good: nobody knows
};

// `findings`: of `before`, whose fixes have led to `after`.
Verdict judge_fixes(const Judged& before, const Judged& after, std::span<const lint::Finding* const> findings,
                    const Shifts& shifts);

}  // namespace callgate::review
