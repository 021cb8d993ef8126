#!/usr/bin/env python3
"""callgate harden on the live kernel: programs recorded, tried and enforced; what is new in each of them; interruptions.

The program counts its runs in a file, so what it does depends on how often it has been run.

usage: test_harden.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

if len(sys.argv) < 2:
    sys.exit(__doc__)
sys.path.insert(0, str(Path(__file__).resolve().parent))
import servers  # noqa: E402
from hardening import CALLGATE, LIMIT, Case, ServerCase, call  # noqa: E402

FILES = ("state.json", "recordings.jsonl", "closure.json", "profile.json", "trial.json")

# usage: counting.py COUNTER FIRST WHAT: from its run FIRST on (the first is 1) it does WHAT.
COUNTING = """
import os, signal, socket, sys
counter, first, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
run = int(open(counter).read()) + 1 if os.path.exists(counter) else 1
with open(counter, "w") as file:
    file.write(str(run))
socket.socket(socket.AF_UNIX).close()
parent = os.getppid()
assert parent > 1
os.kill(parent, 0)  # so that the profile lets it kill
def new_call():
    os.sched_yield()
def netlink():
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
    except PermissionError:
        sys.exit(7)
def end_otherwise():
    sys.exit(5)
def many():
    import ctypes
    for option in range(3000, 4100):
        ctypes.CDLL(None).prctl(option, 0, 0, 0, 0)
def kill_once():
    if run == first: os.kill(parent, signal.SIGKILL)
def term_once():
    if run == first:
        os.kill(parent, signal.SIGTERM)
        signal.sigwait([signal.SIGUSR1])
