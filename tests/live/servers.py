"""Servers, as they are started for a test on loopback, and what clients put them to.

Each function takes a folder that everyone may read, and gives a Server. `load` is one short exchange: it raises OSError
(or http.client.HTTPException) while the server is not up. `use` is all that we know to ask of it.

SPDX-License-Identifier: Apache-2.0
"""

import dataclasses
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60


@dataclasses.dataclass
class Server:
    words: list[str]
    load: Callable[[], None]
    use: Callable[[int], None]  # the pid of its first process
    waits: bool = True  # the first process accepts connections, too
    stop: signal.Signals = signal.SIGTERM
    port: int = 0


def wait_until(what: str, true: Callable[[], bool]):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if true():
                return
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


def below(pid: int) -> list[int]:
    """All processes below `pid`."""
    out = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            out += [int(child), *below(int(child))]
    return out


def first_below(pid: int, tools: tuple[str, ...]) -> int:
    """The process that a chain of tools (strace, callgate) has started and executed."""
    found: list[int] = []

    def there() -> bool:
        for process in below(pid):
            if os.path.basename(os.readlink(f"/proc/{process}/exe")) not in tools:
                found.append(process)
                return True
        return False
    wait_until("the server's process", there)
    return found[0]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(port: int, text: bytes, enough: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(text)
        got = b""
        while enough not in got:
            part = link.recv(65536)
            if not part:
                raise OSError(f"no {enough!r} in {got!r}")
            got += part


def answer(port: int, text: str) -> bytes:
    """The answer to a text, until the server has nothing more to say; empty if nobody listens."""
    out = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
            link.sendall(text.encode())
            link.settimeout(2)
            while part := link.recv(65536):
                out += part
    except OSError:
        pass
    return out


def get(port: int, path: str = "/") -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    link.request("GET", path)
    reply = link.getresponse()
    reply.read()
    link.close()
    if reply.status != 200:
        raise OSError(f"status {reply.status}")


def often(load: Callable[[], None]) -> Callable[[int], None]:
    def use(_pid: int):
        for _ in range(50):
            load()
    return use


NGINX = """
daemon off; user root; master_process on; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}; root {folder}; sendfile on; gzip on; gzip_min_length 1; gzip_types text/plain;
    location = / {{ return 200 'well'; }}
    location /proxy/ {{ proxy_pass http://127.0.0.1:{port}/; }}
    location /list/ {{ alias {folder}/tree/; autoindex on; }}
    location /put/ {{ client_max_body_size 1m; proxy_pass http://127.0.0.1:{port}/; proxy_request_buffering on; }}
  }}
}}
"""


def nginx(folder: Path) -> Server:
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))

    def load():
        get(port)

    def use(pid: int):
        for path in ("/big.txt", "/proxy/a.txt", "/list/", "/absent", "/%ff"):
            answer(port, f"GET {path} HTTP/1.0\r\nAccept-Encoding: gzip\r\nRange: bytes=2-9\r\n\r\n")
        body = "x" * 100000
        answer(port, f"POST /put/a.txt HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        for number in (signal.SIGHUP, signal.SIGUSR1):
            os.kill(pid, number)
            wait_until("nginx again", lambda: load() is None)

    words = ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log"), "-p", str(folder)]
    return Server(words, load, use, waits=False, stop=signal.SIGQUIT, port=port)


def redis(folder: Path) -> Server:
    port = free_port()

    def saved() -> bool:
        return b"rdb_bgsave_in_progress:0" in answer(port, "INFO persistence\r\nQUIT\r\n")

    def use(_pid: int):
        answer(port, "SET a b\r\nGET a\r\nLPUSH l 1 2 3\r\nEXPIRE a 1\r\nEVAL \"return redis.call('get','a')\" 0\r\nQUIT\r\n")
        for command in ("BGSAVE", "BGREWRITEAOF", "CONFIG SET maxmemory 10mb", "SLOWLOG GET", "DEBUG SLEEP 0", "FLUSHALL ASYNC"):
            answer(port, f"{command}\r\nQUIT\r\n")
        wait_until("saved", saved)

    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
             "--io-threads", "2"]
    return Server(words, lambda: ask(port, b"SET n 1\r\nINCR n\r\n", b":2\r\n"), use, port=port)


