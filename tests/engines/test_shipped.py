"""The shipped profiles under real engines: the two that came first fail as their descriptions say, and beside each the
mended one runs what it is meant for. basic-fixed: ordinary programs of glibc (dynamic), of busybox (static) and of Go
(static), with threads, children, pipes and sockets. restrictive-fixed: nginx and redis, started as root, answering
requests. The filter in force is dumped and proved to be the profile."""
# SPDX-License-Identifier: Apache-2.0
import contextlib
import json
import os
import shutil
import socket
import subprocess
import unittest
import urllib.request
from pathlib import Path

from containers import (
    CALLGATE, CONTAINED, SOURCE, CAPABILITIES, EngineTest, crun_command, need, need_engines, prove, run, seccomp_mode,
    temporary_folder, wait_for)
import test_docker
import test_podman
from test_programs import free_port

PROFILES = SOURCE / "profiles"
READING = {"runc": "runc", "crun": "crun", "docker": "docker", "podman-crun": "podman", "podman-runc": "runc"}
# Directories of the machine that its own programs need, seen in every container.
SHARED = [name for name in ("/usr", "/bin", "/sbin", "/lib", "/lib64") if Path(name).is_dir()]

# What makes threads, children and sockets, in the shell's and Python's words.
SHELL = "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done | sort -r | head -1; ls / | wc -l; sleep 0.01; id -u"
PYTHON = """
import os, socket, subprocess, threading, tempfile, time
done = []
threads = [threading.Thread(target=done.append, args=(n,)) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname()); other, _ = server.accept()
client.sendall(b"over tcp"); assert other.recv(99) == b"over tcp"
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
assert subprocess.run(["/bin/echo", "child"], capture_output=True, check=True).stdout == b"child\\n"
with tempfile.TemporaryDirectory(dir="/tmp") as d:
    open(d + "/f", "w").write("text"); os.rename(d + "/f", d + "/g"); os.chmod(d + "/g", 0o600); os.mkfifo(d + "/p")
refused = 0
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for nr in (165, 169, 246, 321, 272, 308, 101, 425):
    assert libc.syscall(nr, 0, 0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, nr
    refused += 1
assert libc.syscall(435, 0, 0) == -1 and ctypes.get_errno() == 38
assert libc.socket(38, 5, 0) == -1 and ctypes.get_errno() in (1, 38)
print(sorted(done), refused)
"""


def python_program():
    """The distribution's Python: one that lies in a home directory is not in the containers."""
    return shutil.which("python3", path="/usr/bin")


def go_program():
    """Some program of Go's that is linked statically, and what it can be asked."""
    for name in ("/usr/sbin/runc", "/usr/bin/runc", "/usr/bin/containerd", "/usr/bin/docker"):
        if Path(name).exists():
            return [name, "--version"]
    return None


class Runner:
    """Runs a command in a container under a profile; the machine's programs and `folder` are visible in it."""

    def __init__(self, name, folder):
        self.name, self.folder, self.count = name, folder, 0

    def run(self, profile, command, uid=0):
        """Its completed process; a server is ended by its own means."""
        raise NotImplementedError

    def first_process(self, identity):
        raise NotImplementedError


