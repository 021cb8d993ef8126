# Databases and web servers, with their own load generators.
#
# packages: postgresql postgresql-client redis-server redis-tools memcached libmemcached-tools mariadb-server-core
#   mariadb-client-core mariadb-server slapd lmdb-utils db-util gdbmtool tdb-tools kyotocabinet-utils
#   tokyocabinet-bin sqlite3 tinycdb unixodbc freetds-bin pgbouncer nginx-light haproxy wrk
# SPDX-License-Identifier: Apache-2.0

## 1
b=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -n 1)
mkdir pg
chown postgres . pg
chmod 755 .
p() { setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"; }
c="-h $PWD/pg -p 15500"
p $b/initdb -k -D pg/d -A trust --no-sync >/dev/null
printf "listen_addresses = ''\nunix_socket_directories = '%s/pg'\nport = 15500\nfsync = off\nwal_level = logical\nmax_wal_senders = 4\narchive_mode = on\narchive_command = 'cp %%p $PWD/pg/'\n" "$PWD" >>pg/d/postgresql.conf
p $b/pg_ctl -D pg/d -l pg/log -w start >/dev/null
p $b/pg_isready $c
p $b/createdb $c x
p $b/createuser $c u
p $b/pgbench $c -q -i x 2>/dev/null
p $b/pgbench $c -c 4 -j 2 -T 1 x >/dev/null
p $b/pgbench $c -S -M prepared -C -t 10 x >/dev/null
p $b/psql $c -qAtc 'select count(*) from pgbench_accounts; create table t as select generate_series(1, 5000) n; create index on t (n); analyze; listen a; notify a; copy t to program '"'cat > /dev/null'"'; select pg_sleep(0.01), now(), inet_server_addr(); create extension if not exists plpgsql; checkpoint; select pg_switch_wal(); set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; select sum(n) from t' x
p $b/psql $c -c '\dt' -c '\! true' -c '\copy t to pg/t.csv' x >/dev/null
p $b/pg_dump $c -Fc x >x.dump
p $b/pg_dump $c -Fd -j 2 -f pg/dd x
p $b/pg_dumpall $c >/dev/null
p $b/createdb $c y
p $b/pg_restore $c -d y x.dump
p $b/pg_restore -l x.dump >/dev/null
p $b/vacuumdb $c -z -j 2 x
p $b/reindexdb $c x
p $b/clusterdb $c x
p $b/pg_amcheck $c --install-missing x || true
p $b/oid2name $c >/dev/null
p $b/vacuumlo $c x
p $b/pg_basebackup $c -D pg/bb -c fast
p $b/pg_verifybackup pg/bb
(p timeout 2 $b/pg_receivewal $c -D pg -n || true) 2>/dev/null
p $b/pg_recvlogical $c -d x --slot s --create-slot --if-not-exists
(p timeout 1 $b/pg_recvlogical $c -d x --slot s --start -f pg/rl || true)
p $b/pg_recvlogical $c -d x --slot s --drop-slot
p $b/pg_waldump pg/d/pg_wal/0* >/dev/null 2>&1 || true
p $b/dropdb $c y
p $b/dropuser $c u
p $b/pg_config >/dev/null || true
p $b/pg_ctl -D pg/d -m fast stop >/dev/null
p $b/pg_controldata pg/d >/dev/null
p $b/pg_checksums -c -D pg/d
p $b/pg_resetwal -n pg/d >/dev/null
p $b/pg_archivecleanup pg 000000010000000000000001
p $b/pg_test_fsync -s 1 -f pg/fs >/dev/null
p $b/pg_test_timing -d 1 >/dev/null
p $b/pg_rewind -n --target-pgdata=pg/d --source-pgdata=pg/bb || true
p $b/pg_upgrade -c -b $b -B $b -d pg/d -D pg/bb || true
$b/ecpg <(echo 'int x;') 2>/dev/null || true
p $b/postgres --single -D pg/d x <<<'select 1' >/dev/null || true

## 2
(
  timeout 25 redis-server --port 15501 --bind 127.0.0.1 --dir "$PWD" --appendonly yes --io-threads 2 --unixsocket "$PWD/rs" >/dev/null &
  sleep 0.7
  redis-cli -p 15501 set a b
  redis-cli -s rs lpush l 1 2 3
  redis-cli -p 15501 --pipe <<<$'SET x 1\r\n'
  redis-benchmark -p 15501 -n 2000 -c 20 -q -t set,get,lpush,zadd,mset --threads 2 >/dev/null
  redis-benchmark -s "$PWD/rs" -n 500 -q -P 4 >/dev/null
  redis-cli -p 15501 bgsave
  redis-cli -p 15501 bgrewriteaof
  redis-cli -p 15501 --bigkeys >/dev/null
  redis-cli -p 15501 --scan | head -n 1
  redis-cli -p 15501 --rdb r.rdb >/dev/null
  redis-cli -p 15501 --latency -i 1 >/dev/null &
  sleep 1
  kill $!
  redis-cli -p 15501 eval 'return 1' 0
  timeout 1 redis-cli -p 15501 --stat -i 1 >/dev/null || true
  (
    timeout 6 redis-server --port 15502 --bind 127.0.0.1 --dir "$PWD/tree" --replicaof 127.0.0.1 15501 >/dev/null
    true
  ) &
  sleep 2
  redis-cli -p 15502 info replication >/dev/null
  redis-cli -p 15502 shutdown nosave
  redis-cli -p 15501 config set save '1 1'
  redis-cli -p 15501 flushall async
  redis-cli -p 15501 debug sleep 0
  redis-cli -p 15501 shutdown save
  wait
) || true
redis-check-rdb r.rdb >/dev/null
redis-check-aof appendonlydir/*.incr.aof >/dev/null || true
redis-sentinel --version >/dev/null || true
(
  printf 'port 15503\nbind 127.0.0.1\nsentinel monitor m 127.0.0.1 15501 1\n' >se.conf
  timeout 2 redis-sentinel se.conf >/dev/null
) || true

## 3
(
  timeout 15 memcached -l 127.0.0.1 -p 15504 -U 0 -u root -t 2 &
  sleep 0.5
  s=--servers=127.0.0.1:15504
  memcslap $s --concurrency=4 --execute-number=200
  memcaslap -s 127.0.0.1:15504 -T 1 -c 4 -x 500
  memccapable -h 127.0.0.1 -p 15504
  memccp $s a.txt
  memccat $s a.txt
  memcexist $s a.txt
  memctouch $s a.txt
  memcstat $s
  memcdump $s
  memcrm $s a.txt
  memcflush $s
  memcping $s
  memcerror 1
  memcparse --SERVER=h
  kill %1
  wait
) >/dev/null 2>&1 || true

## 4
(
  mkdir my
  chown mysql my . 2>/dev/null
  mariadb-install-db --no-defaults --user=root --datadir="$PWD/my" --auth-root-authentication-method=normal
  timeout 40 mariadbd --no-defaults --user=root --datadir="$PWD/my" --socket="$PWD/my.s" --skip-networking &
  for i in 1 2 3 4 5 6 7 8 9; do
    sleep 1
    mariadb-admin --no-defaults -S my.s ping && break
  done
  m="--no-defaults -S my.s -u root"
  mariadb $m -e 'create database d; use d; create table t (n int) engine=innodb; insert into t values (1), (2); select sum(n) from t; create table a (n int) engine=aria; create table y (n int) engine=myisam; insert into y values (3); show status; select sleep(0.01); flush tables'
  mariadb-slap $m --auto-generate-sql --concurrency=4 --number-of-queries=200
  mariadb-dump $m d
  mariadb-check $m d
  mariadb-show $m d
  mariadb-import $m d a.txt
  mariadb-admin $m status processlist
  mariadb-binlog --no-defaults --version
  mariadb-upgrade $m
  mariadb-admin $m shutdown
  wait
  myisamchk my/d/y
  myisam_ftdump my/d/y 0
  aria_chk my/d/a
  aria_dump_log
  aria_read_log -d
  aria_ftdump my/d/a 0
  aria_pack my/d/a
  myisampack -f my/d/y
  myisamlog
  innochecksum my/ibdata1
  my_print_defaults client
  resolveip 127.0.0.1
  perror 2
  replace a b -- a.txt
  mariadb-plugin --version
  mariadb-tzinfo-to-sql /usr/share/zoneinfo/Europe/Berlin
  mysql_embedded --version
  mariadb-waitpid -v 99999 1
  mariadb-conv --version
) >/dev/null 2>&1 || true

## 5
slapd -VV >/dev/null 2>&1 || true
(
  mkdir ld
  printf 'include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix "dc=x"\nrootdn "cn=a,dc=x"\nrootpw s\ndirectory %s/ld\n' "$PWD" >sl.conf
  printf 'dn: dc=x\nobjectClass: dcObject\nobjectClass: organization\ndc: x\no: x\n' >x.ldif
  slaptest -f sl.conf -u
  slapadd -f sl.conf -l x.ldif
  slapcat -f sl.conf
  slapindex -f sl.conf
  timeout 6 slapd -d 0 -f sl.conf -h ldap://127.0.0.1:15505 &
  sleep 1
  h="-x -H ldap://127.0.0.1:15505"
  ldapsearch $h -b dc=x
  printf 'dn: cn=b,dc=x\nobjectClass: device\ncn: b\n' | ldapadd $h -D cn=a,dc=x -w s
  ldapdelete $h -D cn=a,dc=x -w s cn=b,dc=x
  ldapwhoami $h
  kill %1
  wait
  slappasswd -s x
  slapdn -f sl.conf dc=x
  slapacl -f sl.conf -b dc=x
  slapauth -f sl.conf -X u:a
  slapschema -f sl.conf
) >/dev/null 2>&1 || true

## 6
printf 'VERSION=3\nformat=print\ntype=btree\nHEADER=END\n a\n 1\nDATA=END\n' >d.in
db_load -f d.in x.db || db5.3_load -f d.in x.db || true
for t in db_dump db_stat db_verify db_archive db_printlog db_recover db_checkpoint db_hotbackup db_upgrade db_tuner db_sql_codegen db_deadlock db_replicate db_log_verify dbsql; do
  timeout 1 db5.3_${t#db_} x.db
  timeout 1 db5.3_${t#db_} -d x.db
  timeout 1 $t -h . </dev/null
done >/dev/null 2>&1 || true
mkdir mdb
mdb_load mdb <d.in || true
mdb_dump -p mdb || true
mdb_stat -e mdb || true
mdb_copy mdb tree || true
mdb_drop -d mdb || true
gdbmtool g.db store a b
gdbmtool g.db fetch a
gdbm_dump g.db gd
gdbm_load gd g2.db || true
tdbtool t.tdb create t.tdb || true
tdbdump t.tdb || true
tdbbackup t.tdb || true
tdbtorture -n 1 -l 10 || true
tdbrestore t2 </dev/null || true
kchashmgr create k.kch
kchashmgr set k.kch a b
kchashmgr list k.kch
kchashtest order k2.kch 100 >/dev/null || true
kctreemgr create k.kct
kctreetest order k3.kct 100 >/dev/null || true
kcprototest order 100 >/dev/null || true
kcstashtest order 100 >/dev/null || true
kccachetest order 100 >/dev/null || true
kcgrasstest order 100 >/dev/null || true
kcdirmgr create kd
kcdirtest order kd2 20 >/dev/null || true
kcforestmgr create kf
kcforesttest order kf2 20 >/dev/null || true
kcpolymgr create kp.kch
kcpolytest order kp2.kch 20 >/dev/null || true
kctextmgr create kt
kcutilmgr hash a.txt
kcutiltest mutex 2 10 >/dev/null || true
kclangctest order k4.kch 20 >/dev/null || true
tchmgr create t.tch
tchmgr put t.tch a b
tchmgr list t.tch
tchtest write t2.tch 50 >/dev/null || true
tcbmgr create t.tcb
tcbtest write t2.tcb 50 >/dev/null || true
tcfmgr create t.tcf
tcftest write t2.tcf 50 >/dev/null || true
tctmgr create t.tct
tcttest write t2.tct 50 >/dev/null || true
tcamgr create t3.tch
tcatest write t4.tch 50 >/dev/null || true
tcucodec url a.txt
tcumttest combo -rnd 2 20 10 >/dev/null 2>&1 || true
tcutest xstr 20 >/dev/null || true
cdb -c x.cdb <(printf '+1,1:a->b\n\n')
cdb -d x.cdb
cdb -q x.cdb a
cdb -s x.cdb
isql -b x 2>/dev/null || true
odbcinst -j
iusql x 2>/dev/null || true
slencheck x 2>/dev/null || true
dltest x y 2>/dev/null || true
tsql -C
bsqldb -v 2>/dev/null || true
datacopy -v 2>/dev/null || true
defncopy -v 2>/dev/null || true
freebcp -v 2>/dev/null || true
fisql -v 2>/dev/null </dev/null || true
bsqlodbc -v 2>/dev/null || true
mdb-tables x 2>/dev/null || true
mdb-ver x 2>/dev/null || true
(
  timeout 4 etcd --data-dir et --listen-client-urls http://127.0.0.1:15506 --advertise-client-urls http://127.0.0.1:15506 --listen-peer-urls http://127.0.0.1:15507 2>/dev/null &
  sleep 1.5
  etcdctl --endpoints=127.0.0.1:15506 put a b
  etcdctl --endpoints=127.0.0.1:15506 get a
  wait
) >/dev/null 2>&1 || true
(
  printf '[databases]\n[pgbouncer]\nlisten_port=15508\nlisten_addr=127.0.0.1\nauth_type=any\nlogfile=%s/pb.log\n' "$PWD" >pb.ini
  setpriv --reuid=postgres --clear-groups timeout 2 pgbouncer pb.ini
) >/dev/null 2>&1 || true

## 7
printf 'daemon off; user root; worker_processes 2; pid %s/n.pid; error_log %s/e.log; events { worker_connections 64; }\nhttp { access_log %s/a.log; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; server { listen 127.0.0.1:15509; root %s; gzip on; sendfile on; location /p/ { proxy_pass http://127.0.0.1:15509/; } location /l/ { alias %s/tree/; autoindex on; } } }\n' "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" >ng.conf
nginx -t -c "$PWD/ng.conf" -e e.log
(
  nginx -c "$PWD/ng.conf" -e e.log &
  sleep 0.5
  wrk -t 2 -c 8 -d 1s http://127.0.0.1:15509/big.txt
  for p in a.txt p/a.txt l/ none; do curl -s --compressed -r 0-5 http://127.0.0.1:15509/$p; done
  curl -s -T big.txt http://127.0.0.1:15509/p/x
  kill -HUP "$(cat n.pid)"
  sleep 0.3
  kill -USR1 "$(cat n.pid)"
  curl -s http://127.0.0.1:15509/a.txt
  kill -QUIT "$(cat n.pid)"
  wait
) >/dev/null
printf 'global\n nbthread 2\n stats socket %s/hs\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 1s\nfrontend f\n bind 127.0.0.1:15510\n http-request return status 200 if { path / }\n default_backend b\nbackend b\n option httpchk\n server s 127.0.0.1:15509 check\n' "$PWD" >h.cfg
haproxy -c -f h.cfg
(
  timeout 6 haproxy -W -db -f h.cfg &
  sleep 0.7
  wrk -t 1 -c 4 -d 1s http://127.0.0.1:15510/
  curl -s http://127.0.0.1:15510/x
  echo 'show info' | socat - UNIX:hs
  kill -USR2 %1
  sleep 0.5
  curl -s http://127.0.0.1:15510/
  kill %1
  wait
) >/dev/null 2>&1 || true
halog -h <a.txt 2>/dev/null || true
