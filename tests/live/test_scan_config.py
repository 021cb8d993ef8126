#!/usr/bin/env python3
"""Holds what programs open while they run against what `callgate scan` takes from this machine's configuration.

Name services, converters of character sets and PAM's modules are opened by names that stand in files. With the
assumptions that name those files the programs are closed; then every library that one opens, and every call that it
makes, must be in its scan.

usage: test_scan_config.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import test_scan
from work import ENVIRONMENT, provide, shell_words

ASSUMED = ["nss-config", "gconv-config", "pam-config", "own-numbers"]
# Beside the program its evidence that it opened what the configuration names.
WORK = {"getent passwd root nobody daemon": ("/usr/bin/getent", ""),
        "getent hosts localhost": ("/usr/bin/getent", ""),
        "ls -l /etc /": ("/usr/bin/ls", ""),
        "iconv -f ISO-8859-7 -t IBM037 a.txt": ("/usr/bin/iconv", "ISO8859-7.so"),
        "iconv -f EUC-JP -t UTF-16 a.txt": ("/usr/bin/iconv", "EUC-JP.so"),
        "su -s /bin/sh nobody -c true": ("/usr/bin/su", "pam_unix.so"),
        "passwd -S root": ("/usr/bin/passwd", "")}


def opened(line: str, folder: Path) -> set[str]:
    log = folder / "opened.log"
    subprocess.run(["strace", "-f", "-qq", "-e", "trace=openat", "-e", "signal=none", "-o", str(log), *shell_words(line)], cwd=folder,
                   env={**ENVIRONMENT, "HOME": str(folder)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120, check=False)
    paths = re.findall(r'openat\(AT_FDCWD, "([^"]*\.so[.0-9]*)", [^)]*\) += [0-9]', log.read_text(errors="replace"))
    return {os.path.realpath(path) for path in paths}


def main() -> int:
    if not shutil.which("strace"):
        print("SKIP: strace is not installed")
        return 77
    failed = 0
    for line, (program, wanted) in WORK.items():
        test_scan.GIVEN.assume = ASSUMED
        answer = test_scan.scan(program)
        libraries = {os.path.realpath(path) for path in answer["libraries"]}
        can = {call["name"] for call in answer["calls"]}
        with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
            folder = Path(scratch)
            provide(folder)
            did = test_scan.observed(line, folder).get(os.path.realpath(program), set())
            files = opened(line, folder)
        problems = []
        if answer["status"] != "closed":
            problems.append(f"open: {answer['unresolved']}")
        if len(did) < 15:
            problems.append(f"only {len(did)} calls were seen")
        if not any(file.endswith(wanted) for file in files):
            problems.append(f"it opened no {wanted}")
        if did - can:
            problems.append(f"makes calls that the scan does not have: {sorted(did - can)}")
        if files - libraries:
            problems.append(f"opens libraries that the scan does not have: {sorted(files - libraries)}")
        # Without the assumptions nothing is closed; with each, what only it brings says so.
        test_scan.GIVEN.assume = []
        if test_scan.scan(program)["status"] != "open":
            problems.append("closed although nothing is assumed")
        evidence = {call["evidence"] for call in answer["calls"]} - {"proved"}
        if not evidence or not evidence <= {f"assumed: {a}" for a in ASSUMED}:
            problems.append(f"evidence: {evidence}")
        failed += bool(problems)
        print(f"{line}: {len(did)} calls and {len(files)} libraries seen, {len(can)} and {len(libraries)} scanned: "
              f"{'; '.join(problems) or 'all there'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
