#!/usr/bin/env python3
"""Runs programs with real work under strace and holds what they do against what `callgate scan` says that they can.

Every call that strace sees must be in the scan of the program that made it: one that is not is a false negative, and
fails the test. Programs that the work starts count too, each by its own scan. With --table the counts are printed.

--bulk N runs N programs of /usr/bin and /usr/sbin instead, chosen by --seed, as nobody and without a network, with the
arguments that anybody tries first. Other options (--assume NAME) go to the scan.

usage: test_scan.py CALLGATE [--table] [--bulk N [--seed N]] [--assume NAME]... [WORD...]   (WORD: only work that has it)
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import servers
from work import ENVIRONMENT, WORK, provide, shell_words

PARSER = argparse.ArgumentParser(usage=__doc__)
PARSER.add_argument("callgate", type=Path)
PARSER.add_argument("--table", action="store_true")
PARSER.add_argument("--bulk", type=int, default=0)
PARSER.add_argument("--seed", type=int, default=1)
PARSER.add_argument("--assume", action="append", default=["nss-config"])
PARSER.add_argument("words", nargs="*", default=[])
GIVEN = PARSER.parse_intermixed_args()
CALLGATE = GIVEN.callgate.resolve()

AS_NOBODY = ["unshare", "--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "timeout", "-k", "1", "6",
             "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
ARGUMENTS = ["--version", "--help", "a.txt"]


def bulk() -> list[str]:
    """Shell lines for some programs of this machine."""
    programs = [p for d in ("/usr/bin", "/usr/sbin") for p in sorted(Path(d).iterdir())
                if not p.is_symlink() and p.is_file() and program_of(str(p)) and p.stat().st_size < 3 << 20]
    random.Random(GIVEN.seed).shuffle(programs)
    return [f"{p} {a}" for p in programs[:GIVEN.bulk] for a in ARGUMENTS]


def program_of(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return os.path.realpath(path) if file.read(4) == b"\x7fELF" else None
    except OSError:
        return None


def observed(line: str, folder: Path) -> dict[str, set[str]]:
    """program → calls, from a run of the line."""
    log = folder / "strace.log"
    prefix = AS_NOBODY if GIVEN.bulk else []
    shell = [*prefix, "strace", "-f", "-qq", "-y", "-s", "400", "-e", "signal=none", "-o", str(log), *shell_words(line)]
    subprocess.run(shell, cwd=folder, env={**ENVIRONMENT, "HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120, check=False)
    return read_log(log, folder)


def read_log(log: Path, folder: Path) -> dict[str, set[str]]:
    calls: dict[str, set[str]] = collections.defaultdict(set)
    if not log.exists():
        return calls
    image: dict[str, str | None] = {}
    pending: dict[str, str | None] = {}
    parent_of_next: list[str] = []
    for raw in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed)(.*)", raw)
        if not match:
            continue
        pid, call, form, rest = match.groups()
        if pid not in image:
            # A new process runs what its parent runs: the last one that cloned.
            image[pid] = image.get(parent_of_next[-1]) if parent_of_next else None
        if image[pid] and form == "(":
            calls[image[pid]].add(call)
        if call in ("clone", "clone3", "vfork", "fork"):
            parent_of_next.append(pid)
        if call == "execve":
            if path := re.match(r'"([^"]*)"', rest):
                pending[pid] = program_of(os.path.join(folder, path[1]))
            if rest.endswith("= 0"):
                image[pid] = pending.get(pid)
    log.unlink()
    return calls


def served(server) -> dict[str, set[str]]:
    """What a server does while it is used."""
    with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        provide(folder)
        one = server(folder)
        log = folder / "strace.log"
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log), *one.words], cwd=folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            servers.wait_until(server.__name__, lambda: one.load() is None)
            first = int(Path(f"/proc/{tracer.pid}/task/{tracer.pid}/children").read_text().split()[0])
            one.use(first)
            os.kill(first, one.stop)
            tracer.wait(timeout=60)  # ends with the last of its processes
        finally:
            if tracer.poll() is None:
                tracer.terminate()
        return read_log(log, folder)


def scan(program: str) -> dict:
    run = subprocess.run([CALLGATE, "scan", program, "--format", "json", *(f"--assume={a}" for a in GIVEN.assume)],
                         capture_output=True, timeout=120, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"callgate scan {program}: exit status {run.returncode}: {run.stderr.decode()}")
    return json.loads(run.stdout)["programs"][0]


def main() -> int:
    if not shutil.which("strace"):
        print("SKIP: strace is not installed")
        return 77
    seen: dict[str, set[str]] = collections.defaultdict(set)
    for line in bulk() if GIVEN.bulk else WORK.strip().splitlines():
        if GIVEN.words and not any(word in line for word in GIVEN.words):
            continue
        with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
            provide(Path(scratch))
            if GIVEN.bulk:
                subprocess.run(["chown", "-R", "65534:65534", scratch], check=True)
            for program, calls in observed(line, Path(scratch)).items():
                seen[program] |= calls
    for server in () if GIVEN.bulk else (servers.nginx, servers.redis):
        if GIVEN.words and server.__name__ not in GIVEN.words:
            continue
        for program, calls in served(server).items():
            seen[program] |= calls
    failed = 0
    for program, calls in sorted(seen.items()):
        answer = scan(program)
        can = {call["name"] for call in answer["calls"]}
        missed = sorted(calls - can)
        if missed:
            failed += 1
            why = [u["kind"] for u in answer["unresolved"]]
            print(f"{program} makes calls that the scan does not have: {' '.join(missed)} ({answer['status']}: {why})")
        if GIVEN.table:
            print(f"{program:40} observed {len(calls):3} scan {len(can):3} {answer['status']}")
    print(f"{len(seen)} programs, {sum(len(c) for c in seen.values())} calls observed, {failed} with false negatives")
    return 1 if failed or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
