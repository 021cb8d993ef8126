#!/usr/bin/env python3
"""Runs programs with real work under strace and holds what they do against what `callgate scan` says that they can.

Every call that strace sees must be in the scan of the program that made it: one that is not is a false negative, and
fails the test. Programs that the work starts count too, each by its own scan. With --table the counts are printed.

--bulk N runs N programs of /usr/bin and /usr/sbin instead, chosen by --seed, as nobody and without a network, with the
arguments that anybody tries first. Other options (--assume NAME) go to the scan.

usage: test_scan.py CALLGATE [--table] [--bulk N [--seed N]] [--assume NAME]... [WORD...]   (WORD: only work that has it)
SPDX-License-Identifier: Apache-2.0
"""

import argparse
import collections
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PARSER = argparse.ArgumentParser(usage=__doc__)
PARSER.add_argument("callgate", type=Path)
PARSER.add_argument("--table", action="store_true")
PARSER.add_argument("--bulk", type=int, default=0)
PARSER.add_argument("--seed", type=int, default=1)
PARSER.add_argument("--assume", action="append", default=["nss-config"])
PARSER.add_argument("words", nargs="*", default=[])
GIVEN = PARSER.parse_intermixed_args()
CALLGATE = GIVEN.callgate.resolve()

# Shell lines, run in a scratch directory with some files.
WORK = """
true
ls -laR . /etc/alternatives
ls --color=always -Z
cat a.txt b.txt
cp -a tree copy
mv copy moved
rm -r moved
mkdir -p x/y/z
ln -s a.txt link
touch -d yesterday a.txt
stat a.txt
df
du -a tree
sort -u a.txt
sort -S 1M --parallel=2 big.txt
uniq -c a.txt
wc big.txt
head -c 1000 big.txt
tail -n 3 big.txt
tee out1 out2 < a.txt
sha256sum big.txt
md5sum big.txt
base64 big.txt
dd if=big.txt of=dd.out bs=4k conv=fsync
split -n 4 big.txt
shuf a.txt
date
sleep 0.05
timeout 1 sleep 0.02
nice -n 3 true
id -u
whoami
env
printenv PATH
uname -a
hostname
nproc
tty
find . -type f -newer a.txt
find tree -exec stat {} +
grep -r line .
sed -i s/line/LINE/ a.txt
awk '{n += length($0)} END {print n; system("true")}' big.txt
tar czf t.tgz tree && tar xzf t.tgz
gzip -k big.txt && gzip -d -f big.txt.gz
xz -T2 -k big.txt
bzip2 -k a.txt
diff -r tree tree
cmp a.txt a.txt
bash -c 'x=$(ls | wc -l); for i in 1 2 3; do echo $i $x; done; (exit 3) | cat; wait'
sh -c 'read x < a.txt; echo $x; ulimit -n; umask 022; trap "echo t" TERM; kill -TERM $$'
git init -q repo && cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && git log -p
openssl rand -hex 8
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=a -days 1
openssl enc -aes-256-cbc -pbkdf2 -k x -in big.txt -out big.enc
curl -s file:///etc/hostname
curl -s http://127.0.0.1:9/
perl -e 'open F, "<a.txt"; print sort <F>; print `true`; sleep 0; socket(S, 2, 1, 0)'
python3 -c 'import json, os, socket, threading; t = threading.Thread(target=print); t.start(); t.join(); print(os.listdir("."))'
python3 -c 'import subprocess; subprocess.run(["true"]); import tempfile; tempfile.TemporaryFile().write(b"x")'
ps aux
getent passwd root
dpkg -l bash
apt-cache policy bash
file a.txt /bin/true
make -n -f /dev/null
gcc -x c -c /dev/null -o null.o
objdump -d /bin/true
readelf -a /bin/true
strings /bin/true
busybox ls -l
mktemp
ip addr
redis-cli -p 9 ping
docker --help
runc --version
runc list
"""


