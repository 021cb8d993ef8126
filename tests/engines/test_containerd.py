"""containerd's CRI, as the kubelet calls it: RuntimeDefault is `containerd-default` of its release, with and without
capabilities; Localhost files are read as plain OCI profiles; and what it says when it has no file."""
# SPDX-License-Identifier: Apache-2.0
import hashlib
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import unittest
import uuid
from pathlib import Path

from containers import (
    CALLGATE, CAPABILITIES, CONTAINED, DATA, EngineTest, need, need_engines, prove, run, seccomp_mode, temporary_folder, wait_for)
from recorder import need_recorder, runs_of

SERVICE = "/runtime.v1.RuntimeService/"
DEFAULT, UNCONFINED, LOCALHOST = range(3)


def image_archive(path):
    """An image with the one program, as `docker save` writes images."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.add(CONTAINED, "contained")
    layer = layer.getvalue()
    config = json.dumps({
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/contained"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": ["localhost/contained:1"],
                            "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


class Cri:
    """A containerd of our own and a client of its CRI."""

    def __init__(self, folder):
        self.folder, self.process, self.sandbox, self.pids = folder, None, None, []
        self.socket = folder / "containerd.sock"

    def start(self):
        subprocess.run(["protoc", f"--proto_path={Path(__file__).parent}", f"--python_out={self.folder}", "cri.proto"],
                       check=True)
        sys.path.insert(0, str(self.folder))
        self.types = importlib.import_module("cri_pb2")
        self.grpc = importlib.import_module("grpc")
        config = self.folder / "config.toml"
        config.write_text(f'''version = 2
root = "{self.folder}/root"
state = "{self.folder}/state"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "localhost/contained:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{self.folder}/none"
    conf_dir = "{self.folder}/none"
''', encoding="ascii")
        with open(self.folder / "log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(["containerd", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        need(wait_for(self.socket.exists, 20), f"containerd did not start: {self.log()}")
        archive = self.folder / "image.tar"
        image_archive(archive)
        ctr = ["ctr", "--address", self.socket, "--namespace", "k8s.io", "images", "import", archive]
        imported = run(*ctr)
        need(imported.returncode == 0, imported.stdout)
        self.channel = self.grpc.insecure_channel(f"unix://{self.socket}")
        # One for all: containerd takes seconds to end each.
        self.make_sandbox()

    def log(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-1500:]

    def call(self, method, request, response):
        return self.channel.unary_unary(
            SERVICE + method, request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString)(request, timeout=40)

    def make_sandbox(self):
        types, name = self.types, uuid.uuid4().hex[:8]
        security = types.SandboxSecurity(
            namespace_options=types.NamespaceOption(network=2, pid=1), privileged=True,
            seccomp=types.SecurityProfile(profile_type=UNCONFINED))
        config = types.SandboxConfig(
            metadata=types.Metadata(name=name, uid=name, namespace="default"), log_directory=str(self.folder / "logs"),
            linux=types.SandboxLinux(security_context=security))
        identity = self.call("RunPodSandbox", types.RunPodSandboxRequest(config=config),
                             types.RunPodSandboxResponse).pod_sandbox_id
        self.sandbox = identity, config

    def container(self, profile_type, path="", add=(), privileged=False, name=""):
        """Its first process; raises what the CRI answers."""
        types = self.types
        sandbox, config = self.sandbox
        security = types.ContainerSecurity(
            capabilities=types.Capability(add_capabilities=add), privileged=privileged,
            namespace_options=types.NamespaceOption(network=2, pid=1),
            seccomp=types.SecurityProfile(profile_type=profile_type, localhost_ref=str(path)))
        wanted = types.ContainerConfig(
            metadata=types.ContainerMetadata(name=name or uuid.uuid4().hex[:8]), image=types.ImageSpec(image="localhost/contained:1"),
            command=["/contained"], log_path="app.log", linux=types.ContainerLinux(security_context=security))
        identity = self.call(
            "CreateContainer",
            types.CreateContainerRequest(pod_sandbox_id=sandbox, config=wanted, sandbox_config=config),
            types.CreateContainerResponse).container_id
        self.call("StartContainer", types.StartContainerRequest(container_id=identity), types.StartContainerResponse)
        status = self.call("ContainerStatus", types.ContainerStatusRequest(container_id=identity, verbose=True),
                           types.ContainerStatusResponse)
        pid = json.loads(status.info["info"])["pid"]
        self.pids.append(pid)
        return pid

    def stop(self):
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for method in ("StopPodSandbox", "RemovePodSandbox") if self.sandbox else ():
            try:
                self.call(method, self.types.SandboxRequest(pod_sandbox_id=self.sandbox[0]), self.types.Empty)
            except self.grpc.RpcError:
                pass
        if self.process:
            self.process.terminate()
            self.process.wait(20)


class Containerd(EngineTest):
    @classmethod
    def setUpClass(cls):
        need_engines("containerd", "runc", "ctr", "protoc")
        need(importlib.util.find_spec("grpc"), "python3-grpcio is not installed")
        version = run("containerd", "--version").stdout
        need(" 1.6." in version, f"the profile of another release is in force: {version}")
        folder = temporary_folder()
        cls.addClassCleanup(folder.cleanup)
        cls.cri = Cri(Path(folder.name))
        cls.addClassCleanup(cls.cri.stop)
        cls.cri.start()

    def refusal(self, *arguments, **options):
        with self.assertRaises(self.cri.grpc.RpcError) as caught:
            self.cri.container(*arguments, **options)
        return caught.exception.details()

    def test_runtime_default(self):
        pid = self.cri.container(DEFAULT)
        self.assert_equal_to_process("containerd-1.6-default", pid, "containerd")
        # The other releases' are told from it.
        self.assertEqual(prove("containerd-default", f"pid:{pid}", "containerd")[0], 1)

    def test_runtime_default_with_capabilities(self):
        for name in ("SYS_ADMIN", "SYS_PTRACE", "SYS_NICE", "DAC_READ_SEARCH"):
            with self.subTest(name):
                pid = self.cri.container(DEFAULT, add=[name])
                self.assert_equal_to_process("containerd-1.6-default", pid, "containerd", "--caps",
                                             ",".join([*CAPABILITIES, f"CAP_{name}"]))

    def test_a_prefix_of_its_own_makes_a_capability_unknown(self):
        pid = self.cri.container(DEFAULT, add=["CAP_SYS_ADMIN"])
        self.assert_equal_to_process("containerd-1.6-default", pid, "containerd")

    def test_localhost(self):
        for profile in sorted((DATA / "seed").glob("restrictive.json")):
            pid = self.cri.container(LOCALHOST, profile)
            self.assert_equal_to_process(profile, pid, "containerd")

    def test_recorded_by_its_name_in_the_pod(self):
        need_recorder()
        root = self.cri.folder / "state" / "io.containerd.runtime.v2.task" / "k8s.io"
        self.cri.container(DEFAULT, name="web")
        file = self.folder / "recording.jsonl"
        done = run(CALLGATE, "record", "--container", "web", "--runtime-root", root, "-o", file, "--for", 1)
        self.assertEqual(done.returncode, 0, done.stdout)
        recorded, = runs_of(file)
        self.assertTrue(recorded["end"]["complete"], done.stdout)
        container = recorded["run"]["container"]
        self.assertEqual((container["engine"], container["name"], container["image"]), ("containerd", "web", "localhost/contained:1"))
        again = run(CALLGATE, "record", "--container", container["id"], "--runtime-root", root, "--for", 1)
        self.assertEqual(again.returncode, 0, again.stdout)
        done = run(CALLGATE, "record", "--container", "nobody", "--runtime-root", root, "--for", 1)
        self.assertEqual(done.returncode, 125, done.stdout)
        self.assertIn("CG5255", done.stdout)

    def test_none(self):
        self.assertEqual(seccomp_mode(self.cri.container(UNCONFINED)), 0)
        self.assertEqual(seccomp_mode(self.cri.container(DEFAULT, privileged=True)), 0)

    def test_missing_file(self):
        path = self.folder / "none.json"
        self.assertEqual(
            self.refusal(LOCALHOST, path),
            f'failed to create containerd container: cannot load seccomp profile "{path}": open {path}: '
            "no such file or directory")

    def test_no_json(self):
        path = self.folder / "text.json"
        path.write_text("nothing", encoding="ascii")
        self.assertEqual(
            self.refusal(LOCALHOST, path),
            f'failed to create containerd container: decoding seccomp profile failed "{path}": invalid character '
            "'o' in literal null (expecting 'u')")


if __name__ == "__main__":
    # Debian's packages belong to Debian's interpreter, which need not be the first in PATH.
    if not importlib.util.find_spec("grpc") and Path("/usr/bin/python3").exists() and "--again" not in sys.argv:
        os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv, "--again"])
    sys.argv = [word for word in sys.argv if word != "--again"]
    unittest.main()
