"""`callgate harden` in the background, and the way of one container through it."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
from pathlib import Path

from containers import EngineTest, need_engines, run, temporary_folder
from recorder import Recorder, need_recorder
from test_docker import Daemons
from test_record import GETPRIORITY, TIME

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


class DockerTest(EngineTest):
    """With a daemon of its own."""

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
