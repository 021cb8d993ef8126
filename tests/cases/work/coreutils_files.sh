# Coreutils: files.
#
# packages: coreutils
# SPDX-License-Identifier: Apache-2.0

## 1
mkdir -p -m 750 -v d/e/f
rmdir -p d/e/f
mkdir d
cp -v a.txt d
cp -al tree hard
cp -as "$PWD/tree" soft
cp --reflink=auto --sparse=always big.txt d/big
cp -Rp /etc/alternatives alt
cp -u --backup=numbered a.txt d
cp --parents tree/sub/f d
cp -a /dev/null d/null
cp --attributes-only b.txt d/attr
mv -n d/a.txt a.txt
mv -b b.txt d/
mv d/b.txt .
mv tree /dev/shm/callgate-tree.$$
mv /dev/shm/callgate-tree.$$ tree
ln a.txt hardlink
ln -sfn a.txt soft2
ln -r -s tree/sub/f here
link a.txt linked
unlink linked
rm -rf alt hard
touch r1 r2
rm -v r1
rm -f nothing
rm -d soft2
touch -a -m -t 202001010101 a.txt
touch -r a.txt b.txt
touch -h -d '2 days ago' here
touch -c none
chmod -R g+w,o-r tree
chmod --reference=a.txt b.txt
chown -R 1:1 tree
chown --from=1 0 tree
chgrp -c -R 0 tree
install -d -m 700 i/j
install -D -o 0 -g 0 -m 4755 -s /usr/bin/true i/true
install -b -C a.txt i/j
mkfifo -m 600 pipe
mknod dev c 1 3
mknod fifo p
(
  cat <pipe &
  echo through >pipe
  wait
)
dd if=/dev/zero of=zeros bs=64k count=4 oflag=sync status=none
dd if=zeros of=zeros2 bs=512 skip=1 seek=2 conv=notrunc,sparse,swab

## 2
dd if=big.txt bs=1k count=3 iflag=fullblock,direct of=direct 2>&1 || true
dd if=/dev/urandom of=rnd bs=1k count=2 conv=fdatasync
dd if=a.txt conv=ucase,unblock cbs=8
truncate -s 1G sparse
truncate -s -5 zeros
truncate -r a.txt zeros2
sync
sync -d a.txt
sync -f .
shred -n 1 -z -u rnd
shred -v -n 2 zeros
stat -c '%n %s %a %U %y' a.txt
stat -f .
stat -L here
stat -t tree
ls -lai --time-style=full-iso
ls -R -S --color=always tree
ls -Z -1 --group-directories-first /usr/lib
ls -lt /dev | head -n 3
ls -l@ 2>&1 || true
dir -C
vdir tree
du -sh --apparent-size tree sparse
du -ab --max-depth=1 --exclude='*.txt' .
du --inodes -x tree
du --time tree
df -hT
df -i .
df --output=source,target / /tmp
df -a >df.out
readlink -f here
readlink -m nothing/there
realpath --relative-to=/usr /usr/bin/ls
realpath -s here
mktemp -d --tmpdir=. dir.XXXX
mktemp -u
mktemp -p . file.XXXXXX.txt
pwd -P
env pwd
cd tree
env pwd -L
cd ..
mkdir -p chroot/bin
cp /bin/busybox chroot/bin
chroot chroot /bin/busybox ls -l /
chroot --userspec=1:1 chroot /bin/busybox id || true
chcon -t tmp_t a.txt 2>/dev/null || true
runcon 2>/dev/null || true
