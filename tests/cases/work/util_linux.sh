# Util-linux.
#
# packages: util-linux util-linux-extra bsdextrautils bsdutils fdisk mount eject
# SPDX-License-Identifier: Apache-2.0

## 1
lscpu
lscpu -J -e
lsmem -J || true
lsblk -o NAME,SIZE || true
lsns -J
lslocks -J
lsirq >/dev/null
lsfd -p $$ >/dev/null
lsipc -g
lslogins -u
lslogins root
findmnt -J /
findmnt -s
findmnt --verify || true
fincore big.txt
column -t a.txt
column -J -n x -N a,b a.txt
column -s: -o' ' -t /etc/passwd | tail -n 1
col -b <big.txt | tail -n 1
colcrt a.txt
colrm 2 4 <a.txt
hexdump -C a.txt
hexdump -e '4/1 "%02x"' a.txt
hd a.txt
look line a.txt
rev a.txt
ul -t dumb a.txt
line <a.txt || true
write root </dev/null || true
logger --no-act -s -t x text
echo text | logger --no-act -s -i -p user.info
wall --version
mesg || true
script -q -O ts -T timing -c 'echo hi; ls'
script -q --log-io io -T t2 -c 'cat a.txt' </dev/null
scriptreplay -T timing -O ts -m 0.01 || true
scriptlive -T t2 -I io </dev/null || true
renice -n 3 -p $$
renice -n 0 -u nobody

## 2
namei -l tree/sub/f
whereis ls gcc
mcookie
mcookie -f a.txt
getopt -o ab:c -l long,arg: -- -a -b x --long y
rename.ul txt text b.txt
rename.ul -v text txt b.text
hardlink -n tree
cp a.txt dup
hardlink -v .
fallocate -l 1M f1
fallocate -p -o 0 -l 64k f1
fallocate -d f1
fallocate -z -l 4096 f1 || true
flock a.txt true
flock -n -s 9 9>lock
flock -w 1 -c true lock
flock -o -u 9 9<lock || true
taskset -p $$
taskset -c 0 true
taskset -cp 0-1 $$ || true
chrt -p $$
chrt -f 1 true
chrt -b 0 true
chrt -m
ionice -p $$
ionice -c 2 -n 7 true
prlimit --nofile --pid $$
prlimit --core=0 --nproc=1000:2000 true
uclampset -p $$ || true
setarch x86_64 -R true
setarch --list | head -n 1
linux64 true
setpriv --dump
setpriv --reuid 65534 --clear-groups --no-new-privs id
setpriv --inh-caps=-all --bounding-set=-all true
setpriv --landlock-access fs true 2>/dev/null || true
setsid -w -f true
setsid -c true </dev/null || true
choom -n 100 -- true
choom -p $$

## 3
ipcmk -M 4096 -S 2 -Q >ipc.out
ipcs -a
ipcs -m -t
ipcs -l
ipcs -u
ipcrm --all=shm
unshare -Umr --fork --pid --mount-proc id
unshare -n -u -i -C true
unshare --time --boottime 100 true || true
unshare -m --propagation private mount -t tmpfs none tree
nsenter -t 1 -m -u true || true
nsenter -t $$ -a true || true
truncate -s 64M disk
printf 'g\nn\n\n\n+8M\nn\n\n\n\np\nw\n' | fdisk disk
fdisk -l disk
sfdisk -d disk >dump
sfdisk --delete disk 2
printf 'label: dos\n,4M,L\n,,S\n' | sfdisk disk
sfdisk -J disk
sfdisk -V disk
cfdisk --version
partx -s disk
partx -l disk || true
wipefs disk
wipefs -a -n disk
addpart disk 1 0 100 || true
delpart disk 9 || true
resizepart disk 1 100 || true
truncate -s 4M swap
chmod 600 swap
mkswap -L s swap
swaplabel swap
swaplabel -L t swap
swapon --show
mkfs.minix min 2048 >/dev/null 2>&1 || {
  truncate -s 2M min
  mkfs.minix min
}
fsck.minix -f min </dev/null || true
mkfs.cramfs tree cram
fsck.cramfs cram
truncate -s 2M bfs
mkfs.bfs bfs
blkid -p disk swap min || true
blkid -o export -p swap
findfs LABEL=none || true
isosize cram || true
blockdev --getsize64 disk || true

## 4
losetup -l
losetup -f || true
mount
mount -t tmpfs -o size=1m none tree && mount -o remount,ro tree && umount tree
mount --bind /etc tree && umount -l tree
mountpoint /
mountpoint -d . || true
fsfreeze -f nothing || true
fstrim -n / || true
blkdiscard disk || true
zramctl || true
eject -n || true
last -n 3 || true
lastb -n 1 || true
utmpdump /var/run/utmp 2>/dev/null || true
utmpdump -r </dev/null
dmesg >/dev/null || true
dmesg -T -l err -J >/dev/null || true
hwclock -r 2>/dev/null || true
rtcwake -m show || true
ldattach --version
readprofile -v || true
chmem --version
setterm --blank force >/dev/null 2>&1 || true
TERM=xterm setterm --cursor on
agetty --version
sulogin --version
nologin || true
pivot_root . . 2>/dev/null || true
switch_root --version
tunelp --version 2>/dev/null || true
raw -qa 2>/dev/null || true
rev big.txt | tail -n 1
fsck -N disk || true
runuser -u nobody -- id
runuser - nobody -s /bin/sh -c id
su nobody -s /bin/sh -c 'id -u'
su -c true
