"""Filters of callgate's that containers are started under: profiles, and what they compile to."""
# SPDX-License-Identifier: Apache-2.0
import subprocess

from containers import CALLGATE

ANNOTATION = "run.oci.seccomp_bpf_data"
TEE, GETPPID = 276, 110
# libseccomp lets the second rule's argument order decide and allows a tee that no rule allows (live/libseccomp_test).
FAILS_OPEN = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": ["tee"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99, "args": [
            {"index": 1, "value": 0x1FFFFFFFF, "op": "SCMP_CMP_GT"},
            {"index": 2, "value": 0x100000000, "op": "SCMP_CMP_EQ"}]},
        {"names": ["tee"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99, "args": [
            {"index": 2, "value": 0x100000000, "op": "SCMP_CMP_NE"},
            {"index": 1, "value": 5, "op": "SCMP_CMP_LE"}]},
    ],
}
# A tee that no rule above is about: bad descriptors are all that is wrong with it.
UNTOUCHED = (TEE, 0, 0x80000000, 0x100000000)
POLICY = {"defaultAction": "SCMP_ACT_ALLOW",
          "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 77}]}


def compiled(profile, engine, *options):
    done = subprocess.run([CALLGATE, "compile", "--as", engine, *options, str(profile)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
