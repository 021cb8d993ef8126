#!/usr/bin/env python3
"""callgate close on the live kernel: what was recorded of a program is closed, and the program does the same under the profile.

usage: test_close.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

if len(sys.argv) < 2:
    sys.exit(__doc__)
CALLGATE = Path(sys.argv[1]).resolve()
LIMIT = 120

PROGRAMS = [
    ["ls", "-l", "/etc/apt"],
    ["sh", "-c", "ls / | sort | head -3; exit 3"],
    ["python3", "-c", "import json, subprocess; subprocess.run(['true']); print(json.dumps(1))"],
    ["tar", "cf", "/dev/null", "/etc/apt"],
    ["perl", "-e", "print join ',', glob '/etc/*.conf'"],
    ["sed", "-n", "1p", "/etc/passwd"],
]

# Answers three clients, and ends.
SERVER = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
for _ in range(3):
    client, _ = listening.accept()
    client.sendall(client.recv(100))
    client.close()
"""


def call(*words, **options):
    return subprocess.run([str(CALLGATE), *map(str, words)], capture_output=True, text=True, timeout=LIMIT, check=False,
                          **options)


def serve(words):
    """Runs a server behind `words`, asks it three times, and returns its status."""
    with subprocess.Popen([str(CALLGATE), *map(str, words), "--", sys.executable, "-c", SERVER], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip()
            if not port:
                raise AssertionError(server.stderr.read())
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", int(port)), LIMIT) as client:
                    client.sendall(b"ping")
                    if client.recv(100) != b"ping":
                        raise AssertionError(server.stderr.read())
            status = server.wait(LIMIT)
            return status, server.stderr.read()
        finally:
            if server.poll() is None:
                server.kill()


class Close(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="callgate-close.")
        self.addCleanup(self.folder.cleanup)
        self.path = Path(self.folder.name)

    def record(self, words, *options):
        done = call("record", *options, "-o", self.path / "runs.jsonl", "--", *words)
        self.assertNotIn("INCOMPLETE", done.stderr)
        return done

    def close(self, *options):
        done = call("close", self.path / "runs.jsonl", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_programs_do_the_same_under_their_profile(self):
        for words in PROGRAMS:
            with self.subTest(words=words):
                recorded = self.record(words, "--args")
                self.close("--to", "oci", "--profile", self.path / "profile.json", "-o", self.path / "closure.json")
                for profile in ("profile.json", "closure.json"):
                    confined = call("run", "--as", "oci", "--profile", self.path / profile, "--", *words)
                    self.assertEqual((confined.returncode, confined.stdout), (recorded.returncode, recorded.stdout),
                                     confined.stderr)

    def test_what_was_not_recorded_is_refused(self):
        self.record(["true"])
        self.close("-o", self.path / "closure.json")
        done = call("run", "--profile", self.path / "closure.json", "--", "ls", "/")
        self.assertNotEqual(done.returncode, 0)

    def test_a_server_serves_under_two_profiles(self):
        recorded = serve(["record", "--args", "-o", self.path / "runs.jsonl"])
        self.assertEqual(recorded[0], 0, recorded[1])
        self.close("--pair", self.path / "server", "-o", self.path / "closure.json")
        closure = json.loads((self.path / "closure.json").read_text())
        startup = {each["call"] for each in closure["phases"]["startup"]["core"]}
        serving = {each["call"] for each in closure["phases"]["serving"]["core"]}
        self.assertIn("execve", startup - serving)
        self.assertIn("sendto", serving - startup)
        for first, second in (("server-startup.json", "server-serving.json"),
                              ("closure.json#startup", "closure.json#serving")):
            done = serve(["run", "--as", "oci", "--phase", f"startup={self.path / first}", "--phase",
                          f"serving={self.path / second}", "--switch-at", "listen"])
            self.assertEqual(done[0], 0, done[1])

    def test_a_closure_that_was_not_written_leaves_the_old_one(self):
        self.record(["true"])
        target = self.path / "closure.json"
        target.write_text("as it was")
        done = call("close", self.path / "runs.jsonl", "-o", "/dev/full")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("CG6005", done.stderr)
        self.assertEqual(target.read_text(), "as it was")

    def test_nothing_is_added_to_what_is_no_recording(self):
        letter = self.path / "letter"
        letter.write_text("to a friend\n")
        done = call("record", "--append", "-o", letter, "--", "touch", self.path / "ran")
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertEqual(letter.read_text(), "to a friend\n")
        self.assertFalse((self.path / "ran").exists())


if __name__ == "__main__":
    os.chdir("/")
    unittest.main(argv=sys.argv[:1])
