#!/usr/bin/env python3
"""`scan --graph` is a graph: every call of the scan is in it, and reached from where control enters; names that would
break the language's quotes do not.

usage: test_scan_graph.py CALLGATE CC
SPDX-License-Identifier: Apache-2.0
"""

import collections
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CALLGATE, CC = (Path(sys.argv[1]).resolve(), sys.argv[2]) if len(sys.argv) == 3 else sys.exit(__doc__)
LABEL = r'"((?:[^"\\]|\\.)*)"'
PROGRAM = r'''
static inline long call(long n) { long r; __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(0) : "rcx", "r11", "memory"); return r; }
__attribute__((noinline)) long oXddY(void) { return call(39); }
void _start(void) { oXddY(); call(60); __builtin_unreachable(); }
'''


def scan(*words) -> str:
    return subprocess.run([CALLGATE, "scan", *words], capture_output=True, text=True, timeout=120, check=False).stdout


def read(dot: str):
    """calls by node, roots, edges."""
    calls, roots, edges, nodes = {}, set(), collections.defaultdict(set), set()
    for line in dot.splitlines():
        if match := re.fullmatch(rf" +c(\d+) \[label={LABEL},shape=ellipse(,style=dashed)?\];", line):
            calls[f"c{match[1]}"] = match[2]
        elif match := re.fullmatch(rf" +(n\d+) \[label={LABEL}\];", line):
            nodes.add(match[1])
        elif match := re.fullmatch(rf" +(n\d+) \[style=bold,tooltip={LABEL}\];", line):
            roots.add(match[1])
        elif match := re.fullmatch(rf" +(n\d+) -> ([nc]\d+) \[label={LABEL}\];", line):
            edges[match[1]].add(match[2])
        elif not re.fullmatch(rf"digraph {LABEL} \{{| +rankdir=LR;| +node \[shape=box\];| +subgraph cluster_\d+ \{{| +label={LABEL};| *\}}", line):
            sys.exit(f"not understood: {line}")
    assert set(edges) | roots <= nodes, "an edge of no node"
    return calls, roots, edges


def reached(roots, edges) -> set:
    work, seen = list(roots), set(roots)
    while work:
        for to in edges[work.pop()] - seen:
            seen.add(to)
            work.append(to)
    return seen


def check(program: str, *words) -> dict:
    dot = scan(program, "--graph", *words)
    calls, roots, edges = read(dot)
    assert calls and set(calls) <= reached(roots, edges), "a call that no way leads to"
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tplain"], input=dot, text=True, check=True, stdout=subprocess.DEVNULL)
    return calls


def main():
    calls = check("/bin/true")
    listed = {c["name"] for c in json.loads(scan("/bin/true", "--format", "json"))["programs"][0]["calls"]}
    assert set(calls.values()) == listed, "not the calls of the scan"
    assert list(check("/bin/true", "--why", "openat").values()) == ["openat"]
    with tempfile.TemporaryDirectory(prefix="callgate-graph.") as scratch:
        (Path(scratch) / "p.c").write_text(PROGRAM)
        subprocess.run([CC, "-w", "-O1", "-static", "-nostdlib", "-o", f"{scratch}/p", f"{scratch}/p.c"], check=True)
        program = Path(scratch) / "p"  # no compiler makes such names
        program.write_bytes(program.read_bytes().replace(b"oXddY", b'o"dd\\'))
        assert sorted(check(f"{scratch}/p").values()) == ["exit", "getpid"]
        assert r"o\"dd\\" in scan(f"{scratch}/p", "--graph")


main()
