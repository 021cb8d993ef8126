"""callgate run --oci: bundles under the real crun. What is in force is dumped from the live container: byte for byte what
was compiled, and proved equal to the profile."""
# SPDX-License-Identifier: Apache-2.0
import base64
import errno
import json
import os
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from containers import (
    CALLGATE, DATA, Engine, EngineTest, crun_command, dump_filters, need, need_engines, prove, run, seccomp_mode, wait_for)
from delivery import ANNOTATION, FAILS_OPEN, GETPPID, POLICY, TEE, UNTOUCHED, compiled
from dump_filters import PTRACE_DETACH, PTRACE_INTERRUPT, PTRACE_SEIZE, WALL, _ptrace


def leftovers(folder):
    """Containers that crun knows."""
    return [path for root in Path(folder).glob("*state*") for path in root.iterdir() if not path.name.startswith(".")]


def subject_of(path):
    return json.loads(Path(path).read_text(encoding="utf-8"))


class Bundles(EngineTest):
    """callgate run --oci."""

    @classmethod
    def setUpClass(cls):
        need_engines("crun", "unshare")

    def setUp(self):
        super().setUp()
        self.crun = Engine("crun", self.folder)
        self.state = self.folder / "crun-state"
        self.runtime = crun_command(self.folder)
        self.options = ["--runtime", self.runtime, "--runtime-flag", f"root={self.state}", "--runtime-flag",
                        "cgroup-manager=cgroupfs"]

    def words(self, bundle, *options):
        return [CALLGATE, "run", "--oci", str(bundle), *self.options, *options]

    def answer(self, seccomp, call, *options):
        bundle, _ = self.crun.bundle(seccomp, call)
        done = run(*self.words(bundle, *options))
        self.assertEqual(leftovers(self.folder), [])
        return done.returncode, done.stdout

    def first(self, bundle, *options):
        """The first process of a bundle that stays, and the callgate that became crun."""
        runner = subprocess.Popen(self.words(bundle, "--id", "stays", *options), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(runner.stdout.close)
        self.addCleanup(runner.wait)
        self.addCleanup(run, *self.crun.command, "delete", "--force", "stays")

        def running():
            if runner.poll() is not None:
                self.fail(runner.stdout.read())
            done = run(*self.crun.command, "state", "stays")
            pid = json.loads(done.stdout).get("pid", 0) if done.returncode == 0 else 0
            in_container = pid and Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "contained"
            return pid if in_container and seccomp_mode(pid) == 2 else 0
        pid = wait_for(running, 30)
        self.assertTrue(pid, "no container")
        return pid, runner

    def look(self, pid, expected):
        """Dumps the filters, once the hook of --verify is done with the same: a process has one tracer."""
        def undisturbed():
            try:
                return dump_filters(pid)
            except PermissionError:
                return None
        self.assertEqual(wait_for(undisturbed, 10), [expected])

    @staticmethod
    def proved(subject, pid, engine):
        answer = prove(subject, f"pid:{pid}", engine)
        return None if answer[0] == 4 else answer  # somebody else traced it

    def check(self, seccomp, expected, subject, engine, *options):
        bundle, _ = self.crun.bundle(seccomp)
        before = (bundle / "config.json").read_bytes()
        pid, runner = self.first(bundle, *options)
        self.look(pid, expected)
        status, answer = wait_for(lambda: self.proved(subject, pid, engine), 10)
        self.assertEqual(status, 0, answer)
        if POLICY in (seccomp, subject_of(subject)):  # another process of the container is under it, too
            self.assertEqual(run(*self.crun.command, "exec", "stays", "/contained", GETPPID).returncode, 77)
        self.assertEqual((bundle / "config.json").read_bytes(), before, "the user's bundle")
        self.assertNotIn("memfd:", " ".join(os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")))
        run(*self.crun.command, "kill", "stays", "KILL")
        self.assertEqual(runner.wait(20), 128 + signal.SIGKILL, runner.stdout.read())
        self.assertTrue(wait_for(lambda: not leftovers(self.folder), 10), leftovers(self.folder))

    def test_own_profile(self):
        policy = self.write("policy.json", POLICY)
        self.check(POLICY, compiled(policy, "crun"), policy, "crun")

    def test_docker_default(self):
        default = self.folder / "default.json"
        run(CALLGATE, "convert", "--lossy", "--to", "oci", "docker-default", "-o", default)
        seccomp = json.loads(default.read_text(encoding="utf-8"))
        self.check(seccomp, compiled(default, "crun"), default, "crun")

    def test_seed_profile(self):
        profile = DATA / "seed" / "restrictive.json"
        seccomp = json.loads(profile.read_text(encoding="utf-8"))
        self.check(seccomp, compiled(profile, "crun"), profile, "crun")

    def test_other_profile(self):
        """--profile in place of a bundle's own, and where the bundle has none; --filter; --verify."""
        policy = self.write("policy.json", POLICY)
        ready = self.folder / "policy.bpf"
        ready.write_bytes(compiled(policy, "docker"))
        for seccomp in ({"defaultAction": "SCMP_ACT_ALLOW"}, None):
            for options in (["--profile", policy], ["--filter", ready], ["--profile", policy, "--verify"]):
                with self.subTest(seccomp=seccomp, options=options[0]):
                    self.check(seccomp, compiled(policy, "docker"), policy, "docker", *map(str, options))

    def test_what_libseccomp_gets_wrong(self):
        status = self.crun.call(FAILS_OPEN, *UNTOUCHED)
        self.assertEqual(status, 99, "libseccomp was right: find another case")
        self.assertEqual(self.answer(FAILS_OPEN, UNTOUCHED), (errno.EBADF, ""))
        for call in ((TEE, 0, 0x200000000, 0x100000000), (TEE, 0, 5, 0)):
            self.assertEqual(self.answer(FAILS_OPEN, call), (99, ""))

    def test_capabilities_of_the_bundle(self):
        """Docker's profile allows what the bundle's bounding set brings."""
        bundle, _ = self.crun.bundle(None, (165, 0, 0, 0, 0, 0))  # mount
        path = bundle / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(run(*self.words(bundle, "-p", "docker-default")).returncode, errno.EPERM)
        for kind in config["process"]["capabilities"]:
            config["process"]["capabilities"][kind] = ["CAP_SYS_ADMIN"]
        path.write_text(json.dumps(config), encoding="utf-8")
        self.assertNotIn(run(*self.words(bundle, "-p", "docker-default")).returncode, (0, errno.EPERM, errno.ENOSYS))

    def busybox(self, script):
        """A bundle of nothing but a static busybox, whose shell runs `script`."""
        need(shutil.which("busybox"), "busybox-static is not installed")
        bundle, _ = self.crun.bundle(POLICY)
        (bundle / "rootfs" / "bin").mkdir(exist_ok=True)
        shutil.copy(shutil.which("busybox"), bundle / "rootfs" / "bin" / "busybox")
        path = bundle / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["process"].update(args=["/bin/busybox", "sh", "-c", script], env=["PATH=/bin", "WHO=bundle"])
        path.write_text(json.dumps(config), encoding="utf-8")
        return bundle

    def test_streams_and_status(self):
        script = 'read line; echo "$line from $WHO"; echo wrong >&2; busybox ls /proc/self/fd >&2; exit 7'
        done = subprocess.run(self.words(self.busybox(script)), input="hello\n", capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (7, "hello from bundle\n"), done.stderr)
        # The program sees its three streams, and the descriptor that ls(1) itself has open.
        self.assertEqual(done.stderr.split(), ["wrong", "0", "1", "2", "3"])
        self.assertEqual(leftovers(self.folder), [])

    def test_verified_too_late(self):
        """A program that has ended before it is looked at has its own status."""
        bundle, _ = self.crun.bundle(POLICY, (GETPPID,))
        done = run(*self.words(bundle, "--verify"))
        self.assertEqual((done.returncode, done.stdout), (77, ""))

    def test_verified_while_traced(self):
        """A process has one tracer; another one's look is waited for, not taken for another filter."""
        policy = self.write("policy.json", POLICY)
        bundle, _ = self.crun.bundle(POLICY)
        pid, _ = self.first(bundle)
        state = {"id": "stays", "pid": pid, "bundle": str(bundle),
                 "annotations": {ANNOTATION: base64.b64encode(compiled(policy, "crun")).decode()}}
        _ptrace(PTRACE_SEIZE, pid)
        _ptrace(PTRACE_INTERRUPT, pid)
        os.waitpid(pid, WALL)
        with subprocess.Popen([CALLGATE, "hook", "poststart"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as hook:
            hook.stdin.write(json.dumps(state))
            hook.stdin.close()
            with self.assertRaises(subprocess.TimeoutExpired):
                hook.wait(0.3)
            _ptrace(PTRACE_DETACH, pid)
            self.assertEqual(hook.wait(20), 0, hook.stdout.read())
        self.assertEqual(dump_filters(pid), [compiled(policy, "crun")], "it lives")

    def test_signals(self):
        script = "trap 'exit 9' TERM; echo ready; while :; do busybox sleep 0.1; done"
        with subprocess.Popen(self.words(self.busybox(script)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True) as runner:
            self.assertEqual(runner.stdout.readline(), "ready\n")
            runner.send_signal(signal.SIGTERM)
            self.assertEqual(runner.wait(30), 9)
        self.assertEqual(leftovers(self.folder), [])

    def test_killed(self):
        """Killed, crun leaves its container, which it still knows; of callgate there is nothing."""
        before = set(os.listdir("/tmp"))
        bundle = self.busybox("echo ready; exec busybox sleep 600")
        with subprocess.Popen(self.words(bundle, "--id", "left"), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True) as runner:
            self.addCleanup(run, *self.crun.command, "delete", "--force", "left")
            self.assertEqual(runner.stdout.readline(), "ready\n")
            runner.kill()
            runner.wait()
            self.assertEqual(run(*self.crun.command, "delete", "--force", "left").returncode, 0)
        self.assertEqual(leftovers(self.folder), [])
        self.assertFalse([name for name in set(os.listdir("/tmp")) - before if "config" in name])

    def test_refused(self):
        listening = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/agent.sock"}
        notified = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]}
        for seccomp, code in ((None, "CG8402"), (listening, "CG8403"), (notified, "CG8403"),
                              ({"defaultAction": "SCMP_ACT_NONE"}, "CG10")):
            with self.subTest(code):
                status, text = self.answer(seccomp, (39,))
                self.assertEqual(status, 125, text)
                self.assertIn(code, text)

    def test_runtimes(self):
        bundle, _ = self.crun.bundle(POLICY, (39,))
        old = self.folder / "old"
        for answer, words in (("crun version 0.17\n+SECCOMP", "0.18"), ("crun version 1.8\n-SECCOMP", "without seccomp"),
                              ("runc version 1.1.5", "not crun")):
            old.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="ascii")
            old.chmod(0o755)
            done = run(CALLGATE, "run", "--oci", bundle, "--runtime", old)
            self.assertEqual(done.returncode, 125, done.stdout)
            self.assertIn("[CG8405]", done.stdout)
            self.assertIn(words, done.stdout)
        done = run(CALLGATE, "run", "--oci", bundle, "--runtime", self.folder / "none")
        self.assertEqual(done.returncode, 127, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
