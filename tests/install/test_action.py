"""action.yml as a GitHub runner reads it: its form, and what its steps do with a release that the project's own script
made. Nothing unchecked may be run, no input may become a command, and the findings must arrive."""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile
import unittest
from pathlib import Path

from action_runner import ACTION, EXPRESSION, RELEASE, SOURCE, Server, action, annotations, run_action, version

VERSION = version()
TAG = f"v{VERSION}"
ARCHIVE = f"callgate-{VERSION}-linux-{os.uname().machine}.tar.gz"
UNCONFINED = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext:
    seccompProfile: {type: Unconfined}
  containers:
  - {name: web, image: web}
"""
SCRIPT = "#!/bin/sh\ndocker run --security-opt seccomp=unconfined web\n"


class Form(unittest.TestCase):
    def test_required_keys(self):
        definition = action()
        self.assertLessEqual(set(definition), {"name", "description", "author", "branding", "inputs", "outputs", "runs"})
        self.assertTrue(definition["name"] and definition["description"])
        self.assertEqual(definition["runs"]["using"], "composite")
        self.assertEqual(set(definition["inputs"]), {"files", "version", "fail-on", "format", "args"})
        for each in definition["inputs"].values():
            self.assertLessEqual({"description"}, set(each))
            self.assertLessEqual(set(each), {"description", "required", "default", "deprecationMessage"})
            self.assertIsInstance(each["default"], str)
        for each in definition["outputs"].values():
            self.assertEqual(set(each), {"description", "value"})
        for step in definition["runs"]["steps"]:
            self.assertLessEqual({"name", "run", "shell"}, set(step))
            self.assertLessEqual(set(step), {"name", "id", "run", "shell", "env"})
            self.assertEqual(step["shell"], "bash")

    def test_expressions_stand_in_env_only_and_all_are_known(self):
        definition = action()
        inputs, steps = definition["inputs"], definition["runs"]["steps"]
        known = {f"inputs.{name}" for name in inputs} | {"github.action_ref", "github.action_repository"}
        used = set()
        for step in steps:
            self.assertNotRegex(step["run"], EXPRESSION)
            for name, value in step["env"].items():
                self.assertRegex(name, r"^CALLGATE_[A-Z_]+$")
                used |= set(EXPRESSION.findall(value))
        self.assertEqual(used, known)
        outputs = [each for output in definition["outputs"].values() for each in EXPRESSION.findall(output["value"])]
        ids = [step["id"] for step in steps if "id" in step]
        for each in outputs:
            self.assertIn(each, {f"steps.{name}.outputs.sarif-file" for name in ids})
        self.assertEqual(len(EXPRESSION.findall(ACTION.read_text(encoding="utf-8"))), len(known) + len(outputs))

    def test_the_scripts_are_there(self):
        for step in action()["runs"]["steps"]:
            script = re.fullmatch(r'bash "\$GITHUB_ACTION_PATH/(\S+)"', step["run"])[1]
            self.assertTrue((SOURCE / script).is_file(), script)


class ActionTest(unittest.TestCase):
    def setUp(self):
        self.assertTrue((RELEASE / ARCHIVE).is_file(), "CALLGATE_RELEASE names a release; ctest makes it")
        self.scratch = Path(tempfile.mkdtemp(prefix="callgate-action."))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.workspace = self.folder("workspace")
        self.release = self.folder(f"releases/{TAG}")
        for file in RELEASE.iterdir():
            if not file.name.endswith(".deb"):
                shutil.copy(file, self.release)
        self.server = Server(self.scratch / "releases")
        self.addCleanup(self.server.close)
        self.job = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.scratch), "LC_ALL": "C.UTF-8",
                    "no_proxy": "127.0.0.1", "CALLGATE_RELEASE_URL": self.server.url}

    def folder(self, name):
        (self.scratch / name).mkdir(parents=True, exist_ok=True)
        return self.scratch / name

    def write(self, name, text):
        (self.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (self.workspace / name).write_text(text, encoding="utf-8")

    def run_it(self, status, *, ref=TAG, repository="callgate/callgate", **inputs):
        temp = Path(tempfile.mkdtemp(dir=self.scratch))
        done = run_action(self.workspace, temp, {name.replace("_", "-"): value for name, value in inputs.items()},
                          self.job, ref=ref, repository=repository)
        self.assertEqual(done.status, status, done.log)
        self.assertFalse((self.workspace / "pwned").exists())
        return done


class Install(ActionTest):
    def refused(self, message, **how):
        done = self.run_it(1, files="docker-default", **how)
        self.assertEqual((done.steps, done.path), (["Install callgate"], []), done.log)
        [(kind, _, said)] = done.annotations()
        self.assertEqual(kind, "error")
        self.assertRegex(said, message)

    def change(self, content):
        """Another archive of the same name."""
        with tarfile.open(self.release / ARCHIVE, "w:gz") as archive:
            program = self.scratch / "program"
            program.write_text(content, encoding="utf-8")
            program.chmod(0o755)
            archive.add(program, ARCHIVE.removesuffix(".tar.gz") + "/bin/callgate")

    def trust(self):
        """SHA256SUMS says what is there."""
        digest = hashlib.sha256((self.release / ARCHIVE).read_bytes()).hexdigest()
        (self.release / "SHA256SUMS").write_text(f"{digest}  {ARCHIVE}\n", encoding="utf-8")

    def test_the_tag_is_the_version(self):
        done = self.run_it(0, files="docker-default", fail_on="error")
        self.assertEqual(self.server.asked, [f"/{TAG}/SHA256SUMS", f"/{TAG}/{ARCHIVE}"])
        self.assertIn(f"callgate {VERSION} ", done.log)
        [folder] = done.path
        self.assertTrue(Path(folder, "callgate").is_file())

    def test_a_version_is_given(self):
        for given in (TAG, VERSION):
            for ref in ("main", "", "3f2a" * 10):
                self.run_it(0, files="docker-default", fail_on="error", version=given, ref=ref)

    def test_a_ref_that_is_no_version(self):
        for ref in ("main", "v1", "", "3f2a" * 10, "v0.1", "0.1.0/x", "v0.1.0\n::warning::x"):
            self.refused("names no release", ref=ref)
        self.assertEqual(self.server.asked, [])

    def test_a_version_that_is_none(self):
        for given in ("latest", "0.1.0/../..", "$(touch pwned)", "0.1.0; touch pwned", "v0.1.0\nv0.1.0", "0.1.0%2f"):
            self.refused("is no version", version=given)
        self.assertEqual(self.server.asked, [])

    def test_no_such_release(self):
        self.refused("cannot fetch .*/v9.9.9/SHA256SUMS", version="9.9.9")

    def test_no_sums(self):
        (self.release / "SHA256SUMS").unlink()
        self.refused("cannot fetch .*SHA256SUMS")
        self.assertEqual(self.server.asked, [f"/{TAG}/SHA256SUMS"])

    def test_no_archive(self):
        (self.release / ARCHIVE).unlink()
        self.refused("cannot fetch .*tar.gz")

    def test_the_archive_is_another(self):
        self.change(f"#!/bin/sh\ntouch pwned\necho callgate {VERSION} x\n")
        self.refused("is not what SHA256SUMS")

    def test_the_archive_is_cut_short(self):
        whole = (self.release / ARCHIVE).read_bytes()
        (self.release / ARCHIVE).write_bytes(whole[:-1])
        self.refused("is not what SHA256SUMS")

    def test_sums_that_do_not_tell(self):
        digest = hashlib.sha256((self.release / ARCHIVE).read_bytes()).hexdigest()
        for sums in ("", f"{digest}  other.tar.gz\n", f"{digest}  x{ARCHIVE}\n", f"{digest[:-1]}  {ARCHIVE}\n",
                     f"{digest}  {ARCHIVE}\n{digest}  {ARCHIVE}\n", f"{digest.upper()}  {ARCHIVE}\n", "<html>\n"):
            (self.release / "SHA256SUMS").write_text(sums, encoding="utf-8")
            self.refused("does not have one line")

    def test_the_archive_holds_something_else(self):
        self.change("#!/bin/sh\necho callgate 0.0.9 x\n")
        self.trust()
        self.refused("holds another version: callgate 0.0.9")
        self.change("#!/bin/sh\nexit 127\n")
        self.trust()
        self.refused("does not run here")
        (self.release / ARCHIVE).write_bytes(b"no archive")
        self.trust()
        self.refused("cannot unpack")

    def test_releases_come_from_the_action_s_repository_by_https(self):
        del self.job["CALLGATE_RELEASE_URL"]
        tools = self.folder("tools")
        (tools / "curl").write_text('#!/bin/sh\nprintf "%s\\n" "$@" >>"$HOME/curl"\nexit 22\n', encoding="utf-8")
        (tools / "curl").chmod(0o755)
        self.job["PATH"] = f"{tools}:{self.job['PATH']}"
        self.refused("cannot fetch https://github.com/some/fork/releases/download/v1.2.3/SHA256SUMS",
                     ref="v1.2.3", repository="some/fork")
        asked = (self.scratch / "curl").read_text(encoding="utf-8").splitlines()
        self.assertEqual(asked[asked.index("--proto") + 1], "=https")
        self.assertEqual(asked[-2:], ["--", "https://github.com/some/fork/releases/download/v1.2.3/SHA256SUMS"])
        for repository in ("", "fork", "a/b/c", "a/b?x", "a/$(touch pwned)"):
            self.refused("does not tell the action's repository", repository=repository)


class Lint(ActionTest):
    def setUp(self):
        super().setUp()
        for name in ("restrictive", "basic-fixed"):
            self.write(f"{name}.json", (SOURCE / "profiles" / f"{name}.json").read_text(encoding="utf-8"))

    def files_of(self, done, kind=None):
        return {each[1].get("file") for each in done.annotations() if kind in (None, each[0])}

    def test_findings_are_annotations(self):
        done = self.run_it(1, files="restrictive.json")
        errors = [each for each in done.annotations() if each[0] == "error"]
        self.assertTrue(errors)
        for _, properties, message in errors:
            self.assertEqual(properties["file"], "restrictive.json")
            self.assertGreater(int(properties["line"]), 0)
            self.assertTrue(message)
        self.assertIn("reach-modules", {properties["title"] for _, properties, _ in errors})

    def test_fail_on(self):
        self.run_it(1, files="basic-fixed.json")
        self.run_it(1, files="basic-fixed.json", fail_on="note")
        self.run_it(0, files="basic-fixed.json", fail_on="error")
        self.run_it(1, files="restrictive.json", fail_on="error")
        done = self.run_it(0, files="restrictive.json", fail_on="never")
        self.assertEqual(self.files_of(done, "error"), {"restrictive.json"})
        self.run_it(2, files="restrictive.json", fail_on="nothing")

    def test_sarif(self):
        for fail_on, status in (("error", 1), ("never", 0)):
            done = self.run_it(status, files="restrictive.json", format="sarif", fail_on=fail_on)
            log = json.loads(Path(done.outputs["sarif-file"]).read_text(encoding="utf-8"))
            self.assertEqual(log["version"], "2.1.0")
            [run] = log["runs"]
            places = {result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]}
            self.assertEqual(places, {"restrictive.json"})
            self.assertEqual(done.annotations(), [])
        self.assertEqual(self.run_it(1, files="restrictive.json").outputs, {})

    def test_other_formats(self):
        text = self.run_it(1, files="restrictive.json", format="text")
        self.assertIn("restrictive.json:175:9: error:", text.log)
        self.assertEqual(text.annotations(), [])
        self.assertIn('"schema_version"', self.run_it(1, files="restrictive.json", format="json").log)
        self.assertIn("no format", self.run_it(2, files="restrictive.json", format="xml").log)

    def test_manifests(self):
        self.write("deploy/pod.yaml", UNCONFINED)
        self.write("run.sh", SCRIPT)
        done = self.run_it(1, fail_on="warning", files="deploy/*.yaml\nrun.sh")
        self.assertEqual({(each[1]["file"], each[1]["title"]) for each in done.annotations()},
                         {("deploy/pod.yaml", "unconfined"), ("run.sh", "unconfined")})
        self.write("deploy/pod.yaml", UNCONFINED.replace("Unconfined", "RuntimeDefault"))
        self.run_it(0, files="deploy/*.yaml")

    def test_without_files_all_are_looked_at(self):
        (self.workspace / "restrictive.json").rename(self.folder("workspace/a/b") / "restrictive.json")
        self.write("package.json", '{"name": "web"}')
        self.write("deploy/pod.yaml", UNCONFINED)
        self.write("deploy/run it.sh", SCRIPT)
        self.write(".hidden/pod.yaml", UNCONFINED)
        done = self.run_it(1, fail_on="error")
        self.assertEqual(self.files_of(done),
                         {"a/b/restrictive.json", "basic-fixed.json", "deploy/pod.yaml", "deploy/run it.sh"})

    def test_lines_that_take_out(self):
        self.write("charts/web/templates/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [\n")
        self.write("charts/web/values/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n")
        self.write("charts/web/pod.yaml", UNCONFINED)
        self.write("pod.yaml", UNCONFINED)
        self.assertEqual(self.files_of(self.run_it(3, files="**/*.yaml")), {"charts/web/pod.yaml", "pod.yaml"})
        self.assertEqual(self.files_of(self.run_it(3, files="**/*.yaml\n!charts/web/pod.yaml")), {"pod.yaml"})
        for files, found in (("**/*.yaml\n!charts/*/templates/**", {"charts/web/pod.yaml", "pod.yaml"}),
                             ("**/*.yaml\n ! charts/** ", {"pod.yaml"}),
                             ("!*.yaml\npod.yaml\npod.yaml", {"pod.yaml"}),
                             ("**/*.yaml\n!charts/**", {"pod.yaml"}),
                             ("pod.yaml\n!charts/**", {"pod.yaml"}),
                             ("**/*.yaml\n!charts/**\ncharts/web/pod.yaml", {"charts/web/pod.yaml", "pod.yaml"}),
                             ("*.yaml\ncharts/*/*.yaml\n!pod.yaml", {"charts/web/pod.yaml"})):
            done = self.run_it(1, files=files)
            self.assertEqual(self.files_of(done), found)
            self.assertEqual(len(done.annotations()), len(found))
        self.assertIn("names nothing", self.run_it(2, files="pod.yaml\n!*.yaml").log)
        self.assertIn("names nothing", self.run_it(2, files="!*.yaml").log)

    def test_files_that_are_named_must_be_there_and_be_read(self):
        self.write("package.json", '{"name": "web"}')
        self.write("broken.json", '{"defaultAction": \n::error file=x::obeyed\n')
        self.assertIn("cannot open 'none.json'", self.run_it(3, files="none.json").log)
        self.assertEqual(self.files_of(self.run_it(1, files="package.json")), {"package.json"})
        self.assertIn("names nothing", self.run_it(2, files="none/*.json").log)
        self.assertIn("names nothing", self.run_it(2, files=" \n\n").log)
        self.assertEqual(self.run_it(3, files="broken.json").annotations(), [])

    def test_inputs_are_no_commands(self):
        for name in ("$(touch pwned).json", "`touch pwned`.json", "x; touch pwned.json", "'; touch pwned; '.json",
                     "-o pwned.json", "x]$(touch pwned).json", "two  words.json"):
            shutil.copy(self.workspace / "restrictive.json", self.workspace / name)
            done = self.run_it(1, files=name, fail_on="error")
            self.assertEqual(self.files_of(done), {name})
            (self.workspace / name).unlink()
        for text in ("$(touch pwned)", "; touch pwned", "`touch pwned`", "*"):
            self.run_it(2, files="restrictive.json", fail_on=text)
            self.run_it(2, files="restrictive.json", format=text)
            self.run_it(3, files="restrictive.json", args=f"--fail-on never --ceiling {text.split()[0]}")

    def test_names_of_files_are_no_commands(self):
        for name in ("x\n::error file=y::obeyed.json", "docker-default", "-"):
            self.write(name, (self.workspace / "restrictive.json").read_text(encoding="utf-8"))
        done = self.run_it(1, files="*", fail_on="error")
        self.assertNotIn("y", self.files_of(done))
        self.assertIn("./docker-default", self.files_of(done))
        self.assertEqual(self.run_it(1, files="*", fail_on="error", format="text").annotations(), [])

    def test_args(self):
        self.write("ceiling.json", (SOURCE / "profiles" / "restrictive-fixed.json").read_text(encoding="utf-8"))
        self.run_it(0, files="basic-fixed.json", fail_on="error")
        done = self.run_it(1, files="basic-fixed.json", fail_on="error", args="--ceiling\n  ceiling.json   --as docker")
        self.assertIn("above-ceiling", {each[1]["title"] for each in done.annotations()})

    def test_the_log_is_read_as_a_runner_reads_it(self):
        log = "::error file=a,line=1::x: y::z\ntext ::error::no\n::stop-commands::t\n::error::no\n::t::\n::notice::yes\n"
        self.assertEqual(annotations(log), [("error", {"file": "a", "line": "1"}, "x: y::z"), ("notice", {}, "yes")])


if __name__ == "__main__":
    unittest.main()
