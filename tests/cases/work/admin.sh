# Who may use a machine, what runs on it.
#
# packages: passwd login procps psmisc lsof iproute2 iptables net-tools kmod keyutils acl attr libcap2-bin
#   libcap-ng-utils numactl systemd dbus dbus-bin dbus-daemon libglib2.0-bin polkitd strace ltrace gdb valgrind
#   linux-perf heaptrack time tini firejail bubblewrap util-linux at logrotate sysstat ethtool bridge-utils
#   conntrack nftables ipset hdparm smartmontools pciutils usbutils dmidecode lshw stress-ng sysbench fio htop
#   schedtool cpulimit dtach entr inotify-tools apparmor libseccomp-dev smem hwloc-nox cpuid msr-tools
# SPDX-License-Identifier: Apache-2.0

## 1
cp -a /etc etc
mount --bind etc /etc >/dev/null 2>&1 || true
timeout 5 useradd -m -d "$PWD/hm" zz >/dev/null 2>&1 || true
timeout 5 usermod -aG users -s /bin/sh zz >/dev/null 2>&1 || true
(echo zz:secret | chpasswd) >/dev/null 2>&1 || true
timeout 5 passwd -S zz >/dev/null 2>&1 || true
timeout 5 passwd -l zz >/dev/null 2>&1 || true
timeout 5 chage -l zz >/dev/null 2>&1 || true
timeout 5 chage -M 90 zz >/dev/null 2>&1 || true
timeout 5 chsh -s /bin/bash zz >/dev/null 2>&1 || true
timeout 5 chfn -f Name zz >/dev/null 2>&1 || true
timeout 5 groupadd gg >/dev/null 2>&1 || true
timeout 5 groupmod -n g2 gg >/dev/null 2>&1 || true
timeout 5 gpasswd -a zz g2 >/dev/null 2>&1 || true
timeout 5 gpasswd -d zz g2 >/dev/null 2>&1 || true
timeout 5 groupmems -g users -l >/dev/null 2>&1 || true
(echo g2:pw | chgpasswd) >/dev/null 2>&1 || true
(timeout 5 newusers <(echo "n1:pw:::x:/tmp:/bin/sh")) >/dev/null 2>&1 || true
timeout 5 pwck -r >/dev/null 2>&1 || true
timeout 5 grpck -r >/dev/null 2>&1 || true
timeout 5 pwunconv >/dev/null 2>&1 || true
timeout 5 pwconv >/dev/null 2>&1 || true
timeout 5 grpunconv >/dev/null 2>&1 || true
timeout 5 grpconv >/dev/null 2>&1 || true
timeout 5 vipw --version >/dev/null 2>&1 || true
timeout 5 expiry -c >/dev/null 2>&1 || true
timeout 5 faillog -a >/dev/null 2>&1 || true
timeout 5 lastlog -u zz >/dev/null 2>&1 || true
(timeout 5 newgrp users <<< id) >/dev/null 2>&1 || true
timeout 5 groupdel g2 >/dev/null 2>&1 || true
timeout 5 userdel -r zz >/dev/null 2>&1 || true
timeout 5 update-passwd -n >/dev/null 2>&1 || true
timeout 5 getsubids root >/dev/null 2>&1 || true
timeout 5 cppw --help >/dev/null 2>&1 || true
timeout 5 faillock --user root >/dev/null 2>&1 || true
timeout 5 nologin >/dev/null 2>&1 || true
timeout 5 sg users id >/dev/null 2>&1 || true
timeout 5 id n1 >/dev/null 2>&1 || true
timeout 5 login -f n1 < /dev/null >/dev/null 2>&1 || true
timeout 5 su n1 -c id >/dev/null 2>&1 || true
timeout 5 newuidmap 1 0 0 1 >/dev/null 2>&1 || true
timeout 5 newgidmap 1 0 0 1 >/dev/null 2>&1 || true
timeout 5 pam_timestamp_check >/dev/null 2>&1 || true
timeout 5 unix_chkpwd x chkexpiry >/dev/null 2>&1 || true
timeout 5 pam_tally2 >/dev/null 2>&1 || true
timeout 5 pam-auth-update --help >/dev/null 2>&1 || true
timeout 5 shadowconfig on >/dev/null 2>&1 || true
timeout 5 vigr --version >/dev/null 2>&1 || true
timeout 5 add-shell /bin/x >/dev/null 2>&1 || true
timeout 5 remove-shell /bin/x >/dev/null 2>&1 || true
umount /etc
ps aux | tail -n 1
ps -eLf --forest | tail -n 1
ps -o pid,cgroup,wchan,ni,psr,lstart,label -p $$
top -b -n 1 | head -n 3
top -H -b -n 1 -p $$ >/dev/null
pgrep -fa bash | head -n 1
pidof bash
pidwait nosuch || true
pkill -0 -f nosuch || true
pmap -x $$ | tail -n 1
pwdx $$
free -h
vmstat 1 1
vmstat -d
vmstat -s
slabtop -o | head -n 2
w
uptime -p
tload --version
watch --version
TERM=xterm timeout 0.5 script -qc 'watch -n 0.1 date' /dev/null >/dev/null || true
sleep 9 &
skill -n $!
snice -n $! || true
kill $!
sysctl kernel.ostype
sysctl -a >/dev/null 2>&1
pstree -paul | tail -n 1
fuser -v . || true
killall -l
killall -0 nosuch || true
prtstat $$
peekfd -V 2>/dev/null || true
pslog $$ || true
lsof -p $$ | tail -n 1
lsof -i -nP >/dev/null || true
lsof +D tree || true
sleep 3 &
peekfd $! &
sleep 0.2
kill $! %1 || true
timeout 3 ip -d -j addr >/dev/null 2>&1 || true
timeout 3 ip route add 10.9.0.0/24 dev lo >/dev/null 2>&1 || true
timeout 3 ip route get 10.9.0.1 >/dev/null 2>&1 || true
timeout 3 ip rule >/dev/null 2>&1 || true
timeout 3 ip neigh >/dev/null 2>&1 || true
timeout 3 ip link add d0 type dummy >/dev/null 2>&1 || true
timeout 3 ip link add b0 type bridge >/dev/null 2>&1 || true
timeout 3 ip link set d0 master b0 >/dev/null 2>&1 || true
timeout 3 ip -s link >/dev/null 2>&1 || true
timeout 3 ip netns >/dev/null 2>&1 || true
ip monitor all >/dev/null 2>&1 &
sleep 0.1
kill $! || true
timeout 3 ip maddr >/dev/null 2>&1 || true
timeout 3 ip tunnel >/dev/null 2>&1 || true
timeout 3 ip xfrm state >/dev/null 2>&1 || true
timeout 3 ip tcp_metrics >/dev/null 2>&1 || true
timeout 3 ss -tuanpi >/dev/null 2>&1 || true
timeout 3 ss -s >/dev/null 2>&1 || true
timeout 3 ss -x >/dev/null 2>&1 || true
timeout 3 bridge link >/dev/null 2>&1 || true
timeout 3 bridge fdb >/dev/null 2>&1 || true
timeout 3 tc qdisc add dev lo root netem delay 1ms >/dev/null 2>&1 || true
timeout 3 tc -s qdisc >/dev/null 2>&1 || true
timeout 3 tc qdisc del dev lo root >/dev/null 2>&1 || true
timeout 3 tc filter show dev lo >/dev/null 2>&1 || true
timeout 3 ifconfig -a >/dev/null 2>&1 || true
timeout 3 ifconfig d0 10.8.0.1 up >/dev/null 2>&1 || true
timeout 3 route -n >/dev/null 2>&1 || true
timeout 3 netstat -tlnp >/dev/null 2>&1 || true
timeout 3 netstat -s >/dev/null 2>&1 || true
timeout 3 netstat -rn >/dev/null 2>&1 || true
timeout 3 arp -an >/dev/null 2>&1 || true
timeout 3 nameif 2> /dev/null >/dev/null 2>&1 || true
timeout 3 slattach -V >/dev/null 2>&1 || true
timeout 3 plipconfig -V >/dev/null 2>&1 || true
timeout 3 rarp -V >/dev/null 2>&1 || true
timeout 3 mii-tool lo >/dev/null 2>&1 || true
timeout 3 ipmaddr >/dev/null 2>&1 || true
timeout 3 iptunnel show >/dev/null 2>&1 || true
timeout 3 nstat -a >/dev/null 2>&1 || true
timeout 3 lnstat -c 1 >/dev/null 2>&1 || true
timeout 3 rtacct >/dev/null 2>&1 || true
rtmon file rt.log >/dev/null 2>&1 &
sleep 0.1
kill $! || true
timeout 3 ctstat -c 1 >/dev/null 2>&1 || true
timeout 3 genl ctrl list >/dev/null 2>&1 || true
timeout 3 devlink dev >/dev/null 2>&1 || true
timeout 3 rdma link >/dev/null 2>&1 || true
timeout 3 tipc node list >/dev/null 2>&1 || true
timeout 3 dcb >/dev/null 2>&1 || true
timeout 3 vdpa dev >/dev/null 2>&1 || true
timeout 3 arpd -l >/dev/null 2>&1 || true
timeout 3 ifstat >/dev/null 2>&1 || true
timeout 3 routel >/dev/null 2>&1 || true
timeout 3 iptables -L -n -v >/dev/null 2>&1 || true
timeout 3 iptables -A INPUT -p tcp --dport 9 -j DROP >/dev/null 2>&1 || true
timeout 3 iptables-save >/dev/null 2>&1 || true
(timeout 3 iptables-save | iptables-restore) >/dev/null 2>&1 || true
timeout 3 ip6tables -L -n >/dev/null 2>&1 || true
timeout 3 iptables-legacy -L -n >/dev/null 2>&1 || true
timeout 3 iptables-legacy-save >/dev/null 2>&1 || true
timeout 3 iptables-translate -A INPUT -j DROP >/dev/null 2>&1 || true
timeout 3 ebtables -L >/dev/null 2>&1 || true
timeout 3 arptables -L >/dev/null 2>&1 || true
timeout 3 nft list ruleset >/dev/null 2>&1 || true
timeout 3 nft add table ip t >/dev/null 2>&1 || true
timeout 3 nft -j list tables >/dev/null 2>&1 || true
nft monitor >/dev/null 2>&1 &
sleep 0.1
kill $! || true
timeout 3 ipset create s hash:ip >/dev/null 2>&1 || true
timeout 3 ipset add s 10.0.0.1 >/dev/null 2>&1 || true
timeout 3 ipset list >/dev/null 2>&1 || true
timeout 3 conntrack -L >/dev/null 2>&1 || true
timeout 3 conntrack -S >/dev/null 2>&1 || true
conntrack -E >/dev/null 2>&1 &
sleep 0.1
kill $! || true
timeout 3 ethtool lo >/dev/null 2>&1 || true
timeout 3 ethtool -i d0 >/dev/null 2>&1 || true
timeout 3 ethtool -S lo >/dev/null 2>&1 || true
timeout 3 ethtool -k lo >/dev/null 2>&1 || true
timeout 3 brctl addbr b1 >/dev/null 2>&1 || true
timeout 3 brctl show >/dev/null 2>&1 || true
timeout 3 nfnl_osf -h >/dev/null 2>&1 || true
xtables-monitor >/dev/null 2>&1 &
sleep 0.1
kill $! || true
timeout 3 nfct list conntrack >/dev/null 2>&1 || true
timeout 3 tcpdump -D >/dev/null 2>&1 || true

