# Find, grep, sed, awk, diff, patch.
#
# packages: findutils diffutils grep sed gawk mawk original-awk patch ed
# SPDX-License-Identifier: Apache-2.0

## 1
find . -name '*.txt' -size -10k -newer tree -printf '%p %s %u %m\n'
find / -maxdepth 1 -type d -perm -755 -print0 | xargs -0 ls -d
find tree -depth -delete
mkdir -p t/{a,b}/{c,d}
touch t/a/c/{1,2,3}
find t -type f -execdir echo {} \;
find t -exec ls -ld {} +
find t -empty -ls
find t -regex '.*[12]' -ok true \; </dev/null || true
find t -samefile t/a/c/1 -links 1 -user root
find /proc/self/fd -lname '*' -fstype proc | head -n 2
find . -mmin -5 -not -path './t/*' -prune -o -print -quit
seq 100 | xargs -n 7 -P 3 echo | wc -l
seq 5 | xargs -I{} sh -c 'echo {}'
echo a b | xargs -t -L 1
xargs -a a.txt -d '\n' printf '[%s]\n'
echo | xargs -r false
seq 3 | xargs -o -n1 true || true
sed 's/two/2/;w new' a.txt >c.txt
diff a.txt c.txt || true
diff -u a.txt c.txt >p.diff || true
diff -ry --suppress-common-lines t t
diff -N -q t nothing || true
diff --color=always -c a.txt c.txt || true
diff -e a.txt c.txt | ed -s a.txt || true
cmp a.txt c.txt || true
cmp -l -n 10 a.txt c.txt || true
cmp -s big.txt big.txt
sdiff -s a.txt c.txt || true
echo l | sdiff -o merged a.txt c.txt || true
diff3 a.txt b.txt c.txt || true
diff3 -m a.txt a.txt c.txt
cp a.txt orig
patch -b -p0 orig p.diff || true
patch --dry-run orig p.diff </dev/null || true
patch -R orig p.diff </dev/null || true
grep -rn --include='*.txt' 'line' .
grep -c 7 big.txt
grep -E '(1|2){2}' -o big.txt | sort | uniq -c | sort -n | tail -n 1
grep -P '\d{4}$' big.txt | wc -l
grep -F -f b.txt a.txt || true
grep -l -Z line a.txt
grep -A1 -B1 --color=always two a.txt
grep -z x big.txt || true
grep --mmap x a.txt 2>/dev/null || true
egrep 'a|b' a.txt || true
fgrep -v line b.txt

## 2
sed -n '2,3p;$=' big.txt
sed -i.bak -e '1d' -e 's/l\(i\)/L\1/g' b.txt big.txt
sed -E -s 'y/abc/xyz/;/^$/d;1i\top' a.txt
sed -u q big.txt
sed -n -f <(echo '/7/{h;G;p}') big.txt | head -n 2
sed --debug p a.txt >/dev/null
sed '1e echo run' a.txt
sed -n 'R b.txt' a.txt
sed 's/.*/date/e' b.txt || true
gawk '{s[$2 % 10]++} END {n = asorti(s, k); for (i = 1; i <= n; i++) print k[i], s[k[i]]}' big.txt
gawk 'BEGIN {"date" | getline d; print d > "/dev/stderr"; print "x" | "sort"; close("sort"); system("true"); print strftime("%Y"), systime(), rand()}'
gawk 'BEGIN {s = "/inet/tcp/0/127.0.0.1/9"; print "x" |& s; r = (s |& getline)}' || true
gawk 'BEGIN {c = "cat"; print "co" |& c; close(c, "to"); c |& getline x; print x}'
gawk -i inplace '{print toupper($0)}' a.txt
gawk -l filefuncs 'BEGIN {stat("a.txt", f); print f["size"]}'
gawk -l fork 'BEGIN {if (fork() == 0) exit; wait()}'
gawk -v n=1 -F: 'NR==n' /etc/passwd
gawk -p/dev/null 1 a.txt
gawk -M 'BEGIN {print 2^200}' || true
mawk '{n += $2} END {print n; printf "%d\n", rand() * 5; system("exit 3")}' big.txt
mawk 'BEGIN {while (("ls" | getline f) > 0) print f | "sort -r"; print ENVIRON["HOME"]; fflush()}'
mawk -W interactive 1 a.txt
mawk '{print > ($1 ".split")}' a.txt
original-awk '{a[NR] = $0} END {for (i = NR; i; i--) print a[i]; system("true"); "date" | getline; print}' a.txt
original-awk -F' ' '{print $2 | "sort -n | tail -1"}' big.txt
original-awk 'BEGIN {srand(); print substr(rand(), 1, 3), match("foo", /o+/), ENVIRON["HOME"]}'
printf '1,$p\n2d\nw ed.out\n!true\nr a.txt\n/one/s//ONE/\nu\nq\nq\n' | ed -s a.txt || true
printf 'H\na\ntext\n.\nw new.ed\n' | ed new.ed || true
