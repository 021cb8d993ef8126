"""Servers from recording to enforcement: each is recorded under load, closed, and has to bear the same load and the tests of
its own package under what was closed: by `callgate run`, with a stricter profile from its first listen on, and in containers of
runc, crun and Docker. Serving begins where its processes accept or wait for clients; with --all also at their first listen.

usage: test_servers.py [--all] [--outside kill] [--write FILE] [NAME…]     a sample, unless --all or names are given

--outside kill: whatever no run showed ends the server, so that no missing call can go unseen. --write: puts the table of
sizes into FILE, between its two marks.
"""
# SPDX-License-Identifier: Apache-2.0
import argparse
import json
import sys
import tempfile
import time
import unittest
from pathlib import Path

from containers import CALLGATE, SOURCE, need, need_engines, run

sys.path.insert(0, str(SOURCE / "tests" / "live"))
import loads  # noqa: E402  (they lie beside the other live tests)
import servers  # noqa: E402
import ways  # noqa: E402
from test_docker import Daemons  # noqa: E402
from work import provide  # noqa: E402

SAMPLE = ("nginx", "node")
BUDGET = 35
RUNS = 2
BEGIN, END = "<!-- sizes: begin -->", "<!-- sizes: end -->"
TITLES = {"nginx": "nginx", "redis": "Redis", "memcached": "memcached", "haproxy": "HAProxy", "python": "Python (http.server)",
          "node": "Node.js (http)", "postgres": "PostgreSQL"}


def callgate(*words, allowed=(0,)):
    done = run(CALLGATE, *words)
    if done.returncode not in allowed:
        raise AssertionError(f"callgate {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def put_to_work(name, server, way):
    """Its exit status after all that we know to ask of it."""
    try:
        way.serve(server)
        loads.put_to(name)(server.port)
        server.use(way.pid)
        way.check()
        if way.ended():
            raise AssertionError("it has ended under load")
        return way.end(server.stop)
    except Exception as problem:
        raise AssertionError(f"{name} by {way.name}: {problem}\n{way.log()}") from problem
    finally:
        way.clean()


class Closed:
    """A server's closure, of recordings in which serving begins at `at`, and profiles of it."""

    def __init__(self, name, server, folder, at, outside):
        self.name, self.folder, self.at = name, folder, at
        runs = folder / f"{at}.jsonl"
        record = ["record", "--args", "--serving-at", at, "--append", "-o", runs]
        self.statuses = {put_to_work(name, server, ways.Recorded(folder, "record", *record)) for _ in range(RUNS)}
        common = ["close", runs, "--outside", outside]
        callgate(*common, "-o", self.path("json"), "--budget", BUDGET, allowed=(0, 1))
        # A rule of these formats cannot refuse other arguments by EPERM where the default is to kill.
        common += ["--arguments", "none"] if outside == "kill" else []
        callgate(*common, "--to", "docker", "--profile", self.path("docker.json"))
        for runtime in ("runc", "crun"):
            callgate(*common, "--to", "oci", "--runtime", runtime, "--profile", self.path(f"{runtime}.json"))
        self.closure = json.loads(self.path("json").read_text(encoding="utf-8"))
        self.capabilities = [each["capability"] for each in self.closure["capabilities"] if each["keep"]]
        self.docker_options = callgate(*common, "--capabilities", "docker").split()

    def path(self, ending):
        return self.folder / f"{self.at}.{ending}"

    def calls(self, *phases):
        return {each["call"] for phase in phases for each in self.closure["phases"][phase]["core"]}

    def over(self):
        """Calls beyond the budget while serving, and what each is for."""
        return [(each["call"], each["for"]) for each in self.closure["budget"]["over"] if each["phase"] == "serving"]

    def ways(self, client):
        folder = self.folder
        yield ways.Phased(folder, self.path("json"), self.at)
        if self.at == "listen":
            return
        yield ways.Command(folder, "run", "run", "--profile", self.path("json"))
        yield ways.Bundle(folder, "runc", self.path("runc.json"), self.capabilities)
        yield ways.Bundle(folder, "crun", self.path("crun.json"), self.capabilities)
        yield ways.Docker(folder, client, "contained:1", self.path("docker.json"), self.docker_options)

    def sizes(self):
        return [len(self.calls(phase)) for phase in self.closure["phases"]]


def row(name, closed):
    """Of a table: sizes by phase, and what stands beyond the budget."""
    early, late = closed[0], closed[-1]
    over = "; ".join(f"`{call}`: {why}" for call, why in late.over()) or "–"
    startup, serving, shutdown = late.sizes()
    return (f"| {TITLES[name]} | {', '.join(loads.TOOLS[name])} | {startup} | {early.sizes()[1]} | **{serving}** | {shutdown} | "
            f"{len(late.calls('serving', 'shutdown'))} | {over} |")


def look_at(name, points, client, outside):
    """The closures of a server, one for each point where serving may begin, once it has passed everywhere."""
    with tempfile.TemporaryDirectory(prefix=f"cg-{name}-", dir="/tmp", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        provide(folder)
        server = servers.ALL[name](folder)
        out = []
        for at in points:
            begin = time.monotonic()
            closed = Closed(name, server, folder, at, outside)
            if len(closed.statuses) != 1:
                raise AssertionError(f"{name}: it ends differently: {closed.statuses}")
            print(f"{name}: recorded, serving at {at}, {time.monotonic() - begin:.1f} s; sizes {closed.sizes()}; "
                  f"{' '.join(closed.docker_options)}", flush=True)
            for way in closed.ways(client):
                begin = time.monotonic()
                status = put_to_work(name, server, way)
                if status not in closed.statuses:
                    raise AssertionError(f"{name} by {way.name}: status {status}, recorded {closed.statuses}\n{way.log()}")
                print(f"{name} by {way.name}: passed, {time.monotonic() - begin:.1f} s", flush=True)
            out.append(closed)
        return out


def write_table(path, rows):
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    table = ["| server | load | startup | serving, after `listen` | serving, from `accept` on | shutdown | in force while serving | "
             "beyond 35 while serving |",
             "| --- | --- | --- | --- | --- | --- | --- | --- |", *rows]
    path.write_text(before + BEGIN + "\n" + "\n".join(table) + "\n" + END + after, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--outside", default="errno")
    parser.add_argument("--write", type=lambda word: Path(word).resolve())
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    names = given.names or (list(servers.ALL) if given.all else SAMPLE)
    try:
        need_engines("runc", "crun", "docker", "dockerd", "containerd", "containerd-shim-runc-v2", "tar")
        need(not loads.missing(), f"not installed: {' '.join(loads.missing())}")
    except unittest.SkipTest as reason:
        print(f"SKIP: {reason}")
        return 77
    scratch = tempfile.TemporaryDirectory(prefix="callgate-engines-", dir="/tmp", ignore_cleanup_errors=True)
    daemons = Daemons(Path(scratch.name))
    failed, rows = 0, []
    try:
        daemons.start()
        for name in names:
            try:
                closed = look_at(name, ("listen", "accept") if given.all else ("accept",), daemons.client, given.outside)
                rows.append(row(name, closed))
            except AssertionError as problem:
                failed += 1
                print(f"FAILED: {problem}", flush=True)
    finally:
        daemons.stop()
        scratch.cleanup()
    print("\n".join(rows))
    if given.write and not failed:
        write_table(given.write, rows)
    print(f"{len(rows)} of {len(names)} servers passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
