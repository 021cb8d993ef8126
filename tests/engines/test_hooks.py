"""podman --hooks-dir: containers of the real Podman under filters of callgate's. What is in force is dumped from the live
container: byte for byte what was compiled, and proved equal to the profile."""
# SPDX-License-Identifier: Apache-2.0
import base64
import errno
import json
import subprocess
import unittest
from pathlib import Path

from containers import CALLGATE, DATA, dump_filters, prove, run, seccomp_mode, wait_for
from delivery import ANNOTATION, FAILS_OPEN, GETPPID, POLICY, UNTOUCHED, compiled
from podman import PodmanTest


class Hooks(PodmanTest):
    """podman --hooks-dir."""

    def install(self, *options):
        folder = self.folder / f"hooks-{len(list(self.folder.glob('hooks-*')))}"
        folder.mkdir()
        done = run(CALLGATE, "hook", "--install", folder, *options)
        self.assertEqual(done.returncode, 0, done.stdout)
        return folder

    def hooked(self, runtime, hooks, *words):
        return self.podman(runtime, "--hooks-dir", hooks, *words)

    def container(self, hooks, *options):
        done = self.hooked("crun", hooks, "run", "--detach", "--network", "none", *options, "contained:1", "/contained")
        self.assertEqual(done.returncode, 0, done.stdout)
        identity = done.stdout.strip().splitlines()[-1]
        self.addCleanup(self.podman, "crun", "rm", "--force", "--time", "0", identity)
        pid = int(self.podman("crun", "inspect", "--format", "{{.State.Pid}}", identity).stdout)
        return identity, pid

    def config(self, identity):
        path = self.podman("crun", "inspect", "--format", "{{.OCIConfigPath}}", identity).stdout.strip()
        return path, json.loads(Path(path).read_text(encoding="utf-8"))

    def check_live(self, hooks, *options):
        """What is in force is what the annotation holds, and is what the configuration's profile means."""
        identity, pid = self.container(hooks, *options)
        self.assertTrue(wait_for(lambda: seccomp_mode(pid) == 2, 20))
        path, config = self.config(identity)
        given = base64.b64decode(config["annotations"][ANNOTATION])
        self.assertEqual(dump_filters(pid), [given])
        return identity, pid, path, given

    def test_own_profiles(self):
        hooks = self.install("--verify")
        for options in ([], ["--security-opt", f"seccomp={DATA / 'seed' / 'restrictive.json'}"],
                        ["--security-opt", f"seccomp={self.write('policy.json', POLICY)}"]):
            with self.subTest(options):
                _, pid, path, given = self.check_live(hooks, *options)
                self.assertEqual(given, compiled(path, "crun"))
                self.assertEqual(prove(path, f"pid:{pid}", "crun")[0], 0)

    def test_one_profile_for_all(self):
        policy = self.write("policy.json", POLICY)
        hooks = self.install("--profile", policy)
        for options in ([], ["--security-opt", "seccomp=unconfined"], ["--privileged"]):
            with self.subTest(options):
                identity, pid, _, given = self.check_live(hooks, *options)
                self.assertEqual(given, compiled(policy, "docker"))
                self.assertEqual(prove(policy, f"pid:{pid}", "docker")[0], 0)
                done = self.podman("crun", "exec", identity, "/contained", GETPPID)
                self.assertEqual(done.returncode, 77, done.stdout)

    def test_unconfined_stays(self):
        _, pid = self.container(self.install("--verify"), "--security-opt", "seccomp=unconfined")
        self.assertEqual(seccomp_mode(pid), 0)

    def test_what_libseccomp_gets_wrong(self):
        option = ("--security-opt", f"seccomp={self.write('tee.json', FAILS_OPEN)}")
        words = ("run", "--rm", "--network", "none", *option, "contained:1", "/contained", *map(str, UNTOUCHED))
        self.assertEqual(self.podman("crun", *words).returncode, 99)
        done = self.hooked("crun", self.install(), *words)
        self.assertEqual(done.returncode, errno.EBADF, done.stdout)

    def refused(self, runtime, hooks, words, *options):
        done = self.hooked(runtime, hooks, "run", "--name", "never", "--network", "none", *options, "contained:1",
                           "/contained", "39")
        self.addCleanup(self.podman, "crun", "rm", "--force", "--time", "0", "never")
        self.assertNotIn(done.returncode, (0, 39), done.stdout)
        self.assertIn(words, done.stdout)
        self.podman("crun", "rm", "--force", "--time", "0", "never")

    def test_refused(self):
        notify = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_NOTIFY"}]}
        hooks = self.install()
        self.refused("crun", hooks, "CG8403", "--security-opt", f"seccomp={self.write('notify.json', notify)}")
        self.refused("crun", hooks, "CG8404", "--annotation", f"{ANNOTATION}=BgAAAAAA/38=")
        self.refused("runc", hooks, "CG8405")
        # A profile that was good once.
        policy = self.write("policy.json", POLICY)
        hooks = self.install("--profile", policy)
        policy.write_text('{"defaultAction": "SCMP_ACT_ALOW"}', encoding="ascii")
        self.refused("crun", hooks, "policy.json:1:")
        # A profile is not delivered where the first hook is missing.
        hooks = self.install()
        (hooks / "callgate-1-precreate.json").unlink()
        self.refused("crun", hooks, "(exit code: 3)")  # Podman tells no more of crun's hooks

    def test_a_broken_profile_is_not_installed(self):
        broken = self.write("broken.json", {"defaultAction": "SCMP_ACT_ALOW"})
        folder = self.folder / "empty"
        folder.mkdir()
        done = run(CALLGATE, "hook", "--install", folder, "-p", broken)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertEqual(list(folder.iterdir()), [])

    def test_another_filter_in_force(self):
        """poststart kills a container that is not under the filter of its state."""
        identity, pid = self.container(self.install())
        state = {"ociVersion": "1.0", "id": identity, "pid": pid, "bundle": "/", "status": "running",
                 "annotations": {ANNOTATION: base64.b64encode(compiled(self.write("p.json", POLICY), "crun")).decode()}}
        wait_for(lambda: seccomp_mode(pid) == 2, 20)
        done = subprocess.run([CALLGATE, "hook", "poststart"], input=json.dumps(state), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("[CG8407]", done.stdout)
        self.assertTrue(wait_for(lambda: seccomp_mode(pid) is None, 20), "it lives")


del PodmanTest

if __name__ == "__main__":
    unittest.main(verbosity=2)
