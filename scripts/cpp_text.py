"""CSV in, C++ out: what the scripts that write tables share.

SPDX-License-Identifier: Apache-2.0
"""
import csv


def read_csv(path):
    """The rows of a file, each a dictionary; one with too many or too few fields is refused."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, 2):
        if None in row or None in row.values():
            raise SystemExit(f"{path}:{number}: not as many fields as the first line has")
    return rows


def quoted(text):
    """A string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array(ctype, name, items):
    """A constexpr array of these initialisers, one a line."""
    items = list(items)
    lines = "\n".join("    " + item + "," for item in items)
    return f"inline constexpr std::array<{ctype}, {len(items)}> {name} = {{{{\n{lines}\n}}}};\n"
