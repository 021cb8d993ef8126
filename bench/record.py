#!/usr/bin/env python3
"""What recording costs the recorded program: times under each recorder as ratios to the same program alone.

Each round runs every tool once, in random order, and takes the time inside the recorded program, so that a recorder's own
start does not count. Printed are medians of the rounds' ratios; `alone again` shows how much is noise. Rows go to --rows.

usage: record.py CALLGATE [--rounds N] [--rows FILE] [--workload NAME]…
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import csv
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WORKLOADS = {
    "getppid": (1, [sys.executable, "-c", "import os\nfor _ in range(1000000): os.getppid()"]),
    "gcc": (8, ["gcc", "-O1", "-x", "c", "-c", "hello.c", "-o", "/dev/null"]),
    "git": (10, ["git", "-C", "repository", "status", "--short"]),
    "tar": (4, ["tar", "cf", "archive.tar", "tree"]),
    "python": (12, [sys.executable, "-c", "import json, argparse, subprocess"]),
}
# The program that is recorded: it runs the workload and writes how long that took.
INNER = """
import subprocess, sys, time
times, out, words = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
begin = time.monotonic()
for _ in range(times):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
open(out, "w").write(str(time.monotonic() - begin))
"""


def tools(callgate: str) -> dict[str, list[str]]:
    record = [callgate, "record", "-o", "/dev/null"]
    rows = {
        "alone": [],
        "alone again": [],
        "record": [*record, "--method", "ebpf", "--"],
        "record --args": [*record, "--method", "ebpf", "--args", "--"],
        "record --denied": [*record, "--method", "ebpf", "--denied", "--"],
        "record by ptrace": [*record, "--method", "ptrace", "--"],
    }
    if shutil.which("strace"):
        rows["strace -f"] = ["strace", "-f", "-o", "/dev/null"]
    return rows


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


def measure(prefix: list[str], times: int, words: list[str], folder: Path) -> float:
    out = folder / "time"
    out.unlink(missing_ok=True)
    subprocess.run([*prefix, sys.executable, "-c", INNER, str(times), str(out), *words], check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return float(out.read_text())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("callgate", type=lambda path: os.path.abspath(path))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=Path)
    parser.add_argument("--workload", action="append", choices=WORKLOADS)
    parser.add_argument("--fast", action="store_true", help="leave out what stops each call")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="callgate-bench.") as scratch:
        folder = Path(scratch)
        provide(folder)
        chosen = tools(options.callgate)
        if options.fast:
            chosen = {name: words for name, words in chosen.items() if name not in ("record by ptrace", "strace -f")}
        for name in options.workload or WORKLOADS:
            ratios = {tool: [] for tool in chosen}
            measure([], *WORKLOADS[name], folder)
            for round_number in range(options.rounds):
                seconds = {}
                for tool in random.sample(list(chosen), len(chosen)):
                    seconds[tool] = measure(chosen[tool], *WORKLOADS[name], folder)
                    rows.append([time.time(), name, round_number, tool, seconds[tool]])
                for tool in chosen:
                    ratios[tool].append(seconds[tool] / seconds["alone"])
            print(f"{name:8}", *(f"{tool} {statistics.median(values):.2f}" for tool, values in ratios.items()), sep="  ",
                  flush=True)
    if options.rows:
        with options.rows.open("w", newline="") as file:
            csv.writer(file).writerows([["time", "workload", "round", "tool", "seconds"], *rows])


main()
