"""Real servers under `callgate run --profile docker-default`: they start, answer a request over the loopback interface,
and end when callgate's command is told to."""
# SPDX-License-Identifier: Apache-2.0
import shutil
import signal
import socket
import subprocess
import unittest
import urllib.request

from containers import CALLGATE, EngineTest, need, seccomp_mode, wait_for


def setUpModule():
    need(CALLGATE, "CALLGATE names the program under test; ctest sets it")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Programs(EngineTest):
    def serve(self, port, *command):
        """The server under callgate, once its port answers."""
        log = self.folder / "log"
        with open(log, "w", encoding="utf-8") as stream:
            process = subprocess.Popen(
                [CALLGATE, "run", "--profile", "docker-default", "--", *(str(word) for word in command)],
                stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        self.addCleanup(self.end, process)

        def answers():
            with socket.socket() as probe:
                return process.poll() is not None or probe.connect_ex(("127.0.0.1", port)) == 0

        self.assertTrue(wait_for(answers, 15) and process.poll() is None, log.read_text(encoding="utf-8"))
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def confined(self, process):
        """Every process below callgate's own has a filter."""
        found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], stdout=subprocess.PIPE, text=True,
                               check=False).stdout.split()
        return found and all(seccomp_mode(int(pid)) == 2 for pid in found)

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(15), 0)

    def test_nginx(self):
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        need(nginx, "nginx is not installed")
        port, folder = free_port(), self.folder
        (folder / "index.html").write_text("confined\n", encoding="ascii")
        folder.chmod(0o755)
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 64; }\n"
            f"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n"
            f"  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;\n"
            f"  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}\n", encoding="ascii")
        process = self.serve(port, nginx, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(20):
            with opener.open(f"http://127.0.0.1:{port}/index.html", timeout=10) as answer:
                self.assertEqual((answer.status, answer.read()), (200, b"confined\n"))
        self.assertTrue(self.confined(process))
        self.stop(process)

    def test_redis(self):
        redis = shutil.which("redis-server")
        need(redis, "redis-server is not installed")
        port = free_port()
        process = self.serve(port, redis, "--port", port, "--bind", "127.0.0.1", "--dir", self.folder, "--save", "",
                             "--appendonly", "yes")

        def ask(line):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(line + b"\r\n")
                return connection.recv(1024)

        self.assertEqual(ask(b"SET name value"), b"+OK\r\n")
        self.assertEqual(ask(b"GET name"), b"$5\r\nvalue\r\n")
        self.assertTrue(ask(b"BGREWRITEAOF").startswith(b"+"))  # forks
        self.assertTrue(self.confined(process))
        self.stop(process)


if __name__ == "__main__":
    unittest.main(verbosity=2)
