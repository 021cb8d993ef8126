#!/usr/bin/env python3
"""What recording costs the recorded program: times under each recorder as ratios to the same program alone.

Each round runs every tool once, in random order, and takes the time inside the recorded program, so that a recorder's own
start does not count. Printed are medians of the rounds' ratios, of time and of the processor's time that the program itself
used (a tracer's own is not in it); `alone again` shows how much is noise. Rows go to --rows.

usage: record.py CALLGATE [--rounds N] [--rows FILE] [--workload NAME]…
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import csv
import os
import random
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKLOADS = {
    "getppid": (1, [sys.executable, "-c", "import os\nfor _ in range(100000): os.getppid()"]),
    "gcc": (8, ["gcc", "-O1", "-x", "c", "-c", "hello.c", "-o", "/dev/null"]),
    "git": (10, ["git", "-C", "repository", "status", "--short"]),
    "tar": (4, ["tar", "cf", "archive.tar", "tree"]),
    "python": (12, [sys.executable, "-c", "import json, argparse, subprocess"]),
}
SERVER = "redis"  # one more workload: GETs by sixteen clients that nobody records
# The program that is recorded: it runs the workload and writes how long that took.
INNER = """
import os, subprocess, sys, time
times, out, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
begin = time.monotonic()
for _ in range(times):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
wall, used = time.monotonic() - begin, os.times()
open(out, "w").write(f"{wall} {used.children_user + used.children_system}")
"""
CGROUP = next((path / f"callgate-bench-{os.getpid()}" for path in map(Path, ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"))
               if (path / "cgroup.procs").exists()), None)  # of version 2, made for bpftrace's filter
TRACING = Path("/sys/kernel/tracing")
COUNT_CALLS = 'tracepoint:raw_syscalls:sys_enter /cgroup == cgroupid("{cgroup}")/ {{ @[args->id] = count(); }}'


def bpftrace(words: list[str], folder: Path) -> list[str]:
    """A count for each call, of the tasks in a cgroup, which the program enters."""
    script = folder / "enter.sh"
    script.write_text(f"echo $$ > {CGROUP}/cgroup.procs\nexec {shlex.join(words)}\n")
    return ["bpftrace", "-q", "-o", "/dev/null", "-e", COUNT_CALLS.format(cgroup=CGROUP), "-c", f"/bin/sh {script}"]


def see_tracepoints():
    """bpftrace looks them up in a file system that not every machine has mounted: here it is, in a namespace of our own."""
    if shutil.which("bpftrace") is None or TRACING.joinpath("events").exists() or "CALLGATE_BENCH_MOUNTED" in os.environ:
        return
    mount = f"mount -t tracefs tracefs {TRACING}; exec \"$@\""
    os.execvpe("unshare", ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, *sys.argv],
               {**os.environ, "CALLGATE_BENCH_MOUNTED": "1"})


def tools(callgate: str) -> dict:
    """name → how to run words under it."""
    def record(*options: str):
        return lambda words, _: [callgate, "record", "-o", "/dev/null", *options, "--", *words]

    def again(words: list[str], folder: Path) -> list[str]:
        return [callgate, "record", "--new-only", "--append", "-o", str(folder / "known.jsonl"), "--", *words]

    rows = {
        "alone": lambda words, _: words,
        "alone again": lambda words, _: words,
        "record": record("--method", "ebpf"),
        "record --args": record("--method", "ebpf", "--args"),
        "record --denied": record("--method", "ebpf", "--denied"),
        "by ptrace": record("--method", "ptrace"),
        "by ptrace, again": again,
    }
    if CGROUP and shutil.which("bpftrace") and subprocess.run(["bpftrace", "-e", "tracepoint:raw_syscalls:sys_enter { exit(); }"],
                                                              capture_output=True).returncode == 0:
        rows["bpftrace"] = bpftrace
    if shutil.which("strace"):
        rows["strace -f"] = lambda words, _: ["strace", "-f", "-o", "/dev/null", *words]
    return rows


SLOW = ("by ptrace", "strace -f")


def provide(folder: Path):
    (folder / "hello.c").write_text("#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts(\"hello\"); }\n")
    for index in range(2000):
        path = folder / "tree" / str(index % 20) / f"{index}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * 3000)
    repository = folder / "repository"
    shutil.copytree(folder / "tree", repository)
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", repository, *words], check=True)


def measure_program(tool, name: str, folder: Path) -> tuple[float, float]:
    """Seconds on the clock, and of a processor's time that the program itself used."""
    out, (times, words) = folder / "time", WORKLOADS[name]
    out.unlink(missing_ok=True)
    subprocess.run(tool([sys.executable, "-c", INNER, str(times), str(out), *words], folder), check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, used = out.read_text().split()
    return float(wall), float(used)


def below(pid: int) -> list[int]:
    children = [int(word) for task in Path(f"/proc/{pid}/task").glob("*/children") for word in task.read_text().split()]
    return [pid, *(each for child in children for each in below(child))]


def measure_server(tool, folder: Path) -> tuple[float, float]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = str(one.getsockname()[1])
    server = subprocess.Popen(tool(["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", ""], folder), cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while subprocess.run(["redis-cli", "-p", port, "ping"], capture_output=True).stdout != b"PONG\n":
        if server.poll() is not None:
            sys.exit("redis-server did not start")
        time.sleep(0.05)
    itself = next(pid for pid in below(server.pid) if "redis" in os.readlink(f"/proc/{pid}/exe"))

    def used() -> float:
        fields = Path(f"/proc/{itself}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    before, begin = used(), time.monotonic()
    subprocess.run(["redis-benchmark", "-p", port, "-t", "get", "-n", "8000", "-c", "16", "-q"], check=True,
                   stdout=subprocess.DEVNULL)
    result = time.monotonic() - begin, used() - before
    subprocess.run(["redis-cli", "-p", port, "shutdown", "nosave"], stdout=subprocess.DEVNULL)
    server.wait()
    return result


def measure(tool, name: str, folder: Path) -> tuple[float, float]:
    return measure_server(tool, folder) if name == SERVER else measure_program(tool, name, folder)


def main():
    see_tracepoints()
    parser = argparse.ArgumentParser()
    parser.add_argument("callgate", type=lambda path: os.path.abspath(path))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--workload", action="append", choices=[*WORKLOADS, SERVER])
    parser.add_argument("--fast", action="store_true", help="leave out what stops each call")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="callgate-bench.") as scratch:
        folder = Path(scratch)
        if CGROUP:
            CGROUP.mkdir()
        provide(folder)
        chosen = tools(options.callgate)
        if options.fast:
            chosen = {name: tool for name, tool in chosen.items() if name not in SLOW}
        for name in options.workload or [*WORKLOADS, SERVER]:
            (folder / "known.jsonl").unlink(missing_ok=True)
            ratios, used = {tool: [] for tool in chosen}, {tool: [] for tool in chosen}
            measure(chosen["alone"], name, folder)
            measure(chosen["by ptrace, again"], name, folder)  # so that it knows
            for round_number in range(options.rounds):
                seconds = {}
                for tool in random.sample(list(chosen), len(chosen)):
                    seconds[tool] = measure(chosen[tool], name, folder)
                    rows.append([time.time(), name, round_number, tool, *seconds[tool]])
                for tool in chosen:
                    ratios[tool].append(seconds[tool][0] / seconds["alone"][0])
                    used[tool].append(seconds[tool][1] / max(seconds["alone"][1], 0.01))
            for tool in chosen:
                print(f"{name:8} {tool:18} {statistics.median(ratios[tool]):6.2f}  processor "
                      f"{statistics.median(used[tool]):6.2f}", flush=True)
        if CGROUP:
            CGROUP.rmdir()
    if options.rows:
        with options.rows.open("w", newline="") as file:
            csv.writer(file).writerows([["time", "workload", "round", "tool", "seconds", "processor"], *rows])


main()
