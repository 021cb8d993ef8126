#!/usr/bin/env python3
"""callgate record as a command: files, statuses, signals, rights, and what it does on machines that lack something. Whether
a recording holds every call is test_record_calls.py's question.

usage: test_record.py CALLGATE WORKLOAD
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
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
NOBODY = 65534
LIMIT = 120

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
        self.assertEqual(header["version"], 2)
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
        self.assertIn("[CG6005]", record("--append", "--new-only", "-o", path, "--", "ls", status=125).stderr)

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

    def in_a_mount_namespace(self, script: str, *words) -> subprocess.CompletedProcess:
        """callgate record, where a script has changed what is mounted; skips where that cannot be done."""
        probe = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=LIMIT)
        if probe.returncode != 0:
            self.skipTest(f"no mounts of our own here: {probe.stderr}")
        return subprocess.run(["unshare", "-m", "sh", "-c", script + '; exec "$@"', "sh", CALLGATE, "record",
                               *map(str, words)], capture_output=True, text=True, timeout=LIMIT)

    def test_no_type_information(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        hide = "mount -t tmpfs none /sys/kernel/btf && for d in /boot /lib/modules; do ! test -d $d || mount -t tmpfs none $d; done"
        done = self.in_a_mount_namespace(hide, "--format", "json", "--", "ls", "/")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("CG5251", done.stderr)
        self.assertIn("/sys/kernel/btf/vmlinux", done.stderr)
        self.assertIn("getdents64", names_of(json.loads(done.stdout)))
        done = self.in_a_mount_namespace(hide, "--method", "ebpf", "--", "ls", "/")
        self.assertEqual(done.returncode, 125)
        self.assertIn("CG5250", done.stderr)
        self.assertIn("/sys/kernel/btf/vmlinux", done.stderr)

    def under_a_filter_of_bpf(self, condition: list, errno: int, *words) -> subprocess.CompletedProcess:
        (self.folder / "p.json").write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno, "args": condition}]}))
        return subprocess.run([CALLGATE, "run", "--profile", self.folder / "p.json", "--", CALLGATE, "record",
                               *map(str, words)], capture_output=True, text=True, timeout=LIMIT)

    def test_a_kernel_without_the_later_tracepoints(self):
        """Raw tracepoints (capabilities, io_uring, vsyscalls) are opened by a command of bpf() of their own."""
        if not ebpf_works():
            self.skipTest("no eBPF here")
        command = [{"index": 0, "value": 17, "op": "SCMP_CMP_EQ"}]  # BPF_RAW_TRACEPOINT_OPEN
        done = self.under_a_filter_of_bpf(command, 2, "--method", "ebpf", "-o", self.folder / "r.jsonl", "--", WORKLOAD, "uring")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("complete, but for the vsyscall page, operations of io_uring, capabilities", done.stderr)
        lines = [json.loads(line) for line in (self.folder / "r.jsonl").read_text().splitlines()]
        self.assertLessEqual({"capabilities", "io_uring", "vsyscalls"}, set(lines[-1]["blind"]))
        self.assertTrue(lines[-1]["complete"])
        self.assertFalse([line for line in lines if line["record"] in ("capability", "io_uring")])
        self.assertIn("io_uring_enter", {line.get("name") for line in lines})

    def test_a_kernel_that_refuses_bpf(self):
        for errno in (1, 38):
            done = self.under_a_filter_of_bpf([], errno, "--format", "json", "--", "ls", "/")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("CG5251", done.stderr)
            self.assertIn("getdents64", names_of(json.loads(done.stdout)))

    def test_a_program_that_ends_at_once(self):
        program = self.folder / "exit"
        program.with_suffix(".s").write_text(".globl _start\n_start: mov $60, %eax\n xor %edi, %edi\n syscall\n")
        subprocess.run(["as", program.with_suffix(".s"), "-o", program.with_suffix(".o")], check=True)
        subprocess.run(["ld", program.with_suffix(".o"), "-o", program], check=True)
        for method in ("ebpf", "ptrace") if ebpf_works() else ("ptrace",):
            for _ in range(20):
                report = json.loads(record("--method", method, "--format", "json", "--", program).stdout)
                self.assertTrue(report["complete"])
                self.assertEqual(names_of(report), {"execve", "exit"})

    def test_ten_thousand_processes(self):
        if not ebpf_works():
            self.skipTest("no eBPF here")
        for method, processes in (("ebpf", 10000), ("ptrace", 1000)):
            report = json.loads(record("--method", method, "--format", "json", "--", WORKLOAD, "short-lived", processes).stdout)
            self.assertEqual(report["tasks"], processes + 1)
            self.assertTrue(report["complete"])
            counts = {call["name"]: sum(call["counts"].values()) for call in report["calls"]}
            self.assertEqual(counts["exit_group"], processes + 1)
            self.assertEqual(counts["getpriority"], processes, "and each did what it had to")

    def test_full_disk(self):
        """There is either the whole recording afterwards, or what was there before."""
        disk = self.folder / "disk"
        disk.mkdir()
        mount = f"mount -t tmpfs -o size=16k,nr_inodes=10 none {disk}"
        fill = f"dd if=/dev/zero of={disk}/zeros bs=4k count=3 2> /dev/null"
        look = f"status=$?; cat {disk}/r.jsonl; ls {disk} >&2; exit $status"
        whole = self.folder / "whole.jsonl"
        record("-o", whole, "--", "true")
        before = self.folder / "before.jsonl"  # a recording that fits into what is left
        before.write_text("".join(line for line in whole.read_text().splitlines(keepends=True)
                                  if json.loads(line)["record"] in ("run", "end")))
        for there, option in ((False, ""), (False, "--append"), (True, ""), (True, "--append")):
            script = f"{mount}; {fill}; " + (f"cp {before} {disk}/r.jsonl; " if there else "")
            done = subprocess.run(["unshare", "-m", "sh", "-c", f'{script} "$@"; {look}', "sh", CALLGATE, "record",
                                   *option.split(), "-o", disk / "r.jsonl", "--", "ls", "/"], capture_output=True, text=True,
                                  timeout=LIMIT)
            if "permission denied" in done.stderr:
                self.skipTest("no mounts of our own here")
            self.assertEqual(done.returncode, 125, done.stderr)
            self.assertIn("no space left on device", done.stderr)
            left = done.stdout[done.stdout.find('{"record"'):] if '{"record"' in done.stdout else ""
            self.assertEqual(left, before.read_text() if there else "")
            self.assertEqual(set(done.stderr.splitlines()[-2:]) & {"r.jsonl", "zeros"},
                             {"r.jsonl", "zeros"} if there else {"zeros"}, done.stderr)


if __name__ == "__main__":
    done = unittest.main(argv=sys.argv[:1], verbosity=1, exit=False).result
    sys.exit(77 if done.wasSuccessful() and done.skipped else not done.wasSuccessful())
