"""`callgate harden --compose`: a project of docker-compose, service by service, plainly and with the files that harden writes."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import shutil
import unittest

from containers import need, run
from harden_flow import TIMES, DockerTest, Harden
from test_record import GETPRIORITY, TIME


class Compose(DockerTest):
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
