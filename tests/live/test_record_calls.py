#!/usr/bin/env python3
"""Holds recordings against strace, on programs doing real work (work.py) and servers under load (servers.py).

First both watch the same run: `callgate record -- strace -f -- PROGRAM`. What chance does then, it does to both, so each
call that strace saw must be in the recording, made by an image other than strace's; and the other way about. With --all,
also in runs apart, by eBPF and by ptrace: there a call may be missing only if a further run under strace lacks it, too.

usage: test_record_calls.py CALLGATE [--all] [--table] [WORD...]     a sample, unless --all; WORD: only work that has it
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import servers
from work import ENVIRONMENT, MORE_WORK, WORK, provide, shell_words

PARSER = argparse.ArgumentParser(usage=__doc__)
PARSER.add_argument("callgate", type=Path)
PARSER.add_argument("--all", action="store_true")
PARSER.add_argument("--table", action="store_true")
PARSER.add_argument("words", nargs="*", default=[])
GIVEN = PARSER.parse_intermixed_args()
CALLGATE = GIVEN.callgate.resolve()
STRACE = os.path.realpath(shutil.which("strace") or "strace")
SAMPLE = 9  # each ninth line
SAMPLE_SERVERS = ("nginx", "memcached")
LIMIT = 180

# A run of some work with its tool before the words: runs it to its end in `folder`.
Work = Callable[[list[str], Path], None]


def as_line(line: str) -> Work:
    def run(tool: list[str], folder: Path):
        subprocess.run([*tool, *shell_words(line)], cwd=folder, env={**ENVIRONMENT, "HOME": str(folder)}, timeout=LIMIT,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return run


def as_server(make) -> Work:
    def run(tool: list[str], folder: Path):
        server = make(folder)
        running = subprocess.Popen([*tool, *server.words], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        pid = 0
        try:
            servers.wait_until(make.__name__, lambda: server.load() is None)
            pid = servers.first_below(running.pid, ("strace", CALLGATE.name))
            server.use(pid)
            os.kill(pid, server.stop)
            running.wait(timeout=LIMIT)
        finally:
            if running.poll() is None:
                for process in servers.below(running.pid):
                    os.kill(process, signal.SIGKILL)
                running.wait()
    return run


def under(work: Work, tool: list[str], output: str) -> str:
    """What a tool wrote to {output} while it watched."""
    with tempfile.TemporaryDirectory(prefix="callgate-calls.") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        provide(folder)
        work([word.format(folder=folder) for word in tool], folder)
        return Path(output.format(folder=folder)).read_text(errors="replace")


BY_STRACE = ["strace", "-f", "-qq", "-e", "signal=none", "-o", "{folder}/strace.log"]


def by_recorder(method: str) -> list[str]:
    return [str(CALLGATE), "record", "--method", method, "-o", "{folder}/run.jsonl", "--"]


def strace_names(log: str) -> set[str]:
    return set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", log, re.MULTILINE))


def begun_names(log: str) -> set[str]:
    """Those that surely began. One whose end is "?" may not have: strace stops a thread at its call before the kernel begins
    it, and the process may end in that moment."""
    ended = re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed).*\) += (?!\?)", log, re.MULTILINE)
    return set(ended) | (strace_names(log) & {"exit", "exit_group"})


# What a program does otherwise by ptrace: one sees its filter, and loads none of its own then; Go's scheduler polls and
# interrupts where all is as slow as under strace.
OTHERWISE_BY_PTRACE = {"man": {"seccomp"}, "runc": {"epoll_pwait", "tgkill", "rt_sigreturn"}}


class Recorded:
    def __init__(self, text: str):
        lines = [json.loads(line) for line in text.splitlines()]
        self.programs = {line["path"] for line in lines if line["record"] == "image"}
        watchers = {line["image"] for line in lines if line["record"] == "image" and os.path.realpath(line["path"]) == STRACE}
        calls = [line for line in lines if line["record"] == "call"]
        self.names = {line["name"] for line in calls if not watchers.issuperset(line["images"]) or line["name"] == "execve"}
        end = next(line for line in lines if line["record"] == "end")
        self.complete = end["complete"]


def together(work: Work) -> tuple[str, Recorded]:
    """One run under both, with what strace wrote."""
    log: list[str] = []

    def run(tool: list[str], folder: Path):
        work([*tool, *(word.format(folder=folder) for word in BY_STRACE)], folder)
        log.append((folder / "strace.log").read_text(errors="replace"))
    recorded = Recorded(under(run, by_recorder("ebpf"), "{folder}/run.jsonl"))
    return log[0], recorded


def missing_apart(work: Work, method: str, expected: set[str]) -> set[str]:
    """What strace sees each time and the recorder never, in four runs of each."""
    seen: set[str] = set()
    for attempt in range(4):
        seen |= Recorded(under(work, by_recorder(method), "{folder}/run.jsonl")).names
        if expected <= seen:
            return set()
        if attempt < 3:
            expected = expected & strace_names(under(work, BY_STRACE, "{folder}/strace.log"))
    return expected - seen


def main() -> int:
    if not shutil.which("strace"):
        print("SKIP: strace is not installed")
        return 77
    lines = [*WORK.strip().splitlines(), *MORE_WORK.strip().splitlines()]
    work = {line: as_line(line) for line in (lines if GIVEN.all or GIVEN.words else lines[::SAMPLE])}
    work |= {f"server {name}": as_server(make) for name, make in servers.ALL.items()
             if GIVEN.all or GIVEN.words or name in SAMPLE_SERVERS}
    failed, programs, calls, besides = 0, set(), 0, collections.Counter()
    for name, run in work.items():
        if GIVEN.words and not any(word in name for word in GIVEN.words):
            continue
        log, recorded = together(run)
        expected = strace_names(log)
        faults = []
        if not expected or not recorded.complete:
            faults.append(f"strace saw {len(expected)} calls; complete: {recorded.complete}")
        if lost := begun_names(log) - recorded.names:
            faults.append(f"not recorded: {' '.join(sorted(lost))}")
        besides.update(recorded.names - expected)
        for method in ("ebpf", "ptrace") if GIVEN.all else ():
            lost = missing_apart(run, method, strace_names(under(run, BY_STRACE, "{folder}/strace.log")))
            lost -= OTHERWISE_BY_PTRACE.get(name.split()[0], set()) if method == "ptrace" else set()
            known = set(recorded.names)
            for _ in range(4 if method == "ebpf" else 0):
                if not lost <= known:
                    known |= together(run)[1].names
            if method == "ebpf" and lost <= known:
                if lost:  # seen in the same run, so what is made depends on how fast the program runs
                    print(f"{name[:60]:60} made under strace alone: {' '.join(sorted(lost))}")
            elif lost:
                faults.append(f"in runs apart, by {method}: {' '.join(sorted(lost))}")
        programs |= recorded.programs
        calls += len(expected)
        failed += bool(faults)
        if faults or GIVEN.table:
            print(f"{name[:60]:60} strace {len(expected):3} recorded {len(recorded.names):3}", *faults, sep="  ", flush=True)
    print(f"{len(programs) - 1} programs in {len(work)} kinds of work, {calls} calls seen by strace, {failed} with losses; seen "
          f"besides strace's: {dict(besides)}")
    return 1 if failed or not calls else 0


if __name__ == "__main__":
    sys.exit(main())