## 2
lsmod | head -n 2
modinfo ext4 >/dev/null 2>&1 || true
modprobe -n ext4 || true
depmod -n >/dev/null 2>&1 || true
kmod static-nodes || true
insmod nothing || true
rmmod nothing || true
keyctl session - keyctl show
keyctl add user a b @s
keyctl list @s
keyctl search @s user a || true
keyctl new_session
keyctl supports || true
request-key 2>/dev/null || true
key.dns_resolver -D x 2>/dev/null || true
setfacl -m u:nobody:r a.txt
getfacl -R tree
getfacl a.txt | setfacl --set-file=- b.txt
chacl -l a.txt
setfattr -n user.x -v y a.txt
getfattr -d -m - a.txt
attr -l a.txt
attr -s k -V v a.txt
capsh --print
capsh --drop=cap_net_raw -- -c true
cp /bin/true mytrue
setcap cap_net_raw+ep mytrue
getcap -r .
getpcaps $$
captest
filecap tree
netcap
pscap
captree $$ || true
numactl --hardware
numactl --show
numactl --interleave=all true || true
numastat
numademo -c 1M >/dev/null 2>&1 || true
memhog 1M
migratepages $$ 0 0 || true
migspeed 2>/dev/null || true
schedtool $$
schedtool -D -e true
lstopo-no-graphics --of console >/dev/null
hwloc-info
hwloc-bind core:0 -- true
hwloc-calc core:0
hwloc-ps
hwloc-distrib 2
hwloc-diff a b 2>/dev/null || true
hwloc-annotate 2>/dev/null || true
hwloc-gather-cpuid cpu 2>/dev/null || true
hwloc-patch 2>/dev/null || true
nvidia 2>/dev/null || true

