"""`callgate harden` of Docker's containers: what is recorded counts by the profile that a container is really under; what
is new in log mode is taken in, what is denied under the profile ends in a patch; a Compose project, service by service."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
import subprocess
import threading
import unittest
from pathlib import Path

from containers import CALLGATE, EngineTest, need_engines, run, temporary_folder, wait_for
from test_docker import Daemons
from test_record import GETPRIORITY, TIME, need_recorder


class Harden:
    """The command in the background."""

    def __init__(self, *words, cwd=None):
        self.process = subprocess.Popen([CALLGATE, "harden", *map(str, words)], stdin=subprocess.DEVNULL, cwd=cwd,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.err = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.err += line

    def until(self, text):
        assert wait_for(lambda: text in self.err or self.process.poll() is not None, 60) and text in self.err, self.err
        return self

    def end(self):
        status = self.process.wait(60)
        self._reader.join(20)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Docker(EngineTest):
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

    def once(self, profile, call, *options, status=0):
        """Creates, hardens and starts a container that makes one call; what harden said."""
        run(*self.daemons.client, "rm", "--force", "web")
        security = ["--security-opt", f"seccomp={profile}"] if profile else []
        self.docker("create", "--name", "web", "--network", "none", *security, "contained:1", "/contained", call)
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "web")
        harden = Harden("-o", self.dir, "--container", "web", "--host", self.host, *options)
        self.addCleanup(harden.kill)
        harden.until("waiting for container:web")
        run(*self.daemons.client, "start", "--attach", "web")  # its status is the error number of its call
        self.assertEqual(harden.end(), status, harden.err)
        return harden.err

    def state(self, folder=None):
        return json.loads(((folder or self.dir) / "state.json").read_text())

    def steps(self):
        return [step["step"] for step in self.state()["steps"]]

    def test_a_container(self):
        told = self.once(None, TIME)
        self.assertIn("runs under neither profile", told)
        self.assertEqual((self.steps(), self.state()["stage"]), (["record", "close", "prove"], "trying"))
        trial = re.search(r"docker run --security-opt seccomp=(\S+trial\.json) contained:1", told)
        self.assertTrue(trial, told)
        told = self.once(trial[1], GETPRIORITY)
        self.assertIn("runs under trial.json", told)
        self.assertEqual(self.steps()[3:], ["trial", "close", "prove"], told)
        self.assertIn("getpriority", self.state()["steps"][3]["text"])
        told = self.once(trial[1], GETPRIORITY)
        self.assertEqual((self.steps()[6:], self.state()["stage"]), (["trial"], "enforcing"), told)
        profile = re.search(r"seccomp=(\S+profile\.json)", told)[1]
        told = self.once(profile, GETPRIORITY)
        self.assertIn("no call denied", told)
        self.assertEqual(self.state()["stage"], "hardened")
        times = 100
        told = self.once(profile, times, status=1)
        self.assertIn("CG5505", told)
        report = json.loads((self.dir / "denied.json").read_text())
        self.assertEqual([each["call"] for each in report["denials"]], ["times"])
        self.assertIn('"times"', (self.dir / "proposed.json").read_text())
        told = self.once(profile, times, "--accept")
        self.assertIn('"times"', (self.dir / "profile.json").read_text())
        self.once(self.dir / "trial.json", times)
        self.once(self.dir / "profile.json", times)
        self.assertEqual(self.state()["stage"], "hardened")

    def test_another_image(self):
        self.once(None, TIME)
        run(*self.daemons.client, "rm", "--force", "web")
        archive = self.folder / "other.tar"
        (self.folder / "file").write_text("other")
        subprocess.run(["tar", "-C", self.daemons.folder / "image", "-cf", archive, "contained"], check=True)
        subprocess.run(["tar", "-C", self.folder, "-rf", archive, "file"], check=True)
        self.docker("import", archive, "other:1")
        self.docker("create", "--name", "web", "--network", "none", "other:1", "/contained", TIME)
        harden = Harden("-o", self.dir, "--container", "web", "--host", self.host)
        self.addCleanup(harden.kill)
        self.assertEqual(harden.end(), 3, harden.err)
        self.assertIn("CG5502", harden.err)

    def test_nobody_there(self):
        harden = Harden("-o", self.dir, "--container", "nobody", "--host", self.host)
        self.assertEqual(harden.end(), 125, harden.err)

    def test_a_project(self):
        """Containers as Compose labels them; harden follows both services at once."""
        names = {"front": TIME, "back": GETPRIORITY}

        def create(profiles):
            for name, call in names.items():
                run(*self.daemons.client, "rm", "--force", name)
                security = ["--security-opt", f"seccomp={profiles}/{name}/trial.json"] if profiles else []
                self.docker("create", "--name", name, "--network", "none", "--label", "com.docker.compose.project=shop",
                            "--label", f"com.docker.compose.service={name}", "--label", "com.docker.compose.oneoff=False",
                            *security, "contained:1", "/contained", call)
                self.addCleanup(run, *self.daemons.client, "rm", "--force", name)
        for profiles, step in ((None, "record"), (self.dir, "trial")):
            create(profiles)
            harden = Harden("-o", self.dir, "--compose", "-p", "shop", "--host", self.host)
            self.addCleanup(harden.kill)
            for name in names:
                harden.until(f"waiting for service:shop/{name}")
            for name in names:
                run(*self.daemons.client, "start", "--attach", name)
            self.assertEqual(harden.end(), 0, harden.err)
            for name in names:
                self.assertIn(step, [each["step"] for each in self.state(self.dir / name)["steps"]], harden.err)
        self.assertIn("getpriority", (self.dir / "back" / "profile.json").read_text())
        self.assertNotIn("getpriority", (self.dir / "front" / "profile.json").read_text())
        for name in ("trial.yaml", "profile.yaml"):
            text = (self.dir / name).read_text()
            self.assertEqual(text.count("seccomp="), 2, text)
        self.assertEqual(self.state(self.dir / "back")["stage"], "enforcing")


if __name__ == "__main__":
    unittest.main()
