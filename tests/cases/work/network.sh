# Servers and clients on loopback.
#
# packages: curl wget netcat-openbsd netcat-traditional socat nmap iperf3 iperf tcpdump iputils-ping
#   iputils-tracepath iputils-arping traceroute mtr-tiny hping3 fping dnsutils bind9 bind9-utils dnsmasq-base
#   unbound nsd knot knot-dnsutils ldnsutils apache2-bin apache2-utils lighttpd vsftpd tftpd-hpa tftp-hpa ftp lftp
#   tnftp telnet inetutils-telnet ncftp openbsd-inetd privoxy tinyproxy stunnel4 mosquitto mosquitto-clients rsync
#   wrk siege httperf nghttp2 redis-server haproxy nginx-light varnish links elinks aria2 axel msmtp s-nail swaks
#   snmp snmpd tcpflow tcpreplay tshark arp-scan bridge-utils vlan wireguard-tools ipcalc sipcalc krb5-user
#   ldap-utils smbclient bird2 fcgiwrap spawn-fcgi memcached dropbear-bin
# SPDX-License-Identifier: Apache-2.0

## 1
mkdir www
cp a.txt big.txt www
printf 'server.document-root = "%s/www"\nserver.port = 18080\nserver.bind = "127.0.0.1"\nserver.errorlog = "%s/li.log"\nserver.modules += ("mod_accesslog", "mod_status", "mod_deflate")\naccesslog.filename = "%s/acc.log"\ndir-listing.activate = "enable"\nstatus.status-url = "/st"\n' "$PWD" "$PWD" "$PWD" >li.conf
lighttpd -tt -f li.conf || true
(
  timeout 12 lighttpd -D -f li.conf &
  sleep 0.5
  u=http://127.0.0.1:18080
  curl -s $u/a.txt $u/big.txt -o b1 -Z
  curl -sI $u/
  curl -s -d x=1 -r 0-9 --compressed $u/a.txt
  curl -sT a.txt $u/up
  curl -s --http2 -L -b c=1 -c jar -w '%{time_total}\n' $u/st
  wget -q -O - $u/a.txt
  wget -q -r -P rec $u/
  wget -q -c $u/big.txt -O big2
  ab -q -n 50 -c 5 $u/a.txt >/dev/null
  wrk -t 1 -c 4 -d 1 $u/a.txt
  siege -q -c 2 -r 3 $u/a.txt >/dev/null 2>&1
  httperf --server 127.0.0.1 --port 18080 --num-conns 20 >/dev/null
  h2load -n 10 -c 2 --h1 $u/a.txt >/dev/null
  nghttp $u/ >/dev/null
  hey -n 20 -c 2 $u/a.txt >/dev/null
  aria2c -q -x 2 $u/big.txt -o ar
  axel -q -n 2 $u/big.txt -o ax
  links -dump $u/a.txt
  elinks -dump $u/a.txt
  lynx -dump $u/a.txt
  w3m -dump $u/a.txt
  lftp -c "open $u; get a.txt -o lf; ls"
  tnftp -V -o tn $u/a.txt
  nmap -p 18080 -sT -sV --version-light 127.0.0.1
  nc -z 127.0.0.1 18080
  printf 'GET / HTTP/1.0\r\n\r\n' | nc -q 1 127.0.0.1 18080 >/dev/null
  printf 'GET / HTTP/1.0\r\n\r\n' | socat - TCP:127.0.0.1:18080 >/dev/null
  ncat --send-only 127.0.0.1 18080 <a.txt
  httping -c 1 127.0.0.1:18080
  wait
) >/dev/null 2>&1 || true

