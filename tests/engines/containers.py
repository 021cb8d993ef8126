"""Containers of the real runc and crun, made from bundles of our own, and what is needed to look at them."""
# SPDX-License-Identifier: Apache-2.0
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "support"))
from dump_filters import dump_filters  # noqa: E402  (it lies beside the other test support)

CALLGATE = os.environ.get("CALLGATE", "")
CONTAINED = os.environ.get("CALLGATE_CONTAINED", "")
DATA = SOURCE / "tests" / "data"
CORPUS = Path(os.environ.get("CALLGATE_CORPUS") or SOURCE.parent / "shared" / "corpus") / "profiles"

# What Docker gives a container (moby oci/caps/defaults.go).
CAPABILITIES = [
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL"
        " AUDIT_WRITE"
    ).split()
]


class NotStarted(Exception):
    """The engine did not start the container; its output is the text."""


def need(condition, reason):
    """Skips the test, or fails it where every test must run (CI=true)."""
    if condition:
        return
    if os.environ.get("CI") == "true":
        raise AssertionError(f"cannot run here: {reason}")
    raise unittest.SkipTest(reason)


def need_engines(*programs):
    need(CALLGATE and CONTAINED, "CALLGATE and CALLGATE_CONTAINED name the programs under test; ctest sets them")
    need(os.geteuid() == 0, "containers are started as root")
    for program in programs:
        need(shutil.which(program), f"{program} is not installed")


def need_corpus():
    need(CORPUS.is_dir(), f"no profiles in {CORPUS}; set CALLGATE_CORPUS")


def run(*command, timeout=60, **options):
    """Its completed process; output of both streams together, as text."""
    return subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", timeout=timeout, check=False, **options)


def temporary_folder():
    # Sockets lie below, and their paths may not exceed 107 bytes.
    return tempfile.TemporaryDirectory(prefix="callgate-engines-", dir="/tmp", ignore_cleanup_errors=True)


def seccomp_mode(pid):
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^Seccomp:\s*(\d)", status, re.MULTILINE)
    return int(found.group(1)) if found else None


def wait_for(condition, seconds):
    """The first true answer of `condition` within that time, or its last one."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.01)


def crun_command(folder):
    """crun as this machine takes it: 1.8 refuses a version 2 cgroup hierarchy beside version 1, so it gets a mount
    namespace without one."""
    if not Path("/sys/fs/cgroup/unified").is_dir():
        return shutil.which("crun")
    wrapper = Path(folder) / "crun"
    if not wrapper.exists():
        wrapper.write_text(
            "#!/bin/sh\nexec unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "
            + shutil.which("crun") + ' "$@"\' crun "$@"\n', encoding="ascii")
        wrapper.chmod(0o755)
    return str(wrapper)


class Container:
    """A container of runc or crun; a context manager that ends it. `pid` is its first process, which may still be the
    engine's own, waiting to execute the program: the filter is the one it will run under."""

    def __init__(self, engine, pid, identity):
        self.engine, self.pid, self.identity = engine, pid, identity

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run(*self.engine.command, "delete", "--force", self.identity)


