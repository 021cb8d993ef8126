"""What a GitHub runner makes of a composite action, as far as action.yml uses it: inputs and contexts in `env`, bash
steps, PATH and outputs through files, workflow commands in the log. And a release, served over loopback."""
# SPDX-License-Identifier: Apache-2.0
import contextlib
import functools
import http.server
import os
import re
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import yaml

SOURCE = Path(__file__).resolve().parents[2]
CALLGATE = Path(os.environ.get("CALLGATE", "")).resolve()
RELEASE = Path(os.environ.get("CALLGATE_RELEASE", "")).resolve()
ACTION = SOURCE / "action.yml"
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
COMMAND = re.compile(r"^\s*::([a-z-]+)(?: (.*?))?::(.*)$")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def action():
    return yaml.safe_load(ACTION.read_text(encoding="utf-8"))


def version():
    return re.search(r"VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8").split("project(")[1])[1]


def evaluate(text, contexts):
    """Looks up `inputs.x`, `github.x`, `steps.x.outputs.y`: no functions, no operators, as action.yml has none."""
    def value(match):
        found = contexts
        for key in match[1].split("."):
            found = found[key]
        return found
    return EXPRESSION.sub(value, text)


def annotations(log):
    """The workflow commands that a runner obeys: (name, properties, message). None while they are stopped."""
    obeyed, token = [], None
    for line in log.splitlines():
        if token is not None:
            token = None if line.strip() == f"::{token}::" else token
            continue
        match = COMMAND.match(line)
        if match is None:
            continue
        if match[1] == "stop-commands":
            token = match[3]
            continue
        properties = dict(each.split("=", 1) for each in (match[2] or "").split(",") if each)
        obeyed.append((match[1], properties, match[3]))
    return obeyed


@dataclass
class Run:
    status: int = 0
    log: str = ""
    steps: list = field(default_factory=list)    # the names of those that ran
    path: list = field(default_factory=list)     # what was put before PATH
    outputs: dict = field(default_factory=dict)  # of the action

    def annotations(self):
        return annotations(self.log)


def run_action(workspace, temp, inputs, environment, *, ref, repository="callgate/callgate"):
    """Runs the steps in order until one fails. `environment` is the job's."""
    definition = action()
    given = {name: str(each.get("default", "")) for name, each in definition["inputs"].items()}
    unknown = set(inputs) - set(given)
    assert not unknown, f"unexpected inputs {unknown}"
    given.update({name: str(value) for name, value in inputs.items()})
    contexts = {"inputs": given, "github": {"action_ref": ref, "action_repository": repository}, "steps": {}}
    done = Run()
    for number, step in enumerate(definition["runs"]["steps"]):
        files = {name: temp / f"{name}.{number}" for name in ("GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.touch()
        script = temp / f"step{number}.sh"
        script.write_text(evaluate(step["run"], contexts), encoding="utf-8")
        own = {name: evaluate(str(value), contexts) for name, value in step.get("env", {}).items()}
        finished = subprocess.run(
            [*BASH, str(script)], cwd=workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120, check=False,
            env={**environment, "PATH": ":".join([*reversed(done.path), environment["PATH"]]), "CI": "true",
                 "GITHUB_ACTIONS": "true", "GITHUB_ACTION_PATH": str(SOURCE), "RUNNER_TEMP": str(temp),
                 **{name: str(file) for name, file in files.items()}, **own})
        done.log += finished.stdout
        done.status = finished.returncode
        done.steps.append(step["name"])
        done.path += files["GITHUB_PATH"].read_text(encoding="utf-8").splitlines()
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        contexts["steps"][step.get("id", step["name"])] = {"outputs": dict(line.split("=", 1) for line in lines)}
        if done.status != 0:
            break
    for name, output in definition["outputs"].items():
        with contextlib.suppress(KeyError):  # not set: empty
            done.outputs[name] = evaluate(output["value"], contexts)
    return done


class Server:
    """Serves a folder on a port of 127.0.0.1; `asked` lists the paths that were asked for."""

    def __init__(self, folder):
        asked = self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      functools.partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
