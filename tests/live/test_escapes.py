#!/usr/bin/env python3
"""Ways out of `callgate run --seal all`, each tried from inside, as root and as a user without any right.

An attempt is a Python program that prints ESCAPED if it succeeded, and `tried` in any case. Those marked `control` are
run without callgate first, as root, and must escape there: an attempt that never works would prove nothing.

usage: test_escapes.py CALLGATE
SPDX-License-Identifier: Apache-2.0
"""

import ctypes
import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = 65534
PRELUDE = """
import ctypes, fcntl, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def escaped_if(condition):
    if condition: print("ESCAPED")
def attempt(call):
    try: return call()
    except OSError: return None
def writes(path, text="x"):
    def write():
        with open(path, "w") as file: file.write(text)
        return True
    return attempt(write)
def machine_code(code):
    place = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    place.write(code)
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()
"""

# name: (program, works without a sandbox, more options)
ATTEMPTS = {
    "signal": ("escaped_if(attempt(lambda: os.kill(OUTSIDE, 0) or True))", True, []),
    "ptrace": ("escaped_if(libc.ptrace(16, OUTSIDE, 0, 0) == 0)", True, []),
    "ptrace-init": ("escaped_if(libc.ptrace(16, 1, 0, 0) == 0)", False, []),
    "init-memory": ("escaped_if(attempt(lambda: open('/proc/1/mem', 'rb')))", False, []),
    "init-environment": ("escaped_if(attempt(lambda: open('/proc/1/environ', 'rb').read()))", False, []),
    "init-root": ("escaped_if(attempt(lambda: os.listdir('/proc/1/root')))", False, []),
    "other-root": ("escaped_if(attempt(lambda: os.listdir(f'/proc/{OUTSIDE}/root')))", True, []),
    "setns": ("escaped_if(attempt(lambda: libc.setns(os.open('/proc/1/ns/mnt', 0), 0) == 0))", False, []),
    "handle": ("fd = os.open('/', 0)\nhandle = ctypes.create_string_buffer(b'\\x80\\0\\0\\0' + bytes(140))\nmount = ctypes.c_int()\n"
               "named = libc.name_to_handle_at(-100, b'/', handle, ctypes.byref(mount), 0)\n"
               "escaped_if(named == 0 and libc.open_by_handle_at(fd, handle, 0) >= 0)", True, []),
    "inherited-file": ("escaped_if(attempt(lambda: os.read(SECRET, 1)))", True, []),
    "abstract-socket": ("s = socket.socket(socket.AF_UNIX)\nescaped_if(attempt(lambda: s.connect('\\0' + NAME) or True))",
                        True, []),
    "tcp": ("s = socket.socket()\nescaped_if(attempt(lambda: s.connect(('127.0.0.1', PORT)) or True))", True, []),
    "shared-memory": ("escaped_if(libc.shmget(KEY, 1, 0) >= 0)", True, []),
    "write-folder": ("escaped_if(writes(FOLDER + '/a'))", True, []),
    "write-proc-root": ("escaped_if(writes('/proc/self/root' + FOLDER + '/a'))", True, []),
    "write-by-link": ("os.symlink(FOLDER, '/tmp/callgate-link')\nescaped_if(writes('/tmp/callgate-link/a'))", True, []),
    "sysrq": ("escaped_if(writes('/proc/sysrq-trigger', ''))", False, []),
    "core-pattern": ("escaped_if(attempt(lambda: os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)))", True, []),
    "cgroup": ("escaped_if(any(attempt(lambda: os.open(f'/sys/fs/cgroup/{d}/cgroup.procs', os.O_WRONLY))"
               " for d in ['.', 'memory', 'unified']))", True, []),
    "device": ("escaped_if(attempt(lambda: os.mknod('/tmp/callgate-mem', 0o20600, os.makedev(1, 1)) or True))", True, []),
    "chroot": ("escaped_if(attempt(lambda: os.chroot('/tmp') or True))", True, []),
    "keyring": ("escaped_if(libc.syscall(250, 0, -4, 1) >= 0)", True, []),
    "io_uring": ("escaped_if(libc.syscall(425, 1, ctypes.create_string_buffer(200)) >= 0)", False, []),
    "userfaultfd": ("escaped_if(libc.syscall(323, 1) >= 0)", False, []),
    "remount-in-own-namespace": (
        "ok = libc.unshare(0x10020000) == 0 and libc.mount(None, b'/', None, 0x1020, None) == 0\n"
        "escaped_if(ok and writes(FOLDER + '/a'))", False, ["-p", "unconfined"]),
    "remount-with-landlock-alone": (
        "escaped_if(libc.unshare(0x10020000) == 0 and libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0)", True,
        ["-p", "unconfined"]),
    # keyctl by the other two tables of calls: int 0x80, and x32's numbers.
    "i386-keyctl": ("escaped_if(machine_code(b'\\x53\\xb8\\x20\\x01\\0\\0\\x31\\xdb\\xb9\\xfc\\xff\\xff\\xff\\xba\\x01\\0\\0\\0"
                    "\\xcd\\x80\\x5b\\xc3') >= 0)", False, []),
    "x32-keyctl": ("escaped_if(libc.syscall(0x40000000 + 250, 0, -4, 1) >= 0)", False, []),
    "anonymous-code": ("escaped_if(attempt(lambda: machine_code(b'\\xb8\\x07\\0\\0\\0\\xc3') == 7))", True, ["--no-exec-mem"]),
    "memory-file": ("fd = attempt(lambda: os.memfd_create('x'))\nescaped_if(fd and os.truncate(fd, 4096) is None and"
                    " attempt(lambda: mmap.mmap(fd, 4096, prot=mmap.PROT_EXEC | mmap.PROT_READ)))", True, ["--no-exec-mem"]),
}

