// What callgate says runc and crun do, against libseccomp itself: the filter those runtimes would load is built through
// libseccomp's own interface, run on every interesting call, and proved equal to our policy over all calls. Where
// libseccomp is known to compile a profile wrongly, known_defects.txt says so with the call that shows it.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <seccomp.h>

#include <fstream>
#include <set>

#include "arch/calls.h"
#include "base/io.h"
#include "bpf/simulate.h"
#include "differential/libseccomp_runtime.h"
#include "format/profile.h"
#include "format/read_spec.h"
#include "prove/prove.h"
#include "support/corpus.h"

namespace callgate::test_support {
namespace {

using format::Engine;

constexpr Engine kEngines[] = {Engine::docker, Engine::podman, Engine::containerd, Engine::runc, Engine::crun};

bool made_by_runc(Engine engine) {
  return engine == Engine::docker || engine == Engine::containerd || engine == Engine::runc;
}

// The newest kernel whose calls the libseccomp at hand knows. Its version does not tell: distributions add calls.
arch::KernelVersion newest_known_to_libseccomp() {
  arch::KernelVersion newest;
  for (const arch::CallEntry& entry : arch::table(arch::Arch::x86_64))
    if (seccomp_syscall_resolve_name(std::string(arch::name(entry.name)).c_str()) != __NR_SCMP_ERROR)
      newest = std::max(newest, entry.since);
  return newest;
}

struct Variant {
  Engine engine{};
  arch::Arch native = arch::Arch::x86_64;
  bool old_runc = false, binary_tree = false;
};

// One profile under one engine, for one machine.
struct Subject {
  std::string refusal;  // of ours
  std::optional<format::Profile> profile;
  std::optional<text::Document> document;  // spec's texts are in it
  format::Spec spec;
};

Subject read_subject(const base::SourceFile& file, const Variant& variant) {
  Subject out;
  format::ReadOptions options;
  options.as = variant.engine;
  options.native = variant.native;
  options.old_runc = variant.old_runc;
  options.library_knows = newest_known_to_libseccomp();
  base::Diagnostics diagnostics, again;
  out.profile = format::read_profile(file, options, diagnostics);
  if (!out.profile) return out;
  // All names go to libseccomp, which leaves out what it does not know.
  options.library_knows.reset();
  out.document = text::read_json(file, again);
  format::Reporter report(again, false);
  text::Node root = out.document->root();
  if (const text::Node linux_part = root.find("linux")) root = linux_part.find("seccomp");
  out.spec = format::read_spec(root, options, variant.native, report);
  return out;
}

// Without the prefix, in lower case, as crun asks for it.
std::string libseccomp_name(const format::Word& oci) {
  const auto found = arch::find(oci.text);
  return found ? std::string(arch::info(*found).name) : std::string(oci.text);
}

RuntimeFilter build(const Subject& subject, const Variant& variant) {
  RuntimeOptions options;
  options.native = arch::info(variant.native).name;
  for (const format::Word& word : subject.spec.architectures) options.architectures.push_back(libseccomp_name(word));
  options.binary_tree = variant.binary_tree;
  if (made_by_runc(variant.engine)) options.stub = variant.old_runc ? Stub::listed : Stub::all;
  return build_as_runtime(subject.spec, options);
}

std::string describe(const policy::Call& call, policy::Action ours, policy::Action theirs) {
  std::string text = std::string(arch::name_of_call(call.audit, call.nr)) + " " + std::to_string(call.nr);
  for (const std::uint64_t arg : call.args) text += " " + std::to_string(arg);
  return text + ": rules " + policy::to_string(ours) + ", libseccomp " + policy::to_string(theirs);
}

// "" if equal on every call.
std::string difference(const policy::Policy& policy, const bpf::Program& program) {
  const prove::Outcome outcome = prove::prove(policy, program);
  if (outcome.verdict == prove::Verdict::undecided) return "undecided: " + outcome.why;
  if (outcome.verdict == prove::Verdict::different)
    return describe(outcome.counterexample->call, outcome.counterexample->left, outcome.counterexample->right);
  return "";
}

// The first interesting call answered otherwise; "" if none.
std::string simulated_difference(const policy::Policy& policy, const bpf::Program& program, std::size_t& calls) {
  for (const policy::Call& call : policy::interesting_calls(policy)) {
    bpf::SeccompData data;
    data.arch = call.audit;
    data.nr = call.nr;
    data.args = call.args;
    const policy::Action ours = policy::evaluate(policy, call);
    const policy::Action theirs = policy::from_return_value(bpf::run(program, data).value);
    ++calls;
    if (ours != theirs) return describe(call, ours, theirs);
  }
  return "";
}

struct Totals {
  std::size_t programs = 0, calls = 0, several_architectures = 0;
  std::set<std::string> differences;
};

void compare(const std::string& label, const base::SourceFile& file, const Variant& variant, Totals& totals) {
  const Subject subject = read_subject(file, variant);
  if (!subject.profile || !subject.profile->confined) return;
  const RuntimeFilter theirs = build(subject, variant);
  const std::string where = std::string(format::name(variant.engine)) + " " + label + " on " +
                            std::string(arch::info(variant.native).name) + (variant.old_runc ? " (old runc)" : "") +
                            (variant.binary_tree ? " (tree)" : "");
  SCOPED_TRACE(where);
  ASSERT_EQ(theirs.refusal, "");
  ++totals.programs;
  if (subject.profile->architectures.size() > 1) ++totals.several_architectures;
  const policy::Policy& policy = subject.profile->policy;
  const std::string proved = difference(policy, theirs.program);
  const std::string simulated = simulated_difference(policy, theirs.program, totals.calls);
  EXPECT_TRUE(simulated.empty() || !proved.empty()) << "the prover missed: " << simulated;
  if (!proved.empty()) totals.differences.insert(where + " | " + proved);
}

base::SourceFile load(const std::filesystem::path& path) {
  auto text = base::read_file(path);
  EXPECT_TRUE(text) << path;
  return base::SourceFile(path, text ? std::move(*text) : std::string());
}

void compare_under_every_engine(const std::string& label, const base::SourceFile& file, Totals& totals) {
  for (const Engine engine : kEngines)
    for (const bool old_runc : {false, true})
      for (const bool tree : {false, true})
        if (made_by_runc(engine) || (!old_runc && !tree))
          compare(label, file, {engine, arch::Arch::x86_64, old_runc, tree}, totals);
}

std::set<std::string> known_defects(std::string_view section) {
  std::set<std::string> lines;
  std::ifstream in(CALLGATE_SOURCE_DIR "/tests/differential/known_defects.txt");
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('[')) {
      inside = line == "[" + std::string(section) + "]";
    } else if (inside && !line.empty() && line[0] != '#') {
      lines.insert(line);
    }
  }
  return lines;
}

