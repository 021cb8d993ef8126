"""Podman with storage and configuration of our own, over crun and over runc: what it puts in force for a profile,
proved against what callgate reads from that file `--as podman` (containers/common's reader, then crun)."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import resource
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import (
    CONTAINED, CORPUS, DATA, EngineTest, NotStarted, crun_command, need, need_corpus, need_engines, prove, run,
    temporary_folder, wait_for, seccomp_mode, without_split_calls)

OWN = ("operators", "one-index-twice", "default-allow", "default-log", "masks", "sockets", "skipped", "x86_64-only",
       "same-call-two-actions")


class Podman(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("podman", "conmon", "crun", "runc", "tar", "unshare")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.home = home = Path(folder.name)
        # Without CAP_SYS_RESOURCE no limit can be raised, which Podman's own defaults would.
        limits = []
        for name, number in (("nofile", resource.RLIMIT_NOFILE), ("nproc", resource.RLIMIT_NPROC)):
            hard = resource.getrlimit(number)[1]
            most = 20000 if hard == resource.RLIM_INFINITY else min(hard, 20000)
            limits.append(f"{name}={most}:{most}")
        (home / "containers.conf").write_text(
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            f'[containers]\nlog_driver = "k8s-file"\ndefault_ulimits = {json.dumps(limits)}\n', encoding="ascii")
        (home / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/graph"\nrunroot = "{home}/run"\n', encoding="ascii")
        cls.environment = {**os.environ, "CONTAINERS_CONF": str(home / "containers.conf"),
                           "CONTAINERS_STORAGE_CONF": str(home / "storage.conf")}
        cls.runtimes = {"crun": crun_command(home), "runc": shutil.which("runc")}
        image = home / "image"
        image.mkdir()
        shutil.copy(CONTAINED, image / "contained")
        subprocess.run(["tar", "-C", image, "-cf", home / "image.tar", "."], check=True)
        imported = cls.podman("crun", "import", home / "image.tar", "contained:1")
        need(imported.returncode == 0, f"podman import: {imported.stdout[-400:]}")

    @classmethod
    def podman(cls, runtime, *words):
        return run("podman", "--tmpdir", cls.home / "tmp", "--runtime", cls.runtimes[runtime], *words,
                   env=cls.environment)

    def start(self, runtime, *options):
        result = self.podman(runtime, "run", "--detach", "--network", "none", *options, "contained:1", "/contained")
        if result.returncode != 0:
            raise NotStarted(result.stdout[-600:])
        identity = result.stdout.strip().splitlines()[-1]
        self.addCleanup(self.podman, runtime, "rm", "--force", "--time", "0", identity)
        pid = int(self.podman(runtime, "inspect", "--format", "{{.State.Pid}}", identity).stdout)
        wait_for(lambda: seccomp_mode(pid) == 2, 2)
        return identity, pid

    def check(self, path):
        """Over crun: our reading. Over runc: the config.json that Podman wrote, read as runc reads it."""
        part = self.known_part(path)
        for runtime in self.runtimes:
            with self.subTest(profile=path.name, runtime=runtime):
                identity, pid = self.start(runtime, "--security-opt", f"seccomp={path}")
                if runtime == "crun":
                    self.assert_equal_to_process(part, pid, "podman")
                self.check_config(identity, pid, runtime)
                self.podman(runtime, "rm", "--force", "--time", "0", identity)

    def check_config(self, identity, pid, runtime):
        name = self.podman(runtime, "inspect", "--format", "{{.OCIConfigPath}}", identity).stdout.strip()
        seccomp = json.loads(Path(name).read_text(encoding="utf-8"))["linux"]["seccomp"]
        part = self.known_part(self.write("config.json", seccomp))
        self.assert_equal_to_process(part, pid, runtime)

    def test_own_profiles(self):
        for stem in OWN:
            self.check(DATA / "engines" / f"{stem}.json")

    def test_seed_profile(self):
        self.check(DATA / "seed" / "restrictive.json")

    def test_public_profiles(self):
        need_corpus()
        for name in ("containers-common/seccomp.json", "moby/default-2026-05-06-3c28324.json"):
            profile = without_split_calls(json.loads((CORPUS / name).read_text(encoding="utf-8")))
            self.check(self.write(Path(name).name, profile))

    def test_own_default(self):
        """Without an option Podman takes the file that its distribution installed, or the default it was built with."""
        installed = Path("/usr/share/containers/seccomp.json")
        identity, pid = self.start("crun")
        self.check_config(identity, pid, "crun")
        if installed.exists():
            self.assert_equal_to_process(self.known_part(installed), pid, "podman")
        status, answer = prove("podman-default", f"pid:{pid}", "podman")
        self.assertIn(status, (0, 1), answer)
        if status == 1:
            print(f"Podman's own default here: {answer['witness']['call']} gets {answer['witness']['b']}, the newest "
                  f"default answers {answer['witness']['a']}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
