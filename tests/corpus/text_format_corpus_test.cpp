// Every public policy of minijail and kafel is read as its tool reads it: accepted, or refused with the finding that
// the tool has too; what only a comparison of two arguments keeps from being read is told as that. What is read is
// written again, for both tools, without a loss where the other tool can say it. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>

#include "base/io.h"
#include "convert/convert.h"
#include "support/corpus.h"

namespace callgate::convert {
namespace {

struct Read {
  std::unique_ptr<base::SourceFile> file;
  std::map<std::string, std::unique_ptr<base::SourceFile>> included;
  std::optional<Reading> reading;
  std::set<int> findings;
};

std::unique_ptr<base::SourceFile> load(const std::filesystem::path& path) {
  auto text = base::read_file(path.string());
  return text ? std::make_unique<base::SourceFile>(path.string(), std::move(*text)) : nullptr;
}

Read read_policy(const std::filesystem::path& path, const Format& format) {
  Read out;
  out.file = load(path);
  ReadContext context;
  context.options.native = arch::Arch::x86_64;
  context.open = [&](const std::string& name) -> const base::SourceFile* {
    auto& file = out.included[name];
    if (!file) file = load(path.parent_path() / std::filesystem::path(name).filename());
    return file.get();
  };
  base::Diagnostics findings;
  out.reading = format.read(*out.file, context, findings);
  for (const base::Diagnostic& each : findings.items()) out.findings.insert(each.number);
  return out;
}

void expect_round_trip(const Reading& reading, const Format& format, const std::filesystem::path& path) {
  WriteOptions options;
  options.native = arch::Arch::x86_64;
  const auto written = write(reading, format, options);
  ASSERT_TRUE(written) << path << " " << written.error().message;
  for (const Loss& loss : written->losses) ADD_FAILURE() << path << " as " << format.name << ": " << loss.message;
}

TEST(TextFormatCorpus, KafelsOwn) {
  CALLGATE_NEED_CORPUS();
  // What kafel refuses too: a constant from another file, includes without an end.
  const std::map<std::string, int> refused{{"chain_2_1.policy", 1261},
                                           {"includes_short_loop.policy", 1258},
                                           {"self_recursive.policy", 1258},
                                           {"short_loop.policy", 1258},
                                           {"short_loop_b.policy", 1258}};
  std::size_t read = 0, two_arguments = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder() / "kafel", ".policy")) {
    const Read one = read_policy(path, kKafel);
    const auto known = refused.find(path.filename().string());
    if (known != refused.end()) {
      EXPECT_EQ(one.findings, std::set{known->second}) << path;
      continue;
    }
    EXPECT_EQ(sniff(one.file->text()), &kKafel) << path;
    if (!one.reading) {
      EXPECT_EQ(one.findings, std::set{1256}) << path;
      ++two_arguments;
    } else {
      ++read;
      expect_round_trip(*one.reading, kKafel, path);
    }
  }
  EXPECT_EQ(read, 22U);
  EXPECT_EQ(two_arguments, 6U);
}

TEST(TextFormatCorpus, MinijailsOwn) {
  CALLGATE_NEED_CORPUS();
  // What minijail refuses too. The nested one includes itself by a path of another folder.
  const std::map<std::string, int> refused{
      {"invalid_arg_filter.policy", 1260}, {"invalid_syscall_name.policy", 1251}, {"nested.policy", 1258}};
  std::size_t read = 0;
  for (const auto& path : test_support::files_below(test_support::corpus_folder() / "minijail", ".policy")) {
    const Read one = read_policy(path, kMinijail);
    const auto known = refused.find(path.filename().string());
    if (known != refused.end()) {
      EXPECT_FALSE(one.reading) << path;
      EXPECT_EQ(one.findings, std::set{known->second}) << path;
      continue;
    }
    ASSERT_TRUE(one.reading) << path;
    ++read;
    EXPECT_EQ(sniff(one.file->text()), &kMinijail) << path;
    expect_round_trip(*one.reading, kMinijail, path);
    // A denylist refuses other architectures with an error, which kafel does not.
    if (path.filename() != "cros_default_v0.policy") expect_round_trip(*one.reading, kKafel, path);
  }
  EXPECT_EQ(read, 5U);
}

}  // namespace
}  // namespace callgate::convert
