#!/usr/bin/env python3
"""Every system call between the start of `callgate run --seal …` and the execution of the program, and every one that the
launcher and its init make after it, is made to fail in turn, as root and as a user without any right. Each time either no
program ran and an error says why, or the program ran and found every seal in force from inside; and nothing is left:
no process, no mount, no cgroup, no file.

The calls are those that fail_call finds the launcher making; no list of them stands anywhere. Without --all, one of each
kind of call of each process is taken, every failing of the last ones, and a share of the others.

usage: test_faults.py CALLGATE FAIL_CALL SEAL_PROBE [--all]
SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import errno
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = 65534
CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
ERRORS = [errno.ENOSYS, errno.EPERM, errno.ENOMEM]
SHARE = 9  # of calls of a kind that has been tried already, one in so many is tried again
NEVER_FAIL = {15, 60, 231}  # rt_sigreturn, exit, exit_group: no caller looks
WRITE, SET_TID_ADDRESS, LANDLOCK_CREATE_RULESET = 1, 218, 444
SEALS = {
    "all": ["--seal", "all"],
    "limits": ["--seal", "all", "--memory", "256M", "--pids", "200"],
    "no init": ["--seal", "file,net,memory"],
}
NAMESPACES = {"all": ["mnt", "pid", "net", "ipc", "uts", "cgroup"], "limits": ["mnt", "pid", "net", "ipc", "uts", "cgroup"],
              "no init": ["mnt", "net", "ipc"]}


class Launcher:
    def __init__(self, scratch: Path, seals: str, user: int):
        self.scratch, self.user, self.seals = scratch, user, seals
        outside = [os.readlink(f"/proc/self/ns/{each}") for each in NAMESPACES[seals]]
        self.words = [str(scratch / "callgate"), "run", "-p", str(scratch / "profile.json"), *SEALS[seals], "--",
                      str(scratch / "seal_probe"), str(scratch / "open"), *outside]

    def fail(self, process: int, call: int, error: int) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.scratch / "fail_call"), str(self.scratch / "log"), str(process), str(call), str(error),
                               str(self.user), *self.words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)

    def calls(self) -> list[tuple[int, int, int, str]]:
        """(process, index, number, first argument) of every call when none fails."""
        done = self.fail(-1, -1, 0)
        if done.returncode != 0 or done.stdout != "sealed\n":
            sys.exit(f"{self.seals} as {self.user} does not even work undisturbed: {done}")
        rows = [line.split() for line in (self.scratch / "log").read_text().splitlines()]
        return [(int(row[0]), int(row[1]), int(row[2]), row[3]) for row in rows if int(row[2]) not in NEVER_FAIL]


def left_behind() -> set[str]:
    """What a launcher could leave: mounts that we see, cgroups of its name, files of temporary folders."""
    found = {" ".join(line.split()[2:5]) for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    for hierarchy in [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*")]:
        own = Path("/proc/self/cgroup").read_text().splitlines()
        for path in {line.split(":", 2)[2] for line in own}:
            # Those of launchers that are still alive are others' business.
            found |= {str(each) for each in (hierarchy / path.lstrip("/")).glob("callgate-*")
                      if re.fullmatch(r"callgate--?[0-9]+", each.name) and not Path("/proc", each.name.removeprefix("callgate-")).exists() and each.exists()}
    return found


def judge(done: subprocess.CompletedProcess, number: int, argument: str, loading: bool) -> str:
    if done.returncode == 99:
        return "hangs"
    faults = set(done.stdout.splitlines()) - {"sealed"}
    # A kernel that does not answer for Landlock has none, which is said, and no error.
    if number == LANDLOCK_CREATE_RULESET and "this kernel has no Landlock" in done.stderr:
        faults = {each for each in faults if "Landlock" not in each}
        if not faults:
            return ""
    if faults:
        return f"ran unsealed: {sorted(faults)}"
    if done.stdout == "sealed\n":
        return "" if done.returncode == 0 or "error" in done.stderr else f"ends with {done.returncode} without a word"
    if done.returncode == 0:
        return "says it has succeeded, but nothing ran"
    # The one call whose failure cannot be told is the one that tells. What loads us may fail without a word.
    silent = (number == WRITE and argument == "2") or loading
    return "" if "error" in done.stderr or "out of memory" in done.stderr or silent else f"nothing says why ({done.returncode})"


def sample(calls: list, everything: bool) -> list[tuple[tuple, int]]:
    """Each call with the error it fails with."""
    if everything:
        return list(itertools.product(calls, ERRORS))
    seen, chosen = set(), []
    for place, call in enumerate(calls):
        kind = (call[0], call[2])
        if kind not in seen or place % SHARE == 0:
            chosen.append((call, ERRORS[len(chosen) % len(ERRORS)]))
        seen.add(kind)
    return chosen


def check(scratch: Path, seals: str, user: int, everything: bool) -> tuple[list[str], int]:
    launcher = Launcher(scratch, seals, user)
    wrong = []
    calls = launcher.calls()
    chosen = sample(calls, everything)
    loaded = next(index for process, index, number, _ in calls if process == 0 and number == SET_TID_ADDRESS)
    before = left_behind()
    for (process, index, number, argument), error in chosen:
        done = launcher.fail(process, index, error)
        fault = judge(done, number, argument, process == 0 and index < loaded)
        if left := left_behind() - before:
            fault += f" leaves {left}"
            before |= left
        if (scratch / "open" / "escaped").exists():
            fault += " wrote outside"
        if fault:
            wrong.append(f"{seals} as {user}: process {process}, call {index} (number {number}, {argument}) with "
                         f"{errno.errorcode[error]}: {fault} [{done.returncode}] {done.stderr}")
    return wrong, len(chosen)


def main() -> int:
    words = [word for word in sys.argv[1:] if word != "--all"]
    if len(words) != 3:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("skipped: only root can be both users")
        return 77
    # Others' mounts, made meanwhile, are not to be seen.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        sys.exit(f"no mount namespace: {os.strerror(ctypes.get_errno())}")
    wrong, count = [], 0
    with tempfile.TemporaryDirectory(prefix="callgate-faults.", dir="/var/lib") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        for source, target in zip(words, ["callgate", "fail_call", "seal_probe"], strict=True):
            shutil.copy(source, scratch / target)  # where anybody can read it
        (scratch / "open").mkdir()
        (scratch / "open").chmod(0o777)
        (scratch / "profile.json").write_text(json.dumps({
            "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 42}]}))
        for seals, user in [("all", NOBODY), ("limits", 0), ("no init", 0), ("no init", NOBODY)]:
            more, tried = check(scratch, seals, user, "--all" in sys.argv)
            wrong, count = wrong + more, count + tried
    print("\n".join(wrong) if wrong else f"{count} failing calls: none starts a program unsealed, or leaves anything")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
