# Coreutils: text.
#
# packages: coreutils
# SPDX-License-Identifier: Apache-2.0

## 1
cat -A a.txt b.txt - <big.txt | head -n 3
tac big.txt | head -c 64
tac -r -s 'o.' a.txt
nl -ba -s: -v 10 a.txt
od -A x -t x1z -N 40 big.txt
od -c -j 3 a.txt
base32 big.txt | base32 -d | cmp - big.txt
base64 -w 20 a.txt
base64 big.txt | base64 -d | cmp - big.txt
basenc --base16 a.txt
basenc --z85 -w0 < <(head -c 8 big.txt)
fmt -w 30 big.txt | tail -n 2
fmt -s a.txt
pr -2 -l 20 -h title big.txt | head -n 30
fold -s -w 12 big.txt | sort -u | wc -l
head -n -2 a.txt
head -c 1K big.txt | wc -c
tail -c +20 a.txt
tail -n +2 a.txt
tail -n 1 -v a.txt b.txt
timeout 0.4 tail -f a.txt big.txt || true
timeout 0.4 tail -F --pid=$$ a.txt || true
split -b 20k -d --additional-suffix=.part big.txt piece && cat piece*.part | cmp - big.txt
split -n l/3 --filter='wc -l > $FILE.count' big.txt
split -l 9000 --verbose big.txt lines
csplit -z big.txt 100 '/line 77/' '{3}'
csplit -f cut -k a.txt 2 || true
wc -lwmcL a.txt big.txt
find tree -type f -print0 | wc --files0-from=-
sum a.txt
sum -s big.txt
cksum a.txt big.txt
cksum -a sha3 a.txt || cksum -a sha256 a.txt
for s in md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum; do
  $s a.txt big.txt >$s.out
  $s -c $s.out
  $s --tag a.txt
done
sort -n -k2,2 big.txt -o sorted
sort -c -n -k2,2 sorted
sort -S 32k -T . --batch-size=2 big.txt | tail -n 1
sort -R --random-source=a.txt a.txt || true
sort --parallel=2 --compress-program=gzip -S 40k big.txt | head -n 2
sort -u big.txt >s1
sort -u <(head -n 500 big.txt) >s2
sort -m s1 s2 | uniq -d | wc -l
shuf -n 5 --random-source=big.txt big.txt
shuf -i 1-10 -r -n 3
shuf -e a b c -o shuffled

## 2
uniq -c -f 1 a.txt
uniq -D a.txt
uniq -u -w 4 a.txt out.uniq
comm -12 s1 s2 | wc -l
comm --total a.txt a.txt
printf 'a b c\nb c d\n' | tsort
ptx a.txt | head -n 3
ptx -r -t a.txt | head -n 3
cut -d ' ' -f 2 big.txt | cut -b 1-2 | cut -c 1 --complement | head -n 2
paste -d , a.txt b.txt
paste -s a.txt
join -j 1 -a 1 -o 0,1.2,2.2 a.txt a.txt
join -t ' ' -v 1 a.txt b.txt
tr -s 'a-z' 'A-Z' <big.txt | tr -d '[:digit:]' | sort -u
tr -cd '\11\12' <a.txt
expand -t 3 a.txt
printf 'a       b\n' | unexpand -a
seq -w -s, 1 3 20
seq 1e3 | tail -n 1
numfmt --from=iec --to=si 1K 2M
numfmt --field 2 --padding=8 <big.txt | head -n 2
factor 18446744073709551617 97 600851475143
seq 2 60 | factor | tail -n 1
expr 7 '*' 6
expr substr abcdef 2 3
expr abc : 'a\(.\)c'
printf '%s\n' a b | tee -a t1 t2 >/dev/null
echo x | env tee --output-error=warn /dev/full || true
env printf '%q %5.2f %b\n' 'a b' 3.14159 'x\ty'
env echo -e 'a\nb'
env test -e a.txt -a -r a.txt
env [ a.txt -nt nothing ]
env true
env false || true
yes y | head -n 1000 | uniq -c
yes | head -c 100000 | wc -c
dircolors -b
dircolors -p | head -n 3
dirname /a/b/c a
basename -s .txt a.txt /x/b.txt
pathchk -p a.txt
