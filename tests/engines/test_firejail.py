"""firejail puts its filters in force from a profile's seccomp lines; the whole stack of the live process is proved
against what callgate reads from the same profile, for the release of firejail that is installed."""
# SPDX-License-Identifier: Apache-2.0
import csv
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from containers import CALLGATE, CONTAINED, SOURCE, EngineTest, dump_filters, need_engines, prove, run, wait_for

# How many filters are in force of each profile; a filter whose file was rewritten is refused by the kernel.
PROFILES = {
    "drop": ("seccomp.drop ptrace,mount", 1),
    "keep": ("seccomp.keep read,write,exit_group,mmap", 1),
    "own errors and an exception": ("seccomp.drop ptrace:ENOSYS,!mount,umount2", 1),
    "kill": ("seccomp.drop ptrace\nseccomp-error-action kill", 1),
    "log": ("seccomp.drop ptrace\nseccomp-error-action log", 1),
    "another error": ("seccomp.keep read,!write,exit:EPERM\nseccomp-error-action ENOSYS", 1),
    "foreign calls blocked": ("seccomp.drop ptrace\nseccomp.block-secondary", 2),
    "block alone": ("seccomp.block-secondary", 2),
    "block beside keep": ("seccomp.keep read\nseccomp.block-secondary\nseccomp-error-action ENOSYS", 2),
    "block beside drop": ("seccomp.drop read\nseccomp.block-secondary\nseccomp-error-action kill", 2),
    "block beside the default": ("seccomp\nseccomp.block-secondary\nseccomp-error-action ENOSYS", 2),
    "number 0 excepted": ("seccomp.drop !read,mount", 1),
    "number 0 kept": ("seccomp.keep !read", 1),
    "numbers": ("seccomp.drop $450,$441:ENOSYS,$600:kill,$101", 1),
    "numbers kept": ("seccomp.keep $450,!$441,$600", 1),
    "later calls": ("seccomp.drop epoll_pwait2,mount,uretprobe", 1),
    "comments and ignored lines": ("seccomp # default\nignore seccomp.drop\nseccomp.drop read\n#seccomp.keep read", 2),
    "default": ("seccomp", 2),
    "default and a list": ("seccomp ptrace,kcmp", 2),
    "default for debuggers": ("seccomp\nallow-debuggers", 2),
    "default with exceptions": ("seccomp !chroot,mincore:EAGAIN", 2),
    "default killing": ("seccomp\nseccomp-error-action kill", 2),
    # 32-bit lines.
    "both dropping": ("seccomp.drop ptrace\nseccomp.32.drop mount", 2),
    "32 keep alone": ("seccomp.32.keep read,write", 1),
    "32 list alone": ("seccomp.32 kcmp", 2),
    "32 drop alone": ("seccomp.32.drop getpid", 2),
    "both keeping": ("seccomp.keep read,write\nseccomp.32.keep write,exit", 2),
    "default and 32 keep": ("seccomp\nseccomp.32.keep read,write", 2),
    "default and 32 list": ("seccomp\nseccomp.32 getpid", 4),
    "lists for both": ("seccomp ptrace\nseccomp.32 kcmp", 2),
    "list and 32 keep": ("seccomp ptrace\nseccomp.32.keep read,ptrace", 2),
    "list and 32 drop": ("seccomp ptrace\nseccomp.32.drop getpid", 2),
    "exception for 32": ("seccomp ptrace\nseccomp.32 !mount,!acct:EPERM", 2),
    "group of the machine for 32": ("seccomp ptrace\nseccomp.32 @clock,stime", 2),
    "32 list with an error": ("seccomp.32 kcmp\nseccomp-error-action ENOSYS", 1),
    "default, 32 list, an error": ("seccomp\nseccomp.32 kcmp\nseccomp-error-action ENOSYS", 2),
    "default, 32 list, debuggers": ("seccomp ptrace\nseccomp.32 kcmp\nallow-debuggers", 2),
    "32 keep and block": ("seccomp.32.keep read\nseccomp.block-secondary", 4),
    "32 list, list and block": ("seccomp kcmp\nseccomp.32 kcmp\nseccomp.block-secondary", 4),
    "32 list, keep, an error and block":
        ("seccomp.keep read\nseccomp.32 kcmp\nseccomp-error-action ENOSYS\nseccomp.block-secondary", 4),
    "keep and 32 drop": ("seccomp.keep read\nseccomp.drop ptrace\nseccomp.32.drop getpid,execve", 2),
    "drop and 32 keep": ("seccomp.drop ptrace\nseccomp.32.keep read,ptrace", 2),
    "keep and 32 list": ("seccomp.keep read\nseccomp.32 getpid", 3),
    "all at once": ("seccomp kcmp\nseccomp.drop acct\nseccomp.32 acct\nseccomp.32.drop kcmp:EACCES,execve:EPERM", 2),
    "answers of two filters": ("seccomp getpid:ENOTSUP\nseccomp.32.keep read", 2),
    "prctl refused": ("seccomp.keep read,!prctl\nseccomp.block-secondary", 1),
}
# firejail does not start with these, and callgate says so.
REFUSED = {
    "32 list beside drop": "seccomp.drop ptrace\nseccomp.32 kcmp",
    "32 list beside keep and drop": "seccomp.keep read\nseccomp.drop ptrace\nseccomp.32 kcmp",
    "32 list and block": "seccomp.32 kcmp\nseccomp.block-secondary",
    "32 drop and block": "seccomp\nseccomp.32.drop kcmp\nseccomp.block-secondary",
    "unknown group": "seccomp.drop @nosuch",
    "empty list": "seccomp.drop ,",
    "no call": "seccomp.drop !",
    "no error": "seccomp.drop read\nseccomp-error-action ENOSUCH",
}


