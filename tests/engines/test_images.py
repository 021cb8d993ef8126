"""Images as Docker and Podman write them into files, with layers that take away and replace what lower ones have: what
`scan --image` finds in them is what `scan --root` finds in the root file system that the engine itself makes of them."""
# SPDX-License-Identifier: Apache-2.0
import gzip
import json
import os
import re
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import CALLGATE, need, need_engines, run, temporary_folder
from podman import PodmanTest
from test_docker import Daemons

DOCKERFILE = """FROM base:1
RUN rm /usr/bin/cat && ln /usr/bin/true /usr/bin/also-true
RUN mkdir /opt && cp /usr/bin/ls /opt/old && printf '#!/usr/bin/env sh\\n' > /usr/bin/job && chmod +x /usr/bin/job
RUN rm -r /opt && mkdir /opt && cp /usr/bin/ls /opt/new
ENTRYPOINT ["job"]
"""


def make_root(root):
    """Some of this machine's programs, with what they are linked with."""
    for name in ("usr/bin", "usr/lib64", "usr/lib/x86_64-linux-gnu", "etc", "tmp"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in ("true", "cat", "ls", "ln", "rm", "mkdir", "cp", "chmod", "env", "dash"):
        program = shutil.which(name)
        shutil.copy(program, root / "usr/bin" / name)
        for library in re.findall(r"(/\S+) \(0x", run("ldd", program).stdout):
            folder = "usr/lib64" if "/ld-linux" in library else "usr/lib/x86_64-linux-gnu"
            shutil.copy(library, root / folder / Path(library).name)
    (root / "bin/sh").symlink_to("dash")
    subprocess.run(["ldconfig", "-r", root], check=True)


class Images(PodmanTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need_engines("docker", "dockerd", "containerd", "runc", "ldd", "ldconfig")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        docker = Daemons(cls.folder)
        cls.addClassCleanup(docker.stop)
        docker.start()
        make_root(cls.folder / "root")
        subprocess.run(["tar", "-C", cls.folder / "root", "-cf", cls.folder / "base.tar", "."], check=True)
        need(run(*docker.client, "import", cls.folder / "base.tar", "base:1").returncode == 0, "docker import")
        (cls.folder / "context").mkdir()
        (cls.folder / "context" / "Dockerfile").write_text(DOCKERFILE, encoding="ascii")
        built = run(*docker.client, "build", "--network", "none", "--tag", "web:2", cls.folder / "context",
                    env={**os.environ, "DOCKER_BUILDKIT": "0"})
        need(built.returncode == 0, f"docker build: {built.stdout[-600:]}")
        cls.saved = cls.folder / "saved.tar"
        need(run(*docker.client, "save", "--output", cls.saved, "web:2").returncode == 0, "docker save")
        cls.both = cls.folder / "both.tar"
        need(run(*docker.client, "save", "--output", cls.both, "base:1", "web:2").returncode == 0, "docker save")
        identity = run(*docker.client, "create", "web:2").stdout.strip().splitlines()[-1]
        exported = cls.folder / "exported"
        exported.mkdir()
        with open(cls.folder / "exported.tar", "wb") as file:
            subprocess.run([*docker.client, "export", identity], check=True, stdout=file)
        subprocess.run(["tar", "-C", exported, "-xf", cls.folder / "exported.tar"], check=True)
        cls.wanted = cls.programs("--root", exported)

    @classmethod
    def scan(cls, *words):
        return subprocess.run([CALLGATE, "scan", *words, "--format", "json"], capture_output=True, text=True, timeout=120, check=False)

    @classmethod
    def programs(cls, *words):
        """All programs and their answers, but for what a file on this machine has and one in an image has not."""
        answer = json.loads(cls.scan(*words).stdout)
        return {p["path"]: {k: v for k, v in p.items() if k != "stamp"} for p in answer["programs"]}

    def check(self, image):
        found = self.programs("--image", image, "--all")
        self.assertEqual(set(found), set(self.wanted))
        self.assertEqual(found, self.wanted)
        one = json.loads(self.scan("--image", image).stdout)["programs"]
        self.assertEqual([(p["path"], p["interpreter"]) for p in one], [("/usr/bin/job", "/usr/bin/sh")])

    def test_the_layers_are_what_they_should_be(self):
        self.assertIn("/opt/new", self.wanted)
        self.assertNotIn("/opt/old", self.wanted)
        self.assertNotIn("/usr/bin/cat", self.wanted)
        self.assertEqual(len({"/usr/bin/true", "/usr/bin/also-true"} & set(self.wanted)), 1)  # one file

    def test_saved_by_docker(self):
        self.check(self.saved)

    def test_compressed_as_a_whole(self):
        packed = self.folder / "saved.tar.gz"
        with gzip.open(packed, "wb", compresslevel=1) as file:
            file.write(self.saved.read_bytes())
        self.check(packed)

    def test_one_of_several(self):
        several = self.scan("--image", self.both)
        self.assertEqual(several.returncode, 3)
        self.assertIn("several images", several.stderr)
        found = self.programs("--image", self.both, "--all", "--tag", "base:1")
        self.assertIn("/usr/bin/cat", found)
        program = self.scan("--image", self.both, "--tag", "base:1")
        self.assertEqual(program.returncode, 3)
        self.assertIn("CG6020", program.stderr)

    def test_saved_by_podman_in_oci_layout(self):
        loaded = self.podman("runc", "load", "--input", self.saved)
        self.assertEqual(loaded.returncode, 0, loaded.stdout)
        for name, words in (("plain", ["save", "--format", "oci-archive", "--output", "{}", "web:2"]),
                            ("gzip", ["push", "--compression-format", "gzip", "web:2", "oci-archive:{}"]),
                            ("zstd", ["push", "--compression-format", "zstd", "web:2", "oci-archive:{}:web:2"])):
            with self.subTest(name=name):
                file = self.folder / f"{name}.tar"
                done = self.podman("runc", *(word.format(file) for word in words))
                self.assertEqual(done.returncode, 0, done.stdout)
                self.check(file)


if __name__ == "__main__":
    unittest.main()
