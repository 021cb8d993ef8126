#!/usr/bin/env python3
"""Programs and servers switched from one profile to a stricter one while they run: each serves after the switch, nobody
traces it, every thread has the stricter filter, and what is in force is proved equal to the second profile. What cannot
be switched does not live on.

usage: test_phases.py CALLGATE PROBE PROBE_STATIC I386_SOURCE
SPDX-License-Identifier: Apache-2.0
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

CALLGATE, PROBE, STATIC, I386 = (str(Path(word).resolve()) for word in sys.argv[1:5])
PATIENCE = 60
STRICT = ["getcwd", "mount", "execve", "execveat", "ptrace", "listen"]


def profile(refused: list[str]) -> str:
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                       "syscalls": [{"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]})


def status(task: Path) -> dict:
    lines = (task / "status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


OWN_FILTERS = int(status(Path("/proc/self")).get("Seccomp_filters", 0))


def below(pid: int) -> list[int]:
    """All processes below `pid`."""
    out = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            out += [int(child), *below(int(child))]
    return out


def wait_until(what, true):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if true():
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port: int, text: bytes, enough: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(text)
        got = b""
        while enough not in got:
            part = link.recv(65536)
            if not part:
                raise OSError(f"no {enough!r} in {got!r}")
            got += part


def get(port: int) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    link.request("GET", "/")
    answer = link.getresponse()
    answer.read()
    link.close()
    if answer.status != 200:
        raise OSError(f"status {answer.status}")


class Phases(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="callgate-phases-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.folder.chmod(0o755)
        (self.folder / "a.json").write_text(profile(["mount"]))
        (self.folder / "b.json").write_text(profile(STRICT))

    def words(self, at: str, *options: str, second: str = "b.json") -> list[str]:
        return [CALLGATE, "run", "--phase", f"first={self.folder}/a.json", "--phase", f"next={self.folder}/{second}",
                "--switch-at", at, *options, "--"]

    def run_it(self, at: str, *program: str, options: tuple = (), second: str = "b.json",
               **more) -> subprocess.CompletedProcess:
        return subprocess.run([*self.words(at, *options, second=second), *program], capture_output=True, text=True,
                              timeout=PATIENCE, check=False, cwd="/tmp", **more)

    def expect(self, code: int, done: subprocess.CompletedProcess, text: str = ""):
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.assertIn(text, done.stderr)
        if not text:
            self.assertEqual(done.stderr, "")


class Programs(Phases):
    def test_threads_without_a_library(self):
        for program in (PROBE, STATIC):
            self.expect(0, self.run_it("marker", program, "threads"))

    @unittest.skipIf(os.geteuid() != 0, "root alone can become somebody without rights")
    def test_without_any_right(self):
        for at, mode in (("marker", "threads"), ("marker", "children"), ("300ms", "asleep")):
            self.expect(0, self.run_it(at, STATIC, mode, user=65534, group=65534, extra_groups=[]))

    def test_at_any_time(self):
        """Wherever threads happen to be when time is up."""
        for at in range(0, 40, 2):
            self.expect(0, self.run_it(f"{at}ms", STATIC, "busy"))

    def test_children_of_before_and_after(self):
        for program in (PROBE, STATIC):
            self.expect(0, self.run_it("marker", program, "children"))

    def test_a_child_of_vfork(self):
        self.expect(0, self.run_it("marker", STATIC, "vfork"))

    def test_by_time_in_the_middle_of_a_wait(self):
        for program in (PROBE, STATIC):
            self.expect(0, self.run_it("300ms", program, "asleep"))

    def test_32_bit(self):
        subprocess.run(["as", "--32", I386, "-o", self.folder / "a.o"], check=True)
        subprocess.run(["ld", "-m", "elf_i386", self.folder / "a.o", "-o", self.folder / "a"], check=True)
        self.expect(0, self.run_it("marker", str(self.folder / "a")))

    def test_main_is_found_in_every_kind_of_program(self):
        (self.folder / "m.c").write_text(
            '#include <unistd.h>\nstatic int before;\nstatic char place[4096];\n'
            '__attribute__((constructor)) static void first(void) { before = getcwd(place, sizeof place) != 0; }\n'
            'int main(void) { return before && getcwd(place, sizeof place) == 0 ? 0 : 1; }\n')
        for kind in ([], ["-static"], ["-static-pie"], ["-no-pie"], ["-s"]):
            subprocess.run(["gcc", *kind, self.folder / "m.c", "-o", self.folder / "m"], check=True)
            self.expect(0, self.run_it("main", str(self.folder / "m")))

    def test_exec_of_an_entry_script(self):
        script = "ls -d / > /dev/null; cd /tmp; exec grep -c Seccomp_filters:.%d /proc/self/status" % (OWN_FILTERS + 2)
        done = self.run_it("exec", "/bin/sh", "-c", script)
        self.expect(0, done)
        self.assertEqual(done.stdout, "1\n")

    def test_behind_an_init(self):
        done = self.run_it("main", "/bin/sh", "-c", "/bin/true; echo $$", options=("--seal", "process"))
        self.assertEqual(done.stdout, "2\n", done.stderr)
        self.assertIn("Operation not permitted", done.stderr)

    def test_a_second_profile_without_munmap(self):
        (self.folder / "c.json").write_text(profile([*STRICT, "munmap", "seccomp", "mmap"]))
        self.expect(0, self.run_it("marker", STATIC, "children", second="c.json"))


class FailClosed(Phases):
    def test_a_thread_with_a_filter_of_its_own(self):
        self.expect(125, self.run_it("marker", STATIC, "own-filter"), "a filter of its own")

    def test_no_main(self):
        (self.folder / "n.s").write_text(".globl _start\n_start: mov $60,%eax\n mov $3,%edi\n syscall\n")
        subprocess.run(["as", self.folder / "n.s", "-o", self.folder / "n.o"], check=True)
        subprocess.run(["ld", self.folder / "n.o", "-o", self.folder / "n"], check=True)
        self.expect(125, self.run_it("main", str(self.folder / "n")), "CG5303")

    def test_never_there(self):
        self.expect(7, self.run_it("listen", "/bin/sh", "-c", "exit 7"), "CG5304")

    def test_the_tracers_death_is_the_programs(self):
        launcher = subprocess.Popen([*self.words("listen"), "/bin/sh", "-c", "sleep 300 & sleep 300"])
        wait_until("two programs", lambda: len(below(launcher.pid)) >= 3)
        programs = below(launcher.pid)
        launcher.kill()
        launcher.wait()
        wait_until("their end", lambda: not any(
            Path(f"/proc/{pid}/stat").exists() and status(Path(f"/proc/{pid}"))["State"][0] not in "ZX" for pid in programs))

    def test_signals_and_status_in_both_phases(self):
        for at, words in (("listen", "kill -TERM $$"), ("marker", "test -e /callgate:next; kill -TERM $$")):
            done = self.run_it(at, "/bin/sh", "-c", words)
            self.assertEqual(done.returncode, 128 + signal.SIGTERM, done.stderr)


class Servers(Phases):
    def serve(self, at: str, program: list[str], load, everyone: bool = True):
        """Starts it, loads it, and looks at each of its processes. Unless `everyone`, some may wait on."""
        with open(self.folder / "log", "w") as log:
            launcher = subprocess.Popen([*self.words(at), *program], cwd="/", stdout=log, stderr=log)
        try:
            wait_until(f"{program[0]} serves", lambda: launcher.poll() is not None or load() is None)
            self.assertIsNone(launcher.poll(), (self.folder / "log").read_text())
            for _ in range(30):
                load()
            wait_until("the switch", lambda: any(self.switched(pid) for pid in below(launcher.pid)))
            processes = [pid for pid in below(launcher.pid) if self.switched(pid)]
            if everyone:
                self.assertEqual(sorted(below(launcher.pid)), sorted(processes))
            for pid in processes[:2]:
                proved = subprocess.run([CALLGATE, "prove", f"pid:{pid}", self.folder / "b.json"], capture_output=True,
                                        text=True, timeout=PATIENCE, check=False)
                self.assertEqual(proved.returncode, 0, proved.stdout + proved.stderr)
            load()
        except BaseException:
            print((self.folder / "log").read_text(), file=sys.stderr)
            raise
        finally:
            programs = below(launcher.pid)
            launcher.terminate()
            try:
                launcher.wait(20)
            except subprocess.TimeoutExpired:
                launcher.kill()
                launcher.wait()
            for pid in programs:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def switched(self, pid: int) -> bool:
        """Every thread has both filters, and nobody traces it."""
        try:
            tasks = [status(task) for task in Path(f"/proc/{pid}/task").iterdir()]
        except FileNotFoundError:
            return False
        return bool(tasks) and all(
            task["Seccomp_filters"] == str(OWN_FILTERS + 2) and task["TracerPid"] == "0" for task in tasks)

    def test_nginx(self):
        port = free_port()
        (self.folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 2; user root; pid {self.folder}/pid; error_log stderr;\n"
            f"events {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:{port}; return 200 'well'; }} }}\n")
        words = ["nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]
        self.serve("listen", words, lambda: get(port))
        self.serve("accept", words, lambda: get(port), everyone=False)  # its master never waits for clients

    def test_redis(self):
        port = free_port()
        words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        def load():
            ask(port, b"SET a 1\r\nINCR a\r\n", b":2\r\n")
        self.serve("listen", words, load)
        self.serve("accept", words, load)

    def test_memcached(self):
        port = free_port()
        words = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "root", "-t", "4"]
        self.serve("listen", words, lambda: ask(port, b"set a 0 0 1\r\nx\r\nget a\r\n", b"VALUE a 0 1"))

    def test_haproxy(self):
        port = free_port()
        (self.folder / "haproxy.cfg").write_text(
            "global\n  nbthread 2\ndefaults\n  mode http\n  timeout client 20s\n  timeout server 20s\n  timeout connect 5s\n"
            f"frontend f\n  bind 127.0.0.1:{port}\n  http-request return status 200\n")
        self.serve("accept", ["haproxy", "-db", "-f", str(self.folder / "haproxy.cfg")], lambda: get(port))

    def test_python(self):
        port = free_port()
        self.serve("listen", ["/usr/bin/python3", "-c", "import http.server as h\n"
                              "class A(h.BaseHTTPRequestHandler):\n"
                              "  def do_GET(self): self.send_response(200); self.end_headers()\n"
                              f"h.ThreadingHTTPServer(('127.0.0.1', {port}), A).serve_forever()"], lambda: get(port))

    def test_node(self):
        port = free_port()
        code = ("const fs = require('fs'); require('http').createServer((q, a) => a.end('well'))"
                f".listen({port}, '127.0.0.1', () => fs.existsSync('/callgate:next'))")
        for at in ("listen", "marker"):
            self.serve(at, ["/usr/bin/node", "-e", code], lambda: get(port))

    def test_postgres(self):
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        home, port = self.folder / "data", free_port()
        home.mkdir()
        shutil.chown(home, "postgres", "postgres")
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        subprocess.run([*as_postgres, binaries / "initdb", "-D", home, "-A", "trust", "--no-sync"], check=True,
                       capture_output=True, cwd="/")
        def load():
            done = subprocess.run([*as_postgres, "psql", "-h", "127.0.0.1", "-p", str(port), "-qAtc",
                                   "create temp table t as select generate_series(1, 100) n; select sum(n) from t",
                                   "postgres"], capture_output=True, text=True, timeout=PATIENCE, check=False, cwd="/")
            if done.stdout.strip() != "5050":
                raise OSError(done.stderr)
        self.serve("listen", [*as_postgres, str(binaries / "postgres"), "-D", str(home), "-p", str(port), "-h", "127.0.0.1",
                              "-c", "unix_socket_directories=", "-c", "fsync=off"], load)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