// libseccomp's numbers of calls that the architecture multiplexes: -1xx through socketcall, -2xx through ipc.
bool is_multiplexed_pseudo_number(int number) {
  return number <= -100 && number > -300;
}

// Every number in our tables that this libseccomp is new enough to know, on every architecture that it knows; and it
// knows no call of theirs that our tables call newer.
TEST(LibseccompDifferential, TablesAgree) {
  const arch::KernelVersion newest = newest_known_to_libseccomp();
  std::set<std::string> differences;
  std::size_t compared = 0;
  for (const arch::ArchInfo& info : arch::all()) {
    const std::uint32_t token = seccomp_arch_resolve_name(std::string(info.name).c_str());
    if (!info.has_table || token == 0) continue;
    for (const arch::CallEntry& entry : arch::table(info.arch)) {
      const std::string name(arch::name(entry.name));
      const int number = seccomp_syscall_resolve_name_arch(token, name.c_str());
      if (is_multiplexed_pseudo_number(number)) continue;
      ++compared;
      const std::string call = std::string(info.name) + " " + name + " " + std::to_string(entry.nr);
      if (number < 0 && entry.since <= newest) differences.insert(call + ": libseccomp has no number");
      if (number >= 0 && entry.since > newest) differences.insert(call + ": libseccomp has it already");
      if (number >= 0 && static_cast<arch::SyscallNr>(number) != entry.nr)
        differences.insert(call + ": libseccomp has " + std::to_string(number));
    }
  }
  EXPECT_EQ(differences, known_defects("tables"));
  EXPECT_GT(compared, 5000U);
}

