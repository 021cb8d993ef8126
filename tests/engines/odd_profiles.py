"""Small profiles that an engine may refuse: {name: seccomp object}. All that a wrong one changes is one thing."""
# SPDX-License-Identifier: Apache-2.0


def _rule(**members):
    return {"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", **members}


def _condition(**members):
    return {"index": 0, "value": 1, "op": "SCMP_CMP_EQ", **members}


def _profile(*rules, **members):
    base = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]}
    return {**base, **members, "syscalls": list(rules)}


def _architectures(*names):
    return _profile(_rule(), architectures=[f"SCMP_ARCH_{name}" for name in names])


PROFILES = {
    "nothing wrong": _profile(_rule()),
    "unknown action": _profile(_rule(action="SCMP_ACT_DENY")),
    "action in lower case": _profile(_rule(action="scmp_act_errno")),
    "no action": _profile({"names": ["getpriority"]}),
    "unknown default action": _profile(_rule(), defaultAction="SCMP_ACT_NONE"),
    "no default action": {"architectures": ["SCMP_ARCH_X86_64"], "syscalls": [_rule()]},
    "unknown operator": _profile(_rule(args=[_condition(op="SCMP_CMP_IN")])),
    "no operator": _profile(_rule(args=[{"index": 0, "value": 1}])),
    "argument 6": _profile(_rule(args=[_condition(index=6)])),
    "six conditions": _profile(_rule(args=[_condition(index=index) for index in range(6)])),
    "seven conditions": _profile(_rule(args=[_condition(index=index % 6) for index in range(7)])),
    "unknown architecture": _architectures("X86_64", "Z80"),
    "native architecture": _architectures("NATIVE"),
    "other byte order": _architectures("X86_64", "S390X"),
    "foreign architecture": _architectures("X86_64", "AARCH64"),
    "architecture twice": _architectures("X86_64", "X86_64"),
    "errno on ALLOW": _profile(_rule(), _rule(names=["tee"], action="SCMP_ACT_ALLOW", errnoRet=5)),
    "errno on LOG": _profile(_rule(action="SCMP_ACT_LOG", errnoRet=5)),
    "errno on the default": _profile(_rule(), defaultErrnoRet=5),
    "negative errno": _profile(_rule(errnoRet=-1)),
    "no names": _profile(_rule(names=[])),
    "empty name": _profile(_rule(names=[""])),
    "names as a string": _profile(_rule(names="getpriority")),
    "old name": _profile({"name": "getpriority", "action": "SCMP_ACT_ERRNO"}),
    "value above 64 bits": _profile(_rule(args=[_condition(value=2**64)])),
    "fraction": _profile(_rule(args=[_condition(value=1.5)])),
    "value as a string": _profile(_rule(args=[_condition(value="1")])),
    "negative value": _profile(_rule(args=[_condition(value=-1)])),
    "no rules": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]},
    "nothing but a default": {"defaultAction": "SCMP_ACT_LOG"},
    "unknown key": _profile(_rule(comment="why"), extra=1),
    "keys in another case": {"DefaultAction": "SCMP_ACT_ALLOW", "Architectures": ["SCMP_ARCH_X86_64"],
                             "Syscalls": [_rule()]},
}

# crun's reader takes these for something else than what was written (a string for no value at all); callgate refuses.
STRICTER = {("value as a string", "crun"), ("negative value", "crun")}
