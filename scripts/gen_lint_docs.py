#!/usr/bin/env python3
"""Keeps docs/lint/ true: a page for every rule of `callgate lint`, whose examples do as they say.

A page has the sections What, Why, Example, Fix and mostly References. The first code block under Example is a file that
breaks the rule, the `text` block behind it is what `callgate lint` says of it, the block under Fix is one that does not
break it. They are json, or python that prints it (profile.json), yaml (manifest.yaml; compose.yaml if it has `services:`
at its beginning) or sh (run.sh). A block behind a line like "`base/compose.yaml`:" is one more file beside both, as are
those in HELPERS below. A line that begins with "Run with `--as podman`" gives the options for both, or for the mended one
alone if it stands under Fix.

This script writes what can be derived: the pages of the rules about dangerous calls (reach-…, from data/lint/*.csv), the
line with level and title and the text block of every page, and README.md, the list of all. The rest is written by hand.

usage: gen_lint_docs.py [--check] CALLGATE      --check writes nothing; exit status 1 if a page is missing, out of date,
                                                or does not do as it says
SPDX-License-Identifier: Apache-2.0
"""

import csv
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "lint"
# What runc 1.1 needs under the filter, and a little program.
SOUND = """{
  "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [
    {
      "names": [
        "accept4", "brk", "capget", "capset", "chdir", "close", "epoll_pwait", "execve", "exit", "exit_group", "fstat",
        "fstatfs", "futex", "getcwd", "getdents64", "getpid", "getppid", "gettid", "mmap", "mprotect", "munmap",
        "nanosleep", "newfstatat", "openat", "prctl", "read", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sendfile",
        "setgid", "setgroups", "setuid", "tgkill", "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
"""
HELPERS = {name: SOUND for name in ("profile.json", "base/profile.json", "node/profiles/web.json")}
SECTIONS = ("## What", "## Why", "## Example", "## Fix")
# A harmless value of the argument that makes a call dangerous, for the mended profile: AF_UNIX, SIGCHLD, TCGETS, PER_LINUX.
HARMLESS = {"socket": 1, "clone": 17, "ioctl": 0x5401, "personality": 0}