def memcached(_folder: Path) -> Server:
    port = free_port()
    words = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "root", "-t", "4"]

    def load():
        ask(port, b"set a 0 0 1\r\nx\r\nget a\r\n", b"VALUE a 0 1")

    def use(_pid: int):
        for _ in range(50):
            load()
        answer(port, "stats\r\nstats slabs\r\nincr a 1\r\nflush_all\r\nversion\r\nquit\r\n")
    return Server(words, load, use, port=port)


def haproxy(folder: Path) -> Server:
    port, behind = free_port(), free_port()
    (folder / "haproxy.cfg").write_text(
        "global\n  nbthread 2\ndefaults\n  mode http\n  timeout client 20s\n  timeout server 20s\n  timeout connect 5s\n"
        f"frontend f\n  bind 127.0.0.1:{port}\n  use_backend b if {{ path_beg /b }}\n  http-request return status 200\n"
        f"backend b\n  server s 127.0.0.1:{behind}\n")

    def use(_pid: int):
        for _ in range(50):
            get(port)
        answer(port, "GET /b HTTP/1.0\r\n\r\n")
    return Server(["haproxy", "-W", "-db", "-f", str(folder / "haproxy.cfg")], lambda: get(port), use, port=port)


def python(_folder: Path) -> Server:
    port = free_port()
    words = ["/usr/bin/python3", "-c", "import http.server as h, signal, sys\n"
             "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
             "class A(h.BaseHTTPRequestHandler):\n"
             "  protocol_version = 'HTTP/1.1'\n"
             "  def log_message(self, *_): pass\n"
             "  def do_GET(self):\n"
             "    self.send_response(200); self.send_header('Content-Length', '4'); self.end_headers(); self.wfile.write(b'well')\n"
             f"h.ThreadingHTTPServer(('127.0.0.1', {port}), A).serve_forever()"]
    return Server(words, lambda: get(port), often(lambda: get(port)), port=port)


def node(_folder: Path) -> Server:
    port = free_port()
    code = ("process.on('SIGTERM', () => process.exit(0)); const fs = require('fs'); require('http').createServer((q, a) => a.end('well'))"
            f".listen({port}, '127.0.0.1', () => fs.existsSync('/callgate:next'))")
    return Server(["/usr/bin/node", "-e", code], lambda: get(port), often(lambda: get(port)), port=port)


def postgres(folder: Path) -> Server:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    home, port = folder / "data", free_port()
    home.mkdir()
    shutil.chown(home, "postgres", "postgres")
    as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
    subprocess.run([*as_postgres, binaries / "initdb", "-D", home, "-A", "trust", "--no-sync"], check=True,
                   capture_output=True, cwd="/")

    def sql(text: str) -> str:
        done = subprocess.run([*as_postgres, "psql", "-h", "127.0.0.1", "-p", str(port), "-qAtc", text, "postgres"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False, cwd="/")
        if done.returncode != 0:
            raise OSError(done.stderr)
        return done.stdout.strip()

    def load():
        if sql("create temp table t as select generate_series(1, 100) n; select sum(n) from t") != "5050":
            raise OSError("a wrong sum")

    def use(_pid: int):
        load()
        for text in ("create table u as select generate_series(1, 20000) n", "create index on u (n)", "checkpoint",
                     "vacuum analyze u"):
            sql(text)
        sql("set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0;"
            "set min_parallel_table_scan_size = 0; select count(*) from u where n % 7 = 0")
        sql("set work_mem = '64kB'; select count(*) from (select n from u order by n % 100, n desc) x; drop table u")

    words = [*as_postgres, str(binaries / "postgres"), "-D", str(home), "-p", str(port), "-h", "127.0.0.1",
             "-c", "unix_socket_directories=", "-c", "fsync=off"]
    return Server(words, load, use, port=port)


ALL = {each.__name__: each for each in (nginx, redis, memcached, haproxy, python, node, postgres)}
