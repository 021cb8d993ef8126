// The table of rules. Those about dangerous calls (reach-…) come from data/lint/risks.csv.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/text.h"
#include "lint/facts.h"
#include "lint/lint.h"

namespace callgate::lint {

namespace {

constexpr auto kNote = Level::note;
constexpr auto kWarning = Level::warning;
constexpr auto kError = Level::error;

constexpr std::array kOwn = std::to_array<Rule>({
    // what engines make of the file
    {"archmap-ignored", kWarning, "archMap ignored",
     "plain OCI readers know no archMap and cover the machine's own architecture alone"},
    {"archmap-unused", kWarning, "archMap without this machine",
     "archMap has no entry for the machine, so only its own architecture is covered"},
    {"condition-dropped", kWarning, "condition dropped", "crun looks at the first six conditions of a rule"},
    {"conditions-ignored", kWarning, "conditional rule that becomes unconditional",
     "plain OCI readers ignore includes and excludes: what Docker allows for a capability is allowed always"},
    {"engine-differs", kWarning, "engines disagree", "one file, two meanings: the container is as safe as its engine"},
    {"enosys-differs", kNote, "ENOSYS under runc alone",
     "runc answers ENOSYS to calls newer than the newest one named; crun answers the default"},
    {"errno-name-ignored", kWarning, "error name ignored", "only Podman and CRI-O read errno and defaultErrno"},
    {"minkernel-ignored", kWarning, "minKernel ignored", "Podman knows no minKernel: the rule holds on every kernel"},
    {"or-conditions", kError, "AND that becomes OR",
     "a rule that uses one argument twice lets any one of its conditions suffice"},
    {"overlap", kWarning, "rules that contradict each other",
     "rules with different actions hold for one call; libseccomp does not say which one counts"},
    {"refused", kError, "refused profile", "the engine starts no container with this profile"},
    {"refused-elsewhere", kNote, "refused by another engine", "the profile is not portable"},
    {"seccomp-off", kError, "seccomp is off", "the engine takes the file for \"no seccomp\" and says nothing"},
    {"too-long", kError, "filter too long", "the kernel takes 4096 instructions (BPF_MAXINSNS)"},
    // rules that do nothing
    {"duplicate-call", kNote, "call named twice", "the second mention decides nothing"},
    {"empty-rule", kWarning, "rule without calls", "the rule decides nothing"},
    {"equals-default", kWarning, "rule equals the default",
     "runtimes skip a rule that says what the default says, so it shields no call from another rule"},
    {"no-effect", kWarning, "rule without effect", "other rules decide all the calls that it names"},
    {"shadowed", kWarning, "rule shadowed by another",
     "a rule without conditions decides the call, whatever else is said about it"},
    {"unknown-call", kWarning, "unknown call", "runtimes skip unknown names, so the call gets the default"},
    // ways around a rule
    {"argument-not-taken", kWarning, "condition on an argument that the call does not take",
     "the register holds whatever was left there; the caller chooses it"},
    {"bypass-clone3", kWarning, "clone3 beside clone", "clone3 takes its flags in memory, where no filter sees them"},
    {"bypass-compat", kWarning, "another ABI allows more",
     "a 64-bit process can make calls of the other architectures listed"},
    {"bypass-high-bits", kWarning, "high bits of a 32-bit argument",
     "the filter compares 64 bits, the kernel looks at 32: the upper half lets a refused value through"},
    {"bypass-io-uring", kWarning, "io_uring beside rules", "operations submitted to a ring pass no filter"},
    {"bypass-multiplexer", kWarning, "socketcall or ipc beside rules",
     "a multiplexer takes the arguments in memory, where no filter sees them"},
    {"bypass-openat2", kWarning, "openat2 beside openat",
     "openat2 takes its flags in memory, where no filter sees them"},
    {"bypass-twin", kWarning, "denied call with an allowed twin", "another call does the same"},
    {"high-word-ignored", kWarning, "upper half not compared",
     "on 32-bit architectures and x32 only the low 32 bits of a value are compared"},
    {"mask-datum", kWarning, "bits outside the mask", "libseccomp drops the bits of valueTwo that the mask leaves out"},
    {"pointer-compared", kWarning, "pointer compared",
     "the filter sees an address, not what stands there; the caller chooses the address"},
    {"sign-extension", kWarning, "sign extension",
     "whether a negative int arrives as 32 or 64 bits depends on the C library; the filter compares 64"},
    // programs that do not live
    {"enosys-expected", kWarning, "EPERM where ENOSYS is expected",
     "C libraries try newer calls first and fall back on ENOSYS alone"},
    {"errno-confuses", kWarning, "errno that confuses programs",
     "the caller takes the answer for success, or tries again for ever"},
    {"errno-cut", kWarning, "errno cut to 16 bits", "what is left may be quite another error"},
    {"errno-ignored", kWarning, "errno on an action that takes none", "runc ignores it, crun refuses the profile"},
    {"startup-any", kError, "no program lives", "calls that every program needs are refused"},
    {"startup-crun", kWarning, "crun cannot start a container", "crun makes these calls under the filter itself"},
    {"startup-glibc", kError, "no glibc program starts", "the C library or its loader stops before main"},
    {"startup-go", kWarning, "no Go program starts", "the Go runtime stops before main"},
    {"startup-musl", kWarning, "no musl program starts", "the C library stops before main"},
    {"startup-threads", kWarning, "no threads, no child processes", "pthread_create and fork fail"},
    {"startup-runc", kWarning, "runc cannot start a container", "runc makes these calls under the filter itself"},
    // manifests: what does not do as it seems
    {"above-ceiling", kError, "more than the ceiling", "the container's filter grants what the given ceiling does not"},
    {"closure-refused", kError, "less than the program needs",
     "the container's filter refuses a call of the given closure"},
    {"keyword-as-file", kError, "keyword taken for a file", "the engine has no such word and looks for a file"},
    {"legacy-annotation", kWarning, "annotation without effect",
     "seccomp's annotations count for nothing since Kubernetes 1.27"},
    {"not-created", kError, "no container comes of it", "a part of the chain refuses the object or the options"},
    {"option-twice", kWarning, "option given twice", "the last one counts"},
    {"path-base", kWarning, "path from another directory", "the file beside this one is not the one that is read"},
    {"pod-security", kWarning, "Pod Security broken", "the namespace's level forbids what the Pod asks for"},
    {"privileged", kWarning, "privileged container", "the engine sets no filter for it"},
    {"privileged-profile", kWarning, "profile beside privileged",
     "the engine sets the profile aside for a privileged container"},
    {"profile-dropped", kError, "profile where nobody looks",
     "the field belongs to no object there: it is dropped, and the container runs without the profile"},
    {"profile-missing", kError, "profile file missing", "the engine starts no container without the file"},
    {"profile-path", kError, "absolute or climbing path", "only paths below the kubelet's directory are taken"},
    {"profile-unknown", kWarning, "profile not at hand", "what cannot be read cannot be held against anything"},
    {"profile-unset", kWarning, "no profile asked for",
     "without seccompDefault the kubelet starts the container without a filter"},
    {"runtimeclass-unknown", kWarning, "RuntimeClass not given",
     "the API server refuses Pods of a class that it has not"},
    {"unconfined", kWarning, "seccomp turned off by name", "every call of the kernel is within reach"},
    {"unknown-field", kWarning, "unknown field", "the API server refuses or drops it"},
    {"value-case", kError, "value in the wrong case", "the engine compares letter by letter"},
    {"windows-pod", kError, "seccomp in a Windows Pod", "Windows has no seccomp; the API server refuses the Pod"},
    // how it is written
    {"allows-by-default", kWarning, "allows by default",
     "every call that nobody thought of is allowed, those of future kernels too"},
    {"arch-foreign", kNote, "foreign ABI let through",
     "code of another architecture runs: twice the kernel surface, and arguments are cut to 32 bits"},
    {"arch-kills-foreign", kNote, "foreign ABI killed", "programs of the 32-bit architecture die at their first call"},
    {"bad-suppression", kWarning, "suppression that cannot be used", "it names no rule or gives no reason"},
    {"duplicate-key", kWarning, "field given twice", "the last one counts"},
    {"errno-twice", kNote, "errno and errnoRet", "readers differ in which of the two they take"},
    {"flag-ignored", kNote, "flag ignored", "the runtime does nothing with this flag"},
    {"key-case", kWarning, "field in the wrong case", "Go readers take it, crun does not"},
    {"kill-thread", kNote, "kills a thread only", "the rest of the process goes on and waits for it for ever"},
    {"legacy-name", kWarning, "obsolete field name",
     "only Docker and Podman read the field; for all others the rule has no calls"},
    {"native-missing", kWarning, "own architecture not listed", "libseccomp covers it all the same"},
    {"notify-fragile", kWarning, "call that must not wait for an agent",
     "the agent's answer can be too late, or the agent is asked before it is there"},
    {"notify-listener", kWarning, "notification without an agent, or an agent without notification",
     "SCMP_ACT_NOTIFY and listenerPath go together"},
    {"obsolete-action", kNote, "obsolete name of an action", "SCMP_ACT_KILL is the old name of SCMP_ACT_KILL_THREAD"},
    {"spec-allow", kNote, "speculation allowed",
     "SECCOMP_FILTER_FLAG_SPEC_ALLOW leaves the mitigation of speculative store bypass off"},
    {"unknown-arches", kWarning, "unknown name in arches", "no machine is called so; the rule never counts"},
    {"unknown-capability", kWarning, "unknown capability", "no container holds it; the rule never counts"},
    {"unknown-key", kWarning, "unknown key", "readers skip what they do not know"},
    {"unused-suppression", kNote, "suppression of nothing", "the finding is gone; the suppression may go too"},
});

}  // namespace

std::string_view name(Level level) {
  constexpr std::array<std::string_view, 3> kNames{"note", "warning", "error"};
  return kNames[static_cast<std::size_t>(level)];
}

std::optional<Level> find_level(std::string_view text) {
  for (const Level each : {Level::note, Level::warning, Level::error})
    if (name(each) == text) return each;
  return std::nullopt;
}

std::span<const Rule> rules() {
  static const std::vector<Rule> all = [] {
    std::vector<Rule> out(kOwn.begin(), kOwn.end());
    for (const Risk& risk : risks()) out.push_back({risk.rule, risk.level, risk.title, risk.why});
    std::sort(out.begin(), out.end(), [](const Rule& a, const Rule& b) { return a.id < b.id; });
    return out;
  }();
  return all;
}

const Rule* find_rule(std::string_view id) {
  const auto all = rules();
  const auto found =
      std::lower_bound(all.begin(), all.end(), id, [](const Rule& rule, std::string_view x) { return rule.id < x; });
  return found != all.end() && found->id == id ? &*found : nullptr;
}

std::optional<std::string_view> closest_rule(std::string_view id) {
  std::vector<std::string_view> ids;
  for (const Rule& rule : rules()) ids.push_back(rule.id);
  return base::closest(id, ids);
}

std::size_t Report::count(Level at_least) const {
  return static_cast<std::size_t>(std::count_if(findings.begin(), findings.end(), [&](const Finding& each) {
    return !each.suppressed && each.rule->level >= at_least;
  }));
}

}  // namespace callgate::lint
