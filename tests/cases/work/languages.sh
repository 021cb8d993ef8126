# Shells and interpreters.
#
# packages: bash dash zsh ksh mksh tcsh yash busybox-static fish perl python3 tcl lua5.4 luajit ruby php-cli
#   guile-3.0 nodejs regina-rexx sqlite3 expect rc posh ocaml-base-nox gforth gawk swi-prolog-nox chicken-bin
#   newlisp picolisp
# SPDX-License-Identifier: Apache-2.0

## 1
bash -c 'x=$(ls | wc -l); for i in 1 2 3; do echo $i $x; done; (exit 3) | cat; wait; ulimit -a; umask; times; read -t 0.1 y < pipe; printf "%(%F)T\n" -1; mapfile -t m < a.txt; echo ${m[1]} <(true); coproc cat; kill $COPROC_PID; exec 3<> a.txt; trap "echo t" USR1; kill -USR1 $$; [[ -O a.txt ]]; type -a ls; hash; cd -P tree; test -t 0; suspend' 2>/dev/null </dev/null || true
bash -i -c 'history -s x; history; fc -l; jobs; sleep 0.1 & fg' </dev/null 2>/dev/null || true
bash -c 'exec 5<>/dev/tcp/127.0.0.1/9' 2>/dev/null || true
bash --posix -c 'select x in a; do break; done <<< 1'
bash -c 'ulimit -c 0; ulimit -n 200; enable -f /usr/lib/bash/sleep sleep; echo {1..5}; compgen -c ls | head -n 1; caller; [[ a =~ (a) ]]; cat <<X
y
X'
dash -c 'read x < a.txt; echo $x; ulimit -n; umask 022; trap "echo t" TERM; kill -TERM $$; (sleep 0.1 & wait); getopts a: o -a 1; test a.txt -nt b.txt; cd tree; pwd -P; times; set -m; sleep 0.1 & jobs; fg' 2>/dev/null </dev/null || true
dash -i -c 'echo x' </dev/null 2>/dev/null
zsh -f -c 'zmodload zsh/datetime zsh/stat zsh/net/tcp zsh/zpty zsh/system zsh/files zsh/mathfunc zsh/regex zsh/mapfile zsh/zselect; strftime %F $EPOCHSECONDS; zstat a.txt; print -l **/*(.om); setopt multios; echo a > o1 > o2; ls | while read x; do :; done; sysread -i 0 < a.txt; zpty p cat; zpty -w p hi; zpty -r p x; zpty -d p; mkdir zz; zf_rm -r zz; coproc cat; kill %1; zselect -t 1; autoload -U compinit; sched; limit' 2>/dev/null </dev/null || true
zsh -i -c 'print hi' </dev/null 2>/dev/null || true
ksh -c 'typeset -i x=3; print $((x * 2)); ls | read y; for f in *; do :; done; (sleep 0.1) & wait; ulimit -a; trap "echo t" EXIT; read -t 0.1 z < /dev/null; print -r -- ${.sh.version}; exec 3< a.txt; read -u3 l; date; kill -l' 2>/dev/null || true
mksh -c 'print $RANDOM; ls | while read -r x; do :; done; ulimit -n; sleep 0.05; cat < a.txt; time true; co() { cat |& print -p hi; read -p y; }; co' || true
tcsh -f -c 'set x = (a b); echo $x[1]; foreach i (1 2); echo $i; end; ls | wc -l; limit; alias a b; time true; sleep 0.05 &; wait; printenv HOME; umask; nice true; which ls' || true
yash -c 'array a 1 2; echo $a; ls | cat; ulimit -a; read x < a.txt; kill -l; cd tree; times; printf "%d\n" 3' || true
rc -c 'x = (a b); echo $x(1); ls | wc -l; for (i in 1 2) echo $i; cat < a.txt; limit; wait; umask' || true
posh -c 'echo hi; ls | cat; ulimit -n; read x < a.txt' || true
fish -N -c 'for i in (seq 3); echo $i; end; ls | wc -l; set -U a b; math 2 + 2; string match -r "l.*" (cat a.txt); random; sleep 0.05 &; wait; ulimit -a; test -e a.txt; status' || true
fish_indent </dev/null
printf '' | fish_key_reader 2>/dev/null || true
busybox sh -c 'for a in arch ash "awk BEGIN{print(1)}" "basename /a/b" bzip2 "cat a.txt" cal "cksum a.txt" "cmp a.txt a.txt" "cp a.txt bb" "cut -c1 a.txt" date "dd if=a.txt" df "du ." "echo a" env "expr 1 + 1" "find ." "fold a.txt" free "grep l a.txt" "gzip -c a.txt" "head a.txt" hostname id ifconfig "ip a" "ln -s a.txt bl" "ls -l" "md5sum a.txt" mktemp mount netstat nproc "od a.txt" ps pwd "readlink bl" "realpath bl" "rm bb" "sed p a.txt" "seq 3" "sha1sum a.txt" "sleep 0" "sort a.txt" "stat a.txt" "tac a.txt" "tail a.txt" "tar cf bt.tar a.txt" "tee bo" "touch bt" uname uptime "uniq a.txt" "vi -c q a.txt" "wc a.txt" "wget -q http://127.0.0.1:9/" who "xxd a.txt" "ping -c1 127.0.0.1" "nslookup x 127.0.0.1" lsof "top -bn1" "ed a.txt" "cpio -o" "unzip -l x" "hexdump a.txt" "diff a.txt b.txt" "timeout 1 true" "nc -w 1 127.0.0.1 9" "setsid true" "renice 1 1" "chroot / true" "fsync a.txt" "flock a.txt true" "pgrep x" "pstree" "route" "arp" "mkfifo bp" "chmod 644 a.txt" "chown 0 a.txt" "bc" "losetup" "blkid" "lsmod" "dmesg" "adduser --help" "mkfs.ext2 -n a.txt"; do timeout 3 busybox $a; done' </dev/null >/dev/null 2>&1 || true
perl -e 'use Socket; open F, "<", "a.txt"; print sort <F>; print `true`; socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); if (!fork) { syswrite B, "x"; exit } close B; sysread A, $x, 1; wait; utime 1, 2, "a.txt"; chmod 0644, "a.txt"; opendir D, "."; @x = readdir D; mkdir "pd"; rmdir "pd"; symlink "a", "b1"; readlink "b1"; rename "b1", "b2"; unlink "b2"; truncate "a.txt", 5; select undef, undef, undef, 0.01; alarm 1; local $SIG{ALRM} = sub {}; getpwnam "root"; gethostbyname "localhost"; flock F, 1; umask; getpriority 0, 0; times; srand; rand; sleep 0; kill 0, $$; setpgrp; getppid; chdir "tree"; pipe R, W; exec "true"'
perl -MPOSIX -MTime::HiRes=usleep,ualarm,clock -MFile::Temp -MStorable -MIO::Socket::INET -MSys::Hostname -MDB_File -MDigest::SHA -MCompress::Zlib -MEncode -MFcntl -MIPC::Open3 -MIPC::SysV -MList::Util -MThread::Queue -Mthreads -e 'usleep 10; hostname; print POSIX::strftime("%F", localtime), ttyname(0), (uname)[0]; mkfifo "pf", 0600; $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1"); $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1:" . $s->sockport); print $c "x"; tie %h, "DB_File", "db"; $h{a} = 1; untie %h; store [1], "st"; threads->create(sub { 1 })->join; semget 1, 1, 01600; sigaction SIGUSR1, POSIX::SigAction->new(sub {}); nice 1; dup2 0, 9; access "a.txt", R_OK; ctermid; cuserid; pause if 0' || true
perl -d:Trace -e 1 2>/dev/null || true
perl -i.bak -pe 's/a/b/' a.txt
perl -Mre=debug -e '/x/' 2>/dev/null
perl -MCPAN -e 1
prove -v <(echo 'print "1..1\nok 1\n"')
perldoc -T -f print | head -n 1 || true
h2xs -n Xs -A >/dev/null || true
xsubpp </dev/null || true
pod2text "$(command -v pod2man)" | head -n 1
json_pp <<<'{}'
shasum a.txt
ptar cf p.tar a.txt || true

