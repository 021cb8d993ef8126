# Text, translations, manuals, editors.
#
# packages: gettext gettext-base icu-devtools groff groff-base mandoc man-db file jq less bc dc libc-bin
#   libc-dev-bin libc-devtools libxml2-utils xsltproc xmlstarlet tidy html2text w3m lynx aspell aspell-en hunspell
#   hunspell-en-us enscript units datamash miller recutils wdiff dos2unix uchardet recode html-xml-utils wamerican
#   figlet toilet cowsay boxes par moreutils vim tmux ncurses-bin screen nano texinfo jo gron xxd rhash hashdeep pv
#   dialog whiptail
# SPDX-License-Identifier: Apache-2.0

## 1
printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\nmsgid "yes"\nmsgstr "ja"\n' >de.po
printf 'int main(void) { return gettext("yes") == 0; }\n' >g.c
xgettext -k_ -o g.pot g.c
msginit --no-translator -l de -i g.pot -o new.po || true
msgfmt -c -o de.mo de.po || msgfmt -o de.mo de.po
msgunfmt de.mo
msgcat de.po de.po
msgmerge -q de.po g.pot -o m.po
msgattrib --no-obsolete de.po
msgcomm de.po de.po
msgconv -t ISO-8859-1 de.po
msgen g.pot || true
msguniq de.po
msggrep -K -e yes de.po
msgfilter -i de.po sed -e p
msgexec -i de.po cat
msgcmp de.po g.pot || true
mkdir -p de/LC_MESSAGES
cp de.mo de/LC_MESSAGES/x.mo
TEXTDOMAINDIR=$PWD LANGUAGE=de gettext -d x yes
ngettext a b 2
X=1 envsubst <<<'a $X'
envsubst -v '$A $B'
recode-sr-latin <a.txt
autopoint --version
uconv -f utf-8 -t utf-16 a.txt >u16
uconv -x any-upper a.txt
uconv -l | head -n 1
printf 'root { a { "x" } }\n' >root.txt
genrb root.txt
derb root.res
pkgdata --version >/dev/null || true
printf '<code_set_name> "x"\n' >x.ucm
makeconv x.ucm || true
gencnval /dev/null || true
gendict --bytes a.txt di || true
genccode a.txt
gencmn 0 a.txt || true
icuinfo >/dev/null
icupkg -tl root.res r2 || true
gencfu --version >/dev/null 2>&1 || true
genbrk -h >/dev/null || true
gensprep -h >/dev/null || true
gennorm2 -h >/dev/null || true
escapesrc a.txt esc
icuexportdata --help >/dev/null || true

## 2
iconv -f UTF-8 -t UTF-16 a.txt | iconv -f UTF-16 -t ISO-8859-1
iconv -f ISO-8859-1 -t ASCII//TRANSLIT <<<'é'
iconv -l | tail -n 1
localedef -i de_DE -f UTF-8 ./loc
localedef --list-archive || true
locale -a
locale -k LC_TIME
LC_ALL=C locale charmap
getconf -a >/dev/null
getent passwd root
getent group
getent hosts localhost
getent services ssh
getent ahosts localhost
getent protocols tcp
getent netgroup x || true
zdump -v Europe/Berlin | tail -n 1
printf 'Zone T 1:00 - X\n' >z.txt
zic -d zi z.txt
iconvconfig -o gc || true
pldd $$ || true
printf '$set 1\n1 hi\n' >c.msg
gencat c.cat c.msg
sprof --version
memusagestat --version
mtrace /dev/null 2>/dev/null || true
ldconfig -p | tail -n 1
ldconfig -n .
ldconfig -N -X -C cache . || true
tzselect --version
rpcgen -h <(echo 'program P { version V { int F(int) = 1; } = 1; } = 9;') || true

