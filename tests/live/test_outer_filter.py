#!/usr/bin/env python3
"""`callgate run` under a filter that was there before, as a container's, which refuses a call that the launch needs, or
kills whoever makes it: no program is started then, and the error names the stage; Landlock alone may be lacking. Never is
a program started with half of its seals.

The filter around is a real one: callgate's own, loaded by another `callgate run` around the one that is tried.

usage: test_outer_filter.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = 65534
KILLS = ["SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"]
ALL = ["--seal", "all"]
# The call that is answered with death, the options, and what the error says of it, as root and as nobody ("": anything).
DEADLY = [
    ("seccomp", [], "seccomp(2) filter failed", "seccomp(2) filter failed"),
    ("seccomp", ["--trace"], "seccomp(2) filter failed", "seccomp(2) filter failed"),
    ("seccomp", ALL, "seccomp(2) filter failed", "seccomp(2) filter failed"),
    ("prctl", [], "no_new_privs failed", "no_new_privs failed"),
    ("prctl", ["--trace"], "no_new_privs failed", "no_new_privs failed"),
    ("prctl", ALL, "cannot end when the launcher ends", "cannot end when the launcher ends"),
    ("clone", [], "clone failed", "clone failed"),
    ("clone", ALL, "no new namespaces", "lets nobody make one"),
    ("mount", ["--seal", "process"], "cannot make all mounts private", "cannot make all mounts private"),
    ("fsopen", ALL, "cannot make a new", "no /proc of its own"),
    ("move_mount", ALL, "cannot make that the root", "cannot make that the root"),
    ("pivot_root", ALL, "cannot make that the root", "cannot make that the root"),
    ("unshare", ALL, "cannot enter a new cgroup namespace", "lets nobody make one"),
    ("capset", ALL, "capabilities to: ", "capabilities to: "),
    ("close_range", ["--seal", "net"], "cannot close the files", "cannot close the files"),
    ("keyctl", ["--seal", "process"], "a session keyring of its own", "a session keyring of its own"),
]
LACKS = ["lets nobody make one", "no /proc of its own", "a session keyring of its own"]  # found out before any step
NO_PRIVILEGES = [("prctl", [], "no_new_privs failed"), ("prctl", ALL, "cannot end when the launcher ends"),
                 ("seccomp", [], "seccomp(2) filter failed"), ("seccomp", ALL, "seccomp(2) filter failed")]
LANDLOCK = ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"]


class Place:
    """A scratch folder in which anybody may write, with the program under test."""

    def __init__(self, scratch: Path):
        self.scratch, self.callgate = scratch, str(scratch / "callgate")
        self.open = scratch / "open"
        self.open.mkdir()
        self.open.chmod(0o777)
        self.inner = scratch / "inner.json"
        self.inner.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW",
                                          "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}]}))

    def run(self, answer: dict, calls: list[str], options: list[str], script: str, user: int) -> tuple[int, str]:
        """`script` with `options` under a filter that answers `calls` so; what it leaves in the open folder shows that it ran."""
        outer = self.scratch / "outer.json"
        outer.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": calls, **answer}]}))
        for file in self.open.iterdir():
            file.unlink()
        who = {"user": user, "group": user, "extra_groups": []} if user != os.geteuid() else {}
        inner = [self.callgate, "run", "-p", str(self.inner), "--rw" if "all" in options else "", str(self.open) if "all" in options else "",
                 *options, "--", "sh", "-c", script]
        done = subprocess.run([self.callgate, "run", "-p", str(outer), "--", *(word for word in inner if word)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                              check=False, **who)
        return done.returncode, done.stdout

    def refuses(self, answer: dict, calls: list[str], options: list[str], user: int, needed: list[str]) -> list[str]:
        status, out = self.run(answer, calls, options, f"touch {self.open}/ran", user)
        if status == 125 and not (self.open / "ran").exists() and "error: " in out and all(text in out for text in needed):
            return []
        return [f"{answer['action']} for {calls}, {options} as {user} ({status}), wanted {needed}: {out}"]


def deadly(place: Place) -> list[str]:
    wrong = []
    for number, (call, options, as_root, as_nobody) in enumerate(DEADLY):
        for user, text in [(0, as_root), (NOBODY, as_nobody)]:
            told = [text] if any(lack in text for lack in LACKS) else [text, "killed by SIGSYS", "nothing was started"]
            wrong += place.refuses({"action": KILLS[(number + user) % len(KILLS)]}, [call], options, user, told)
    return wrong


def no_privileges(place: Place) -> list[str]:
    """A profile around us that forbids no_new_privs, or filters, by an error."""
    wrong = []
    for errno in [1, 38]:
        for call, options, text in NO_PRIVILEGES:
            for user in [0, NOBODY]:
                wrong += place.refuses({"action": "SCMP_ACT_ERRNO", "errnoRet": errno}, [call], options, user, [text])
    return wrong


def landlock(place: Place) -> list[str]:
    """One that denies Landlock alone, or a part of it: what is left of the file seal holds, and that it stands alone is said."""
    wrong = []
    answers = [{"action": "SCMP_ACT_ERRNO", "errnoRet": 1}, {"action": "SCMP_ACT_ERRNO", "errnoRet": 38},
               {"action": "SCMP_ACT_KILL_PROCESS"}]
    script = f"! touch {place.scratch}/a 2>/dev/null && touch {place.open}/ran && grep -q '^Seccomp:.2' /proc/self/status && " \
             "grep -q '^CapEff:.0*$' /proc/self/status"
    for calls in [[each] for each in LANDLOCK] + [LANDLOCK]:
        for answer in answers:
            for user in [0, NOBODY]:
                status, out = place.run(answer, calls, ALL, script, user)
                if status != 0 or not (place.open / "ran").exists() or "[CG5010]" not in out or "no second wall" not in out \
                        or "filter that we are under" not in out:
                    wrong.append(f"{answer} for {calls} as {user} ({status}): {out}")
                wrong += place.refuses(answer, calls, ["--seal", "net", "--net", "loopback", "--connect", "80"], user,
                                       ["--connect and --bind need Landlock", "filter that we are under"])
    return wrong


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("skipped: only root can be both users")
        return 77
    with tempfile.TemporaryDirectory(prefix="callgate-outer.", dir="/var/lib") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        shutil.copy(sys.argv[1], scratch / "callgate")  # where anybody can read it
        place = Place(scratch)
        wrong = [f"{check.__name__}: {each}" for check in [deadly, no_privileges, landlock] for each in check(place)]
    print("\n".join(wrong) if wrong else "what a filter around us refuses or kills is told, and nothing is half sealed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
