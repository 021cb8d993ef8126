"""Podman with storage and configuration of our own, over crun and over runc: what it puts in force for a profile,
proved against what callgate reads from that file `--as podman` (containers/common's reader, then crun)."""
# SPDX-License-Identifier: Apache-2.0
import json
import unittest
from pathlib import Path

from containers import CORPUS, DATA, need_corpus, prove, seccomp_mode, without_split_calls
from podman import PodmanTest

OWN = ("operators", "one-index-twice", "default-allow", "default-log", "masks", "sockets", "skipped", "x86_64-only",
       "same-call-two-actions")


class Podman(PodmanTest):
    def check(self, path):
        """Over crun: our reading. Over runc: the config.json that Podman wrote, read as runc reads it."""
        part = self.known_part(path)
        for runtime in self.runtimes:
            with self.subTest(profile=path.name, runtime=runtime):
                identity, pid = self.start(runtime, "--security-opt", f"seccomp={path}")
                if runtime == "crun":
                    self.assert_equal_to_process(part, pid, "podman")
                self.check_config(identity, pid, runtime)
                self.podman(runtime, "rm", "--force", "--time", "0", identity)

    def check_config(self, identity, pid, runtime):
        name = self.podman(runtime, "inspect", "--format", "{{.OCIConfigPath}}", identity).stdout.strip()
        seccomp = json.loads(Path(name).read_text(encoding="utf-8"))["linux"]["seccomp"]
        part = self.known_part(self.write("config.json", seccomp))
        self.assert_equal_to_process(part, pid, runtime)

    def play(self, *lines, annotations=()):
        """What `podman kube play` says of a Pod with one container; its status and first process."""
        name = f"p{len(lines)}{abs(hash(annotations)) % 10000}"
        pod = self.folder / f"{name}.yaml"
        noted = "".join(f"    {key}: {value}\n" for key, value in annotations)
        pod.write_text(
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n"
            + (f"  annotations:\n{noted}" if noted else "") + "spec:\n  hostNetwork: true\n" + "".join(f"  {line}\n" for line in lines)
            + "  containers:\n  - {name: app, image: 'localhost/contained:1', imagePullPolicy: Never}\n",
            encoding="ascii")
        result = self.podman("crun", "kube", "play", "--seccomp-profile-root", self.folder, pod)
        self.addCleanup(self.podman, "crun", "pod", "rm", "--force", "--time", "0", name)
        inspected = self.podman("crun", "inspect", "--format", "{{.State.Pid}}", f"{name}-app").stdout
        return result, int(inspected) if inspected.strip().isdigit() else 0

    def test_kube_play_takes_no_notice_of_the_field(self):
        result, pid = self.play("securityContext: {seccompProfile: {type: Localhost, localhostProfile: none.json}}")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertEqual(seccomp_mode(pid), 2)
        plain = self.start("crun")[1]
        self.assertEqual(prove(f"pid:{plain}", f"pid:{pid}", "podman")[0], 0)

    def test_kube_play_honours_annotations(self):
        key = "seccomp.security.alpha.kubernetes.io/pod"
        self.write("own.json", json.loads((DATA / "engines" / "sockets.json").read_text(encoding="utf-8")))
        result, pid = self.play(annotations=((key, "localhost/own.json"),))
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assert_equal_to_process(self.known_part(self.folder / "own.json"), pid, "podman")
        result, pid = self.play(annotations=((key, "unconfined"),))
        self.assertEqual(seccomp_mode(pid), 0, result.stdout)

    def test_kube_play_refuses(self):
        key = "seccomp.security.alpha.kubernetes.io/pod"
        (self.folder / "sub").mkdir()
        before = "opening seccomp profile failed: "
        for value, words in (
                ("localhost/none.json", f"{before}open {self.folder}/none.json: no such file or directory"),
                # Of a path only the first part counts.
                ("localhost/sub/own.json", f"{before}read {self.folder}/sub: is a directory"),
                ("/own.json", "invalid seccomp path: /own.json")):
            with self.subTest(value):
                result, _ = self.play(annotations=((key, value),))
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(words, result.stdout)

    def test_own_profiles(self):
        for stem in OWN:
            self.check(DATA / "engines" / f"{stem}.json")

    def test_seed_profile(self):
        self.check(DATA / "seed" / "restrictive.json")

    def test_public_profiles(self):
        need_corpus()
        for name in ("containers-common/seccomp.json", "moby/default-2026-05-06-3c28324.json"):
            profile = without_split_calls(json.loads((CORPUS / name).read_text(encoding="utf-8")))
            self.check(self.write(Path(name).name, profile))

    def test_own_default(self):
        """Without an option Podman takes the file that its distribution installed, or the default it was built with."""
        installed = Path("/usr/share/containers/seccomp.json")
        identity, pid = self.start("crun")
        self.check_config(identity, pid, "crun")
        if installed.exists():
            self.assert_equal_to_process(self.known_part(installed), pid, "podman")
        status, answer = prove("podman-default", f"pid:{pid}", "podman")
        self.assertIn(status, (0, 1), answer)
        if status == 1:
            print(f"Podman's own default here: {answer['witness']['call']} gets {answer['witness']['b']}, the newest "
                  f"default answers {answer['witness']['a']}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
