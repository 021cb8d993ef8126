#!/usr/bin/env python3
"""Runs the golden cases: a folder COMMAND/CASE holds what is typed and what must come of it.

  cmd      bash script; `callgate` is the binary under test, the working directory is a scratch copy of the case's
           other files, with `data` leading to tests/data
  stdout   what it prints; no file: nothing
  stderr   the same
  exit     its exit status; no file: 0

Output is compared byte by byte after NORMALISED. Every failing case is reported, with the difference.

usage: run.py --binary PATH [--update] [COMMAND | COMMAND/CASE]…
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED = ("cmd", "stdout", "stderr", "exit")
TIMEOUT_S = 60

# What differs from run to run or from release to release, and what stands for it; the scratch directory beside.
NORMALISED = [
    (re.compile(r"\bpid:\d+"), "pid:<pid>"),
    (re.compile(r"\bprocess \d+"), "process <pid>"),
    (re.compile(r"\bcallgate \d+\.\d+\.\d+"), "callgate <version>"),
    (re.compile(r'("version": )"[^"]*"'), r'\1"<version>"'),
    (re.compile(r"\b\d+(\.\d+)? (ns|µs|ms|s)\b"), "<time>"),
    (re.compile(r'("(?:read|resolve|compile|prove)": )[0-9.e+-]+'), r"\1<time>"),
]


def normalise(data: bytes, scratch: str) -> str:
    text = data.decode("utf-8", "backslashreplace").replace(scratch, "<scratch>")
    for pattern, replacement in NORMALISED:
        text = pattern.sub(replacement, text)
    return text


def run_case(case: Path, path: str) -> dict[str, str]:
    """What came of it, by the name of the file that holds it."""
    with tempfile.TemporaryDirectory(prefix="callgate-golden.") as scratch:
        for file in case.iterdir():
            if file.name not in EXPECTED:
                shutil.copy(file, scratch)
        os.symlink(HERE.parent / "data", Path(scratch) / "data")
        environment = {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": scratch, "TMPDIR": scratch}
        try:
            done = subprocess.run(["bash", "-c", (case / "cmd").read_text()], cwd=scratch, env=environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return {"stdout": "", "stderr": "", "exit": f"no end within {TIMEOUT_S} seconds\n"}
        return {"stdout": normalise(done.stdout, scratch), "stderr": normalise(done.stderr, scratch),
                "exit": f"{done.returncode}\n"}


def expected(case: Path) -> dict[str, str]:
    without = {"stdout": "", "stderr": "", "exit": "0\n"}
    return {name: (case / name).read_text() if (case / name).exists() else default for name, default in without.items()}


def update(case: Path, got: dict[str, str]):
    for name, text in got.items():
        if text == ("0\n" if name == "exit" else ""):
            (case / name).unlink(missing_ok=True)
        else:
            (case / name).write_text(text)


def report(name: str, want: dict[str, str], got: dict[str, str]):
    print(f"FAILED {name}")
    for part in want:
        if want[part] != got[part]:
            sys.stdout.writelines(difflib.unified_diff(
                want[part].splitlines(True), got[part].splitlines(True), f"{part}, expected", f"{part}, now"))
            print()


def main() -> int:
    parser = argparse.ArgumentParser(description="run the golden cases")
    parser.add_argument("--binary", required=True, type=Path)
    parser.add_argument("--update", action="store_true", help="write what comes now as what is expected")
    parser.add_argument("wanted", nargs="*", help="COMMAND or COMMAND/CASE; all if none is given")
    given = parser.parse_args()
    cases = sorted(file.parent for file in HERE.glob("*/*/cmd"))
    names = {case: case.relative_to(HERE).as_posix() for case in cases}
    if given.wanted:
        cases = [c for c in cases if any(names[c] == w or names[c].startswith(w + "/") for w in given.wanted)]
    if not cases or not os.access(given.binary, os.X_OK):
        print(f"run.py: no such case, or {given.binary} cannot be executed")
        return 2
    failed = 0
    with tempfile.TemporaryDirectory(prefix="callgate-golden.") as bin_folder:
        os.symlink(given.binary.resolve(), Path(bin_folder) / "callgate")
        path = f"{bin_folder}:/usr/sbin:/usr/bin:/sbin:/bin"
        for case in cases:
            got = run_case(case, path)
            if given.update:
                update(case, got)
            elif (want := expected(case)) != got:
                report(names[case], want, got)
                failed += 1
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
