"""What `callgate resolve` says of containers, held against containers that Docker and Podman really started: the filter
it writes for each is proved equal to the one dumped from the container's first process, or neither has one."""
# SPDX-License-Identifier: Apache-2.0
import json
import shutil
import subprocess
import unittest
from pathlib import Path

from containers import (
    CALLGATE, DATA, EngineTest, NotStarted, crun_command, need, need_engines, run, seccomp_mode, temporary_folder)
from podman import PodmanTest
from test_docker import Daemons

# Lets everything else through, so that the runtime and the program live under it.
GATED = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
    "syscalls": [
        {"names": ["acct", "swapon"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["chroot"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13, "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    ],
}


# A machine's root may itself lack capabilities that --privileged asks for: then this runc asks for those it has. What the
# engine says of seccomp stays as it is.
CAPPED_RUNC = """#!/usr/bin/python3
import json, os, sys
def held():
    with open("/proc/self/status", encoding="ascii") as status:
        bits = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd:"))
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as last:
        count = int(last.read())
    return [bit for bit in range(count + 1) if bits >> bit & 1]
NAMES = {names}
if "--bundle" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    may = {{NAMES[bit] for bit in held() if bit < len(NAMES)}}
    sets = config["process"].get("capabilities") or {{}}
    for kind in sets:
        sets[kind] = [name for name in sets[kind] or [] if name in may]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
os.execv({runc!r}, ["runc", *sys.argv[1:]])
"""
# linux/capability.h, by number.
CAPABILITY_NAMES = [
    f"CAP_{name}"
    for name in (
        "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
        "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
        "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
        "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE"
    ).split()
]


def capped_runc(folder):
    path = Path(folder) / "capped" / "runc"
    path.parent.mkdir(exist_ok=True)
    path.write_text(CAPPED_RUNC.format(names=CAPABILITY_NAMES, runc=shutil.which("runc")), encoding="ascii")
    path.chmod(0o755)
    return str(path)


def daemon_config(folder, **further):
    """daemon.json with both runtimes, in a file of that folder."""
    path = Path(folder) / "daemon.json"
    path.write_text(json.dumps({
        "runtimes": {"crun": {"path": crun_command(folder)}, "capped": {"path": capped_runc(folder)}},
        "default-runtime": "capped", **further}), encoding="ascii")
    return path


class Resolved:
    """The answer of one `callgate resolve`, with the filters it wrote."""

    def __init__(self, folder, *words, cwd=None):
        self.folder = Path(folder) / "filters"
        shutil.rmtree(self.folder, ignore_errors=True)
        result = subprocess.run(
            [CALLGATE, "resolve", "--format", "json", "--filters", str(self.folder), *(str(word) for word in words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            cwd=cwd)
        assert result.returncode in (0, 1), result.stderr
        self.answer = json.loads(result.stdout)
        self.containers = self.answer["containers"]

    def filter_of(self, name):
        path = self.folder / f"{name}.bpf"
        return path if path.exists() else None


class ResolveTest(EngineTest):
    def assert_in_force(self, resolved, container, pid):
        """What was said of the container is what process `pid` runs under."""
        said = resolved.filter_of(container["name"])
        self.assertEqual(container["outcome"], "runs", container)
        if container["profile"]["kind"] in ("unconfined", "disabled"):
            self.assertIsNone(said)
            self.assertEqual(seccomp_mode(pid), 0, container)
            return
        self.assertIsNotNone(said, container)
        status = run(CALLGATE, "prove", said, f"pid:{pid}")
        self.assertEqual(status.returncode, 0, f"{container['steps']}\n{status.stdout}")

    def gated(self):
        return self.write("gated.json", GATED)


class Docker(ResolveTest):
    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "crun", "tar", "unshare")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.daemons = Daemons(Path(folder.name))
        cls.addClassCleanup(cls.daemons.stop)
        cls.config = daemon_config(folder.name)
        cls.daemons.start("--config-file", cls.config)
        cls.version = cls.daemons.version()

    def check(self, *options, refused=False):
        """`docker run OPTIONS`, resolved and started."""
        words = ["docker", "run", "--detach", "--network", "none", "--name", "app", *(str(o) for o in options),
                 "contained:1", "/contained"]
        resolved = Resolved(self.folder, "--docker-version", self.version, "--daemon-config", self.config, "--", *words)
        [container] = resolved.containers
        started = run(*self.daemons.client, *words[1:])
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "app")
        with self.subTest(options=options):
            if started.returncode != 0:
                run(*self.daemons.client, "rm", "--force", "app")
                self.assertTrue(refused, f"{started.stdout}\n{container}")
                return container, started.stdout
            self.assertFalse(refused, "Docker was expected to refuse it")
            pid = int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", "app").stdout)
            self.assert_in_force(resolved, container, pid)
        run(*self.daemons.client, "rm", "--force", "app")
        return container, started.stdout

    def test_seed_and_others(self):
        seed = DATA / "seed" / "restrictive.json"
        self.check("--security-opt", f"seccomp={seed}")
        self.check("--security-opt", f"seccomp:{seed}")
        self.check("--security-opt", f"seccomp={seed}", "--runtime", "crun")
        self.check("--security-opt", "seccomp=unconfined")
        self.check("--security-opt", "seccomp=unconfined", "--security-opt", f"seccomp={seed}")
        self.check("--privileged")
        self.check("--privileged", "--security-opt", f"seccomp={seed}")
        self.check("--security-opt", f"seccomp={self.write('empty.json', {})}")

    def test_default(self):
        """The default profile is that of the daemon's release, under every set of capabilities."""
        for options in ((), ("--cap-add", "SYS_ADMIN"), ("--cap-add", "ALL"), ("--cap-drop", "ALL"),
                        ("--cap-add", "SYS_PTRACE"), ("--runtime", "crun")):
            container, _ = self.check(*options)
            self.assertEqual(container["profile"]["kind"], "builtin")
        if self.version.startswith("20.10."):
            self.assertEqual(container["profile"]["name"], "docker-20.10.18-default", self.version)

    def test_conditions_on_capabilities(self):
        gated = self.gated()
        for options in ((), ("--cap-add", "SYS_ADMIN"), ("--cap-add", "ALL"), ("--cap-drop", "ALL")):
            self.check("--security-opt", f"seccomp={gated}", *options)
        self.check("--security-opt", f"seccomp={gated}", "--runtime", "crun")

    def test_refusals_are_worded_as_the_daemon_words_them(self):
        both = self.write("both.json", {**GATED, "architectures": ["SCMP_ARCH_X86_64"]})
        bogus = self.write("bogus.json", {"defaultAction": "SCMP_ACT_BOGUS"})
        for path in (both, bogus):
            container, output = self.check("--security-opt", f"seccomp={path}", refused=True)
            self.assertEqual(container["outcome"], "refused", container)
            self.assertIn(container["message"], output)

    def test_the_runtime_itself_needs_what_the_basic_profile_refuses(self):
        basic = DATA / "seed" / "basic.json"
        resolved = Resolved(self.folder, "--docker-version", self.version, "--", "docker", "run", "--security-opt",
                            f"seccomp={basic}", "contained:1")
        [container] = resolved.containers
        told = [step["text"] for step in container["steps"] if "runc" in step["text"] and "futex" in step["text"]]
        self.assertTrue(told, container["steps"])
        # Seen: Docker starts nothing under it; or, when runc's threads happen not to wait, a process under that filter.
        started = run(*self.daemons.client, "run", "--detach", "--network", "none", "--name", "basic", "--security-opt",
                      f"seccomp={basic}", "contained:1", "/contained")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "basic")
        if started.returncode != 0:
            self.assertEqual(started.returncode, 125, started.stdout[:600])

    def test_running_containers(self):
        """The same asked of the daemon, over its socket."""
        seed = DATA / "seed" / "restrictive.json"
        started = run(*self.daemons.client, "run", "--detach", "--network", "none", "--name", "live", "--security-opt",
                      f"seccomp={seed}", "contained:1", "/contained")
        self.addCleanup(run, *self.daemons.client, "rm", "--force", "live")
        self.assertEqual(started.returncode, 0, started.stdout)
        resolved = Resolved(self.folder, "--host", f"unix://{self.daemons.socket}", "--container", "live")
        [container] = resolved.containers
        pid = int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", "live").stdout)
        self.assert_in_force(resolved, container, pid)

    def test_compose(self):
        need(shutil.which("docker-compose"), "docker-compose is not installed")
        seed = DATA / "seed" / "restrictive.json"
        (self.folder / "profile.json").write_bytes(seed.read_bytes())
        (self.folder / "compose.yaml").write_text(
            "x-sealed: &sealed\n  security_opt:\n    - seccomp=./profile.json\n"
            "services:\n"
            "  sealed: {<<: *sealed, image: 'contained:1', command: [/contained], network_mode: none}\n"
            "  open: {image: 'contained:1', command: [/contained], network_mode: none, security_opt: ['seccomp=unconfined']}\n"
            "  plain: {image: 'contained:1', command: [/contained], network_mode: none}\n", encoding="ascii")
        resolved = Resolved(self.folder, "--docker-version", self.version, "-f", "compose.yaml", cwd=self.folder)
        command = ["docker-compose", "--host", f"unix://{self.daemons.socket}", "-p", "callgate", "-f", "compose.yaml"]
        started = run(*command, "up", "-d", cwd=self.folder)
        self.addCleanup(run, *command, "down", "--timeout", "0", cwd=self.folder)
        self.assertEqual(started.returncode, 0, started.stdout)
        self.assertEqual(len(resolved.containers), 3)
        for container in resolved.containers:
            service = next(word for word in ("sealed", "open", "plain") if word in container["name"])
            identity = run(*command, "ps", "-q", service, cwd=self.folder).stdout.strip()
            pid = int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", identity).stdout)
            with self.subTest(service=service):
                self.assert_in_force(resolved, container, pid)


class DockerWithProfile(ResolveTest):
    """A daemon whose own configuration names the profile of every container."""

    @classmethod
    def setUpClass(cls):
        need_engines("docker", "dockerd", "containerd", "containerd-shim-runc-v2", "runc", "tar")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.home = Path(folder.name)
        cls.config = daemon_config(cls.home, **{"seccomp-profile": str(DATA / "seed" / "restrictive.json")})
        cls.daemons = Daemons(cls.home)
        cls.addClassCleanup(cls.daemons.stop)
        cls.daemons.start("--config-file", cls.config)

    def test_what_the_daemon_puts_on_everybody(self):
        for options in ((), ("--security-opt", "seccomp=unconfined"), ("--privileged",)):
            words = ["docker", "run", "--detach", "--network", "none", "--name", "app", *options, "contained:1",
                     "/contained"]
            resolved = Resolved(self.folder, "--docker-version", self.daemons.version(), "--daemon-config",
                                self.config, "--", *words)
            started = run(*self.daemons.client, *words[1:])
            self.assertEqual(started.returncode, 0, started.stdout)
            pid = int(run(*self.daemons.client, "inspect", "--format", "{{.State.Pid}}", "app").stdout)
            with self.subTest(options=options):
                self.assert_in_force(resolved, resolved.containers[0], pid)
            run(*self.daemons.client, "rm", "--force", "app")


class Podman(PodmanTest, ResolveTest):
    def version(self):
        return self.podman("crun", "version", "--format", "{{.Client.Version}}").stdout.strip()

    def check(self, runtime, *options):
        words = ["podman", "run", "--detach", "--network", "none", "--name", "app", *(str(o) for o in options),
                 "contained:1", "/contained"]
        resolved = Resolved(self.folder, "--runtime", runtime, "--podman-version", self.version(), "--", *words)
        [container] = resolved.containers
        with self.subTest(runtime=runtime, options=options):
            try:
                identity, pid = self.start(runtime, *options)
            except NotStarted as failure:
                self.assertEqual(container["outcome"], "refused", f"{failure}\n{container}")
                return
            self.assert_in_force(resolved, container, pid)
            self.podman(runtime, "rm", "--force", "--time", "0", identity)

    def test_podman(self):
        seed = DATA / "seed" / "restrictive.json"
        for runtime in ("crun", "runc"):
            self.check(runtime, "--security-opt", f"seccomp={seed}")
            self.check(runtime, "--security-opt", "seccomp=unconfined")
            self.check(runtime, "--privileged")
            self.check(runtime, "--privileged", "--security-opt", f"seccomp={seed}")
            self.check(runtime, "--security-opt", f"seccomp={self.gated()}")
            self.check(runtime, "--security-opt", f"seccomp={self.gated()}", "--cap-add", "SYS_ADMIN")

    def test_default(self):
        """The default that the distribution installed, as far as this machine's libseccomp knows its calls."""
        installed = Path("/usr/share/containers/seccomp.json")
        need(installed.exists(), f"Podman has no default profile in {installed}")
        part = self.known_part(installed)
        for options in ((), ("--cap-add", "SYS_ADMIN")):
            words = ["podman", "run", "--name", "app", *options, "contained:1"]
            resolved = Resolved(self.folder, "--runtime", "crun", "--podman-version", self.version(), "--podman-default", part,
                                "--", *words)
            [container] = resolved.containers
            self.assertEqual(container["profile"]["kind"], "builtin")
            _, pid = self.start("crun", *options)
            self.assert_in_force(resolved, container, pid)


class PodmanConfigured(PodmanTest, ResolveTest):
    """What containers.conf says: the same file given to Podman, as CONTAINERS_CONF, and to callgate."""

    def version(self):
        return self.podman("crun", "version", "--format", "{{.Client.Version}}").stdout.strip()

    def configure(self, containers="", engine=""):
        """The test's own containers.conf with these lines added to its tables."""
        base = (self.home / "containers.conf").read_text(encoding="ascii")
        self.conf = self.folder / "containers.conf"
        self.conf.write_text(
            base.replace("[engine]\n", f"[engine]\n{engine}").replace("[containers]\n", f"[containers]\n{containers}"),
            encoding="ascii")
        with open(self.conf, "a", encoding="ascii") as file:
            file.write("[engine.runtimes]\n" + "".join(f'{name} = ["{path}"]\n' for name, path in self.runtimes.items()))
        before = type(self).environment
        type(self).environment = {**before, "CONTAINERS_CONF": str(self.conf)}
        self.addCleanup(setattr, type(self), "environment", before)

    def check(self, *options):
        words = ["podman", "run", "--detach", "--network", "none", "--name", "app", *options, "contained:1", "/contained"]
        resolved = Resolved(self.folder, "--podman-version", self.version(), "--containers-conf", self.conf, "--", *words)
        [container] = resolved.containers
        with self.subTest(options=options):
            try:
                # Podman's --runtime would set aside what the file says.
                result = run("podman", "--tmpdir", self.home / "tmp", *words[1:], env=self.environment, cwd=self.home)
                if result.returncode != 0:
                    self.assertEqual(container["outcome"], "refused", result.stdout)
                    self.assertIn(container["message"], result.stdout)
                    return container
                pid = int(self.podman("crun", "inspect", "--format", "{{.State.Pid}}", "app").stdout)
                self.assert_in_force(resolved, container, pid)
            finally:
                self.podman("crun", "rm", "--force", "--time", "0", "app")
        return container

    def test_the_default_profile(self):
        for runtime in self.runtimes:
            self.configure(f'seccomp_profile = "{self.gated()}"\n',
                           f'runtime = "{runtime}"\n')
            for options in ((), ("--privileged",), ("--cap-add", "SYS_ADMIN"), ("--security-opt", "seccomp=unconfined"),
                            ("--security-opt", f"seccomp={DATA / 'seed' / 'restrictive.json'}")):
                self.assertEqual(self.check(*options)["runtime"], runtime)

    def test_turned_off_and_missing(self):
        self.configure('seccomp_profile = "unconfined"\n')
        self.assertEqual(self.check()["profile"]["kind"], "unconfined")
        self.check("--security-opt", f"seccomp={self.gated()}")
        self.configure(f'seccomp_profile = "{self.folder}/none.json"\n')
        self.assertEqual(self.check()["outcome"], "refused")

    def test_capabilities(self):
        self.configure(f'seccomp_profile = "{self.gated()}"\ndefault_capabilities = ["SYS_ADMIN", "CAP_CHOWN"]\n')
        self.assertEqual(self.check()["capabilities"], ["CAP_CHOWN", "CAP_SYS_ADMIN"])
        self.check("--cap-drop", "SYS_ADMIN")
        self.configure(f'seccomp_profile = "{self.gated()}"\ndefault_capabilities = ["NONE"]\n')
        self.assertEqual(self.check()["outcome"], "refused")

    def play(self, *options, annotations="  annotations: {of: mine}\n", container=""):
        """One Pod played, and what was said of it; asserts that they agree. Its container, as resolved."""
        name = "played"
        pod = self.folder / "pod.yaml"
        pod.write_text(
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n{annotations}spec:\n  hostNetwork: true\n"
            f"  containers:\n  - name: app\n    image: localhost/contained:1\n    imagePullPolicy: Never\n{container}",
            encoding="ascii")
        words = ["podman", "kube", "play", *(str(option) for option in options), str(pod)]
        resolved = Resolved(self.folder, "--podman-version", self.version(), "--containers-conf", self.conf, "--", *words)
        [app] = resolved.containers
        result = self.podman("crun", *words[1:])
        try:
            if result.returncode != 0:
                self.assertEqual(app["outcome"], "refused", f"{result.stdout}\n{app}")
                self.assertIn(app["message"], result.stdout)
                return app
            pid = int(self.podman("crun", "inspect", "--format", "{{.State.Pid}}", f"{name}-app").stdout)
            if app["profile"].get("name") != "podman-default":
                self.assert_in_force(resolved, app, pid)
            else:
                # The profile that Podman was built with: the distribution installs the same as a file.
                self.assert_equal_to_process(self.known_part(Path("/usr/share/containers/seccomp.json")), pid, "podman")
        finally:
            self.podman("crun", "pod", "rm", "--force", "--time", "0", name)
        return app

    def test_kube_play(self):
        key = "seccomp.security.alpha.kubernetes.io/pod"
        privileged = "    securityContext: {privileged: true}\n"
        self.write("own.json", GATED)
        self.configure(f'seccomp_profile = "{DATA / "seed" / "restrictive.json"}"\n')
        self.assertEqual(self.play()["profile"]["kind"], "file")
        self.assertEqual(self.play(annotations=f"  annotations: {{{key}: runtime/default}}\n")["profile"]["kind"], "file")
        early = self.version().startswith("4.3.")
        self.assertEqual(self.play(annotations="")["profile"]["kind"], "builtin" if early else "file")
        own = f"  annotations: {{{key}: localhost/own.json}}\n"
        self.assertEqual(self.play("--seccomp-profile-root", self.folder, annotations=own)["profile"]["path"],
                         f"{self.folder}/own.json")
        self.assertEqual(self.play("--seccomp-profile-root", self.folder / "none", annotations=own)["outcome"], "refused")
        if self.privileged_starts():
            self.assertEqual(self.play(container=privileged)["profile"]["kind"], "file")
        self.configure('seccomp_profile = "unconfined"\n')
        self.assertEqual(self.play()["profile"]["kind"], "unconfined")

    def privileged_starts(self):
        """Whether this machine's root may give away what --privileged asks for."""
        result = self.podman("crun", "run", "--rm", "--privileged", "--network", "none", "contained:1", "/contained", "39")
        return result.returncode == 0

    def test_config_maps(self):
        self.configure(f'seccomp_profile = "{self.gated()}"\n')
        (self.folder / "map.yaml").write_text(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n", encoding="ascii")
        (self.folder / "secret.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata: {name: m}\n", encoding="ascii")
        wanted = "    env: [{name: E, valueFrom: {configMapKeyRef: {name: m, key: %s}}}]\n"
        self.assertEqual(self.play("--configmap", self.folder / "map.yaml", container=wanted % "k")["outcome"], "runs")
        for options, container in (((), wanted % "k"), (("--configmap", self.folder / "map.yaml"), wanted % "other"),
                                   (("--configmap", self.folder / "none.yaml"), wanted % "k"),
                                   (("--configmap", self.folder / "secret.yaml"), wanted % "k"),
                                   ((), "    envFrom: [{configMapRef: {name: m}}]\n"),
                                   ((), "  volumes: [{name: v, configMap: {name: m}}]\n")):
            self.assertEqual(self.play(*options, container=container)["outcome"], "refused")


if __name__ == "__main__":
    unittest.main(verbosity=2)
