#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Profiles of 60,000 argument rules and of 500,000 repeated names get their answer, and soon; argument rules that cannot
be compared in any time are refused, and soon.

usage: test_large.py CALLGATE
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

RULES = 60_000
NAMES = 500_000
SECONDS = 120  # far more than they take, far less than what grows with the square


def arg(index, value, op, second=None):
    made = {"index": index, "value": value, "op": f"SCMP_CMP_{op}"}
    return made if second is None else made | {"valueTwo": second}


def write(folder, name, rules):
    profile = {"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": rules}
    path = folder / f"{name}.json"
    path.write_text(json.dumps(profile))
    return str(path)


def rules(condition):
    return [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": condition(i)} for i in range(RULES)]


def scattered(count):
    """Rules that ask for two bits each of three arguments: what none of them holds for doubles with every rule."""
    draw = random.Random(5)
    def bits(index):
        mask = 1 << draw.randrange(20) | 1 << draw.randrange(20)
        return arg(index, mask, "MASKED_EQ", draw.getrandbits(20) & mask)
    return [{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [bits(i) for i in range(3)]} for _ in range(count)]


def main():
    callgate = pathlib.Path(sys.argv[1]).resolve()
    failures = []

    def expect(status, words, *command):
        try:
            done = subprocess.run([callgate, *command], capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            failures.append(f"{' '.join(command)}: more than {SECONDS} s")
            return
        text = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode != status or words not in text:
            failures.append(f"{' '.join(command)}: exit {done.returncode}, wanted {status} and {words!r}:\n{text[:400]}")

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        apart = write(folder, "apart", rules(lambda i: [arg(0, 3 * i, "EQ")]))
        row = write(folder, "row", rules(lambda i: [arg(0, i, "EQ")]))
        grid = write(folder, "grid", rules(lambda i: [arg(0, i % 300, "EQ"), arg(1, i // 300, "EQ")]))
        masked = write(folder, "masked", rules(lambda i: [arg(0, 0xFFFFF0, "MASKED_EQ", i << 4)]))
        two = [rule | {"action": ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"][i % 2]}
               for i, rule in enumerate(rules(lambda i: [arg(0, 0xFFFFF0, "MASKED_EQ", i << 4)]))]
        actions = write(folder, "actions", two)
        hostile = write(folder, "hostile", scattered(60))
        off = str(folder / "off.json")
        pathlib.Path(off).write_text("{}\n")
        names = write(folder, "names", [{"names": ["read"] * NAMES, "action": "SCMP_ACT_ALLOW"}])

        expect(0, "ALLOW", "eval", apart, "socket", "9")
        expect(0, "ERRNO(1)", "eval", apart, "socket", "10")
        expect(0, "too many to compare them all", "eval", actions, "socket", "16")
        expect(0, "subset", "subset", apart, apart)
        expect(1, "no subset", "subset", row, apart)
        expect(0, "60000", "diff", "unconfined", row)
        expect(0, "narrowed", "diff", masked, apart)
        expect(1, "different", "prove", grid, row)
        expect(3, "more than 60000 instructions", "compile", apart)
        expect(3, "more than 60000 instructions", "compile", masked)
        expect(0, "", "compile", row, "-o", str(folder / "row.bpf"))
        expect(0, "", "compile", grid, "-o", str(folder / "grid.bpf"))
        expect(1, "too-long", "lint", apart)
        expect(1, "duplicate-call", "lint", names)
        for target in ("minijail", "kafel", "seccompiler", "firejail", "systemd"):
            expect(1, "[CG130", "convert", "--to", target, apart)
        for target in ("minijail", "kafel"):
            written = str(folder / f"written.{target}")
            expect(0, "socket", "convert", "--lossy", "--to", target, apart, "-o", written)
            expect(0, "subset", "subset", written, apart)
        expect(3, "more than 60000 instructions", "convert", "--to", "bpf", apart)
        expect(3, "[CG6006]", "diff", "unconfined", hostile)
        expect(3, '"id": "CG6006"', "lint", "--format", "json", hostile)
        expect(3, "seccomp-off", "lint", hostile, off)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
