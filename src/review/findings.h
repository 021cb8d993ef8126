// Findings gathered by file. What is said twice of one place (a Pod's profile, once for each of its containers) is one
// finding that names them all. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "lint/lint.h"
#include "manifest/answer.h"

namespace callgate::review {

// "container 'web' of Pod/shop", "service app", "container 'alpine'".
std::string label(const manifest::Container& container);

class Findings {
 public:
  // Files are told apart by their paths from there on.
  explicit Findings(std::string working_directory) : working_directory_(std::move(working_directory)) {}
  // The report of that name is there, even if nothing is found.
  void expect(const std::string& name);
  // A finding about the container, if there is one; `place` without a file: where the container stands.
  lint::Finding& add(std::string_view rule, base::Span place, std::string message, std::string help,
                     const manifest::Container* about);
  // Sorted by place, suppressions applied, each with a summary of what its containers run under.
  std::vector<lint::Report> reports(const manifest::Answer& answer);

 private:
  struct Kept {
    lint::Finding finding;
    std::vector<const manifest::Container*> about;
  };
  struct Part {
    std::string name;
    std::vector<Kept> kept;
  };
  using Key = std::tuple<std::size_t, std::string_view, std::uint32_t, std::string>;  // part, rule, place, message
  std::size_t part(const std::string& name);
  std::string working_directory_;
  std::vector<Part> parts_;
  std::map<std::string, std::size_t> by_name_;
  std::map<Key, std::size_t> known_;
};

}  // namespace callgate::review
