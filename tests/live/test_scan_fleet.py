#!/usr/bin/env python3
"""Scans all programs of a small root file system that is made of this machine's own files, and holds what comes out
against scans of each program alone; ends runs in the middle and goes on with them.

usage: test_scan_fleet.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

CALLGATE = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else sys.exit(__doc__)
PROGRAMS = {"coreutils": ["ls", "cat", "true", "env", "sleep"], "dash": ["dash"], "grep": ["grep"]}


def make_root(root: Path):
    """A merged /usr with programs, what they are linked with, dpkg's data base, and what must not be fallen for."""
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc", "dev", "var/lib/dpkg/info"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    status = ""
    for package, programs in PROGRAMS.items():
        lines = ["/.", "/bin"]
        for name in programs:
            copy(root, Path(shutil.which(name)), f"usr/bin/{name}")
            lines.append(f"/bin/{name}")
        (root / f"var/lib/dpkg/info/{package}.list").write_text("\n".join(lines) + "\n")
        status += f"Package: {package}\nStatus: install ok installed\nVersion: 1.{len(programs)}\n\n"
    (root / "var/lib/dpkg/status").write_text(status)
    (root / "bin/sh").symlink_to("dash")
    # No loader of Debian looks into /lib64 by itself.
    (root / "etc/ld.so.conf").write_text("/lib64\n")
    subprocess.run(["ldconfig", "-r", root], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (root / "etc/nsswitch.conf").write_text("passwd: files\n")
    script(root / "usr/bin/job", "#!/usr/bin/env sh\n")
    script(root / "usr/bin/tool", "#!/bin/sh -e\n")
    (root / "outside").symlink_to(shutil.which("bash"))
    (root / "circle").symlink_to("circle")
    os.mkfifo(root / "pipe", 0o777)
    foreign = bytearray((root / "usr/bin/true").read_bytes())
    foreign[18] = 243  # EM_RISCV
    (root / "usr/bin/foreign").write_bytes(foreign)
    (root / "usr/bin/foreign").chmod(0o755)
    (root / "usr/bin/cut-short").write_bytes((root / "usr/bin/true").read_bytes()[:700])
    (root / "usr/bin/cut-short").chmod(0o755)


def copy(root: Path, program: Path, name: str):
    shutil.copy(program.resolve(), root / name)
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(0x", listed):
        target = root / "usr/lib64" / Path(library).name
        if not target.exists():
            shutil.copy(library, target)


def script(path: Path, text: str):
    path.write_text(text)
    path.chmod(0o755)


class Fleet(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="callgate-fleet.")
        cls.root = Path(cls.scratch.name) / "root"
        make_root(cls.root)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def scan(self, *words, expect=1) -> subprocess.CompletedProcess:
        run = subprocess.run([CALLGATE, "scan", "--root", self.root, *words], capture_output=True, text=True, timeout=240, check=False)
        self.assertEqual(run.returncode, expect, run.stderr + run.stdout)
        return run

    def programs(self, text: str) -> dict:
        return {p["path"]: p for p in json.loads(text)["programs"]}

    def lines(self, file: Path) -> list[dict]:
        return [json.loads(line) for line in file.read_text().splitlines()]

    def test_finds_and_scans_as_each_alone(self):
        answer = json.loads(self.scan("--format", "json").stdout)
        found = {p["path"]: p for p in answer["programs"]}
        wanted = {f"/usr/bin/{name}" for names in PROGRAMS.values() for name in names} | {"/usr/bin/cut-short"}
        self.assertEqual(set(found), wanted)
        for name in ("ls", "dash"):
            path = f"/usr/bin/{name}"
            alone = self.programs(self.scan(path, "--format", "json").stdout)[path]
            self.assertEqual({k: found[path][k] for k in alone}, alone)
        self.assertEqual(found["/usr/bin/ls"]["package"], "coreutils")
        self.assertEqual(found["/usr/bin/ls"]["version"], "1.5")
        self.assertIn("error", found["/usr/bin/cut-short"])
        skipped = {s["path"]: (s["reason"], s["why"]) for s in answer["skipped"]}
        self.assertEqual(skipped, {"/pipe": ("pipe", ""), "/circle": ("loop", ""), "/usr/bin/foreign": ("foreign", "riscv")})
        self.assertEqual({s["interpreter"] for s in answer["scripts"]}, {"/bin/sh -e", "/usr/bin/env sh"})
        packages = {p["name"]: p for p in answer["packages"]}
        self.assertEqual(packages["coreutils"]["programs"], 5)
        self.assertEqual(packages[""]["failed"], 1)
        union = {c["name"] for name in PROGRAMS["coreutils"] for c in found[f"/usr/bin/{name}"]["calls"]}
        self.assertEqual(set(packages["coreutils"]["calls"]), union)
        self.assertEqual(answer["summary"]["programs"], len(wanted))

    def test_threads_change_nothing(self):
        one = self.programs(self.scan("--jobs", "1", "--format", "json").stdout)
        self.assertEqual(self.programs(self.scan("--jobs", "3", "--format", "json").stdout), one)

    def test_goes_on_where_it_was_ended(self):
        whole = self.programs(self.scan("--format", "json").stdout)
        file = Path(self.scratch.name) / "killed.jsonl"
        words = [CALLGATE, "scan", "--root", self.root, "--jobs", "1", "-o", file]
        with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and run.poll() is None and not (file.exists() and file.read_bytes().count(b"\n") >= 3):
                time.sleep(0.002)
            run.send_signal(signal.SIGKILL)
        first = file.read_bytes()
        self.assertGreaterEqual(first.count(b"\n"), 3)
        with file.open("ab") as end:
            end.write(b'{"path":"/usr/bin/ls","status":"clo')  # as a machine that fails would leave it
        self.scan("-o", file)
        self.assertTrue(file.read_bytes().startswith(first[:first.rindex(b"\n") + 1]))
        lines = self.lines(file)
        self.assertEqual(lines[0]["kind"], "scan")
        paths = [line["path"] for line in lines[1:]]
        # Each once, but that failures are tried again.
        self.assertEqual(sorted(p for p in paths if "error" not in whole[p]), sorted(p for p in whole if "error" not in whole[p]))
        self.assertEqual(set(paths), set(whole))
        for line in lines[1:]:
            self.assertEqual(line, whole[line["path"]])

    def test_scans_again_only_what_changed(self):
        file = Path(self.scratch.name) / "again.jsonl"
        self.scan("-o", file)
        before = file.read_text()
        text = self.scan("-o", file).stdout
        again = self.lines(file)[1 + len(before.splitlines()) - 1:]
        self.assertEqual([line["path"] for line in again], ["/usr/bin/cut-short"])  # failures are tried again
        self.assertIn("coreutils", text)
        os.utime(self.root / "usr/bin/ls")
        size = len(self.lines(file))
        self.scan("-o", file)
        self.assertEqual({line["path"] for line in self.lines(file)[size:]}, {"/usr/bin/ls", "/usr/bin/cut-short"})
        os.utime(next((self.root / "usr/lib64").glob("libc.so.6")))
        size = len(self.lines(file))
        self.scan("-o", file)
        self.assertEqual(len(self.lines(file)) - size, 8)

    def test_a_file_of_something_else_is_left_alone(self):
        file = Path(self.scratch.name) / "other.jsonl"
        self.scan("-o", file, "--package", "dash")
        run = self.scan("-o", file, "--assume", "no-gconv", expect=3)
        self.assertIn("CG6005", run.stderr)
        note = Path(self.scratch.name) / "note.txt"
        note.write_text("mine\n")
        self.scan("-o", note, expect=3)
        self.assertEqual(note.read_text(), "mine\n")

    def test_a_package_alone(self):
        answer = json.loads(self.scan("--package", "dash", "--format", "json").stdout)
        self.assertEqual([p["path"] for p in answer["programs"]], ["/usr/bin/dash"])
        self.assertIn("CG6019", self.scan("--package", "absent", expect=2).stderr)

    def test_scripts_stay_inside(self):
        answer = self.programs(self.scan("/usr/bin/job", "/usr/bin/tool", "--format", "json").stdout)
        job, tool = answer["/usr/bin/job"], answer["/usr/bin/tool"]
        self.assertEqual(job["interpreter"], "/usr/bin/sh")
        self.assertEqual(tool["interpreter"], "/bin/sh")
        names = lambda p: {c["name"] for c in p["calls"]}  # noqa: E731
        env = self.programs(self.scan("/usr/bin/env", "--format", "json").stdout)["/usr/bin/env"]
        self.assertEqual(names(job), names(tool) | names(env))
        # What a link leads to outside is not there.
        self.assertIn("/outside", self.scan("/outside", expect=3).stderr)

    def test_tells_how_it_goes(self):
        self.assertEqual(self.scan("--package", "dash").stderr, "")
        self.assertIn("1 of 1 program scanned", self.scan("--package", "dash", "--progress").stderr)


if __name__ == "__main__":
    if not shutil.which("ldconfig") or not shutil.which("ldd"):
        print("SKIP: ldconfig or ldd is not there")
        sys.exit(77)
    unittest.main()
