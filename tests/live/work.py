"""What programs are put to when somebody watches which calls they make: real work, in a scratch directory (provide).

SPDX-License-Identifier: Apache-2.0
"""

import re
from pathlib import Path

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

# More of it, for what costs little a line.
MORE_WORK = """
join a.txt a.txt
cut -c 1-3 big.txt
tr a-z A-Z < big.txt
paste a.txt b.txt
comm a.txt b.txt
fold -w 5 a.txt
nl a.txt
od -c a.txt
expand a.txt
tac big.txt
rev a.txt
xxd a.txt
seq 1 1000
factor 1234567891011
echo '2 ^ 100' | bc
sqlite3 t.db 'create table t (n); insert into t values (1); select sum(n) from t;'
diff -u a.txt b.txt > p; patch a.txt p
ar cr t.a a.txt && ar t t.a
echo 'int x;' | gcc -x c - -c -o x.o && nm x.o && size x.o && strip x.o
echo .text | as -o y.o - && ld -r -o z.o y.o
echo _ZN1aC1Ev | c++filt
zstd -q -T2 big.txt -o big.zst && zstd -q -d big.zst -o back
zip -q t.zip a.txt big.txt && unzip -l t.zip
ss -tln
truncate -s 1M sparse
mkfifo pipe && (cat pipe & echo x > pipe; wait)
chmod 600 a.txt && chown 0:0 a.txt
install -m 644 a.txt there
ionice -c 3 true
chrt -o 0 true
taskset -c 0 true
prlimit --nofile=100 true
script -qc 'ls' typescript
setarch -R true
lscpu
lsblk
findmnt -n
flock a.txt true
setsid -w true
unshare --mount true
cmake --version
m4 /dev/null || true
gdb -batch -ex 'p 1' /bin/true
ldd /bin/ls
iconv -f UTF-8 -t UTF-16 a.txt
getconf ARG_MAX
locale
dpkg-deb --help
ssh -V
ssh-keygen -q -t ed25519 -N '' -f key
node -e 'require("fs").readdirSync("."); setTimeout(() => {}, 10); new (require("worker_threads").Worker)("0", {eval: true})'
node -e 'require("crypto").pbkdf2("a", "b", 1000, 16, "sha1", () => {}); require("child_process").execSync("true")'
xargs -a a.txt -P 2 -n 1 echo
pr a.txt
csplit -s a.txt 2
numfmt --to=iec 123456
stdbuf -oL cat a.txt
readlink -f .
b2sum -l 256 big.txt
cksum big.txt
column -t a.txt
hexdump -C a.txt
look line a.txt
ipcs -a
fallocate -l 64k space
pgrep -x init
uptime
free
vmstat
w
pmap $$
fuser a.txt || true
ed -s a.txt < /dev/null
tclsh /dev/null
perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); if (!fork) { print B "x"; exit } close B; print <A>; wait'
python3 -c 'import asyncio; asyncio.run(asyncio.create_subprocess_exec("true"))'
python3 -c 'import multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, -2])); p.close(); p.join()'
python3 -c 'import sqlite3, ssl, mmap, select, signal; signal.setitimer(signal.ITIMER_REAL, 5); select.epoll().poll(0.01)'
busybox sh -c 'busybox find tree -type f | busybox xargs busybox md5sum'
bash -c 'coproc cat; echo x >&${COPROC[1]}; read -t 1 y <&${COPROC[0]}; echo <(true); ulimit -c 0; exec 3<a.txt; read -u 3 z'
crun --version
podman --version
iptables --version
redis-benchmark --help
nginx -v
haproxy -v
memcached -V
psql --version
pg_dump --version
man --version
"""


def shell_words(line: str) -> list[str]:
    """How a line is run: without a shell of its own where it needs none."""
    return ["sh", "-c", "exec " + line if re.fullmatch(r"[^|&;'\"$`]*", line) else line]


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"}


def provide(folder: Path):
    (folder / "a.txt").write_text("line one\nline two\nline two\n")
    (folder / "b.txt").write_text("other\n")
    (folder / "big.txt").write_text("".join(f"line {i * 7919 % 10007}\n" for i in range(30000)))
    (folder / "tree" / "sub").mkdir(parents=True)
    (folder / "tree" / "sub" / "f").write_text("x")
