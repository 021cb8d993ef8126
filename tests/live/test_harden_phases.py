#!/usr/bin/env python3
"""callgate harden --phases on the live kernel: a program enforced under two profiles, the second from its first listen or accept
on; what is new, and what is denied, in either phase.

usage: test_harden_phases.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

if len(sys.argv) < 2:
    sys.exit(__doc__)
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hardening import CALLGATE, LIMIT, Case, ServerCase, call  # noqa: E402

# Serves itself one request. It makes a directory at its start.
SERVER = """
import os, select, signal, socket, sys
counter, first, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
run = int(open(counter).read()) + 1 if os.path.exists(counter) else 1
with open(counter, "w") as file:
    file.write(str(run))
parent = os.getppid()
assert parent > 1
os.kill(parent, 0)
def directory():
    try:
        os.mkdir(counter + ".d")
        os.rmdir(counter + ".d")
    except PermissionError:
        sys.exit(7)
def new_call():
    os.sched_yield()
def netlink():
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
    except PermissionError:
        sys.exit(8)
def kill_once():
    if run == first: os.kill(parent, signal.SIGKILL)
def never(): pass
def again():
    listening.set_inheritable(True)
    os.execv(sys.executable, [sys.executable, "-S", "-E", *sys.argv, str(listening.fileno())])
def wait_and_serve(listening):
    select.select([listening], [], [], 0)
    directory()
    client = socket.create_connection(listening.getsockname())
    listening.accept()
    sys.exit(0)
if len(sys.argv) > 4: wait_and_serve(socket.socket(fileno=int(sys.argv[4])))
directory()
if what == "sync":
    if run >= first: os.sync()
