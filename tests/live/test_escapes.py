#!/usr/bin/env python3
"""Ways out of `callgate run --seal all`, each tried from inside, as root and as a user without any right.

An attempt is a Python program that prints ESCAPED if it succeeded, and `tried` in any case. Each is run without callgate
first, as root, and must escape there: an attempt that never works would prove nothing. Those marked INIT are run in a PID
namespace whose first process is a plain shell, for that of the machine is nobody's to touch. What this kernel has not is
told by HAVE; such an attempt has no control where the kernel lacks it, and must have one where it does not.

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

from i386 import runs_i386

NOBODY = 65534
PYTHON = "/usr/bin/python3"
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

FILTERS = """
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]
def install(flags, rows):
    import struct
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
    libc.prctl(38, 1, 0, 0, 0)
    return libc.syscall(317, 1, flags, ctypes.byref(Program(len(rows), ctypes.cast(text, ctypes.c_void_p))))
def keyctl(): return libc.syscall(250, 0, -4, 1)
"""

# A listener of one's own, that lets go on (SECCOMP_USER_NOTIF_FLAG_CONTINUE) what the sandbox's filter denies.
LISTENER = """
import select, struct
listener = install(8, [(0x20, 0, 0, 0), (0x15, 0, 1, 250), (6, 0, 0, 0x7fc00000), (6, 0, 0, 0x7fff0000)])
child = os.fork()
if child == 0: os._exit(0 if keyctl() >= 0 else 1)
status = None
for _ in range(100):
    if listener >= 0 and select.select([listener], [], [], 0.1)[0]:
        asked = bytearray(80)
        if attempt(lambda: fcntl.ioctl(listener, 0xc0502100, asked)) is not None:
            fcntl.ioctl(listener, 0xc0182101, bytearray(struct.pack("QqiI", struct.unpack_from("Q", asked)[0], 0, 0, 1)))
    done, status = os.waitpid(child, os.WNOHANG)
    if done: break
escaped_if(done and status == 0)
"""

# A place in this program's own read-only code, that of a function nobody else calls, and what could be written there.
OWN_TEXT = """
function = libc.fcvt_r
place = ctypes.cast(function, ctypes.c_void_p).value
code = b"\\xb8\\x07\\0\\0\\0\\xc3\\x90\\x90"
def call(): return ctypes.CFUNCTYPE(ctypes.c_int)(place)()
"""

POKE = """
child = os.fork()
if child == 0:
    libc.ptrace(0, 0, 0, 0)
    os.kill(os.getpid(), 19)
    os._exit(call() & 0x7f)
