# Search, solvers, genomes, maps, games, X.
#
# packages: bsdgames bsdmainutils ncal calendar rlwrap cmatrix sl fortune-mod cowsay ddate remind taskwarrior
#   timewarrior ledger task-spooler parallel at cdparanoia bsdiff xdelta3 xdelta bsdutils vbindiff ripgrep fd-find
#   bat hyperfine fzf exa silversearcher-ag ugrep pcregrep pcre2-utils tre-agrep codespell zstd gsl-bin pari-gp calc
#   bc apcalc units mathomatic glpk-utils lp-solve clasp minisat z3 picosat cryptominisat gringo hmmer samtools bwa
#   bowtie2 muscle clustalw bcftools tabix bedtools fasttree vcftools seqtk proj-bin geographiclib-tools shapelib
#   stockfish gnuchess gnugo x11-utils xauth xvfb x11-apps x11-xserver-utils gnupg zbar-tools tcl tk ttyrec
#   libxml2-utils mawk rename wipe
# SPDX-License-Identifier: Apache-2.0

## 1
bsdiff a.txt b.txt bs
bspatch a.txt bp bs
xdelta3 -e -s a.txt b.txt xd
xdelta3 -d -s a.txt xd xo
xdelta delta a.txt b.txt x1 || true
cal
ncal -w
calendar -f /dev/null || true
banner hi
caesar 3 <a.txt
factor 60
primes 1 20
morse hi
number 42
pom
random 2 <a.txt
rot13 <a.txt
wtf tldr || true
ppt hi
bcd hi
arithmetic </dev/null || true
ddate
remind -n /dev/null || true
rem2ps </dev/null || true
echo true | task rc.confirmation=off rc.data.location="$PWD" add x || true
task rc.data.location="$PWD" list || true
timew --version
printf '2020/01/01 a\n  b  $1\n  c\n' >l.dat
ledger -f l.dat bal
TS_SOCKET=$PWD/tsp tsp true
TS_SOCKET=$PWD/tsp tsp -w
TS_SOCKET=$PWD/tsp tsp -K
fortune -f >/dev/null 2>&1 || true
strfile a.txt fo.dat || true
unstr a.txt || true
rg -n line .
rg -j 2 --json two a.txt
rg --files | sort
fdfind txt .
fdfind -e txt -x wc
bat --plain a.txt || batcat --plain a.txt
hyperfine -w 0 -r 2 true >/dev/null 2>&1
exa -la --git || true
fzf -f line <a.txt
ag line .
ugrep -rn line .
pcregrep lin a.txt
pcre2grep lin a.txt
pcre2test -q /dev/null /dev/null || true
agrep -1 lne a.txt || true
tre-agrep -1 lne a.txt
vbindiff --version 2>/dev/null || true
tokei . || true
ttyrec -e true tr
ttytime tr
(timeout 1 ttyplay -n tr) || true
rlwrap -a true </dev/null || true
gsl-randist 1 5 gaussian 1
seq 9 | gsl-histogram 0 10 2
printf '1 2\n' | gsl-histogram2d 0 9 3 0 9 3 || true
gp -q <<<'factor(2^67-1)'
calc '2^100'
maxima --very-quiet <<<'diff(x^2, x);' || true
mathomatic -q <<<'y=x^2' || true
printf 'max: 3x + 2y;\nc1: x + y <= 4;\n' | lp_solve
printf 'var x >= 0; maximize z: x; s.t. c: x <= 3; end;\n' >g.mod
glpsol -m g.mod -o g.out >/dev/null
printf 'p cnf 2 2\n1 2 0\n-1 0\n' >s.cnf
minisat s.cnf >/dev/null || true
picosat s.cnf || true
picomus s.cnf || true
picogcnf s.cnf 2>/dev/null || true
cryptominisat5 --verb 0 s.cnf || true
clasp --quiet=1 s.cnf || true
echo 'a :- not b. b :- not a.' | clingo 0 >/dev/null || true
echo 'a.' | gringo
printf '(declare-const x Int)(assert (> x 2))(check-sat)' | z3 -in
cbc </dev/null >/dev/null || true
clp </dev/null >/dev/null || true
eprover --version
prover9 <<<'formulas(goals). a -> a. end_of_list.' >/dev/null || true
mace4 </dev/null >/dev/null || true