## 2
printf 'ServerRoot /usr/lib/apache2\nLoadModule mpm_event_module modules/mod_mpm_event.so\nLoadModule authz_core_module modules/mod_authz_core.so\nLoadModule dir_module modules/mod_dir.so\nLoadModule autoindex_module modules/mod_autoindex.so\nLoadModule mime_module modules/mod_mime.so\nLoadModule deflate_module modules/mod_deflate.so\nLoadModule proxy_module modules/mod_proxy.so\nLoadModule proxy_http_module modules/mod_proxy_http.so\nLoadModule cgid_module modules/mod_cgid.so\nLoadModule status_module modules/mod_status.so\nListen 127.0.0.1:18081\nPidFile %s/ap.pid\nErrorLog "|/usr/bin/rotatelogs %s/ap.log 86400"\nCustomLog %s/ac.log "%%h"\nTypesConfig /etc/mime.types\nScriptSock %s/cgi.sock\nDocumentRoot %s\nUser www-data\n<Directory />\nRequire all granted\nOptions Indexes\n</Directory>\nScriptAlias /cgi/ %s/cgi/\nProxyPass /p/ http://127.0.0.1:18081/\n' "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" "$PWD" >ap.conf
mkdir -p cgi
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"; env\n' >cgi/e
chmod 755 cgi/e .
apache2 -t -f "$PWD/ap.conf"
(
  timeout 9 apache2 -X -f "$PWD/ap.conf" &
  sleep 1
  for p in a.txt tree/ cgi/e p/b.txt none; do curl -s --compressed http://127.0.0.1:18081/$p; done
  ab -n 40 -c 4 http://127.0.0.1:18081/big.txt
  kill "$(cat ap.pid)"
  wait
) >/dev/null 2>&1 || true
(
  apache2 -f "$PWD/ap.conf"
  sleep 0.5
  curl -s http://127.0.0.1:18081/a.txt
  apache2 -f "$PWD/ap.conf" -k graceful
  sleep 0.5
  ab -n 40 -c 4 http://127.0.0.1:18081/a.txt >/dev/null
  apache2 -f "$PWD/ap.conf" -k stop
  sleep 1
) || true
htpasswd -bcB pw u p
htpasswd -vb pw u p
htdigest -c hd r u <<<$'p\np' || true
htdbm -bct db u p || true
htcacheclean -p . -l 1M || true
logresolve <a.txt
checkgid x || true
fcgistarter 2>/dev/null || true
echo x | rotatelogs -n 2 rot 1M
ab -V >/dev/null

