"""What the tests of callgate harden share: the command, and a case with a directory of its own.

The first argument of the test is the command.

SPDX-License-Identifier: Apache-2.0
"""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CALLGATE = Path(sys.argv[1]).resolve()
LIMIT = 240


def call(*words, **options):
    return subprocess.run([str(CALLGATE), *map(str, words)], capture_output=True, text=True, timeout=LIMIT, check=False,
                          **options)


class Case(unittest.TestCase):
    METHOD = "auto"
    PROGRAM = ""

    @classmethod
    def setUpClass(cls):
        if cls.METHOD == "ebpf" and call("record", "--method", "ebpf", "--", "true").returncode != 0:
            raise unittest.SkipTest("no eBPF here")

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="callgate-harden.")
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)
        self.dir = self.path / "state"
        (self.path / "counting.py").write_text(self.PROGRAM)

    def counting(self, first, what):
        """PROGRAM, which counts its runs in a file: from its run `first` on (the first is 1) it does `what`."""
        return [sys.executable, "-S", "-E", self.path / "counting.py", self.path / "counter", first, what]

    def harden(self, *options, command, **how):
        return call("harden", "-o", self.dir, "--method", self.METHOD, *options, "--", *command, **how)

    def state(self):
        return json.loads((self.dir / "state.json").read_text())

    def steps(self):
        return [step["step"] for step in self.state()["steps"]]

    def check_files(self):
        """Whatever stands there is whole."""
        for name in ("state.json", "closure.json", "profile.json", "trial.json", "denied.json", "proposed.json"):
            if (self.dir / name).exists():
                json.loads((self.dir / name).read_text())
        if (self.dir / "recordings.jsonl").exists():
            done = call("close", self.dir / "recordings.jsonl", "-o", "/dev/null")
            self.assertEqual(done.returncode, 0, done.stderr)