os.waitpid(child, 2)
poked = libc.ptrace(4, child, ctypes.c_void_p(place), ctypes.c_void_p(int.from_bytes(code, "little"))) == 0
if not poked: os.kill(child, 9)
libc.ptrace(7, child, 0, 0)
_, status = os.waitpid(child, 0)
escaped_if(poked and os.waitstatus_to_exitcode(status) == 7)
"""

INIT = "init"
# The attempts that are none on a kernel without these, and whether it has them.
HAVE = {
    "i386-keyctl": runs_i386,
    "sysrq": lambda: Path("/proc/sysrq-trigger").exists(),  # CONFIG_MAGIC_SYSRQ
    "x32-keyctl": lambda: ctypes.CDLL(None).syscall(0x40000000 + 39) > 0,  # CONFIG_X86_X32_ABI: getpid by its numbers
}

# name: (program, its control, more options)
ATTEMPTS = {
    "signal": ("escaped_if(attempt(lambda: os.kill(OUTSIDE, 0) or True))", True, []),
    "ptrace": ("escaped_if(libc.ptrace(16, OUTSIDE, 0, 0) == 0)", True, []),
    "ptrace-init": ("escaped_if(libc.ptrace(0x4206, 1, 0, 0) == 0)", INIT, []),
    "init-memory": ("escaped_if(attempt(lambda: open('/proc/1/mem', 'rb')))", INIT, []),
    "init-environment": ("escaped_if(attempt(lambda: open('/proc/1/environ', 'rb').read()))", INIT, []),
    "init-root": ("escaped_if(attempt(lambda: os.listdir('/proc/1/root')))", INIT, []),
    "other-root": ("escaped_if(attempt(lambda: os.listdir(f'/proc/{OUTSIDE}/root')))", True, []),
    "setns": ("escaped_if(attempt(lambda: libc.setns(os.open('/proc/1/ns/mnt', 0), 0) == 0))", INIT, []),
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
    "sysrq": ("escaped_if(writes('/proc/sysrq-trigger', ''))", True, []),
    "core-pattern": ("escaped_if(attempt(lambda: os.open('/proc/sys/kernel/core_pattern', os.O_WRONLY)))", True, []),
    "cgroup": ("escaped_if(any(attempt(lambda: os.open(f'/sys/fs/cgroup/{d}/cgroup.procs', os.O_WRONLY))"
               " for d in ['.', 'memory', 'unified']))", True, []),
    "device": ("escaped_if(attempt(lambda: os.mknod('/tmp/callgate-mem', 0o20600, os.makedev(1, 1)) or True))", True, []),
    "chroot": ("escaped_if(attempt(lambda: os.chroot('/tmp') or True))", True, []),
    "keyring": ("escaped_if(libc.syscall(250, 0, -4, 1) >= 0)", True, []),
    "io_uring": ("escaped_if(libc.syscall(425, 1, ctypes.create_string_buffer(200)) >= 0)", True, []),
    "userfaultfd": ("escaped_if(libc.syscall(323, 1) >= 0)", True, []),
    "supervisor-ptrace": ("escaped_if(libc.ptrace(0x4206, SUPERVISOR, 0, 0) == 0)", True, []),
    "supervisor-memory": ("escaped_if(attempt(lambda: open(f'/proc/{SUPERVISOR}/mem', 'rb')))", True, []),
    "supervisor-signal": ("escaped_if(attempt(lambda: os.kill(SUPERVISOR, 0) or True))", True, []),
    "supervisor-memory-by-number": ("mark = ctypes.c_char(0)\nvector = (ctypes.c_size_t * 2)(ctypes.addressof(mark), 1)\n"
                                    "escaped_if(libc.syscall(310, SUPERVISOR, vector, 1, vector, 1, 0) >= 0 or"
                                    " ctypes.get_errno() == 14)", True, ["-p", "unconfined"]),
    "pidfd": ("escaped_if(libc.syscall(434, OUTSIDE, 0) >= 0)", True, ["-p", "unconfined"]),
    "setns-by-pidfd": ("fd = libc.syscall(434, OUTSIDE, 0)\nescaped_if(fd >= 0 and libc.setns(fd, 0x20000000) == 0)", True,
                       ["-p", "unconfined"]),
    "setns-to-outside": ("escaped_if(attempt(lambda: libc.setns(os.open(f'/proc/{OUTSIDE}/ns/net', 0), 0) == 0))", True,
                         ["-p", "unconfined"]),
    "signal-by-queue": ("info = ctypes.create_string_buffer(b'\\0' * 8 + b'\\xff' * 4, 128)\nescaped_if(libc.syscall(129, OUTSIDE, 0, info) == 0)", True, []),
    "priority-of-others": ("escaped_if(libc.setpriority(0, OUTSIDE, 0) == 0)", True, []),
    "limits-of-others": ("escaped_if(libc.prlimit(OUTSIDE, 7, None, ctypes.create_string_buffer(16)) == 0)", True, []),
    "inherited-folder": ("escaped_if(attempt(lambda: os.listdir(SECRET_FOLDER)))", True, []),
    "mount": ("escaped_if(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0 and libc.umount(b'/tmp') == 0)", True,
              ["-p", "unconfined"]),
    "move-out-of-cgroup": ("escaped_if(any(writes(f'/sys/fs/cgroup/{d}/cgroup.procs', '0') for d in ['.', 'pids', 'unified']))",
                           True, []),
    "own-filter-allows": (FILTERS + "install(0, [(6, 0, 0, 0x7fff0000)])\nescaped_if(keyctl() >= 0)", True, []),
    "own-listener-continues": (FILTERS + LISTENER, True, []),
    "own-text-by-proc-mem": (OWN_TEXT + "with open('/proc/self/mem', 'r+b', 0) as file:\n    file.seek(place)\n"
                             "    file.write(code)\nescaped_if(call() == 7)", True, ["--no-exec-mem"]),
    "text-of-child-by-ptrace": (OWN_TEXT + POKE, True, ["--no-exec-mem", "-p", "unconfined"]),
    "remount-in-own-namespace": (
        "ok = libc.unshare(0x10020000) == 0 and libc.mount(None, b'/', None, 0x1020, None) == 0\n"
        "escaped_if(ok and writes(FOLDER + '/a'))", True, ["-p", "unconfined"]),
    "remount-with-landlock-alone": (
        "escaped_if(libc.unshare(0x10020000) == 0 and libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0)", True,
        ["-p", "unconfined"]),
    # keyctl by the other two tables of calls: int 0x80, and x32's numbers.
    "i386-keyctl": ("escaped_if(machine_code(b'\\x53\\xb8\\x20\\x01\\0\\0\\x31\\xdb\\xb9\\xfc\\xff\\xff\\xff\\xba\\x01\\0\\0\\0"
                    "\\xcd\\x80\\x5b\\xc3') >= 0)", True, []),
    "x32-keyctl": ("escaped_if(libc.syscall(0x40000000 + 250, 0, -4, 1) >= 0)", True, []),
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
        self.secret_folder = os.open(scratch, os.O_RDONLY | os.O_DIRECTORY)
        self.key = 0x43470000 + os.getpid() % 65536
        self.libc = ctypes.CDLL(None)
        self.segment = self.libc.shmget(self.key, 4096, 0o1666)

    def names(self) -> str:
        return (f"OUTSIDE, NAME, PORT, FOLDER, SECRET, KEY = {self.process.pid}, {self.name!r}, {self.tcp.getsockname()[1]}, "
                f"{str(self.folder)!r}, {self.secret}, {self.key}\n"
                f"SECRET_FOLDER, SUPERVISOR = {self.secret_folder}, int(os.environ['SUPERVISOR'])\n")

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
    # Its number stays that of the launcher that it becomes; `true` keeps a shell from becoming anything else.
    shell = ["sh", "-c", 'export SUPERVISOR=$$; exec "$@"' if words[0] != PYTHON else 'export SUPERVISOR=$$; "$@"; true', "sh"]
    done = subprocess.run([*shell, *words], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          pass_fds=[outside.secret, outside.secret_folder], check=False, **identity, **more)
    return done.stdout


def without(control: bool | str, words: list[str]) -> list[str]:
    """Words to run an attempt without a sandbox."""
    return ["unshare", "-p", "-f", "--mount-proc", "sh", "-c", '"$@"; true', "sh", *words] if control == INIT else words


def judge(callgate: Path, outside: Outside) -> list[str]:
    wrong = []
    users = [0, NOBODY] if os.geteuid() == 0 else [os.geteuid()]
    for name, (program, control, options) in ATTEMPTS.items():
        text = PRELUDE + outside.names() + program + "\nprint('tried')\n"
        python = [PYTHON, "-c", text]
        possible = HAVE.get(name, lambda: True)()
        if os.geteuid() == 0 and possible and "ESCAPED" not in (out := run(without(control, python), 0, outside)):
            wrong.append(f"{name}: does not work even without a sandbox: {out}")
        for user in users:
            out = run([str(callgate), "run", "--seal", "all", *options, "--", *python], user, outside)
            # What raises an error was refused, too.
            if "ESCAPED" in out or (possible and "tried" not in out and "Error" not in out):
                wrong.append(f"{name} as {user}: {out}")
    return wrong + terminals(callgate, outside, users)


def terminals(callgate: Path, outside: Outside, users: list[int]) -> list[str]:
    wrong = []
    python = [PYTHON, "-c", PRELUDE + TERMINAL + "print('tried')\n"]

    def on_terminal(words: list[str], user: int) -> str:
        master, terminal = pty.openpty()
        out = run(words, user, outside, stdin=terminal, start_new_session=True)
        os.close(master)
        os.close(terminal)
        return out

    if os.geteuid() == 0 and "ESCAPED" not in (out := on_terminal(python, 0)):
        wrong.append(f"terminal: does not work even without a sandbox: {out}")
    for user in users:
        out = on_terminal([str(callgate), "run", "--seal", "all", "-p", "unconfined", "--", *python], user)
        if "ESCAPED" in out or "tried" not in out:
            wrong.append(f"terminal as {user}: {out}")
    return wrong


def memory_alone(callgate: Path, outside: Outside) -> list[str]:
    """No view of the file system stands between the program and /proc then, but that of --no-exec-mem."""
    wrong = []
    for name in ["own-text-by-proc-mem", "text-of-child-by-ptrace", "anonymous-code"]:
        program, _, options = ATTEMPTS[name]
        for seals in ["memory", "memory,process", "memory,file"]:
            for user in [0, NOBODY] if os.geteuid() == 0 else [os.geteuid()]:
                text = PRELUDE + outside.names() + program + "\nprint('tried')\n"
                out = run([str(callgate), "run", "--seal", seals, *options, "--", PYTHON, "-c", text], user, outside)
                if "ESCAPED" in out or ("tried" not in out and "Error" not in out):
                    wrong.append(f"{name} under {seals} as {user}: {out}")
    return wrong


BOMBS = {
    # Processes that stay until they are told; how many there came to be, at most 400 of them.
    "processes": """
