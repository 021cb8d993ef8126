#!/usr/bin/env python3
"""Writes a file's bytes as the elements of a C array, for #include between braces.

usage: embed.py FILE OUT
SPDX-License-Identifier: Apache-2.0
"""

import sys
from pathlib import Path


def main() -> None:
    data = Path(sys.argv[1]).read_bytes()
    lines = (", ".join(str(byte) for byte in data[at : at + 32]) + ",\n" for at in range(0, len(data), 32))
    Path(sys.argv[2]).write_text("".join(lines))


main()