## 2
printf '>s1\nACGTACGTGGTTACGATCAGCTACGACTAGCATCAGCATCGACT\n>s2\nACGTACGTGGTTACGATCAGCTACGACTAGCATCAGCATCGACA\n' >s.fa
printf '@r1\nACGTACGTGGTTACGATCAGCTACG\n+\nIIIIIIIIIIIIIIIIIIIIIIIII\n' >r.fq
samtools faidx s.fa
bwa index s.fa 2>/dev/null
bwa mem -t 2 s.fa r.fq >r.sam 2>/dev/null
samtools sort -@ 2 r.sam -o r.bam
samtools index r.bam
samtools flagstat r.bam
samtools view r.bam
bcftools mpileup -f s.fa r.bam 2>/dev/null | bcftools call -c >v.vcf 2>/dev/null
bgzip -k v.vcf
tabix -p vcf v.vcf.gz
htsfile v.vcf.gz
bedtools genomecov -ibam r.bam
seqtk seq -r s.fa
muscle -in s.fa -out mu.fa -quiet 2>/dev/null || muscle -align s.fa -output mu.fa 2>/dev/null || true
clustalw -infile=s.fa >/dev/null || true
FastTree -nt s.fa 2>/dev/null || fasttree -nt s.fa 2>/dev/null || true
bowtie2-build -q s.fa bt || true
bowtie2 -x bt -f s.fa 2>/dev/null || true
hmmbuild h.hmm s.fa >/dev/null || true
hmmpress h.hmm >/dev/null || true
hmmstat h.hmm || true
nhmmer h.hmm s.fa >/dev/null || true
hmmsearch h.hmm s.fa >/dev/null || true
esl-sfetch --index s.fa 2>/dev/null || true
hmmemit h.hmm >/dev/null || true
makeblastdb -in s.fa -dbtype nucl >/dev/null || true
blastn -query s.fa -db s.fa -num_threads 2 >/dev/null || true
vcftools --vcf v.vcf 2>/dev/null || true
seqret s.fa x.out -auto || true
needle s.fa s.fa nd.out -auto || true
nucmer s.fa s.fa 2>/dev/null || true
obabel -:CCO -oxyz 2>/dev/null || true
proj +proj=merc <<<'1 2'
cs2cs EPSG:4326 EPSG:3857 <<<'1 2' || true
geod +ellps=WGS84 -I <<<'0 0 1 1'
gie --version || true
projinfo EPSG:4326 >/dev/null
cct +proj=merc <<<'1 2 0 0'
invproj +proj=merc <<<'1 2'
invgeod +ellps=WGS84 <<<'0 0 1 1' || true
GeodSolve -i <<<'0 0 1 1'
GeoConvert <<<'33.3 44.4'
TransverseMercatorProj -l 0 <<<'1 1'
CartConvert <<<'33.3 44.4 6000'
Planimeter <<<$'0 0\n0 1\n1 1'
RhumbSolve -i <<<'0 0 1 1'
ConicProj -c 40 60 <<<'1 1' || true
GeoidEval --version
Gravity --version
MagneticField --version
shpcreate sh point
shpadd sh 1 2
shpdump sh
dbfcreate db -s N 5
dbfadd db x
dbfdump db
shptree sh || true
shpinfo sh || true
printf 'uci\nposition startpos\ngo depth 4\nquit\n' | stockfish >/dev/null
printf 'go\nquit\n' | gnuchess -x >/dev/null || true
printf 'genmove black\nquit\n' | gnugo --mode gtp >/dev/null
osmium --version >/dev/null || true

## 3
(
  timeout 25 Xvfb :77 -screen 0 320x240x8 -nolisten tcp 2>/dev/null &
  sleep 1.5
  export DISPLAY=:77
  xdpyinfo >/dev/null
  xwininfo -root -tree
  xprop -root
  xlsatoms | tail -n 1
  xlsclients
  xlsfonts | tail -n 1
  xset q
  xrandr
  xrdb -query
  xsetroot -solid red
  xhost
  xkbcomp :77 k.xkb
  setxkbmap -print
  xmodmap -pke | tail -n 1
  xvinfo
  xgamma
  xrefresh
  xwd -root -out x.xwd
  xwud -in x.xwd &
  sleep 0.3
  kill $!
  for p in xclock xeyes xlogo xcalc xload xmessage\ hi xev editres viewres xfontsel xfd\ -fn\ fixed oclock xedit xman xmag xconsole xditview xbiff xvidtune bitmap ico x11perf\ -repeat\ 1\ -time\ 1\ -dot; do timeout 0.7 $p; done
  xkill -version
  xauth list
  appres XClock
  listres >/dev/null
  xdriinfo
  luit -list | tail -n 1
  xcursorgen --version
  bmtoa x
  atobm </dev/null
  xgc -display :77 &
  sleep 0.3
  kill $!
  xset b off
  sessreg -a -l :77 -w wt x
  xstdcmap -all
  xcmsdb -query
  iceauth list
  wish8.6 <<<'after 100 exit'
  tkconch
  kill %1
  wait
) >/dev/null 2>&1 || true