children = []
for _ in range(400):
    child = attempt(os.fork)
    if child is None: break
    if child == 0:
        import time
        time.sleep(60)
    children.append(child)
for child in children: os.kill(child, 9)
escaped_if(len(children) > 60)
""",
    "memory": "escaped_if(len(bytearray(b'x') * (256 << 20)) > 0)",
}


def bombs(callgate: Path, outside: Outside) -> list[str]:
    wrong = []
    for name, program in BOMBS.items():
        text = PRELUDE + outside.names() + program + "\nprint('tried', flush=True)\n"
        if os.geteuid() != 0:
            continue  # no cgroup to limit them with
        if "ESCAPED" not in (out := run([PYTHON, "-c", text], 0, outside)):
            wrong.append(f"bomb of {name}: does not work even without a sandbox: {out}")
        out = run([str(callgate), "run", "--seal", "all", "--pids", "50", "--memory", "64M", "--", PYTHON, "-c", text], 0, outside)
        if "ESCAPED" in out or "error" in out:
            wrong.append(f"bomb of {name}: {out}")
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
            wrong = judge(callgate, outside) + memory_alone(callgate, outside) + bombs(callgate, outside) + mounts_stay_inside(callgate, outside)
        finally:
            outside.close()
    print("\n".join(wrong) if wrong else f"{len(ATTEMPTS) + len(BOMBS) + 2} ways out are shut")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
