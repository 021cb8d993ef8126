"""Podman with storage and configuration of the test's own, over crun and over runc."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import resource
import shutil
import subprocess
from pathlib import Path

from containers import (
    CONTAINED, EngineTest, NotStarted, crun_command, need, need_engines, run, seccomp_mode, temporary_folder, wait_for)


class PodmanTest(EngineTest):
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
            'infra_image = "localhost/contained:1"\n'
            f'tmp_dir = "{home}/tmp"\n'
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
        imported = cls.podman("crun", "import", "--change", 'CMD ["/contained"]', home / "image.tar", "contained:1")
        need(imported.returncode == 0, f"podman import: {imported.stdout[-400:]}")

    @classmethod
    def podman(cls, runtime, *words):
        # `kube play` takes a folder of the image's name in the working directory for a place to build it from.
        return run("podman", "--tmpdir", cls.home / "tmp", "--runtime", cls.runtimes[runtime], *words,
                   env=cls.environment, cwd=cls.home)

    def start(self, runtime, *options):
        result = self.podman(runtime, "run", "--detach", "--network", "none", *options, "contained:1", "/contained")
        if result.returncode != 0:
            raise NotStarted(result.stdout[-600:])
        identity = result.stdout.strip().splitlines()[-1]
        self.addCleanup(self.podman, runtime, "rm", "--force", "--time", "0", identity)
        pid = int(self.podman(runtime, "inspect", "--format", "{{.State.Pid}}", identity).stdout)
        wait_for(lambda: seccomp_mode(pid) == 2, 2)
        return identity, pid
