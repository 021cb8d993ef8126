#!/usr/bin/env python3
"""callgate record as a command: files, statuses, signals, rights; and its calls held against those that strace sees.

usage: test_record.py CALLGATE WORKLOAD [--many]     --many: more programs against strace
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

if len(sys.argv) < 3:
    sys.exit(__doc__)
CALLGATE, WORKLOAD = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
MANY = "--many" in sys.argv
NOBODY = 65534
LIMIT = 120

PROGRAMS = [
    ["ls", "-l", "/"],
    ["sh", "-c", "ls / | sort | head -3; exit 3"],
    ["bash", "-c", "for i in 1 2 3; do (echo $i) & done; wait"],
    ["python3", "-c", "import json, subprocess; subprocess.run(['true']); print(json.dumps(1))"],
    ["git", "--version"],
    ["tar", "cf", "/dev/null", "/etc/apt"],
    ["find", "/etc/apt", "-name", "*.list"],
    ["awk", "BEGIN { print 1 | \"cat\" }"],
    ["perl", "-e", "print join ',', glob '/etc/*.conf'"],
    ["sed", "-n", "1p", "/etc/passwd"],
    ["xargs", "-a", "/etc/hostname", "echo"],
    ["date", "-u"],
]
MORE = [
    ["gcc", "--version"], ["gzip", "-c", "/etc/passwd"], ["sha256sum", "/etc/passwd"], ["diff", "/etc/passwd", "/etc/group"],
    ["env"], ["id"], ["stat", "/"], ["df"], ["ps", "aux"], ["getent", "passwd", "root"], ["timeout", "1", "true"], ["nice", "true"],
    ["dd", "if=/dev/zero", "of=/dev/null", "count=10"], ["cmake", "--version"], ["busybox", "ls", "/"], ["openssl", "version"],
    ["redis-server", "--version"], ["nginx", "-v"], ["dpkg", "-l"], ["apt-cache", "policy", "bash"], ["man", "--version"],
    ["strace", "-V"], ["flock", "/tmp", "true"], ["setsid", "true"], ["unshare", "--help"], ["ip", "link"], ["mktemp", "-u"],
]


SERVER = """
import os, socket, threading, time
listening = socket.create_server(("127.0.0.1", 0))
def loop():
    while True:
        os.getpgid(0)
        time.sleep(0.02)
threading.Thread(target=loop, daemon=True).start()
print("up", flush=True)
while True:
    if os.fork() == 0:
        os.getsid(0)
        os._exit(0)
    os.wait()
