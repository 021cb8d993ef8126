#!/usr/bin/env python3
"""What `callgate run --plan` says is what the kernel shows of the program that then runs: namespaces, id maps, mounts,
capabilities, limits, cgroups, as root and as a user without any right, for a dynamic and a static program.

usage: test_seal_plan.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOBODY = 65534
NAMESPACES = {"user": "user", "pid": "pid", "ipc": "ipc", "uts": "uts", "mount": "mnt", "network": "net", "cgroup": "cgroup"}
PROGRAMS = {"dynamic": ["/bin/sleep", "30"], "static": ["/bin/busybox", "sleep", "30"]}
OPTIONS = [
    ["--seal", "process"],
    ["--seal", "process", "--cap", "net_raw"],
    ["--seal", "file", "--tmpfs", "/home"],
    ["--seal", "net", "--net", "loopback"],
    ["--seal", "memory", "--rlimit", "nofile=40"],
    ["--seal", "all"],
    ["--seal", "all", "--best-effort", "--memory", "64M", "--pids", "20"],
]


def identity(user: int) -> dict:
    return {"user": user, "group": user, "extra_groups": []} if user != os.geteuid() else {}


def field(status: str, name: str) -> str:
    return next(line.split(":", 1)[1].strip() for line in status.splitlines() if line.startswith(name + ":"))


def settled(process: Path) -> Path:
    """`process`, once it sleeps for good: before, it loads its libraries."""
    asleep = 0
    while asleep < 4:
        time.sleep(0.02)
        asleep = asleep + 1 if field((process / "status").read_text(), "State").startswith("S") else 0
    return process


def program_below(launcher: int, words: list[str]) -> Path:
    """/proc/PID of the process that has become the program, below `launcher`."""
    wanted = b"\0".join(word.encode() for word in words) + b"\0"
    for _ in range(200):
        todo = [launcher]
        while todo:
            pid = todo.pop()
            children = Path(f"/proc/{pid}/task/{pid}/children")
            todo += [int(child) for child in (children.read_text().split() if children.exists() else [])]
            if pid != launcher and Path(f"/proc/{pid}/cmdline").read_bytes() == wanted:
                return settled(Path(f"/proc/{pid}"))
        time.sleep(0.02)
    raise TimeoutError("the program does not start")


def check_steps(steps: list[dict], process: Path) -> list[str]:
    wrong = []
    status, limits = (process / "status").read_text(), (process / "limits").read_text()
    mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
    for step in steps:
        holds, path = True, step.get("path", "")
        if step["kind"] == "write-file" and path.startswith("/proc/self/"):
            shown = (process / Path(path).name).read_text().split()
            holds = shown == step["text"].split()
        elif step["kind"] == "write-file" and path.endswith("/cgroup.procs"):
            holds = Path(path).parent.name in (process / "cgroup").read_text()
        elif step["kind"] == "write-file":
            holds = Path(path).read_text().strip() == step["text"]
        elif step["kind"] == "attach":
            holds = any(mount[4] == path for mount in mounts)
        elif step["kind"] in ("read-only", "freeze"):
            there = [mount for mount in mounts if mount[4] == path]
            holds = not (process / "root" / path.lstrip("/")).exists() or (bool(there) and "ro" in there[-1][5].split(","))
        elif step["kind"] == "capabilities" and step["by"] == "program":
            holds = all(int(field(status, name), 16) == step.get("value", 0) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"))
        elif step["kind"] == "drop-bounding":
            holds = int(field(status, "CapBnd"), 16) == step.get("value", 0)
        elif step["kind"] == "limit" and "nofile" in step["says"]:
            holds = f"Max open files            {step['value']} " in limits
        elif step["kind"] == "limit" and "core" in step["says"]:
            holds = "Max core file size        0 " in limits
        elif step["kind"] == "close-files":
            holds = all(int(fd.name) < 3 for fd in (process / "fd").iterdir())
        if not holds:
            wrong.append(step["says"])
    return wrong


def check(callgate: Path, options: list[str], words: list[str], user: int) -> list[str]:
    command = [str(callgate), "run", *options]
    plan = json.loads(subprocess.run([*command, "--plan", "--format", "json", "--", *words], check=True, capture_output=True,
                                     **identity(user)).stdout)
    launcher = subprocess.Popen([*command, "--", *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **identity(user))
    try:
        # Cgroups are named after the launcher, which is another one than the plan's.
        renamed = [{**step, "path": step["path"].replace(cgroup_name(plan), f"callgate-{launcher.pid}")}
                   if "path" in step and cgroup_name(plan) else step for step in plan["steps"]]
        process = program_below(launcher.pid, words)
        wrong = check_steps(renamed, process)
        entered = set(filter(None, plan["namespaces"].split(", ")))
        entered |= {"cgroup"} if any(step["kind"] == "unshare" for step in plan["steps"]) else set()
        for name, file in NAMESPACES.items():
            differs = os.readlink(process / "ns" / file) != os.readlink(f"/proc/self/ns/{file}")
            if differs != (name in entered):
                wrong.append(f"{name} namespace: {'new' if differs else 'ours'}")
        status = (process / "status").read_text()
        if field(status, "NoNewPrivs") != "1" or field(status, "Seccomp") != "2":
            wrong.append("no_new_privs, or the filter")
        return wrong
    finally:
        launcher.terminate()
        launcher.wait()


def cgroup_name(plan: dict) -> str:
    return next((Path(step["path"]).name for step in plan["steps"] if step["kind"] == "make-cgroup"), "")


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    wrong, count = [], 0
    with tempfile.TemporaryDirectory(prefix="callgate-plan.") as name:
        Path(name).chmod(0o755)
        callgate = Path(name) / "callgate"
        shutil.copy(sys.argv[1], callgate)  # where anybody can read it
        for user in [0, NOBODY] if os.geteuid() == 0 else [os.geteuid()]:
            for options in OPTIONS:
                for kind, words in PROGRAMS.items():
                    count += 1
                    wrong += [f"{' '.join(options)} ({kind}, user {user}): {each}" for each in check(callgate, options, words, user)]
    print("\n".join(wrong) if wrong else f"{count} programs are as planned")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
