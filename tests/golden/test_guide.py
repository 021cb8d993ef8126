#!/usr/bin/env python3
"""Runs what the documents show: every `$ ` line of a block fenced as ```console, in order, and compares what it prints
with what the document says. A line `…` stands for any number of lines; a last line `[status N]` for an exit status other
than 0. --update writes what came out (blocks with `…` are left alone).

The scratch directory is that of the manual pages' examples, with `data` leading to tests/data and `profiles` to profiles/.

usage: test_guide.py CALLGATE [--update]
SPDX-License-Identifier: Apache-2.0
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(line: str, folder: Path) -> str:
    environment = {"PATH": f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    text = done.stdout.decode(errors="replace")
    return text if done.returncode == 0 else f"{text}[status {done.returncode}]\n"


def matches(expected: str, printed: str) -> bool:
    pattern = "".join("(?:.*\n)*?" if line == "…\n" else re.escape(line) for line in expected.splitlines(keepends=True))
    return re.fullmatch(pattern, printed) is not None


def replay(block: str, folder: Path) -> tuple[str, list[str]]:
    """The block as it came out, and the lines whose output is not as written."""
    out, wrong = "", []
    for step in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
        if not step.startswith("$ "):
            if step.strip():
                wrong.append(f"text before the first command: {step}")
            continue
        line, _, expected = step.partition("\n")
        printed = run(line[2:], folder)
        if not matches(expected, printed):
            wrong.append(f"{line}\n--- the document\n{expected}--- callgate\n{printed}")
        out += f"{line}\n{printed}"
    return out, wrong


def main() -> int:
    arguments = sys.argv[1:]
    update = "--update" in arguments
    arguments = [a for a in arguments if a != "--update"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    binary = Path(arguments[0]).resolve()
    sys.argv = ["test_examples.py", str(binary)]
    sys.path.insert(0, str(HERE))
    from test_examples import provide  # reads its argument when it is loaded

    failed, blocks = [], 0
    with tempfile.TemporaryDirectory(prefix="callgate-guide.") as scratch:
        folder = Path(scratch)
        (folder / "bin").mkdir()
        os.symlink(binary, folder / "bin" / "callgate")
        os.symlink(ROOT / "tests" / "data", folder / "data")
        os.symlink(ROOT / "profiles", folder / "profiles")
        provide(folder)
        for document in DOCUMENTS:
            text = document.read_text()
            for block in BLOCK.findall(text):
                blocks += 1
                came_out, wrong = replay(block, folder)
                if update and "\n…\n" not in block:
                    text = text.replace(f"```console\n{block}```", f"```console\n{came_out}```")
                else:
                    failed += [f"{document.relative_to(ROOT)}: {each}" for each in wrong]
            if update and text != document.read_text():
                document.write_text(text)
    print("\n".join(failed) or f"{blocks} blocks are as callgate prints them")
    return 1 if failed or blocks == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
