"""firejail puts its filters in force from a profile's seccomp lines; the whole stack of the live process is proved
against what callgate reads from the same profile. Groups are another matter: callgate's tables are of a newer firejail
than Debian's, and the calls that joined them since are named here."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import signal
import subprocess
import unittest
from pathlib import Path

from containers import CALLGATE, CONTAINED, EngineTest, dump_filters, need_engines, prove, wait_for

# Lists without groups, so that both must agree on every call of every architecture; and how many filters are stacked.
PROFILES = {
    "drop": ("seccomp.drop ptrace,mount", 1),
    "keep": ("seccomp.keep read,write,exit_group,mmap", 1),
    "own errors and an exception": ("seccomp.drop ptrace:ENOSYS,!mount,umount2", 1),
    "kill": ("seccomp.drop ptrace\nseccomp-error-action kill", 1),
    "log": ("seccomp.drop ptrace\nseccomp-error-action log", 1),
    "another error": ("seccomp.keep read,!write,exit:EPERM\nseccomp-error-action ENOSYS", 1),
    "both architectures": ("seccomp.drop ptrace\nseccomp.32.drop mount", 2),
    "foreign calls blocked": ("seccomp.drop ptrace\nseccomp.block-secondary", 2),
}
# Denied by the default list of today's firejail, and not yet by 0.9.72's.
SINCE = {"utime", "tkill", "epoll_ctl_old", "epoll_wait_old", "futimesat", "uretprobe", "uprobe", "mount_setattr",
         "statmount", "listmount", "open_tree_attr"}


def setUpModule():
    need_engines("firejail")


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def contained_below(pid):
    """The sandboxed program, once it has been executed: by then all filters are in force."""
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        waiting += children(each)
        try:
            if Path(f"/proc/{each}/comm").read_text(encoding="ascii").strip() == Path(CONTAINED).name:
                return each
        except OSError:
            pass
    return None


class Firejail(EngineTest):
    def start(self, lines):
        """Gives the profile's path and the process under its filters."""
        profile = self.folder / "test.profile"
        profile.write_text(lines + "\n", encoding="utf-8")
        firejail = subprocess.Popen(
            ["firejail", "--quiet", f"--profile={profile}", CONTAINED], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(firejail.stderr.close)
        self.addCleanup(firejail.wait)
        pid = wait_for(lambda: contained_below(firejail.pid) or firejail.poll() is not None, 30)
        if pid is None or isinstance(pid, bool):
            firejail.kill()
            self.fail(f"firejail did not start the program: {firejail.stderr.read()}")
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        return profile, pid

    def test_lists(self):
        for name, (lines, filters) in PROFILES.items():
            with self.subTest(profile=name):
                profile, pid = self.start(lines)
                self.assertEqual(len(dump_filters(pid)), filters)
                status, answer = prove(profile, f"pid:{pid}", "docker")
                self.assertEqual(status, 0, f"{lines}: {answer}")

    def test_default_list(self):
        for lines in ("seccomp", "seccomp ptrace,kcmp", "seccomp\nallow-debuggers", "seccomp !chroot,mincore:EAGAIN"):
            with self.subTest(lines=lines):
                profile, pid = self.start(lines)
                self.assertEqual(len(dump_filters(pid)), 2)
                result = subprocess.run(
                    [CALLGATE, "diff", "--format", "json", str(profile), f"pid:{pid}"], stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, text=True, timeout=60, check=False)
                changes = json.loads(result.stdout)
                self.assertEqual({(each["arch"], each["call"]) for each in changes["widened"]},
                                 {("x86_64", call) for call in SINCE})
                self.assertEqual((changes["narrowed"], changes["changed"]), ([], []))


if __name__ == "__main__":
    unittest.main(verbosity=2)
