#!/usr/bin/env python3
"""Holds the folders of src/ to cmake/layers.txt.

A row `folder: a b c` says that files in src/folder may include from a, b, c and their own folder, and that the rows of
a, b and c stand above it (so the folders form no cycle). Files in include/callgate/ are the public interface, which
src/api implements: they include each other and the standard library, nothing else; only src/api and folders whose row
names it may include them.

Macros that tell the host's architecture (__x86_64__, __aarch64__ …) stand in src/tracee/host, which knows its registers,
and in src/arch/arch.cpp, which says which architecture is native; nowhere else in src/ and include/.

usage: check-layers.py [ROOT]        exit status 1 and one line for each violation
SPDX-License-Identifier: Apache-2.0
"""

import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<how>["<])(?P<what>[^">]+)[">]')
HOST = re.compile(r"\b__(x86_64|i386|aarch64|arm|riscv|mips|powerpc64|powerpc|s390x|s390|loongarch|hppa)(__)?\b")
SOURCES = (".h", ".cpp", ".inc", ".c")
HOST_PLACES = ("src/tracee/host/", "src/arch/arch.cpp")
PUBLIC = "callgate"
PUBLIC_FOLDER = "api"


def read_layers(path: Path) -> tuple[dict[str, list[str]], list[str]]:
    layers: dict[str, list[str]] = {}
    problems = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        folder, _, uses = line.partition(":")
        folder = folder.strip()
        if folder in layers:
            problems.append(f"{path.name}:{number}: '{folder}' has two rows")
        for used in uses.split():
            if used not in layers:
                problems.append(f"{path.name}:{number}: '{folder}' names '{used}', which has no row above")
        layers[folder] = uses.split()
    return layers, problems


def includes(path: Path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found["how"] == '"', found["what"]


def check_source(root: Path, layers: dict[str, list[str]]) -> list[str]:
    problems = []
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in SOURCES or not path.is_file():
            continue
        folder = path.relative_to(root / "src").parts[0]
        where = path.relative_to(root)
        if folder not in layers:
            problems.append(f"{where}: src/{folder} has no row in cmake/layers.txt")
            continue
        allowed = {folder, *layers[folder]}
        if PUBLIC_FOLDER in allowed:
            allowed.add(PUBLIC)
        for number, quoted, what in includes(path):
            first, slash, _ = what.partition("/")
            if quoted and not slash:
                problems.append(f'{where}:{number}: "{what}" names no folder; write "{folder}/{what}"')
            elif (quoted or first == PUBLIC) and first not in allowed:
                problems.append(f'{where}:{number}: {folder} may not include "{what}"')
    return problems


def check_public(root: Path) -> list[str]:
    problems = []
    for path in sorted((root / "include").rglob("*.h")):
        for number, quoted, what in includes(path):
            if quoted and not what.startswith(f"{PUBLIC}/"):
                problems.append(f'{path.relative_to(root)}:{number}: public headers may not include "{what}"')
            elif not quoted and ("/" in what or "." in what):
                problems.append(f"{path.relative_to(root)}:{number}: <{what}> is no header of the C++ standard library")
    return problems


def check_host(root: Path) -> list[str]:
    problems = []
    for path in sorted([*(root / "src").rglob("*"), *(root / "include").rglob("*")]):
        where = path.relative_to(root).as_posix()
        if path.suffix not in SOURCES or not path.is_file() or where.startswith(HOST_PLACES):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if found := HOST.search(line):
                problems.append(f"{where}:{number}: {found[0]} belongs in src/tracee/host or src/arch/arch.cpp")
    return problems


def check(root: Path) -> list[str]:
    layers, problems = read_layers(root / "cmake" / "layers.txt")
    return problems + check_source(root, layers) + check_public(root) + check_host(root)


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
