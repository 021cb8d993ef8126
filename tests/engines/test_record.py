"""`callgate record` of containers: from their start, with the runtime's calls apart from the program's; while they run;
by the hook; a Compose project. runc, crun, Docker and Podman."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import unittest
from pathlib import Path

from containers import CALLGATE, Engine, EngineTest, need, need_engines, run, temporary_folder, wait_for
from podman import PodmanTest
from recorder import Recorder, need_recorder, program_is_loaded, programs_of, runs_of
from test_docker import Daemons

GETPRIORITY, PAUSE, TIME = 140, 34, 201
# A real filter, so that the point where it is loaded can be seen, which lets everything pass.
PERMISSIVE = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
              "syscalls": [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}]}


def copy_with_libraries(root, *programs):
    """The programs and what they are linked with, at the same paths below `root`."""
    for program in programs:
        listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
        for path in [program, *re.findall(r"(/\S+) \(0x", listed)]:
            target = root / Path(path).relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(path, target)


class Runtimes(EngineTest):
    """runc and crun alone: whoever starts the container names it, so it can be waited for."""

    @classmethod
    def setUpClass(cls):
        need_engines("runc", "crun", "unshare")
        need_recorder()

    def setUp(self):
        super().setUp()
        self.file = self.folder / "recording.jsonl"

    def engine(self, name):
        engine = Engine(name, self.folder)
        return engine, engine.command[engine.command.index("--root") + 1]

    def recorder(self, identity, root, *options):
        recorder = Recorder("--container", identity, "--runtime-root", root, "-o", self.file, *options)
        self.addCleanup(recorder.kill)
        return recorder

    def delete(self, engine, identity):
        self.addCleanup(run, *engine.command, "delete", "--force", identity)

    def check_start(self, name, recorder):
        """The program makes two calls: its own, and its end."""
        self.assertEqual(recorder.end(), 0, recorder.err)
        recorded, = runs_of(self.file)
        self.assertTrue(recorded["end"]["complete"], recorder.err)
        self.assertEqual(set(recorded["calls"]), {"time", "exit_group"}, name)
        self.assertEqual(recorded["end"]["tasks"], 1)
        self.assertNotIn("attached", recorded["run"])
        # runc and crun load a filter before they give up rights, hence more than execve.
        under_filter = {call for call, when in recorded["runtime"].items() if True in when}
        self.assertIn("execve", under_filter)
        self.assertLess(len(under_filter), 40)
        return recorded

    def test_from_its_start(self):
        for name in ("runc", "crun"):
            engine, root = self.engine(name)
            bundle, identity = engine.bundle(PERMISSIVE, (TIME,))
            recorder = self.recorder(identity, root, "--wait").until("waiting for container:")
            programs = recorder.programs()
            self.delete(engine, identity)
            done = run(*engine.command, "run", "--bundle", bundle, identity)
            self.assertIn(done.returncode, range(256), done.stdout)
            # The program ends with the error number of its call: time(0) has none.
            self.assertEqual(done.returncode, 0, done.stdout)
            recorded = self.check_start(name, recorder)
            self.assertIn("bounding", recorded["run"]["container"])
            self.assertTrue(any(False in when for when in recorded["runtime"].values()), "what came before its filter")
            self.assertTrue(wait_for(lambda: not any(map(program_is_loaded, programs)), 10), "nothing stays attached")

    def test_created_before(self):
        """`create` leaves the runtime's process waiting for `start`: it is found by its state."""
        for name in ("runc", "crun"):
            engine, root = self.engine(name)
            bundle, identity = engine.bundle(PERMISSIVE, (TIME,))
            self.delete(engine, identity)
            with open(self.folder / "output", "w", encoding="utf-8") as stream:
                subprocess.run([*engine.command, "create", "--bundle", str(bundle), identity], check=True, timeout=60,
                               stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
            recorder = self.recorder(identity, root).until("recording container:")
            started = run(*engine.command, "start", identity)
            self.assertEqual(started.returncode, 0, started.stdout)
            recorded = self.check_start(name, recorder)
            self.assertEqual(recorded["run"]["container"]["engine"], name)

    def test_ended_before_it_began(self):
        """Nothing of the program was seen, which is no success."""
        engine, root = self.engine("crun")
        bundle, identity = engine.bundle(PERMISSIVE, (TIME,))
        self.delete(engine, identity)
        with open(self.folder / "output", "w", encoding="utf-8") as stream:
            subprocess.run([*engine.command, "create", "--bundle", str(bundle), identity], check=True, timeout=60,
                           stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        recorder = self.recorder(identity, root).until("recording container:")
        self.assertEqual(recorder.tell(signal.SIGINT), 125, recorder.err)
        self.assertIn("the recording ended before the container's program was executed", recorder.err)
        recorded, = runs_of(self.file)
        self.assertFalse(recorded["end"]["complete"])

    def test_joined_while_it_runs(self):
        """`exec` into a running container is recorded, its runtime's part apart; the start is said to be missing."""
        for name in ("runc", "crun"):
            engine, root = self.engine(name)
            with engine.start(PERMISSIVE) as container:
                # The engine's helper stopped it to look at its filter.
                os.kill(container.pid, signal.SIGCONT)
                if name == "runc":
                    run(*engine.command, "start", container.identity)
                self.assertTrue(wait_for(
                    lambda: Path(f"/proc/{container.pid}/comm").read_text().strip() == "contained", 10))
                recorder = self.recorder(container.identity, root).until("recording container:")
                done = run(*engine.command, "exec", container.identity, "/contained", GETPRIORITY)
                self.assertEqual(done.returncode, 0, done.stdout)
                status = recorder.tell()
                self.assertEqual(status, 0, recorder.err)
                recorded, = runs_of(self.file)
                self.assertEqual(set(recorded["calls"]), {"getpriority", "exit_group"}, name)
                self.assertTrue(recorded["run"]["attached"])
                self.assertIn("CG5256", recorder.err)
                self.assertIn("execve", recorded["runtime"])
                self.assertTrue(recorded["end"]["complete"], recorder.err)

    def test_dies_during_its_start(self):
        for name in ("runc", "crun"):
            engine, root = self.engine(name)
            bundle, identity = engine.bundle(PERMISSIVE)
            config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
            config["process"]["args"] = ["/nothing-there"]
            (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
            recorder = self.recorder(identity, root, "--wait").until("waiting for container:")
            self.delete(engine, identity)
            self.assertNotEqual(run(*engine.command, "run", "--bundle", bundle, identity).returncode, 0)
            self.assertEqual(recorder.end(), 125, recorder.err)
            self.assertIn("CG5257", recorder.err)
            recorded, = runs_of(self.file)
            self.assertFalse(recorded["end"]["complete"])
            self.assertEqual(recorded["calls"], {})
            self.assertTrue(recorded["runtime"])

    def test_killed_recorder(self):
        """It leaves the file as it was, the container alive, and nothing in the kernel."""
        engine, root = self.engine("crun")
        with engine.start(PERMISSIVE) as container:
            recorder = self.recorder(container.identity, root).until("recording container:")
            self.assertEqual(recorder.tell(), 0, recorder.err)
            before = self.file.read_bytes()
            recorder = self.recorder(container.identity, root, "--append").until("recording container:")
            programs = recorder.programs()
            recorder.kill()
            self.assertTrue(wait_for(lambda: not any(map(program_is_loaded, programs)), 10))
            self.assertEqual(self.file.read_bytes(), before)
            self.assertTrue(Path(f"/proc/{container.pid}").is_dir())

    def test_two_at_once(self):
        """Recorders do not see one another's containers, and each sees all of its own."""
        engine, root = self.engine("runc")
        wanted = {}
        for nr, call in ((TIME, "time"), (GETPRIORITY, "getpriority"), (39, "getpid")):
            bundle, identity = engine.bundle(PERMISSIVE, (nr,))
            own = self.folder / f"bundle-{nr}"
            shutil.copytree(bundle, own)
            self.delete(engine, identity)
            file = self.folder / f"{call}.jsonl"
            recorder = Recorder("--container", identity, "--runtime-root", root, "-o", file, "--wait")
            self.addCleanup(recorder.kill)
            wanted[call] = (own, identity, file, recorder.until("waiting for container:"))
        running = [subprocess.Popen([*engine.command, "run", "--bundle", str(own), identity], stdin=subprocess.DEVNULL)
                   for own, identity, _, _ in wanted.values()]
        for process in running:
            process.wait(60)
        for call, (_, _, file, recorder) in wanted.items():
            recorder.end()
            recorded, = runs_of(file)
            self.assertTrue(recorded["end"]["complete"], recorder.err)
            self.assertEqual(set(recorded["calls"]), {call, "exit_group"})

    def test_nobody_there(self):
        done = run(CALLGATE, "record", "--container", "callgate-nobody")
        self.assertEqual(done.returncode, 125)
        self.assertIn("CG5255", done.stdout)
        self.assertIn("--wait", done.stdout)
        self.assertIn("CG6003", run(CALLGATE, "record", "--container", "../x").stdout)
        recorder = Recorder("--container", "callgate-nobody", "--wait").until("waiting for")
        self.assertEqual(recorder.tell(), 125)
        self.assertIn("did not start", recorder.err)


class Units(unittest.TestCase):
    """systemd names the cgroup of a unit after it; no systemd is needed to read it."""

    def test_by_its_cgroup(self):
        need_engines()
        need_recorder()
        root = next((path for path in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
                     if (path / "cgroup.procs").exists()), None)
        need(root, "no hierarchy of cgroups of version 2 is mounted")
        slice_ = root / f"callgate-{os.getpid()}.slice"
        unit = slice_ / f"callgate-{os.getpid()}.service"
        unit.mkdir(parents=True)
        self.addCleanup(slice_.rmdir)
        self.addCleanup(unit.rmdir)
        program = subprocess.Popen(["sh", "-c", "while :; do sleep 0.1; done"], stdin=subprocess.DEVNULL)
        (unit / "cgroup.procs").write_text(str(program.pid), encoding="ascii")
        self.addCleanup(lambda: wait_for(lambda: not (unit / "cgroup.procs").read_text(), 10))
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        done = run(CALLGATE, "record", "--unit", unit.stem, "--for", "2")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(f"unit:{unit.name}", done.stdout)
        self.assertIn("clock_nanosleep", done.stdout)
        self.assertIn("CG5255", run(CALLGATE, "record", "--unit", "callgate-nobody").stdout)


class Docker(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        need_recorder()
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.recordings = Path(folder.name) / "recordings"
        cls.recordings.mkdir()
        config = Path(folder.name) / "daemon.json"
        config.write_text(json.dumps({"runtimes": {"recorded": {
            "path": CALLGATE, "runtimeArgs": ["record", "--oci-runtime", "runc", "-o", f"{cls.recordings}/%i.jsonl",
                                              f"--host=unix://{cls.daemons.socket}", "--"]}}}), encoding="utf-8")
        cls.daemons.start("--config-file", config)

    def setUp(self):
        super().setUp()
        self.host = f"unix://{self.daemons.socket}"
        self.file = self.folder / "recording.jsonl"

    def docker(self, *words, status=0):
        done = run(*self.daemons.client, *words)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout.strip()

    def recorder(self, *words):
        recorder = Recorder(*words, "--host", self.host)
        self.addCleanup(recorder.kill)
        return recorder

    def image(self, name, *programs, files=()):
        root = self.daemons.folder / f"root-{name}"
        (root / "tmp").mkdir(parents=True)
        copy_with_libraries(root, *programs)
        for path, text in files:
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        archive = self.daemons.folder / f"{name}.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        self.docker("import", archive, f"{name}:1")

    def test_created_then_started(self):
        self.docker("create", "--name", "created", "--network", "none", "contained:1", "/contained", TIME)
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "created")
        recorder = self.recorder("--container", "created", "-o", self.file).until("waiting for container:created")
        self.docker("start", "--attach", "created")
        self.assertEqual(recorder.end(), 0, recorder.err)
        recorded, = runs_of(self.file)
        self.assertTrue(recorded["end"]["complete"], recorder.err)
        self.assertEqual(set(recorded["calls"]), {"time", "exit_group"})
        self.assertIn(True, recorded["runtime"]["execve"])
        container = recorded["run"]["container"]
        self.assertEqual((container["engine"], container["name"], container["image"]),
                         ("docker", "created", "contained:1"))
        self.assertRegex(container["id"], "^[0-9a-f]{64}$")
        self.assertRegex(container["image_id"], "^sha256:[0-9a-f]{64}$")
        # Docker's fourteen, as a mask.
        self.assertEqual(container["bounding"], 0xA80425FB)

    def test_not_yet_created(self):
        """`docker run` creates and starts: the name is found in between, or it is said that this came too late."""
        recorder = self.recorder("--container", "later", "--wait", "-o", self.file).until("waiting for container:later")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "later")
        self.docker("run", "--detach", "--name", "later", "--network", "none", "contained:1", "/contained")
        self.docker("exec", "later", "/contained", GETPRIORITY)
        self.docker("kill", "later")
        recorder.end()
        recorded, = runs_of(self.file)
        self.assertIn("getpriority", recorded["calls"])
        self.assertNotEqual("CG5256" in recorder.err, "execve" in recorded["runtime"] and
                            not recorded["run"].get("attached"), recorder.err)
        if "CG5256" not in recorder.err:
            self.assertEqual(recorded["end"]["signal"], signal.SIGKILL)

    def test_runtime_of_its_own(self):
        """A runtime in daemon.json: every container that uses it is recorded, with no recorder started by hand."""
        identity = self.docker("create", "--name", "hooked", "--runtime", "recorded", "--network", "none", "contained:1",
                               "/contained", TIME)
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "hooked")
        self.docker("start", "--attach", "hooked")
        file = self.recordings / f"{identity}.jsonl"
        self.assertTrue(wait_for(file.exists, 20), "no recording was written")
        recorded, = runs_of(file)
        self.assertTrue(recorded["end"]["complete"])
        self.assertEqual(set(recorded["calls"]), {"time", "exit_group"})
        self.assertIn(True, recorded["runtime"]["execve"])
        self.assertEqual(recorded["run"]["container"]["name"], "hooked")
        self.assertTrue(wait_for(lambda: not self.recorders(), 10), "no recorder is left")

    @staticmethod
    def recorders():
        """Processes of the command under test that hold programs of the kernel and record by the hook."""
        out = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"--oci-hook" in words and words[0] == b"callgate" and programs_of(entry.name):
                    out.append(entry.name)
            except OSError:
                pass
        return out

    def test_hook_that_fails(self):
        """A container that cannot be recorded does not start unrecorded, and the reason is told."""
        shutil.rmtree(self.recordings)
        try:
            done = run(*self.daemons.client, "run", "--rm", "--runtime", "recorded", "--network", "none", "contained:1",
                       "/contained", TIME)
        finally:
            self.recordings.mkdir()
        self.assertIn(done.returncode, (125, 127), done.stdout)  # by words in the message, Docker's command decides which
        self.assertIn("CG6005", done.stdout)

    def test_recording_that_cannot_be_written(self):
        """The recorder by the hook has nobody to tell, so it tells the system's log."""
        log = Path("/dev/log")
        if log.exists():
            return  # somebody keeps the log, and it is not ours to read
        identity = self.docker("run", "--detach", "--runtime", "recorded", "--network", "none", "contained:1",
                               "/contained", PAUSE)
        self.addCleanup(run, *self.daemons.client, "rm", "--force", identity)
        shutil.rmtree(self.recordings)
        self.addCleanup(self.recordings.mkdir, exist_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
            ours.bind(str(log))
            self.addCleanup(log.unlink, missing_ok=True)
            ours.settimeout(60)
            self.docker("kill", identity)
            told = ours.recv(4096).decode()
        self.assertIn("callgate[", told)
        self.assertIn(f"the recording of container {identity} is lost: ", told)
        self.assertIn(f"{self.recordings}/", told)

    def test_server_under_load(self):
        server = shutil.which("redis-server")
        need(server, "redis-server is not installed")
        self.image("redis", server)
        folder = self.folder / "sockets"
        folder.mkdir()
        folder.chmod(0o777)
        self.docker("create", "--name", "redis", "--network", "none", "--volume", f"{folder}:/run/redis", "redis:1",
                    server, "--unixsocket", "/run/redis/s", "--unixsocketperm", "777", "--port", "0", "--save", "",
                    "--dir", "/tmp")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "redis")
        recorder = self.recorder("--container", "redis", "--args", "-o", self.file).until("waiting for")
        self.docker("start", "redis")
        self.assertTrue(wait_for((folder / "s").exists, 30), self.docker("logs", "redis"))
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(folder / "s"))
                client.sendall(b"SET a 1\r\nGET a\r\n")
                client.settimeout(20)
                self.assertTrue(client.recv(100).startswith(b"+OK"))
        recorder.until("serving, ")
        self.docker("kill", "--signal", "TERM", "redis")
        self.assertEqual(recorder.end(), 0, recorder.err)
        recorded, = runs_of(self.file)
        self.assertTrue(recorded["end"]["complete"], recorder.err)
        calls = recorded["calls"]
        self.assertLessEqual({"listen", "epoll_wait", "accept4", "socket"}, set(calls) | {"accept4"})
        self.assertIn("serving", calls["epoll_wait"]["phases"])
        self.assertEqual(calls["listen"]["phases"], ["start"])
        self.assertNotIn("pivot_root", calls)
        self.assertNotIn("setns", calls)
        self.assertEqual(recorded["run"]["container"]["image"], "redis:1")

    def test_compose(self):
        composer = shutil.which("docker-compose")
        need(composer, "docker-compose is not installed")
        folder = self.folder / "Shop"
        folder.mkdir()
        service = {"image": "contained:1", "network_mode": "none"}
        (folder / "docker-compose.yml").write_text(json.dumps({"version": "3", "services": {
            "clock": {**service, "command": ["/contained", str(TIME)]},
            "nice": {**service, "command": ["/contained", str(GETPRIORITY)]}}}), encoding="utf-8")
        environment = {**os.environ, "DOCKER_HOST": self.host}
        out = self.folder / "recordings"
        out.mkdir()
        self.addCleanup(run, composer, "down", cwd=folder, env=environment)
        recorder = Recorder("--compose", "--wait", "--host", self.host, "-o", out, cwd=folder)
        self.addCleanup(recorder.kill)
        recorder.until("waiting for service:shop/clock").until("waiting for service:shop/nice")
        done = run(composer, "up", "--no-start", cwd=folder, env=environment, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        done = run(composer, "start", cwd=folder, env=environment, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout)
        recorder.end()
        for name, call in (("clock", "time"), ("nice", "getpriority")):
            recorded, = runs_of(out / f"{name}.jsonl")
            self.assertTrue(recorded["end"]["complete"], recorder.err)
            self.assertEqual(set(recorded["calls"]), {call, "exit_group"})
            container = recorded["run"]["container"]
            self.assertEqual((container["project"], container["service"]), ("shop", name))


class Podman(PodmanTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_recorder()
        cls.hooks, cls.recordings = cls.home / "hooks", cls.home / "recordings"
        cls.hooks.mkdir()
        cls.recordings.mkdir()
        (cls.hooks / "callgate.json").write_text(json.dumps({
            "version": "1.0.0",
            "hook": {"path": CALLGATE, "args": ["callgate", "record", "--oci-hook", "-o", f"{cls.recordings}/%i.jsonl"]},
            "when": {"annotations": {"^callgate.record$": "."}}, "stages": ["createRuntime"]}), encoding="utf-8")

    def test_by_the_hook(self):
        for runtime in ("crun", "runc"):
            done = self.podman(runtime, "--hooks-dir", self.hooks, "create", "--annotation", "callgate.record=yes",
                               "--network", "none", "contained:1", "/contained", str(TIME))
            self.assertEqual(done.returncode, 0, done.stdout)
            identity = done.stdout.strip().splitlines()[-1]
            self.addCleanup(self.podman, runtime, "rm", "--force", "--time", "0", identity)
            done = self.podman(runtime, "--hooks-dir", self.hooks, "start", "--attach", identity)
            self.assertEqual(done.returncode, 0, done.stdout)
            file = self.recordings / f"{identity}.jsonl"
            self.assertTrue(wait_for(file.exists, 20), "no recording was written")
            recorded, = runs_of(file)
            self.assertTrue(recorded["end"]["complete"])
            self.assertEqual(set(recorded["calls"]), {"time", "exit_group"}, runtime)
            self.assertIn(True, recorded["runtime"]["execve"])
            self.assertEqual(recorded["run"]["container"]["engine"], "podman")

    def test_created_then_started(self):
        for runtime in ("crun", "runc"):
            done = self.podman(runtime, "create", "--network", "none", "contained:1", "/contained", str(TIME))
            self.assertEqual(done.returncode, 0, done.stdout)
            identity = done.stdout.strip().splitlines()[-1]
            self.addCleanup(self.podman, runtime, "rm", "--force", "--time", "0", identity)
            file = self.folder / f"{runtime}.jsonl"
            recorder = Recorder("--container", identity, "-o", file, env=self.environment, cwd=self.home)
            self.addCleanup(recorder.kill)
            recorder.until("waiting for container:")
            done = self.podman(runtime, "start", "--attach", identity)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(recorder.end(), 0, recorder.err)
            recorded, = runs_of(file)
            self.assertEqual(set(recorded["calls"]), {"time", "exit_group"}, runtime)
            container = recorded["run"]["container"]
            self.assertEqual((container["engine"], container["image"]), ("podman", "localhost/contained:1"))
            self.assertRegex(container["image_digest"], "^sha256:")


if __name__ == "__main__":
    unittest.main(verbosity=2)
