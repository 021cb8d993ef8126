#!/usr/bin/env python3
"""Answers of `callgate scan` are the same, byte for byte, with the cache and without, on one thread and on several,
when two runs use the cache at once, and when what is in it has been damaged.

usage: test_scan_cache.py CALLGATE [N]   (N: how many programs of this machine; 0: all)
SPDX-License-Identifier: Apache-2.0
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CALLGATE = Path(sys.argv[1]).resolve()
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 12
MOST_BYTES = 300_000 if COUNT else 3 << 20


def programs() -> list[str]:
    """Some of this machine's, small ones, always the same."""
    out = []
    for path in sorted(Path("/usr/bin").iterdir()):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            continue
        with path.open("rb") as file:
            if file.read(4) == b"\x7fELF":
                out.append(str(path))
    random.Random(7).shuffle(out)
    return out[:COUNT] if COUNT else out


def scan(paths: list[str], *options: str) -> subprocess.Popen:
    return subprocess.Popen([CALLGATE, "scan", *paths, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def answer(run: subprocess.Popen) -> bytes:
    out, _ = run.communicate(timeout=1800)
    if run.returncode not in (0, 1):
        sys.exit(f"{run.args}: exit status {run.returncode}: {out.decode()[-500:]}")
    return out


def main() -> int:
    paths = programs()
    failed = []

    def same(what: str, found: bytes, expected: bytes):
        if found != expected:
            failed.append(what)
            print(f"FAILED: {what}: another answer than without a cache")

    json = ("--format", "json")
    why = ("--why", "openat")
    expected = answer(scan(paths, *json, "--no-cache", "--jobs", "1"))
    expected_why = answer(scan(paths, *why, "--no-cache", "--jobs", "1"))
    if not expected_why or expected.count(b'"path"') < len(paths):
        failed.append("no answers at all")
    with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
        cache = Path(scratch) / "cache"
        kept = ("--cache", str(cache))
        same("several threads", answer(scan(paths, *json, "--no-cache", "--jobs", "3")), expected)
        at_once = [scan(paths, *json, *kept) for _ in range(2)]
        for each in at_once:
            same("two at once, cold", answer(each), expected)
        same("warm", answer(scan(paths, *json, *kept, "--jobs", "1")), expected)
        # Another question: answers are not there, summaries of modules are.
        same("from summaries", answer(scan(paths, *why, *kept)), expected_why)
        entries = [each for each in cache.iterdir() if each.name != "key"]
        if len(entries) < 2 * len(paths):
            failed.append(f"{len(entries)} entries are too few for {len(paths)} programs")
        for number, each in enumerate(sorted(entries)):
            content = bytearray(each.read_bytes())
            if number % 3 == 0:
                content[len(content) // 2] ^= 1
            elif number % 3 == 1:
                del content[len(content) // 2:]
            else:
                each.chmod(0o666)
                continue
            each.write_bytes(content)
        same("damaged", answer(scan(paths, *json, *kept)), expected)
        same("damaged and found anew", answer(scan(paths, *json, *kept)), expected)
        # By default below XDG_CACHE_HOME, or nowhere.
        os.environ["XDG_CACHE_HOME"] = scratch + "/xdg"
        same("in the user's cache", answer(scan(paths[:1], *json)), answer(scan(paths[:1], *json, "--no-cache")))
        if not (Path(scratch) / "xdg/callgate/key").exists():
            failed.append("nothing is kept in XDG_CACHE_HOME")
    for each in failed:
        print("FAILED:", each)
    print(f"{len(paths)} programs, {len(expected)} bytes of answers")
    return 1 if failed or len(paths) < min(COUNT, 5) else 0


if __name__ == "__main__":
    sys.exit(main())
