"""Whether this kernel runs i386's calls and programs.

It takes CONFIG_IA32_EMULATION, not turned off at boot (ia32_emulation=off), and a hypervisor that leaves `int $0x80` alone.
Without, there are no such calls that a test could look at.

SPDX-License-Identifier: Apache-2.0
"""

import functools
import subprocess
import sys

# getpid by its number of i386, in a process of its own, which dies where there is none.
PROBE = """
import ctypes, mmap, os
code = b"\\x53\\xb8\\x14\\0\\0\\0\\xcd\\x80\\x5b\\xc3"
place = mmap.mmap(-1, 4096, prot=7)
place.write(code)
call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(place)))
os._exit(0 if call() == os.getpid() else 1)
"""


@functools.cache
def runs_i386() -> bool:
    return subprocess.run([sys.executable, "-c", PROBE], check=False, stderr=subprocess.DEVNULL).returncode == 0


def only_i386(test):
    """Where the kernel has no such calls there is no such test."""
    return test if runs_i386() else None
