// SPDX-License-Identifier: Apache-2.0
#include "container/oci.h"

#include <gtest/gtest.h>

#include "text/node.h"

namespace callgate::container {
namespace {

constexpr base::DiagnosticId kId{5258, base::Severity::error, "bad"};  // CG5258, record's kBadBundle

std::optional<OciState> state(const std::string& text, std::string* said = nullptr) {
  const base::SourceFile file("state", text);
  base::Diagnostics diagnostics;
  auto out = read_oci_state(file, kId, diagnostics);
  if (said != nullptr) *said = base::render_text(diagnostics, false);
  EXPECT_EQ(out.has_value(), !diagnostics.has_errors());
  return out;
}

std::string with_hook(const std::string& text) {
  const base::SourceFile file("config.json", text);
  base::Diagnostics diagnostics;
  const auto out = add_hook(file, {"/bin/h", {"h", "x\"y"}, {"A=b"}}, kId, diagnostics);
  if (!out) return base::render_text(diagnostics, false);
  base::Diagnostics syntax;
  const base::SourceFile again("again", *out);
  EXPECT_TRUE(text::read_json(again, syntax)) << *out;
  return *out;
}

constexpr std::string_view kHook = R"({"path":"/bin/h","args":["h","x\"y"],"env":["A=b"]})";

TEST(Oci, State) {
  const auto out = state(R"({"ociVersion":"1.0.2","id":"web","status":"creating","pid":42,"bundle":"/b",
    "annotations":{"io.container.manager":"libpod"}})");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->id, "web");
  EXPECT_EQ(out->pid, 42);
  EXPECT_EQ(out->bundle, "/b");
  EXPECT_TRUE(out->podman);
}

TEST(Oci, StatesThatAreNone) {
  for (const char* text : {"", "[]", "{}", R"({"id":"x"})", R"({"id":"x","pid":0})", R"({"id":"x","pid":"1"})",
                           R"({"id":7,"pid":1})", R"({"id":"x","pid":99999999})"}) {
    std::string said;
    EXPECT_FALSE(state(text, &said)) << text;
    EXPECT_NE(said, "") << text;
  }
}

TEST(Oci, HookIsAddedWhereverThereAreSome) {
  const std::string hook(kHook);
  EXPECT_EQ(with_hook("{}"), R"({"hooks":{"createRuntime":[)" + hook + "]}}");
  EXPECT_EQ(with_hook(R"({"a":1})"), R"({"hooks":{"createRuntime":[)" + hook + R"(]},"a":1})");
  EXPECT_EQ(with_hook(R"({"hooks":{}})"), R"({"hooks":{"createRuntime":[)" + hook + "]}}");
  EXPECT_EQ(with_hook(R"({"hooks": {"prestart":[{"path":"/p"}]}})"),
            R"({"hooks": {"createRuntime":[)" + hook + R"(],"prestart":[{"path":"/p"}]}})");
  EXPECT_EQ(with_hook(R"({"hooks":{"createRuntime":[ ]}})"), R"({"hooks":{"createRuntime":[)" + hook + R"( ]}})");
  EXPECT_EQ(with_hook(R"({"hooks":{"createRuntime":[{"path":"/p"}]}})"),
            R"({"hooks":{"createRuntime":[)" + hook + R"(,{"path":"/p"}]}})");
  EXPECT_NE(with_hook("[]").find("CG5258"), std::string::npos);
  EXPECT_NE(with_hook(R"({"hooks":[]})").find("hooks are lists in an object"), std::string::npos);
  EXPECT_NE(with_hook(R"({"hooks":{"createRuntime":7}})").find("hooks are lists in an object"), std::string::npos);
}

TEST(Oci, BundleOfACommandLine) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(bundle_of(Words{"--root", "/r", "--log", "/l", "create", "--bundle", "/b", "--pid-file", "p", "id"}), "/b");
  EXPECT_EQ(bundle_of(Words{"run", "--bundle=/b", "id"}), "/b");
  EXPECT_EQ(bundle_of(Words{"run", "-b", "/b", "id"}), "/b");
  EXPECT_EQ(bundle_of(Words{"create", "id"}), ".");
  EXPECT_EQ(bundle_of(Words{"--root", "/r", "start", "id"}), std::nullopt);
  EXPECT_EQ(bundle_of(Words{}), std::nullopt);
}

}  // namespace
}  // namespace callgate::container
