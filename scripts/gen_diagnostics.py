#!/usr/bin/env python3
"""Makes docs/diagnostics.md from src/*/diagnostic_ids.h, and checks the ids.

Each id is one definition `inline constexpr base::DiagnosticId kName{1004, base::Severity::warning, "title"};` with a
`//` comment directly above that explains it to a user. Numbers are unique, lie in the range of their folder, and each
occurs in some test, as CGnnnn or by its constant's name.

usage: gen_diagnostics.py [--check] [ROOT]      --check writes nothing; exit status 1 if the document is out of date
SPDX-License-Identifier: Apache-2.0
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

DEFINITION = re.compile(
    r"(?P<comment>(?:^[ \t]*//[^\n]*\n)*)"
    r"^[ \t]*inline\s+constexpr\s+(?:base::)?DiagnosticId\s+(?P<name>k\w+)\s*\{\s*(?P<number>\d+)\s*,"
    r'\s*(?:base::)?Severity::(?P<severity>\w+)\s*,\s*(?P<title>"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*)\s*\}\s*;',
    re.MULTILINE,
)

# First number, last number, folders that may define them, heading.
RANGES = [
    (100, 199, ("text",), "JSON"),
    (200, 299, ("text",), "YAML"),
    (300, 399, ("text",), "TOML"),
    (1000, 1099, ("format",), "Profiles"),
    (1100, 1199, ("format",), "What an engine does without a word"),
    (1200, 1299, ("convert",), "Other tools' formats"),
    (1300, 1399, ("convert",), "Conversion: what the target cannot say"),
    (2000, 2099, ("bpf",), "Filter files and assembly"),
    (3000, 3099, ("compile",), "Compiling"),
    (4000, 4099, ("prove",), "Proving"),
    (5000, 5099, ("sandbox",), "Running"),
    (5100, 5199, ("preflight",), "Preflight"),
    (5200, 5299, ("recording", "record"), "Recordings"),
    (5300, 5399, ("phases",), "Phases of a run"),
    (5400, 5499, ("closure",), "Closures"),
    (5500, 5599, ("harden",), "Hardening"),
    (6000, 6099, ("cli",), "Command line"),
    (7000, 7099, ("lint",), "Linting"),
    (7100, 7199, ("expect",), "Profile tests"),
    (8000, 8099, ("container",), "Containers"),
    (8100, 8199, ("compose",), "Compose projects"),
    (8200, 8299, ("kube",), "Kubernetes objects"),
    (8300, 8399, ("resolve",), "What is in force"),
    (8400, 8499, ("oci",), "OCI bundles and hooks"),
]


@dataclass(frozen=True)
class Id:
    number: int
    severity: str
    title: str
    name: str
    folder: str
    text: str

    @property
    def code(self) -> str:
        return f"CG{self.number:04d}"


def read_ids(root: Path) -> tuple[list[Id], list[str]]:
    ids, problems = [], []
    for path in sorted((root / "src").glob("*/diagnostic_ids.h")):
        source = path.read_text()
        where = path.relative_to(root)
        found = list(DEFINITION.finditer(source))
        if len(found) != source.count("DiagnosticId k"):
            problems.append(f"{where}: a definition has a form that {Path(__file__).name} does not read")
        for match in found:
            comment = " ".join(line.strip().lstrip("/").strip() for line in match["comment"].splitlines())
            title = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match["title"])).replace('\\"', '"').replace("\\\\", "\\")
            if not comment:
                problems.append(f"{where}: {match['name']} has no comment above it")
            ids.append(Id(int(match["number"]), match["severity"], title, match["name"], path.parent.name, comment))
    return sorted(ids, key=lambda i: (i.number, i.folder)), problems


def range_of(number: int):
    return next((r for r in RANGES if r[0] <= number <= r[1]), None)


def check_ids(ids: list[Id]) -> list[str]:
    problems = []
    seen: dict[int, Id] = {}
    for i in ids:
        if i.number in seen:
            problems.append(f"{i.code} is both {seen[i.number].folder}::{seen[i.number].name} and {i.folder}::{i.name}")
        seen[i.number] = i
        r = range_of(i.number)
        if r is None or i.folder not in r[2]:
            problems.append(f"{i.code} ({i.folder}::{i.name}) lies outside the range of src/{i.folder}")
    return problems


def check_tests(root: Path, ids: list[Id]) -> list[str]:
    words: set[str] = set()
    for path in (root / "tests").rglob("*"):
        if path.is_file() and "fuzz/corpus" not in path.as_posix() and path.stat().st_size < 4 << 20:
            words.update(re.findall(rb"\bCG\d{4}\b|\bk[A-Z]\w+", path.read_bytes()))
    known = {word.decode() for word in words}
    return [f"{i.code} ({i.folder}::{i.name}) occurs in no test" for i in ids if not {i.code, i.name} & known]


def render(ids: list[Id]) -> str:
    out = [
        "# Diagnostics",
        "",
        "Every finding about a file carries one of these numbers. Errors end a command with status 3; warnings do not,",
        "unless `--strict` turns them into errors.",
        "",
        "This page is made by `scripts/gen_diagnostics.py` from `src/*/diagnostic_ids.h`; a test compares the two.",
    ]
    for first, last, _, heading in RANGES:
        rows = [i for i in ids if first <= i.number <= last]
        if not rows:
            continue
        out += ["", f"## {heading}", "", "| | | |", "| --- | --- | --- |"]
        for i in rows:
            text = i.text.replace("|", "\\|")
            out.append(f"| **{i.code}** {i.severity} | {i.title.replace('|', chr(92) + '|')} | {text} |")
    return "\n".join(out) + "\n"


def main() -> int:
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    checking = len(arguments) + 1 != len(sys.argv)
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    ids, problems = read_ids(root)
    problems += check_ids(ids)
    document = root / "docs" / "diagnostics.md"
    if checking:
        problems += check_tests(root, ids)
        if not document.exists() or document.read_text() != render(ids):
            problems.append("docs/diagnostics.md is out of date; run scripts/gen_diagnostics.py")
    else:
        document.write_text(render(ids))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
