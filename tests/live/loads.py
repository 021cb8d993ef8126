"""What servers are put to by load generators and by the test tools of their own packages. Each takes the port of a server
(servers.py) that serves, and raises AssertionError if anything went wrong.

SPDX-License-Identifier: Apache-2.0
"""

import re
import shutil
import subprocess
from collections.abc import Callable

PATIENCE = 120
SECONDS = 1  # of each kind of load
TOOLS = {"nginx": ["wrk"], "redis": ["redis-benchmark"], "memcached": ["memcslap", "memccapable"], "haproxy": ["wrk"],
         "python": ["wrk"], "node": ["wrk"], "postgres": ["pgbench"]}


def missing() -> list[str]:
    """Tools that are not installed."""
    return sorted({tool for tools in TOOLS.values() for tool in tools if not shutil.which(tool)})


def tool(*words) -> str:
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False, cwd="/")
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def expect(said: str, pattern: str, wanted: bool = True):
    if bool(re.search(pattern, said, re.MULTILINE)) != wanted:
        raise AssertionError(f"{'no' if wanted else 'there is'} '{pattern}' in:\n{said[-3000:]}")


def wrk(port: int, *paths: str):
    for path in paths:
        said = tool("wrk", "-t", 2, "-c", 16, "-d", f"{SECONDS}s", f"http://127.0.0.1:{port}{path}")
        expect(said, r"^ *[1-9]\d* requests in")
        expect(said, r"Non-2xx|Socket errors", False)


def redis(port: int):
    tests = "ping,set,get,incr,lpush,rpush,lpop,rpop,sadd,hset,spop,zadd,zpopmin,lrange_100,mset"
    said = tool("redis-benchmark", "-p", port, "-t", tests, "-n", 1000 * SECONDS, "-c", 16, "-P", 2, "-q")
    expect(said, r"^MSET .*requests per second")
    expect(said, r"^Error", False)


def memcached(port: int):
    tool("memcslap", f"--servers=127.0.0.1:{port}", "--concurrency=8", f"--execute-number={1000 * SECONDS}")
    said = tool("memccapable", "-h", "127.0.0.1", "-p", port)
    expect(said, r"All tests passed")


def postgres(port: int):
    bench = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", "pgbench", "-h", "127.0.0.1",
             "-p", port]
    tool(*bench, "-i", "-q", "postgres")
    said = tool(*bench, "-c", 4, "-j", 2, "-T", SECONDS, "postgres")
    expect(said, r"^number of failed transactions: 0 ")
    expect(said, r"^tps = [1-9]")


def put_to(name: str) -> Callable[[int], None]:
    own = {"redis": redis, "memcached": memcached, "postgres": postgres}
    paths = {"nginx": ("/", "/a.txt", "/big.txt")}.get(name, ("/",))
    return own.get(name, lambda port: wrk(port, *paths))