## 3
printf 'options { directory "%s"; listen-on port 15353 { 127.0.0.1; }; listen-on-v6 { none; }; pid-file none; session-keyfile none; recursion no; managed-keys-directory "%s"; };\nzone "x.test" { type primary; file "%s/z"; };\ncontrols { };\n' "$PWD" "$PWD" "$PWD" >n.conf
printf '$TTL 60\n@ SOA ns a 1 60 60 60 60\n NS ns\nns A 127.0.0.1\nw A 10.0.0.1\nm MX 5 ns\n' >z
named-checkconf -z n.conf
named-checkzone x.test z
named-compilezone -o zc x.test z
(
  timeout 8 named -f -c "$PWD/n.conf" -u root >named.log 2>&1 &
  sleep 1
  dig @127.0.0.1 -p 15353 w.x.test +tcp +short
  dig @127.0.0.1 -p 15353 m.x.test MX
  dig @127.0.0.1 -p 15353 x.test AXFR
  host -p 15353 w.x.test 127.0.0.1
  nslookup -port=15353 w.x.test 127.0.0.1
  delv @127.0.0.1 -p 15353 w.x.test
  mdig @127.0.0.1 -p 15353 w.x.test
  nsupdate <<<$'server 127.0.0.1 15353\nupdate add q.x.test 60 A 1.2.3.4\nsend'
  kdig @127.0.0.1 -p 15353 w.x.test
  khost -p 15353 w.x.test 127.0.0.1
  drill -p 15353 w.x.test @127.0.0.1
  kill %1
  wait
) >/dev/null 2>&1 || true
rndc-confgen -a -c rk
tsig-keygen k
ddns-confgen -q
dnssec-keygen -q -a ED25519 x.test
dnssec-keygen -q -f KSK -a ED25519 x.test
dnssec-signzone -S -o x.test z >/dev/null || true
dnssec-verify -o x.test z.signed || true
dnssec-dsfromkey Kx.test*.key || true
dnssec-settime -p all Kx.test*.key || true
dnssec-cds -h 2>/dev/null || true
dnssec-importkey -h 2>/dev/null || true
dnssec-keyfromlabel -h 2>/dev/null || true
dnssec-revoke -h 2>/dev/null || true
arpaname 127.0.0.1
named-journalprint x || true
named-nzd2nzf x || true
named-rrchecker <<<'IN A 1.2.3.4'
nsec3hash aa 1 1 x.test
dnstap-read x || true
rndc -p 9 status || true
(
  timeout 2 dnsmasq -k -p 15354 --listen-address=127.0.0.1 --bind-interfaces -C /dev/null --address=/q.test/10.1.1.1 --no-resolv -u root &
  sleep 0.4
  dig @127.0.0.1 -p 15354 q.test +short
  wait
) || true
printf 'server:\n interface: 127.0.0.1@15355\n do-daemonize: no\n chroot: ""\n username: ""\n pidfile: ""\n directory: "%s"\n use-syslog: no\n local-data: "u.test A 10.2.2.2"\n num-threads: 2\n' "$PWD" >ub.conf
unbound-checkconf ub.conf
(
  timeout 3 unbound -d -c ub.conf 2>/dev/null &
  sleep 0.6
  dig @127.0.0.1 -p 15355 u.test +short
  wait
) || true
unbound-host -v 127.0.0.1 2>/dev/null || true
unbound-anchor -V 2>/dev/null || true
unbound-control -c ub.conf status || true
(
  printf 'server:\n ip-address: 127.0.0.1@15356\n username: ""\n database: ""\n pidfile: ""\n zonesdir: "%s"\n xfrdfile: "%s/xf"\n zonelistfile: "%s/zl"\nzone:\n name: x.test\n zonefile: z\n' "$PWD" "$PWD" "$PWD" >nsd.conf
  nsd-checkconf nsd.conf
  nsd-checkzone x.test z
  timeout 2 nsd -d -c nsd.conf &
  sleep 0.6
  dig @127.0.0.1 -p 15356 w.x.test +short
  nsd-control -c nsd.conf status
  wait
) || true
ldns-key2ds -n Kx.test*.key || true
ldns-read-zone z
ldns-keygen -a ED25519 y.test
ldns-signzone z Kx.test*.private || true
ldns-verify-zone z.signed || true
ldns-rrsig x.test 2>/dev/null || true
ldns-version
ldns-nsec3-hash w.x.test
ldns-mx x 2>/dev/null || true
ldns-walk 2>/dev/null || true
ldns-zcat z || true
ldns-zsplit z 2>/dev/null || true
ldns-compare-zones z z
ldns-revoke x 2>/dev/null || true
ldns-resolver x 2>/dev/null || true
ldns-gen-zone 2>/dev/null || true
ldns-notify 2>/dev/null || true
ldns-test-edns x 2>/dev/null || true
timeout 1 ldns-testns -p 15999 x 2>/dev/null || true
ldns-update 2>/dev/null || true
ldns-dane 2>/dev/null || true
ldns-dpa 2>/dev/null || true
kzonecheck -o x.test z || true
knsec3hash aa 1 1 x
kzonesign -h >/dev/null || true
kjournalprint x || true
kcatalogprint x || true
knotc status || true
keymgr -h >/dev/null || true
pykeymgr 2>/dev/null || true