## 3
systemd-path
systemd-id128 new
systemd-detect-virt || true
systemd-analyze calendar daily
systemd-analyze timespan 3s
systemd-analyze verify /lib/systemd/system/cron.service 2>/dev/null || true
systemd-analyze security --offline=1 /lib/systemd/system/cron.service 2>/dev/null || true
systemd-escape 'a b'
systemd-delta >/dev/null || true
systemd-cat true || true
systemctl list-unit-files >/dev/null || true
systemctl --root=. is-enabled x || true
journalctl -n 1 || true
journalctl --file nothing || true
systemd-tmpfiles --root=. --create --dry-run 2>/dev/null || true
echo 'd td 0755' >tf.conf
systemd-tmpfiles --create --root="$PWD" tf.conf || true
systemd-sysusers --root=. --dry-run /dev/null || true
systemd-hwdb query x || true
systemd-machine-id-setup --root=. || true
busctl list || true
loginctl || true
hostnamectl || true
localectl || true
timedatectl || true
systemd-run true || true
systemd-cgls >/dev/null || true
timeout 1 systemd-cgtop -b -n 1 >/dev/null || true
systemd-socket-activate --version
systemd-stdio-bridge </dev/null || true
systemd-notify --ready || true
systemd-mount --list || true
systemd-inhibit true || true
systemd-tty-ask-password-agent --list || true
systemd-ask-password --timeout=1 --no-tty x </dev/null || true
systemd-cryptenroll . || true
systemd-dissect x || true
systemd-firstboot --root=. --hostname=x || true
systemd-nspawn --version || true
systemd-repart --help >/dev/null || true
udevadm info -q all /dev/null || true
udevadm test-builtin path_id /class/mem/null || true
bootctl status || true
resolvectl || true
networkctl || true
coredumpctl || true