"""


def record(*words, status=0, **more) -> subprocess.CompletedProcess:
    done = subprocess.run([CALLGATE, "record", *map(str, words)], capture_output=True, text=True, timeout=LIMIT, **more)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{words}: status {done.returncode}, not {status}: {done.stderr}")
    return done


def ebpf_works() -> bool:
    return record("--method", "ebpf", "--", "true", status=None).returncode == 0


def names_of(report: dict) -> set[str]:
    return {call["name"] for call in report["calls"]}


def strace_names(words: list[str], folder: Path) -> set[str]:
    out = folder / "strace.log"
    subprocess.run(["strace", "-f", "-o", out, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT)
    return set(re.findall(r"^\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed)", out.read_text(errors="replace"), re.MULTILINE))


def recorded_names(words: list[str], folder: Path) -> set[str]:
    """With the streams that it has under strace."""
    out = folder / "run.jsonl"
    subprocess.run([CALLGATE, "record", "-o", out, "--", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   timeout=LIMIT)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines[-1]["complete"], lines[-1]
    return {line["name"] for line in lines if line["record"] == "call"}


class Record(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="callgate-record."))
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o777)

    def test_status_and_output_are_the_programs(self):
        done = record("-o", self.folder / "a", "--", "sh", "-c", "echo out; echo err >&2; exit 3", status=3)
        self.assertEqual(done.stdout, "out\n")
        self.assertIn("err\n", done.stderr)
        self.assertIn("; complete", done.stderr)
        record("--", "sh", "-c", "kill -TERM $$", status=128 + signal.SIGTERM)
        self.assertIn("[CG50", record("--", "/nonexistent", status=127).stderr)
        record("--", "/etc/passwd", status=126)

    def test_report_goes_to_standard_output_alone(self):
        done = record("--", "echo", "hello")
        self.assertNotIn("hello\n", done.stdout.replace("echo hello", ""))
        self.assertIn("hello\n", done.stderr)
        self.assertIn("execve", done.stdout)
        report = json.loads(record("--format", "json", "--", "echo", "hello").stdout)
        self.assertEqual(report["exit_status"], 0)
        self.assertTrue(report["complete"])
        self.assertIn("execve", names_of(report))

    def test_files(self):
        path = self.folder / "runs.jsonl"
        record("-o", path, "--", "true")
        record("--append", "-o", path, "--", "true")
        kinds = [json.loads(line)["record"] for line in path.read_text().splitlines()]
        self.assertEqual(kinds.count("run"), 2)
        self.assertEqual(kinds.count("end"), 2)
        record("-o", path, "--", "true")
        self.assertEqual(path.read_text().count('"record":"run"'), 1)
        self.assertTrue(record("-o", "-", "--", "echo", "x").stdout.startswith('{"record":"run"'))
        self.assertIn("[CG6005]", record("-o", "/nonexistent/x", "--", "true", status=125).stderr)
        self.assertIn("[CG6004]", record("--append", "--", "true", status=2).stderr)
        header = json.loads(path.read_text().splitlines()[0])
        self.assertEqual(header["version"], 1)
        self.assertEqual(header["command"], ["true"])

    def test_new_only_tells_what_is_new(self):
        path = self.folder / "runs.jsonl"
        words = ["--method", "ptrace", "--", "ls", "/"]
        record("-o", path, *words)
        def calls_of_last_run() -> list[str]:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            begin = max(index for index, line in enumerate(lines) if line["record"] == "run")
            return [line["name"] for line in lines[begin:] if line["record"] == "call"]
        self.assertIn("getdents64", calls_of_last_run())
        for _ in range(3):  # what depends on timing
            done = record("--append", "--new-only", "-o", path, "--", "ls", "/")
            if not calls_of_last_run():
                break
        self.assertEqual(calls_of_last_run(), [])
        self.assertIn("beyond what was known: 0 calls", done.stderr)
        record("--append", "--new-only", "-o", path, "--", "sh", "-c", "ls / | cat")
        self.assertIn("pipe2", calls_of_last_run())
        self.assertNotIn("getdents64", calls_of_last_run())
        self.assertIn("[CG6004]", record("--new-only", "-o", path, "--", "ls", status=2).stderr)
        path.write_text("{}\n")
        self.assertIn("[CG5201]", record("--append", "--new-only", "-o", path, "--", "ls", status=125).stderr)

    def test_recorder_that_is_killed_leaves_the_file_as_it_was(self):
        path = self.folder / "runs.jsonl"
        record("-o", path, "--", "true")
        before = path.read_bytes()
        running = subprocess.Popen([CALLGATE, "record", "--append", "-o", path, "--", "sleep", "300"])
        time.sleep(1)
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
        running.kill()
        running.wait()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self.assertEqual(path.read_bytes(), before)

    def test_signals_reach_the_program(self):
        running = subprocess.Popen([CALLGATE, "record", "--format", "json", "--", "sh", "-c",
                                    "trap 'exit 7' TERM; echo up >&2; while :; do sleep 0.1; done"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(running.stderr.readline(), "up\n")
        running.terminate()
        out, _ = running.communicate(timeout=LIMIT)
        self.assertEqual(running.returncode, 7)
        self.assertTrue(json.loads(out)["complete"])

    def test_ended_before_the_last_task(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        running = subprocess.Popen([CALLGATE, "record", "--format", "json", "--", "sh", "-c",
                                    "setsid sleep 300 >/dev/null 2>&1 & echo $! >&2"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        left = int(running.stderr.readline())
        time.sleep(1)
        self.assertIsNone(running.poll(), "it waits for what the program left behind")
        running.terminate()
        out, err = running.communicate(timeout=LIMIT)
        os.kill(left, signal.SIGKILL)
        self.assertFalse(json.loads(out)["complete"])
        self.assertIn("CG5252", err)
        self.assertEqual(running.returncode, 0)

    def test_without_rights_it_falls_back_and_says_so(self):
        binary = self.folder / "callgate"
        shutil.copy(CALLGATE, binary)
        for word, code, status in (("auto", "CG5251", 0), ("ebpf", "CG5250", 125), ("ptrace", None, 0)):
            done = subprocess.run([binary, "record", "--method", word, "--format", "json", "--", "ls", "/"],
                                  capture_output=True, text=True, timeout=LIMIT, user=NOBODY, group=NOBODY, extra_groups=[])
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual("CG525" in done.stderr, code is not None, done.stderr)
            if code:
                self.assertIn(code, done.stderr)
            if status == 0:
                report = json.loads(done.stdout)
                self.assertEqual(report["source"], "ptrace")
                self.assertLessEqual({"execve", "openat", "getdents64"}, names_of(report))

    def test_what_no_filter_sees_is_said(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        self.assertIn("CG5254", record("--", WORKLOAD, "uring").stderr)
        self.assertIn("CG5253", record("--", WORKLOAD, "denied").stderr)
        self.assertNotIn("CG5253", record("--denied", "--", WORKLOAD, "denied").stderr)

    def test_set_user_id_programs_get_their_rights(self):
        if not ebpf_works() or os.geteuid() != 0:
            self.skipTest("no eBPF here")
        report = json.loads(record("--format", "json", "--", "grep", "-q", "NoNewPrivs:.0", "/proc/self/status").stdout)
        self.assertEqual(report["exit_status"], 0)

    def test_running_processes(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        # A thread, and children all the time: whatever is born while it is being marked must not be missed.
        served = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(served.wait)
        self.addCleanup(served.kill)
        self.addCleanup(served.stdout.close)
        self.assertEqual(served.stdout.readline(), "up\n")
        report = json.loads(record("--pid", served.pid, "--for", 2, "--format", "json").stdout)
        self.assertTrue(report["complete"])
        self.assertFalse(report["finished"])
        calls = {call["name"]: call["counts"] for call in report["calls"]}
        self.assertLessEqual({"getpgid", "getsid", "clock_nanosleep", "wait4", "exit_group"}, set(calls))
        self.assertEqual(list(calls["getpgid"]), ["serving"], "its start lies behind it")
        self.assertEqual([image["path"] for image in report["images"]], [os.path.realpath(sys.executable)])
        self.assertGreater(report["tasks"], 3)
        self.assertIn("[CG5255]", record("--pid", 4194304, status=125).stderr)
        self.assertIn("[CG6004]", record("--pid", 1, "--", "ls", status=2).stderr)
        self.assertIn("[CG6003]", record("--pid", "one", status=2).stderr)

    def test_attached_until_the_end(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        ends = subprocess.Popen(["sh", "-c", "sleep 2; exec cat /dev/null"])
        report = json.loads(record("--pid", ends.pid, "--denied", "--format", "json").stdout)
        ends.wait()
        self.assertTrue(report["finished"])
        self.assertIn("execve", names_of(report))
        self.assertEqual([call for call in report["calls"] if "denied" in call], [],
                         "a call that was under way at the beginning is no refused one")

    def test_cgroup(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        for root in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
            group = Path(root) / f"callgate-record-{os.getpid()}"
            if not (Path(root) / "cgroup.procs").exists():
                continue
            group.mkdir()
            self.addCleanup(group.rmdir)
            running = subprocess.Popen([CALLGATE, "record", "--cgroup", group, "--format", "json"], stdout=subprocess.PIPE,
                                       text=True)
            self.addCleanup(running.wait)
            self.addCleanup(running.kill)
            time.sleep(1)
            enter = f"echo $$ > {group}/cgroup.procs; "
            subprocess.run(["sh", "-c", enter + "ls / > /dev/null; mkdir below 2>/dev/null; true"], check=True, cwd=group)
            out, _ = running.communicate(timeout=LIMIT)  # it ends with the last of them
            (group / "below").rmdir()
            report = json.loads(out)
            self.assertTrue(report["complete"] and report["finished"])
            self.assertLessEqual({"getdents64", "execve", "mkdir"}, names_of(report))
            self.assertIn("[CG5255]", record("--cgroup", "/tmp", status=125).stderr)
            return
        self.skipTest("no cgroup of version 2 here")

    def test_sees_what_strace_sees(self):
        for words in PROGRAMS + (MORE if MANY else []):
            if not shutil.which(words[0]):
                self.assertTrue(MANY, f"{words[0]} is not installed")
                continue
            with self.subTest(words=words):
                expected, seen = strace_names(words, self.folder), set()
                for _ in range(4):  # what depends on timing (futex, wait) is not made each time
                    seen |= recorded_names(words, self.folder)
                    if expected <= seen:
                        break
                    expected &= strace_names(words, self.folder)
                self.assertGreater(len(expected), 10)
                self.assertEqual(expected - seen, set())


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], verbosity=1, exit=False).result
    sys.exit(77 if done.wasSuccessful() and done.skipped else not done.wasSuccessful())