if run >= first: globals()[what]()
print("run", run)
"""


class Command(Case):
    PROGRAM = COUNTING

    def test_a_shell_comes_under_its_profile(self):
        command = ["sh", "-c", "ls / | sort | head -2; exit 3"]
        done = self.harden("--runs", 2, command=command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.steps(), ["record", "record", "close", "prove", "trial", "enforce"], done.stderr)
        self.assertEqual(self.state()["stage"], "hardened")
        self.assertEqual(len(done.stdout.splitlines()), 8, "each of four runs prints its own two lines")
        for name in FILES:
            self.assertTrue((self.dir / name).exists(), name)
        check = call("close", "--check", self.dir / "closure.json", self.dir / "profile.json", "--as", "oci")
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        line = done.stderr.strip().splitlines()[-1].split("from now on: ")[1]
        run = subprocess.run(line.replace("callgate", str(CALLGATE), 1), shell=True, capture_output=True, text=True,
                             timeout=LIMIT, check=False)
        self.assertEqual(run.returncode, 3, run.stderr)
        again = self.harden("--runs", 2, command=command)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.steps()[6:], ["close", "prove", "enforce"], "nothing is tried that was tried")
        more = self.harden("--runs", 3, command=command)
        self.assertEqual(more.returncode, 0, more.stderr)
        self.assertEqual(self.steps()[9:], ["record", "close", "prove", "trial", "enforce"])

    def test_what_is_new_in_the_second_run_is_taken_in(self):
        done = self.harden(command=self.counting(2, "new_call"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.steps(), ["record", "close", "prove", "trial", "close", "prove", "trial", "enforce"])
        self.assertIn("sched_yield", self.state()["steps"][3]["text"])
        self.assertIn('"sched_yield"', (self.dir / "profile.json").read_text())

    def test_a_new_argument_is_taken_in(self):
        done = self.harden(command=self.counting(2, "netlink"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("AF_NETLINK", self.state()["steps"][3]["text"])
        self.assertEqual(self.steps().count("trial"), 2)
        packet = call("eval", self.dir / "profile.json", "socket", "AF_PACKET", "SOCK_RAW", "--as", "oci")
        self.assertIn("ERRNO", packet.stdout)

    def test_what_is_new_under_the_profile_ends_in_a_patch(self):
        command = self.counting(3, "netlink")
        done = self.harden(command=command)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.steps(), ["record", "close", "prove", "trial", "enforce"])
        self.assertEqual(self.state()["stage"], "denied")
        self.assertIn("CG5505", done.stderr)
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([each["call"] for each in report["denials"]], ["socket"])
        self.assertIn("AF_NETLINK", report["denials"][0]["change"]["what"])
        self.assertEqual(report["exit_status"], 7)
        proposed = call("subset", self.dir / "profile.json", self.dir / "proposed.json", "--as", "oci")
        self.assertEqual(proposed.returncode, 0, proposed.stdout)
        before = (self.dir / "profile.json").read_text()
        accepted = self.harden("--accept", command=command)
        self.assertEqual(accepted.returncode, 0, accepted.stderr)
        self.assertEqual(self.steps()[5:], ["accept", "close", "prove", "trial", "enforce"])
        self.assertNotEqual(before, (self.dir / "profile.json").read_text())
        self.assertFalse((self.dir / "denied.jsonl").exists())
        self.check_files()

    def test_accept_goes_on_by_itself(self):
        done = self.harden("--accept", "--format", "json", command=self.counting(3, "new_call"))
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual([step["step"] for step in answer["steps"]],
                         ["record", "close", "prove", "trial", "enforce", "accept", "close", "prove", "trial", "enforce"])
        self.assertEqual((answer["stage"], answer["status"], answer["runs"], answer["trials"]), ("hardened", 0, 1, 2))
        self.assertIn("run 5", done.stderr, "the program's output stands beside the answer")

    def test_signals_and_kills_leave_whole_files(self):
        for what, status in (("kill_once", -signal.SIGKILL), ("term_once", 128 + signal.SIGTERM)):
            for at in (1, 2, 3):  # while recording, in log mode, under the profile
                with self.subTest(what=what, at=at):
                    command = self.counting(at, what)
                    shutil.rmtree(self.dir, ignore_errors=True)
                    (self.path / "counter").unlink(missing_ok=True)
                    done = self.harden(command=command)
                    if what == "term_once" and at == 3:
                        self.assertIn(done.returncode, (0, 1), done.stderr)  # under the profile it may have to wait
                    else:
                        self.assertEqual(done.returncode, status, done.stderr)
                        self.assertEqual("CG5507" in done.stderr, what == "term_once")
                    servers.wait_until("the program is gone", lambda: not running(self.path / "counting.py"))
                    self.check_files()
                    again = self.harden("--accept", command=command)
                    self.assertEqual(again.returncode, 0, again.stderr)
                    self.assertEqual(self.state()["stage"], "hardened")
                    self.check_files()

    def test_killed_at_any_time(self):
        chance = random.Random(6)
        command = ["sh", "-c", "ls / >/dev/null"]
        for _ in range(12):
            with subprocess.Popen([str(CALLGATE), "harden", "-o", self.dir, "--runs", "2", "--trials", "2", "--method",
                                   self.METHOD, "--", *command], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as process:
                time.sleep(chance.uniform(0, 0.8))
                process.kill()
            self.check_files()
        done = self.harden("--runs", 2, "--trials", 2, command=command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sorted(set(os.listdir(self.dir)) - {"lock"}), sorted(FILES))

    def test_another_program_is_refused(self):
        program = self.path / "program"
        shutil.copy("/bin/true", program)
        self.assertEqual(self.harden(command=[program]).returncode, 0)
        other = self.harden(command=[program, "argument"])
        self.assertEqual(other.returncode, 3, other.stderr)
        self.assertIn("CG5502", other.stderr)
        program.unlink()
        program.write_text("#!/bin/sh\ntrue\n")
        program.chmod(0o755)
        changed = self.harden(command=[program])
        self.assertEqual(changed.returncode, 3, changed.stderr)
        self.assertIn("has changed", changed.stderr)
        restarted = self.harden("--restart", command=[program])
        self.assertEqual(restarted.returncode, 0, restarted.stderr)
        self.assertEqual(self.steps()[0], "record")
        self.assertTrue((self.dir / "earlier-1" / "recordings.jsonl").exists())

    def test_one_at_a_time(self):
        fifo = self.path / "fifo"
        os.mkfifo(fifo)
        with subprocess.Popen([str(CALLGATE), "harden", "-o", self.dir, "--method", self.METHOD, "--", "cat", fifo],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            with open(fifo, "w", encoding="ascii"):  # opened by cat, so harden is at work
                second = self.harden(command=["cat", str(fifo)])
                self.assertEqual(second.returncode, 125, second.stderr)
                self.assertIn("CG5503", second.stderr)
                process.kill()

    def test_bad_states_and_programs(self):
        self.dir.mkdir()
        for text, code in (("{", "CG0"), ("[]", "CG5501"), ('{"harden":2}', "CG5502"), ('{"harden":1}', "CG5501")):
            (self.dir / "state.json").write_text(text)
            done = self.harden(command=["true"])
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(code, done.stderr)
            self.assertEqual((self.dir / "state.json").read_text(), text)
        self.assertEqual(self.harden("--restart", command=["true"]).returncode, 0)
        self.assertEqual(call("harden", "-o", self.path / "new", "--", self.path / "missing").returncode, 127)
        (self.path / "plain").write_text("x")
        self.assertEqual(call("harden", "-o", self.path / "plain", "--", "true").returncode, 125)

    def test_standard_input_is_given_to_each_run(self):
        text = self.path / "input"
        text.write_text("first\nsecond\n")
        with open(text, encoding="ascii") as file:
            file.readline()
            os.lseek(file.fileno(), 6, os.SEEK_SET)
            done = self.harden(command=["cat"], stdin=file)
        self.assertEqual((done.returncode, done.stdout), (0, "second\n" * 3), done.stderr)

    def test_it_gives_up(self):
        script = "n=$(cat n 2>/dev/null || echo 0); echo $((n + 1)) >n; ulimit -n $((900 + n)); true"
        done = self.harden("--arguments", "all", "--rounds", 1, "--trials", 2, command=["sh", "-c", script], cwd=self.path)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("CG5504", done.stderr)

    def test_kills_are_told_too(self):
        done = self.harden("--outside", "kill", "--arguments", "none", command=self.counting(3, "new_call"))
        self.assertEqual(done.returncode, 1, done.stderr)
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([each["action"] for each in report["denials"]], ["KILL_PROCESS"])
        self.assertEqual(report["signal"], signal.SIGSYS)

    def test_another_end_is_told(self):
        done = self.harden(command=self.counting(2, "end_otherwise"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("CG5506"), 2, "in log mode and under the profile")
        self.assertIn("ended with status 5", done.stderr)

    def test_a_full_disk(self):
        if os.geteuid() != 0:
            self.skipTest("a full file system takes root")
        self.dir.mkdir()
        script = 'mount -t tmpfs -o size=8k none "$1" && shift && exec "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", self.dir, CALLGATE, "harden", "-o", self.dir,
                               "--", "true"], capture_output=True, text=True, timeout=LIMIT, check=False)
        self.assertNotIn(done.returncode, (0, 1), done.stderr)
        self.assertIn("CG6005", done.stderr)


class ByPtrace(Case):
    """The same without rights: recorded and followed by ptrace."""
    METHOD = "ptrace"
    PROGRAM = COUNTING
    test_new_call = Command.test_what_is_new_in_the_second_run_is_taken_in
    test_new_argument = Command.test_a_new_argument_is_taken_in
    test_patch = Command.test_what_is_new_under_the_profile_ends_in_a_patch
    test_interruptions = Command.test_signals_and_kills_leave_whole_files

    def test_more_kinds_of_calls_than_are_kept(self):
        done = self.harden(command=self.counting(2, "many"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("CG5508", done.stderr)


class Servers(ServerCase):
    def test_a_server_until_it_is_quiet(self):
        self.harden_redis("--quiet-for", "4s", until="under profile.json from here on")
        self.assertEqual(self.steps()[:4], ["record", "close", "prove", "trial"])
        closure = json.loads((self.dir / "closure.json").read_text())
        self.assertGreater(closure["phases"]["serving"]["size"], 5)


def running(script):
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(script) in each.read_bytes().split(b"\0") and b"harden" not in each.read_bytes():
                return True
        except OSError:
            pass
    return False


if __name__ == "__main__":
    os.chdir("/")
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])