TERMINAL = """
typed = ctypes.c_char(b"x")
escaped_if(libc.syscall(16, 0, 0x5412, ctypes.byref(typed)) == 0)
escaped_if(libc.syscall(16, 0, ctypes.c_ulong(0x5412 | 1 << 32), ctypes.byref(typed)) == 0)
"""


class Outside:
    """What an attempt would reach: a process, listeners, a folder, an open file, shared memory."""

    def __init__(self, scratch: Path):
        self.process = subprocess.Popen(["sleep", "600"])
        self.name = f"callgate-escape-{os.getpid()}"
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind("\0" + self.name)
        self.unix.listen(64)
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.folder = scratch / "folder"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        (scratch / "secret").write_text("s" * 10000)
        self.secret = os.open(scratch / "secret", os.O_RDONLY)
        self.key = 0x43470000 + os.getpid() % 65536
        self.libc = ctypes.CDLL(None)
        self.segment = self.libc.shmget(self.key, 4096, 0o1666)

    def names(self) -> str:
        return (f"OUTSIDE, NAME, PORT, FOLDER, SECRET, KEY = {self.process.pid}, {self.name!r}, {self.tcp.getsockname()[1]}, "
                f"{str(self.folder)!r}, {self.secret}, {self.key}\n")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.libc.shmctl(self.segment, 0, None)


def run(words: list[str], user: int, outside: Outside, stdin=subprocess.DEVNULL, **more) -> str:
    os.lseek(outside.secret, 0, os.SEEK_SET)
    for left in ["/tmp/callgate-link", "/tmp/callgate-mem"]:
        Path(left).unlink(missing_ok=True)
    (outside.folder / "a").unlink(missing_ok=True)
    identity = {"user": user, "group": user, "extra_groups": []} if user != os.geteuid() else {}
    done = subprocess.run(words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          pass_fds=[outside.secret], check=False, **identity, **more)
    return done.stdout


def judge(callgate: Path, outside: Outside) -> list[str]:
    wrong = []
    users = [0, NOBODY] if os.geteuid() == 0 else [os.geteuid()]
    for name, (program, control, options) in ATTEMPTS.items():
        text = PRELUDE + outside.names() + program + "\nprint('tried')\n"
        python = ["/usr/bin/python3", "-c", text]
        if control and os.geteuid() == 0 and "ESCAPED" not in (out := run(python, 0, outside)):
            wrong.append(f"{name}: does not work even without a sandbox: {out}")
        for user in users:
            out = run([str(callgate), "run", "--seal", "all", *options, "--", *python], user, outside)
            # What raises an error was refused, too.
            if "ESCAPED" in out or ("tried" not in out and "Error" not in out):
                wrong.append(f"{name} as {user}: {out}")
    for user in users:
        master, terminal = pty.openpty()
        text = PRELUDE + TERMINAL + "print('tried')\n"
        out = run([str(callgate), "run", "--seal", "all", "-p", "unconfined", "--", "/usr/bin/python3", "-c", text], user, outside,
                  stdin=terminal, start_new_session=True)
        if "ESCAPED" in out or "tried" not in out:
            wrong.append(f"terminal as {user}: {out}")
        os.close(master)
        os.close(terminal)
    return wrong


def mounts_stay_inside(callgate: Path, outside: Outside) -> list[str]:
    if os.geteuid() != 0:
        return []
    script = f"mount -t tmpfs none {outside.folder} && touch {outside.folder}/inside && echo mounted"
    out = run([str(callgate), "run", "--seal", "process", "--cap", "sys_admin", "-p", "unconfined", "--", "sh", "-c", script], 0,
              outside)
    if "mounted" not in out:
        return [f"mount with CAP_SYS_ADMIN: {out}"]
    return ["a mount came out"] if (outside.folder / "inside").exists() else []


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="callgate-escape.", dir="/var/lib" if os.geteuid() == 0 else None) as name:
        scratch = Path(name)
        scratch.chmod(0o755)
        callgate = scratch / "callgate"
        shutil.copy(sys.argv[1], callgate)  # where anybody can read it
        outside = Outside(scratch)
        try:
            wrong = judge(callgate, outside) + mounts_stay_inside(callgate, outside)
        finally:
            outside.close()
    print("\n".join(wrong) if wrong else f"{len(ATTEMPTS) + 2} ways out are shut")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
