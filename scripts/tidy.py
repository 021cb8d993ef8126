#!/usr/bin/env python3
"""clang-tidy 19 over src/ with the checks of .clang-tidy; every finding is an error. Uses the compile commands of a
build directory that has been built (generated headers must exist).

--fast is what scripts/test uses. It leaves out clang-analyzer-*, and looks at several files at once: most of the time
goes into the standard library's headers, which every file brings along. Files whose own names do not clash are copied
into one unit. If a unit has a finding (or does not compile), the files in which it lies are looked at by themselves, and
what that says is what counts; then the rest is looked at again. So a unit can only miss something. What it would miss is
looked for by other means: a file that includes a header twice, or whose `using` is not used in that file itself, is
never put into a unit.

usage: scripts/tidy.py [--fast] [--build DIR] [--root DIR] [FILE]...      default: build/release, all of src/
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

UNIT_LINES = 4000
# The compile commands are g++'s: clang knows not all of its options, and finds std::stable_sort's buffer deprecated.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-deprecated-declarations"]
FAST = "-clang-analyzer-*"
# Every file of a unit has its own includes, and its locals may be called like another's constant.
IN_UNIT = FAST + ",-readability-duplicate-include"
QUIET_IN_UNIT = ["-Wno-shadow"]
NOISE = re.compile(r"\d+ warnings? (generated|treated)|Suppressed \d+ warnings|Use -header-filter")

NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*$""",
    re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)?(?:[({=;]|:(?!:))|\b(?:struct|class|enum|union)\s+(\w+)")
NAMESPACE = re.compile(r"\bnamespace\s*([\w:]*)\s*$")
USING = re.compile(r"^\s*(?:using\s+([\w:]+::(\w+))\s*;|namespace\s+(\w+)\s*=([^;]+);)", re.MULTILINE)
ENUM = re.compile(r"\benum(?!\s+(?:class|struct)\b)([^{;()]*)\{([^{}]*)\}")


def code_of(text: str) -> str:
    """The text without comments, preprocessor lines and what literals say."""
    return NOT_CODE.sub(" ", text)


def with_generated(text: str, flags: list[str]) -> str:
    """The text with generated tables in place of the lines that include them."""
    def table(match):
        places = [pathlib.Path(flag[2:], match[1]) for flag in flags if flag.startswith("-I")]
        return next((place.read_text() for place in places if place.exists()), match[0])
    return re.sub(r'^#include "(\S+\.inc)"$', table, text, flags=re.MULTILINE)


def usings_of(code: str) -> dict[str, str]:
    """The names that using-declarations and namespace aliases introduce, and what they stand for."""
    return {name or alias: (target or space).strip() for target, name, alias, space in USING.findall(code)}


def own_names(code: str) -> dict[tuple[str, str], str]:
    """What a file declares for itself alone: (namespace, name) of what is in unnamed namespaces or `static`, with an
    empty value, and of its using-declarations, with what they stand for."""
    code = ENUM.sub(lambda match: f"enum{match[1]} {{}}" + re.sub(r"\s*(=[^,]*)?(,|$)", "=0;", match[2].strip(", \n")), code)
    names, scopes, declaration = {}, [], ""

    def declared():
        where = "::".join(scope for scope in scopes if scope)
        names.update({(where, name): target for name, target in usings_of(declaration).items()})
        if "" in scopes or declaration.lstrip().startswith("static"):
            names.update({(where, first or second): "" for first, second in NAMED.findall(declaration)
                          if (where, first or second) not in names})

    for token in re.findall(r"[{}();]|[^{}();]+", code):
        outside = None not in scopes
        if token in ("{", "("):
            namespace = NAMESPACE.search(declaration) if outside and token == "{" else None
            declaration = "" if namespace else declaration + token if outside else declaration
            scopes.append(namespace.group(1) if namespace else None)
        elif token in ("}", ")"):
            scopes.pop()
            if outside:
                declaration = ""  # the end of a namespace
            elif None not in scopes and token == "}":
                declared()
                declaration = ""
        elif outside:
            declaration += token
            if token == ";":
                declared()
                declaration = ""
    return names


@functools.cache
def headers_below(path: pathlib.Path, sources: pathlib.Path) -> frozenset[pathlib.Path]:
    """The headers of `sources` that a file includes, directly or not."""
    direct = {sources / name for name in re.findall(r'^#include "(\S+\.h)"', path.read_text(), re.MULTILINE)}
    direct = {header for header in direct if header.exists()}
    return frozenset(direct.union(*(headers_below(header, sources) for header in direct)))


class File:
    """A source file, and what decides with which others it may be in one unit."""

    def __init__(self, path: pathlib.Path, flags: list[str], sources: pathlib.Path):
        text = path.read_text()
        code = code_of(with_generated(text, flags))
        usings = usings_of(code)
        self.path, self.lines = path, text.count("\n") + 1
        self.flags = [flag for flag in flags if not flag.startswith("-D")]
        self.macros = {flag.split("=")[0]: flag for flag in flags if flag.startswith("-D")}
        included = re.findall(r"^\s*#\s*include\s+[<\"](\S+)[>\"]", text, re.MULTILINE)
        self.alone = len(included) != len(set(included)) or any(
            len(re.findall(rf"\b{name}\b", code)) < 2 for name in usings)
        self.names = own_names(code)
        # With a using-declaration for another folder's type, headers that give its name to one of this folder's own
        # types must stay out of sight.
        self.names |= {("", header): "seen" for header in headers_below(path, sources)}
        for header in sorted(path.parent.glob("*.h")):
            if any(re.search(rf"\b(?:struct|class)\s+{name}\s*\{{", header.read_text()) for name in usings):
                self.names["", header] = "hidden"


class Unit:
    def __init__(self):
        self.files, self.macros, self.names, self.lines = [], {}, {}, 0

    def takes(self, file: File) -> bool:
        if not self.files:
            return True
        return (not file.alone and not self.files[0].alone and self.files[0].flags == file.flags
                and self.lines + file.lines <= UNIT_LINES
                and all(self.macros.get(name, flag) == flag for name, flag in file.macros.items())
                and all(target and target == file.names[name] for name, target in self.names.items()
                        if name in file.names))

    def add(self, file: File):
        self.files.append(file)
        self.macros |= file.macros
        self.names |= file.names
        self.lines += file.lines

    def at(self, line: int) -> File:
        """The file from which a line of the unit comes."""
        for file in self.files:
            if line <= file.lines:
                return file
            line -= file.lines
        raise IndexError(line)


PRECOMPILED = re.compile(r"-Winvalid-pch|-include \S+/cmake_pch\.hxx")


def without_precompiled(build: pathlib.Path) -> pathlib.Path:
    """A folder whose compile commands leave out headers that another compiler has precompiled."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = PRECOMPILED.sub("", entry["command"])
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries, indent=1))
    return folder


def flags_of(entry: dict) -> list[str]:
    """A compile command without its output and its input."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    output = words.index("-o") if "-o" in words else len(words)
    return [word for index, word in enumerate(words) if index not in (output, output + 1)
            and word not in ("-c", entry["file"])]


def units_of(files: list[File]) -> list[Unit]:
    """Each file goes into the first unit that takes it; in the order of files, so that neighbours share headers."""
    units = []
    for file in files:
        unit = next((unit for unit in units if unit.takes(file)), None)
        if unit is None:
            unit = Unit()
            units.append(unit)
        unit.add(file)
    return sorted(units, key=lambda unit: -unit.lines)


def write_unit(unit: Unit, folder: pathlib.Path) -> pathlib.Path:
    """The unit and its compile command, in a folder of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "unit.cpp"
    path.write_text("".join(file.path.read_text() + "\n" for file in unit.files))
    arguments = [*unit.files[0].flags, *unit.macros.values(), *QUIET_IN_UNIT, "-c", str(path)]
    command = {"directory": str(folder), "file": str(path), "arguments": arguments}
    (folder / "compile_commands.json").write_text(json.dumps([command], indent=1))
    return path


def tidy(file: pathlib.Path, build: pathlib.Path, arguments: list[str]) -> tuple[bool, str]:
    program = os.environ.get("CLANG_TIDY", "clang-tidy-19")
    command = [program, "--quiet", *arguments, *EXTRA, "-p", str(build), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Warnings in system headers are counted on standard error, one line a file: not worth reading.
    errors = "".join(line for line in done.stderr.splitlines(keepends=True) if not NOISE.match(line))
    return done.returncode == 0, done.stdout + errors


def look_at(unit: Unit, folder: pathlib.Path, build: pathlib.Path, config: pathlib.Path) -> tuple[bool, str]:
    """The verdict on a unit's files: of those in which the unit has a finding, each by itself; then the rest again."""
    if len(unit.files) == 1:
        return tidy(unit.files[0].path, build, [f"--checks={FAST}"])
    path = write_unit(unit, folder)
    good, said = tidy(path, folder, [f"--checks={IN_UNIT}", f"--config-file={config}"])
    if good:
        return True, ""
    places = re.findall(rf"^{re.escape(str(path))}:(\d+):\d+: (?:error|warning):", said, re.MULTILINE)
    named = {unit.at(int(line)) for line in places}
    # Without a place in a file, or with one in a header, it may be any of them.
    suspects = [file for file in unit.files if file in named] or unit.files
    good, findings = True, ""
    for file in suspects:
        passed, told = tidy(file.path, build, [f"--checks={FAST}"])
        good, findings = good and passed, findings + told
    if good:  # slow, not wrong
        findings += f"tidy: note: what a unit of several files brings up is not in the files themselves:\n{said}"
    rest = Unit()
    for file in unit.files:
        if file not in suspects:
            rest.add(file)
    if rest.files:
        passed, told = look_at(rest, folder, build, config)
        good, findings = good and passed, findings + told
    return good, findings


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].splitlines()[0])
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    root = options.root.resolve()
    build = root / options.build
    try:
        build = without_precompiled(build)
    except OSError:
        print(f"tidy: {build} is not configured; run: cmake --preset release && cmake --build --preset release",
              file=sys.stderr)
        return 2
    entries = json.loads((build / "compile_commands.json").read_text())
    commands = {pathlib.Path(entry["file"]).resolve(): entry for entry in entries}
    files = [file.resolve() for file in options.files] or sorted((root / "src").rglob("*.cpp"))
    if unknown := [file for file in files if file not in commands]:
        print(f"tidy: no compile command for {unknown[0]}; build {build} first", file=sys.stderr)
        return 2

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        if options.fast:
            units = units_of([File(file, flags_of(commands[file]), root / "src") for file in files])
            jobs = [pool.submit(look_at, unit, build / str(number), build, root / ".clang-tidy")
                    for number, unit in enumerate(units)]
        else:
            jobs = [pool.submit(tidy, file, build, []) for file in files]
        good = True
        for job in jobs:
            passed, said = job.result()
            good = good and passed
            if said:
                print(said, end="", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
