"""runc and crun start containers under profiles; the filter each put in force, dumped from the live process, is proved
against what callgate reads from the same profile `--as runc` and `--as crun`. Where libseccomp is known to go wrong (an
OR of ANDs) the test shows it going wrong."""
# SPDX-License-Identifier: Apache-2.0
import errno
import json
import re
import struct
import unittest

from containers import (
    CALLGATE, CONTAINED, CORPUS, DATA, Engine, EngineTest, NotStarted, disassembled, dump_filters, need_corpus,
    need_engines, prove, run, without_split_calls)
from moby_profile import resolve
from odd_profiles import PROFILES, STRICTER

NAMES = ("runc", "crun")
OWN = DATA / "engines"
# What has a test of its own below.
SPECIAL = {"errno-too-large", "flags", "miscompiled", "no-architectures", "without-native"}
# Public profiles that runc and crun take as they stand. Those of Docker's format lose archMap, includes and excludes on
# this way, as with containerd; the rest of the collection is covered by the simulated engines.
PUBLIC = (
    "moby/default-2026-05-06-3c28324.json",
    "moby/default-2021-01-27-eddb6dc.json",
    "containers-common/seccomp.json",
    "runc/seccomp_syscall_test2.json",
    "runc/seccomp_syscall_test1.json",
)
# Docker's old format, given to the runtimes as Docker would.
PUBLIC_DOCKER = ("docker-labs/default.json", "docker-labs/default-no-chmod.json", "docker-labs/allow.json",
                 "jessfraz/chrome.json", "seccomp-diff/default.json")
TEE, KILLED = 276, 128 + 31


def setUpModule():
    need_engines("runc", "crun", "unshare")


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def runc_version():
    found = re.search(r"runc version (\d+)\.(\d+)", run("runc", "--version").stdout)
    return tuple(int(part) for part in found.groups())


