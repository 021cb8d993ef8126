#!/usr/bin/env python3
"""Holds `callgate resolve` against what real programs did: each recorded row is resolved by the command itself, as a user
would, in a copy of the directory that it was recorded in, and must come out with the same refusal in the same words, or
with the same options sent to the engine.

  docker-cli.jsonl   resolve --docker-version 28.2 -- docker create ARGS img
  compose.jsonl      resolve ARGS, and resolve -- docker compose ARGS create
  apiserver.jsonl    resolve --field-validation HOW namespaces.yaml manifest.yaml, with the namespaces' levels as labels

usage: test_recorded.py CALLGATE [ROWS]
  ROWS  a directory with further rows of these names (tests/data/oracle if not given)
SPDX-License-Identifier: Apache-2.0
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CALLGATE = Path(sys.argv[1]).resolve() if len(sys.argv) in (2, 3) else sys.exit(__doc__)
DATA = Path(__file__).resolve().parent.parent / "data" / "oracle"
ROWS = Path(sys.argv[2]).resolve() if len(sys.argv) == 3 else DATA


def resolve(words: list[str], folder: Path) -> dict:
    """The JSON answer, with the exit status as "exit"."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/home/user", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([CALLGATE, "resolve", "--format", "json", *words], cwd=folder, env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if not done.stdout:
        return {"exit": done.returncode, "stderr": done.stderr, "containers": [], "objects": []}
    return {**json.loads(done.stdout), "exit": done.returncode, "stderr": done.stderr}


def message(answer: dict) -> tuple[str, str]:
    """Who refuses first, and in which words."""
    for subject in answer["containers"] + answer["objects"]:
        if subject["outcome"] == "refused":
            return subject["refused_by"], subject["message"]
    return "", ""


def same(what: str, got, expected) -> list[str]:
    return [] if got == expected else [f"  {what}: {got!r}\n  recorded: {expected!r}"]


def check_docker(row: dict, project: Path) -> list[str]:
    shutil.copytree(DATA / "fixtures" / "docker-cli", project)
    here = lambda text: text.replace("/project", str(project))
    answer = resolve(["--docker-version", "28.2", "--", "docker", "create", *map(here, row["args"]), "img"], project)
    by, words = message(answer)
    if row["exit"] != 0:
        recorded = here(row["stderr"].removeprefix("docker: ").split("\n\n")[0])
        return same("refusal", (by, words, answer["exit"]), ("docker-cli", recorded, 1))
    container = answer["containers"][0]
    return (same("sent", container["security_opt"], row["sent"]["SecurityOpt"] or []) +
            same("privileged", container["privileged"], row["sent"]["Privileged"]) +
            ([f"  refused by docker: {words}"] if by == "docker-cli" else []))


def essence(printed: str) -> str:
    """The line that tells why: that of a panic, or the last."""
    panic = re.search(r"^panic: .*$", printed, re.MULTILINE)
    return panic.group(0) if panic else printed.splitlines()[-1] if printed else ""


def compose_answer(row: dict, answer: dict, project: Path) -> list[str]:
    config, create = row["config"], row["create"]
    if create["exit"] != 0:
        recorded = config["stderr"] if config["exit"] != 0 else essence(create["stderr"])
        _, words = message(answer)
        return (same("refusal", words.strip(), recorded.replace("/project", str(project)).strip()) +
                same("exit status", answer["exit"], 1))
    sent = [(each["SecurityOpt"] or [], each["Privileged"]) for each in create["sent"]]
    got = [(each["security_opt"], each["privileged"]) for each in answer["containers"]]
    return same("sent", got, sent)


def check_compose(row: dict, project: Path) -> list[str]:
    shutil.copytree(DATA / "fixtures" / "compose", project)
    for name, text in row["files"].items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    folder = project / row["cwd"]
    faults = compose_answer(row, resolve(row["args"], folder), project)
    return faults + compose_answer(row, resolve(["--", "docker", "compose", *row["args"], "create"], folder), project)


# The recording cluster's namespaces.
LEVELS = {"psa-base": {"enforce": "baseline"}, "psa-rest": {"enforce": "restricted"}, "psa-warn": {"warn": "restricted"},
          "psa-rest-118": {"enforce": "restricted", "enforce-version": "v1.18"}}


def check_apiserver(row: dict, project: Path) -> list[str]:
    project.mkdir(parents=True)
    documents = [
        {"apiVersion": "v1", "kind": "Namespace",
         "metadata": {"name": name, "labels": {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}}}
        for name, labels in LEVELS.items()]
    (project / "namespaces.yaml").write_text("\n---\n".join(json.dumps(each) for each in documents))
    (project / "manifest.yaml").write_text(row["manifest"])
    answer = resolve(["--field-validation", row["fieldValidation"].lower(), "--namespace", row["ns"], "namespaces.yaml",
                      "manifest.yaml"], project)
    own = {key: [each for each in answer[key] if each["source"]["file"] == "manifest.yaml"]
           for key in ("containers", "objects")}
    by, words = message({**answer, **own})
    if row["code"] < 400:
        # What a node would not start was taken by the server all the same.
        faults = [f"  refused by the API server: {words}"] if by == "apiserver" else []
        faults += same("exit status", answer["exit"], 1 if by else 0)
    else:
        faults = same("refusal", (by, words, answer["exit"]), ("apiserver", row["message"], 1))
    if row["message"] is None and not own["containers"] and "kind: RuntimeClass" not in row["manifest"]:
        faults.append("  no container comes of it")
    return faults


def run(name: str, check, project_name: str) -> int:
    failed = 0
    rows = [json.loads(line) for line in (ROWS / name).read_text().splitlines()]
    for number, row in enumerate(rows, 1):
        with tempfile.TemporaryDirectory(prefix="callgate-recorded.") as scratch:
            faults = check(row, Path(scratch) / project_name)
        if faults:
            failed += 1
            print(f"{name}:{number}: {row.get('id', row.get('args'))}", *faults, sep="\n")
    print(f"{name}: {len(rows)} rows, {failed} failed")
    return failed + (not rows)


if __name__ == "__main__":
    sys.exit(bool(run("docker-cli.jsonl", check_docker, "project") + run("compose.jsonl", check_compose, "cw") +
                  run("apiserver.jsonl", check_apiserver, "manifests")))
