#!/usr/bin/env python3
"""Puts hundreds of Debian's programs to real work (tests/cases/work), records them, and holds what was seen against
what `callgate scan` says that their code can do: an observed call outside of the scan is an error, and ends in status 1.

One recording (eBPF, so as root) is made of each piece of work, in namespaces of its own: no network but loopback, no
process that outlives it. Each call counts for the programs (images) that made it. Programs are asked about at the sound
level first, and those that are open there once more with what this machine's configuration names (LEVELS): where a
program is closed, all its calls must be in the answer. What is open may make others, and is told. Work must not have
libraries preloaded that make calls: a scan does not see those.

With --strace, strace watches the same runs, inside of the recorder, so that chance does the same to both: each call
that strace saw a program make must be in that program's part of the recording.

--install DIR first installs the packages that the work names, and runs everything there: in a root file system that is
laid over this machine's by overlayfs and kept in DIR. The machine itself stays as it is. Work for programs that are not
installed counts as failed lines, no more.

usage: many_programs.py CALLGATE [--all] [--strace] [--install DIR] [--table FILE] [--jobs N] [--tight] [FILE...]
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import traced
from work import ENVIRONMENT, provide

PARSER = argparse.ArgumentParser(usage=__doc__)
PARSER.add_argument("callgate", type=Path)
PARSER.add_argument("--all", action="store_true", help="all work; else a sample of what scripts/install-deps installs")
PARSER.add_argument("--strace", action="store_true")
PARSER.add_argument("--install", type=Path)
PARSER.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
PARSER.add_argument("--table", type=Path, help="a line for each program, tab-separated")
PARSER.add_argument("--jobs", type=int, default=2)
PARSER.add_argument("--tight", action="store_true", help="with the assumptions that make answers smaller")
PARSER.add_argument("--failed-lines", type=Path, help="the lines of work that ended with another status than 0")
PARSER.add_argument("words", nargs="*", default=[], help="names of files of work")
GIVEN = PARSER.parse_intermixed_args()
CALLGATE = GIVEN.callgate.resolve()
HERE = Path(__file__).resolve()
CASES = HERE.parent.parent / "cases" / "work"
SAMPLE = ("coreutils_text 1", "findutils_diff 1", "util_linux 1", "languages 1")
LIMIT = 240

TIGHT = ["data-chunks", "plain-locks"] if GIVEN.tight else []
# What is assumed; each is asked about what was open in the one before.
LEVELS: dict[str, list[str]] = {
    "sound": [],
    "configured": ["nss-config", "gconv-config", "pam-config", "dlopen-notes", "own-numbers"],
}
NAMESPACES = ["unshare", "--mount", "--ipc", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
PRELUDE = """ip link set lo up
for each in /usr /etc; do mount --bind $each $each && mount -o remount,bind,ro $each; done
trap 'echo "$? $BASH_COMMAND" >> "$FAILED"' ERR
"""


@dataclasses.dataclass
class Piece:
    name: str
    text: str
    packages: list[str]

    @property
    def file(self) -> str:
        return self.name.split()[0]


@dataclasses.dataclass
class Seen:
    """What a piece of work showed."""
    calls: dict[str, set[str]]  # by path
    failed: list[str]           # lines that ended with another status than 0
    faults: list[str]           # of the recorder
    compared: set[str]          # programs that strace watched, too


def pieces() -> list[Piece]:
    out = []
    for file in sorted(CASES.glob("*.sh")):
        head, *parts = re.split(r"^## (?=\d+$)", file.read_text(), flags=re.MULTILINE)
        listed = re.search(r"^# packages: (.*(?:\n#   .*)*)", head, re.MULTILINE)
        packages = listed[1].replace("\n#", " ").split() if listed else []
        for part in parts:
            number, text = part.split("\n", 1)
            out.append(Piece(f"{file.stem} {number}", text, packages))
    if GIVEN.words:
        return [p for p in out if p.file in GIVEN.words]
    return out if GIVEN.all else [p for p in out if p.name in SAMPLE]


def in_overlay(work: list[Piece]) -> int:
    """Runs this script again in a root file system laid over this one, with the packages installed."""
    store = GIVEN.install.resolve()
    for each in ("upper", "work", "root"):
        (store / each).mkdir(parents=True, exist_ok=True)
    (store / "packages").write_text("\n".join(sorted({p for piece in work for p in piece.packages})))
    keep = ["/proc", "/sys", "/dev", "/tmp", "/run", str(HERE.parent.parent.parent), str(CALLGATE.parent)]
    script = f"""set -e