def rows(name):
    with open(ROOT / "data" / "lint" / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def profile(rules):
    lines = ",\n".join("    " + json.dumps(rule) for rule in rules)
    return '{\n  "defaultAction": "SCMP_ACT_ERRNO",\n  "syscalls": [\n' + lines + "\n  ]\n}"


def link(address):
    """An address as a link, named by its host or by its repository on GitHub."""
    host, *path = address.removeprefix("https://").split("/")
    return f"[{'/'.join(path[:2]) if host == 'github.com' else host}]({address})"


def cve_line(row):
    """The id links to its record, the first source; behind what it is stand the others."""
    record, *others = row["source"].split(" ")
    more = f" ({', '.join(map(link, others))})" if others else ""
    return f"- [{row['cve']}]({record}): {row['what']}{more}"


def reach_page(risk, calls, cves):
    dangerous = calls[0]
    allowed = {"names": [dangerous["call"]], "action": "SCMP_ACT_ALLOW"}
    mended = {"names": ["read"], "action": "SCMP_ACT_ALLOW"}
    if dangerous["arg"]:
        condition = {"index": int(dangerous["arg"]), "value": HARMLESS[dangerous["call"]], "op": "SCMP_CMP_EQ"}
        mended = {"names": [dangerous["call"]], "action": "SCMP_ACT_ALLOW", "args": [condition]}
    names = ", ".join(f"`{row['call']}`" for row in calls)
    capital = risk["why"][0].upper() + risk["why"][1:]
    out = [f"# reach-{risk['group']}", "", "LEVEL", "", "## What", "", f"The profile lets through one of {names}.", "",
           "## Why", "", capital + "."]
    if risk["capability"]:
        out.append(f"The kernel asks for {risk['capability']} beside that" +
                   (", which every process holds in a user namespace of its own."
                    if risk["userns"] == "yes" else "; a filter is there for the day when that is not enough."))
    out += ["", "## Example", "", "```json", profile([allowed]), "```", "", "```text", "```", "", "## Fix", "",
            risk["fix"][0].upper() + risk["fix"][1:] + ".", "", "```json", profile([mended]), "```", "",
            "## References", ""]
    out += [cve_line(row) for row in cves]
    out.append(f"- {risk['source']}")
    return "\n".join(out) + "\n"


def name_of(language, text):
    """What the file is called."""
    if language == "yaml":
        return "compose.yaml" if re.search(r"^services:", text, re.MULTILINE) else "manifest.yaml"
    return "run.sh" if language == "sh" else "profile.json"


def run(callgate, name, files, options):
    """What is printed of each rule about the file, and about those that belong to it: {rule: [lines]}."""
    with tempfile.TemporaryDirectory(prefix="callgate-lint.", dir=os.path.realpath(tempfile.gettempdir())) as scratch:
        for each, text in {**HELPERS, **files}.items():
            path = Path(scratch) / each
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([callgate, "lint", name, "--native", "x86_64", *options], cwd=scratch, capture_output=True,
                              text=True, check=False, timeout=60)
    if done.returncode not in (0, 1):
        raise SystemExit(f"callgate lint ends with {done.returncode}: {done.stderr}\n{files[name][:2000]}")
    found, current = {}, None
    for line in done.stdout.replace(scratch, "/srv/example").splitlines():
        head = re.match(r"\S+: (?:error|warning|note): .*\[([a-z0-9-]+)\]$", line)
        if head:
            current = found.setdefault(head[1], [])
        elif not line.startswith(" "):
            current = None
        if current is not None:
            current.append(line)
    return found


def blocks(text):
    """(language, content) of each fenced block that is not a further file, and the further files: {name: content}."""
    further = r"^`([^`\n]+)`:\n\n```\w+\n(.*?)^```$"
    files = dict(re.findall(further, text, re.MULTILINE | re.DOTALL))
    rest = re.sub(further, "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^```(\w+)\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL), files


def content(language, body):
    if language == "python":
        return subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True).stdout
    return body


def options_in(part):
    given = re.search(r"^Run with `([^`]+)`", part, re.MULTILINE)
    return shlex.split(given[1]) if given else None


def finish(page, rule, callgate, problems):
    """The page with its derived parts filled in."""
    ident = rule["id"]
    for section in SECTIONS:
        if f"\n{section}\n" not in page:
            problems.append(f"{ident}: no section '{section}'")
    lines = page.splitlines()
    lines[2] = f"**{rule['level']}** · {rule['title']}"
    page = "\n".join(lines) + "\n"
    example, _, fix = page.partition("\n## Fix\n")
    options = options_in(example) or []
    found, files = blocks(page)
    languages = [language for language, _ in found]
    if languages[1:2] != ["text"] or not {*languages[:1], *languages[2:]} <= {"json", "python", "yaml", "sh"} or \
            len(languages) != 3:
        problems.append(f"{ident}: the blocks are not an example, its output and a mended file")
        return page

    def findings(block, given):
        text = content(*block)
        name = name_of(block[0], text)
        return run(callgate, name, {**files, name: text}, given)

    says = findings(found[0], options).get(ident)
    if not says:
        problems.append(f"{ident}: the example does not break the rule")
        return page
    output = "\n".join(line if len(line) <= 400 else line[:400] + "…" for line in says)
    page = re.sub(r"^```text\n.*?^```$", lambda _: "```text\n" + output + "\n```", page, count=1,
                  flags=re.MULTILINE | re.DOTALL)
    mended_options = options_in(fix)
    if ident in findings(found[2], options if mended_options is None else mended_options):
        problems.append(f"{ident}: the mended file breaks the rule")
    return page


def index(rules):
    out = ["# Rules of `callgate lint`", "", "Each finding carries one of these ids; each id has a page. The list is made by",
           "`scripts/gen_lint_docs.py`, and a test runs the example of every page. Beside an example lies `profile.json`, a small",
           "profile under which containers start; the same lies there as `base/profile.json`, and as `node/profiles/web.json` for",
           "`--seccomp-root node`.", "",
           "| rule | level | |",
           "| --- | --- | --- |"]
    out += [f"| [{rule['id']}]({rule['id']}.md) | {rule['level']} | {rule['title']} |" for rule in rules]
    return "\n".join(out) + "\n"


def derive(callgate):
    """The text of every page by its name, and what is wrong."""
    rules = json.loads(subprocess.run([callgate, "lint", "--rules", "--format", "json"], capture_output=True, check=True,
                                      text=True).stdout)["rules"]
    risks = {f"reach-{row['group']}": row for row in rows("risks.csv")}
    calls, cves = rows("risk_calls.csv"), rows("risk_cves.csv")
    pages, problems = {"README.md": index(rules)}, []
    for rule in rules:
        path = PAGES / f"{rule['id']}.md"
        risk = risks.get(rule["id"])
        if risk:
            page = reach_page(risk, [row for row in calls if row["group"] == risk["group"]],
                              [row for row in cves if row["group"] == risk["group"]])
        elif path.exists():
            page = path.read_text()
        else:
            problems.append(f"{rule['id']}: no page docs/lint/{rule['id']}.md")
            continue
        pages[path.name] = finish(page, rule, callgate, problems)
    known = {f"{rule['id']}.md" for rule in rules} | {"README.md"}
    problems += [f"{path.name}: there is no such rule" for path in sorted(PAGES.glob("*.md")) if path.name not in known]
    return pages, problems


def main():
    arguments = [each for each in sys.argv[1:] if each != "--check"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    checking = len(arguments) + 1 != len(sys.argv)
    pages, problems = derive(str(Path(arguments[0]).resolve()))
    for name, text in pages.items():
        path = PAGES / name
        if not path.exists() or path.read_text() != text:
            if checking:
                problems.append(f"docs/lint/{name} is out of date; run scripts/gen_lint_docs.py")
            else:
                path.write_text(text)
    print("\n".join(problems) or f"{len(pages) - 1} rules, each with a page that does as it says")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
