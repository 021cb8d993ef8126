"""callgate-static as it is installed: one small file that needs no other."""
# SPDX-License-Identifier: Apache-2.0
import os
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

STATIC, STRIP = os.environ["CALLGATE_STATIC"], os.environ.get("STRIP", "strip")
MOST_BYTES = 4_000_000
PT_INTERP, PT_DYNAMIC, DT_NEEDED = 3, 2, 1


def run(*words, **options):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
                          **options)


class StaticProgram(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.program = Path(folder.name) / "callgate"
        subprocess.run([STRIP, "-o", cls.program, STATIC], check=True)

    def test_size(self):
        self.assertLess(self.program.stat().st_size, MOST_BYTES)

    def test_needs_no_other_file(self):
        elf = self.program.read_bytes()
        self.assertEqual(elf[:6], b"\x7fELF\x02\x01")  # 64 bits, little endian
        (table,) = struct.unpack_from("<Q", elf, 0x20)
        size, count = struct.unpack_from("<HH", elf, 0x36)
        kinds = []
        for i in range(count):
            kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", elf, table + i * size)
            kinds.append(kind)
            if kind == PT_DYNAMIC:
                tags = [tag for tag, _ in struct.iter_unpack("<QQ", elf[offset:offset + length])]
                self.assertNotIn(DT_NEEDED, tags)
        self.assertIn(PT_DYNAMIC, kinds)  # position independent
        self.assertNotIn(PT_INTERP, kinds)

    def test_same_filters(self):
        """What it compiles is what the whole program compiles."""
        for words in (["docker-default"], ["podman-default", "--as", "crun"]):
            both = [subprocess.run([program, "compile", *words], stdin=subprocess.DEVNULL, capture_output=True,
                                   timeout=60, check=True).stdout for program in (self.program, os.environ["CALLGATE"])]
            self.assertGreater(len(both[0]), 100)
            self.assertEqual(*both)

    def test_other_formats(self):
        with tempfile.NamedTemporaryFile("w", suffix=".policy") as file:
            file.write("read: 1\nwrite: 1\n")
            file.flush()
            answer = run(self.program, "compile", file.name)
        self.assertEqual(answer.returncode, 3)
        self.assertIn("CG6018", answer.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
