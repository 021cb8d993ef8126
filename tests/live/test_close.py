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

from i386 import runs_i386

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

# Makes one call of i386, getpid, where the kernel has such.
COMPAT = """
import ctypes, mmap
place = mmap.mmap(-1, 4096, prot=7)
place.write(b"\\x53\\xb8\\x14\\0\\0\\0\\xcd\\x80\\x5b\\xc3")
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()
"""

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

    def refused(self, profile):
        """What lint finds of the closure in a Compose project under that profile: the witness, or nothing."""
        (self.path / "profile.json").write_text(json.dumps(profile))
        (self.path / "compose.yaml").write_text(
            "services:\n  web:\n    image: web\n    security_opt: [seccomp=profile.json]\n")
        done = call("lint", self.path / "compose.yaml", "--closure", self.path / "closure.json", "--format", "json",
                    "--fail-on", "never")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = [each for each in json.loads(done.stdout)["findings"] if each["rule"] == "closure-refused"]
        self.assertLessEqual(len(found), 1)
        return found[0]["witness"] if found else None

    def rules_of_closure(self, comparison):
        """By name of the call: rules that grant it on both architectures, arguments compared so where values are held fast."""
        closure = json.loads((self.path / "closure.json").read_text())
        entries = {}
        for phase in closure["phases"].values():
            for each in phase["core"]:
                entries.setdefault(each["call"], []).append(each["args"])
        out = {}
        for name, places in entries.items():
            rule = {"names": [name], "action": "SCMP_ACT_ALLOW"}
            held = [each for args in places for each in args if each.get("mask") == 0xffffffff and "values" in each]
            fast = held and {each["arg"] for each in held} == {held[0]["arg"]} and all(len(args) == 1 for args in places)
            values = {value for each in held for value in each["values"]} if fast else {None}
            out[name] = [rule if value is None else {**rule, "args": [comparison(held[0]["arg"], value)]}
                         for value in sorted(values)]
        return out

    def test_lint_holds_profiles_against_what_was_recorded(self):
        self.record([sys.executable, "-c", COMPAT] if runs_i386() else ["ls", "-l", "/etc/apt"], "--args")
        self.close("-o", self.path / "closure.json")

        def profile(rules, architectures=("SCMP_ARCH_X86_64", "SCMP_ARCH_X86")):
            return {"defaultAction": "SCMP_ACT_ERRNO", "architectures": list(architectures),
                    "syscalls": [rule for each in rules.values() for rule in each]}

        def masked(place, value):
            return {"index": place, "op": "SCMP_CMP_MASKED_EQ", "value": 0xffffffff, "valueTwo": value}

        def whole(place, value):  # all 64 bits, as most profiles compare
            return {"index": place, "op": "SCMP_CMP_EQ", "value": value}

        def upper(place, value):
            return {"index": place, "op": "SCMP_CMP_EQ", "value": value | 1 << 32}

        rules = self.rules_of_closure(whole)
        self.assertGreater(sum("args" in rule for each in rules.values() for rule in each), 0)
        self.assertIsNone(self.refused(profile(rules)))
        self.assertIsNone(self.refused(profile(self.rules_of_closure(masked))))
        self.assertIsNotNone(self.refused(profile(self.rules_of_closure(upper))))
        for name in ("openat", "mmap", "exit_group"):
            witness = self.refused(profile({each: rule for each, rule in rules.items() if each != name}))
            self.assertIn(f"{name}(", json.dumps(witness))
        if runs_i386():
            self.assertIn("x86", json.dumps(self.refused(profile(rules, ["SCMP_ARCH_X86_64"]))))

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
