#!/usr/bin/env python3
"""Runs every example of the manual pages, as printed, and compares its exit status with the one that is promised.

The scratch directory holds the files that the examples speak of; an example that mentions another file fails here.

usage: test_examples.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CALLGATE = Path(sys.argv[1]).resolve() if len(sys.argv) == 2 else sys.exit(__doc__)


def deny(call: str) -> str:
    return json.dumps({"defaultAction": "SCMP_ACT_ALLOW",
                       "syscalls": [{"names": [call], "action": "SCMP_ACT_KILL_PROCESS"}]})


def provide(folder: Path):
    (folder / "profile.json").write_text(deny("reboot"))
    (folder / "deny-getcwd.json").write_text(deny("getcwd"))
    (folder / "calls.txt").write_text("x86_64 read\nx86_64 openat 0 0 O_RDONLY\n")
    (folder / "strace.log").write_text('1 execve("/bin/x", ["x"], 0x7f /* 3 vars */) = 0\n1 exit_group(0) = ?\n')
    (folder / "denied.log").write_text("1 pread64(3, 0x7f, 784, 64) = -1 EPERM (Operation not permitted)\n")
    (folder / "audit.log").write_text(
        'type=SECCOMP msg=audit(1.2:3): auid=0 uid=0 gid=0 ses=1 pid=7 comm="x" exe="/x" sig=31 arch=c000003e '
        'syscall=17 compat=0 ip=0x1000 code=0x80000000\n')
    (folder / "profile-test.yaml").write_text("profile: profile.json\nexpect:\n  - allow: read\n  - deny: reboot\n")
    (folder / "compose.yaml").write_text("services:\n  web:\n    image: web\n    security_opt: [seccomp=profile.json]\n")
    (folder / "config.json").write_text('{"ociVersion": "1.0.2", "linux": {"seccomp": %s}}' % deny("reboot"))
    (folder / "seccomp").mkdir()
    (folder / "node").mkdir()
    (folder / "node" / "web.json").write_text(deny("reboot"))
    (folder / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  securityContext:\n    seccompProfile: "
        "{type: Localhost, localhostProfile: web.json}\n  containers:\n  - {name: web, image: web}\n")
    (folder / "weights.csv").write_text("name,weight\nread,2\n")
    subprocess.run([CALLGATE, "compile", "profile.json", "-o", "filter.bpf"], cwd=folder, check=True)
    recording = Path(__file__).resolve().parents[1] / "data" / "closure" / "web.jsonl"
    (folder / "web.jsonl").write_bytes(recording.read_bytes())
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        subprocess.run([CALLGATE, "close", "web.jsonl", "-o", "closure.json"], cwd=folder, check=True, stdout=nowhere)


def examples() -> list[dict]:
    """line, says, exit_status of each, from the command table."""
    table = json.loads(subprocess.run([CALLGATE, "help", "--format", "json"], capture_output=True, check=True).stdout)
    for command in table["commands"]:
        if not command["examples"]:
            sys.exit(f"callgate help {command['name']} has no example")
    return [example for command in table["commands"] for example in command["examples"]]


def main() -> int:
    rows = examples()
    failed = []
    with tempfile.TemporaryDirectory(prefix="callgate-golden.") as scratch:
        folder = Path(scratch)
        binaries = folder / "bin"
        binaries.mkdir()
        os.symlink(CALLGATE, binaries / "callgate")
        provide(folder)
        environment = {"PATH": f"{binaries}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": scratch, "LC_ALL": "C.UTF-8"}
        for row in rows:
            done = subprocess.run(["bash", "-c", row["line"]], cwd=scratch, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=60, check=False)
            if done.returncode != row["exit_status"]:
                failed.append(f"status {done.returncode}, not {row['exit_status']}: {row['line']}\n"
                              + done.stderr.decode(errors="replace"))
    print("\n".join(failed) or f"{len(rows)} examples do as they say")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