class Engine:
    """runc or crun with a state folder of its own: crun keeps compiled filters there, by a key that leaves out each
    rule's errnoRet."""

    def __init__(self, name, folder, root="state"):
        self.name, self.folder = name, Path(folder)
        program = shutil.which("runc") if name == "runc" else crun_command(folder)
        self.command = [program, "--root", str(self.folder / f"{name}-{root}")]
        if name == "crun":
            self.command.append("--cgroup-manager=cgroupfs")
        self.count = 0

    def bundle(self, seccomp, arguments=(), no_new_privileges=False):
        self.count += 1
        bundle = self.folder / f"{self.name}-bundle"
        for name in ("proc", "dev"):
            (bundle / "rootfs" / name).mkdir(parents=True, exist_ok=True)
        program = bundle / "rootfs" / "contained"
        if not program.exists():
            shutil.copy(CONTAINED, program)
        config = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": 0, "gid": 0},
                "args": ["/contained", *(str(argument) for argument in arguments)],
                "env": [],
                "cwd": "/",
                "noNewPrivileges": no_new_privileges,
                "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
            },
            "root": {"path": "rootfs"},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
            "linux": {
                "namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts", "network")],
                "seccomp": seccomp,
            },
        }
        (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return bundle, f"callgate-{os.getpid()}-{self.count}"

    def _launch(self, verb, bundle, identity, *options):
        pid_file = bundle / "pid"
        pid_file.unlink(missing_ok=True)
        output = self.folder / "output"
        # To a file: the container inherits it, and a pipe would be waited on until the container ends.
        with open(output, "w", encoding="utf-8") as stream:
            status = subprocess.run(
                [*self.command, verb, *options, "--bundle", str(bundle), "--pid-file", str(pid_file), identity],
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, timeout=30, check=False).returncode
        pid = int(pid_file.read_text(encoding="ascii")) if pid_file.exists() and pid_file.stat().st_size else 0
        if status == 0 and pid and wait_for(lambda: seccomp_mode(pid) in (2, None), 3):
            try:
                # Stopped, so that it cannot die of its filter before it has been looked at.
                os.kill(pid, signal.SIGSTOP)
                if dump_filters(pid):
                    return Container(self, pid, identity)
            except OSError:
                pass  # it was quicker
        run(*self.command, "delete", "--force", identity)
        raise NotStarted(output.read_text(encoding="utf-8", errors="replace")[:400] or f"status {status}")

    def start(self, seccomp, attempts=20):
        """A container under `seccomp`. runc is left before the program is executed: there its first process has loaded
        the filter already. Its own start-up races with itself under profiles that deny futex, hence the attempts; if
        all fail, no_new_privs makes it load the filter last of all."""
        last = None
        for attempt in range(attempts):
            late = attempt * 2 >= attempts
            bundle, identity = self.bundle(seccomp, no_new_privileges=late)
            try:
                if self.name == "runc" and not late:
                    return self._launch("create", bundle, identity)
                return self._launch("run", bundle, identity, "--detach")
            except NotStarted as failure:
                last = failure
        raise last

    def call(self, seccomp, nr, *arguments):
        """The error number that the call `nr` gets inside a container under `seccomp`, 0 for success."""
        bundle, identity = self.bundle(seccomp, (nr, *arguments))
        return run(*self.command, "run", "--bundle", bundle, identity).returncode


def prove(a, b, engine, *options):
    """callgate's answer: its status (0 equal, 1 different) and the decoded JSON, or the text of its diagnostics."""
    result = subprocess.run(
        [CALLGATE, "prove", "--as", engine, "--format", "json", *options, str(a), str(b)], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    if result.returncode in (0, 1, 4) and result.stdout:
        return result.returncode, json.loads(result.stdout)
    return result.returncode, result.stderr


def known_to_libseccomp(name):
    """Whether the libseccomp that the engines use knows a call of that name, on any architecture."""
    function = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name
    return function(name.encode()) != -1  # __NR_SCMP_ERROR


def without(profile, names):
    """The profile without those call names, and without rules that have no other."""
    rules = []
    for rule in profile["syscalls"]:
        if "names" in rule:
            rule = {**rule, "names": [name for name in rule["names"] if name not in names]}
        if rule.get("names") or "name" in rule:
            rules.append(rule)
    return {**profile, "syscalls": rules}


def without_split_calls(profile):
    """map_shadow_stack became an x32 call later than an x86_64 one; a libseccomp from in between cannot be described by
    leaving out names, so neither side is asked about it."""
    x32 = 0x4000003E  # SCMP_ARCH_X32
    function = ctypes.CDLL("libseccomp.so.2").seccomp_syscall_resolve_name_arch
    return profile if function(x32, b"map_shadow_stack") >= 0 else without(profile, {"map_shadow_stack"})


def disassembled(subject):
    """The filters of `subject` as (code, jt, jf, k) lists, as callgate reads them."""
    result = run(CALLGATE, "disasm", "--emit", "json", subject)
    assert result.returncode == 0, result.stdout
    keys = ("code", "jt", "jf", "k")
    return [
        [tuple(instruction[key] for key in keys) for instruction in program["instructions"]]
        for program in json.loads(result.stdout)["filters"]
    ]


class EngineTest(unittest.TestCase):
    """A test with a folder of its own and assertions about filters in force."""

    longMessage = True

    def setUp(self):
        folder = temporary_folder()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def assert_equal_to_process(self, profile, pid, engine, *options):
        filters = dump_filters(pid)
        self.assertEqual(len(filters), 1, "one filter was expected")
        status, answer = prove(profile, f"pid:{pid}", engine, *options)
        self.assertEqual(status, 0, f"{profile} read as {engine}: {answer}")

    def known_part(self, path):
        """The profile without the calls that are newer than this machine's libseccomp, which the engines skip as
        unknown and callgate knows. The very file where there are none."""
        profile = json.loads(path.read_text(encoding="utf-8"))
        names = {name for rule in profile["syscalls"] for name in rule.get("names") or []}
        newer = {name for name in names if not known_to_libseccomp(name)}
        if not newer:
            return path
        return self.write(f"known-{path.name}", without(profile, newer))

    def write(self, name, value):
        path = self.folder / name
        path.write_text(json.dumps(value, indent=1), encoding="utf-8")
        return path
