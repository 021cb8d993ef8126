"""Docker's profile format reduced to what its daemon hands to the runtime: archMap for this machine, includes and
excludes for a container's capabilities and this kernel (moby/profiles seccomp/seccomp_linux.go). A second reader, so
that callgate's can be held against it; it is written for x86_64 and checks nothing."""
# SPDX-License-Identifier: Apache-2.0
import platform

from containers import CAPABILITIES


def _kernel():
    major, minor = platform.release().split("-")[0].split(".")[:2]
    return int(major), int(minor)


def _version(text):
    return tuple(int(part) for part in text.split("."))


def _applies(rule, min_kernel):
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    if wanted.get("arches") and "amd64" not in wanted["arches"]:
        return False
    if unwanted.get("arches") and "amd64" in unwanted["arches"]:
        return False
    if not all(name in CAPABILITIES for name in wanted.get("caps") or []):
        return False
    if any(name in CAPABILITIES for name in unwanted.get("caps") or []):
        return False
    if not min_kernel:
        return True
    if wanted.get("minKernel") and _kernel() < _version(wanted["minKernel"]):
        return False
    return not (unwanted.get("minKernel") and _kernel() >= _version(unwanted["minKernel"]))


def resolve(profile, min_kernel=True):
    """`min_kernel`: containers/common knows no such field."""
    result = {"defaultAction": profile["defaultAction"]}
    for key in ("defaultErrnoRet", "flags"):
        if key in profile:
            result[key] = profile[key]
    result["architectures"] = profile.get("architectures", [])
    for entry in profile.get("archMap") or []:
        if entry["architecture"] == "SCMP_ARCH_X86_64":
            result["architectures"] = [entry["architecture"], *(entry.get("subArchitectures") or [])]
    result["syscalls"] = []
    for rule in profile.get("syscalls") or []:
        if not _applies(rule, min_kernel):
            continue
        kept = {"names": rule.get("names") or [rule["name"]], "action": rule["action"]}
        if rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            kept["args"] = rule["args"]
        result["syscalls"].append(kept)
    if not result["architectures"]:
        del result["architectures"]
    return result
