#!/usr/bin/env python3
"""`callgate why` against the kernel: programs behave as under `run`, and the report says what was denied.

  test_why.py CALLGATE CALLS CALLS_STATIC

CALLS is why_calls.cpp, linked dynamically and statically. x86_64.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from i386 import only_i386, runs_i386

CALLGATE, CALLS, CALLS_STATIC = sys.argv[1:4]
ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"


def profile(rules, default=ALLOW, **more):
    return {"defaultAction": default, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": rules, **more}


def rule(names, action, **more):
    return {"names": names, "action": action, **more}


class Why(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="callgate-why-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, content, name="p.json"):
        path = self.folder / name
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path

    def callgate(self, *words, **more):
        return subprocess.run([CALLGATE, *map(str, words)], cwd=self.folder, timeout=120, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, **more)

    def why(self, path, *words, reader="oci"):
        """The finished process, and the report."""
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        done = self.callgate("why", "--as", reader, "-p", path, "--format", "json", "-o", report, "--", *words)
        return done, json.loads(report.read_text()) if report.exists() else None

    def denied(self, report):
        return [each["call"] for each in report["denials"]]


class Behaviour(Why):
    """Every answer, for every way to make the call: nothing that the program can see differs from `run`."""

    ANSWERS = {
        "ERRNO(1)": {"action": ERRNO, "errnoRet": 1},
        "ERRNO(0)": {"action": ERRNO, "errnoRet": 0},
        "ERRNO(4095)": {"action": ERRNO, "errnoRet": 4095},
        "KILL_PROCESS": {"action": "SCMP_ACT_KILL_PROCESS"},
        "KILL_THREAD": {"action": "SCMP_ACT_KILL_THREAD"},
        "TRAP": {"action": "SCMP_ACT_TRAP"},
        "TRACE(9)": {"action": "SCMP_ACT_TRACE", "errnoRet": 9},
        "NOTIFY": {"action": "SCMP_ACT_NOTIFY"},
        "LOG": {"action": "SCMP_ACT_LOG"},
    }
    MODES = ["plain", "int80", "handler", "handler80", "blocked", "ignored", "thread", "fork", "vfork", "exec", "many"]
    MODES = [mode for mode in MODES if runs_i386() or not mode.endswith("80")]

    def test_same_as_run(self):
        for answer, action in self.ANSWERS.items():
            path = self.write(profile([{"names": ["getppid"], **action}]))
            for mode in self.MODES:
                for program in (CALLS, CALLS_STATIC) if mode in ("plain", "thread") else (CALLS,):
                    with self.subTest(answer=answer, mode=mode, static=program == CALLS_STATIC):
                        run = self.callgate("run", "--as", "oci", "-p", path, "--", program, mode)
                        why, report = self.why(path, program, mode)
                        self.assertEqual(why.stdout, run.stdout)
                        self.assertEqual(why.returncode, run.returncode)
                        self.assertEqual(set(self.denied(report)), {"getppid"})
                        self.assertEqual({each["action"] for each in report["denials"]}, {answer})
                        arch = "x86" if mode.endswith("80") else "x86_64"
                        self.assertEqual({each["arch"] for each in report["denials"]}, {arch})
                        if mode == "many" and answer.startswith("ERRNO"):
                            self.assertEqual(report["denials"][0]["count"], 1000)

    @only_i386
    def test_architecture_that_is_not_listed(self):
        path = self.write({"defaultAction": ALLOW, "architectures": ["SCMP_ARCH_X86_64"]} |
                          {"syscalls": [rule(["mount"], ERRNO)]})
        run = self.callgate("run", "--as", "oci", "-p", path, "--", CALLS, "int80")
        why, report = self.why(path, CALLS, "int80")
        self.assertEqual((why.stdout, why.returncode), (run.stdout, run.returncode))
        self.assertEqual(report["denials"][0]["decided_by"]["kind"], "architecture")

    @only_i386
    def test_program_of_32_bits(self):
        source = self.folder / "tiny.s"
        source.write_text(".globl _start\n_start: mov $64, %eax\n int $0x80\n neg %eax\n mov %eax, %ebx\n mov $1, %eax\n"
                          " int $0x80\n", encoding="utf-8")
        tiny = self.folder / "tiny"
        subprocess.run(["cc", "-m32", "-nostdlib", "-static", "-o", tiny, source], check=True, timeout=60)
        for action in ({"action": ERRNO, "errnoRet": 9}, {"action": "SCMP_ACT_KILL_PROCESS"}):
            path = self.write(profile([{"names": ["getppid"], **action}]))
            run = self.callgate("run", "--as", "oci", "-p", path, "--", tiny)
            why, report = self.why(path, tiny)
            self.assertEqual(why.returncode, run.returncode)
            self.assertEqual([(d["call"], d["arch"]) for d in report["denials"]], [("getppid", "x86")])

    def test_failed_starts_are_the_same(self):
        no_execve = self.write(profile([rule(["execve"], ERRNO)]), "no-execve.json")
        (self.folder / "text").write_text("x")
        for words in (["missing-program"], ["./text"], ["true"]):
            path = no_execve if words == ["true"] else self.write(profile([]))
            run = self.callgate("run", "-p", path, "--", *words)
            why = self.callgate("why", "-p", path, "--", *words)
            self.assertEqual((why.returncode, why.stderr), (run.returncode, run.stderr))
            self.assertIn(why.returncode, (125, 126, 127))

    def test_signals_go_to_the_program(self):
        path = self.write(profile([rule(["getppid"], ERRNO)]))
        script = "trap 'echo got; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
        with subprocess.Popen([CALLGATE, "why", "-p", path, "--", "sh", "-c", script], cwd=self.folder, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            self.assertEqual(process.stdout.readline(), "ready\n")
            process.terminate()
            self.assertEqual(process.stdout.readline(), "got\n")
            self.assertEqual(process.wait(60), 5)


class Sealed(Why):
    """Seals are as under `run`, and so is what the program sees."""

    SEALS = [["--seal", "all"], ["--seal", "process"], ["--seal", "file,net,memory", "--no-exec-mem"]]

    def both(self, path, seals, words, callgate=CALLGATE, **who):
        report = self.folder / "open" / "report.json"
        report.parent.mkdir(exist_ok=True)
        report.parent.chmod(0o777)
        report.unlink(missing_ok=True)
        out = []
        for command in (["run"], ["why", "--format", "json", "-o", report]):
            out.append(subprocess.run([str(callgate), *map(str, command), "--as", "oci", "-p", str(path), *seals, "--", *map(str, words)],
                                      cwd="/", timeout=120, text=True, stdin=subprocess.DEVNULL, capture_output=True, **who))
        run, why = out
        self.assertEqual((why.stdout, why.returncode), (run.stdout, run.returncode))
        return why, json.loads(report.read_text())

    def test_same_as_run(self):
        for answer in ("ERRNO(1)", "KILL_PROCESS", "KILL_THREAD", "TRAP", "NOTIFY"):
            path = self.write(profile([{"names": ["getppid"], **Behaviour.ANSWERS[answer]}]))
            for seals in self.SEALS:
                for mode in ("plain", "handler", "thread", "fork"):
                    with self.subTest(answer=answer, seals=seals, mode=mode):
                        command = ["run", "--as", "oci", "-p", path, *seals, "--", CALLS, mode]
                        run = self.callgate(*command)
                        report = self.folder / "report.json"
                        why = self.callgate("why", "--format", "json", "-o", report, *command[1:])
                        self.assertEqual((why.stdout, why.returncode), (run.stdout, run.returncode))
                        denials = json.loads(report.read_text())["denials"]
                        self.assertEqual({(each["call"], each["action"]) for each in denials}, {("getppid", answer)})

    def test_what_a_seal_denies(self):
        path = self.write(profile([rule(["getpriority"], ERRNO, errnoRet=7)]))
        program = ("import os\n"
                   "for f in (lambda: os.memfd_create('x'), lambda: os.getpriority(0, 0)):\n"
                   "  try: f()\n"
                   "  except OSError as e: print(e.errno)\n")
        why, report = self.both(path, ["--seal", "memory", "--no-exec-mem"], [sys.executable, "-c", program])
        self.assertEqual((why.returncode, why.stdout), (0, "1\n7\n"))
        by_call = {each["call"]: each for each in report["denials"]}
        self.assertEqual(by_call["memfd_create"]["decided_by"]["kind"], "seal")
        self.assertIsNone(by_call["memfd_create"]["change"])
        self.assertEqual(by_call["getpriority"]["decided_by"]["kind"], "rule")
        self.assertNotIn("memfd_create", report["diff"])

    def test_without_any_right(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        self.folder.chmod(0o755)
        for source, name in ((CALLGATE, "callgate"), (CALLS_STATIC, "calls")):
            shutil.copy(source, self.folder / name)
        path = self.write(profile([{"names": ["getppid"], **Behaviour.ANSWERS["KILL_PROCESS"]}]))
        seals = ["--seal", "all", "--ro", str(self.folder)]
        why, report = self.both(path, seals, [self.folder / "calls", "plain"], self.folder / "callgate", user=65534, group=65534,
                                extra_groups=[])
        self.assertEqual(why.returncode, 159)
        self.assertEqual(self.denied(report), ["getppid"])

    def test_refusals(self):
        path = self.write(profile([]))
        for words in (["--seal", "nothing"], ["--seal", "file", "--ro", "/nowhere"], ["--rw", "/tmp"]):
            run = self.callgate("run", "-p", path, *words, "--", "true")
            why = self.callgate("why", "-p", path, *words, "--", "true")
            self.assertEqual((why.returncode, why.stderr), (run.returncode, run.stderr))
            self.assertEqual(why.returncode, 125)
        why = self.callgate("why", "--seal", "all", "--log", path)
        self.assertEqual(why.returncode, 2)
        self.assertIn("seals are for CMD", why.stderr)


class Programs(Why):
    """Real programs: what is told of them."""

    def restrictive(self):
        """The profile called `restrictive`, as a file of one's own."""
        path = self.folder / "restrictive.json"
        done = self.callgate("convert", "restrictive", "--to", "oci", "--lossy", "-o", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return path

    def mend(self, path, report):
        """The profile with the report's change in it."""
        patch = self.folder / "change.patch"
        patch.write_text(report["diff"], encoding="utf-8")
        done = subprocess.run(["patch", "--silent", path, patch], cwd=self.folder, text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_nginx_under_the_restrictive_profile(self):
        path = self.restrictive()
        done, report = self.why(path, "/usr/sbin/nginx", "-v", reader="runc")
        self.assertEqual(done.returncode, 127)
        self.assertEqual(done.stderr, "", "what the loader has to say is denied, too")
        by_call = {each["call"]: each for each in report["denials"]}
        self.assertIn("dynamic loader", by_call["pread64"]["meanings"][0]["text"])
        self.assertIn("libc", " ".join(arg["text"] for arg in by_call["pread64"]["args"]) + str(by_call))
        self.assertIn("not seen", by_call["writev"]["meanings"][0]["text"])
        self.assertTrue(by_call["writev"]["next"].endswith("exited with 127"))
        # Round by round what is denied is admitted, until the program runs.
        for _ in range(8):
            self.mend(path, report)
            done, report = self.why(path, "/usr/sbin/nginx", "-v", reader="runc")
            if not report["diff"]:
                break
        self.assertEqual(done.returncode, 0, report)
        self.assertIn("nginx/", done.stderr)

    def test_ls_arguments_and_backtrace(self):
        path = self.write(profile([rule(["getdents64"], ERRNO), rule(["openat"], ERRNO, args=[
            {"index": 2, "value": os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_DIRECTORY, "op": "SCMP_CMP_EQ"}])]))
        done, report = self.why(path, "ls", str(self.folder))
        self.assertEqual(done.returncode, 2)
        denial = report["denials"][0]
        self.assertEqual(denial["call"], "openat")
        self.assertIn(f'"{self.folder}"', denial["text"])
        self.assertIn("O_DIRECTORY", denial["text"])
        self.assertEqual(denial["outcome"], "returned -1 EPERM")
        self.assertEqual(denial["decided_by"]["file"], str(path))
        self.assertTrue(denial["decided_by"]["line"] > 1)
        libraries = [frame["library"].rsplit("/", 1)[-1] for frame in denial["backtrace"]]
        self.assertIn("libc.so.6", libraries)
        self.assertIn("ls", libraries)
        self.assertTrue(any("open" in frame["function"] for frame in denial["backtrace"]))
        self.mend(path, report)
        done, report = self.why(path, "ls", str(self.folder))
        self.assertEqual(self.denied(report), ["getdents64"])

    def test_python_threads_and_sockets(self):
        path = self.write(profile([
            rule(["clone3"], ERRNO, errnoRet=38),
            rule(["connect"], "SCMP_ACT_ERRNO", errnoRet=13)]))
        program = ("import socket, threading\n"
                   "def f():\n"
                   "  s = socket.socket()\n"
                   "  try: s.connect(('127.0.0.1', 9))\n"
                   "  except PermissionError: print('refused')\n"
                   "t = threading.Thread(target=f); t.start(); t.join()\n")
        done, report = self.why(path, sys.executable, "-c", program)
        self.assertEqual((done.returncode, done.stdout), (0, "refused\n"))
        by_call = {each["call"]: each for each in report["denials"]}
        self.assertIn("{AF_INET, 127.0.0.1:9}", by_call["connect"]["text"])
        self.assertNotEqual(by_call["connect"]["thread"], by_call["connect"]["process"])
        self.assertTrue(by_call["clone3"]["meanings"][0]["harmless"])
        self.assertIn("CLONE_THREAD", by_call["clone3"]["text"])
        self.assertTrue(by_call["clone3"]["next"].startswith("called clone"))
        self.assertNotIn("clone3", report["diff"], "what programs do without is not offered")

    def test_text_goes_beside_the_output(self):
        path = self.write(profile([rule(["getppid"], ERRNO)]))
        done = self.callgate("why", "-p", path, "--", CALLS)
        self.assertTrue(done.stdout.endswith("end\n"))
        self.assertIn("getppid() → ERRNO(1): fails with EPERM", done.stderr)
        done = self.callgate("why", "-p", path, "--format", "json", "--", CALLS)
        self.assertEqual(json.loads(done.stdout)["exit_status"], 7)
        self.assertIn("end\n", done.stderr)

    def test_own_filters(self):
        """The kernel takes the stricter of two answers, and of two errors the newer filter's."""
        inner = self.write(profile([rule(["getppid"], ERRNO, errnoRet=5)]), "inner.json")
        for action, told in ((rule(["getppid"], ERRNO), False), (rule(["getppid"], "SCMP_ACT_KILL_PROCESS"), True),
                             (rule(["getppid"], "SCMP_ACT_KILL_THREAD"), True),
                             (rule(["getppid"], "SCMP_ACT_TRAP"), True)):
            path = self.write(profile([action]))
            for mode in ("plain", "fork", "thread", "handler", *(["int80"] if runs_i386() else [])):
                with self.subTest(action=action, mode=mode):
                    words = [CALLGATE, "run", "--as", "oci", "-p", inner, "--", CALLS, mode]
                    run = self.callgate("run", "--as", "oci", "-p", path, "--", *words)
                    done, report = self.why(path, *words)
                    self.assertEqual((done.stdout, done.returncode), (run.stdout, run.returncode))
                    self.assertEqual(self.denied(report) != [], told, report["denials"])
                    self.assertTrue(any("filters of its own" in note for note in report["notes"]), report["notes"])


class Evidence(Why):
    """What is left after the fact says the same."""

    def test_core_file(self):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern")
        before = pattern.read_text(encoding="utf-8")
        if before.startswith("|") or "/" in before:
            try:
                pattern.write_text("core\n", encoding="utf-8")
            except OSError as error:
                self.skipTest(f"core files go elsewhere: {before.strip()} ({error})")
            self.addCleanup(pattern.write_text, before, encoding="utf-8")
        path = self.write(profile([rule(["mkdir"], "SCMP_ACT_KILL_PROCESS")]))
        target = self.folder / "made"
        self.callgate("run", "-p", path, "--", "sh", "-c", f"ulimit -c unlimited; exec mkdir {target}")
        (core,) = self.folder.glob("core*")
        done = self.callgate("why", "--core", core, "-p", path, "--format", "json")
        self.assertEqual(done.returncode, 1, done.stderr)
        (denial,) = json.loads(done.stdout)["denials"]
        self.assertEqual(denial["text"], f'mkdir(pathname="{target}", mode=0777)')
        self.assertEqual(denial["decided_by"]["kind"], "rule")
        self.assertTrue(any(frame["function"] == "mkdir" for frame in denial["backtrace"]), denial["backtrace"])

    def test_recording(self):
        path = self.write(profile([rule(["getppid"], ERRNO, errnoRet=13)]))
        log = self.folder / "strace.log"
        done = subprocess.run(["strace", "-f", "-o", log, CALLGATE, "run", "-p", path, "--", CALLS, "many"],
                              cwd=self.folder, text=True, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 7, done.stderr)
        done = self.callgate("why", "--strace", log, "-p", path, "--format", "json")
        (denial,) = json.loads(done.stdout)["denials"]
        self.assertEqual((denial["call"], denial["count"], denial["action"]), ("getppid", 1001, "ERRNO(13)"))

    def test_kernel_log(self):
        path = self.write(profile([rule(["getppid"], "SCMP_ACT_KILL_PROCESS")]))
        if not os.access("/dev/kmsg", os.R_OK):
            self.skipTest("/dev/kmsg cannot be read")
        # Without netlink's messages the log is listened to, which takes ten records in five seconds, of other tests, too.
        listener = subprocess.Popen([CALLGATE, "why", "--log", "live", "--for", "6", "--format", "json"],
                                    stdout=subprocess.PIPE, text=True)
        self.addCleanup(listener.wait)
        for _ in range(5):
            self.callgate("run", "-p", path, "--", CALLS)
            try:
                listener.wait(1)
            except subprocess.TimeoutExpired:
                pass
        listened = json.loads(listener.communicate(timeout=60)[0])
        self.assertTrue(any(each["call"] == "getppid" and each["action"] == "KILL_PROCESS"
                            for each in listened["denials"]), listened)
        done = self.callgate("why", "--log", "kernel", "--format", "json")
        self.assertIn(done.returncode, (0, 1), done.stderr)  # what it holds is up to the machine

    def test_live_process(self):
        path = self.write(profile([rule(["getppid", "mount"], ERRNO)]))
        with subprocess.Popen([CALLGATE, "run", "-p", path, "--", "sh", "-c", "echo $$; exec sleep 60"],
                              stdout=subprocess.PIPE, text=True) as process:
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            pid = process.stdout.readline().strip()
            done = self.callgate("why", "--pid", pid, "--format", "json")
            notes = "\n".join(json.loads(done.stdout)["notes"])
            self.assertIn("filters in force in it, newest first: 1", notes)
            self.assertIn("2 calls ERRNO(1)", notes)
            process.terminate()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