## 3
printf '.TH A 1\n.SH NAME\na \\- b\n.TS\na b\nl l.\n1\t2\n.TE\n.EQ\nx over y\n.EN\n.PS\nbox\n.PE\n' >a.1
groff -tpe -man -Tutf8 a.1 | tail -n 1
groff -man -Tps a.1 >a.ps
groff -man -Thtml a.1 >/dev/null || true
tbl a.1 | eqn -Tutf8 | pic | troff -man -Tutf8 | grotty | tail -n 1
soelim a.1
preconv a.1
nroff -man a.1 | tail -n 1
mandoc -Tutf8 a.1 | tail -n 1
mandoc -Thtml a.1 >/dev/null
mandoc -Tlint a.1 || true
demandoc a.1
msoelim a.1
lookbib a.txt </dev/null || true
indxbib a.txt || true
refer a.txt
hpftodit 2>/dev/null || true
grn a.txt || true
addftinfo 2>/dev/null || true
groff -Tdvi -man a.1 >a.dvi || true
groff -Tlj4 -man a.1 >/dev/null || true
tfmtodit 2>/dev/null || true
pfbtops </dev/null || true
man -l a.1 | cat
man -w ls || true
lexgrog a.1 || true
manpath -q
whatis ls || true
apropos -s 1 copy || true
mkdir -p mp/man1
cp a.1 mp/man1
mandb -c mp 2>/dev/null
catman -M mp 1 || true
accessdb mp/index.db || true
man-recode -t UTF-8 mp/man1/a.1 || true
zsoelim a.1 || true

## 4
file -i a.txt /bin/ls tree
file -z -k a.1
echo '0 string line mine' >mg
file -C -m mg
file -m mg.mgc a.txt
file -f <(echo a.txt)
echo '{"a": [1, {"b": null}]}' >j.json
jq '.a[1].b, (.a | length), now, env.HOME, input_filename' j.json
jq -n --stream 'inputs' j.json
jq -S --tab -r . j.json
jq --slurpfile x j.json -n '$x'
jq -n '[limit(3; repeat(1))]'
echo 'scale = 20; 4 * a(1); 2 ^ 200; define f(x) { return x * 2 }; f(2)' | bc -l
echo 'quit' | bc
echo '2 3 + p 10 k 2 v p [a] P' | dc
printf 'q' | TERM=xterm script -qc 'less a.txt' /dev/null >/dev/null
less -FX a.txt
lessecho 'a b'
lesskey -o lk /dev/null || true
printf 'G?line\nq' | TERM=xterm script -qc 'less big.txt' /dev/null >/dev/null

## 5
printf '<a><b id="1">x</b></a>' >x.xml
xmllint --format x.xml
xmllint --xpath '//b/text()' x.xml
xmllint --noout --stream --valid x.xml || true
xmllint --shell x.xml <<<'ls'
xmllint --c14n x.xml
xmllint --schema x.xml x.xml || true
xmllint --nonet --catalogs http://127.0.0.1:9/x || true
xmlcatalog --create
xmlcatalog --noout --create --add public a b cat.xml
printf '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="b"><xsl:value-of select="@id"/></xsl:template></xsl:stylesheet>' >s.xsl
xsltproc s.xsl x.xml
xsltproc --timing --profile s.xsl x.xml
xmlstarlet sel -t -v //b x.xml
xmlstarlet ed -u //b -v y x.xml
xmlstarlet fo x.xml
xmlstarlet val x.xml
xmlstarlet el x.xml
xmlstarlet ls >/dev/null
echo '<p>hi<b>x' >h.html
tidy -q h.html || true
tidy -asxml -m -q h.html || true
html2text h.html
w3m -dump h.html
w3m -dump_source http://127.0.0.1:9/ || true
lynx -dump h.html
lynx -dump http://127.0.0.1:9/ || true
hxnormalize h.html
hxselect b <h.html
hxtoc h.html
hxwls h.html
hxpipe h.html | hxunpipe
hxcount h.html
hxextract b h.html
hxprune h.html
hxremove b <h.html
hxnum h.html
hxclean h.html
hxindex h.html
hxincl h.html
hxcopy h.html c.html
hxmkbib /dev/null h.html || true
hxname2id h.html
hxprintlinks h.html
hxunent h.html
xml2asc <a.txt
asc2xml <a.txt
hxuncdata h.html
hxnsxml <x.xml | hxxmlns || true
hxaddid b h.html
hxcite a.txt h.html || true
hxcite-mkbib a.txt h.html || true
hxref h.html
hxmultitoc h.html || true

