// Every public profile into every format: what is written reads back equal, or every difference is a numbered loss with
// a call that shows it. How many go over without loss is compared with conversions.txt.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>

#include "base/io.h"
#include "convert/convert.h"
#include "format/engine.h"
#include "policy/algebra.h"
#include "support/corpus.h"

namespace callgate::convert {
namespace {

using format::Engine;

// The profiles of a file: one, or those that a file of several names.
std::vector<std::string> parts_of(const base::SourceFile& file) {
  const std::string text(file.text());
  const bool yaml = file.name().ends_with(".yaml");
  if (!yaml && sniff(text) != &kSeccompiler) return {""};
  const std::regex name(yaml ? "\n  name: *([^\\s]+)" : "\n {4}\"([a-z]+)\": \\{");
  std::vector<std::string> parts;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), name); at != std::sregex_iterator(); ++at)
    parts.push_back((*at)[1]);
  return parts;
}

Engine runtime_of(Engine as) {
  const format::Runtime runtime = format::dialect(as).runtime;
  return runtime == format::Runtime::runc   ? Engine::runc
         : runtime == format::Runtime::crun ? Engine::crun
                                            : Engine::oci;
}

// True if nothing was lost.
bool check_conversion(const Reading& reading, const Format& to, const WriteOptions& options) {
  const policy::Policy& source = reading.profile.policy;
  const auto made = write(reading, to, options);
  if (!made) {
    EXPECT_TRUE(made.error().code == base::ErrorCode::unsupported || made.error().code == base::ErrorCode::limit)
        << made.error().message;
    return false;
  }
  bool same = true;
  for (const Loss& loss : made->losses) {
    EXPECT_GE(loss.id.number, 1301);
    EXPECT_LE(loss.id.number, 1399);
    EXPECT_FALSE(loss.message.empty());
    if (!loss.witness) continue;
    same = false;
    EXPECT_EQ(policy::evaluate(source, *loss.witness), loss.before) << loss.message;
    EXPECT_NE(loss.before, loss.after) << loss.message;
  }
  if (to.read == nullptr) return made->lossless();
  ReadContext context;
  context.options.as = to.engine.value_or(options.engine);
  context.options.native = arch::Arch::x86_64;
  const base::SourceFile file("written", made->text);
  base::Diagnostics findings;
  const auto back = read(file, context, findings, &to);
  EXPECT_TRUE(back) << base::render_text(findings, false);
  if (!back) return false;
  EXPECT_EQ(same, !policy::first_difference(source, back->profile.policy).has_value());
  EXPECT_EQ(made->widens(), policy::first_excess(back->profile.policy, source).has_value());
  return made->lossless();
}

struct Count {
  int lossless = 0, all = 0;
};

std::map<std::string, std::string> expected_counts() {
  std::map<std::string, std::string> counts;
  std::ifstream in(CALLGATE_SOURCE_DIR "/tests/corpus/conversions.txt");
  std::string source, target, count;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    if (line.starts_with('#') || !(words >> source >> target >> count)) continue;
    counts[source + " " + target] = count;
  }
  return counts;
}

void convert_file(const std::filesystem::path& path, Engine as, std::map<std::string, Count>& counts) {
  auto text = base::read_file(path);
  ASSERT_TRUE(text);
  const base::SourceFile file(path, std::move(*text));
  if (path.extension() == ".policy" && sniff(file.text()) == nullptr) return;  // too short to tell what it is
  for (const std::string& part : parts_of(file)) {
    SCOPED_TRACE(path.string() + "#" + part + " as " + std::string(format::name(as)));
    ReadContext context;
    context.options.as = as;
    context.options.native = arch::Arch::x86_64;
    context.select = part;
    base::Diagnostics findings;
    const auto reading = read(file, context, findings);
    EXPECT_EQ(reading.has_value(), !findings.has_errors());
    if (!reading) continue;
    const Format* const known = sniff(file.text());
    const std::string source(known != nullptr ? known->name : format::name(as));
    WriteOptions options;
    options.native = arch::Arch::x86_64;
    options.engine = reading->by_engine ? runtime_of(as) : Engine::oci;
    for (const Format* const to : formats()) {
      if (to->write == nullptr) continue;
      SCOPED_TRACE(to->name);
      Count& count = counts[source + " " + std::string(to->name)];
      ++count.all;
      if (check_conversion(*reading, *to, options)) ++count.lossless;
    }
  }
}

TEST(ConvertCorpus, WhatIsWrittenReadsBackEqualOrTheLossesAreNumbered) {
  CALLGATE_NEED_CORPUS();
  std::map<std::string, Count> counts;
  for (const std::string extension : {".json", ".yaml", ".policy"})
    for (const auto& path : test_support::files_below(test_support::corpus_folder(), extension)) {
      const std::string name = path.string();
      if (extension == ".yaml" && name.find("/spo/") == std::string::npos && name.find("agent") == std::string::npos)
        continue;
      for (const Engine as : {Engine::docker, Engine::podman, Engine::oci}) {
        if (as != Engine::docker && (extension == ".policy" || name.find("firecracker") != std::string::npos)) continue;
        convert_file(path, as, counts);
      }
    }
  std::string found;
  for (const auto& [pair, count] : counts)
    found += pair + " " + std::to_string(count.lossless) + "/" + std::to_string(count.all) + "\n";
  for (const auto& [pair, text] : expected_counts()) {
    const Count count = counts[pair];
    EXPECT_EQ(text, std::to_string(count.lossless) + "/" + std::to_string(count.all)) << pair;
  }
  RecordProperty("conversions", found);
  std::cout << found;
}

}  // namespace
}  // namespace callgate::convert
