"""`callgate harden` of Docker's containers: what is recorded counts by the profile that a container is really under; what is new
in log mode is taken in, what is denied under the profile ends in a patch; a Compose project, service by service."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import EngineTest, need, need_engines, run, temporary_folder
from harden_flow import TIMES, Flow, Harden
from recorder import need_recorder
from test_docker import Daemons
from test_record import GETPRIORITY, TIME


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


if __name__ == "__main__":
    unittest.main()
