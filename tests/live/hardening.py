"""What the tests of callgate harden share: the command, and a case with a directory of its own.

The first argument of the test is the command.

SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import servers

CALLGATE = Path(sys.argv[1]).resolve()
LIMIT = 240
# One run of an interpreter is then as another: when it asks for more memory depends on how names are hashed.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}, "PYTHONHASHSEED": "0"}


def call(*words, **options):
    return subprocess.run([str(CALLGATE), *map(str, words)], capture_output=True, text=True, timeout=LIMIT, check=False,
                          **{"env": ENVIRONMENT, **options})


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
        return [sys.executable, "-S", self.path / "counting.py", self.path / "counter", first, what]

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


class ServerCase(Case):
    def harden_redis(self, *options, until):
        """Redis, which a client keeps asking, until harden says `until`; then asked some times more, and told to end. What was said."""
        if shutil.which("redis-server") is None:
            self.skipTest("no redis-server")
        port = servers.free_port()
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(self.path), "--bind", "127.0.0.1"]
        over = threading.Event()
        served, told = [], []

        def use():
            while not over.wait(0.1):
                try:
                    servers.ask(port, b"PING\r\nSET a b\r\nGET a\r\n", b"$1\r\nb")
                    served.append(None)
                except OSError:
                    pass
        client = threading.Thread(target=use)
        client.start()
        try:
            with subprocess.Popen([str(CALLGATE), "harden", "-o", self.dir, *options, "--accept", "--", *command],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
                for line in process.stderr:
                    told.append(line)
                    if until in line:
                        break
                self.assertEqual(self.state()["stage"], "enforcing", "".join(told))
                before = len(served)
                servers.wait_until("served under the profile", lambda: len(served) >= before + 5)
                process.send_signal(signal.SIGTERM)
                told.append(process.stderr.read())
                self.assertEqual(process.wait(LIMIT), 0, "".join(told))
        finally:
            over.set()
            client.join()
        self.assertEqual(self.state()["stage"], "hardened", "".join(told))
        return "".join(told)
