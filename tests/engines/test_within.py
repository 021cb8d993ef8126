"""callgate-static as the first process of containers that hold nothing but it and a program: under Docker, Podman, crun
and runc, with the container's own filter in force. The program is then under both: the container's, unchanged, and one
that is proved equal to our policy."""
# SPDX-License-Identifier: Apache-2.0
import errno
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import (
    CALLGATE, CONTAINED, Engine, EngineTest, dump_filters, need, need_engines, prove, run, temporary_folder, wait_for)
from podman import PodmanTest
from test_docker import Daemons

STATIC = os.environ.get("CALLGATE_STATIC", "")
GETPPID, ADD_KEY, OURS = 110, 248, 77
POLICY = {"defaultAction": "SCMP_ACT_ALLOW",
          "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": OURS}]}


def fill(root):
    """A root with three files; no /proc, /dev, /tmp, no shell."""
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "-o", root / "callgate", STATIC], check=True)
    shutil.copy(CONTAINED, root / "contained")
    (root / "policy.json").write_text(json.dumps(POLICY), encoding="ascii")
    subprocess.run([CALLGATE, "compile", root / "policy.json", "--as", "oci", "-o", root / "policy.bpf"], check=True)


def encoded(policy):
    """Its filter as crun's annotation takes it."""
    return run(CALLGATE, "compile", policy, "--as", "oci", "--emit", "base64").stdout.strip()


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def filters_so_far(pid):
    """None of a process that cannot be looked at right now: it is about to execute, or has ended."""
    try:
        return len(dump_filters(pid))
    except OSError:
        return 0


class Within:
    """What holds in a container of any engine. `answer(words, user)`: status and output of a container that runs them;
    `first(words, user)`: the first process of one that stays."""

    def look(self, user, how):
        first = self.first(["/callgate", "run", *how, "--as", "oci", "--", "/contained"], user)
        inner = wait_for(lambda: [pid for pid in children(first) if filters_so_far(pid) == 2], 20)
        self.assertTrue(inner, "the program is not under two filters")
        outer, both = dump_filters(first), dump_filters(inner[0])
        self.assertEqual(len(outer), 1)
        self.assertEqual(both[0], outer[0], "the container's filter")
        ours = self.folder / "ours.bpf"
        ours.write_bytes(both[1])
        policy = self.write("policy.json", POLICY)
        status, text = prove(policy, ours, "oci")
        self.assertEqual(status, 0, text)
        self.assertEqual(prove(policy, self.outer_only(both[0]), "oci")[0], 1)

    def outer_only(self, program):
        path = self.folder / "outer.bpf"
        path.write_bytes(program)
        return path

    def check_both_filters(self):
        for user in (0, 1000):
            for how in (["--profile", "/policy.json"], ["--filter", "/policy.bpf"]):
                with self.subTest(user=user, how=how[0]):
                    self.look(user, how)

    def check_calls(self):
        inner = ["/callgate", "run", "-p", "/policy.json", "--as", "oci", "--", "/contained"]
        for user in (0, 1000):
            for words, status in (([GETPPID], OURS), ([ADD_KEY, 0, 0, 0, 0], self.OUTER), ([39], 0)):
                with self.subTest(user=user, call=words[0]):
                    found, text = self.answer([*inner, *words], user)
                    self.assertEqual(found, status, text)
        found, text = self.answer(["/contained", ADD_KEY, 0, 0, 0, 0], 0)
        self.assertEqual(found, self.OUTER, text)
        found, text = self.answer(["/contained", GETPPID], 0)
        self.assertEqual(found, 0, text)

    OUTER = errno.EPERM  # the container's filter for add_key
    # What the container's default filter, capabilities and mounts leave possible.
    POSSIBLE = ()

    def check_all_seals(self, *options):
        """A container that leaves namespaces and /proc alone: all seals hold, for root and for others."""
        for user in (0, 1000):
            words = ["/callgate", "run", "-p", "/policy.json", "--as", "oci", "--seal", "all", "--", "/contained", GETPPID]
            with self.subTest(user=user):
                status, text = self.answer(words, user, *options)
                self.assertEqual((status, text), (OURS, ""))

    def check_seals(self):
        """A seal holds, or it is said what is not possible here and nothing is started; with --best-effort the program
        is started without that."""
        for user in (0, 1000):
            for seal in ("process", "file", "net", "all"):
                with self.subTest(user=user, seal=seal):
                    words = ["/callgate", "run", "-p", "/policy.json", "--as", "oci", "--seal", seal]
                    program = ["--", "/contained", GETPPID]
                    status, text = self.answer([*words, *program], user)
                    if seal in self.POSSIBLE:
                        self.assertEqual(status, OURS, text)
                        continue
                    self.assertEqual(status, 125, text)
                    self.assertIn("[CG5009]", text)
                    status, text = self.answer([*words, "--best-effort", *program], user)
                    self.assertEqual(status, OURS, text)
                    self.assertIn("[CG5010]", text)

    def test_both_filters(self):
        self.check_both_filters()

    def test_calls(self):
        self.check_calls()

    def test_seals(self):
        self.check_seals()