AS_NOBODY = ["unshare", "--net", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc", "timeout", "-k", "1", "6",
             "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
ARGUMENTS = ["--version", "--help", "a.txt"]


def bulk() -> list[str]:
    """Shell lines for some programs of this machine."""
    programs = [p for d in ("/usr/bin", "/usr/sbin") for p in sorted(Path(d).iterdir())
                if not p.is_symlink() and p.is_file() and program_of(str(p)) and p.stat().st_size < 3 << 20]
    random.Random(GIVEN.seed).shuffle(programs)
    return [f"{p} {a}" for p in programs[:GIVEN.bulk] for a in ARGUMENTS]


def program_of(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return os.path.realpath(path) if file.read(4) == b"\x7fELF" else None
    except OSError:
        return None


def observed(line: str, folder: Path) -> dict[str, set[str]]:
    """program → calls, from a run of the line."""
    log = folder / "strace.log"
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"}
    prefix = AS_NOBODY if GIVEN.bulk else []
    shell = [*prefix, "strace", "-f", "-qq", "-y", "-s", "400", "-e", "signal=none", "-o", str(log), "sh", "-c", "exec " + line
             if re.fullmatch(r"[^|&;'\"$`]*", line) else line]
    subprocess.run(shell, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=120, check=False)
    return read_log(log, folder)


def read_log(log: Path, folder: Path) -> dict[str, set[str]]:
    calls: dict[str, set[str]] = collections.defaultdict(set)
    if not log.exists():
        return calls
    image: dict[str, str | None] = {}
    pending: dict[str, str | None] = {}
    parent_of_next: list[str] = []
    for raw in log.read_text(errors="replace").splitlines():
        match = re.match(r"(\d+) +(?:<\.\.\. )?(\w+)(\(| resumed)(.*)", raw)
        if not match:
            continue
        pid, call, form, rest = match.groups()
        if pid not in image:
            # A new process runs what its parent runs: the last one that cloned.
            image[pid] = image.get(parent_of_next[-1]) if parent_of_next else None
        if image[pid] and form == "(":
            calls[image[pid]].add(call)
        if call in ("clone", "clone3", "vfork", "fork"):
            parent_of_next.append(pid)
        if call == "execve":
            if path := re.match(r'"([^"]*)"', rest):
                pending[pid] = program_of(os.path.join(folder, path[1]))
            if rest.endswith("= 0"):
                image[pid] = pending.get(pid)
    log.unlink()
    return calls


NGINX = """
daemon on; master_process on; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log info;
events {{ worker_connections 64; }}
http {{
  access_log {folder}/access.log; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}; root {folder}; sendfile on; gzip on; gzip_min_length 1; gzip_types text/plain;
    location /proxy/ {{ proxy_pass http://127.0.0.1:{port}/; }}
    location /list/ {{ alias {folder}/tree/; autoindex on; }}
    location /put/ {{ client_max_body_size 1m; proxy_pass http://127.0.0.1:{port}/; proxy_request_buffering on; }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, seconds: float = 30):
    """Until what() is true."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            sys.exit(f"{what.__name__} did not come true within {seconds} s")
        time.sleep(0.05)


def ask(port: int, text: str) -> bytes:
    """The answer to a text sent to a port; empty if nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as s:
            s.sendall(text.encode())
            s.settimeout(2)
            out = b""
            while part := s.recv(65536):
                out += part
            return out
    except TimeoutError:
        return out
    except OSError:
        return b""


def nginx(folder: Path, port: int):
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    folder.chmod(0o755)

    def answers() -> bool:
        return b"200 OK" in ask(port, "GET /a.txt HTTP/1.0\r\n\r\n")

    def use():
        wait_for(answers)
        for path in ("/big.txt", "/proxy/a.txt", "/list/", "/absent", "/%ff"):
            ask(port, f"GET {path} HTTP/1.0\r\nAccept-Encoding: gzip\r\nRange: bytes=2-9\r\n\r\n")
        body = "x" * 100000
        ask(port, f"POST /put/a.txt HTTP/1.0\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        master = int((folder / "nginx.pid").read_text())
        for number in (signal.SIGHUP, signal.SIGUSR1):
            os.kill(master, number)
            wait_for(answers)
        os.kill(master, signal.SIGQUIT)

    return ["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")], use


def redis(folder: Path, port: int):
    def answers() -> bool:
        return b"PONG" in ask(port, "PING\r\nQUIT\r\n")

    def saved() -> bool:
        return b"rdb_bgsave_in_progress:0" in ask(port, "INFO persistence\r\nQUIT\r\n")

    def use():
        wait_for(answers)
        ask(port, "SET a b\r\nGET a\r\nLPUSH l 1 2 3\r\nEXPIRE a 1\r\nEVAL \"return redis.call('get','a')\" 0\r\nQUIT\r\n")
        for command in ("BGSAVE", "BGREWRITEAOF", "CONFIG SET maxmemory 10mb", "SLOWLOG GET", "DEBUG SLEEP 0", "FLUSHALL ASYNC"):
            ask(port, f"{command}\r\nQUIT\r\n")
        wait_for(saved)
        ask(port, "SHUTDOWN SAVE\r\n")

    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--appendonly", "yes",
            "--io-threads", "2"], use


def served(server) -> dict[str, set[str]]:
    """What a server does while it is used."""
    with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
        folder, port = Path(scratch), free_port()
        provide(folder)
        command, use = server(folder, port)
        log = folder / "strace.log"
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "signal=none", "-o", str(log), *command], cwd=folder,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            use()
            tracer.wait(timeout=60)  # ends with the last of its processes
        finally:
            if tracer.poll() is None:
                tracer.terminate()
        return read_log(log, folder)


def provide(folder: Path):
    (folder / "a.txt").write_text("line one\nline two\nline two\n")
    (folder / "b.txt").write_text("other\n")
    (folder / "big.txt").write_text("".join(f"line {i * 7919 % 10007}\n" for i in range(30000)))
    (folder / "tree" / "sub").mkdir(parents=True)
    (folder / "tree" / "sub" / "f").write_text("x")


def scan(program: str) -> dict:
    run = subprocess.run([CALLGATE, "scan", program, "--format", "json", *(f"--assume={a}" for a in GIVEN.assume)],
                         capture_output=True, timeout=120, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"callgate scan {program}: exit status {run.returncode}: {run.stderr.decode()}")
    return json.loads(run.stdout)["programs"][0]


def main() -> int:
    if not shutil.which("strace"):
        print("SKIP: strace is not installed")
        return 77
    seen: dict[str, set[str]] = collections.defaultdict(set)
    for line in bulk() if GIVEN.bulk else WORK.strip().splitlines():
        if GIVEN.words and not any(word in line for word in GIVEN.words):
            continue
        with tempfile.TemporaryDirectory(prefix="callgate-scan.") as scratch:
            provide(Path(scratch))
            if GIVEN.bulk:
                subprocess.run(["chown", "-R", "65534:65534", scratch], check=True)
            for program, calls in observed(line, Path(scratch)).items():
                seen[program] |= calls
    for server in () if GIVEN.bulk else (nginx, redis):
        if GIVEN.words and server.__name__ not in GIVEN.words:
            continue
        for program, calls in served(server).items():
            seen[program] |= calls
    failed = 0
    for program, calls in sorted(seen.items()):
        answer = scan(program)
        can = {call["name"] for call in answer["calls"]}
        missed = sorted(calls - can)
        if missed:
            failed += 1
            why = [u["kind"] for u in answer["unresolved"]]
            print(f"{program} makes calls that the scan does not have: {' '.join(missed)} ({answer['status']}: {why})")
        if GIVEN.table:
            print(f"{program:40} observed {len(calls):3} scan {len(can):3} {answer['status']}")
    print(f"{len(seen)} programs, {sum(len(c) for c in seen.values())} calls observed, {failed} with false negatives")
    return 1 if failed or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
