"""C++ as text: what the scripts that write tables share.

SPDX-License-Identifier: Apache-2.0
"""


def quoted(text):
    """A string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def array(ctype, name, items):
    """A constexpr array of these initialisers, one a line."""
    items = list(items)
    lines = "\n".join("    " + item + "," for item in items)
    return f"inline constexpr std::array<{ctype}, {len(items)}> {name} = {{{{\n{lines}\n}}}};\n"