class Runtimes(EngineTest):
    def engine(self, name):
        # A state folder of its own for every container, because of crun's cache.
        self.states = getattr(self, "states", 0) + 1
        return Engine(name, self.folder, f"state-{self.states}")

    def check(self, path, seccomp=None, names=NAMES):
        for name in names:
            with self.subTest(profile=path.name, engine=name):
                seccomp = seccomp or load(path)
                reading = name
                if name == "runc" and runc_version() < (1, 2) and not seccomp.get("architectures"):
                    reading = "crun"  # that runc's ENOSYS stub covers listed architectures alone: here none
                with self.engine(name).start(seccomp) as container:
                    self.assert_equal_to_process(self.known_part(path), container.pid, reading)

    def test_seed_profiles(self):
        for path in sorted((DATA / "seed").glob("*.json")):
            self.check(path)

    def test_own_profiles(self):
        paths = [path for path in sorted(OWN.glob("*.json")) if path.stem not in SPECIAL]
        self.assertGreaterEqual(len(paths), 15)
        for path in paths:
            self.check(path)

    def test_public_profiles(self):
        need_corpus()
        for name in PUBLIC:
            self.check(CORPUS / name)
        for name in PUBLIC_DOCKER:
            path = CORPUS / name
            self.check(self.write(f"{path.parent.name}-{path.name}", without_split_calls(resolve(load(path)))))

    def test_docker_default(self):
        """What Docker hands to its runtime, made by a second reader: the runtime's filter is the one that callgate
        reads from that file as the runtime does, and the one it reads from Docker's own file as Docker does."""
        need_corpus()
        docker = CORPUS / "moby/default-2026-05-06-3c28324.json"
        profile = without_split_calls(load(docker))
        docker = self.write("docker.json", profile)
        seccomp = resolve(profile)
        path = self.write("docker-default.json", seccomp)
        for name in NAMES:
            with self.engine(name).start(seccomp) as container:
                self.assert_equal_to_process(self.known_part(path), container.pid, name)
                if name == "runc":
                    self.assert_equal_to_process(self.known_part(docker), container.pid, "docker")

    def test_config_json(self):
        """The whole config.json is read like the object inside it."""
        for name in NAMES:
            engine = self.engine(name)
            with engine.start(load(OWN / "operators.json")) as container:
                self.assert_equal_to_process(self.folder / f"{name}-bundle" / "config.json", container.pid, name)

    def test_two_ways_of_dumping(self):
        for name in NAMES:
            with self.engine(name).start(load(OWN / "sockets.json")) as container:
                ours = [list(struct.iter_unpack("HBBI", program)) for program in dump_filters(container.pid)]
                self.assertEqual(ours, disassembled(f"pid:{container.pid}"))
                self.assertGreater(len(ours[0]), 100)

    def test_a_difference_is_found(self):
        """A proof that could not fail would prove nothing: another profile's filter is told apart."""
        with self.engine("runc").start(load(OWN / "operators.json")) as container:
            status, answer = prove(OWN / "masks.json", f"pid:{container.pid}", "runc")
            self.assertEqual((status, answer["verdict"]), (1, "different"))
            status, answer = prove(OWN / "operators.json", f"pid:{container.pid}", "crun")
            self.assertEqual((status, answer["b"], answer["witness"]["a"], answer["witness"]["b"]),
                             (1, f"pid:{container.pid}", "ERRNO(1)", "ERRNO(38)"), answer)

    def test_errno_too_large(self):
        """libseccomp takes no error number above 4094, though the kernel would take 4095."""
        path = OWN / "errno-too-large.json"
        for name in NAMES:
            with self.subTest(engine=name):
                with self.assertRaises(NotStarted):
                    self.engine(name).start(load(path), attempts=2)
                status, text = prove(path, path, name)
                self.assertEqual(status, 3)
                self.assertIn('"CG1014"', text)

    def test_refusals(self):
        """What callgate refuses for an engine, that engine refuses, and the other way round; what both take is
        proved."""
        for case, seccomp in PROFILES.items():
            path = self.write("profile.json", seccomp)
            for name in NAMES:
                with self.subTest(case=case, engine=name):
                    status, answer = prove(path, path, name)
                    try:
                        with self.engine(name).start(seccomp, attempts=1) as container:
                            if (case, name) in STRICTER:
                                self.assertEqual(status, 3)
                            else:
                                self.assertEqual(status, 0, answer)
                                self.assert_equal_to_process(path, container.pid, name)
                    except NotStarted as refusal:
                        self.assertEqual(status, 3, f"the engine says: {refusal}")

    def test_flags(self):
        path = OWN / "flags.json"
        self.check(path, names=("crun",))
        if runc_version() >= (1, 2):
            self.check(path, names=("runc",))
        else:
            with self.assertRaisesRegex(NotStarted, "flags are not yet supported"):
                self.engine("runc").start(load(path), attempts=1)

    def test_without_the_native_architecture(self):
        """Both engines cover the machine's architecture, listed or not. runc before 1.2 left it out of its ENOSYS
        stub, and there callgate, which reads as runc 1.2 and later, answers ENOSYS where the old one answers the
        default."""
        for stem in ("no-architectures", "without-native"):
            path = OWN / f"{stem}.json"
            self.check(path, names=("crun",))
            if runc_version() >= (1, 2):
                self.check(path, names=("runc",))
                continue
            if stem == "no-architectures":  # no stub at all, which is crun's reading
                self.check(path, names=("runc",))
            with self.subTest(profile=stem), self.engine("runc").start(load(path)) as container:
                status, answer = prove(path, f"pid:{container.pid}", "runc")
                self.assertEqual(status, 1)
                witness = answer["witness"]
                self.assertEqual((witness["arch"], witness["a"], witness["b"]), ("x86_64", "ERRNO(38)", "ERRNO(1)"))

    def test_miscompiled(self):
        """libseccomp's defect with an OR of ANDs: the engines' filter refuses a call that the profile allows, and so
        does the kernel under it."""
        path = OWN / "miscompiled.json"
        for name in NAMES:
            with self.subTest(engine=name):
                with self.engine(name).start(load(path)) as container:
                    status, answer = prove(path, f"pid:{container.pid}", name)
                self.assertEqual((status, answer["witness"]["nr"]), (1, TEE), answer)
                self.assertEqual((answer["witness"]["a"], answer["witness"]["b"]), ("ALLOW", "ERRNO(99)"), answer)
                arguments = answer["witness"]["args"]
                self.assertEqual(self.engine(name).call(load(path), TEE, *arguments), 99, arguments)
                # An honest filter lets the call through, to fail for tee(2)'s own reason: no such files.
                honest = run(CALLGATE, "run", "--profile", path, "--as", name, "--", CONTAINED, TEE, *arguments)
                self.assertEqual(honest.returncode, errno.EBADF, honest.stdout)

    def test_x86_64_only(self):
        """x32's numbers kill where the profile does not list it."""
        getpid = 39
        for name in NAMES:
            seccomp = load(OWN / "x86_64-only.json")
            self.assertEqual(self.engine(name).call(seccomp, 0x40000000 + getpid), KILLED)
            self.assertEqual(self.engine(name).call(seccomp, getpid), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
