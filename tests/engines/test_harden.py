"""`callgate harden` of Docker's and Podman's containers: what is recorded counts by the profile that a container is really under; what
is new in log mode is taken in, what is denied under the profile ends in a patch; a Compose project, service by service."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import EngineTest, need, need_engines, run, temporary_folder
from podman import PodmanTest
from recorder import Recorder
from test_docker import Daemons
from test_record import GETPRIORITY, TIME, need_recorder

TIMES = 100


class Harden(Recorder):
    """The command in the background."""

    COMMAND = ("harden",)


class Flow:
    """A container from its first recording to enforcement, and to a denied call that is taken in. `client` are the words of its
    engine, `options` of harden."""

    def check_container(self, client, *options, name="docker", image="contained:1", **how):
        folder = self.folder / "state"

        def once(profile, call, *more, status=0):
            """Creates, hardens and starts a container that makes one call; what harden said."""
            run(*client, "rm", "--force", "web", **how)
            security = ["--security-opt", f"seccomp={profile}"] if profile else []
            done = run(*client, "create", "--name", "web", "--network", "none", *security, image, "/contained", str(call), **how)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.addCleanup(run, *client, "rm", "--force", "web", **how)
            harden = Harden("-o", folder, "--container", "web", *options, *more, **how)
            self.addCleanup(harden.kill)
            harden.until("waiting for container:web", 60)
            run(*client, "start", "--attach", "web", **how)  # its status is the error number of its call
            self.assertEqual(harden.end(), status, harden.err)
            return harden.err

        def state():
            return json.loads((folder / "state.json").read_text(encoding="utf-8"))

        def steps():
            return [step["step"] for step in state()["steps"]]

        told = once(None, TIME)
        self.assertIn("runs under neither profile", told)
        self.assertEqual((steps(), state()["stage"]), (["record", "close", "prove"], "trying"))
        trial = re.search(rf"{name} run --security-opt seccomp=(\S+trial\.json) \S*contained:1", told)
        self.assertTrue(trial, told)
        told = once(trial[1], GETPRIORITY)
        self.assertIn("runs under trial.json", told)
        self.assertEqual(steps()[3:], ["trial", "close", "prove"], told)
        self.assertIn("getpriority", state()["steps"][3]["text"])
        told = once(trial[1], GETPRIORITY)
        self.assertEqual((steps()[6:], state()["stage"]), (["trial"], "enforcing"), told)
        profile = re.search(r"seccomp=(\S+profile\.json)", told)[1]
        told = once(profile, GETPRIORITY)
        self.assertIn("no call denied", told)
        self.assertEqual(state()["stage"], "hardened")
        told = once(profile, TIMES, status=1)
        self.assertIn("CG5505", told)
        report = json.loads((folder / "denied.json").read_text(encoding="utf-8"))
        self.assertEqual([each["call"] for each in report["denials"]], ["times"])
        self.assertIn('"times"', (folder / "proposed.json").read_text(encoding="utf-8"))
        once(profile, TIMES, "--accept")
        self.assertIn('"times"', (folder / "profile.json").read_text(encoding="utf-8"))
        once(folder / "trial.json", TIMES)
        once(folder / "profile.json", TIMES)
        self.assertEqual(state()["stage"], "hardened")


class Docker(Flow, EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        need_recorder()
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.daemons.start()

    def setUp(self):
        super().setUp()
        self.host = f"unix://{self.daemons.socket}"
        self.dir = self.folder / "state"

    def docker(self, *words):
        done = run(*self.daemons.client, *words)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout.strip()

    def test_a_container(self):
        self.check_container(self.daemons.client, "--host", self.host)

    def test_another_image(self):
        def harden():
            self.addCleanup(run, *self.daemons.client, "rm", "--force", "web")
            out = Harden("-o", self.dir, "--container", "web", "--host", self.host)
            self.addCleanup(out.kill)
            return out
        self.docker("create", "--name", "web", "--network", "none", "contained:1", "/contained", TIME)
        first = harden().until("waiting for container:web")
        run(*self.daemons.client, "start", "--attach", "web")
        self.assertEqual(first.end(), 0, first.err)
        run(*self.daemons.client, "rm", "--force", "web")
        archive = self.folder / "other.tar"
        (self.folder / "file").write_text("other")
        subprocess.run(["tar", "-C", self.daemons.folder / "image", "-cf", archive, "contained"], check=True)
        subprocess.run(["tar", "-C", self.folder, "-rf", archive, "file"], check=True)
        self.docker("import", archive, "other:1")
        self.docker("create", "--name", "web", "--network", "none", "other:1", "/contained", TIME)
        second = harden()
        self.assertEqual(second.end(), 3, second.err)
        self.assertIn("CG5502", second.err)

    def test_nobody_there(self):
        harden = Harden("-o", self.dir, "--container", "nobody", "--host", self.host)
        self.assertEqual(harden.end(), 125, harden.err)

    def test_a_project(self):
        """As docker-compose starts it: plainly, then with the files that harden writes behind the project's own."""
        composer = shutil.which("docker-compose")
        need(composer, "docker-compose is not installed")
        project = self.folder / "Shop"
        project.mkdir()
        services = {"front": TIME, "back": GETPRIORITY}

        def write(calls):
            (project / "docker-compose.yml").write_text(json.dumps({"version": "3", "services": {
                name: {"image": "contained:1", "network_mode": "none", "command": ["/contained", str(call)]}
                for name, call in calls.items()}}), encoding="utf-8")

        def compose(*words, files=("docker-compose.yml",)):
            done = run(composer, *(word for file in files for word in ("-f", str(file))), *words, cwd=project, timeout=120,
                       env={**os.environ, "DOCKER_HOST": self.host})
            self.assertEqual(done.returncode, 0, done.stdout)

        def once(files, *options, status=0):
            compose("up", "--no-start", "--force-recreate", files=files)
            harden = Harden("-o", self.dir, "--compose", "--host", self.host, *options, cwd=project)
            self.addCleanup(harden.kill)
            for name in services:
                harden.until(f"waiting for service:shop/{name}")
            compose("start", files=files)
            self.assertEqual(harden.end(), status, harden.err)
            return harden.err

        def stages():
            return {name: json.loads((self.dir / name / "state.json").read_text(encoding="utf-8"))["stage"] for name in services}

        write(services)
        self.addCleanup(compose, "down")
        told = once(["docker-compose.yml"])
        self.assertEqual(told.count("runs under neither profile"), 2, told)
        self.assertIn("-f FILE -f", told)
        trial = ["docker-compose.yml", self.dir / "trial.yaml"]
        told = once(trial)
        self.assertEqual(told.count("runs under trial.json"), 2, told)
        self.assertEqual(stages(), {"front": "enforcing", "back": "enforcing"}, told)
        self.assertIn("getpriority", (self.dir / "back" / "profile.json").read_text(encoding="utf-8"))
        self.assertNotIn("getpriority", (self.dir / "front" / "profile.json").read_text(encoding="utf-8"))
        enforced = ["docker-compose.yml", self.dir / "profile.yaml"]
        told = once(enforced)
        self.assertEqual(stages(), {"front": "hardened", "back": "hardened"}, told)
        write({**services, "front": TIMES})
        told = once(enforced, status=1)
        self.assertEqual(stages(), {"front": "denied", "back": "hardened"}, told)
        report = json.loads((self.dir / "front" / "denied.json").read_text(encoding="utf-8"))
        self.assertEqual([each["call"] for each in report["denials"]], ["times"])


class Podman(Flow, PodmanTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_recorder()

    def client(self, runtime):
        return ["podman", "--tmpdir", self.home / "tmp", "--runtime", self.runtimes[runtime]]

    def test_a_container_of_crun(self):
        self.check_container(self.client("crun"), name="podman", env=self.environment, cwd=self.home)

    def test_a_container_of_runc(self):
        self.check_container(self.client("runc"), name="podman", env=self.environment, cwd=self.home)


if __name__ == "__main__":
    unittest.main()
