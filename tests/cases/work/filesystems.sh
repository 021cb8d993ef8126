# File systems in files.
#
# packages: e2fsprogs dosfstools mtools xfsprogs btrfs-progs squashfs-tools f2fs-tools exfatprogs ntfs-3g jfsutils
#   nilfs-tools reiserfsprogs genisoimage xorriso gdisk parted lvm2 dmsetup cryptsetup-bin erofs-utils mtd-utils
#   udftools fuse3 fuseiso sshfs squashfuse zerofree testdisk foremost scrub wipe gddrescue dc3dd dcfldd safecopy
#   rdfind fdupes jdupes ncdu sharutils rsync rdiff duperemove attr quota mdadm sg3-utils nbd-client qemu-utils
# SPDX-License-Identifier: Apache-2.0

## 1
truncate -s 32M e
mke2fs -q -t ext4 -d tree e
e2fsck -fy e
dumpe2fs -h e
tune2fs -L x -c 3 e
e2label e y
resize2fs e 40M
debugfs -R 'ls -l' e
debugfs -w -R 'write a.txt a' e
debugfs -R 'dump a out' e
e2image -Q e e.qcow
e2image -r e e.raw
e2undo -h e nothing || true
badblocks -n e
badblocks -w -t random e || true
mke2fs -q -t ext2 -F e
e2freefrag e
filefrag -v big.txt
chattr +i a.txt
lsattr -a
chattr -i a.txt
e4defrag -c . || true
e4crypt get_policy . || true
logsave -s lg ls
mklost+found
fsck.ext4 -n e
zerofree -n e || true
uuidgen
uuidparse "$(uuidgen)"
(timeout 1 uuidd -F -s "$PWD/uu.s" -p "$PWD/uu.p" || true)
e2scrub -V || true
fuse2fs -h 2>/dev/null || true

## 2
truncate -s 40M f
mkfs.vfat -F 32 -n LBL f
fsck.vfat -n f
fatlabel f NEW
dosfslabel f || true
export MTOOLS_SKIP_CHECK=1
mcopy -i f a.txt ::/
mdir -i f ::
mmd -i f ::/d
mtype -i f ::/a.txt
mren -i f ::/a.txt ::/b.txt
mattrib -i f +r ::/b.txt
mdel -i f ::/b.txt
mrd -i f ::/d
minfo -i f ::
mdu -i f ::
mlabel -i f ::X
mshowfat -i f :: || true
mformat -i f -F ::
mpartition 2>/dev/null || true
mbadblocks -i f :: || true
mkmanifest a.txt
mcheck 2>/dev/null || true
mtoolstest >/dev/null
truncate -s 320M x
mkfs.xfs -q x
xfs_repair -n x
xfs_db -r -c 'sb 0' -c p x
xfs_admin -l x
xfs_copy x x2 || true
xfs_metadump x md || true
xfs_mdrestore md x3 || true
xfs_io -f -c 'pwrite 0 4k' -c fsync -c 'mmap 0 4k' -c 'falloc 0 8k' -c 'fiemap' -c 'pread 0 1k' -c 'sync_range 0 4k' -c 'copy_range a.txt' xi || true
xfs_logprint x >/dev/null || true
xfs_info . 2>/dev/null || true
xfs_mkfile 4k xm || true
xfs_estimate . || true
xfs_fsr -V || true
xfs_spaceman -V || true
xfs_quota -V || true
xfs_rtcp -V || true
xfs_bmap a.txt || true

## 3
truncate -s 160M b
mkfs.btrfs -q -f -r tree b
btrfs check b
btrfs inspect-internal dump-super b
btrfs inspect-internal dump-tree b >/dev/null
btrfstune -u -f b || true
btrfs-image b bi || true
btrfs-find-root b || true
btrfs-map-logical b || true
btrfs-select-super -s 1 b || true
btrfs restore b tree || true
btrfs filesystem show b
btrfs rescue zero-log b
mksquashfs tree sq -quiet -no-progress
unsquashfs -l sq
unsquashfs -q -n -d usq sq
sqfscat sq sub/f || true
sqfstar s2 < <(tar c tree) >/dev/null
truncate -s 64M f2
mkfs.f2fs -q f2
fsck.f2fs f2 || true
dump.f2fs f2 || true
sload.f2fs -f tree f2 || true
f2fslabel f2 x || true
f2fstat 2>/dev/null || true
f2fs_io getflags a.txt || true
truncate -s 16M ex
mkfs.exfat -q ex
fsck.exfat -n ex
exfatlabel ex l
dump.exfat ex
tune.exfat -l ex
truncate -s 16M nt
mkntfs -q -F nt
ntfsfix -n nt || true
ntfsinfo -m nt
ntfsls nt
ntfscp nt a.txt a.txt
ntfscat nt a.txt
ntfslabel nt l
ntfsresize -i -f nt
ntfsundelete nt || true
ntfsclone -s -O nc nt || true
ntfscluster nt || true
ntfscmp nt nc || true
ntfswipe -i nt || true
ntfssecaudit -v nt || true
ntfstruncate nt a.txt 128 1 || true
ntfsusermap 2>/dev/null || true
ntfsfallocate 2>/dev/null || true
ntfsrecover nt || true
ntfs-3g.probe -r nt || true
lowntfs-3g -V || true

