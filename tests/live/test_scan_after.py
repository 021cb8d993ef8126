#!/usr/bin/env python3
"""Holds what recorded programs do once they listen against what `callgate scan --after listen` says that they can.

Every call that a recording has of serving or shutdown, made by the program itself, must be in the scan of the rest of its
life; and what the scan leaves out of its whole life must have been seen, if at all, only at the start.

usage: test_scan_after.py CALLGATE CC
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import servers
from work import provide

CALLGATE, CC = Path(sys.argv[1]).resolve(), sys.argv[2]
ASSUMED = ["nss-config"]
PROGRAM = r"""
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((constructor)) static void begin(void) { syscall(SYS_getpgrp); }
__attribute__((noinline)) static void before(void) { syscall(SYS_sync); }
static void handler(int s) { syscall(SYS_getppid); }
static void* thread(void* p) { syscall(SYS_setfsuid, -1); return p; }
static void at_end(void) { syscall(SYS_setfsgid, -1); }
int main(void) {
  pthread_t t;
  before();
  signal(SIGUSR1, handler);
  atexit(at_end);
  listen(socket(AF_UNIX, SOCK_STREAM, 0), 1);
  pthread_create(&t, 0, thread, 0);
  raise(SIGUSR1);
  pthread_join(t, 0);
  return 0;
}
"""
GONE = {"getpgrp", "sync"}
STAYS = {"getppid", "setfsuid", "setfsgid"}


def scan(program: str, *options: str) -> tuple[set[str], dict]:
    run = subprocess.run([CALLGATE, "scan", program, "--format", "json", *(f"--assume={a}" for a in ASSUMED), *options],
                         capture_output=True, timeout=120, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"callgate scan {program}: exit status {run.returncode}: {run.stderr.decode()}")
    answer = json.loads(run.stdout)["programs"][0]
    return {call["name"] for call in answer["calls"]}, answer


def later_calls(recording: Path, program: str) -> set[str]:
    """What this program did when it served and afterwards."""
    images: set[int] = set()
    calls: set[str] = set()
    for line in recording.read_text().splitlines():
        row = json.loads(line)
        if row["record"] == "image" and os.path.realpath(row["path"]) == os.path.realpath(program):
            images.add(row["image"])
        if row["record"] == "call" and images & set(row["images"]) and not row.get("vsyscall"):
            if set(row["phases"]) - {"start"}:
                calls.add(row["name"])
    return calls


def served(server, folder: Path) -> Path:
    one = server(folder)
    out = folder / "runs.jsonl"
    recorder = subprocess.Popen([CALLGATE, "record", "-o", out, "--", *one.words], cwd=folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        servers.wait_until(server.__name__, lambda: one.load() is None)
        first = servers.first_below(recorder.pid, ("callgate",))
        one.use(first)
        os.kill(first, one.stop)
        recorder.wait(timeout=60)
    finally:
        if recorder.poll() is None:
            recorder.terminate()
            recorder.wait(timeout=60)
    return out


def compare(name: str, program: str, recording: Path, least: int) -> list[str]:
    did = later_calls(recording, program)
    life, _ = scan(program)
    problems = [] if len(did) >= least else [f"only {len(did)} calls were seen after listen: {sorted(did)}"]
    sizes = []
    for options in ([], ["--assume=direct-point"], ["--assume=direct-point", "--assume=data-chunks"]):
        can, answer = scan(program, "--after", "listen", *options)
        sizes.append(len(can))
        if did - can:
            problems.append(f"{options}: makes calls that the scan does not have: {sorted(did - can)}")
        if can - life:
            problems.append(f"{options}: more than in its whole life: {sorted(can - life)}")
        if answer["after"]["point"] != "listen" or answer["after"]["whole_life"]:
            problems.append(f"{options}: {answer['after']}")
    main, _ = scan(program, "--after", "main")
    if did - main or main - life:
        problems.append(f"after main: {sorted(did - main)}, {sorted(main - life)}")
    print(f"{name}: {len(did)} calls seen after listen; scanned {len(life)}, after main {len(main)}, after listen "
          f"{sizes}: {'; '.join(problems) or 'all there'}")
    return problems


def main() -> int:
    failed = False
    for server in (servers.nginx, servers.redis):
        with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
            folder = Path(scratch)
            folder.chmod(0o755)
            provide(folder)
            program = shutil.which(server(folder).words[0])
            failed |= bool(compare(server.__name__, program, served(server, folder), 15))
    for options in ([], ["-static"], ["-static-pie"], ["-static", "-s"]):
        with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
            folder = Path(scratch)
            (folder / "s.c").write_text(PROGRAM)
            program = str(folder / "program")
            subprocess.run([CC, "-O1", "-w", "-pthread", "-o", program, folder / "s.c", *options], check=True,
                           stderr=subprocess.DEVNULL)
            subprocess.run([CALLGATE, "record", "-o", folder / "runs.jsonl", "--", program], check=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
            failed |= bool(compare(f"a program ({' '.join(options)})", program, folder / "runs.jsonl", 3))
            did = later_calls(folder / "runs.jsonl", program)
            can, _ = scan(program, "--after", "listen")
            if not STAYS <= did or GONE & can:
                print(f"  seen {sorted(STAYS & did)}, still scanned {sorted(GONE & can)}")
                failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
