#!/usr/bin/env python3
"""Programs and servers switched from one profile to a stricter one while they run: each serves after the switch, nobody
traces it, every thread has the stricter filter, and what is in force is proved equal to the second profile. What cannot
be switched does not live on.

usage: test_phases.py CALLGATE PROBE PROBE_STATIC I386_SOURCE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import servers
from i386 import only_i386
from servers import PATIENCE, below, wait_until

CALLGATE, PROBE, STATIC, I386 = (str(Path(word).resolve()) for word in sys.argv[1:5])
STRICT = ["getcwd", "mount", "execve", "execveat", "ptrace", "listen"]


def profile(refused: list[str]) -> str:
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                       "syscalls": [{"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]})


def status(task: Path) -> dict:
    lines = (task / "status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


OWN_FILTERS = int(status(Path("/proc/self")).get("Seccomp_filters", 0))


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

    @only_i386
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
    def serve(self, at: str, server: servers.Server):
        """Starts it, loads it, and looks at each of its processes. One that never waits for clients may wait on."""
        program, load = server.words, server.load
        everyone = server.waits or at != "accept"
        with open(self.folder / "log", "w") as log:
            launcher = subprocess.Popen([*self.words(at), *program], cwd="/", stdout=log, stderr=log)
        try:
            wait_until(f"{program[0]} serves", lambda: launcher.poll() is not None or load() is None)
            self.assertIsNone(launcher.poll(), (self.folder / "log").read_text())
            for _ in range(30):
                load()
            # Each at its own point: a master may come to wait after its workers serve.
            wait_until("the switch", lambda: (all if everyone else any)(self.switched(pid) for pid in below(launcher.pid)))
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
        one = servers.nginx(self.folder)
        self.serve("listen", one)
        self.serve("accept", one)

    def test_redis(self):
        one = servers.redis(self.folder)
        self.serve("listen", one)
        self.serve("accept", one)

    def test_memcached(self):
        self.serve("listen", servers.memcached(self.folder))

    def test_haproxy(self):
        self.serve("accept", servers.haproxy(self.folder))

    def test_python(self):
        self.serve("listen", servers.python(self.folder))

    def test_node(self):
        one = servers.node(self.folder)
        for at in ("listen", "marker"):
            self.serve(at, one)

    def test_postgres(self):
        self.serve("listen", servers.postgres(self.folder))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
