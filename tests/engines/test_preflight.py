"""What preflight predicts is what happens: the same programs really run under the profile. Where it predicts a refusal,
the profile with kills in place of errors kills the program on the very call that was predicted to be the first; where it
predicts none, the program does what it does without a profile. And the runtimes: a container of runc and crun starts
under a profile that lacks one call of their start-up exactly if preflight says so."""
# SPDX-License-Identifier: Apache-2.0
import json
import re
import shutil
import subprocess
import unittest

from containers import CALLGATE, DATA, SOURCE, Engine, EngineTest, need, need_engines, run

COMMANDS = {
    "ls": ["ls", "/"],
    "busybox": ["busybox", "ls", "/"],
    "pipe": ["sh", "-c", "ls / | wc -l"],
    "namespace": ["sh", "-c", "exec unshare --user true"],
    "date": ["date"],
    "threads": ["sort", "--parallel=2", "-S", "1M", str(SOURCE / "data" / "prototypes.csv")],
}
PROFILES = {
    "basic": DATA / "seed" / "basic.json",
    "restrictive": DATA / "seed" / "restrictive.json",
    "basic-fixed": SOURCE / "profiles" / "basic-fixed.json",
    "restrictive-fixed": SOURCE / "profiles" / "restrictive-fixed.json",
}


def predict(profile, engine, *command, runtime="none"):
    result = subprocess.run(
        [CALLGATE, "preflight", str(profile), "--as", engine, "--runtime", runtime, "--format", "json", "--", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
    return result.returncode, json.loads(result.stdout)


class Preflight(EngineTest):
    @classmethod
    def setUpClass(cls):
        need(CALLGATE, "CALLGATE names the program under test; ctest sets it")

    def killing(self, path):
        """The profile with KILL_PROCESS for every error."""
        profile = json.loads(path.read_text(encoding="utf-8"))
        for rule in [profile, *profile["syscalls"]]:
            for key in ("action", "defaultAction"):
                if rule.get(key) == "SCMP_ACT_ERRNO":
                    rule[key] = "SCMP_ACT_KILL_PROCESS"
            for key in ("errnoRet", "defaultErrnoRet"):
                rule.pop(key, None)
        return self.write(f"killing-{path.name}", profile)

    def test_the_first_refusal_is_the_fatal_call(self):
        felt = 0
        for name, path in PROFILES.items():
            killing = self.killing(path)
            for label, command in COMMANDS.items():
                with self.subTest(profile=name, command=label):
                    need(shutil.which(command[0]), f"{command[0]} is not installed")
                    # crun's reading has no ENOSYS of its own.
                    status, report = predict(killing, "crun", *command)
                    result = run(CALLGATE, "run", "--profile", killing, "--as", "crun", "--trace", "--", *command)
                    fatal = re.search(r"was killed by the filter: call (\w+) \(", result.stdout)
                    if status == 0:
                        self.assertIsNone(fatal, result.stdout)
                        self.assertEqual(result.returncode, run(*command).returncode)
                        continue
                    felt += 1
                    self.assertIsNotNone(fatal, f"{report['first']}: {result.stdout}")
                    self.assertEqual(fatal[1], report["first"]["call"])
        self.assertGreater(felt, 10)

    def test_what_needs_nothing_refused_runs(self):
        """With errors: status 0 means that the program ends as without a profile."""
        calm = 0
        for name in [*PROFILES, "docker-default"]:
            for label, command in COMMANDS.items():
                with self.subTest(profile=name, command=label):
                    status, report = predict(name, "docker", *command)
                    result = run(CALLGATE, "run", "--profile", name, "--", *command)
                    if status == 0:
                        calm += 1
                        self.assertEqual(result.returncode, report["exit_status"], result.stdout)
                    elif report["first"]["stage"] == "loading":
                        self.assertNotEqual(result.returncode, 0)
        self.assertGreater(calm, 10)

    def test_positions(self):
        _, report = predict("restrictive", "crun", "ls", "/")
        self.assertEqual((report["first"]["call"], report["first"]["stage"], report["first"]["program"]),
                         ("pread64", "loading", "ls"))
        _, report = predict("restrictive", "crun", "busybox", "true")
        self.assertNotEqual((report["first"] or {}).get("stage"), "loading")

    def test_runtimes(self):
        """Each engine under profiles that lack one call of its start-up."""
        need_engines("runc", "crun", "unshare")
        everything = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}
        for name, calls in (("runc", ["getcwd", "capset", "fstatfs", "getpid", "fchown"]),
                            ("crun", ["capset", "write", "setresuid", "close"])):
            for call in calls:
                with self.subTest(engine=name, without=call):
                    rule = {"names": [call], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}
                    profile = {**everything, "syscalls": [rule]}
                    _, report = predict(self.write("profile.json", profile), name, "busybox", "false",
                                             runtime=name)
                    denied = [each for each in report["denied"] if each["stage"] == "runtime"]
                    self.assertEqual([each["call"] for each in denied], [call])
                    starts = Engine(name, self.folder, f"{call}-state").call(profile, 39) == 0  # getpid
                    if call == "getpid":  # which is the call that the program makes, and fails at
                        starts = True
                    self.assertEqual(starts, denied[0]["harmless"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
