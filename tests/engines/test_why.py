"""What `callgate why --container` says of containers that a profile ended, and of one that runs: Docker, a daemon of our
own."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import shutil
import subprocess
import time
import unittest
from pathlib import Path

from containers import CALLGATE, DATA, EngineTest, need_engines, run, temporary_folder
from test_docker import Daemons


def why(daemons, name):
    done = subprocess.run([CALLGATE, "why", "--container", name, "--host", f"unix://{daemons.socket}", "--format", "json"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    return done, json.loads(done.stdout) if done.stdout else None


class Why(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.daemons.start()
        # The kernel log tells about ten records in five seconds, and not of which container they are: what the tests
        # before this one killed must lie behind.
        time.sleep(7)

    def run_container(self, name, profile, image, *words):
        result = run(*self.daemons.client, "run", "--name", name, "--network", "none", "--security-opt",
                     f"seccomp={profile}", image, *words)
        self.addCleanup(run, *self.daemons.client, "rm", "--force", name)
        return result

    def test_ended_by_a_kill(self):
        profile = self.write("kill.json", {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                           "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_KILL_PROCESS"}]})
        # The kernel puts at most ten records into its log in five seconds, and other tests have programs killed, too.
        for attempt in range(5):
            name = f"killed-{attempt}"
            result = self.run_container(name, profile, "contained:1", "/contained", "140")
            self.assertEqual(result.returncode, 159, result.stdout)
            done, report = why(self.daemons, name)
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.assertEqual(report["exit_status"], 159)
            self.assertTrue(any("status 159 is SIGSYS" in note for note in report["notes"]), report["notes"])
            if report["denials"] or not os.access("/dev/kmsg", os.R_OK):
                break
            time.sleep(3)
        if os.access("/dev/kmsg", os.R_OK):
            denial = report["denials"][0]
            self.assertEqual((denial["call"], denial["program"], denial["action"]),
                             ("getpriority", "contained", "KILL_PROCESS"))
            self.assertEqual(denial["decided_by"]["kind"], "rule")
            self.assertIn("-", report["diff"])

    def test_127_without_a_word(self):
        """A program linked dynamically, under a profile without pread64 and writev."""
        root = self.daemons.folder / "dynamic"
        program = shutil.which("true")
        libraries = re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], check=True, capture_output=True,
                                                              text=True).stdout)
        for path in [program, *libraries]:
            target = root / Path(path).relative_to("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        archive = self.daemons.folder / "dynamic.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        self.assertEqual(run(*self.daemons.client, "import", archive, "dynamic:1").returncode, 0)
        result = self.run_container("silent", DATA / "seed" / "restrictive.json", "dynamic:1", program)
        self.assertEqual((result.returncode, result.stdout), (127, ""))
        done, report = why(self.daemons, "silent")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("pread64", [each["call"] for each in report["denials"]])
        self.assertTrue(any("writev" in note for note in report["notes"]), report["notes"])
        self.assertTrue(all(each["change"]["exact"] for each in report["denials"]))

    def test_running(self):
        profile = self.write("deny.json", {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                           "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_KILL_PROCESS"}]})
        result = run(*self.daemons.client, "run", "--detach", "--name", "alive", "--network", "none", "--security-opt",
                     f"seccomp={profile}", "contained:1", "/contained")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "alive")
        self.assertEqual(result.returncode, 0, result.stdout)
        # Another of its processes is ended by its filter.
        for _ in range(5):
            self.assertEqual(run(*self.daemons.client, "exec", "alive", "/contained", "140").returncode, 159)
            done, report = why(self.daemons, "alive")
            self.assertIn(done.returncode, (0, 1), done.stderr)
            if report["denials"] or not os.access("/dev/kmsg", os.R_OK):
                break
            time.sleep(3)
        self.assertTrue(any("1 call KILL_PROCESS" in note for note in report["notes"]), report["notes"])
        if os.access("/dev/kmsg", os.R_OK):
            self.assertEqual(report["denials"][0]["call"], "getpriority")

    def test_records_of_others(self):
        """A program outside that leaves the same record at the same time, and lives: it is told from the container's."""
        if not os.access("/dev/kmsg", os.R_OK):
            self.skipTest("the kernel log cannot be read here")
        profile = self.write("thread.json", {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
                                             "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_KILL_THREAD"}]})
        result = run(*self.daemons.client, "run", "--detach", "--name", "beside", "--network", "none", "--security-opt",
                     f"seccomp={profile}", "contained:1", "/contained")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "beside")
        self.assertEqual(result.returncode, 0, result.stdout)
        program = ("import os, threading, time\nthreading.Thread(target=os.getpriority, args=(0, 0), daemon=True).start()\n"
                   "time.sleep(600)\n")
        for _ in range(5):
            outside = subprocess.Popen([CALLGATE, "run", "--as", "oci", "-p", profile, "--", "python3", "-c", program],
                                       stdin=subprocess.DEVNULL)
            try:
                time.sleep(1)
                self.assertEqual(run(*self.daemons.client, "exec", "beside", "/contained", "140").returncode, 159)
                _, report = why(self.daemons, "beside")
            finally:
                outside.terminate()
                outside.wait()
            self.assertNotIn("python3", {each["program"] for each in report["denials"]})
            left_out = any("more were left out" in note for note in report["notes"])
            if left_out and report["denials"]:
                break
            time.sleep(6)
        self.assertTrue(left_out, report["notes"])
        self.assertIn("maybe another's", report["denials"][0]["place"])

    def test_unknown(self):
        done, _ = why(self.daemons, "nobody")
        self.assertEqual(done.returncode, 4)
        self.assertIn("status 404", done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
