// go-yaml's words and lines for texts that are no YAML, as its own tests have them.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>

#include "text/node.h"

namespace callgate::text {
namespace {

struct Row {
  std::string_view text, words;
};

TEST(GoYamlFailure, SaysWhatGoYamlSays) {
  constexpr std::array<Row, 7> kRows{{
      {"v: [A,", "yaml: line 1: did not find expected node content"},
      {"v:\n- [A,", "yaml: line 2: did not find expected node content"},
      {"a:\n- b: *,", "yaml: line 2: did not find expected alphabetic or numeric character"},
      {"value: -", "yaml: block sequence entries are not allowed in this context"},
      {"a: 1\nb: 2\nc 2\nd: 3\n", "yaml: line 3: could not find expected ':'"},
      {"#\n-\n{", "yaml: line 3: could not find expected ':'"},
      {"%TAG !%79! tag:yaml.org,2002:\n---\nv: !%79!int '1'", "yaml: did not find expected whitespace"},
  }};
  for (const Row& row : kRows) EXPECT_EQ(go_yaml_failure(row.text).value_or("none"), row.words) << row.text;
  EXPECT_FALSE(go_yaml_failure("a: *b"));
}

}  // namespace
}  // namespace callgate::text
