#!/usr/bin/env python3
"""The documents that callgate writes of itself are well formed: manual pages for groff and mandoc, completions for their
shells. A tool that is not installed is named and passed over; one of each kind must be there.

usage: test_documents.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CALLGATE = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)

# Each reads FILE and must say nothing and succeed.
PAGE_CHECKS = (
    ["groff", "-man", "-Tutf8", "-ww", "-z", "-rLL=80n", "-Kutf8"],
    ["mandoc", "-T", "lint", "-W", "warning"],
)
# Pages carry no date, so that a build comes out the same on every day.
EXPECTED_COMPLAINT = 'WARNING: missing date, using "": TH'
SCRIPT_CHECKS = {"bash": ["bash", "-n"], "zsh": ["zsh", "-n"], "fish": ["fish", "--no-execute"]}
SECTIONS = ("NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS", "SEE ALSO")


def callgate(*words: str) -> str:
    return subprocess.run([CALLGATE, *words], capture_output=True, text=True, check=True).stdout


def commands() -> list[str]:
    listed = callgate("help").partition("commands:\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in listed.splitlines()]


def complaints(check: list[str], file: Path) -> list[str]:
    done = subprocess.run([*check, str(file)], capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip().splitlines()
    unexpected = [line for line in said if not line.endswith(EXPECTED_COMPLAINT)]
    failed = done.returncode != 0 and not said
    return [f"{' '.join(check)} {file.name}: status {done.returncode}", *unexpected] if unexpected or failed else []


def check_pages(folder: Path) -> list[str]:
    problems = []
    checks = [check for check in PAGE_CHECKS if shutil.which(check[0])]
    print("manual pages by", ", ".join(check[0] for check in checks) or "nothing")
    for name in ["callgate", *(f"callgate-{command}" for command in commands())]:
        page = callgate("help", "--man", name)
        file = folder / f"{name}.1"
        file.write_text(page)
        for check in checks:
            problems += complaints(check, file)
        headings = re.findall(r'^\.SH "?([A-Z ]+?)"?$', page, re.MULTILINE)
        if name != "callgate":
            problems += [f"{name}: no section {s}" for s in SECTIONS if s not in headings]
    return problems if checks else [*problems, "neither groff nor mandoc is installed"]


# What bash offers for a command line whose last word is being typed.
BASH_ASKS = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_callgate
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(script: Path, *words: str) -> list[str]:
    done = subprocess.run(["bash", "-c", BASH_ASKS, "bash", str(script), *words], capture_output=True, text=True,
                          check=True)
    return done.stdout.split()


def check_scripts(folder: Path) -> list[str]:
    problems = []
    for shell, check in SCRIPT_CHECKS.items():
        file = folder / f"callgate.{shell}"
        file.write_text(callgate("completion", shell))
        if shutil.which(shell):
            print(f"{shell} completion by {shell}")
            problems += complaints(check, file)
        else:
            print(f"{shell} is not installed: its completion is not checked")
    script = folder / "callgate.bash"
    for words, wanted in ((("callgate", "ev"), ["eval"]), (("callgate", "compile", "--emit", "d"), ["dot"]),
                          (("callgate", "run", "--tr"), ["--trace"])):
        if offered(script, *words) != wanted:
            problems.append(f"bash offers {offered(script, *words)} for {' '.join(words)}, not {wanted}")
    if offered(script, "callgate", "") != commands():
        problems.append(f"bash offers {offered(script, 'callgate', '')} as commands")
    return problems


def check_json() -> list[str]:
    """Every command's JSON, findings among it, says which schema it follows."""
    lines = (("compile", "docker-default", "--stats"), ("compile", "docker-default"), ("version",),
             ("compile", "docker-default", "--emit", "json"), ("disasm", "/dev/null"), ("help",), ("help", "run"),
             ("help", "--man", "callgate-run"), ("completion", "bash"), ("explain", "docker-default"),
             ("explain", "docker-default", "clone"), ("eval", "docker-default", "clone"),
             ("eval", "docker-default", "--batch", "/dev/null"), ("prove", "docker-default", "unconfined"),
             ("run", "-p", "/dev/null", "true"), ("frobnicate",))
    problems = []
    for line in lines:
        words = [line[0], "--format", "json", *line[1:]]
        done = subprocess.run([CALLGATE, *words], capture_output=True, text=True, check=False)
        try:
            printed = json.loads(done.stdout or done.stderr)
        except json.JSONDecodeError:
            printed = None
        if not isinstance(printed, dict) or printed.get("schema_version") != 1:
            problems.append(f"callgate {' '.join(words)} prints no JSON object with schema_version 1")
    return problems


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="callgate-golden.") as folder:
        problems = check_pages(Path(folder)) + check_scripts(Path(folder)) + check_json()
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
