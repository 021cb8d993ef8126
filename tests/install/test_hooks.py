"""pre-commit with this repository's hooks, in a scratch repository: bad files stop a commit and are named, mended ones
let it pass. The hooks' repository is a scratch one too, with the same .pre-commit-hooks.yaml, so that nothing depends on
how the source tree came here. No network: what would go there meets a closed port."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

SOURCE = Path(__file__).resolve().parents[2]
CALLGATE = Path(os.environ.get("CALLGATE", "")).resolve()
HOOKS = SOURCE / ".pre-commit-hooks.yaml"
GUIDE = SOURCE / "docs" / "guide" / "ci.md"

UNCONFINED = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext:
    seccompProfile: {type: Unconfined}
  containers:
  - {name: web, image: web}
"""
def profile():
    """A shipped profile, with its one warning mended: a rule that says what holds anyway."""
    shipped = json.loads((SOURCE / "profiles" / "basic-fixed.json").read_text(encoding="utf-8"))
    shipped["syscalls"] = [rule for rule in shipped["syscalls"] if rule["action"] != shipped["defaultAction"]]
    return json.dumps(shipped, indent=1) + "\n"


PROFILE = profile()
# What must stop a commit, what of it is found, and how it is mended.
BAD = {
    "a Pod": ("pod.yaml", UNCONFINED, "unconfined", ("Unconfined", "RuntimeDefault")),
    "a Compose file": ("deploy/compose.yml",
                       "services:\n  web:\n    image: web\n    security_opt: [seccomp=unconfined]\n", "unconfined",
                       ("    security_opt: [seccomp=unconfined]\n", "")),
    "a script": ("run.sh", "#!/bin/sh\ndocker run --security-opt seccomp=unconfined web\n", "unconfined",
                 (" --security-opt seccomp=unconfined", "")),
    "a script without extension": ("bin/run", "#!/bin/bash\ndocker run --security-opt seccomp=unconfined web\n",
                                   "unconfined", (" --security-opt seccomp=unconfined", "")),
    "a Makefile": ("Makefile", "run:\n\tdocker run --security-opt seccomp=unconfined web\n", "unconfined",
                   (" --security-opt seccomp=unconfined", "")),
    "a profile": ("seccomp/web.json", PROFILE.replace('"read",', '"read", "reboot",'), "reach-reboot",
                  (' "reboot",', "")),
}
OTHERS = {
    "package.json": '{"name": "web", "version": "1.0.0"}\n',
    ".github/workflows/build.yml": "on: push\njobs:\n  build:\n    runs-on: x\n    steps:\n    - run: make\n",
    "build.sh": "#!/bin/sh\nmake\n",
    "README.md": "docker run --security-opt seccomp=unconfined web\n",
}
EXPECTATIONS = "profile: web.json\nexpect:\n- deny: reboot\n"


