"""What strace wrote, by the program that made each call.

SPDX-License-Identifier: Apache-2.0
"""

import collections
import dataclasses
import re

LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed)(.*)")


@dataclasses.dataclass
class Traced:
    # path as it was executed → calls of processes that have executed it themselves
    by_image: dict[str, set[str]]
    # all calls, also of processes that run what their parent executed
    all: set[str]


def read(log: str) -> Traced:
    """A call counts once it was entered: where a process is killed in it, strace may have been told of a call that the
    kernel then never began, so the last line of such a process is left out. The same where its own filter kills it."""
    by_image: dict[str, set[str]] = collections.defaultdict(set)
    everything: set[str] = set()
    image: dict[str, str] = {}
    pending: dict[str, str] = {}
    last: dict[str, tuple[str, str]] = {}
    for raw in log.splitlines():
        if killed := re.match(r"(\d+) +\+\+\+ killed by SIG(?:KILL|SYS)", raw):
            last.pop(killed[1], None)
            continue
        match = LINE.match(raw)
        if not match:
            continue
        pid, call, form, rest = match.groups()
        if pid in last:
            count(by_image, everything, image.get(pid), last[pid][0])
        last[pid] = (call, form)
        if call in ("execve", "execveat"):
            count(by_image, everything, image.get(pid), call)
            del last[pid]  # what comes after is another program's
            if path := re.search(r'"((?:[^"\\]|\\.)*)"', rest if form == "(" else ""):
                pending[pid] = path[1]
            if rest.endswith("= 0"):
                image[pid] = pending.get(pid, "")
    for pid, (call, _) in last.items():
        count(by_image, everything, image.get(pid), call)
    by_image.pop("", None)
    return Traced(dict(by_image), everything)


def count(by_image: dict[str, set[str]], everything: set[str], path: str | None, call: str):
    everything.add(call)
    if path:
        by_image[path].add(call)