class WithinDocker(Within, EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        need(STATIC, "CALLGATE_STATIC names the program under test")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.daemons.start()
        fill(cls.daemons.folder / "within")
        archive = cls.daemons.folder / "within.tar"
        subprocess.run(["tar", "-C", cls.daemons.folder / "within", "-cf", archive, "."], check=True)
        imported = run(*cls.daemons.client, "import", archive, "within:1")
        need(imported.returncode == 0, imported.stdout)

    def docker(self, *words, user):
        return run(*self.daemons.client, "run", "--network", "none", "--read-only", "--user", f"{user}:{user}", *words)

    def answer(self, words, user, *options):
        done = self.docker("--rm", *options, "within:1", *words, user=user)
        return done.returncode, done.stdout

    def first(self, words, user):
        done = self.docker("--detach", "within:1", *words, user=user)
        self.assertEqual(done.returncode, 0, done.stdout)
        identity = done.stdout.strip().splitlines()[-1]
        self.addCleanup(run, *self.daemons.client, "rm", "--force", identity)
        return int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", identity).stdout)

    def test_all_seals(self):
        self.check_all_seals("--security-opt", "systempaths=unconfined", "--security-opt", "seccomp=unconfined")


class WithinPodman(Within, PodmanTest):
    # Its default filter lets everybody make user namespaces; a new /proc may not show what the old one hides.
    POSSIBLE, OUTER = ("file", "net"), errno.ENOSYS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need(STATIC, "CALLGATE_STATIC names the program under test")
        fill(cls.home / "within")
        subprocess.run(["tar", "-C", cls.home / "within", "-cf", cls.home / "within.tar", "."], check=True)
        imported = cls.podman("crun", "import", cls.home / "within.tar", "within:1")
        need(imported.returncode == 0, imported.stdout)

    def answer(self, words, user, *options):
        done = self.podman("crun", "run", "--rm", "--network", "none", "--read-only", "--user", f"{user}:{user}",
                           *options, "within:1", *words)
        return done.returncode, done.stdout

    def first(self, words, user):
        done = self.podman("crun", "run", "--detach", "--network", "none", "--user", f"{user}:{user}", "within:1", *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        identity = done.stdout.strip().splitlines()[-1]
        self.addCleanup(self.podman, "crun", "rm", "--force", "--time", "0", identity)
        return int(self.podman("crun", "inspect", "--format", "{{.State.Pid}}", identity).stdout)

    def test_all_seals(self):
        self.check_all_seals("--security-opt", "unmask=ALL")

    def test_filter_by_annotation(self):
        """crun loads a filter of callgate's in place of one that libseccomp would make."""
        done = self.podman("crun", "run", "--detach", "--network", "none", "--annotation",
                           f"run.oci.seccomp_bpf_data={encoded(self.write('policy.json', POLICY))}", "within:1", "/contained")
        self.assertEqual(done.returncode, 0, done.stdout)
        identity = done.stdout.strip().splitlines()[-1]
        self.addCleanup(self.podman, "crun", "rm", "--force", "--time", "0", identity)
        pid = int(self.podman("crun", "inspect", "--format", "{{.State.Pid}}", identity).stdout)
        wait_for(lambda: dump_filters(pid), 20)
        self.assert_equal_to_process(self.folder / "policy.json", pid, "oci")


class WithinRuntime(Within):
    @classmethod
    def setUpClass(cls):
        need_engines(cls.NAME, "unshare")
        need(STATIC, "CALLGATE_STATIC names the program under test")

    def configure(self, words, user):
        """A bundle with Docker's default profile, as this runtime gets it, without any mount."""
        self.states = getattr(self, "states", 0) + 1
        engine = Engine(self.NAME, self.folder, f"state-{self.states}")
        default = self.folder / "default.json"
        if not default.exists():
            done = run(CALLGATE, "convert", "--lossy", "--to", "oci", "docker-default", "-o", default)
            self.assertTrue(default.exists(), done.stdout)
        bundle, identity = engine.bundle(json.loads(default.read_text(encoding="ascii")))
        if not (bundle / "rootfs" / "callgate").exists():
            fill(bundle / "rootfs")
        path = bundle / "config.json"
        config = json.loads(path.read_text(encoding="utf-8"))
        config["process"].update(args=[str(word) for word in words], user={"uid": user, "gid": user})
        if user != 0:
            config["process"]["capabilities"] = {}
        config["root"]["readonly"] = True
        config["annotations"] = getattr(self, "annotations", {})
        path.write_text(json.dumps(config), encoding="utf-8")
        return engine, bundle, identity

    def answer(self, words, user):
        engine, bundle, identity = self.configure(words, user)
        done = run(*engine.command, "run", "--bundle", bundle, identity)
        return done.returncode, done.stdout

    def first(self, words, user):
        engine, bundle, identity = self.configure(words, user)
        output = self.folder / "output"
        with open(output, "w", encoding="utf-8") as stream:
            status = subprocess.run([*engine.command, "run", "--detach", "--bundle", str(bundle), "--pid-file",
                                     str(bundle / "pid"), identity], stdin=subprocess.DEVNULL, stdout=stream,
                                    stderr=stream, timeout=60, check=False).returncode
        self.assertEqual(status, 0, output.read_text(encoding="utf-8"))
        self.addCleanup(run, *engine.command, "delete", "--force", identity)
        return int((bundle / "pid").read_text(encoding="ascii"))


class WithinCrun(WithinRuntime, EngineTest):
    NAME = "crun"

    def test_filter_by_annotation(self):
        policy = self.write("policy.json", POLICY)
        self.annotations = {"run.oci.seccomp_bpf_data": encoded(policy)}
        pid = self.first(["/contained"], 0)
        wait_for(lambda: dump_filters(pid), 20)
        self.assert_equal_to_process(policy, pid, "oci")


class WithinRunc(WithinRuntime, EngineTest):
    NAME = "runc"


del PodmanTest

if __name__ == "__main__":
    unittest.main(verbosity=2)