TEST(LibseccompDifferential, SeedProfilesAreProvedEqual) {
  Totals totals;
  for (const char* name : {"basic.json", "restrictive.json"})
    compare_under_every_engine(name, load(std::filesystem::path(CALLGATE_SOURCE_DIR) / "tests/data/seed" / name),
                               totals);
  EXPECT_EQ(totals.differences, std::set<std::string>());
  EXPECT_EQ(totals.programs, 2U * (3 * 4 + 2));
  EXPECT_GT(totals.calls, 1000U);
}

// Docker's and Podman's defaults as their files have them: x86_64, x86 and x32 in one program, chain and tree.
TEST(LibseccompDifferential, DefaultsOfThreeArchitecturesAreProvedEqual) {
  CALLGATE_NEED_CORPUS();
  Totals totals;
  for (const char* name : {"moby/default-2026-05-06-3c28324.json", "containers-common/seccomp.json"})
    for (const bool tree : {false, true})
      for (const bool old_runc : {false, true})
        for (const Engine engine : {Engine::docker, Engine::podman})
          compare(name, load(corpus_folder() / name), {engine, arch::Arch::x86_64, old_runc, tree}, totals);
  EXPECT_EQ(totals.differences, std::set<std::string>());
  EXPECT_EQ(totals.programs, 16U);
  EXPECT_EQ(totals.several_architectures, 16U);
}

// The other machines Docker runs on, both byte orders: libseccomp compiles for all of them here.
TEST(LibseccompDifferential, DefaultsOnOtherMachinesAreProvedEqualButForKnownDefects) {
  CALLGATE_NEED_CORPUS();
  Totals totals;
  using arch::Arch;
  const base::SourceFile file = load(corpus_folder() / "moby/default-2026-05-06-3c28324.json");
  for (const Arch native :
       {Arch::aarch64, Arch::arm, Arch::mips64, Arch::mipsel64, Arch::mips64n32, Arch::mipsel64n32, Arch::mips,
        Arch::mipsel, Arch::ppc, Arch::ppc64, Arch::ppc64le, Arch::s390, Arch::s390x, Arch::riscv64, Arch::x86})
    for (const bool tree : {false, true})
      compare("docker-default", file, {Engine::docker, native, false, tree}, totals);
  EXPECT_EQ(totals.differences, known_defects("machines"));
  EXPECT_EQ(totals.programs, 30U);
}

// libseccomp's own defect: of two rules on one call that look at the same arguments, one can leak into the other.
TEST(LibseccompDifferential, RulesThatShareArgumentsAreKnownDefects) {
  Totals totals;
  const base::SourceFile file("or-of-and", R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
    {"names": ["tee"], "action": "SCMP_ACT_ALLOW", "args": [
      {"index": 1, "value": 8589934591, "op": "SCMP_CMP_GT"}, {"index": 2, "value": 4294967296, "op": "SCMP_CMP_EQ"}]},
    {"names": ["tee"], "action": "SCMP_ACT_ALLOW", "args": [
      {"index": 2, "value": 4294967296, "op": "SCMP_CMP_NE"}, {"index": 1, "value": 5, "op": "SCMP_CMP_LE"}]}]})");
  for (const Engine engine : {Engine::runc, Engine::crun}) compare("or-of-and", file, {.engine = engine}, totals);
  EXPECT_EQ(totals.differences, known_defects("rules"));
  EXPECT_EQ(totals.programs, 2U);
}

TEST(LibseccompDifferential, CollectedProfilesAreProvedEqualButForKnownDefects) {
  CALLGATE_NEED_CORPUS();
  Totals totals;
  for (const std::filesystem::path& path : files_below(corpus_folder(), ".json"))
    compare_under_every_engine(path.lexically_relative(corpus_folder()).string(), load(path), totals);
  EXPECT_EQ(totals.differences, known_defects("collection"));
  EXPECT_GT(totals.programs, 400U);
  EXPECT_GT(totals.several_architectures, 100U);
}

}  // namespace
}  // namespace callgate::test_support
