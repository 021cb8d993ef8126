"""callgate record in the background, and what it leaves behind."""
# SPDX-License-Identifier: Apache-2.0
import ctypes
import errno
import json
import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from containers import CALLGATE, need, run, wait_for

SYS_BPF, PROG_GET_FD_BY_ID = 321, 13


def need_recorder():
    done = run(CALLGATE, "record", "--method", "ebpf", "--", "true")
    need(done.returncode == 0, done.stdout)


def program_is_loaded(identity):
    """Whether the kernel still has the BPF program of that number."""
    class Attribute(ctypes.Structure):
        _fields_ = [("prog_id", ctypes.c_uint32), ("next_id", ctypes.c_uint32), ("open_flags", ctypes.c_uint32)]
    attribute = Attribute(identity, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(SYS_BPF, PROG_GET_FD_BY_ID, ctypes.byref(attribute), ctypes.sizeof(attribute))
    if fd >= 0:
        os.close(fd)
        return True
    assert ctypes.get_errno() == errno.ENOENT, os.strerror(ctypes.get_errno())
    return False


def programs_of(pid):
    """Numbers of the BPF programs that the process holds."""
    out = set()
    for entry in Path(f"/proc/{pid}/fdinfo").iterdir():
        try:
            out.update(int(number) for number in re.findall(r"^prog_id:\s*(\d+)", entry.read_text(), re.MULTILINE))
        except OSError:
            pass  # closed meanwhile
    return out


def runs_of(path):
    """The runs of a recording: {"run": header, "end": …, "calls": {name: line}, "runtime": {name: {filtered…}}}."""
    out = []
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        kind = entry["record"]
        if kind == "run":
            out.append({"run": entry, "end": None, "calls": {}, "runtime": {}, "capabilities": []})
        elif kind == "end":
            out[-1]["end"] = entry
        elif kind == "call":
            out[-1]["calls"][entry["name"]] = entry
        elif kind == "runtime_call":
            out[-1]["runtime"].setdefault(entry["name"], set()).add(entry["filtered"])
        elif kind == "capability":
            out[-1]["capabilities"].append(entry)
    return out


class Recorder:
    """A recorder that runs until what it records has ended, or until it is told to."""

    COMMAND = ("record", "--progress")

    def __init__(self, *words, **more):
        self.process = subprocess.Popen([CALLGATE, *self.COMMAND, *(str(word) for word in words)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True, **more)
        self.err = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.err += line

    def until(self, text, seconds=30):
        assert wait_for(lambda: text in self.err or self.process.poll() is not None, seconds) and text in self.err, self.err
        return self

    def programs(self):
        found = programs_of(self.process.pid)
        assert found, "it holds no programs"
        return found

    def end(self, seconds=60):
        """Its status, once it has ended by itself."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end: {self.err}") from None
        self._reader.join(10)
        self.out = self.process.stdout.read()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def tell(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.end()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        self.process.stdout.close()
        self.process.stderr.close()
