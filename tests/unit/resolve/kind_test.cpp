// Kinds of files, told by their content.
// SPDX-License-Identifier: Apache-2.0
#include "resolve/kind.h"

#include <gtest/gtest.h>

namespace callgate::resolve {
namespace {

struct Row {
  std::string_view text;
  InputKind kind;
};

TEST(Kind, ToldByContent) {
  for (const Row& row : {
           Row{"services: {a: {image: i}}\n", InputKind::compose},
           Row{"# a note\n\"services\" :\n  a: {image: i}\n", InputKind::compose},
           Row{"name: p\nservices:\n  a: {image: i, command: \"kind: Pod\"}\n", InputKind::compose},
           Row{"apiVersion: v1\nkind: Pod\n", InputKind::kubernetes},
           Row{"kind: Pod\r\napiVersion: v1\r\n", InputKind::kubernetes},
           Row{"---\n# nothing\n---\napiVersion: v1\nkind: Pod\n", InputKind::kubernetes},
           Row{"{apiVersion: v1, kind: Pod}\n", InputKind::kubernetes},
           Row{R"({"apiVersion": "v1", "kind": "List", "items": []})", InputKind::kubernetes},
           Row{R"({"services": {"a": {"image": "i"}}})", InputKind::compose},
           Row{R"([{"Id": "aa", "HostConfig": {}, "Config": {}}])", InputKind::inspect},
           Row{R"({"seccomp-profile": "p.json"})", InputKind::daemon_json},
           Row{R"({"defaultAction": "SCMP_ACT_ALLOW"})", InputKind::profile},
           Row{"defaultAction: SCMP_ACT_ALLOW\n", InputKind::profile},
           Row{"{\"a\": ", InputKind::malformed},
           Row{"#!/bin/sh\nkind: Pod\napiVersion: v1\n", InputKind::script},
           Row{"docker run alpine\n", InputKind::script},
           Row{"stages: [test]\njob: {script: [docker run alpine]}\n", InputKind::script},
           Row{"", InputKind::script},
           Row{"\xff\xfe", InputKind::script},
           Row{"  kind: Pod\n  apiVersion: v1\n", InputKind::script},
       }) {
    const base::SourceFile file("input", std::string(row.text));
    base::Diagnostics diagnostics;
    EXPECT_EQ(classify(file, diagnostics).kind, row.kind) << row.text;
    EXPECT_EQ(diagnostics.has_errors(), row.kind == InputKind::malformed) << row.text;
  }
}

TEST(Kind, MixedSaysWhereEachBegins) {
  const base::SourceFile file("input", "apiVersion: v1\nkind: Pod\n---\nname: p\nservices: {}\n");
  base::Diagnostics diagnostics;
  const Kind got = classify(file, diagnostics);
  EXPECT_EQ(got.kind, InputKind::mixed);
  EXPECT_EQ(got.first.text(), "name: p");
  EXPECT_EQ(got.second.text(), "apiVersion: v1");
}

}  // namespace
}  // namespace callgate::resolve
