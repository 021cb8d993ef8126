#!/usr/bin/env python3
"""`callgate run --seal` where something is missing: no user namespaces (a filter that refuses them, a limit of none), no
Landlock, no cgroup, one that is not ours. Without --best-effort nothing runs and the error says what is missing; with it
the program runs, a warning says what is left out, and what can still hold does.

Each lack is made, not told: by callgate's own filter around callgate, or in namespaces of the test's own.

usage: test_seal_lacks.py CALLGATE
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
NO_CAPABILITIES = ["setpriv", "--inh-caps=-all", "--bounding-set=-all"]


class Place:
    """A scratch folder, a program in it that tries things, and profiles without some calls."""

    def __init__(self, scratch: Path, callgate: Path):
        self.callgate = str(callgate)
        self.open = scratch / "open"  # anybody may write here
        self.open.mkdir()
        self.open.chmod(0o777)
        self.scratch = scratch

    def without(self, *calls: str) -> list[str]:
        """Words to run something where these calls do not exist."""
        path = self.scratch / f"no-{calls[0]}.json"
        path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW",
                                    "syscalls": [{"names": list(calls), "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}))
        return [self.callgate, "run", "-p", str(path), "--"]

    def run(self, around: list[str], options: list[str], script: str, user: int = 0) -> tuple[int, str]:
        who = {"user": user, "group": user, "extra_groups": []} if user != os.geteuid() else {}
        for file in self.open.iterdir():
            file.unlink()
        done = subprocess.run([*around, self.callgate, "run", *options, "--", "sh", "-c", script], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False, **who)
        return done.returncode, done.stdout


def both(place: Place, around: list[str], options: list[str], script: str, needed: list[str], user: int = 0,
         refusal: str = "") -> list[str]:
    """Refused with the first of `needed` (or `refusal`); with --best-effort `script` succeeds, and all of `needed` is said."""
    wrong = []
    mark = f"touch {place.open}/ran; "
    status, out = place.run(around, options, mark + script, user)
    if status != 125 or (refusal or needed[0]) not in out or (place.open / "ran").exists():
        wrong.append(f"not refused ({status}): {out}")
    status, out = place.run(around, [*options, "--best-effort"], script, user)
    if status != 0 or not all(text in out for text in needed):
        wrong.append(f"--best-effort ({status}), wanted {needed}: {out}")
    return wrong


def no_user_namespaces(place: Place) -> list[str]:
    # What Landlock, capabilities, limits and the guard's filter still hold.
    holds = " && ".join([
        f"! touch {place.open}/a 2>/dev/null", "touch RW/b", "! touch /tmp/callgate-lacks 2>/dev/null", "echo > /dev/null",
        "! kill -0 OUTSIDE 2>/dev/null", "grep -q '^CapBnd:.0*$' /proc/self/status || grep -q '^CapEff:.0*$' /proc/self/status",
        "test $(ulimit -c) = 0", "grep -q '^NoNewPrivs:.1' /proc/self/status"])
    outside = subprocess.Popen(["sleep", "600"], user=NOBODY)
    writable = place.scratch / "rw"
    writable.mkdir(exist_ok=True)
    writable.chmod(0o777)
    script = holds.replace("RW", str(writable)).replace("OUTSIDE", str(outside.pid))
    options = ["--seal", "all", "--rw", str(writable)]
    needed = ["lets nobody make one", "--seal process: other processes", "--seal net: TCP alone", "--seal file: by Landlock alone"]
    try:
        wrong = both(place, [place.callgate, "run", "--"], options, script, needed, NOBODY)  # Docker's default refuses them
        denies_all = place.without("unshare", "clone3")
        wrong += both(place, denies_all, options, script, needed, NOBODY)
        nested = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh", *NO_CAPABILITIES]
        wrong += both(place, nested, options, script, needed, NOBODY)
    finally:
        outside.kill()
        outside.wait()
    return wrong


def no_landlock(place: Place) -> list[str]:
    around = place.without("landlock_create_ruleset")
    wrong = []
    for user in [0, NOBODY]:
        # The mounts hold alone; that is said, and is no error.
        status, out = place.run(around, ["--seal", "file"], f"! touch {place.open}/a 2>/dev/null", user)
        if status != 0 or "no second wall" not in out:
            wrong.append(f"file without Landlock ({status}): {out}")
        status, out = place.run(around, ["--seal", "file", "--plan", "--format", "json"], "true", user)
        if '"left_out":' not in out.replace(" ", "") or "no second wall" not in out:
            wrong.append(f"the plan is silent: {out}")
        wrong += both(place, around, ["--seal", "net", "--net", "loopback", "--connect", "80"], "true",
                      ["--connect and --bind need Landlock's interface 4; the filter that we are under refuses Landlock"], user)
    # Neither namespaces nor Landlock: what is left are capabilities, limits and the filter.
    around = place.without("landlock_create_ruleset", "unshare")
    return wrong + both(place, around, ["--seal", "all"], "grep -q '^Seccomp:.2' /proc/self/status",
                        ["lets nobody make one", "--seal file: all of it", "--seal net: the machine's network"], NOBODY)


def no_keyctl(place: Place) -> list[str]:
    wrong = []
    for user in [0, NOBODY]:
        status, out = place.run(place.without("keyctl", "add_key", "request_key"), ["--seal", "process"], "true", user)
        if status != 0 or out:
            wrong.append(f"no key can be reached, but ({status}): {out}")
        wrong += both(place, place.without("keyctl"), ["--seal", "process"], "true", ["a session keyring of its own"], user)
    return wrong


def no_cgroups(place: Place) -> list[str]:
    wrong = []
    options = ["--seal", "memory", "--memory", "64M", "--pids", "50"]
    needed = ["--memory: this machine has no cgroup with the memory controller", "--pids: this machine has no cgroup"]
    wrong += both(place, ["unshare", "-m", "sh", "-c", 'umount -l -R /sys/fs/cgroup && exec "$@"', "sh"], options, "true", needed)
    # The unified hierarchy alone, as on a machine of version 2, but none of its controllers is what limits need.
    unified = 'umount -l -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'
    wrong += both(place, ["unshare", "-m", "sh", "-c", unified, "sh"], options, "true", needed)
    read_only = 'mount -o bind,rec /sys/fs/cgroup /sys/fs/cgroup; for each in $(cut -d" " -f2 /proc/mounts | grep ^/sys/fs/cgroup); ' \
        'do mount -o remount,bind,ro $each; done; exec "$@"'
    wrong += both(place, ["unshare", "-m", "sh", "-c", read_only, "sh"], options, "true", ["is not ours to divide", "--pids"],
                  refusal="is not ours to divide")
    wrong += both(place, [], options, "true", ["is not ours to divide"], NOBODY)
    return wrong


def cgroup_that_stays(place: Place) -> list[str]:
    """One that the program put another one into cannot be removed; that is said, and the program's status is its own."""
    hierarchy = next((Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()
                      if " - cgroup " in line and "pids" in line.rsplit(" ", 1)[1].split(",")), Path("/sys/fs/cgroup"))
    script = f'mkdir "$(find {hierarchy} -type d -name "callgate-*" -exec grep -lx $$ {{}}/cgroup.procs \\; | head -1 | xargs dirname)"/stays && exit 3'
    status, out = place.run([], ["--seal", "memory", "--pids", "50"], script)
    stays = [path for path in hierarchy.rglob("stays") if path.parent.name.startswith("callgate-")]
    for path in stays:
        path.rmdir()
        path.parent.rmdir()
    if status != 3 or len(stays) != 1 or "[CG5011]" not in out or str(stays[0].parent) not in out:
        return [f"({status}, {stays}): {out}"]
    return []


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if os.geteuid() != 0:
        print("skipped: only root can take away what the others lack")
        return 77
    wrong = []
    with tempfile.TemporaryDirectory(prefix="callgate-lacks.", dir="/var/lib") as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        shutil.copy(sys.argv[1], scratch / "callgate")  # where anybody can read it
        place = Place(scratch, scratch / "callgate")
        for check in [no_user_namespaces, no_landlock, no_keyctl, no_cgroups, cgroup_that_stays]:
            wrong += [f"{check.__name__}: {each}" for each in check(place)]
    print("\n".join(wrong) if wrong else "what is missing is told, and what is left holds")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
