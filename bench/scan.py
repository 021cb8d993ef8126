#!/usr/bin/env python3
"""How many calls `callgate scan` finds, and how long that takes.

The programs are those of scan_programs.csv that this machine has: 309 programs of Debian 12, with the number of calls that
callander finds (https://github.com/rpetrich/callander, its own fixtures; it counts from main on, ours count the program's
whole life, the loader's start included). Times are medians over the rounds, of a whole process each.

usage: scan.py CALLGATE [--rounds N] [--rows FILE]
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

TIMED = ["/usr/bin/true", "/usr/bin/ls", "/usr/bin/bash", "/usr/bin/git", "/usr/sbin/nginx", "/usr/bin/redis-server"]
LEVELS = {"sound": [], "data-chunks": ["--assume", "data-chunks"]}


def find(name: str) -> str | None:
    for folder in ("/usr/bin", "/usr/sbin"):
        path = Path(folder) / name
        if path.is_file() and path.open("rb").read(4) == b"\x7fELF":
            return str(path)
    return None


def scan(callgate: str, options: list[str], programs: list[str]) -> list[dict]:
    run = subprocess.run([callgate, "scan", "--format", "json", *options, *programs], capture_output=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr.decode())
    return json.loads(run.stdout)["programs"]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("callgate")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=Path)
    given = parser.parse_args()
    peers = {row["program"]: int(row["callander"])
             for row in csv.DictReader((Path(__file__).parent / "scan_programs.csv").open())}
    there = {path: name for name in peers if (path := find(name))}
    rows = []
    for level, options in LEVELS.items():
        begin = time.monotonic()
        answers = scan(given.callgate, options, list(there))
        took = time.monotonic() - begin
        counts = [len(answer["calls"]) for answer in answers]
        rows += [(level, there[answer["path"]], len(answer["calls"])) for answer in answers]
        print(f"{len(there)} programs, {level}: mean {statistics.mean(counts):.1f}, median {statistics.median(counts)}, "
              f"{1000 * took / len(there):.0f} ms a program in one process; "
              f"callander {statistics.mean(peers[n] for n in there.values()):.1f}")
    for path in filter(lambda p: Path(p).exists(), TIMED):
        for level, options in LEVELS.items():
            times = []
            for _ in range(given.rounds):
                begin = time.monotonic()
                count = len(scan(given.callgate, options, [path])[0]["calls"])
                times.append(1000 * (time.monotonic() - begin))
            print(f"{path:24} {level:12} {count:4} calls {statistics.median(times):6.1f} ms "
                  f"({min(times):.1f} at best)")
    if given.rows:
        with given.rows.open("w", newline="") as out:
            csv.writer(out).writerows([("level", "program", "calls"), *rows])


if __name__ == "__main__":
    main()
