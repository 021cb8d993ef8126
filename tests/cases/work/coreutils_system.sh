# Coreutils: the system.
#
# packages: coreutils
# SPDX-License-Identifier: Apache-2.0

## 1
arch
nproc --all
nproc --ignore=1
hostid
uname -a
uname -m -r
logname || true
tty || true
uptime
users
who -a
who -r
who am i
pinky
pinky -l root
id
id -Gn root
id -u nobody
groups
groups root nobody
whoami
date -u +%s
date -d '2020-01-01 +3 days' +%A
date -r a.txt -R
date --iso-8601=ns
TZ=Asia/Tokyo date
date -f a.txt 2>/dev/null || true
env -i A=1 env
env -u HOME -S 'printenv PATH'
env --block-signal=INT --default-signal=TERM true
env -C tree ls
printenv HOME USER || true
nice
nice -n 5 nice
nohup true
nohup sh -c 'echo out' >nohup.txt
sleep 0.1 0.01
timeout -s INT 0.1 sleep 5 || true
timeout -k 0.1 0.1 sh -c 'trap "" TERM; sleep 1; sleep 1' || true
timeout --foreground 1 true
stdbuf -o0 -i0 -e0 cat a.txt
stdbuf -oL tail -n 1 big.txt
stty -a </dev/tty || true
script -qec 'stty -a; stty raw; stty sane; stty size; stty speed; tty' /dev/null </dev/null || true

## 2
(
  kill -l
  env kill -0 $$
  env kill -l TERM
  sleep 5 &
  env kill -USR1 $!
  wait
) || true
