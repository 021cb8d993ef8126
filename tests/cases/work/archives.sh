# Archivers and compressors.
#
# packages: tar gzip bzip2 xz-utils zstd lz4 lzip lzop brotli p7zip zip unzip cpio pixz pigz pbzip2 lrzip ncompress
#   arj zpaq plzip lziprecover rzip advancecomp binutils
# SPDX-License-Identifier: Apache-2.0

## 1
tar cvf t.tar tree a.txt big.txt
tar tvf t.tar
tar xf t.tar -C . --strip-components=1 tree/sub
tar --delete -f t.tar a.txt
tar rf t.tar b.txt
tar uf t.tar b.txt
tar df t.tar big.txt
tar cf - tree | tar xf - --to-stdout >/dev/null
tar cSf sparse.tar --xattrs --acls --selinux tree
tar czf t.tgz tree
tar cJf t.txz tree
tar cjf t.tbz tree
tar --zstd -cf t.tzst tree
tar xaf t.tzst --keep-old-files || true
tar c -g snap -f inc.tar tree
tar c -M -L 100 -f v1 -f v2 -f v3 -f v4 big.txt </dev/null || true
tar xf t.tar --checkpoint=1 --checkpoint-action=exec=true --overwrite --owner=1 --no-same-owner
gzip -9 -k big.txt
gzip -l big.txt.gz
gzip -t big.txt.gz
gzip -dc big.txt.gz | cmp - big.txt
gzip -r tree
gunzip -r tree
zcat big.txt.gz | tail -n 1
gzip --rsyncable <a.txt >r.gz
gzip -S .z -N -f -k b.txt
pigz -p 3 -k -f big.txt
pigz -d -c big.txt.gz | cmp - big.txt
pigz -l big.txt.gz
pigz -11 -c a.txt >a.zop
pigz -z -c big.txt | pigz -d | wc -c
bzip2 -k big.txt
bunzip2 -c big.txt.bz2 | cmp - big.txt
bzip2 -tvv big.txt.bz2
bzip2recover big.txt.bz2
bzip2 -s -c a.txt | bzcat
pbzip2 -p2 -k -f big.txt
pbzip2 -d -c big.txt.bz2 | cmp - big.txt
pbzip2 -t big.txt.bz2

## 2
xz -k -T 2 --block-size=64KiB big.txt
xz -l -vv big.txt.xz
xz -dc big.txt.xz | cmp - big.txt
xz --format=lzma -k a.txt
lzmainfo a.txt.lzma
xz -t big.txt.xz
xz --robot --info-memory
unxz -k -f big.txt.xz
lzma -c b.txt | xz -dc
xz -F raw -c a.txt >raw
pixz big.txt big.pxz
pixz -d big.pxz big.back
cmp big.back big.txt
pixz -l t.txz || true
pixz -x tree <t.txz >x.tar || true
zstd -q -19 -T2 big.txt
zstd -dc big.txt.zst | cmp - big.txt
zstd --train tree/sub/f a.txt b.txt big.txt -o dict 2>/dev/null || true
zstd -l big.txt.zst
zstd -t big.txt.zst
zstd -b1 -i0 a.txt
zstd --rm -q b.txt
unzstd -q b.txt.zst
zstd --long -q -c big.txt | zstd -d --long | wc -c
pzstd -p 2 -q big.txt -o big.pz
pzstd -d -c -q big.pz | cmp - big.txt
zstd -r -q tree --output-dir-flat flat
zstd --patch-from=a.txt -q -c a.txt >pz
lz4 -q big.txt big.lz4
lz4 -dc big.lz4 | cmp - big.txt
lz4 -t big.lz4
lz4 -b1 -i0 a.txt
lz4 -m -q a.txt b.txt
lz4 -l -c a.txt >l.lz4
lz4 -9 -BD --content-size -f -q big.txt
lzip -k big.txt
lzip -l big.txt.lz
lzip -dc big.txt.lz | cmp - big.txt
lzip -t big.txt.lz
plzip -n 2 -k -f big.txt
plzip -dc big.txt.lz | cmp - big.txt
lziprecover -t big.txt.lz
lziprecover -s big.txt.lz
lziprecover --dump=all big.txt.lz >/dev/null || true
lzop -9 big.txt
lzop -t big.txt.lzo
lzop -dc big.txt.lzo | cmp - big.txt
lzop -l big.txt.lzo

## 3
brotli -k big.txt
brotli -dc big.txt.br | cmp - big.txt
brotli -t big.txt.br
brotli -q 4 -w 20 -o x.br a.txt
compress -k big.txt || compress -c big.txt >big.txt.Z
uncompress -c big.txt.Z | cmp - big.txt
compress -b 12 -c a.txt >a.Z
7zr a t.7z tree big.txt
7zr l t.7z
7zr t t.7z
7zr x -oout t.7z
7zr b 1 -md18 -mmt2 >/dev/null
7zr u t.7z a.txt
7zr d t.7z a.txt
7zr h a.txt
zip -r -9 z.zip tree a.txt
zip -e -P pass enc.zip a.txt
zip -u z.zip b.txt
zip -d z.zip b.txt
zip -s 64k -r split.zip big.txt tree
zip -T z.zip
zip -F z.zip --out fixed.zip
zip -y -q - a.txt | funzip | cmp - a.txt
unzip -o z.zip -d un
unzip -l z.zip
unzip -t z.zip
unzip -p z.zip a.txt
unzip -P pass -o enc.zip -d enc
zipinfo -v z.zip >/dev/null
zipnote z.zip
zipsplit -n 20000 -b . z.zip || true
printf 'p\np\n' | zipcloak -q z.zip 2>/dev/null || true
unzip -Z1 z.zip
cat "$(command -v unzipsfx)" z.zip >sfx
chmod +x sfx
zip -A sfx
find tree | cpio -o -H newc >c.cpio
cpio -t -v <c.cpio
mkdir cx
(
  cd cx
  cpio -idm <../c.cpio
)
find tree -print0 | cpio -0pdl pass
cpio -i --to-stdout tree/sub/f <c.cpio
find tree | cpio -o -H crc -O c.crc
cpio -i -H tar -t <t.tar
mt --version >/dev/null || true

## 4
lrzip -q big.txt
lrzip -q -d -o lr.out big.txt.lrz
lrzip -i big.txt.lrz
lrzip -q -z -o z.lrz a.txt
rzip -k big.txt
rzip -d -k -o rz.out big.txt.rz
arj a -y x.arj a.txt big.txt
arj l x.arj
arj t x.arj
mkdir aj
arj x -y x.arj aj
zpaq a z.zpaq tree big.txt -m2 -threads 2
zpaq l z.zpaq
zpaq x z.zpaq -to zx
advzip -a -2 adv.zip a.txt big.txt
advzip -l adv.zip
advzip -t adv.zip
gzip -c big.txt >d.gz
advdef -z -1 d.gz
ar rcs lib.a a.txt b.txt
ar tv lib.a
ar p lib.a a.txt
ar x lib.a
ar d lib.a b.txt
ar M <<<'open lib.a
list
end'
