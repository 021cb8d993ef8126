// The rows of the commands that every build has: operands, options and examples. A test runs each example.
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/run_oci.h"
#include "cli/run_phases.h"
#include "cli/run_seals.h"

namespace callgate::cli {

namespace {

// compile
constexpr std::array<Operand, 1> kProfile{{{"PROFILE", kProfileHelp}}};
constexpr auto kCompileOptions =
    kOutput +
    std::array<Option, 4>{{
        {"emit", 0, "KIND",
         "raw filter records, the same in base64, assembly, a C initialiser, a Graphviz graph, or JSON (bpf if not "
         "given)",
         "bpf,base64,asm,c,dot,json"},
        {"weights", 0, "FILE", "measured frequencies, a line `name,weight` each: frequent calls get short paths", ""},
        {"objective", 0, "WHAT", "what to prefer where size and speed conflict", "balanced,size,speed"},
        {"stats", 0, "", "print size, cost, cached calls, proof and times instead of the filter", ""},
    }} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 5> kCompileExamples{{
    {"callgate compile docker-default -o docker.bpf", "Docker's default profile as a filter file."},
    {"callgate compile profile.json --emit asm --arch arm64", "Show the filter of a profile for another architecture."},
    {"callgate compile profile.json --stats", "Its size and cost, and how long each step took."},
    {"callgate compile profile.json --as crun --emit base64",
     "What crun takes as the annotation run.oci.seccomp_bpf_data, in place of a profile."},
    {"callgate compile - --as runc --emit c < profile.json", "A C array, read as runc reads the profile."},
}};

// disasm
constexpr std::array<Operand, 1> kFilter{
    {{"FILTER", "a file of struct sock_filter records, '-', or pid:N for a live process"}}};
constexpr auto kDisasmOptions =
    kOutput +
    std::array<Option, 1>{
        {{"emit", 0, "KIND", "assembly, a Graphviz graph, C, or JSON (asm if not given)", "asm,dot,c,json"}}} +
    kByteOrder + kFormat;
constexpr std::array<Example, 2> kDisasmExamples{{
    {"callgate disasm filter.bpf", "The program with the names of calls and architectures."},
    {"callgate disasm filter.bpf --emit dot", "Its graph, for dot(1)."},
}};

// eval
constexpr std::array<Operand, 3> kEvalOperands{{
    {"PROFILE", kProfileHelp},
    {"CALL", "a call's name or number; not with --batch", false},
    {"ARG", "its arguments: numbers or names such as AF_INET or O_RDWR|O_CLOEXEC; those left out are 0", false, true},
}};
constexpr auto kEvalOptions =
    std::array<Option, 1>{
        {{"batch", 'b', "FILE", "answer each line `arch call [argument …]` of FILE with a line", ""}}} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 4> kEvalExamples{{
    {"callgate eval docker-default openat", "What Docker's default profile does with openat."},
    {"callgate eval docker-default socket AF_VSOCK SOCK_STREAM 0", "The same with arguments, by name."},
    {"callgate eval docker-default mount --caps CAP_SYS_ADMIN", "In a container that holds CAP_SYS_ADMIN."},
    {"callgate eval filter.bpf --batch calls.txt", "Many calls, answered by a filter file."},
}};

// explain
constexpr std::array<Operand, 2> kExplainOperands{{
    {"PROFILE", kProfileHelp, false},
    {"CALL", "a call's name or number; without it the whole profile is summed up", false},
}};
constexpr auto kExplainOptions =
    std::array<Option, 1>{{{"list", 0, "", "list the profiles that are known by name, and what each is", ""}}} +
    kReading + kByteOrder + kFormat;
constexpr std::array<Example, 4> kExplainExamples{{
    {"callgate explain profile.json personality", "Which rules decide about personality, and where they stand."},
    {"callgate explain profile.json", "What the profile means: by action, with arguments in words."},
    {"callgate explain filter.bpf", "What a filter file does, by action."},
    {"callgate explain --list", "The profiles that come with callgate."},
}};

// prove
constexpr auto kProveOptions = kReading + kByteOrder + kFormat;
constexpr std::array<Operand, 2> kProveOperands{{{"A", kProfileHelp}, {"B", kProfileHelp}}};
constexpr std::array<Example, 3> kProveExamples{{
    {"callgate prove profile.json filter.bpf", "Does the filter do what the profile says?"},
    {"callgate prove docker-default podman-default",
     "Are the two defaults the same? If not, on which call do they differ?", 1},
    {"callgate prove filter.bpf filter.bpf", "A filter is equal to itself, whatever instructions it has."},
}};

// run
constexpr std::array<Operand, 2> kRunOperands{{
    {"CMD", "the program; looked for in PATH if it has no slash", false},
    {"ARG", "its arguments", false, true},
}};
constexpr auto kRunOptions =
    std::array<Option, 3>{{
        {"profile", 'p', "PROFILE", "run under this profile or filter (docker-default if not given)", ""},
        {"filter", 0, "FILE", "load this filter that `callgate compile` wrote, as it is; in place of --profile", ""},
        {"trace", 0, "",
         "follow the program by ptrace: slower, but names a fatal call without a look at the kernel log", ""},
    }} +
    kPhaseOptions + kSealOptions + kPlanOption + kOciOptions + kReading + kByteOrder + kFormat;
constexpr std::array<Example, 10> kRunExamples{{
    {"callgate run --profile docker-default -- true", "Run a program as Docker would confine it."},
    {"callgate run -p profile.json -- sh -c 'exit 7'", "The program's exit status is passed through.", 7},
    {"callgate run --filter filter.bpf -- true",
     "What was compiled before starts quicker: nothing is read but the filter."},
    {"callgate run -p deny-getcwd.json --trace -- pwd", "Learn which call killed it, without privileges.", 159},
    {"callgate run --seal process -- sh -c 'test $$ = 2'", "Process 2 of a PID namespace, behind an init."},
    {"callgate run --seal process,file --rw . -- sh -c '! touch /etc/x'", "Nothing outside of this directory changes."},
    {"callgate run --seal net -- sh -c '! grep -v lo: /proc/net/dev | grep :'", "Without any network."},
    {"callgate run --phase start=unconfined --phase serving=docker-default --switch-at main -- true",
     "Docker's default from main() on."},
    {"callgate run --seal all --rlimit nofile=64 --no-exec-mem -- true", "All seals."},
    {"callgate run --seal process --cap net_raw --plan -- true", "What would be done, step by step."},
}};

// version, completion, help
constexpr std::array<Operand, 1> kShell{{{"SHELL", "bash, zsh or fish"}}};
constexpr auto kOutputOnly = kOutput + kFormat;
constexpr std::array<Operand, 1> kTopic{{{"COMMAND", "a command's name", false}}};
constexpr auto kHelpOptions =
    kOutput +
    std::array<Option, 1>{{{"man", 0, "PAGE", "print a manual page in roff: callgate or callgate-COMMAND", ""}}} +
    kFormat;
constexpr std::array<Example, 1> kVersionExamples{{{"callgate version", "The version, and what it was built for."}}};
constexpr std::array<Example, 1> kCompletionExamples{
    {{"callgate completion bash", "Put it where your shell looks, or `source` it."}}};
constexpr std::array<Example, 2> kHelpExamples{{
    {"callgate help compile", "The same as `callgate compile --help`."},
    {"callgate help --man callgate-run", "A manual page."},
}};

constexpr std::array<Command, 9> kOwn{{
    {"compile", "turn a profile into a small filter that is proved equal to it",
     "Reads a seccomp profile as a container engine does and writes the classic BPF program that seccomp(2) takes. "
     "Every "
     "filter is proved equal to the profile, on all calls and all arguments, before it is written; one that cannot be "
     "proved is not written (status 5).\n\n"
     "With --stats the figures go to standard output and the filter only to the file that -o names; with -o - the "
     "filter "
     "goes to standard output and the figures to standard error.",
     kProfile, kCompileOptions, kCompileExamples, "", false, compile_command},
    {"disasm", "show a filter as assembly, graph, C or JSON",
     "Reads raw struct sock_filter records, from a file or from a live process, and prints them with the names of "
     "calls "
     "and architectures. Several filters of a process are printed newest first. A program that the kernel would refuse "
     "is printed all the same, with the reason (status 3).",
     kFilter, kDisasmOptions, kDisasmExamples, "", false, disasm_command},
    {"eval", "tell what a profile or filter does with a call",
     "Prints the action: ALLOW, LOG, ERRNO(n), TRACE(n), NOTIFY, TRAP, KILL_THREAD or KILL_PROCESS. A profile is asked "
     "what it means; a filter is simulated, instruction by instruction; of several filters of a process the strictest "
     "counts.\n\n"
     "A batch has a call a line, `arch call [argument …]`, where call is a number or a name, and gets an action a "
     "line. "
     "arch is an architecture or an AUDIT_ARCH token as a number. Empty lines and lines that begin with # get no "
     "answer. "
     "Lines that cannot be read are listed with their places, and nothing is answered behind the first (status 3).",
     kEvalOperands, kEvalOptions, kEvalExamples, "", false, eval_command},
    {"explain", "tell which rule decides, and why",
     "For a call: the rules with a say about it in the order in which they are tried, each with file and line, the "
     "default, and whether the kernel caches the answer. Without a call: everything the profile says, by action. A "
     "filter, or all filters of a process, are decompiled first and proved equal to what is shown.\n\n"
     "With --list: the names that stand for a profile wherever PROFILE is asked for; no file of that name is looked "
     "at.",
     kExplainOperands, kExplainOptions, kExplainExamples, "", false, explain_command},
    {"prove", "decide whether two profiles or filters are the same, exactly",
     "Compares profiles, filters and the filters of live processes in any combination, over every architecture, call "
     "number and argument. If they differ, prints a call on which they do.",
     kProveOperands, kProveOptions, kProveExamples,
     "0 equal; 1 different, with a witness; 4 undecided: a filter's arithmetic is beyond the prover", false,
     prove_command},
    {"run", "run a program under a profile",
     "Sets no_new_privs, loads the filter and executes CMD, as root or as anybody. Signals are passed on, and so is "
     "the "
     "exit status. If the filter kills the program, the fatal call is named: from the kernel's audit record where that "
     "can be read, or by ptrace with --trace.\n\n"
     "The filter is in force before CMD is executed, so a profile without execve is refused beforehand.\n\n"
     "With --phase, twice, and --switch-at the program begins under the first profile; at the point named every thread "
     "of the "
     "process gets the second one's filter on top, and nothing of callgate stays with it. The second must grant "
     "nothing "
     "that the first refuses. What cannot be switched is killed (status 125).\n\n"
     "With --seal the program is cut off from what surrounds it. process: PID, IPC, UTS, cgroup and mount namespaces "
     "of its "
     "own, an init that reaps orphans and ends everything with CMD, its own /proc, no typing into a shared terminal. "
     "file: a root of its own, read-only but for --rw and --tmpfs, with private /tmp, /var/tmp, /run and /dev, and "
     "Landlock "
     "as a second wall. net: no network, or only loopback, or TCP ports as named. memory: IPC of its own, and limits "
     "as "
     "asked for. all: these four.\n\n"
     "Any seal drops all capabilities but those of --cap, turns core dumps off and closes inherited files but 0, 1, 2 "
     "and "
     "those of --keep-fd. Without CAP_SYS_ADMIN a user namespace is made first. What cannot be done is an error, and "
     "nothing is started.\n\n"
     "With --oci there is no CMD: BUNDLE is an OCI bundle, and callgate becomes the crun that runs it. The bundle "
     "stays "
     "as "
     "it is; crun reads a config.json that is nobody's file, with the filter in it. Its profile is linux.seccomp as "
     "crun "
     "reads it, or --profile. The exit status is crun's.",
     kRunOperands, kRunOptions, kRunExamples,
     "that of CMD; 128 + n if signal n ended it; 125 if callgate itself failed; 126 if CMD cannot be executed; 127 if "
     "it "
     "was not found",
     true, run_command},
    {"version",
     "print the version",
     "Prints the version, the machine's architecture and the limits of the call tables.",
     {},
     kFormat,
     kVersionExamples,
     "",
     false,
     version_command},
    {"completion", "print a completion script for a shell",
     "Prints a script that completes commands, options and values.", kShell, kOutputOnly, kCompletionExamples, "",
     false, completion_command},
    {"help", "explain a command", "Without a word, lists the commands.", kTopic, kHelpOptions, kHelpExamples, "", false,
     help_command},
}};

}  // namespace

std::span<const Command> core_commands() {
  return kOwn;
}

}  // namespace callgate::cli
