"""What docs/guide/ci.md shows, run: the workflows' steps with the inputs written there, the GitLab job's script and the
shell script, against a release that the project's own script made. Only the address of the release is another."""
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
from action_runner import RELEASE, SOURCE, Server, action, run_action, version

GUIDE = SOURCE / "docs" / "guide" / "ci.md"
HOME = "https://github.com/callgate/callgate/releases/download"
TAG = f"v{version()}"
POD = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext:
    seccompProfile: {type: KIND}
  containers:
  - {name: web, image: web}
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def jobs():
    """The documents of the guide that have jobs: GitHub's workflows, and GitLab's, which is its own job."""
    documents = [yaml.safe_load(each) for each in blocks("yaml")]
    return ([each for each in documents if "jobs" in each], [each for each in documents if "callgate" in each])


class Guide(unittest.TestCase):
    def setUp(self):
        self.assertTrue((RELEASE / "SHA256SUMS").is_file(), "CALLGATE_RELEASE names a release; ctest makes it")
        self.scratch = Path(tempfile.mkdtemp(prefix="callgate-ci."))
        self.addCleanup(shutil.rmtree, self.scratch)
        self.release = self.scratch / "releases" / TAG
        shutil.copytree(RELEASE, self.release)
        self.server = Server(self.scratch / "releases")
        self.addCleanup(self.server.close)
        self.workspace = self.scratch / "workspace"
        self.write("seccomp/web.json", self.profile("read"))
        self.write("seccomp/web-test.yaml", "profile: web.json\nexpect:\n- deny: reboot\n")
        self.write("package.json", '{"name": "web"}\n')
        self.job = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.scratch), "LC_ALL": "C.UTF-8",
                    "TMPDIR": str(self.scratch), "no_proxy": "127.0.0.1"}
        self.deploy("Unconfined")

    def write(self, name, text):
        (self.workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (self.workspace / name).write_text(text, encoding="utf-8")

    def deploy(self, kind):
        self.write("deploy/pod.yaml", POD.replace("KIND", kind))

    @staticmethod
    def profile(call):
        """A shipped profile without a warning, in which `read` is another call."""
        shipped = json.loads((SOURCE / "profiles" / "basic-fixed.json").read_text(encoding="utf-8"))
        shipped["syscalls"] = [rule for rule in shipped["syscalls"] if rule["action"] != shipped["defaultAction"]]
        return json.dumps(shipped, indent=1).replace('"read",', f'"{call}",')

    def bash(self, script, environment=None):
        """Its status and output; the release is on loopback."""
        for file in [*self.workspace.glob("callgate-*"), *self.workspace.glob("SHA256SUMS")]:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        done = subprocess.run(["bash", "-e", "-c", script.replace(HOME, self.server.url)], cwd=self.workspace,
                              env={**self.job, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def stops_until_mended(self, run):
        """`run` gives status and output: of an unconfined Pod, of a mended one, and where the release is not right."""
        status, said = run()
        self.assertNotEqual(status, 0, said)
        self.assertIn("deploy/pod.yaml", said)
        self.deploy("RuntimeDefault")
        status, said = run()
        self.assertEqual(status, 0, said)
        for archive in self.release.glob("*.tar.gz"):
            archive.write_bytes(archive.read_bytes() + b"\0")
        status, said = run()
        self.assertNotEqual(status, 0, said)
        self.assertIn("tar.gz: FAILED", said)
        sums = (self.release / "SHA256SUMS").read_text(encoding="utf-8")
        (self.release / "SHA256SUMS").write_text(re.sub(r".*tar\.gz\n", "", sums), encoding="utf-8")
        status, said = run()
        self.assertNotEqual(status, 0, said)
        self.assertIn("no file was verified", said)
        (self.release / "SHA256SUMS").unlink()
        status, said = run()
        self.assertNotEqual(status, 0, said)
        self.assertIn("404", said)

    def test_every_version_is_the_current_one(self):
        text = GUIDE.read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"\b(?:v|callgate[-_]|version=)(\d+\.\d+\.\d+)", text)), {version()})
        self.assertEqual(set(re.findall(r"https://github.com/callgate/callgate\S*?download", text)), {HOME})

    def test_the_inputs_are_those_of_the_action(self):
        rows = re.findall(r"^\| `([a-z-]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
        self.assertEqual(rows, list(action()["inputs"]))

    def test_github(self):
        workflows, _ = jobs()
        self.assertEqual(len(workflows), 2)
        for workflow in workflows:
            [job] = workflow["jobs"].values()
            [step] = [each for each in job["steps"] if each.get("uses", "").startswith("callgate/callgate@")]
            if "!deploy/charts/" in step["with"].get("files", ""):
                self.write("deploy/charts/web/templates/pod.yaml", "metadata:\n  name: {{ .Values.name }}\n")
            sarif = step["with"].get("format") == "sarif"
            for kind, status in (("Unconfined", 0 if sarif else 1), ("RuntimeDefault", 0)):
                self.deploy(kind)
                temp = Path(tempfile.mkdtemp(dir=self.scratch))
                done = run_action(self.workspace, temp, step["with"],
                                  {**self.job, "CALLGATE_RELEASE_URL": self.server.url}, ref=step["uses"].split("@")[1])
                self.assertEqual(done.status, status, done.log)
                if sarif:
                    results = json.loads(Path(done.outputs["sarif-file"]).read_text())["runs"][0]["results"]
                    self.assertEqual("unconfined" in {each["ruleId"] for each in results}, kind == "Unconfined")
                else:
                    found = {each[1]["file"] for each in done.annotations() if each[0] != "notice"}
                    self.assertEqual(found, {"deploy/pod.yaml"} if status else set())
            for script in [each["run"] for each in job["steps"] if "run" in each]:
                path = {"PATH": f"{done.path[0]}:{self.job['PATH']}"}
                self.assertEqual(self.bash(script, path)[0], 0)
                self.write("seccomp/web.json", self.profile("reboot"))
                self.assertEqual(self.bash(script, path)[0], 1)
                self.write("seccomp/web.json", self.profile("read"))
            shutil.rmtree(self.workspace / "deploy" / "charts", ignore_errors=True)

    def test_gitlab(self):
        _, [document] = jobs()
        job = document["callgate"]
        variables = {name: value.replace(HOME, self.server.url) for name, value in job["variables"].items()}
        variables["ARCHIVE"] = variables["ARCHIVE"].replace("x86_64", os.uname().machine)
        self.stops_until_mended(lambda: self.bash("\n".join(job["script"]), variables))

    def test_shell(self):
        [script] = blocks("sh")
        subprocess.run(["git", "init", "-q"], cwd=self.workspace, env=self.job, check=True)
        subprocess.run(["git", "add", "-A"], cwd=self.workspace, env=self.job, check=True)
        self.stops_until_mended(lambda: self.bash(script))


if __name__ == "__main__":
    unittest.main()