## 4
truncate -s 20M j
mkfs.jfs -q j
fsck.jfs -n j || true
jfs_tune -l j
jfs_fscklog j || true
jfs_logdump j || true
truncate -s 140M ni
mkfs.nilfs2 -q ni
nilfs-tune -l ni
dumpseg 2>/dev/null || true
lssu 2>/dev/null || true
lscp 2>/dev/null || true
truncate -s 40M re
mkreiserfs -q -f re
echo Yes | reiserfsck --check re || true
debugreiserfs re || true
reiserfstune -l x re || true
truncate -s 4M hf
mkfs.hfsplus hf
fsck.hfsplus -n hf || true
mkfs.hfs hf
mkudffs -q ud 2000 || true
udflabel ud || true
udfinfo ud || true
mkfs.erofs er tree
fsck.erofs er
dump.erofs er
mkfs.jffs2 -r tree -o jf || true
mkfs.ubifs -r tree -m 512 -e 15872 -c 100 -o ub || true
ubinize --version
sumtool --version
jffs2dump -c jf || true
jffs2reader jf || true
nandflipbits -V || true

## 5
genisoimage -quiet -o i.iso -R -J tree
isoinfo -l -i i.iso
isodump i.iso </dev/null || true
isovfy i.iso
isodebug -i i.iso
devdump i.iso </dev/null || true
genisoimage -quiet -o m.iso -V x a.txt
xorriso -indev i.iso -ls / 2>/dev/null
xorriso -as mkisofs -quiet -o x.iso tree
osirrox -indev x.iso -extract / ox 2>/dev/null
xorrisofs -quiet -o xf.iso tree
dirsplit -e1 tree || true
truncate -s 64M g
sgdisk -o -n 1:0:+4M -t 1:8300 g
sgdisk -p -v g
sgdisk -b gb g
gdisk -l g
cgdisk -V 2>/dev/null || true
fixparts g </dev/null || true
parted -s g print
parted -s g mklabel msdos mkpart primary ext2 1MiB 8MiB print
partprobe -s -d g || true
pvck g || true
pvs || true
vgs || true
lvs || true
lvm version || true
lvmconfig >/dev/null || true
pvcreate --test g || true
dmsetup version || true
dmsetup ls || true
dmstats list || true
dmeventd -V 2>/dev/null || true
truncate -s 24M lk
echo pass | cryptsetup -q luksFormat --pbkdf pbkdf2 --pbkdf-force-iterations 1000 lk -
cryptsetup luksDump lk
echo pass | cryptsetup luksAddKey --pbkdf pbkdf2 --pbkdf-force-iterations 1000 lk a.txt
cryptsetup isLuks lk
cryptsetup benchmark -c aes-cbc -s 128 >/dev/null 2>&1 || true
veritysetup format g vh >/dev/null || true
veritysetup verify g vh 00 || true
integritysetup format -q --no-wipe g || true
cryptsetup-ssh --version 2>/dev/null || true

## 6
losetup -f --show e >lo.out 2>/dev/null && losetup -d "$(cat lo.out)"
photorec /version >/dev/null || true
testdisk /list e >/dev/null || true
fidentify a.txt || true
foremost -Q -o fo -i i.iso || true
scrub -p fillzero -f big.txt || true
wipe -f -q -Q 1 b.txt || true
ddrescue -q e e.resc map
ddrescuelog -t map
dc3dd if=a.txt of=dc.out hash=md5 2>/dev/null
dcfldd if=a.txt of=df.out hash=md5 2>/dev/null
safecopy a.txt sc.out >/dev/null || true
cp a.txt dup1
rdfind -dryrun true . >/dev/null
fdupes -r tree .
jdupes -r .
ncdu -o nc.out . </dev/null || true
tree -a -s --du tree
tree -J .
uuencode a.txt x | uudecode -o uu.out
shar a.txt | sh -s -- -c >/dev/null || true
rsync -a --delete tree/ rs/
rsync -avz --checksum --link-dest="$PWD/rs" tree/ rs2/
rsync --list-only rs/
rsync -aHAXS --inplace --partial tree rs3
rdiff signature a.txt sig
rdiff delta sig a.txt del
rdiff patch a.txt del new
duperemove -r tree >/dev/null || true
quota 2>/dev/null || true
repquota -a 2>/dev/null || true
quotacheck -n / 2>/dev/null || true
mdadm --examine e || true
mdadm --detail --scan || true
mdmon --help >/dev/null || true
sg_inq /dev/null || true
sg_map || true
sginfo -l || true
sg_dd if=a.txt of=sg.out bs=1 2>/dev/null || true
nbd-client -l 127.0.0.1 9 || true
qemu-img create -q -f qcow2 q.img 8M
qemu-img convert -O raw q.img q.raw
qemu-img check -q q.img
qemu-img info q.img
qemu-img snapshot -c a q.img
qemu-img map q.img
qemu-img compare q.img q.raw
qemu-io -c 'write 0 64k' -c 'read 0 64k' -c 'aio_write 0 64k' q.img >/dev/null
(
  timeout 1 qemu-nbd -t -b 127.0.0.1 -p 10999 q.img &
  sleep 0.3
  nbd-client -l 127.0.0.1 10999
  wait
) || true
(timeout 1 qemu-storage-daemon --blockdev file,node-name=a,filename=q.raw || true)
mkdir mnt
fuseiso i.iso mnt && ls mnt && fusermount -u mnt
squashfuse sq mnt && ls mnt && fusermount3 -u mnt
mount.fuse3 2>/dev/null || true
