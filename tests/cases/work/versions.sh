# Version control and packages.
#
# packages: git rcs cvs subversion mercurial fossil tig quilt diffstat patchutils colordiff wiggle git-lfs dpkg
#   dpkg-dev apt apt-utils debconf rpm rpm2cpio dash zsync
# SPDX-License-Identifier: Apache-2.0

## 1
git init -q r
cd r
git config user.name a
git config user.email a@b
cp ../a.txt ../big.txt .
git add .
git commit -qm one
git branch b
echo x >>a.txt
git commit -qam two
git checkout -q b
echo y >>b.txt
git add -A
git commit -qm three
git merge -q -m m master || git merge -q -m m main
git log -p --graph --stat >/dev/null
git rebase -q HEAD~1 || true
git stash
git blame a.txt
git grep -n line
git diff HEAD~1 --word-diff
git tag -a v1 -m v1
git describe
git archive --format=tar.gz HEAD >../h.tgz
git bundle create ../b.bundle --all
git gc -q --prune=now
git fsck
git repack -adq --threads=2
git cat-file --batch-check <<<HEAD
git rev-list --objects --all | git pack-objects -q ../pk
git index-pack -o ../i.idx ../pk-*.pack
git worktree add -q ../w2 HEAD~1
git bisect start
git bisect bad
git bisect reset
git notes add -m n
git format-patch -1 -o ../fp
git am -q ../fp/* || git am --abort
git cherry-pick HEAD || git cherry-pick --abort
git submodule status
git clean -fdx
git reflog
git shortlog -s HEAD
git fast-export --all | git -C .. init -q fi
git multi-pack-index write
git commit-graph write
git maintenance run --quiet
git update-server-info
git count-objects -v
git apply --check /dev/null || true
git fetch -q .. 2>/dev/null || true
git sparse-checkout set x
git range-diff HEAD~1..HEAD HEAD~1..HEAD
git mergetool --tool-help >/dev/null
git send-email --help >/dev/null 2>&1 || true
git daemon --help >/dev/null 2>&1 || true
cd ..
git clone -q r c1
git clone -q --bare r c2.git
git -C c1 pull -q
git -C c1 push -q origin HEAD:new
git clone -q b.bundle c3 || true
git clone -q http://127.0.0.1:9/x c4 2>/dev/null || true
git clone -q ssh://127.0.0.1:9/x c5 2>/dev/null || true
(
  timeout 3 git daemon --export-all --base-path=. --listen=127.0.0.1 --port=19418 --reuseaddr &
  sleep 0.5
  git clone -q git://127.0.0.1:19418/r c6
  wait
) || true
git ls-remote r
scalar list
git-shell -c 'git-upload-pack r' </dev/null || true
GIT_PROJECT_ROOT=$PWD GIT_HTTP_EXPORT_ALL=1 PATH_INFO=/r/.git/info/refs QUERY_STRING=service=git-upload-pack REQUEST_METHOD=GET git http-backend | tail -n 1
git credential fill <<<'url=http://u:p@h' >/dev/null 2>&1 || true
git credential-store --file=cr store <<<'url=http://u:p@h'
git credential-cache exit || true
git imap-send </dev/null 2>/dev/null || true
git http-fetch -a HEAD http://127.0.0.1:9/ 2>/dev/null || true
git sh-i18n--envsubst a || true
git remote-ext a b </dev/null || true
git remote-fd a 0 </dev/null || true

## 2
mkdir v RCS
cd v
cp ../a.txt .
ci -t-x -l a.txt
echo z >>a.txt
ci -mm -u a.txt </dev/null
co -l a.txt
rlog a.txt
rcsdiff -r1.1 a.txt || true
rcs -nX: a.txt
ident a.txt || true
rcsclean a.txt || true
cp a.txt m1
merge -p m1 a.txt a.txt >/dev/null || true
rcsmerge -p -r1.1 a.txt >/dev/null || true
cd ..
export CVSROOT=$PWD/cvs
cvs init
cd tree
cvs -Q import -m i mod v r
cd ..
cvs -Q co mod
cd mod
echo q >sub/f
cvs -Q ci -m c
cvs -Q log sub/f >/dev/null
cvs -Q diff -r1.1 sub/f || true
cvs -Q annotate sub/f
cvs -Q update
cd ..
svnadmin create s
svn -q import tree "file://$PWD/s/t" -m i
svn -q co "file://$PWD/s/t" sc
echo k >sc/sub/f
svn -q ci -m c sc
svn log -v sc
svn diff -r 1:2 sc
svn blame sc/sub/f
svn info sc
svn up -q sc
svn cleanup sc
svn propset svn:x y sc/sub/f
svnlook tree s
svnadmin dump -q s >sd
svnadmin create s2
svnadmin load -q s2 <sd
svnadmin verify -q s
svnadmin hotcopy s s3
svnadmin pack s
svnversion sc
svndumpfilter -q include sub <sd >/dev/null 2>&1
svnrdump dump -q "file://$PWD/s" >/dev/null
svnsync init --allow-non-empty "file://$PWD/s2" "file://$PWD/s" 2>/dev/null || true
svnfsfs stats s >/dev/null
svnmucc -m m mkdir x -U "file://$PWD/s"
svnbench null-list "file://$PWD/s" >/dev/null
svnauthz validate a.txt || true
svn-populate-node-origins-index s || true
svnconflict 2>/dev/null || true
svnmover 2>/dev/null || true
svnraisetreeconflict 2>/dev/null || true
(
  timeout 2 svnserve -d --foreground -r "$PWD" --listen-host 127.0.0.1 --listen-port 13690 &
  sleep 0.4
  svn ls svn://127.0.0.1:13690/s
  wait
) || true

## 3
fossil new --admin-user a f.fossil >/dev/null
mkdir fo
cd fo
fossil open ../f.fossil >/dev/null
cp ../a.txt .
fossil add a.txt
fossil commit -m m --no-prompt >/dev/null 2>&1
fossil timeline
fossil diff
fossil sqlite3 --no-repository 'select 1' || true
cd ..
hg init h
cd h
cp ../a.txt .
hg -q ci -A -m m -u u
hg log
hg -q up
cd ..
tig --version
diffstat < <(diff -u a.txt b.txt)
diff -u a.txt b.txt >p1 || true
cp p1 p2
interdiff p1 p2
lsdiff p1
filterdiff -i '*' p1
combinediff p1 p2 >/dev/null || true
flipdiff p1 p2 >/dev/null || true
rediff p1 p2 || true
recountdiff p1
grepdiff line p1
unwrapdiff p1
dehtmldiff p1 || true
splitdiff p1 || true
espdiff 2>/dev/null || true
wiggle -m a.txt a.txt b.txt || true
wiggle -x p1 >/dev/null || true
git lfs version || true
quilt init || true
colordiff a.txt b.txt || true

## 4
mkdir -p pk/DEBIAN pk/usr/share/x
printf 'Package: xx\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: d\n' >pk/DEBIAN/control
cp a.txt pk/usr/share/x
dpkg-deb -b pk xx.deb
dpkg-deb -c xx.deb
dpkg-deb -I xx.deb
dpkg-deb -x xx.deb ex
dpkg-deb --fsys-tarfile xx.deb | tar t
dpkg-deb -R xx.deb rw
dpkg-split -s xx.deb
dpkg -l bash
dpkg -S /bin/ls
dpkg -V bash || true
dpkg --compare-versions 1 lt 2
dpkg --audit
mkdir -p in/var/lib/dpkg/{info,updates,triggers} in/tmp
touch in/var/lib/dpkg/status in/var/lib/dpkg/available
dpkg --root=in --force-not-root --force-script-chrootless -i xx.deb || true
dpkg --root=in -r xx || true
dpkg-query -W -f '${Package}\n' bash
dpkg-query -L bash
dpkg-divert --list
dpkg-statoverride --list
dpkg-trigger --check-supported
update-alternatives --display awk
update-alternatives --altdir in/tmp --admindir in/var --install "$PWD/lnk" lnk /bin/ls 1
dpkg-architecture >/dev/null
dpkg-scanpackages . >Packages 2>/dev/null
apt-ftparchive packages . >Packages
apt-ftparchive release . >Release
apt-sortpkgs Packages
apt-extracttemplates xx.deb
apt-config dump >/dev/null
apt-cache policy bash
apt-cache search -n '^bash$'
apt-cache showpkg bash >/dev/null
apt-get -s install bash
apt list --installed 2>/dev/null | tail -n 1
apt-mark showmanual | tail -n 1
apt-cdrom ident </dev/null || true
apt show bash >/dev/null 2>&1
mkdir -p ap/{lists,cache,etc}
echo "deb [trusted=yes] copy:$PWD ./" >ap/src.list
echo "deb [trusted=yes] file:$PWD ./" >>ap/src.list
gzip -k Packages
xz -k Packages
apt-get -q -o Dir::Etc::SourceList="$PWD/ap/src.list" -o Dir::Etc::SourceParts=- -o Dir::State="$PWD/ap" -o Dir::Cache="$PWD/ap/cache" -o APT::Sandbox::User=root update || true
apt-get -q -o Dir::Etc::SourceList="$PWD/ap/src.list" -o Dir::Etc::SourceParts=- -o Dir::State="$PWD/ap" -o Dir::Cache="$PWD/ap/cache" download xx || true
echo "deb [trusted=yes] http://127.0.0.1:9 ./" >ap/src.list
apt-get -q -o Acquire::Retries=0 -o Dir::Etc::SourceList="$PWD/ap/src.list" -o Dir::Etc::SourceParts=- -o Dir::State="$PWD/ap" -o Dir::Cache="$PWD/ap/cache" update || true
/usr/lib/apt/apt-helper cat-file Packages.xz | tail -n 1
apt-dump-solver </dev/null 2>/dev/null || true
rpm -qa || true
rpm --root "$PWD/in" --initdb
rpm --eval '%_arch'
rpmspec --version
rpmbuild --version 2>/dev/null || true
rpm2cpio nothing 2>/dev/null || true
rpmdb --root "$PWD/in" --rebuilddb
rpmkeys --version
rpmsign --version
rpmgraph --version 2>/dev/null || true
rpm2archive nothing 2>/dev/null || true
zsyncmake -u http://x/ -o z.zsync big.txt
ischroot || true
savelog -n a.txt
tempfile 2>/dev/null || true
run-parts --test /etc/cron.daily
which ls
deb-systemd-helper 2>/dev/null || true
debconf-show x || true
tempfile 2>/dev/null || true