class Hooks(unittest.TestCase):
    def setUp(self):
        self.assertTrue(CALLGATE.is_file(), "CALLGATE names the program under test; ctest sets it")
        self.scratch = Path(tempfile.mkdtemp(prefix="callgate-hooks."))
        self.addCleanup(shutil.rmtree, self.scratch)
        (self.scratch / "bin").mkdir()
        (self.scratch / "bin" / "callgate").symlink_to(CALLGATE)
        nowhere = "http://127.0.0.1:9"
        self.environment = {
            "PATH": f"{self.scratch}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.scratch), "LC_ALL": "C.UTF-8",
            "PRE_COMMIT_HOME": str(self.scratch / "cache"), "PRE_COMMIT_COLOR": "never", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
            "http_proxy": nowhere, "https_proxy": nowhere, "all_proxy": nowhere,
        }
        self.hooks = self.repository("hooks", {HOOKS.name: HOOKS.read_text(encoding="utf-8")})
        self.call("git", "commit", "-qm", "hooks", where=self.hooks)
        self.call("git", "tag", "v0.1.0", where=self.hooks)

    def call(self, *command, where, status=0):
        done = subprocess.run(command, cwd=where, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
        self.assertEqual(done.returncode, status, f"{command}:\n{done.stdout}")
        return done.stdout

    def repository(self, name, files):
        """A repository with these files added and nothing committed."""
        folder = self.scratch / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
            if text.startswith("#!"):
                (folder / path).chmod(0o755)
        self.call("git", "init", "-q", where=folder)
        self.call("git", "add", "-A", where=folder)
        return folder

    def configured(self, *hooks):
        return yaml.safe_dump({"repos": [{"repo": str(self.hooks), "rev": "v0.1.0", "hooks": list(hooks)}]})

    def test_the_definition_is_valid(self):
        self.call("pre-commit", "validate-manifest", str(HOOKS), where=self.scratch)

    def test_the_guide_shows_a_valid_configuration(self):
        blocks = re.findall(r"^```yaml\n(repos:.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 2)  # with this repository's hooks, and with local ones
        shown = {hook["id"]: hook for hook in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))}
        for block in blocks:
            config = yaml.safe_load(block)
            for repo in config["repos"]:
                for hook in repo["hooks"]:
                    self.assertIn(hook["id"], shown)
                    if repo["repo"] == "local":
                        self.assertEqual(hook["entry"], shown[hook["id"]]["entry"])
                        self.assertEqual(hook["types_or"], shown[hook["id"]]["types_or"])
                if repo["repo"] != "local":
                    repo["repo"] = str(self.hooks)
            folder = self.repository(f"guide{len(block)}", {
                ".pre-commit-config.yaml": yaml.safe_dump(config), "pod.yaml": UNCONFINED,
                "charts/web/templates/pod.yaml": "metadata:\n  name: {{ .Values.name }}\n",
                "seccomp/web.json": PROFILE,
                "seccomp/web-test.yaml": EXPECTATIONS})
            said = self.call("pre-commit", "run", "--all-files", where=folder, status=1)
            self.assertIn("pod.yaml:6:5: warning:", said)
            (folder / "pod.yaml").write_text(UNCONFINED.replace("Unconfined", "RuntimeDefault"), encoding="utf-8")
            self.call("pre-commit", "run", "--all-files", where=folder)

    def test_lint_stops_a_commit_until_it_is_mended(self):
        config = self.configured({"id": "callgate-lint"})
        for number, (what, (path, text, rule, (bad, good))) in enumerate(BAD.items()):
            with self.subTest(what):
                folder = self.repository(f"lint{number}", {".pre-commit-config.yaml": config, path: text, **OTHERS})
                self.call("pre-commit", "install", where=folder)
                said = self.call("git", "commit", "-m", "bad", where=folder, status=1)
                self.assertRegex(said, r"callgate lint\.+Failed\n")
                self.assertRegex(said, rf"{re.escape(path)}:\d+:\d+: \w+: .*\[{rule}\]")
                for other in OTHERS:
                    self.assertNotIn(other, said)
                self.call("git", "rev-parse", "--verify", "-q", "HEAD", where=folder, status=1)

                (folder / path).write_text(text.replace(bad, good), encoding="utf-8")
                self.call("git", "add", "-A", where=folder)
                self.assertRegex(self.call("git", "commit", "-m", "good", where=folder), r"callgate lint\.+Passed\n")
                self.call("git", "rev-parse", "--verify", "-q", "HEAD", where=folder)

    def test_lint_is_not_run_where_nothing_concerns_it(self):
        folder = self.repository("none", {"README.md": "seccomp\n", "main.c": "int main(void) {}\n"})
        (folder / ".pre-commit-config.yaml").write_text(self.configured({"id": "callgate-lint", "exclude": "^[.]"}))
        self.call("git", "add", "-A", where=folder)
        self.assertRegex(self.call("pre-commit", "run", "--all-files", where=folder), r"no files to check\)Skipped\n")

    def test_what_cannot_be_read_stops_a_commit(self):
        config = self.configured({"id": "callgate-lint"})
        folder = self.repository("broken", {".pre-commit-config.yaml": config,
                                            "seccomp.json": '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [}\n'})
        said = self.call("git", "commit", "-m", "x", where=folder)  # not installed: nothing stops it
        self.assertNotIn("callgate", said)
        said = self.call("pre-commit", "run", "--all-files", where=folder, status=1)
        self.assertIn("seccomp.json:1:50: error:", said)
        self.assertIn("exit code: 3", said)

    def test_options_are_passed(self):
        config = self.configured({"id": "callgate-lint", "args": ["--fail-on", "error"]})
        folder = self.repository("options", {".pre-commit-config.yaml": config, "pod.yaml": UNCONFINED})
        self.call("pre-commit", "run", "--all-files", where=folder)

    def test_expectations_are_held_when_the_profile_changes(self):
        config = self.configured({"id": "callgate-test", "args": ["seccomp/web-test.yaml"]})
        folder = self.repository("expect", {".pre-commit-config.yaml": config, "seccomp/web.json": PROFILE,
                                            "seccomp/web-test.yaml": EXPECTATIONS})
        self.call("pre-commit", "install", where=folder)
        self.assertRegex(self.call("git", "commit", "-m", "good", where=folder), r"callgate test\.+Passed\n")
        (folder / "seccomp" / "web.json").write_text(PROFILE.replace('"read",', '"reboot",'), encoding="utf-8")
        said = self.call("git", "commit", "-am", "bad", where=folder, status=1)
        self.assertIn("seccomp/web-test.yaml:3:", said)
        self.assertIn("reboot", said)

    def test_a_test_hook_without_expectations_fails(self):
        folder = self.repository("empty", {".pre-commit-config.yaml": self.configured({"id": "callgate-test"})})
        self.assertIn("exit code: 2", self.call("pre-commit", "run", "--all-files", where=folder, status=1))


if __name__ == "__main__":
    unittest.main()
