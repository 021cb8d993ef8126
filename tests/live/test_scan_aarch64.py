#!/usr/bin/env python3
"""Scans aarch64 programs on another machine, and holds the answers against what the programs do under qemu's emulation.

A program that makes many kinds of calls is compiled with and without optimisation, small and with signed returns; for
the C library as a library, inside, and inside at any address. Its root is a directory with the cross compiler's
libraries. Every call that qemu sees must be in the answer, no number may be unknown, and the answer says whose numbers
they are. A tree with programs of two machines is scanned as a whole.

usage: test_scan_aarch64.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CALLGATE = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else None
CC = shutil.which("aarch64-linux-gnu-gcc")
QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
LIBRARIES = Path("/usr/aarch64-linux-gnu/lib")
WORK = Path(__file__).with_name("aarch64_work.c")
# What a program of glibc leaves open wherever it runs.
OPEN_BY_NATURE = {"nss", "gconv", "dlopen"}
VARIANTS = [["-O2"], ["-O0", "-static"], ["-Os", "-mbranch-protection=standard", "-static-pie"], ["-O1", "-fno-plt", "-Wl,-z,now"]]


def scan(root: Path, program: str, *options: str) -> dict:
    run = subprocess.run([CALLGATE, "scan", "--no-cache", "--root", root, program, "--format", "json", *options], capture_output=True,
                         text=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)["programs"][0]


def observed(root: Path, program: Path, folder: Path) -> set[str]:
    log = folder / "strace.log"
    with log.open("w") as to:
        subprocess.run([QEMU, "-strace", "-L", root, program], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=to, timeout=120, check=True)
    # Threads write at once: a call may stand anywhere in a line. "Unknown syscall 435" is one that qemu does not know.
    text = log.read_text(errors="replace")
    return set(re.findall(r"(?:^|[ =\n])\d+ ([a-z_0-9]+)\(", text))


class Aarch64(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="callgate-aarch64."))
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = self.folder / "root"
        (self.root / "lib").mkdir(parents=True)
        (self.root / "bin").mkdir()
        for name in ("ld-linux-aarch64.so.1", "libc.so.6"):
            shutil.copy(LIBRARIES / name, self.root / "lib" / name)

    def compile(self, name: str, options: list[str], source: Path = WORK) -> Path:
        out = self.root / "bin" / name
        subprocess.run([CC, "-w", "-pthread", *options, source, "-o", out], check=True)
        return out

    def test_no_call_is_missed(self) -> None:
        for number, options in enumerate(VARIANTS):
            with self.subTest(options=options):
                program = self.compile(f"work{number}", options)
                answer = scan(self.root, f"/bin/{program.name}")
                self.assertEqual(answer["arch"], "aarch64")
                self.assertLessEqual({u["kind"] for u in answer["unresolved"]}, OPEN_BY_NATURE, answer["unresolved"])
                names = {call["name"] for call in answer["calls"]}
                seen = observed(self.root, program, self.folder)
                self.assertGreater(len(seen), 50)
                self.assertEqual(seen - names, set())
                self.assertLess(len(names), 125, "nearly everything seems possible")
                self.assertNotIn("reboot", names)

    def test_a_stripped_program_is_no_different(self) -> None:
        program = self.compile("plain", ["-O2", "-static"])
        before = {call["name"] for call in scan(self.root, "/bin/plain")["calls"]}
        subprocess.run(["aarch64-linux-gnu-strip", program], check=True)
        self.assertEqual({call["name"] for call in scan(self.root, "/bin/plain")["calls"]}, before)

    def test_ways_are_told(self) -> None:
        self.compile("plain", ["-O2"])
        run = subprocess.run([CALLGATE, "scan", "--no-cache", "--root", self.root, "/bin/plain", "--why", "sethostname"],
                             capture_output=True, text=True, check=False)
        self.assertIn("libc.so.6: sethostname", run.stdout)
        run = subprocess.run([CALLGATE, "scan", "--no-cache", "--root", self.root, "/bin/plain", "--why", "open"], capture_output=True,
                             text=True, check=False)
        self.assertIn("open is not reached", run.stdout)  # a call of x86_64 alone

    def test_a_tree_of_two_machines(self) -> None:
        self.compile("there", ["-O2"])
        shutil.copy("/bin/true", self.root / "bin/here")
        run = subprocess.run([CALLGATE, "scan", "--no-cache", "--root", self.root, "--format", "json"], capture_output=True, text=True,
                             check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        answer = json.loads(run.stdout)
        text = json.dumps(answer)
        self.assertIn("/bin/there", text)
        self.assertNotIn('"foreign"', text.replace('"foreign": 0', ""))
        here = scan(self.root, "/bin/here")
        self.assertEqual(here["arch"], "x86_64")
        # Libraries of the other machine are none.
        self.assertIn("missing-library", {u["kind"] for u in here["unresolved"]})
        self.assertEqual(scan(self.root, "/bin/there")["arch"], "aarch64")


if __name__ == "__main__":
    if CC is None or QEMU is None or not LIBRARIES.is_dir():
        print("skipped: no g++-aarch64-linux-gnu, or no qemu-user-static")
        sys.exit(77)
    unittest.main(verbosity=1)
