#!/usr/bin/env python3
"""For every architecture: the compiled filter answers as the profile does, however the filter is run.

Three readings of tests/data/golden/arguments.json must agree on the same calls: the profile itself, the filter in
callgate's simulator, and the filter in the interpreter below, which lays out struct seccomp_data (linux/seccomp.h) byte
by byte in the architecture's own byte order, as its kernel does.

usage: test_architectures.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import itertools
import json
import re
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROFILE = HERE.parent / "data" / "golden" / "arguments.json"
CASES = sorted(case.name.removeprefix("asm-") for case in HERE.glob("compile/asm-*"))
CALLS = ("close", "exit_group", "read", "write", "personality", "kill", "dup", "ioctl", "munmap", "madvise", "mprotect",
         "clone", "getpid", "mount")
# Around every constant of the profile, with either half of the register set alone and both.
VALUES = sorted({value & (1 << 64) - 1
                 for constant in (0, 4, 21522, 1 << 31, 1 << 32, 68719476735, 8589938688, 0x77370000, 1 << 56, 1 << 63,
                                  (1 << 32) - 1, (1 << 64) - 1)
                 for value in (constant - 1, constant, constant + 1, constant << 32)})
LITTLE_ENDIAN = 0x40000000  # __AUDIT_ARCH_LE

KILL_THREAD, TRAP, ERRNO, LOG, ALLOW, KILL_PROCESS = 0, 0x30000, 0x50000, 0x7FFC0000, 0x7FFF0000, 0x80000000
PLAIN = {KILL_THREAD: "KILL_THREAD", TRAP: "TRAP", LOG: "LOG", ALLOW: "ALLOW", KILL_PROCESS: "KILL_PROCESS"}
LD, RET, JA, JEQ, JGT, JGE, JSET = 0x20, 0x06, 0x05, 0x15, 0x25, 0x35, 0x45


def action(value: int) -> str:
    return f"ERRNO({value & 0xFFFF})" if value & 0xFFFF0000 == ERRNO else PLAIN[value]


def interpret(program: list[tuple[int, int, int, int]], token: int, number: int, arguments: list[int]) -> str:
    order = "<" if token & LITTLE_ENDIAN else ">"
    data = struct.pack(order + "IIQ6Q", number, token, 0, *arguments)
    at = accumulator = 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == LD:
            (accumulator,) = struct.unpack_from(order + "I", data, k)
        elif code == RET:
            return action(k)
        elif code == JA:
            at += k
        else:
            holds = {JEQ: accumulator == k, JGT: accumulator > k, JGE: accumulator >= k, JSET: accumulator & k != 0}
            at += jt if holds[code] else jf


def callgate(*words: str) -> bytes:
    done = subprocess.run([sys.argv[1], *words], capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"callgate {' '.join(words)}: status {done.returncode}\n{done.stderr.decode()}")
    return done.stdout


def queries(arch: str) -> list[tuple[int, int, list[int]]]:
    """Token, number and arguments of every call that is asked about."""
    found = []
    for name in CALLS:
        answer = json.loads(callgate("eval", "unconfined", name, "--arch", arch, "--format", "json"))
        number = answer["answers"][0]["nr"]
        for value in VALUES:
            found += [(number, [value if i == position else 0 for i in range(6)]) for position in range(6)]
        found += [(number, [a, b, 0, 0, 0, 0]) for a, b in itertools.product(VALUES, repeat=2)]
    listing = callgate("compile", str(PROFILE), "--as", "oci", "--arch", arch, "--emit", "asm").decode()
    token = int(re.search(r"^L1: +jeq #(0x[0-9a-f]+|[0-9]+),", listing, re.MULTILINE)[1], 0)
    return [(token, number, arguments) for number, arguments in found]


def test(arch: str, folder: Path) -> list[str]:
    """What is wrong."""
    filter_file, batch_file = folder / f"{arch}.bpf", folder / f"{arch}.txt"
    callgate("compile", str(PROFILE), "--as", "oci", "--arch", arch, "--byte-order", "little", "-o", str(filter_file))
    program = list(struct.iter_unpack("<HBBI", filter_file.read_bytes()))
    asked = queries(arch)
    batch_file.write_text("".join(f"{token:#x} {number} {' '.join(map(hex, arguments))}\n"
                                  for token, number, arguments in asked))
    by_profile = callgate("eval", str(PROFILE), "--as", "oci", "--arch", arch, "--batch", str(batch_file))
    by_filter = callgate("eval", str(filter_file), "--byte-order", "little", "--batch", str(batch_file))
    here = [interpret(program, *query) for query in asked]
    answers = list(zip(by_profile.decode().split(), by_filter.decode().split(), here, strict=True))
    problems = [f"{arch}: call {number} {list(map(hex, arguments))}: profile, simulator and interpreter say {said}"
                for (_, number, arguments), said in zip(asked, answers, strict=True) if len(set(said)) > 1]
    seen = set(here)
    if not {"ALLOW", "ERRNO(38)", "KILL_PROCESS"} <= seen:
        problems.append(f"{arch}: only {sorted(seen)} came up; the calls do not reach the rules")
    if "64" in arch.removeprefix("x86_") and "n32" not in arch and not {"LOG", "TRAP", "ERRNO(13)"} <= seen:
        problems.append(f"{arch}: only {sorted(seen)} came up; 64-bit rules are lost")
    return problems


def main() -> int:
    version = json.loads(callgate("version", "--format", "json"))
    problems = []
    if len(CASES) != version["architectures"]:
        problems.append(f"{len(CASES)} golden listings for {version['architectures']} architectures")
    with tempfile.TemporaryDirectory(prefix="callgate-golden.") as folder:
        for arch in CASES:
            problems += test(arch, Path(folder))[:5]
    print("\n".join(problems) or f"{len(CASES)} architectures agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