def setUpModule():
    need_engines("firejail")


def release():
    return re.search(r"version (\S+)", run("firejail", "--version").stdout).group(1)


def calls(architecture):
    with (SOURCE / "data" / "syscalls" / f"{architecture}.csv").open(encoding="ascii", newline="") as file:
        return [row["name"] for row in csv.DictReader(file)]


def groups():
    """Those of firejail's oldest release that is known, without those that it does not have."""
    with (SOURCE / "data" / "convert" / "firejail_groups.csv").open(encoding="ascii", newline="") as file:
        return sorted({row["group"] for row in csv.DictReader(file)
                       if row["group"].startswith("@") and "0.9.72" in (row["releases"] or "0.9.72")})


def children(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def program_below(pid, name):
    """The sandboxed program, once it has been executed: by then all filters are in force, but for a library's."""
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        waiting += children(each)
        try:
            if Path(f"/proc/{each}/comm").read_text(encoding="ascii").strip() == name:
                return each
        except OSError:
            pass
    return None


class Firejail(EngineTest):
    def profile(self, lines, named=True):
        profile = self.folder / "test.profile"
        head = f"# callgate:firejail {release()}\n" if named else ""
        profile.write_text(head + lines + "\n", encoding="utf-8")
        return profile

    def start(self, lines, named=True, program=(CONTAINED,)):
        """Gives the profile's path and the process under its filters; None for it if firejail ends instead."""
        profile = self.profile(lines, named)
        firejail = subprocess.Popen(
            ["firejail", "--quiet", f"--profile={profile}", *program], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(firejail.wait)
        name = Path(program[0]).name
        pid = wait_for(lambda: program_below(firejail.pid, name) or firejail.poll() is not None, 30)
        if pid is None or isinstance(pid, bool):
            firejail.kill()
            return profile, None
        self.addCleanup(os.kill, pid, signal.SIGKILL)
        return profile, pid

    def proved(self, lines, named=True, program=(CONTAINED,), by_library=0):
        # Once, beside other tests, firejail ended before the program ran; why is not known. A profile that it refuses
        # is refused each time.
        for _ in range(3):
            profile, pid = self.start(lines, named, program)
            if pid is not None:
                break
        self.assertIsNotNone(pid, f"firejail did not start the program: {lines}")
        if by_library:
            wait_for(lambda: len(dump_filters(pid)) > by_library, 10)
        status, answer = prove(profile, f"pid:{pid}", "docker")
        self.assertEqual(status, 0, f"{lines}: {answer}")
        filters = len(dump_filters(pid))
        os.kill(pid, signal.SIGSTOP)  # what it does next is no matter
        return filters

    def test_lists(self):
        for name, (lines, filters) in PROFILES.items():
            with self.subTest(profile=name):
                self.assertEqual(self.proved(lines), filters)

    def test_what_does_not_start_is_refused(self):
        for name, lines in REFUSED.items():
            with self.subTest(profile=name):
                profile, pid = self.start(lines)
                self.assertIsNone(pid)
                answer = run(CALLGATE, "explain", profile)
                self.assertNotEqual(answer.returncode, 0, answer.stdout)

    def test_groups(self):
        """Each group, for the machine and for i386; one is too long for a list that drops."""
        for group in groups():
            with self.subTest(group=group):
                second = f"\nseccomp.drop ptrace\nseccomp.32.drop {group}"
                self.proved(f"seccomp.keep {group}" + ("" if group == "@system-service" else second))

    def test_calls_by_name(self):
        """Which calls firejail knows; half of i386's at a time, as its filters hold no more."""
        self.proved("seccomp.keep " + ",".join(calls("x86_64")))
        listed = calls("x86")
        for half in (listed[: len(listed) // 2], listed[len(listed) // 2:]):
            self.proved("seccomp.drop ptrace\nseccomp.32.drop " + ",".join(half))

    def test_calls_slip_through_long_lists(self):
        """Of a list that is one too long firejail lets the first call through: callgate does not read it."""
        listed = [each for each in calls("x86_64") if each not in ("execve", "execveat", "prctl", "uretprobe", "uprobe")]
        self.proved("seccomp.drop " + ",".join(listed[:255]))
        # With errors of their own they are not joined.
        own = ",".join(f"{each}:EPERM" for each in listed[:300])
        self.proved(f"seccomp-error-action ENOENT\nseccomp.drop {own}")
        profile, pid = self.start("seccomp.drop " + ",".join(listed[:256]))
        self.assertIn("CG1272", run(CALLGATE, "explain", profile).stdout)
        answers = [run(CALLGATE, "eval", f"pid:{pid}", call).stdout.strip() for call in listed[:2]]
        self.assertEqual(answers, ["ALLOW", "ERRNO(1)"], listed[:2])

    def test_what_firejail_needs_is_dropped_by_a_library(self):
        """In dynamically linked programs; static ones keep it."""
        for lines in ("seccomp.drop execve,mount", "seccomp prctl,execveat:kill", "seccomp.drop @default-keep,!execveat"):
            with self.subTest(lines=lines):
                filters = 2 if lines.startswith("seccomp ") else 1
                self.assertEqual(self.proved(lines, program=("/bin/sleep", "60"), by_library=filters), filters + 1)
        profile, pid = self.start("seccomp.drop execve,mount")
        self.assertEqual(len(dump_filters(pid)), 1)
        self.assertIn("CG1274", run(CALLGATE, "explain", profile).stdout)

    def test_what_is_written(self):
        written = self.folder / "written.profile"
        for source in ("docker-default", "podman-default", "containerd-default", "basic-fixed"):
            with self.subTest(source=source):
                run(CALLGATE, "convert", "--to", "firejail", "--lossy", "-o", written, source)
                self.proved(written.read_text(encoding="utf-8"))

    def test_a_profile_that_names_no_release(self):
        """It is read as 0.9.72 reads it, which Debian 12 and Ubuntu 24.04 have."""
        if release() in ("0.9.72", "0.9.74", "0.9.76"):
            self.proved("seccomp", named=False)
        answer = run(CALLGATE, "explain", self.profile("seccomp", named=False))
        self.assertIn("read as firejail 0.9.72 reads it; 0.9.80 also refuses", answer.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