cd {store}
mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/upper,workdir=$PWD/work root
for each in {" ".join(keep)}; do mkdir -p "root$each"; mount --rbind "$each" "root$each"; done
cp packages root/var/cache/callgate-packages
exec chroot root bash -c '
  printf "#!/bin/sh\\nexit 101\\n" > /usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
  export DEBIAN_FRONTEND=noninteractive
  missing=$(for p in $(cat /var/cache/callgate-packages); do dpkg-query -W -f "\\${{db:Status-Status}}" $p 2> /dev/null | grep -qx installed || echo $p; done)
  if [ -n "$missing" ]; then
    [ -n "$(ls /var/lib/apt/lists | grep Packages)" ] || apt-get -q update
    apt-get -q install -y --no-remove --no-install-recommends $missing < /dev/null || exit 4
  fi
  cd / && exec "$@"' bash "$@"
"""
    own = [str(CALLGATE) if word == str(GIVEN.callgate) else word for word in sys.argv[1:]
           if word != "--install" and word != str(GIVEN.install)]
    return subprocess.run(["unshare", "--mount", "--propagation", "private", "bash", "-c", script, "bash", sys.executable, str(HERE),
                           *own, "--inside"], check=False).returncode


def run_file(work: list[Piece]) -> list[Seen]:
    """One after the other in one folder: later work uses what earlier work has made."""
    with tempfile.TemporaryDirectory(prefix="callgate-many.") as scratch:
        os.chmod(scratch, 0o755)
        folder = Path(scratch) / "work"
        folder.mkdir(mode=0o755)
        provide(folder)
        return [run(piece, folder) for piece in work]


def run(piece: Piece, folder: Path) -> Seen:
    with tempfile.TemporaryDirectory(prefix="callgate-many.") as scratch:
        out, begin = Path(scratch), time.monotonic()
        recording, log, failed = out / "run.jsonl", out / "strace.log", out / "failed"
        tracer = ["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log)] if GIVEN.strace else []
        words = [str(CALLGATE), "record", "--method", "ebpf", "-o", str(recording), "--", *tracer, *NAMESPACES, "bash", "-c",
                 PRELUDE + piece.text + "exit 0", piece.name]
        with open(out / "errors", "wb") as errors:
            done = subprocess.run(["timeout", "-k", "10", "-s", "INT", str(LIMIT), *words], cwd=folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=errors, check=False,
                                  env={**ENVIRONMENT, "HOME": str(folder), "FAILED": str(failed)})
        faults = [f"ended with status {done.returncode}"] if done.returncode else []
        if not recording.exists():
            said = (out / "errors").read_text(errors="replace")
            return Seen({}, [], [*faults, f"no recording: {said[-500:]}"], set())
        calls, scripts, more = read_recording(recording, folder)
        compared: set[str] = set()
        if GIVEN.strace:
            lost, compared = compare(traced.read(log.read_text(errors="replace")), calls, scripts, folder)
            more += lost
        lines = failed.read_text(errors="replace").splitlines() if failed.exists() else []
        if GIVEN.all:
            print(f"{piece.name}: {len(calls)} programs, {time.monotonic() - begin:.0f} s", flush=True)
        return Seen(calls, lines, faults + more, compared)


def real(path: str, folder: Path) -> str:
    return os.path.realpath(os.path.join(folder, path))


def read_recording(file: Path, folder: Path) -> tuple[dict[str, set[str]], dict[str, str], list[str]]:
    """Calls by program; interpreters by script; faults."""
    lines = [json.loads(line) for line in file.read_text(errors="replace").splitlines()]
    images = {line["image"]: real(line["path"], folder) for line in lines if line["record"] == "image"}
    scripts = {real(line["script"], folder): images[line["image"]] for line in lines if line["record"] == "image" and "script" in line}
    calls: dict[str, set[str]] = collections.defaultdict(set)
    for line in lines:
        # The page of vsyscalls is no system call; calls of 32-bit programs are another program's.
        if line["record"] == "call" and line["arch"] == "x86_64" and not line.get("vsyscall"):
            for image in line["images"]:
                if image in images:
                    calls[images[image]].add(line["name"])
    end = next((line for line in lines if line["record"] == "end"), {"complete": False})
    faults = [] if end["complete"] else [f"the recording is not complete: {end.get('losses')}"]
    if end.get("overflow", {}).get("images"):
        faults.append("more programs than a recording tells apart: split the work")
    return calls, scripts, faults


def compare(by_strace: traced.Traced, calls: dict[str, set[str]], scripts: dict[str, str], folder: Path) -> tuple[list[str], set[str]]:
    faults, compared = [], set()
    everything = set().union(*calls.values())
    if lost := by_strace.all - everything:
        faults.append(f"not recorded: {' '.join(sorted(lost))}")
    for path, seen in by_strace.by_image.items():
        program = real(path, folder)
        program = scripts.get(program, program)
        if program not in calls:
            continue  # named by a path of another root or by /proc
        compared.add(program)
        if lost := seen - calls[program]:
            faults.append(f"not recorded of {program}: {' '.join(sorted(lost))}")
    return faults, compared


def is_program(path: str) -> bool:
    """An x86-64 program; not the loader, which is told what to run."""
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError:
        return False
    return head[:5] == b"\x7fELF\x02" and head[18:20] == b"\x3e\x00" and not os.path.basename(path).startswith("ld-linux")


def owners() -> dict[str, str]:
    """path → package."""
    out = {}
    for file in Path("/var/lib/dpkg/info").glob("*.list"):
        package = file.stem.split(":")[0]
        for path in file.read_text(errors="replace").splitlines():
            out[path] = package
            if path.startswith(("/bin/", "/sbin/", "/lib")):
                out[f"/usr{path}"] = package
    return out


def scan(programs: list[str], assume: list[str]) -> dict[str, dict]:
    out = {}
    for begin in range(0, len(programs), 100):
        done = subprocess.run([CALLGATE, "scan", "--format", "json", "--jobs", str(GIVEN.jobs), *(f"--assume={a}" for a in assume),
                               *programs[begin:begin + 100]], capture_output=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"callgate scan: status {done.returncode}: {done.stderr.decode()[-2000:]}")
        for answer in json.loads(done.stdout)["programs"]:
            out[answer["path"]] = answer
    return out


@dataclasses.dataclass
class Verdict:
    level: str
    closed: bool
    size: int
    missed: list[str]
    unresolved: list[str]


def judge(seen: dict[str, set[str]]) -> dict[str, Verdict]:
    out: dict[str, Verdict] = {}
    left = sorted(seen)
    for level, assume in LEVELS.items():
        answers = scan(left, assume + TIGHT)
        for program in left:
            answer = answers[program]
            can = {call["name"] for call in answer["calls"]}
            out[program] = Verdict(level, answer["status"] == "closed", len(can), sorted(seen[program] - can),
                                   sorted({u["kind"] for u in answer["unresolved"]}))
        left = [program for program in left if not out[program].closed]
    return out


def tell(seen: dict[str, set[str]], verdicts: dict[str, Verdict], packages: dict[str, str]) -> int:
    if GIVEN.table:
        with open(GIVEN.table, "w") as table:
            print("program", "package", "observed", "scan", "level", "status", "missed", sep="\t", file=table)
            for program, v in sorted(verdicts.items()):
                print(program, packages.get(program, ""), len(seen[program]), v.size, v.level,
                      "closed" if v.closed else "open: " + " ".join(v.unresolved), " ".join(v.missed), sep="\t", file=table)
    bad = 0
    for program, v in sorted(verdicts.items()):
        if v.missed and v.closed:
            bad += 1
            print(f"{program} makes calls that the scan does not have, though it is closed ({v.level}): {' '.join(v.missed)}")
        elif v.missed:
            print(f"{program} is open ({' '.join(v.unresolved)}), and makes calls beside those found: {' '.join(v.missed)}")
    for level in LEVELS:
        closed = [v for v in verdicts.values() if v.closed and v.level == level]
        print(f"closed at '{level}': {len(closed)} programs, {sum(v.size for v in closed)} calls in their scans")
    print(f"open: {sum(not v.closed for v in verdicts.values())} programs")
    return bad


def main() -> int:
    missing = [tool for tool in ("unshare", "ip", *(["strace"] if GIVEN.strace else [])) if not shutil.which(tool)]
    if missing or os.geteuid() != 0:
        print(f"SKIP: needs root and {' '.join(missing)}")
        return 77
    work = pieces()
    if GIVEN.install and not GIVEN.inside:
        return in_overlay(work)
    seen: dict[str, set[str]] = collections.defaultdict(set)
    failed, faults, compared = [], 0, set()
    files = [[p for p in work if p.file == file] for file in dict.fromkeys(p.file for p in work)]
    with concurrent.futures.ThreadPoolExecutor(GIVEN.jobs) as pool:
        results = [one for of_file in pool.map(run_file, files) for one in of_file]
        for piece, one in zip([p for of_file in files for p in of_file], results):
            for program, calls in one.calls.items():
                if is_program(program):
                    seen[program] |= calls
            failed += [f"{piece.name}: {line}" for line in one.failed]
            compared |= {program for program in one.compared if is_program(program)}
            for fault in one.faults:
                faults += 1
                print(f"{piece.name}: {fault}", flush=True)
    packages = owners()
    debian = {program for program in seen if program in packages}
    verdicts = judge({program: seen[program] for program in debian})
    bad = tell(seen, verdicts, packages)
    if GIVEN.failed_lines:
        GIVEN.failed_lines.write_text("\n".join(failed) + "\n")
    print(f"{len(debian)} programs of {len({packages[p] for p in debian})} packages in {len(work)} pieces of work, {len(failed)} lines with "
          f"another status than 0; {sum(len(seen[p]) for p in debian)} calls observed; {bad} programs with calls outside of the scan")
    if GIVEN.strace:
        print(f"{len(compared & debian)} programs were watched by strace, too; {faults} differences")
    return 1 if bad or faults or not debian else 0


if __name__ == "__main__":
    sys.exit(main())
