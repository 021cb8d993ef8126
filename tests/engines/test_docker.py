"""Docker, a daemon of our own: what `docker run --security-opt seccomp=FILE` puts in force, proved against what
callgate reads from that file `--as docker`; and the daemon's own default, against the default profile of its time."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import (
    CONTAINED, CORPUS, DATA, EngineTest, need, need_corpus, need_engines, prove, run, seccomp_mode, temporary_folder,
    wait_for, without_split_calls)

OWN = ("operators", "one-index-twice", "errnos", "default-allow", "default-log", "default-enosys", "masks", "sockets",
       "skipped", "many-rules", "same-call-two-actions", "x86_64-only", "default-kill-process", "default-trap",
       "small-numbers")


class Daemons:
    """containerd and dockerd with every path below one folder; they are ended by the processes we started."""

    def __init__(self, folder):
        self.folder, self.processes = folder, []
        self.socket = folder / "docker.sock"
        # A client of another version may come first in PATH.
        client = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else shutil.which("docker")
        self.client = [client, "--host", f"unix://{self.socket}"]

    def start(self, *options):
        """`options`: further ones of dockerd."""
        config = self.folder / "containerd.toml"
        config.write_text(
            f'version = 2\nroot = "{self.folder}/ctd-root"\nstate = "{self.folder}/ctd-state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{self.folder}/containerd.sock"\n',
            encoding="ascii")
        self._spawn("containerd", "-c", config)
        need(wait_for((self.folder / "containerd.sock").exists, 20), f"containerd did not start: {self.log()}")
        self._spawn("dockerd", "--containerd", self.folder / "containerd.sock", "--data-root", self.folder / "data",
                    "--exec-root", self.folder / "exec", "-H", f"unix://{self.socket}", "-p",
                    self.folder / "docker.pid", "--iptables=false", "--ip6tables=false", "--bridge=none", *options)
        need(wait_for(lambda: run(*self.client, "version").returncode == 0, 30), f"dockerd did not start: {self.log()}")
        root = self.folder / "image"
        root.mkdir()
        shutil.copy(CONTAINED, root / "contained")
        archive = self.folder / "image.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        imported = run(*self.client, "import", archive, "contained:1")
        need(imported.returncode == 0, imported.stdout)

    def version(self):
        return run(*self.client, "version", "--format", "{{.Server.Version}}").stdout.strip()

    def _spawn(self, *command):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True))

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-1500:]

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        # What containers or the daemon left mounted would keep the folder from being removed.
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
        for point in reversed([line.split()[1] for line in mounts]):
            if point.startswith(f"{self.folder}/"):
                run("umount", "--lazy", point)


class Docker(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.daemons.start()

    def start(self, *options):
        """A container's first process; the container ends with the test."""
        result = run(*self.daemons.client, "run", "--detach", "--network", "none", *options, "contained:1",
                     "/contained")
        self.assertEqual(result.returncode, 0, result.stdout[:600])
        # The client may complain beside it that its own wait was cancelled.
        identity = re.search(r"^[0-9a-f]{64}$", result.stdout, re.MULTILINE)[0]
        state = run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", identity).stdout.strip()
        pid = int(state)
        self.assertGreater(pid, 0, "the container has ended")
        return identity, pid

    def stop(self, identity):
        run(*self.daemons.client, "rm", "--force", identity)

    def check(self, path, *options):
        with self.subTest(profile=path.name):
            identity, pid = self.start("--security-opt", f"seccomp={path}", *options)
            try:
                self.assert_equal_to_process(self.as_daemon(path), pid, "docker", *self.prove_options(options))
                self.check_config(identity, pid)
            finally:
                self.stop(identity)

    def as_daemon(self, path):
        """The profile as far as this machine's libseccomp and this daemon know it: before Docker 23 its profiles had no
        defaultErrnoRet, so the field is dropped without a word. callgate reads as later ones do."""
        path = self.known_part(path)
        profile = json.loads(path.read_text(encoding="utf-8"))
        if not self.daemons.version().startswith("20.10.") or "defaultErrnoRet" not in profile:
            return path
        del profile["defaultErrnoRet"]
        return self.write(f"early-{path.name}", profile)

    @staticmethod
    def prove_options(options):
        return ["--caps", f"default,{options[1]}"] if options else []

    def check_config(self, identity, pid):
        """The config.json that Docker wrote, read as runc reads it, says the same."""
        config = self.daemons.folder / "ctd-state" / "io.containerd.runtime.v2.task" / "moby" / identity / "config.json"
        document = json.loads(config.read_text(encoding="utf-8"))
        part = self.known_part(self.write("config.json", document["linux"]["seccomp"]))
        self.assert_equal_to_process(part, pid, "runc")

    def test_own_profiles(self):
        for stem in OWN:
            self.check(DATA / "engines" / f"{stem}.json")

    def test_seed_profile(self):
        self.check(DATA / "seed" / "restrictive.json")

    def test_default_as_a_file(self):
        need_corpus()
        newest = CORPUS / "moby/default-2026-05-06-3c28324.json"
        path = self.write("newest.json", without_split_calls(json.loads(newest.read_text(encoding="utf-8"))))
        self.check(path)
        self.check(path, "--cap-add", "CAP_SYS_ADMIN")
        for name in ("docker-labs/default.json", "moby/default-2021-01-27-eddb6dc.json"):
            self.check(CORPUS / name)

    def test_own_default(self):
        """Without an option the daemon uses the default it was built with: that of its release, as callgate knows it;
        Debian's 20.10 has an early one, which the newest cannot equal."""
        identity, pid = self.start()
        try:
            self.check_config(identity, pid)
            if not self.daemons.version().startswith("20.10.24"):
                return  # config.json was compared; test_resolve.py finds the name for any release
            status, answer = prove("docker-20.10.18-default", f"pid:{pid}", "docker")
            self.assertEqual(status, 0, answer)
            status, answer = prove("docker-default", f"pid:{pid}", "docker")
            self.assertEqual(status, 1, answer)
        finally:
            self.stop(identity)

    def test_unconfined_and_empty(self):
        """seccomp=unconfined and a profile without default and rules both turn seccomp off."""
        empty = self.write("empty.json", {})
        for word in ("unconfined", str(empty)):
            identity, pid = self.start("--security-opt", f"seccomp={word}")
            try:
                self.assertEqual(seccomp_mode(pid), 0)
                status, answer = prove(word, f"pid:{pid}", "docker")
                self.assertEqual(status, 0, answer)
            finally:
                self.stop(identity)

    def test_too_tight_a_profile(self):
        """The basic profile leaves runc itself without futex: Docker starts nothing under it, or with luck proves
        it."""
        path = DATA / "seed" / "basic.json"
        result = run(*self.daemons.client, "run", "--detach", "--network", "none", "--security-opt", f"seccomp={path}",
                     "contained:1", "/contained")
        if result.returncode != 0:
            self.assertEqual(result.returncode, 125, result.stdout[:600])
            return
        identity = result.stdout.strip().splitlines()[-1]
        pid = int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", identity).stdout)
        self.assert_equal_to_process(path, pid, "docker")
        self.stop(identity)


if __name__ == "__main__":
    unittest.main(verbosity=2)