## 4
dbus-run-session -- bash -c 'dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames; timeout 0.5 dbus-monitor & sleep 0.2; gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.GetId; gdbus introspect --session -d org.freedesktop.DBus -o /; gapplication list-apps; gsettings list-schemas; busctl --user list; dbus-update-activation-environment A=1; gio monitor --help; dbus-cleanup-sockets; wait' >/dev/null 2>&1 || true
dbus-uuidgen
gio list .
gio info a.txt
gio cat a.txt
gio copy a.txt gc.txt
gio trash gc.txt || true
gio mime text/plain || true
gresource list /usr/lib/x86_64-linux-gnu/libgio-2.0.so.0 || true
gresource sections /bin/ls || true
glib-compile-schemas . || true
gio-querymodules . || true
pkaction || true
pkcheck -p $$ -a x || true
pkttyagent --version
pkexec --version || true
dbus-daemon --session --address=unix:path=$PWD/bus --fork --print-pid >bus.pid
DBUS_SESSION_BUS_ADDRESS=unix:path=$PWD/bus dbus-send --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId
kill "$(cat bus.pid)"
printf '#include <stdlib.h>\n#include <unistd.h>\nint main(void) { char *p = malloc(9); p[0] = 1; fork(); return p[0] - 1; }\n' >v.c
gcc -g v.c -o v
for t in memcheck cachegrind callgrind helgrind drd massif dhat lackey none; do valgrind -q --tool=$t --log-file=vg.$t ./v; done
callgrind_annotate callgrind.out.* >/dev/null || true
cg_annotate cachegrind.out.* >/dev/null || true
cg_merge cachegrind.out.* >cgm || true
ms_print massif.out.* >/dev/null || true
valgrind -q --vgdb=yes --trace-children=yes ./v
vgdb -l || true
timeout 1 valgrind-listener -e 2>/dev/null || true
gdb -q -batch -ex run -ex bt -ex 'info proc mappings' -ex 'disassemble main' ./v
gdb -q -batch -ex start -ex next -ex 'p p' -ex 'watch p[0]' -ex c ./v
gcore -o core $$ >/dev/null 2>&1 || true
strace -f -c -o st ./v
strace -k -o st true || true
strace -y -tt -T -e trace=%file -o st ls
ltrace -o lt ./v || true
ltrace -S -c -o lt ls || true
perf stat -o ps.txt true || true
perf record -q -o pd true || true
perf report -i pd --stdio >/dev/null 2>&1 || true
perf bench syscall basic -l 100 >/dev/null || true
perf list >/dev/null || true
heaptrack -o ht ./v >/dev/null 2>&1 || true
heaptrack_print ht.* >/dev/null 2>&1 || true
time -v true
env time -f %e -o tm sleep 0.01
tini -s -- true
tini-static -s -- sh -c 'sleep 0.05 & exit 0'