## 4
ping -c 2 -i 0.2 127.0.0.1
ping -6 -c 1 ::1 || true
ping -c 1 -R -s 100 127.0.0.1
ping -f -c 20 127.0.0.1 >/dev/null
tracepath -n 127.0.0.1
arping -c 1 -I lo 127.0.0.1 || true
clockdiff 127.0.0.1 || true
traceroute -n 127.0.0.1 || traceroute.db -n 127.0.0.1 || true
traceroute.db -T -p 9 127.0.0.1 || true
mtr -n -r -c 1 127.0.0.1
hping3 -c 1 -S -p 9 127.0.0.1 || true
fping -c 1 127.0.0.1
fping -g 127.0.0.1 127.0.0.2
(
  timeout 4 iperf3 -s -1 -p 15201 -B 127.0.0.1 >/dev/null &
  sleep 0.4
  iperf3 -c 127.0.0.1 -p 15201 -t 1 -P 2 >/dev/null
  wait
) || true
(
  timeout 4 iperf3 -s -1 -p 15201 -B 127.0.0.1 >/dev/null &
  sleep 0.4
  iperf3 -c 127.0.0.1 -p 15201 -t 1 -u >/dev/null
  wait
) || true
(
  timeout 3 iperf -s -p 15202 -B 127.0.0.1 >/dev/null &
  sleep 0.3
  iperf -c 127.0.0.1 -p 15202 -t 1 >/dev/null
  wait
) || true
(
  timeout 3 tcpdump -i lo -c 4 -w cap.pcap 2>/dev/null &
  sleep 0.7
  ping -c 3 -i 0.2 127.0.0.1 >/dev/null
  wait
) || true
tcpdump -nr cap.pcap -vv -X >/dev/null 2>&1
tcpdump -d 'tcp port 80'
tcpflow -r cap.pcap -o tf || true
tcprewrite --infile=cap.pcap --outfile=cp2 --pnat=127.0.0.1:10.0.0.1 || true
tcpprep -a bridge -i cap.pcap -o cc 2>/dev/null || true
tcpreplay -q -i lo cap.pcap >/dev/null 2>&1 || true
tcpcapinfo cap.pcap || true
tcpbridge -V 2>/dev/null || true
tcpliveplay -V 2>/dev/null || true
tcpreplay-edit -V 2>/dev/null || true
tshark -r cap.pcap >/dev/null 2>&1
capinfos cap.pcap >/dev/null
editcap -r cap.pcap e.pcap 1
mergecap -w m.pcap cap.pcap e.pcap
dumpcap -D || true
text2pcap a.txt t.pcap >/dev/null 2>&1 || true
reordercap cap.pcap r.pcap
captype cap.pcap
randpkt -c 3 rp >/dev/null || true
rawshark -h >/dev/null || true
mmdbresolve 2>/dev/null || true
idl2wrs 2>/dev/null || true
sharkd -h >/dev/null 2>&1 || true
arp-scan -I lo 127.0.0.1 2>/dev/null || true
nmap -sn 127.0.0.1
nmap -sS -sU -O -p 9,22 127.0.0.1 || true
nping --tcp -c 1 -p 9 127.0.0.1
ncat --version
(
  timeout 2 nc -l 127.0.0.1 15300 >ncout &
  sleep 0.3
  nc -N 127.0.0.1 15300 <a.txt
  wait
)
(
  timeout 2 nc -lu 127.0.0.1 15301 >ncu &
  sleep 0.3
  nc -u -w 1 127.0.0.1 15301 <a.txt
  wait
) || true
(
  timeout 2 nc -lU ns >ncux &
  sleep 0.3
  nc -NU ns <a.txt
  wait
) || true
(
  timeout 2 nc.traditional -l -p 15302 -s 127.0.0.1 >nct &
  sleep 0.3
  nc.traditional -q 0 127.0.0.1 15302 <a.txt
  wait
) || true
(
  timeout 2 ncat -l 127.0.0.1 15303 >ncn &
  sleep 0.3
  ncat --send-only 127.0.0.1 15303 <a.txt
  wait
) || true
(
  timeout 2 socat TCP-LISTEN:15304,bind=127.0.0.1,fork EXEC:cat &
  sleep 0.3
  echo hi | socat -t 0.5 - TCP:127.0.0.1:15304
  wait
) || true
socat -u OPEN:a.txt CREATE:so
socat - SYSTEM:'echo x' </dev/null
socat -t 0.2 PTY,link=pt EXEC:true || true
filan -s
procan >/dev/null

