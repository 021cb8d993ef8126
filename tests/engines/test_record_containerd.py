"""`callgate record` of containerd's own containers, as `ctr` starts them: from their start and while they run."""
# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import unittest
from pathlib import Path

from containers import EngineTest, need, need_engines, run, temporary_folder, wait_for
from recorder import Recorder, need_recorder, runs_of
from test_containerd import image_archive
from test_record import GETPRIORITY, PERMISSIVE, TIME

IMAGE = "localhost/contained:1"


class Containerd(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("containerd", "containerd-shim-runc-v2", "runc", "ctr")
        need_recorder()
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        home = Path(folder.name)
        socket = home / "containerd.sock"
        (home / "config.toml").write_text(
            f'version = 2\nroot = "{home}/root"\nstate = "{home}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{socket}"\n', encoding="ascii")
        with open(home / "log", "w", encoding="utf-8") as log:
            process = subprocess.Popen(["containerd", "-c", home / "config.toml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        need(wait_for(socket.exists, 20), f"containerd did not start: {(home / 'log').read_text(encoding='utf-8')[-1500:]}")
        cls.ctr = ["ctr", "--address", socket]
        cls.tasks = home / "state" / "io.containerd.runtime.v2.task" / "default"
        image_archive(home / "image.tar")
        imported = run(*cls.ctr, "images", "import", home / "image.tar")
        need(imported.returncode == 0, imported.stdout)

    def setUp(self):
        super().setUp()
        self.file = self.folder / "recording.jsonl"

    def recorder(self, name, *options):
        recorder = Recorder("--container", name, "--runtime-root", self.tasks, "-o", self.file, *options)
        self.addCleanup(recorder.kill)
        return recorder

    def remove(self, name):
        self.addCleanup(run, *self.ctr, "container", "rm", name)
        self.addCleanup(lambda: wait_for(lambda: not (self.tasks / name).exists(), 10))
        self.addCleanup(run, *self.ctr, "task", "rm", "--force", name)

    def check_start(self, recorder):
        self.assertEqual(recorder.end(), 0, recorder.err)
        recorded, = runs_of(self.file)
        self.assertTrue(recorded["end"]["complete"], recorder.err)
        self.assertEqual(set(recorded["calls"]), {"time", "exit_group"})
        self.assertEqual(recorded["end"]["tasks"], 1)
        self.assertNotIn("attached", recorded["run"])
        return recorded

    def test_from_its_start(self):
        """Under no filter, and under one, which runc loads before it executes the program."""
        profile = self.write("profile.json", PERMISSIVE)
        for name, options, under_filter in (("bare", (), False), ("filtered", ("--seccomp", "--seccomp-profile", profile), True)):
            with self.subTest(name):
                self.file.unlink(missing_ok=True)
                self.remove(name)
                recorder = self.recorder(name, "--wait").until(f"waiting for container:{name}")
                done = run(*self.ctr, "run", *options, IMAGE, name, "/contained", TIME)
                self.assertEqual(done.returncode, 0, done.stdout)
                recorded = self.check_start(recorder)
                self.assertEqual(any(True in when for when in recorded["runtime"].values()), under_filter)
                self.assertIn("execve", recorded["runtime"])

    def test_created_before(self):
        self.remove("created")
        done = run(*self.ctr, "container", "create", IMAGE, "created", "/contained", TIME)
        self.assertEqual(done.returncode, 0, done.stdout)
        recorder = self.recorder("created", "--wait").until("waiting for container:created")
        done = run(*self.ctr, "task", "start", "created")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.check_start(recorder)

    def test_joined_while_it_runs(self):
        """`ctr task exec` is recorded, its runtime's part apart; whatever threads that has are no loss."""
        self.remove("running")
        done = run(*self.ctr, "run", "--detach", IMAGE, "running", "/contained")
        self.assertEqual(done.returncode, 0, done.stdout)
        recorder = self.recorder("running").until("recording container:")
        done = run(*self.ctr, "task", "exec", "--exec-id", "one", "running", "/contained", GETPRIORITY)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(recorder.tell(), 0, recorder.err)
        recorded, = runs_of(self.file)
        self.assertEqual(set(recorded["calls"]), {"getpriority", "exit_group"})
        self.assertTrue(recorded["run"]["attached"])
        self.assertTrue(recorded["end"]["complete"], json.dumps(recorded["end"]))
        self.assertEqual(recorded["run"]["container"]["engine"], "containerd")
        self.assertIn("CG5256", recorder.err)


if __name__ == "__main__":
    unittest.main()