## 5
firejail --noprofile --quiet --net=none --private true || true
firejail --quiet --seccomp --caps.drop=all ls >/dev/null 2>&1 || true
firejail --list
firemon --list || true
firecfg --list || true
jailcheck || true
bwrap --ro-bind / / --proc /proc --dev /dev --unshare-all --die-with-parent ls
bwrap --bind / / --tmpfs /tmp --seccomp 9 true 9</dev/null || true
logrotate -d -s lr.st <(printf '/nothing { missingok }\n') || true
printf '%s { size 1k\n rotate 2\n compress\n copytruncate\n}\n' "$PWD/big.txt" >lr.conf
chmod 644 lr.conf
logrotate -s "$PWD/lr.st" lr.conf || true
crontab -l || true
(
  timeout 1 cron -f &
  sleep 0.7
  wait
) || true
atq || true
(
  timeout 1 atd -f &
  sleep 0.5
  wait
) || true
sar 1 1 >/dev/null || true
iostat
mpstat -P ALL
pidstat -p $$
cifsiostat || true
tapestat || true
sadf -d >/dev/null || true
(
  sleep 0.5 &
  inotifywait -q -t 1 tree &
  sleep 0.2
  touch tree/x
  wait
)
timeout 0.5 inotifywatch -t 1 tree 2>/dev/null || true
(echo a.txt | timeout 1 entr -n -z true) || true
cpulimit -l 50 -- true || true
timeout 1 htop --version
daemon --version
daemon -- true
dtach -n ds sleep 0.1
smem >/dev/null 2>&1 || true
memstat -p $$ || true
lastcomm 2>/dev/null || true
sa 2>/dev/null || true
ac -p 2>/dev/null || true
dump-acct /dev/null || true
auditctl -l || true
ausyscall open
ausearch --version || true
aureport --version || true
aa-enabled || true
apparmor_parser -Q -S <(echo 'profile x /bin/x { /** r, }') >aap || true
aa-exec --help >/dev/null || true
scmp_sys_resolver open
scmp_sys_resolver -a x86 5
lspci >/dev/null || true
lsusb >/dev/null || true
setpci --version
dmidecode >/dev/null 2>&1 || true
lshw -short >/dev/null 2>&1 || true
hdparm -i /dev/vda >/dev/null 2>&1 || true
smartctl -i /dev/vda >/dev/null || true
cpuid -1 >/dev/null
rdmsr 0x10 || true
stress-ng -q --cpu 1 --vm 1 --vm-bytes 8m --io 1 --pipe 1 --timer 1 --fork 1 --sock 1 --futex 1 -t 1
sysbench cpu --time=1 run >/dev/null
sysbench fileio --file-total-size=4M --file-num=4 --file-test-mode=rndrw --time=1 prepare >/dev/null
sysbench fileio --file-total-size=4M --file-num=4 --file-test-mode=rndrw --time=1 run >/dev/null
sysbench threads --time=1 --threads=4 run >/dev/null
fio --name=x --size=1m --rw=randrw --ioengine=psync --output=fio.out
fio --name=y --size=1m --rw=write --ioengine=libaio --direct=0 --output=fio.out
fio --name=z --size=1m --rw=randread --ioengine=io_uring --output=fio.out || true
fio --name=m --size=1m --rw=read --ioengine=mmap --thread --numjobs=2 --output=fio.out
fio-genzipf -b 4096 -g 1 >/dev/null
fio-verify-state x || true
fio-dedupe big.txt
fio-btrace2fio x 2>/dev/null || true