## 5
(
  timeout 5 tinyproxy -d -c <(printf 'Port 15400\nListen 127.0.0.1\nUser root\nAllow 127.0.0.1\n') &
  sleep 0.4
  curl -s -x 127.0.0.1:15400 http://127.0.0.1:9/
  kill %1
  wait
) >/dev/null 2>&1 || true
(
  timeout 4 privoxy --no-daemon <(printf 'listen-address 127.0.0.1:15401\nconfdir /etc/privoxy\nlogdir %s\n' "$PWD") &
  sleep 0.6
  curl -s -x 127.0.0.1:15401 http://127.0.0.1:9/
  kill %1
  wait
) >/dev/null 2>&1 || true
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=l 2>/dev/null
printf 'foreground = yes\npid =\n[a]\naccept = 127.0.0.1:15402\nconnect = 127.0.0.1:9\ncert = %s/c.pem\nkey = %s/k.pem\n' "$PWD" "$PWD" >st.conf
(
  timeout 3 stunnel4 st.conf &
  sleep 0.5
  curl -sk https://127.0.0.1:15402/
  wait
) >/dev/null 2>&1 || true
(
  timeout 5 mosquitto -p 15403 &
  sleep 0.5
  timeout 3 mosquitto_sub -h 127.0.0.1 -p 15403 -t t -C 1 &
  sleep 0.3
  mosquitto_pub -h 127.0.0.1 -p 15403 -t t -m hi -q 1
  mosquitto_rr -h 127.0.0.1 -p 15403 -t q -e r -m x -W 1
  kill %1
  wait
) >/dev/null 2>&1 || true
mosquitto_passwd -b -c mp u p
(
  printf 'listen=YES\nlisten_port=15404\nlisten_address=127.0.0.1\nanonymous_enable=YES\nanon_root=%s\nsecure_chroot_dir=/var/empty\nrun_as_launching_user=NO\nseccomp_sandbox=NO\nbackground=NO\n' "$PWD/tree" >vs.conf
  chmod 600 vs.conf
  mkdir -p /var/empty
  timeout 4 vsftpd vs.conf &
  sleep 0.4
  curl -s ftp://127.0.0.1:15404/
  lftp -c 'open ftp://127.0.0.1:15404; ls'
  printf 'user anonymous x\nls\nquit\n' | ftp -n 127.0.0.1 15404
  ncftpls -P 15404 ftp://127.0.0.1/
  kill %1
  wait
) >/dev/null 2>&1 || true
(
  timeout 3 in.tftpd -L -a 127.0.0.1:15405 -s "$PWD/tree" &
  sleep 0.3
  tftp 127.0.0.1 15405 -c get sub/f tf
  kill %1
  wait
) >/dev/null 2>&1 || true
(printf 'd\n' | timeout 1 telnet 127.0.0.1 9) 2>/dev/null || true
(
  timeout 2 inetd -d -i <(printf '127.0.0.1:15406 stream tcp nowait root /bin/cat cat\n') &
  sleep 0.4
  echo hi | nc -N 127.0.0.1 15406
  wait
) >/dev/null 2>&1 || true
(
  timeout 2 xinetd -dontfork -f <(printf 'service e { type = UNLISTED\n socket_type = stream\n protocol = tcp\n port = 15407\n bind = 127.0.0.1\n wait = no\n user = root\n server = /bin/cat\n }\n') -pidfile xp &
  sleep 0.4
  echo hi | nc -N 127.0.0.1 15407
  wait
) >/dev/null 2>&1 || true
(
  timeout 3 dropbear -F -R -E -p 127.0.0.1:15408 -r dbk &
  sleep 0.4
  dbclient -y -p 15408 127.0.0.1 true </dev/null
  wait
) >/dev/null 2>&1 || true
dropbearkey -t ed25519 -f dk >/dev/null
dropbearconvert dropbear openssh dk ok || true
wg genkey | wg pubkey
wg genpsk
wg show || true
openvpn --genkey secret ov
openvpn --version >/dev/null || true
openvpn --test-crypto --secret ov >/dev/null 2>&1 || true
ipcalc 10.0.0.0/8
sipcalc 10.0.0.0/8
rpcinfo -p 127.0.0.1 || true
(
  timeout 2 rpcbind -f -h 127.0.0.1 &
  sleep 0.4
  rpcinfo
  wait
) >/dev/null 2>&1 || true
showmount -e 127.0.0.1 2>/dev/null || true
nfsstat >/dev/null 2>&1 || true
mount.nfs 127.0.0.1:/x tree 2>/dev/null || true
nfsidmap -l 2>/dev/null || true
rpcdebug 2>/dev/null || true
klist || true
kinit x@Y </dev/null || true
kdestroy
kvno x 2>/dev/null || true
kpasswd </dev/null 2>/dev/null || true
ksu </dev/null 2>/dev/null || true
kswitch -p x || true
ktutil <<<'q'
kadmin -q x </dev/null 2>/dev/null || true
k5srvutil list 2>/dev/null || true
ldapsearch -x -H ldap://127.0.0.1:9 || true
ldapwhoami -x -H ldap://127.0.0.1:9 || true
ldapmodify -x -H ldap://127.0.0.1:9 </dev/null || true
ldapdelete -x -H ldap://127.0.0.1:9 a=b || true
ldappasswd -x -H ldap://127.0.0.1:9 || true
ldapcompare -x -H ldap://127.0.0.1:9 a=b c:d || true
ldapmodrdn -x -H ldap://127.0.0.1:9 a=b c=d || true
ldapexop -x -H ldap://127.0.0.1:9 whoami || true
ldapurl -h x
ldapvc -x -H ldap://127.0.0.1:9 x || true
smbclient -N -L 127.0.0.1 -p 9 || true
nmblookup x || true
testparm -s /dev/null >/dev/null 2>&1 || true
smbtree -N || true
rpcclient -N 127.0.0.1 -c x || true
net --version 2>/dev/null || true
snmpget -v1 -c public 127.0.0.1:9 x || true
(
  timeout 3 snmpd -f -Lf sn.log -C -c <(echo 'rocommunity public') 127.0.0.1:15409 &
  sleep 0.6
  snmpwalk -v2c -c public 127.0.0.1:15409 .1.3.6.1.2.1.1
  snmpbulkget -v2c -c public 127.0.0.1:15409 .1
  snmpgetnext -v1 -c public 127.0.0.1:15409 .1
  snmpstatus -v1 -c public 127.0.0.1:15409
  snmpdf -v1 -c public 127.0.0.1:15409
  snmptable -v1 -c public 127.0.0.1:15409 .1.3.6.1.2.1.2.2
  snmptranslate .1.3.6
  kill %1
  wait
) >/dev/null 2>&1 || true
encode_keychange -t md5 2>/dev/null </dev/null || true
avahi-browse -at 2>/dev/null || true
ntpq -p 127.0.0.1 || true
ntpdig 127.0.0.1 2>/dev/null || true
chronyc tracking || true
(timeout 1 chronyd -d -x -f /dev/null -u root || true) >/dev/null 2>&1
birdc show status || true
(
  timeout 2 bird -f -c <(printf 'router id 1.1.1.1;\nprotocol device { }\n') -s bs -u root &
  sleep 0.4
  birdc -s bs show status
  wait
) >/dev/null 2>&1 || true
whois -h 127.0.0.1 -p 9 x || true
echo hi | s-nail -n -s x -S mta=true root || true
echo x | msmtp --host=127.0.0.1 --port=9 a@b || true
mutt -v >/dev/null
exim4 -bV >/dev/null || true
exim4 -bt root || true
spawn-fcgi -n -s fs -- /bin/true || true
(
  timeout 2 fcgiwrap -s unix:"$PWD/fw" &
  sleep 0.3
  wait
) || true
(timeout 3 uwsgi_dummy 2>/dev/null || true)
(
  timeout 3 ngircd -n -f <(printf '[Global]\nName=a.b\nListen=127.0.0.1\nPorts=15410\nServerUID=root\n') &
  sleep 0.5
  printf 'NICK a\r\nUSER a 0 * :a\r\nLIST\r\nQUIT\r\n' | nc -q 1 127.0.0.1 15410
  wait
) >/dev/null 2>&1 || true
(
  timeout 4 varnishd -F -n "$PWD/va" -a 127.0.0.1:15411 -b 127.0.0.1:9 &
  sleep 2
  curl -s http://127.0.0.1:15411/
  varnishstat -1 -n "$PWD/va"
  varnishlog -d -n "$PWD/va"
  varnishadm -n "$PWD/va" status
  varnishtop -1 -n "$PWD/va"
  varnishncsa -d -n "$PWD/va"
  varnishhist -V
  wait
) >/dev/null 2>&1 || true