## 2
python3 -c 'import os, sys, socket, threading, json, subprocess, tempfile, shutil, time, select, mmap, signal, sqlite3, ssl, zlib, bz2, lzma, hashlib, multiprocessing as m, asyncio, ctypes, fcntl, resource, pwd, grp, glob
t = threading.Thread(target=print); t.start(); t.join()
subprocess.run(["true"]); os.system("true"); os.popen("echo x").read(); shutil.copytree("tree", "tc"); shutil.rmtree("tc"); open("w", "w").write("x"); os.replace("w", "v"); os.utime("v"); os.truncate("v", 0); os.listxattr("v"); os.sched_getaffinity(0); os.getrandom(4); os.memfd_create("x"); os.pipe2(0); os.eventfd(1); os.sendfile(1, os.open("a.txt", 0), 0, 4); os.posix_fallocate(os.open("v", 2), 0, 9); os.statvfs("/"); os.fork() or os._exit(0); os.wait(); os.openpty(); os.getloadavg(); os.nice(1); os.setpriority(0, 0, 2); os.scandir("."); os.copy_file_range(os.open("a.txt", 0), os.open("v", 2), 5); os.posix_spawn("/bin/true", ["true"], {}); os.waitid(os.P_ALL, 0, os.WEXITED); os.pidfd_open(os.getpid()); os.sync(); os.mkfifo("ff"); os.splice
signal.setitimer(signal.ITIMER_REAL, 5); signal.sigtimedwait([signal.SIGUSR1], 0.01); p = select.epoll(); p.poll(0.01); select.poll().poll(1); select.select([], [], [], 0.01); mm = mmap.mmap(-1, 4096); mm.madvise(mmap.MADV_DONTNEED); mm.resize(8192); mm.flush(); sqlite3.connect("s.db").execute("create table t (n)"); ssl.create_default_context(); fcntl.flock(0, fcntl.LOCK_SH) if 0 else 0; resource.getrlimit(0); resource.setrlimit(4, (0, 0)); pwd.getpwall(); grp.getgrall(); socket.getaddrinfo("localhost", 80); a, b = socket.socketpair(); b.sendmsg([b"x"]); a.recvmsg(9); s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); c = socket.create_connection(s.getsockname()); s.accept(); s.shutdown
asyncio.run(asyncio.create_subprocess_exec("true")); q = m.Queue(); r = m.Process(target=q.put, args=(1,)); r.start(); q.get(); r.join(); m.shared_memory if 0 else 0; ctypes.CDLL(None).getpid(); time.sleep(0.01); tempfile.NamedTemporaryFile(); time.clock_settime if 0 else 0; m.Semaphore(1).acquire(); sys.stdout.flush()'
python3 -m venv --without-pip ve
ve/bin/python -c 1
python3 -m compileall -q .
python3 -m zipfile -c z.zip a.txt
python3 -m timeit -n 1 pass
python3 -m cProfile -c 1 2>/dev/null || true
python3 -m json.tool <<<'{}'
python3 -X faulthandler -X tracemalloc -c 1
python3 -i -c 1 </dev/null
python3 -m ensurepip --version 2>/dev/null || true
timeout 0.5 python3 -m http.server 0 --bind 127.0.0.1 2>/dev/null || true
echo 'puts [exec ls]; set f [open a.txt]; puts [read $f]; after 10 {set x 1}; vwait x; file mkdir td; file delete td; set s [socket -server {apply {{a b c} {}}} -myaddr 127.0.0.1 0]; set c [socket 127.0.0.1 [lindex [fconfigure $s -sockname] 2]]; puts [clock format [clock seconds]]; puts [glob *]; set p [open "|cat" r+]; puts $p x; flush $p; gets $p; package require Thread' | tclsh || true
expect -c 'spawn cat; send "x\n"; expect x; close; wait'
lua5.4 -e 'for l in io.lines("a.txt") do print(l) end io.popen("ls"):read("a") os.execute("true") os.rename("a.txt", "c.txt") os.remove("c.txt") print(os.time(), os.date(), os.getenv("HOME"), os.tmpname()) io.tmpfile():write("x") coroutine.wrap(function() end)()'
luac5.4 -o l.out - <<<'print(1)'
lua5.4 l.out
luajit -e 'local f = require("ffi") f.cdef("int getpid(void);") local n = 0 for i = 1, 1e6 do n = n + i end print(n, f.C.getpid())'
luajit -b -l - <<<'print(1)' | head -n 1
ruby -e 'puts File.read("b.txt"), `true`, Dir["*"].size; Thread.new { sleep 0.01 }.join; pid = fork { exit }; Process.wait pid; require "socket"; s = TCPServer.new("127.0.0.1", 0); c = TCPSocket.new("127.0.0.1", s.addr[1]); s.accept.puts "x"; c.gets; r, w = IO.pipe; w.puts 1; IO.select([r]); require "tempfile"; Tempfile.new("x"); require "json"; require "openssl"; require "digest"; puts Time.now, Etc.getlogin rescue p $!; Signal.trap("USR1") {}; Process.kill("USR1", $$); GC.start; Ractor.new { 1 }.take; IO.popen("cat", "r+") { |p| p.puts 1 }; File.rename("b.txt", "r.txt"); FileTest.exist?("r.txt")' 2>/dev/null
erb <<<'<%= 1 %>' || true
irb -f --noprompt <<<'1' >/dev/null || true
php -r 'echo file_get_contents("r.txt"), shell_exec("true"), json_encode([1]), date("c"), gethostname(); $s = stream_socket_server("tcp://127.0.0.1:0"); $c = stream_socket_client("tcp://" . stream_socket_get_name($s, false)); $d = new PDO("sqlite::memory:") ?? 0; foreach (scandir(".") as $f); mkdir("pd"); rmdir("pd"); usleep(10); session_start(); proc_open("true", [], $p); random_bytes(3); tempnam(".", "x"); pcntl_fork() or exit;' || true
timeout 0.5 php -S 127.0.0.1:0 2>/dev/null || true
php -l /dev/null
php -m >/dev/null
phpdbg -V 2>/dev/null || true
guile --no-auto-compile -c '(use-modules (ice-9 popen) (ice-9 threads) (ice-9 ftw)) (display (getpid)) (join-thread (make-thread display 1)) (close-pipe (open-input-pipe "ls")) (system* "true") (gc)'
guild compile -o x.go <(echo '(display 1)') || true
node -e 'require("fs").readdirSync("."); setTimeout(() => {}, 10); new (require("worker_threads").Worker)("0", {eval: true}); require("crypto").pbkdf2("a", "b", 1000, 16, "sha1", () => {}); require("child_process").execSync("true"); require("fs").watch("."); require("dns").lookup("localhost", () => {}); require("zlib").gzip("x", () => {}); setTimeout(() => process.exit(), 100); const s = require("net").createServer(c => c.end("x")).listen(0, "127.0.0.1", () => require("net").connect(s.address().port, "127.0.0.1").on("data", () => {}))'
node -e 'require("cluster").isPrimary && require("cluster").fork(); setTimeout(() => process.exit(), 200)'
node --prof -e 'for (let i = 0; i < 1e6; ++i);'
node --expose-gc -e 'gc(); WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); require("fs").promises.writeFile("n", "x").then(() => require("fs").rm("n", () => {}))'
rexx <(echo 'say date() time(); address system "true"; call lineout "rx.out", "x"; say linein("a.txt"); "ls"') || true
regina <(echo 'say 1')
rxstack -v 2>/dev/null || true
echo 'print_endline (Sys.getcwd ()); ignore (Sys.command "true");;' >o.ml
ocamlrun -version
gforth -e '1 2 + . bye'
swipl -g 'X is 2 ** 100, print(X), shell(true), thread_create(true, T), thread_join(T), halt' </dev/null
octave-cli -q --eval 'a = rand(50); disp(det(a) != 0); system("true"); save x.mat a; b = inv(a);' || true
csi -n -e '(print (current-process-milliseconds))' 2>/dev/null || true
newlisp -e '(println (exec "true") (directory))' || true
picolisp -prinl -bye 2>/dev/null || true

## 3
sqlite3 t.db 'pragma journal_mode = wal; create table t (n); insert into t values (1); select sum(n) from t; .backup b.db' '.dump'
sqlite3 t.db 'with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000) insert into t select x from c; create index i on t(n); vacuum; select * from t order by random() limit 1; .mode json' '.schema' '.system true' '.import a.txt u' '.output o.csv' '.shell true'
sqlite3 :memory: 'select load_extension("x");' 2>/dev/null || true
