"""The real docker command, whichever are installed, against a small server that records what they send: hundreds of
command lines, the same answer from callgate, or the same words."""
# SPDX-License-Identifier: Apache-2.0
import http.server
import itertools
import json
import os
import re
import socketserver
import subprocess
import threading
import unittest
from pathlib import Path

from containers import need, temporary_folder

PROGRAM = os.environ.get("CALLGATE_DOCKER_CREATE", "")
CLIENTS = ("/usr/bin/docker", "/usr/local/bin/docker")

FILES = {
    "ok.json": '{ "defaultAction" : "SCMP_ACT_ALLOW",\n "x": [1, 2.50e1, "a b\\u0041"] }\n',
    "list.json": "[1]",
    "empty.json": "",
    "bom.json": "\ufeff{}",
    "comma.json": '{"a":1,}',
    "comment.json": "// x\n{}",
    "cut.json": '{"a":"b',
    "word.json": "nulL",
    "two.json": "{} {}",
    "number.json": "[01]",
    "escape.json": '["\\x"]',
    "control.json": '["a\tb"]',
    "exponent.json": "[1e]",
    "quote.json": "{'a':1}",
    "builtin": "{}",
    "default": '{"defaultAction":"SCMP_ACT_LOG"}',
}


class Recorder(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers as much of the Engine API as `docker create` asks for, and keeps the last body."""
    daemon_threads = True

    def __init__(self, path):
        self.body = None
        super().__init__(str(path), Handler)


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Api-Version", "1.41"), ("Ostype", "linux"), ("Content-Type", "application/json"),
                            ("Content-Length", str(len(text)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    def do_GET(self):
        self.answer(200, {"OSType": "linux", "ApiVersion": "1.41", "Version": "20.10.24"})

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if "/containers/create" in self.path:
            self.server.body = json.loads(body)
        self.answer(201, {"Id": "0123456789abcdef", "Warnings": []})

    def address_string(self):
        return "client"

    def log_message(self, *_):
        pass


def security_options():
    keys = ("seccomp", "Seccomp", " seccomp", "label", "no-new-privileges", "apparmor", "systempaths",
            "writable-cgroups", "foo", "")
    values = ("unconfined", "builtin", "", "ok.json", "true", "a=b", "a:b")
    for key, separator, value in itertools.product(keys, ("=", ":"), values):
        yield key + separator + value
    yield from keys
    for name in FILES:
        yield f"seccomp={name}"
        yield f"seccomp:{name}"
    yield from ("seccomp=./ok.json", "seccomp=sub", "seccomp=ok.json/x", "seccomp=nope.json", "seccomp=~/ok.json",
                'seccomp="ok.json"', "seccomp=file:///ok.json", "seccomp==ok.json", "seccomp=ok.json ", "a\tb", "é",
                'x"y', "x\\y", "=", ":", "seccomp=:ok.json")


def command_lines():
    for option in security_options():
        yield ["--security-opt", option]
    yield from (
        ["--security-opt=seccomp=ok.json", "--security-opt", "seccomp=unconfined"],
        ["--security-opt", "seccomp=unconfined", "--security-opt=seccomp=nope.json"],
        ["--security-opt", "systempaths=unconfined", "--security-opt", "label=disable"],
        ["--privileged"], ["--privileged=false"], ["--privileged=T"], ["--privileged=yes"], ["--privileged="],
        ["--cap-add", "sys_admin", "--cap-add", "CAP_SYS_ADMIN", "--cap-drop", "all", "--cap-add=net_raw"],
        ["--cap-add", "sys_admin,chown"], ["--cap-add", ""], ["--userns=host"], ["--userns=x"], ["--userns", ""],
        ["--runtime", "crun"], ["--runtime=a", "--runtime=b"],
        ["-itv", "/a:/b", "-eA=B"], ["-ti=false", "--privileged"], ["-hname"], ["-h=name"], ["-u", "a", "-w/x"],
        ["--nope"], ["--security"], ["--nope=1"], ["-Z"], ["-itZ"], ["-d"], ["---rm"], ["--=x"], ["-i=x"],
        ["--cpu-shares", "x"], ["-c", "x"], ["-c", "-1"], ["--cpu-shares=99999999999999999999"], ["--stop-timeout=1.5"],
        ["--blkio-weight", "-1"], ["--pids-limit", "0x10"], ["--init=2"], ["--read-only", "--rm=0"],
        ["--security-opt"], ["-e"], ["--name", "web", "--"], ["--name=a", "--name=b"])


class DockerCreate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need(PROGRAM, "CALLGATE_DOCKER_CREATE names the program under test; ctest sets it")
        need(any(Path(client).exists() for client in CLIENTS), "no docker command is installed")
        cls.temporary = temporary_folder()
        cls.folder = Path(cls.temporary.name)
        cls.work = cls.folder / "work"
        (cls.work / "sub").mkdir(parents=True)
        for name, text in FILES.items():
            (cls.work / name).write_text(text, encoding="utf-8")
        cls.server = Recorder(cls.folder / "s")
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "server"):
            cls.server.shutdown()
            cls.server.server_close()
            cls.temporary.cleanup()

    def real(self, client, args):
        self.server.body = None
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder), "DOCKER_CONFIG": str(self.folder / "config")}
        done = subprocess.run(
            [client, "-H", f"unix://{self.folder}/s", "create", *args], cwd=self.work, env=environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            # 20.10 says "docker: WORDS.\nSee 'docker create --help'.", later ones have an empty line instead.
            words = re.split(r"\n\n|\.\nSee '|\nSee '", done.stderr)[0].strip()
            return {"message": words.removeprefix("docker: ")}
        host = self.server.body["HostConfig"]
        answer = {key: host.get(key) or [] for key in ("SecurityOpt", "CapAdd", "CapDrop")}
        texts = {key: host.get(key) or "" for key in ("Runtime", "UsernsMode")}
        return answer | texts | {"Privileged": host["Privileged"]} | {
            "Image": self.server.body["Image"]}

    def test_every_line_is_sent_or_refused_alike(self):
        for client in filter(os.path.exists, CLIENTS):
            shown = subprocess.run([client, "--version"], capture_output=True, text=True, check=True).stdout
            version = [int(part) for part in re.search(r"version (\d+)\.(\d+)", shown).groups()]
            lines = [line + ([] if line[-1] in ("--security-opt", "-e") else ["img", "sh"]) for line in command_lines()]
            asked = "".join(json.dumps({"directory": str(self.work), "version": version, "args": line}) + "\n"
                            for line in lines)
            ours = subprocess.run([PROGRAM], input=asked, capture_output=True, text=True, check=True).stdout
            answers = [json.loads(line) for line in ours.splitlines()]
            self.assertEqual(len(answers), len(lines))
            for line, said in zip(lines, answers):
                with self.subTest(client=shown.strip(), line=line):
                    self.assertEqual(said, self.real(client, line))
            print(f"{shown.strip()}: {len(lines)} command lines")


if __name__ == "__main__":
    unittest.main()
