# Cryptography and SSH.
#
# packages: openssl gnupg gpgv gpgsm dirmngr gnupg-utils openssh-client openssh-server gnutls-bin nettle-bin
#   libgcrypt20-dev age minisign signify-openbsd ccrypt scrypt steghide outguess pwgen apg makepasswd mcrypt
#   hashcash argon2 libnss3-tools osslsigncode ssss xmlsec1 p11-kit softhsm2 john stunnel4 aespipe cracklib-runtime
#   makepasswd oathtool qrencode zbar-tools
# SPDX-License-Identifier: Apache-2.0

## 1
openssl rand -hex 8
openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=localhost -days 9 2>/dev/null
openssl x509 -in c.pem -text -noout >/dev/null
openssl enc -aes-256-cbc -pbkdf2 -k x -in big.txt -out e
openssl enc -d -aes-256-cbc -pbkdf2 -k x -in e | cmp - big.txt
openssl dgst -sha256 -sign k.pem -out sg a.txt
openssl genpkey -algorithm ed25519 -out ed.pem
openssl pkcs12 -export -in c.pem -inkey k.pem -passout pass:x -out p12
openssl verify -CAfile c.pem c.pem
openssl speed -seconds 1 -bytes 64 -multi 2 sha256 >/dev/null 2>&1
openssl dhparam -in /dev/null 2>/dev/null || true
openssl prime 97
openssl ciphers -v | tail -n 1
openssl smime -sign -in a.txt -signer c.pem -inkey k.pem >sm
openssl cms -encrypt -in a.txt c.pem >cm
openssl ts -query -data a.txt -out q.tsq
openssl s_time 2>/dev/null || true
(
  timeout 2 openssl s_server -accept 127.0.0.1:14433 -cert c.pem -key k.pem -www >/dev/null &
  sleep 0.4
  printf 'GET / HTTP/1.0\r\n\r\n' | openssl s_client -connect 127.0.0.1:14433 -quiet 2>/dev/null | tail -n 1
  curl -sk https://127.0.0.1:14433/ >/dev/null
  wait
) || true
openssl passwd -6 x
c_rehash . 2>/dev/null || true

## 2
mkdir -m 700 g
export GNUPGHOME=$PWD/g
gpg --batch --passphrase '' --quick-gen-key a@b ed25519 sign,cert never 2>/dev/null
gpg --batch --yes -b a.txt
gpg --verify a.txt.sig a.txt
gpg --batch --passphrase x -c b.txt
gpg --batch --passphrase x -d b.txt.gpg
gpg --clearsign --batch --yes a.txt
gpg -a --export >pub.asc
gpg --export >pub.gpg
gpg --batch --export-secret-keys >sec.gpg
gpg --list-packets pub.gpg >/dev/null
gpg --list-keys --with-colons
gpgv --keyring ./pub.gpg a.txt.sig a.txt
gpg --import pub.asc
gpg --armor --enarmor <a.txt >/dev/null
gpg-agent --version
gpg-connect-agent 'getinfo version' 'keyinfo --list' /bye
gpgconf --list-components
gpgconf --list-dirs
gpgsm --list-keys
gpgsm --batch --gen-key /dev/null 2>/dev/null || true
kbxutil g/pubring.kbx >/dev/null || true
gpgsplit <pub.gpg || true
gpgtar -c -o t.gtar --skip-crypto tree
gpgtar -t --skip-crypto t.gtar
gpgparsemail <a.txt || true
gpgcompose --help >/dev/null
watchgnupg --version
gpg-wks-server --version
gpg-wks-client --supported x@127.0.0.1 2>/dev/null || true
dirmngr --version
dirmngr-client --ping || true
gpg-zip --version 2>/dev/null || true
pinentry-curses --version
echo GETPIN | timeout 1 pinentry-curses -T /dev/null >/dev/null || true
migrate-pubring-from-classic-gpg --help >/dev/null || true
lspgpot >/dev/null || true
gpgconf --kill all

## 3
ssh-keygen -q -t ed25519 -N '' -f key
ssh-keygen -q -t rsa -b 2048 -N pw -f rk
ssh-keygen -lvf key.pub
ssh-keygen -y -f key
ssh-keygen -s key -I i -n root key.pub
ssh-keygen -L -f key-cert.pub
ssh-keygen -Y sign -n f -f key a.txt
ssh-keygen -e -f key.pub
ssh-agent bash -c 'ssh-add key; ssh-add -l; ssh-add -D'
mkdir -p hm /run/sshd
printf 'Port 12022\nListenAddress 127.0.0.1\nHostKey %s/key\nPidFile none\nAuthorizedKeysFile %s/key.pub\nStrictModes no\nSubsystem sftp /usr/lib/openssh/sftp-server\nUsePAM no\nPermitRootLogin yes\n' "$PWD" "$PWD" >sshd.conf
o="-F /dev/null -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=$PWD/kh -o BatchMode=yes"
(
  timeout 8 "$(command -v sshd)" -D -e -f sshd.conf 2>sshd.log &
  sleep 0.5
  ssh-keyscan -p 12022 127.0.0.1 >ks 2>/dev/null
  ssh $o -p 12022 root@127.0.0.1 'echo in; id; ls /'
  ssh $o -C -p 12022 -L 12023:127.0.0.1:12022 -f root@127.0.0.1 sleep 0.3
  scp -q $o -P 12022 big.txt root@127.0.0.1:"$PWD"/copied
  printf 'ls\nput a.txt %s/put\nget %s/put got\nrm %s/put\n' "$PWD" "$PWD" "$PWD" | sftp -q $o -P 12022 -b - root@127.0.0.1 >/dev/null
  scp -q $o -O -P 12022 root@127.0.0.1:"$PWD"/copied c2
  rsync -a -e "ssh $o -p 12022" tree root@127.0.0.1:"$PWD"/rs
  sshfs 2>/dev/null
  ssh $o -tt -p 12022 root@127.0.0.1 tty </dev/null
  kill %1
  wait
) || true
sshd -T -f sshd.conf >/dev/null
ssh -Q cipher
ssh -G h >/dev/null
/usr/lib/openssh/sftp-server -Q requests
/usr/lib/openssh/ssh-keysign 2>/dev/null || true
/usr/lib/openssh/ssh-pkcs11-helper </dev/null || true
/usr/lib/openssh/ssh-sk-helper </dev/null || true
ssh-argv0 2>/dev/null || true

