"""Ways to start a server of this machine's own programs under a profile: by callgate, in a bundle of runc or crun, by
Docker. Containers get the host's programs as mounts and its network, so that the same load reaches them."""
# SPDX-License-Identifier: Apache-2.0
import json
import os
import re
import subprocess
from pathlib import Path

import servers
from containers import CALLGATE, Engine, run, wait_for

PATIENCE = 60
SYSTEM = [name for name in ("usr", "bin", "sbin", "lib", "lib64", "etc") if Path("/", name).exists()]


class Way:
    """A server that was started with some words in front; `pid` is its own first process."""

    def __init__(self, folder, name):
        self.name = name
        self.log_file = folder / f"log-{name}"
        self.process = None
        self.pid = 0

    def spawn(self, words):
        with open(self.log_file, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, cwd="/")

    def begin(self, server):
        raise NotImplementedError

    def ended(self):
        return self.process.poll() is not None

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-3000:]

    def serve(self, server):
        self.begin(server)
        servers.wait_until(f"{self.name}: {self.log()}", lambda: self.ended() or server.load() is None)
        if self.ended():
            raise AssertionError(f"{self.name}: it has ended with {self.process.poll()}: {self.log()}")
        self.pid = self.first()

    def first(self):
        return servers.first_below(self.process.pid, (Path(CALLGATE).name, "setpriv"))

    def check(self):
        """Once it serves: what it runs under."""
        if not confined(self.pid):
            raise AssertionError("not under a filter")

    def end(self, number):
        """Its exit status, once it was told to end."""
        os.kill(self.pid, number)
        return self.process.wait(PATIENCE)

    def clean(self):
        """Whatever happened, nothing of it stays."""
        if self.process and self.process.poll() is None:
            for pid in servers.below(self.process.pid):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait()


class Command(Way):
    """callgate with these words of its own."""

    def __init__(self, folder, name, *words):
        super().__init__(folder, name)
        self.words = [CALLGATE, *words, "--"]

    def begin(self, server):
        self.spawn([*self.words, *server.words])


class Recorded(Command):
    """Under no filter."""

    def check(self):
        pass


class Phased(Command):
    """callgate run with two phases of a closure, the second from `at` on."""

    def __init__(self, folder, closure, at):
        self.serving = f"{closure}#serving"
        super().__init__(folder, f"phases at {at}", "run", "--phase", f"startup={closure}#startup", "--phase",
                         f"serving={self.serving}", "--switch-at", at)

    def check(self):
        """Processes that were switched, at least one, are granted what serving needs and nothing else."""
        super().check()
        switched = [each for each in [self.pid, *servers.below(self.pid)] if filters_of(each) == filters_of(os.getpid()) + 2]
        if not switched:
            raise AssertionError("no process is under the second phase's filter")
        done = run(CALLGATE, "subset", f"pid:{switched[-1]}", self.serving)
        if done.returncode not in (0, 3) or (done.returncode == 3 and Path(f"/proc/{switched[-1]}").exists()):
            raise AssertionError(f"more is granted than serving needs: {done.stdout}")


class Bundle(Way):
    """runc or crun, with these capabilities alone."""

    def __init__(self, folder, name, profile, capabilities):
        super().__init__(folder, name)
        self.folder, self.profile, self.capabilities = folder, profile, capabilities
        self.engine = Engine(name, folder)
        self.identity = ""

    def begin(self, server):
        seccomp = json.loads(self.profile.read_text(encoding="utf-8"))
        bundle, self.identity = self.engine.bundle(seccomp)
        config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
        process, mounts, linux = config["process"], config["mounts"], config["linux"]
        process.update(args=server.words, env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        process["capabilities"] = {kind: self.capabilities for kind in ("bounding", "effective", "permitted")}
        linux["namespaces"] = [each for each in linux["namespaces"] if each["type"] != "network"]
        mounts.append({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]})
        mounts.append({"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["mode=1777"]})
        for place, options in [*((f"/{name}", "ro") for name in SYSTEM), (str(self.folder), "rw")]:
            mounts.append({"destination": place, "type": "bind", "source": os.path.realpath(place),
                           "options": ["rbind", options]})
        (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
        (self.folder / "pid").unlink(missing_ok=True)
        self.spawn([*self.engine.command, "run", "--bundle", bundle, "--pid-file", self.folder / "pid", self.identity])

    def first(self):
        # runc writes it once the program runs, which may serve by then.
        path = self.folder / "pid"
        if not wait_for(lambda: path.exists() and path.read_text(encoding="ascii"), PATIENCE):
            raise AssertionError("no pid file was written")
        return int(path.read_text(encoding="ascii"))

    def clean(self):
        if self.identity:
            run(*self.engine.command, "delete", "--force", self.identity)
        super().clean()


class Docker(Way):
    """A container of the daemon that `client` reaches, in an image that holds nothing of its own, with more options."""

    def __init__(self, folder, client, image, profile, options):
        super().__init__(folder, "docker")
        self.folder, self.client, self.image, self.profile, self.options = folder, client, image, profile, options
        self.identity = f"callgate-{os.getpid()}-{folder.name}"

    def begin(self, server):
        mounts = [word for name in SYSTEM for word in ("--volume", f"{os.path.realpath('/' + name)}:/{name}:ro")]
        self.spawn([*self.client, "run", "--name", self.identity, "--network", "host", "--security-opt",
                    f"seccomp={self.profile}", *self.options, *mounts, "--volume", f"{self.folder}:{self.folder}", self.image,
                    *server.words])

    def first(self):
        return int(run(*self.client, "inspect", "--format", "{{.State.Pid}}", self.identity).stdout)

    def clean(self):
        run(*self.client, "rm", "--force", self.identity)
        super().clean()


def filters_of(pid):
    """How many filters the process is under; 0 if it has ended."""
    try:
        found = re.search(r"^Seccomp_filters:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def confined(pid):
    """Whether every process of the server is under a filter."""
    def under(process):
        try:
            return "\nSeccomp:\t2\n" in Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
    return wait_for(lambda: all(under(each) for each in [pid, *servers.below(pid)]), PATIENCE)
