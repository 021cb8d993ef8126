#!/usr/bin/env python3
"""Keeps docs/lint/ true: a page for every rule of `callgate lint`, whose examples do as they say.

A page has the sections What, Why, Example, Fix and mostly References. The first code block under Example is a profile
that breaks the rule (json, or python that prints one), the `text` block behind it is what `callgate lint` says; the
`json` block under Fix is a profile that does not break it. `Read with `--as ENGINE`` chooses the engine.

This script writes what can be derived: the pages of the rules about dangerous calls (reach-…, from data/lint/*.csv), the
line with level and title and the text block of every page, and README.md, the list of all. The rest is written by hand.

usage: gen_lint_docs.py [--check] CALLGATE      --check writes nothing; exit status 1 if a page is missing, out of date,
                                                or does not do as it says
SPDX-License-Identifier: Apache-2.0
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "lint"
SECTIONS = ("## What", "## Why", "## Example", "## Fix")
# A harmless value of the argument that makes a call dangerous, for the mended profile: AF_UNIX, SIGCHLD, TCGETS, PER_LINUX.
HARMLESS = {"socket": 1, "clone": 17, "ioctl": 0x5401, "personality": 0}


def rows(name):
    with open(ROOT / "data" / "lint" / name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def profile(rules):
    lines = ",\n".join("    " + json.dumps(rule) for rule in rules)
    return '{\n  "defaultAction": "SCMP_ACT_ERRNO",\n  "syscalls": [\n' + lines + "\n  ]\n}"


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
    out += [f"- {row['cve']}: {row['what']} ({row['source']})" for row in cves]
    out.append(f"- {risk['source']}")
    return "\n".join(out) + "\n"


def run(callgate, text, *options):
    """The findings and what is printed of each rule: ({rule: [lines]}, exit status)."""
    with tempfile.TemporaryDirectory(prefix="callgate-lint.") as scratch:
        (Path(scratch) / "profile.json").write_text(text)
        done = subprocess.run([callgate, "lint", "profile.json", "--native", "x86_64", *options], cwd=scratch,
                              capture_output=True, text=True, check=False, timeout=60)
    if done.returncode not in (0, 1):
        raise SystemExit(f"callgate lint ends with {done.returncode}: {done.stderr}\n{text[:2000]}")
    found, current = {}, None
    for line in done.stdout.splitlines():
        head = re.match(r"profile\.json.*: (?:error|warning|note): .*\[([a-z0-9-]+)\]$", line)
        if head:
            current = found.setdefault(head[1], [])
        elif not line.startswith(" "):
            current = None
        if current is not None:
            current.append(line)
    return found


def blocks(text):
    """(language, content) of each fenced block."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def content(language, body):
    if language == "python":
        return subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, check=True).stdout
    return body


def finish(page, rule, callgate, problems):
    """The page with its derived parts filled in."""
    ident = rule["id"]
    for section in SECTIONS:
        if f"\n{section}\n" not in page:
            problems.append(f"{ident}: no section '{section}'")
    lines = page.splitlines()
    lines[2] = f"**{rule['level']}** · {rule['title']}"
    page = "\n".join(lines) + "\n"
    read = re.search(r"^Read with `--as (\w+)`", page, re.MULTILINE)
    options = ["--as", read[1]] if read else []
    found = blocks(page)
    if [language for language, _ in found][:3] not in (["json", "text", "json"], ["python", "text", "json"]):
        problems.append(f"{ident}: the blocks are not an example, its output and a mended profile")
        return page
    says = run(callgate, content(*found[0]), *options).get(ident)
    if not says:
        problems.append(f"{ident}: the example does not break the rule")
        return page
    output = "\n".join(line if len(line) <= 400 else line[:400] + "…" for line in says)
    page = re.sub(r"^```text\n.*?^```$", lambda _: "```text\n" + output + "\n```", page, count=1,
                  flags=re.MULTILINE | re.DOTALL)
    if ident in run(callgate, found[2][1], *options):
        problems.append(f"{ident}: the mended profile breaks the rule")
    return page


def index(rules):
    out = ["# Rules of `callgate lint`", "", "Each finding carries one of these ids; each id has a page. The list is made by",
           "`scripts/gen_lint_docs.py`, and a test runs the example of every page.", "", "| rule | level | |",
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