## 4
certtool --generate-privkey --bits 2048 --outfile gk.pem 2>/dev/null
printf 'cn = localhost\nca\n' >tpl
certtool --generate-self-signed --load-privkey gk.pem --template tpl --outfile gc.pem 2>/dev/null
certtool -i --infile gc.pem >/dev/null
(
  timeout 3 gnutls-serv --http --port 14434 --x509certfile gc.pem --x509keyfile gk.pem >/dev/null 2>&1 &
  sleep 0.5
  printf 'GET / HTTP/1.0\r\n\r\n' | gnutls-cli --insecure -p 14434 127.0.0.1 >/dev/null
  gnutls-cli-debug -p 14434 127.0.0.1 >/dev/null
  wait
) || true
ocsptool --version
psktool -u u -p ps
srptool --create-conf sr || true
danetool --tlsa-rr --host h --load-certificate gc.pem || true
p11tool --list-tokens || true
systemkey --version 2>/dev/null || true
tpmtool --version 2>/dev/null || true
nettle-hash -a sha256 <a.txt
nettle-pbkdf2 -i 10 -l 8 salt <<<p
nettle-lfib-stream 1 | head -c 10 | wc -c
pkcs1-conv <k.pem || true
sexp-conv <<<'(a b)'
hmac256 key a.txt
dumpsexp <<<'(1:a)'
mpicalc <<<'2 3 + p'
age-keygen -o ak 2>/dev/null
age -R <(age-keygen -y ak) -o ag a.txt
age -d -i ak ag
printf 'x\nx\n' | minisign -G -f -p mp -s ms >/dev/null || true
signify-openbsd -G -n -p sp -s ss
signify-openbsd -S -s ss -m a.txt
signify-openbsd -V -p sp -m a.txt
ccrypt -e -K k a.txt
ccrypt -d -K k a.txt.cpt
ccat -K k a.txt 2>/dev/null || true
ccguess --version >/dev/null || true
mcrypt -q -k key b.txt || true
pwgen -n 8 2
apg -n 2 -a 1
apgbfm -f f.bf -n a || true
makepasswd
hashcash -mb8 x >hc
hashcash -cdb8 -r x <hc || true
echo p | argon2 saltsalt -t 1 -m 8
mkdir nss
certutil -N -d nss --empty-password
certutil -S -n n -s CN=n -x -t C,, -d nss -z big.txt
certutil -L -d nss
pk12util -o n.p12 -n n -d nss -W x || true
modutil -list -dbdir nss </dev/null || true
cmsutil -S -N n -i a.txt -d nss >cms.out || true
signtool -L -d nss || true
crlutil -L -d nss
signver -v -s x -d nss || true
vfychain -d nss gc.pem || true
vfyserv 127.0.0.1 -p 9 -d nss || true
ssltap 2>/dev/null || true
symkeyutil -L -d nss || true
derdump a.txt 2>/dev/null || true
pp -t c -i gc.pem || true
shlibsign -v -i x 2>/dev/null || true
nss-addbuiltin 2>/dev/null </dev/null || true
atob <a.txt || true
btoa <a.txt
httpserv 2>/dev/null || true
selfserv 2>/dev/null || true
strsclnt 2>/dev/null || true
tstclnt -h 127.0.0.1 -p 9 -d nss || true
oidcalc 1.2.3 || true
addbuiltin 2>/dev/null || true
osslsigncode --version
echo secret | ssss-split -t 2 -n 3 -q -x 2>/dev/null || true
xmlsec1 --version
trust list | tail -n 1
p11-kit list-modules || true
pkcs11-tool --show-info || true
softhsm2-util --show-slots || true
softhsm2-util --init-token --free --label l --pin 1234 --so-pin 1234 || true
cracklib-check <<<password
cracklib-packer d <b.txt
cracklib-unpacker d
create-cracklib-dict -o d2 b.txt 2>/dev/null || true
mkpasswd -m sha-512 x
oathtool --totp 00
qrencode -o q.png hi
zbarimg -q q.png || true
scrypt enc -t 1 --passphrase file:b.txt a.txt sc || true
opensc-tool -l || true
pkcs15-tool -C || true
john --test=0 --format=descrypt >/dev/null || true
steghide info a.txt </dev/null || true
aespipe -p 3 3<b.txt <a.txt >/dev/null || true