if what == "alone": sys.exit(0)
listening = socket.create_server(("127.0.0.1", 0))
if what == "again": again()
client = socket.create_connection(listening.getsockname())
served, _ = listening.accept()
client.sendall(b"ping")
assert served.recv(10) == b"ping"
os.kill(parent, 0)
if run >= first and what in globals(): globals()[what]()
print("filters", open("/proc/self/status").read().split("Seccomp_filters:")[1].split()[0])
"""


class Phases(Case):
    METHOD = "ebpf"
    PROGRAM = SERVER

    def phased(self, *options, command, at="listen"):
        return self.harden("--phases", at, *options, command=command)

    def subset(self, a, b):
        return call("subset", self.dir / a, self.dir / b, "--as", "oci").returncode == 0

    def allowed(self, name, profile):
        return "ALLOW" in call("eval", self.dir / profile, name, "--as", "oci").stdout

    def test_a_server_comes_under_two_profiles(self):
        for at in ("listen", "accept"):
            with self.subTest(at=at):
                shutil.rmtree(self.dir, ignore_errors=True)
                done = self.phased("--format", "json", command=self.counting(9, "never"), at=at)
                self.assertEqual(done.returncode, 0, done.stderr)
                # The interpreter asks for memory now and then: another round of trials may be needed.
                steps = self.steps()
                self.assertEqual(steps[:4] + steps[-1:], ["record", "close", "prove", "trial", "enforce"], done.stderr)
                self.assertIn("in 1 process from", self.state()["steps"][-1]["text"])
                filters = [line.split()[1] for line in done.stderr.splitlines() if line.startswith("filters")]
                before = int(filters[0])
                expected = [0, *[1] * steps.count("trial"), 2]
                self.assertEqual([int(each) - before for each in filters], expected, "recorded, in log mode, under two")
                answer = json.loads(done.stdout)
                self.assertEqual(answer["phases"], {"switch_at": at})
                self.assertTrue(self.subset("serving.json", "profile.json"))
                self.assertFalse(self.subset("profile.json", "serving.json"))
                self.assertTrue(self.allowed("mkdir", "profile.json"))
                self.assertFalse(self.allowed("mkdir", "serving.json"))
                check = call("close", "--check", self.dir / "closure.json", self.dir / "serving.json", "--as", "oci",
                             "--phase", "serving")
                self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
                run = subprocess.run(answer["run"].replace("callgate", str(CALLGATE), 1), shell=True, capture_output=True,
                                     text=True, timeout=LIMIT, check=False)
                self.assertEqual((run.returncode, run.stdout), (0, f"filters {before + 2}\n"), run.stderr)

    def test_what_is_new_while_serving_is_taken_in(self):
        done = self.phased(command=self.counting(2, "directory"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.steps(), ["record", "close", "prove", "trial", "close", "prove", "trial", "enforce"])
        self.assertIn("mkdir", self.state()["steps"][3]["text"], "startup alone had it")
        self.assertTrue(self.allowed("mkdir", "serving.json"))

    def test_what_startup_alone_grants_is_denied_while_serving(self):
        command = self.counting(3, "directory")
        done = self.phased(command=command)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.state()["stage"], "denied")
        self.assertIn("while serving: mkdir", self.state()["steps"][-1]["text"])
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([each["call"] for each in report["denials"]], ["mkdir"])
        self.assertTrue(report["profile"].endswith("serving.json"), report["profile"])
        self.assertEqual(report["exit_status"], 7)
        self.assertTrue(self.allowed("mkdir", "proposed.json"))
        accepted = self.phased("--accept", command=command)
        self.assertEqual(accepted.returncode, 0, accepted.stderr)
        self.assertEqual(self.steps()[5:], ["accept", "close", "prove", "trial", "close", "prove", "trial", "enforce"],
                         "only behind mkdir there is a rmdir")
        self.assertTrue(self.allowed("rmdir", "serving.json"))
        self.check_files()

    def test_what_is_denied_at_startup(self):
        done = self.phased(command=self.counting(3, "sync"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("at startup: sync", self.state()["steps"][-1]["text"])
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([each["call"] for each in report["denials"]], ["sync"])
        self.assertTrue(report["profile"].endswith("profile.json"), report["profile"])

    def test_arguments_and_kills(self):
        done = self.phased(command=self.counting(3, "netlink"))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("AF_NETLINK", (self.dir / "denied.json").read_text())
        (self.path / "counter").unlink()
        killed = self.phased("--restart", "--outside", "kill", "--arguments", "none", command=self.counting(3, "new_call"))
        self.assertEqual(killed.returncode, 1, killed.stderr)
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([(each["call"], each["action"]) for each in report["denials"]], [("sched_yield", "KILL_PROCESS")])
        self.assertEqual(report["signal"], signal.SIGSYS)

    def test_killed_under_two_profiles(self):
        command = self.counting(3, "kill_once")
        done = self.phased(command=command)
        self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
        self.check_files()
        self.assertEqual(self.state()["stage"], "enforcing")
        again = self.phased(command=command)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.steps()[4:], ["close", "prove", "enforce"])

    def test_one_profile_first_and_two_later(self):
        command = self.counting(9, "never")
        done = self.harden(command=command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--phases listen would grant less while it serves", done.stderr)
        self.assertFalse((self.dir / "serving.json").exists())
        two = self.phased(command=command)
        self.assertEqual(two.returncode, 0, two.stderr)
        self.assertEqual(self.steps()[5:], ["close", "prove", "trial", "enforce"])
        other = self.phased(command=command, at="accept")
        self.assertEqual(other.returncode, 125, other.stderr)
        self.assertIn("in a run serving begins with listen, not with accept [CG5509]", other.stderr)
        one = self.harden(command=command)
        self.assertEqual(one.returncode, 0, one.stderr)
        self.assertFalse((self.dir / "serving.json").exists())

    def test_a_program_that_begins_anew_when_it_listens(self):
        """It executes itself, with the socket; only its accept is serving again, for the recorder and for the switch."""
        done = self.phased(command=self.counting(9, "again"), at="accept")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("in 1 process from accept on", done.stderr)

    def test_where_there_are_no_two(self):
        done = self.phased(command=self.counting(9, "alone"))
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertIn("no run saw it serve [CG5509]", done.stderr)
        one = self.harden(command=self.counting(9, "alone"))
        self.assertEqual(one.returncode, 0, one.stderr)
        self.assertNotIn("--phases", one.stderr)
        traced = call("harden", "-o", self.path / "other", "--phases", "listen", "--method", "ptrace", "--", "true")
        self.assertEqual(traced.returncode, 2, traced.stderr)

    def test_a_program_with_a_filter_of_its_own(self):
        filtered = [CALLGATE, "run", "--profile", "docker-default", "--", *self.counting(9, "never")]
        done = self.phased(command=[str(each) for each in filtered])
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertIn("it loads filters of its own", done.stderr)


class Servers(ServerCase):
    METHOD = "ebpf"

    def test_redis_under_load(self):
        told = self.harden_redis("--phases", "accept", "--quiet-for", "3s", until="under serving.json from accept on")
        self.assertIn("in 1 process from accept on", told)
        sizes = json.loads((self.dir / "closure.json").read_text())["phases"]
        self.assertLess(sizes["serving"]["size"], sizes["startup"]["size"])


if __name__ == "__main__":
    os.chdir("/")
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
