#!/usr/bin/env python3
"""Measures which calls are made before a program's own first one: by the container runtime between loading the filter
and executing the program, and by C libraries and Go's runtime before and after `main`.

  runtimes   runc and crun start a program that makes no call of its own, under strace; counted are the calls of the
             tasks that carry the filter, up to the successful execve (included). Containers vary (root and another
             user, with and without noNewPrivileges); every round of every variant is looked at. Then each call seen is
             denied alone, by a profile of the runtime's own, and the container started again.
  programs   programs that do nothing, built with the compilers found, under strace; then each call is denied alone,
             by a filter of this script's own.

Prints data/startup/runtimes.csv or programs.csv for what is installed; `--merge` also keeps the file's rows of other
versions. `--check` starts containers under profiles that allow nothing but the table's rows.

  seen    always: in every round of every variant; sometimes: in some
  needed  yes: with the call refused (EPERM) a start failed or the program did not get to its end; no: all did

usage: measure_startup.py runtimes|programs [--rounds N] [--runc PATH] [--crun PATH] [--musl-gcc PATH] [--go PATH]
                                         [--merge FILE] [--check FILE]
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import csv
import ctypes
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

RUNTIME_COLUMNS = ["runtime", "version", "no_new_privileges", "call", "seen", "needed", "source"]
PROGRAM_COLUMNS = ["libc", "version", "linked", "call", "seen", "needed", "source"]
CAPABILITIES = [f"CAP_{name}" for name in (
    "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
    " AUDIT_WRITE").split()]
USERS = ({"uid": 0, "gid": 0}, {"uid": 1000, "gid": 1000, "additionalGids": [1001]})
FINISHED = 42  # the program's exit status

# Exits by exit(2), which no runtime makes on its way here.
PROGRAM = f'asm(".globl _start\\n_start: mov $60, %eax; mov ${FINISHED}, %edi; syscall");\n'

LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$")
LOADED = re.compile(r"(?:SECCOMP_MODE_FILTER|SECCOMP_SET_MODE_FILTER, [^,]*), \{len=")


def run(*command, **options):
    """Its completed process; status -1 for one that had to be ended. Under a filter that is too tight some spin."""
    words = [str(word) for word in command]
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors="replace", timeout=10, check=False, **options)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(words, -1, "")


def calls_under_filter(trace):
    """The calls that tasks with a filter began, up to the first execve of one of them that succeeds."""
    filtered, pending, thread_groups, made = set(), {}, {}, []
    for line in trace.splitlines():
        match = LINE.match(line)
        if not match:
            continue
        pid, resumed, started, rest = int(match[1]), match[2], match[3], match[4]
        if started and pid in filtered:
            made.append(started)
        if started and rest.endswith("<unfinished ...>"):
            pending[pid] = rest
            continue
        name = resumed or started
        whole = pending.pop(pid, "") + rest if resumed else rest
        result = re.search(r"= (-?\d+)", rest[rest.rfind(")"):] if ")" in rest else rest)
        value = int(result[1]) if result else None
        if name in ("clone", "clone3", "fork", "vfork") and value and value > 0:
            if "CLONE_THREAD" in whole:
                thread_groups[value] = thread_groups.get(pid, pid)
            if pid in filtered:
                filtered.add(value)
        if name in ("seccomp", "prctl") and value == 0 and LOADED.search(whole):
            filtered.add(pid)
            if "TSYNC" in whole:
                group = thread_groups.get(pid, pid)
                filtered |= {tid for tid in [*thread_groups, group] if thread_groups.get(tid, tid) == group}
        if name == "execve" and value == 0 and pid in filtered:
            return made
    return None


class Runtime:
    def __init__(self, name, program, folder):
        self.name, self.folder, self.count = name, folder, 0
        self.version = re.search(r"version (\d+(?:\.\d+)+)", run(program, "--version").stdout)[1]
        self.command = [program, "--root", str(folder / f"{name}-state")]
        if name == "crun":
            if Path("/sys/fs/cgroup/unified").is_dir():  # crun 1.8 refuses both cgroup versions side by side
                wrapper = folder / "crun"
                wrapper.write_text("#!/bin/sh\nexec unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "
                                   + str(program) + ' "$@"\' crun "$@"\n', encoding="ascii")
                wrapper.chmod(0o755)
                self.command[0] = str(wrapper)
            self.command.append("--cgroup-manager=cgroupfs")

    def start(self, seccomp, user, no_new_privileges, before=()):
        bundle = self.folder / "bundle"
        config = {
            "ociVersion": "1.0.2",
            "process": {"user": user, "args": ["/program"], "env": [], "cwd": "/",
                        "noNewPrivileges": no_new_privileges,
                        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}},
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")],
                      "seccomp": seccomp},
        }
        (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
        self.count += 1
        # A state folder of its own for each: crun keeps compiled filters.
        identity = f"startup-{os.getpid()}-{self.count}"
        command = [*self.command, "run", "--bundle", str(bundle), identity]
        command[2] += f"-{self.count}"
        result = run(*before, *command)
        if result.returncode != FINISHED:
            run(*command[:-4], "delete", "--force", identity)
        shutil.rmtree(command[2], ignore_errors=True)
        return result.returncode

    def trace(self, user, no_new_privileges):
        log = self.folder / "trace"
        # Not ALLOW alone: a profile without rules may load no filter.
        seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
                   "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
        status = self.start(seccomp, user, no_new_privileges, ["strace", "-f", "-q", "-s", "0", "-o", log])
        made = calls_under_filter(log.read_text(encoding="utf-8", errors="replace"))
        if status != FINISHED or made is None:
            sys.exit(f"{self.name} did not start the program: status {status}")
        return made

    def needs(self, call, no_new_privileges, rounds):
        seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
                   "syscalls": [{"names": [call], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}
        return any(self.start(seccomp, user, no_new_privileges) != FINISHED
                   for user in USERS for _ in range(rounds))

    def starts(self, calls, no_new_privileges, rounds):
        """How many of `rounds` starts succeed where nothing but `calls` is allowed."""
        seccomp = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"],
                   "syscalls": [{"names": [*calls, "exit"], "action": "SCMP_ACT_ALLOW"}]}
        return sum(self.start(seccomp, USERS[n % 2], no_new_privileges) == FINISHED for n in range(rounds))


def prepare_bundle(folder):
    root = folder / "bundle" / "rootfs"
    for name in ("proc", "dev", "etc"):
        (root / name).mkdir(parents=True)
    (root / "etc" / "passwd").write_text("root:x:0:0::/:\nuser:x:1000:1000::/:\n", encoding="ascii")
    (root / "etc" / "group").write_text("root:x:0:\nuser:x:1000:\n", encoding="ascii")
    (folder / "program.c").write_text(PROGRAM, encoding="ascii")
    subprocess.run(["cc", "-nostdlib", "-static", "-o", root / "program", folder / "program.c"], check=True)


def measure_runtimes(options, folder):
    prepare_bundle(folder)
    rows = []
    for name in ("runc", "crun"):
        program = getattr(options, name) or shutil.which(name)
        if not program:
            continue
        runtime = Runtime(name, program, folder)
        for no_new_privileges in (False, True):
            counts, rounds = Counter(), 0
            for user in USERS:
                for _ in range(options.rounds):
                    counts.update(set(runtime.trace(user, no_new_privileges)))
                    rounds += 1
            for call in sorted(counts):
                rows.append([name, runtime.version, "yes" if no_new_privileges else "no", call,
                             "always" if counts[call] == rounds else "sometimes",
                             "yes" if runtime.needs(call, no_new_privileges, options.rounds) else "no", "measured"])
    return rows


def check(options, folder):
    prepare_bundle(folder)
    with open(options.check, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    good = True
    for name in ("runc", "crun"):
        program = getattr(options, name) or shutil.which(name)
        runtime = Runtime(name, program, folder) if program else None
        for nnp in (False, True):
            mine = [row for row in rows if runtime and row["runtime"] == name and row["version"] == runtime.version
                    and row["no_new_privileges"] == ("yes" if nnp else "no")]
            if not mine:
                continue
            rounds = options.rounds * 2
            started = runtime.starts([row["call"] for row in mine], nnp, rounds)
            print(f"{name} {runtime.version}, noNewPrivileges {nnp}, {len(mine)} calls: {started} of {rounds} started")
            good = good and started == rounds
    return 0 if good else 1


# Programs: what stands in front of `main`, and behind it.

C_PROGRAM = f"int main(void) {{ return {FINISHED}; }}\n"
GO_PROGRAM = f'package main\nimport "os"\nfunc main() {{ os.Exit({FINISHED}) }}\n'
_libc = ctypes.CDLL(None, use_errno=True)


def number_of(call):
    return ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name(call.encode())


def deny(number):
    """For preexec_fn: loads a filter that answers EPERM to one call."""
    records = struct.pack("HBBI" * 4, 0x20, 0, 0, 0, 0x15, 0, 1, number, 0x06, 0, 0, 0x00050001, 0x06, 0, 0, 0x7FFF0000)
    buffer = ctypes.create_string_buffer(records)

    def load():
        program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 4, ctypes.addressof(buffer)))
        if _libc.prctl(38, 1, 0, 0, 0) or _libc.prctl(22, 2, program, 0, 0):
            os._exit(99)

    return load


def program_calls(program, folder):
    log = folder / "trace"
    result = run("strace", "-f", "-q", "-s", "0", "-o", log, program)
    if result.returncode != FINISHED:
        sys.exit(f"{program} ended with {result.returncode}")
    lines = log.read_text(encoding="utf-8").splitlines()
    return [match[3] for match in map(LINE.match, lines) if match and match[3]]


def build(kind, options, folder):
    """(libc, version, linked, path) of a program, or nothing without its compiler."""
    source, output = folder / "main.c", folder / kind
    source.write_text(C_PROGRAM, encoding="ascii")
    if kind.startswith("glibc"):
        version = os.confstr("CS_GNU_LIBC_VERSION").split()[1]
        command = ["cc", "-O2", "-o", output, source] + (["-static"] if kind.endswith("static") else [])
    elif kind.startswith("musl"):
        compiler = options.musl_gcc or shutil.which("musl-gcc")
        if not compiler:
            return None
        loader = Path(options.musl_loader)
        version = re.search(r"Version (\S+)", run(loader).stdout)[1] if loader.exists() else "unknown"
        command = [compiler, "-O2", "-o", output, source]
        command += ["-static"] if kind.endswith("static") else [f"-Wl,--dynamic-linker={loader}"]
    else:
        compiler = options.go or shutil.which("go")
        if not compiler:
            return None
        source = folder / "main.go"
        source.write_text(GO_PROGRAM, encoding="ascii")
        version = re.search(r"go(\d\S+)", run(compiler, "version").stdout)[1]
        command = [compiler, "build", "-o", output, source]
    subprocess.run([str(word) for word in command], check=True, cwd=folder,
                   env={**os.environ, "CGO_ENABLED": "0", "GOCACHE": str(folder / "cache"), "GOFLAGS": "-mod=mod",
                        "GO111MODULE": "off"})
    return kind.split("-")[0], version, kind.split("-")[1], output


def measure_programs(options, folder):
    rows = []
    for kind in ("glibc-dynamic", "glibc-static", "musl-dynamic", "musl-static", "go-static"):
        built = build(kind, options, folder)
        if not built:
            print(f"no compiler for {kind}", file=sys.stderr)
            continue
        libc, version, linked, program = built
        counts = Counter()
        for _ in range(options.rounds):
            counts.update(set(program_calls(program, folder)))
        for call in sorted(counts):
            needed = any(run_denied(program, call) != FINISHED for _ in range(options.rounds))
            rows.append([libc, version, linked, call, "always" if counts[call] == options.rounds else "sometimes",
                         "yes" if needed else "no", "measured"])
    return rows


def run_denied(program, call):
    try:
        return run(program, preexec_fn=deny(number_of(call))).returncode
    except (OSError, subprocess.SubprocessError):
        return -1  # execve itself


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("runtimes", "programs"))
    parser.add_argument("--rounds", type=int, default=15)
    for name in ("--runc", "--crun", "--musl-gcc", "--go", "--merge", "--check"):
        parser.add_argument(name)
    parser.add_argument("--musl-loader", default="/lib/ld-musl-x86_64.so.1")
    options = parser.parse_args()
    columns = RUNTIME_COLUMNS if options.what == "runtimes" else PROGRAM_COLUMNS
    with tempfile.TemporaryDirectory(prefix="callgate-startup-", ignore_cleanup_errors=True) as name:
        if options.check:
            return check(options, Path(name))
        rows = (measure_runtimes if options.what == "runtimes" else measure_programs)(options, Path(name))
    if options.merge:
        versions = {tuple(row[:2]) for row in rows}
        with open(options.merge, newline="", encoding="utf-8") as file:
            rows += [list(row.values()) for row in csv.DictReader(file) if tuple(row.values())[:2] not in versions]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(sorted(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