class Oci(Runner):
    def __init__(self, name, folder):
        super().__init__(name, folder)
        program = shutil.which("runc") if name == "runc" else crun_command(folder)
        self.command = [program, "--root", str(folder / f"{name}-state")]
        if name == "crun":
            self.command.append("--cgroup-manager=cgroupfs")

    def words(self, profile, command, uid):
        self.count += 1
        bundle = self.folder / f"{self.name}-bundle-{self.count}"
        (bundle / "rootfs").mkdir(parents=True)
        bind = lambda path, *options: {"destination": str(path), "type": "bind", "source": str(path),
                                       "options": ["rbind", *options]}
        config = {
            "ociVersion": "1.0.2",
            "process": {"user": {"uid": uid, "gid": uid}, "args": [str(word) for word in command], "cwd": "/",
                        "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
                        "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}},
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
                       *[bind(path, "ro") for path in [*SHARED, "/etc"]],
                       {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]},
                       bind(self.folder)],
            # The host's network: tests ask servers over its loopback interface.
            "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")],
                      "seccomp": json.loads(Path(profile).read_text(encoding="utf-8"))},
        }
        (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
        self.identity = f"callgate-{os.getpid()}-{self.name}-{self.count}"
        # A state folder of its own for each: crun keeps compiled filters there.
        state = [*self.command]
        state[2] += f"-{self.count}"
        self.state = state
        return [*state, "run", "--bundle", str(bundle), self.identity]

    def run(self, profile, command, uid=0):
        result = run(*self.words(profile, command, uid), timeout=60)
        run(*self.state, "delete", "--force", self.identity)
        return result

    def pid(self):
        state = run(*self.state, "state", self.identity).stdout
        return json.loads(state)["pid"] if state.startswith("{") else 0

    def remove(self):
        run(*self.state, "kill", self.identity, "KILL")
        run(*self.state, "delete", "--force", self.identity)


class Client(Runner):
    """docker and podman have the same command line."""

    def __init__(self, name, folder, client, environment=None):
        super().__init__(name, folder)
        self.client, self.environment = client, environment

    def words(self, profile, command, uid):
        self.count += 1
        self.identity = f"callgate-{os.getpid()}-{self.count}"
        volumes = [f"--volume={path}:{path}:ro" for path in [*SHARED, "/etc/passwd", "/etc/group"] if
                   not Path(path).is_symlink()]
        return [*self.client, "run", "--name", self.identity, "--network", "host", "--security-opt",
                f"seccomp={profile}", "--user", str(uid), "--tmpfs", "/tmp", f"--volume={self.folder}:{self.folder}",
                *volumes, "contained:1", *[str(word) for word in command]]

    def run(self, profile, command, uid=0):
        result = run(*self.words(profile, command, uid), env=self.environment)
        self.remove()
        return result

    def pid(self):
        text = run(*self.client, "inspect", "--format", "{{.State.Pid}}", self.identity, env=self.environment).stdout
        return int(text) if text.strip().isdigit() else 0

    def remove(self):
        run(*self.client, "rm", "--force", self.identity, env=self.environment)


class Shipped(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("runc", "crun", "unshare", "busybox", "tar")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.home = Path(folder.name)
        cls.home.chmod(0o755)
        cls.runners = [Oci("runc", cls.home), Oci("crun", cls.home)]
        if all(shutil.which(name) for name in ("docker", "dockerd", "containerd")):
            (cls.home / "d").mkdir()
            daemons = test_docker.Daemons(cls.home / "d")
            cls.addClassCleanup(daemons.stop)
            daemons.start()
            cls.runners.append(Client("docker", cls.home, daemons.client))
        if all(shutil.which(name) for name in ("podman", "conmon")):
            podman = test_podman.Podman
            podman.setUpClass()
            cls.addClassCleanup(podman.doClassCleanups)
            for runtime, program in podman.runtimes.items():
                cls.runners.append(Client(f"podman-{runtime}", cls.home, [
                    "podman", "--tmpdir", str(podman.home / "tmp"), "--runtime", program], podman.environment))
        # The image: where the machine has links (/bin to usr/bin), so has it.
        for runner in cls.runners:
            if isinstance(runner, Client):
                cls.add_links(runner)

    @classmethod
    def add_links(cls, runner):
        root = cls.home / f"image-{runner.name}"
        root.mkdir()
        shutil.copy(CONTAINED, root / "contained")
        for path in map(Path, SHARED):
            if path.is_symlink():
                (root / path.name).symlink_to(os.readlink(path))
            else:
                (root / path.name).mkdir()
        subprocess.run(["tar", "-C", root, "-cf", f"{root}.tar", "."], check=True)
        imported = run(*runner.client, "import", f"{root}.tar", "contained:1", env=runner.environment)
        need(imported.returncode == 0, imported.stdout[-400:])

    def runs(self, runner, profile, command, expected, uid=0):
        result = runner.run(profile, command, uid)
        self.assertEqual((result.returncode, result.stdout.strip()[-400:]), (0, expected),
                         f"{runner.name}: {command[0]}")

    def each(self, check):
        for runner in self.runners:
            with self.subTest(engine=runner.name):
                check(runner)

    def test_basic_fixed_runs_ordinary_programs(self):
        profile = PROFILES / "basic-fixed.json"

        def check(runner):
            self.runs(runner, profile, ["/bin/busybox", "sh", "-c", "echo static | busybox cat"], "static")
            for uid in (0, 1000):
                result = runner.run(profile, ["/bin/sh", "-c", SHELL], uid)
                self.assertEqual((result.returncode, result.stdout.split()[0], result.stdout.split()[-1]),
                                 (0, "2", str(uid)), result.stdout)
            if go_program():
                result = runner.run(profile, go_program())
                self.assertEqual(result.returncode, 0, result.stdout)
                self.assertIn("version", result.stdout)
            if python_program():
                self.runs(runner, profile, [python_program(), "-I", "-c", PYTHON], "[0, 1, 2, 3] 8", 1000)

        self.each(check)

    def test_the_seeds_fail(self):
        """basic starts nothing, or with luck nothing that has a C library; restrictive starts what is static alone."""

        def check(runner):
            for _ in range(3):
                result = runner.run(PROFILES / "basic.json", ["/bin/sh", "-c", "echo alive"])
                self.assertNotEqual(result.returncode, 0, result.stdout)
                self.assertNotIn("alive", result.stdout)
            result = runner.run(PROFILES / "restrictive.json", ["/bin/sh", "-c", "echo alive"])
            self.assertEqual(result.returncode, 127, result.stdout)
            self.assertNotIn("alive", result.stdout)
            self.runs(runner, PROFILES / "restrictive.json", ["/bin/busybox", "echo", "alive"], "alive")

        self.each(check)

    @contextlib.contextmanager
    def serve(self, runner, profile, command, port):
        """A server in a container, once its port answers; proves the filter in force."""
        log = self.folder / f"log-{runner.name}"
        words = runner.words(profile, command, 0)
        with open(log, "w", encoding="utf-8") as stream:
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream,
                                       env=getattr(runner, "environment", None))

        def answers():
            with socket.socket() as probe:
                return process.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0

        try:
            self.assertTrue(wait_for(answers, 20) and process.poll() is None, log.read_text(encoding="utf-8"))
            pid = runner.pid()
            self.assertEqual(seccomp_mode(pid), 2)
            self.in_force(runner, profile, pid)
            yield
        finally:
            runner.remove()
            process.wait(20)

    def in_force(self, runner, profile, pid):
        """What the engine loaded is what callgate reads from the file."""
        document = json.loads(Path(profile).read_text(encoding="utf-8"))
        if runner.name == "docker" and run(*runner.client, "version", "--format",
                                           "{{.Server.Version}}").stdout.startswith("20.10."):
            del document["defaultErrnoRet"]  # which that version does
        part = self.known_part(self.write(f"{runner.name}-{Path(profile).name}", document))
        self.assert_equal_to_process(part, pid, READING[runner.name])

    def test_restrictive_fixed_serves_redis(self):
        redis = shutil.which("redis-server")
        need(redis, "redis-server is not installed")

        def check(runner):
            port = free_port()
            server = [redis, "--port", port, "--bind", "127.0.0.1", "--dir", "/tmp", "--save", "", "--appendonly", "yes"]
            with self.serve(runner, PROFILES / "restrictive-fixed.json", server, port), socket.create_connection(
                    ("127.0.0.1", port), timeout=10) as connection:
                for line, answer in ((b"SET name value", b"+OK\r\n"), (b"GET name", b"$5\r\nvalue\r\n"),
                                     (b"BGREWRITEAOF", b"+Background append only file rewriting started\r\n")):
                    connection.sendall(line + b"\r\n")
                    self.assertEqual(connection.recv(1024), answer)

        self.each(check)

    def test_restrictive_fixed_serves_nginx(self):
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        need(nginx, "nginx is not installed")

        def check(runner):
            port = free_port()
            folder = self.home / f"nginx-{runner.name}"
            folder.mkdir()
            (folder / "index.html").write_text("confined\n", encoding="ascii")
            (folder / "nginx.conf").write_text(
                f"daemon off; worker_processes 2; user www-data; pid /tmp/pid; error_log /tmp/error.log;\n"
                "events { worker_connections 64; }\n"
                "http { access_log off; client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy;\n"
                "  fastcgi_temp_path /tmp/fastcgi; uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;\n"
                f"  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n", encoding="ascii")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            server = [nginx, "-c", folder / "nginx.conf", "-e", "/tmp/error.log"]
            with self.serve(runner, PROFILES / "restrictive-fixed.json", server, port):
                for _ in range(5):
                    with opener.open(f"http://127.0.0.1:{port}/index.html", timeout=10) as answer:
                        self.assertEqual((answer.status, answer.read()), (200, b"confined\n"))

        self.each(check)


if __name__ == "__main__":
    need(CALLGATE, "CALLGATE names the program under test")
    unittest.main(verbosity=2)
