#!/usr/bin/env python3
"""Turns data/defaults/*.csv, the engines' default profiles as one fact a row, into constexpr tables.

A profile of profiles.csv is the rows of its files, in order: those of its release, where a row names the releases that
have it, and without the unconditional rows of the calls in `without`. Rows that follow each other and differ only in the
call become one rule; profiles of the same files share their rules, of which each says by a bit which profiles have it.
The output is included by src/format/builtin.cpp alone.

SPDX-License-Identifier: Apache-2.0
"""

import argparse
import csv
import itertools
import pathlib
import re
import sys

COLUMNS = ["call", "action", "errno", "arguments", "with_caps", "without_caps", "on_arches", "not_on_arches", "min_kernel"]
OPERATORS = {"==": "EQ", "!=": "NE", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
CONDITION = re.compile(r"a([0-5])(?:&(0x[0-9a-f]+))?(==|!=|<=|>=|<|>)(\d+|0x[0-9a-f]+)$")


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def condition(text):
    match = CONDITION.match(text)
    if not match:
        sys.exit(f"gen_defaults: condition '{text}' is not of the form a0==1 or a0&0x3==0x1")
    index, mask, operator, value = match.groups()
    if mask:
        return f'{{{index}, {int(mask, 16)}U, {int(value, 0)}U, "SCMP_CMP_MASKED_EQ", {{}}, {{}}, {{}}}}'
    return f'{{{index}, {int(value, 0)}U, 0, "SCMP_CMP_{OPERATORS[operator]}", {{}}, {{}}, {{}}}}'


class Pool:
    """A flat array of texts; lists become slices of it."""

    def __init__(self):
        self.items = []

    def slice(self, items):
        begin = len(self.items)
        self.items += items
        return f"{{{begin}, {len(self.items)}}}"


def quoted(text):
    return f'"{text}"'


def numbers(release):
    return [int(part) for part in release.split(".")]


def releases_of(file, profiles):
    """The releases that a file tells apart, oldest first: those of the profiles made from it."""
    known = {profile["release"] for profile in profiles if file in profile["files"].split() and profile["release"]}
    return sorted(known, key=numbers)


def covered(text, releases):
    """The releases that a row's column names: "1.6 2.0" two of them, "1.7..2.0" and "1.7.." ranges; empty: all."""
    if not text:
        return set(releases) | {""}
    out = set()
    for part in text.split():
        first, dots, last = part.partition("..")
        for name in filter(None, (first, last)):
            if name not in releases:
                sys.exit(f"gen_defaults: no profile is of release '{name}'")
        begin = releases.index(first) if first else 0
        end = releases.index(last) if last else len(releases) - 1 if dots else begin
        out.update(releases[begin : end + 1])
    return out


def rows_of(group, data):
    """The rows of the files of these profiles, each with the bits of the profiles that have it."""
    kept = []
    files, without = group[0]["files"].split(), group[0]["without"].split()
    for file in files:
        rows = read(data / f"{file}.csv")
        if rows and list(rows[0]) not in (COLUMNS, [*COLUMNS, "releases"]):
            sys.exit(f"gen_defaults: columns of {file}.csv are {list(rows[0])}, not {COLUMNS}")
        releases = releases_of(file, group)
        for row in rows:
            having = covered(row.pop("releases", ""), releases)
            row["bits"] = sum(1 << bit for bit, profile in enumerate(group) if profile["release"] in having)
            # A file that follows puts conditions on what the first one allows outright.
            if file != files[-1] and row["call"] in without and not any(row[column] for column in COLUMNS[2:]):
                continue
            kept.append(row)
    return kept


def identifier(group):
    """Of the tables that profiles of the same files share: "podman cri-o" is PodmanCriO."""
    return "".join(part for part in re.split(r"[^A-Za-z0-9]", group[0]["files"].title()))


def table(group, rows):
    words, conditions, rules = Pool(), Pool(), []
    for key, alike in itertools.groupby(rows, lambda row: [row[c] for c in [*COLUMNS[1:], "bits"]]):
        action, errno, arguments, *lists, kernel, bits = key
        calls = words.slice([quoted(row["call"]) for row in alike])
        slices = [words.slice([quoted(word) for word in text.split()]) for text in lists]
        major, minor = kernel.split(".") if kernel else ("0", "0")
        rules.append(
            f'    {{"SCMP_ACT_{action}", {errno or -1}, {calls}, '
            f"{conditions.slice([condition(c) for c in arguments.split()])}, {', '.join(slices)}, {{{major}, {minor}}}, "
            f"{bits:#x}}},"
        )
    name = identifier(group)
    out = [f"constexpr std::array<std::string_view, {len(words.items)}> k{name}Words{{"]
    out += [f"    {word}," for word in words.items] + ["};"]
    out += [f"constexpr std::array<SpecArgument, {len(conditions.items)}> k{name}Conditions{{{{"]
    out += [f"    {one}," for one in conditions.items] + ["}};"]
    out += [f"constexpr std::array<FactRule, {len(rules)}> k{name}Rules{{{{"] + rules + ["}};"]
    return out


def machines(rows, profiles):
    words, entries = Pool(), []
    for profile in profiles:
        file = profile["files"].split()[0]
        for row in rows:
            if row["file"] != file or profile["release"] not in covered(row["releases"], releases_of(file, profiles)):
                continue
            others = words.slice([quoted("SCMP_ARCH_" + word) for word in row["also"].split()])
            entries.append(f'    {{"{profile["profile"]}-default", "SCMP_ARCH_{row["machine"]}", {others}}},')
    out = [f"constexpr std::array<std::string_view, {len(words.items)}> kMachineWords{{"]
    out += [f"    {word}," for word in words.items] + ["};"]
    return out + [f"constexpr std::array<FactMachine, {len(entries)}> kMachines{{{{"] + entries + ["}};"]


def since(profiles):
    """From which release on Docker has which profile."""
    known = sorted((numbers(text), row["profile"]) for row in profiles for text in row["since"].split())
    out = [f"constexpr std::array<FactRelease, {len(known)}> kDockerReleases{{{{"]
    out += [f'    {{{{{", ".join(map(str, release))}}}, "{profile}-default"}},' for release, profile in known]
    return out + ["}};"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    lines = ["// Generated by scripts/gen_defaults.py from data/defaults/*.csv."]
    profiles = read(options.data / "profiles.csv")
    groups = {}
    for row in profiles:
        groups.setdefault((row["files"], row["without"]), []).append(row)
    for group in groups.values():
        lines += table(group, rows_of(group, options.data))
    lines += machines(read(options.data / "architectures.csv"), profiles)
    lines += [f"constexpr std::array<FactProfile, {len(profiles)}> kProfiles{{{{"]
    for row in profiles:
        group = groups[row["files"], row["without"]]
        name = identifier(group)
        lines.append(
            f'    {{{{"{row["profile"]}-default", {quoted(row["what"])}, Engine::{row["engine"]}}}, '
            f'"SCMP_ACT_{row["default"]}", {row["errno"]}, k{name}Words, k{name}Conditions, k{name}Rules, '
            f"{1 << group.index(row):#x}}},"
        )
    lines += ["}};"]
    lines += since(profiles)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
