#!/usr/bin/env python3
"""Makes docs/defaults.md: how Docker's default profile changed from version to version, and how it differs from
Podman's, in the words of `callgate diff`.

The versions are read from the collection of public profiles (CALLGATE_CORPUS, else ../shared/corpus beside the checkout).
ORDER is the order of the commits in moby/profiles, of which some share a date.

usage: gen_defaults_history.py --binary CALLGATE [--check]    --check writes nothing; status 1 if the document is out of date
SPDX-License-Identifier: Apache-2.0
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "defaults.md"
ORDER = """2021-01-27-eddb6dc 2021-03-04-dca1578 2021-06-17-5ae4db6 2021-06-17-2597980 2021-07-27-4489e67 2021-07-30-d11f10f
2021-08-03-6991e1d 2023-06-27-9f7f526 2023-06-28-ea2916d 2024-02-06-0d19b83 2024-02-06-371626f 2024-02-06-91990ca
2024-02-06-f88a0d6 2024-02-06-2584525 2024-02-06-53eecb1 2024-02-06-72aa98f 2026-05-01-7158007
2026-05-06-3c28324""".split()
HEAD = """# The defaults, compared

Made by `scripts/gen_defaults_history.py` from `callgate diff`; a test compares. Every difference is exact: over every call
number and every argument, for a container with Docker's 14 capabilities on x86_64 under Linux 6.18.
"""


def diff(binary: str, folder: Path, *words: str) -> str:
    command = [binary, "diff", *words, "--arch", "x86_64", "--native", "x86_64"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def block(text: str) -> str:
    return f"\n```\n{text}```\n"


def document(binary: str, profiles: Path) -> str:
    out = [HEAD, "\n## Docker's and Podman's\n"]
    for title, words in (
        ("Each under its own engine", ["--as", "docker", "--b-as", "podman"]),
        ("Both read by Docker", ["--as", "docker"]),
        ("Both read by Podman", ["--as", "podman"]),
    ):
        out.append(f"\n### {title}\n")
        out.append(block(diff(binary, profiles, "docker-default", "podman-default", *words)))
    out.append("\n## Docker's, version by version\n")
    for before, after in zip(ORDER, ORDER[1:]):
        out.append(f"\n### {before} → {after}\n")
        out.append(block(diff(binary, profiles / "moby", f"default-{before}.json", f"default-{after}.json")))
    return "".join(out)


def main() -> int:
    arguments = sys.argv[1:]
    if "--binary" not in arguments[:-1]:
        print(__doc__.split("usage: ")[1].splitlines()[0], file=sys.stderr)
        return 2
    binary = str(Path(arguments[arguments.index("--binary") + 1]).resolve())
    corpus = Path(os.environ.get("CALLGATE_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not (corpus / "profiles" / "moby").is_dir():
        print(f"Test Skipped: no profiles in {corpus}")
        return 1 if os.environ.get("CI") == "true" else 0
    missing = {path.stem for path in (corpus / "profiles" / "moby").glob("default-*.json")} ^ {f"default-{o}" for o in ORDER}
    if missing:
        print(f"not in ORDER, or not in the collection: {sorted(missing)}", file=sys.stderr)
        return 1
    text = document(binary, corpus / "profiles")
    if "--check" in arguments:
        if DOCUMENT.read_text() == text:
            return 0
        print(f"{DOCUMENT.relative_to(ROOT)} is out of date: run {sys.argv[0]}", file=sys.stderr)
        return 1
    DOCUMENT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