## 6
aspell -a <<<'helo wrld'
aspell list <a.txt
aspell dicts
aspell dump config >/dev/null
aspell --lang=en create master ./w.rws <b.txt
word-list-compress c <b.txt >wl
hunspell -d en_US -l a.txt
hunspell -D </dev/null 2>&1 | tail -n 1
hunspell -a <<<helo
affixcompress a.txt 2>/dev/null || true
hzip a.txt && hunzip a.txt.hz >/dev/null
munch a.txt /usr/share/hunspell/en_US.aff || true
enscript -o e.ps a.txt
enscript -E -o c.ps g.c || true
mkafmmap -V >/dev/null || true
units '3 feet' meters || true
units -t 1km m
echo '1 2
3 4' | datamash -W sum 1 mean 2
datamash -W transpose < <(echo 1 2)
seq 50 | datamash median 1 sstdev 1
mlr --icsv --ojson cat <<<'a,b
1,2'
mlr -n put 'end {print system("date")}'
mlr --inidx --ifs ' ' sort -nr 2 then head -n 1 big.txt
printf 'Name: a\nAge: 3\n\nName: b\n' >r.rec
recsel -e 'Age > 2' r.rec
recfix r.rec
recinf r.rec
recins -f Name -v c r.rec
recdel -n 0 r.rec
recset -f Age -s 4 r.rec
rec2csv r.rec | csv2rec
recfmt '{{Name}}' <r.rec

## 7
wdiff a.txt b.txt || true
wdiff -s a.txt a.txt
unix2dos a.txt
dos2unix a.txt
dos2unix -i a.txt
unix2mac -n a.txt mac
mac2unix -n mac back
uchardet a.txt
recode latin1..utf8 <a.txt
recode -l | tail -n 1
figlet hi
figlist >/dev/null
toilet hi
toilet -f term --gay hi
echo hi | boxes
par <a.txt
sponge sp <a.txt
ts <a.txt
ts -s -i <a.txt
vidir --version >/dev/null 2>&1 || true
isutf8 a.txt
ifne cat <a.txt
ifdata -pa lo
ifdata -e lo
errno ENOENT
lckdo lk1 true || true
mispipe 'true' 'false' || true
pee cat 'wc -l' <a.txt
combine a.txt and b.txt
parallel.moreutils -j 2 echo -- 1 2 3 2>/dev/null || true
zrun wc a.txt
chronic true

## 8
vim.basic -es -u NONE -c '%s/line/LINE/' -c 'r !date' -c 'wq' a.txt </dev/null || true
vim.basic -es -u NONE -c 'set swapfile' -c 'e big.txt' -c 'sort n' -c 'mksession' -c 'call job_start("true")' -c 'w x.out' -c 'qa!' </dev/null || true
nano --version
tmux -L t$$ -f /dev/null new-session -d 'sleep 0.2'
tmux -L t$$ list-sessions
tmux -L t$$ new-window 'echo hi; sleep 0.2'
tmux -L t$$ capture-pane -p
tmux -L t$$ kill-server
infocmp xterm >xt.ti
tic -o ti xt.ti
toe ti
tput -T xterm cup 1 1
tput -T xterm cols
tabs -T xterm -8
tset -q 2>/dev/null || true
clear -T xterm
infocmp -L vt100 xterm >/dev/null
captoinfo xt.ti >/dev/null 2>&1 || true
screen -dmS s$$ sleep 0.2
screen -ls || true
screen -S s$$ -X quit || true
install-info --dir-file=dir /dev/null || true
printf '@setfilename a.info\n@node Top\n@top t\nhi\n@bye\n' >a.texi
makeinfo a.texi
info -f a.info -o -
install-info a.info dir || true
texindex a.txt || true
jo a=1 b[]=2
gron j.json
xxd a.txt | xxd -r | cmp - a.txt
xxd -i a.txt
xxd -b -l 8 big.txt
rhash -a a.txt >rh
rhash -c rh || true
md5deep -r tree
hashdeep -r tree >hd
sha256deep a.txt
sha1deep a.txt
tigerdeep a.txt
whirlpooldeep a.txt
pv -q -L 1m big.txt | wc -c
pv -n -s 100k big.txt 2>/dev/null | wc -l
printf '\n' | TERM=xterm script -qc 'dialog --timeout 1 --msgbox hi 5 20' /dev/null >/dev/null || true
TERM=xterm script -qc 'dialog --infobox hi 5 20' /dev/null >/dev/null
printf '\n' | TERM=xterm script -qc 'whiptail --infobox hi 5 20' /dev/null >/dev/null
