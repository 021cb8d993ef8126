"""The seccomp filters of a live process, by PTRACE_SECCOMP_GET_FILTER: a second way of dumping, independent of
callgate's own, so that each can be held against the other. Needs CAP_SYS_ADMIN and a caller without filters.

usage: dump_filters.py PID PREFIX     writes PREFIX.0.bpf (the newest), PREFIX.1.bpf, …
"""
# SPDX-License-Identifier: Apache-2.0
import ctypes
import errno
import os
import sys

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_SECCOMP_GET_FILTER = 17, 0x4206, 0x4207, 0x420C
WALL = 0x40000000  # __WALL: also wait for threads
INSTRUCTION_SIZE = 8  # struct sock_filter

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def _ptrace(request, pid, address=None, data=None):
    result = _libc.ptrace(request, pid, address, data)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def dump_filters(pid):
    """Every filter of `pid` as raw struct sock_filter records, the newest first."""
    _ptrace(PTRACE_SEIZE, pid)
    try:
        _ptrace(PTRACE_INTERRUPT, pid)
        os.waitpid(pid, WALL)
        filters = []
        while True:
            try:
                length = _ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(filters))
            except OSError as failure:
                # ENOENT ends the stack; a process without any filter answers EINVAL.
                if failure.errno == errno.ENOENT or (failure.errno == errno.EINVAL and not filters):
                    return filters
                raise
            buffer = ctypes.create_string_buffer(length * INSTRUCTION_SIZE)
            _ptrace(PTRACE_SECCOMP_GET_FILTER, pid, len(filters), buffer)
            filters.append(buffer.raw)
    finally:
        try:
            _ptrace(PTRACE_DETACH, pid)
        except OSError:
            pass  # it has been killed meanwhile


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    for index, program in enumerate(dump_filters(int(sys.argv[1]))):
        with open(f"{sys.argv[2]}.{index}.bpf", "wb") as file:
            file.write(program)
