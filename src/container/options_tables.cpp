// Which options `run`, `create` and `exec` take, and what stands before the command. Read from the sources: docker/cli
// v28.2.2 and v29.7.2 (cli/command/container/{opts,run,create,exec}.go, cli/flags/options.go; options of older versions
// are a subset), podman v4.3.1 and v5.8.2 (cmd/podman/common/{create,netflags}.go, containers/{run,create,exec}.go,
// root.go, utils/alias.go), nerdctl v2.3.5 (cmd/nerdctl/container/container_{run,exec}.go, main.go).
// SPDX-License-Identifier: Apache-2.0
#include "container/options.h"

namespace callgate::container {

namespace {

// In each: booleans, integers, naturals, texts, aliases, and what only `run` takes.
constexpr OptionTable kDockerGlobal{"debug,D help,h tls tlsverify version,v",
                                    "",
                                    "",
                                    "config context,c host,H log-level,l tlscacert tlscert tlskey",
                                    "",
                                    ""};

constexpr OptionTable kDockerCreate{
    "detach,d disable-content-trust help init interactive,i no-healthcheck oom-kill-disable privileged "
    "publish-all,P quiet,q read-only rm sig-proxy tty,t use-api-socket",
    "cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares,c health-retries "
    "memory-swappiness oom-score-adj pids-limit stop-timeout",
    "blkio-weight io-maxiops",
    "add-host annotation attach,a blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile "
    "cpus cpuset-cpus cpuset-mems detach-keys device device-cgroup-rule device-read-bps device-read-iops "
    "device-write-bps device-write-iops dns dns-opt dns-option dns-search domainname entrypoint env,e "
    "env-file expose gpus group-add health-cmd health-interval health-start-interval health-start-period "
    "health-timeout hostname,h io-maxbandwidth ip ip6 ipc isolation kernel-memory label,l label-file link "
    "link-local-ip log-driver log-opt mac-address memory,m memory-reservation memory-swap mount name net "
    "net-alias network network-alias pid platform publish,p pull restart runtime security-opt shm-size "
    "stop-signal storage-opt sysctl tmpfs ulimit user,u userns uts volume,v volume-driver volumes-from "
    "workdir,w",
    "",
    "detach detach-keys sig-proxy"};

constexpr OptionTable kDockerExec{"detach,d help,h interactive,i privileged tty,t", "", "",
                                  "detach-keys env,e env-file user,u workdir,w",    "", ""};

constexpr OptionTable kPodmanGlobal{
    "debug,D help,h noout remote,r syslog trace transient-store version,v",
    "max-workers",
    "",
    "cdi-spec-dir cgroup-manager config conmon connection,c context cpu-profile db-backend "
    "default-mounts-file events-backend hooks-dir host,H identity imagestore log-level memory-profile "
    "module namespace network-backend network-cmd-path network-config-dir out pull-option registries-conf "
    "root runroot runtime runtime-flag ssh storage-driver storage-opt tls-ca tls-cert tls-key tmpdir url "
    "volumepath",
    "",
    ""};

constexpr OptionTable kPodmanCreate{
    "detach,d disable-content-trust env-host help http-proxy init interactive,i no-healthcheck "
    "no-hostname no-hosts oom-kill-disable passwd privileged publish-all,P quiet,q read-only "
    "read-only-tmpfs replace rm rmi rootfs sig-proxy tls-verify tty,t unsetenv-all",
    "cpu-quota cpu-rt-runtime memory-swappiness oom-score-adj pids-limit",
    "cpu-period cpu-rt-period cpu-shares,c health-max-log-count health-max-log-size health-retries "
    "health-startup-retries health-startup-success preserve-fds retry stop-timeout timeout",
    "add-host annotation arch attach,a authfile blkio-weight blkio-weight-device cap-add cap-drop "
    "cert-dir cgroup-conf cgroup-parent cgroupns cgroups chrootdirs cidfile conmon-pidfile cpus "
    "cpuset-cpus cpuset-mems creds decryption-key detach-keys device device-cgroup-rule device-read-bps "
    "device-read-iops device-write-bps device-write-iops dns dns-option dns-search entrypoint env,e "
    "env-file env-merge expose gidmap gpus group-add group-entry health-cmd health-interval "
    "health-log-destination health-on-failure health-start-period health-startup-cmd "
    "health-startup-interval health-startup-timeout health-timeout hostname,h hosts-file hostuser "
    "image-volume init-ctr init-path ip ip6 ipc kernel-memory label,l label-file log-driver log-opt "
    "mac-address memory,m memory-reservation memory-swap mount name network network-alias os passwd-entry "
    "personality pid pidfile platform pod pod-id-file preserve-fd publish,p pull rdt-class requires "
    "restart retry-delay sdnotify seccomp-policy secret security-opt shm-size shm-size-systemd "
    "signature-policy stop-signal subgidname subuidname sysctl systemd tmpfs tz uidmap ulimit umask "
    "unsetenv user,u userns uts variant volume,v volumes-from workdir,w",
    "dns-opt=dns-option healthcheck-command=health-cmd healthcheck-interval=health-interval "
    "healthcheck-retries=health-retries healthcheck-start-period=health-start-period "
    "healthcheck-timeout=health-timeout net=network override-arch=arch override-os=os override-variant=variant",
    "detach detach-keys passwd preserve-fd preserve-fds rmi sig-proxy"};

constexpr OptionTable kPodmanExec{
    "detach,d help,h interactive,i latest,l no-session privileged tty,t", "wait", "preserve-fds",
    "cidfile detach-keys env,e env-file preserve-fd user,u workdir,w",    "",     ""};

constexpr OptionTable kNerdctlGlobal{
    "debug debug-full experimental help,h insecure-registry kube-hide-dupe selinux-enabled version,v",
    "",
    "",
    "address,a bridge-ip cdi-spec-dirs cgroup-manager cni-netconfpath cni-path data-root host,H "
    "host-gateway-ip hosts-dir namespace,n snapshotter storage-driver userns-remap",
    "",
    ""};

constexpr OptionTable kNerdctlCreate{
    "detach,d help init interactive,i no-healthcheck oom-kill-disable privileged publish-all,P quiet,q "
    "read-only rm rootfs sig-proxy tty,t",
    "cpu-quota health-retries memory-swappiness oom-score-adj pids-limit stop-timeout",
    "blkio-weight cpu-period cpu-rt-period cpu-rt-runtime cpu-shares",
    "add-host annotation attach,a blkio-weight-device cap-add cap-drop cgroup-conf cgroup-parent cgroupns "
    "cidfile cosign-certificate-identity cosign-certificate-identity-regexp "
    "cosign-certificate-oidc-issuer cosign-certificate-oidc-issuer-regexp cosign-key cpus cpuset-cpus "
    "cpuset-mems detach-keys device device-read-bps device-read-iops device-write-bps device-write-iops "
    "dns dns-opt dns-option dns-search domainname entrypoint env,e env-file expose gpus group-add "
    "health-cmd health-interval health-start-period health-timeout hostname,h init-binary ip ip6 ipc "
    "ipfs-address isolation kernel-memory label,l label-file log-driver log-opt mac-address memory,m "
    "memory-reservation memory-swap mount name net network pid pidfile platform publish,p pull rdt-class "
    "restart runtime security-opt shm-size stop-signal sysctl systemd tmpfs ulimit umask user,u userns "
    "uts verify volume,v volumes-from workdir,w",
    "",
    "attach detach"};

constexpr OptionTable kNerdctlExec{
    "detach,d help,h interactive,i privileged tty,t", "", "", "env,e env-file user,u workdir,w", "", ""};

}  // namespace

const OptionTable& option_table(std::string_view engine, Command command) {
  const bool podman = engine == "podman", nerdctl = engine == "nerdctl";
  switch (command) {
    case Command::global:
      return podman ? kPodmanGlobal : nerdctl ? kNerdctlGlobal : kDockerGlobal;
    case Command::exec:
      return podman ? kPodmanExec : nerdctl ? kNerdctlExec : kDockerExec;
    default:
      return podman ? kPodmanCreate : nerdctl ? kNerdctlCreate : kDockerCreate;
  }
}

}  // namespace callgate::container
