// `--seal file`: plans, live views, and every step made to fail in turn.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <tuple>

#include "unit/sandbox/seal_runs.h"

namespace callgate::sandbox {
namespace {

// A machine with these directories and nothing else; a name that ends in '!' is a file.
HostFacts machine(const std::vector<std::string>& paths) {
  HostFacts host = root();
  std::map<std::string, PathFact> facts{{"/", {true, true, "/"}}};
  for (std::string path : paths) {
    const bool file = path.back() == '!';
    if (file) path.pop_back();
    facts[path] = {true, !file, path};
  }
  host.path = [facts](const std::string& path) {
    const auto found = facts.find(path);
    return found == facts.end() ? PathFact{} : found->second;
  };
  return host;
}

const std::vector<std::string> kUsual{"/dev",  "/proc",   "/tmp",         "/var/tmp", "/run",
                                      "/home", "/home/a", "/etc/passwd!", "/r"};

SealRequest files() {
  SealRequest request;
  request.seals = {"file"};
  return request;
}

std::string text_of(const SealRequest& request, const HostFacts& host) {
  return text(planned(request, host));
}

TEST(FilePlan, TheRootIsReadOnlyAndTheOldOneGoes) {
  const std::string steps = text_of(files(), machine(kUsual));
  EXPECT_THAT(steps, HasSubstr("copy the mounts of / (read-only, nosuid, nodev)\n"));
  EXPECT_THAT(steps, HasSubstr("make that the root and forget the old one\n"));
  for (const char* empty : {"/tmp", "/var/tmp", "/run", "/dev/shm"})
    EXPECT_THAT(steps, HasSubstr("mount it on " + std::string(empty) + "\n"));
}

TEST(FilePlan, WhatIsMissingIsNotCovered) {
  EXPECT_THAT(text_of(files(), machine({"/dev", "/tmp"})), testing::Not(HasSubstr("mount it on /run\n")));
  EXPECT_THAT(text_of(files(), machine({"/tmp"})), testing::Not(HasSubstr("mount it on /dev")));
}

TEST(FilePlan, DeeperPathsComeLater) {
  SealRequest request = files();
  request.writable = {"/home/a"};
  request.read_only = {"/home"};
  const std::string steps = text_of(request, machine(kUsual));
  EXPECT_LT(steps.find("mount it on /home\n"), steps.find("mount it on /home/a\n"));
  EXPECT_THAT(steps, HasSubstr("copy the mounts of /home (read-only, nosuid, nodev)\n"));
  EXPECT_THAT(steps, HasSubstr("copy the mounts of /home/a (nosuid, nodev)\n"));
}

TEST(FilePlan, PlacesAreMadeInWhatIsOursAlone) {
  SealRequest request = files();
  request.root = "none";
  request.read_only = {"/etc/passwd", "/home/a"};
  const std::string steps = text_of(request, machine(kUsual));
  EXPECT_THAT(steps, HasSubstr("make the empty file /etc/passwd\nmount it on /etc/passwd\n"));
  EXPECT_THAT(steps, HasSubstr("make the directory /home/a\nmount it on /home/a\n"));
  EXPECT_THAT(steps, HasSubstr("make the mount at / read-only\n"));
  request.root = "/r";
  const Refusal refusal = refusal_of(request, machine(kUsual));
  EXPECT_EQ(refusal.message, "/r has no file '/etc/passwd' to mount on");
}

TEST(FilePlan, NonsenseIsRefused) {
  const HostFacts host = machine(kUsual);
  SealRequest request = files();
  request.writable = {"/nowhere"};
  EXPECT_EQ(refusal_of(request, host).message, "--rw '/nowhere': there is no such path");
  request.writable = {"/home"};
  request.read_only = {"/home"};
  EXPECT_EQ(refusal_of(request, host).message, "'/home' is given twice, in two ways");
  request = files();
  request.empty = {"/etc/passwd"};
  EXPECT_EQ(refusal_of(request, host).message, "--tmpfs '/etc/passwd' is no directory");
  request.empty = {"/"};
  EXPECT_EQ(refusal_of(request, host).message, "--tmpfs / would hide everything");
  request = files();
  request.root = "/etc/passwd";
  EXPECT_EQ(refusal_of(request, host).message, "--root '/etc/passwd' is no directory");
  request = process();
  request.writable = {"/home"};
  EXPECT_THAT(refusal_of(request, host).message, HasSubstr("that is not sealed"));
  EXPECT_EQ(refusal_of(request, host).help, "--seal file");
  request = files();
  std::vector<std::string> many = kUsual;
  for (int i = 0; i < 128; ++i) {
    many.push_back("/home/d" + std::to_string(i));
    request.writable.push_back(many.back());
  }
  EXPECT_THAT(refusal_of(request, machine(many)).message, HasSubstr("too many paths"));
}

TEST(FilePlan, LandlockIsASecondWallWhereThereIsOne) {
  HostFacts host = machine(kUsual);
  EXPECT_THAT(text_of(files(), host), testing::Not(HasSubstr("Landlock")));
  EXPECT_THAT(planned(files(), host).missing, testing::ElementsAre(HasSubstr("this kernel has no Landlock")));
  for (const int abi : {1, 2, 3, 5, 7}) {
    host.landlock_abi = abi;
    const Seals seals = planned(files(), host);
    std::uint64_t handled = 0;
    for (const Step& step : seals.program) {
      if (step.kind == StepKind::landlock_begin) handled = step.number;
      if (step.kind == StepKind::landlock_path) {
        EXPECT_EQ(step.flags & ~handled, 0U) << abi;
      }
    }
    EXPECT_TRUE(seals.missing.empty());
    EXPECT_EQ(handled >> 13, abi == 1 ? 0U : abi == 2 ? 1U : abi == 3 ? 3U : 7U);
  }
}

TEST(FilePlan, LandlockStaysWhereNoNamespaceIsToBeHad) {
  HostFacts host = machine(kUsual);
  host.capabilities = 0;
  host.user_namespaces = false;
  host.landlock_abi = 7;
  SealRequest request;
  request.seals = {"all"};
  request.best_effort = true;
  request.writable = {"/home/a"};
  const Seals seals = planned(request, host);
  EXPECT_EQ(seals.namespaces, 0U);
  const std::string steps = text(seals);
  EXPECT_THAT(steps, HasSubstr("begin Landlock rules, without abstract sockets of others, without signals to others\n"
                               "Landlock: reading and executing at /\n"));
  EXPECT_THAT(steps, HasSubstr("Landlock: everything is allowed at /home/a\n"));
  EXPECT_THAT(steps, testing::Not(HasSubstr("everything is allowed at /tmp")));
  EXPECT_THAT(steps, testing::Not(HasSubstr("mount")));
  EXPECT_THAT(steps, HasSubstr("enforce the Landlock rules\n"));
  EXPECT_THAT(seals.missing, testing::ElementsAre(HasSubstr("lets nobody make one"), HasSubstr("--seal process"),
                                                  HasSubstr("TCP alone is denied"), HasSubstr("by Landlock alone")));
  request.root = "none";
  request.read_only = {"/home"};
  EXPECT_THAT(text_of(request, host), testing::AllOf(testing::Not(HasSubstr("executing at /\n")),
                                                     HasSubstr("Landlock: reading and executing at /home\n")));
  request.root = "/r";
  request.read_only = request.writable = {};
  EXPECT_EQ(refusal_of(request, host).message, "--root cannot be given without a mount namespace");
  request.root = {};
  request.empty = {"/home"};
  EXPECT_THAT(planned(request, host).missing, testing::Contains(HasSubstr("--tmpfs")));
  request.caps = {"net_raw"};
  EXPECT_THAT(planned(request, host).missing, testing::Contains(HasSubstr("--cap")));
}

// Live. A folder of everybody's, outside of what the view hides.
class Folder {
 public:
  Folder() {
    char name[] = "/var/lib/callgate-seal-XXXXXX";
    path_ = mkdtemp(name) != nullptr ? name : "";
    chmod(path_.c_str(), 0777);
  }
  ~Folder() { std::ignore = std::system(("rm -rf " + path_).c_str()); }  // NOLINT(cert-env33-c): a test's own folder
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(FileLive, NothingCanBeWrittenButWhatWasNamed) {
  const Folder folder;
  as_both([&] {
    SealRequest request = files();
    EXPECT_NE(status_of(sealed("echo x > " + folder.path() + "/a", request)), 0);
    EXPECT_NE(access((folder.path() + "/a").c_str(), F_OK), 0);
    request.writable = {folder.path()};
    EXPECT_EQ(status_of(sealed("echo x > " + folder.path() + "/a", request)), 0);
    EXPECT_EQ(unlink((folder.path() + "/a").c_str()), 0);
    EXPECT_NE(status_of(sealed("echo x > /var/lib/callgate-other", request)), 0);
    // Read-only again, further down.
    mkdir((folder.path() + "/ro").c_str(), 0777);
    request.read_only = {folder.path() + "/ro"};
    EXPECT_NE(status_of(sealed("echo x > " + folder.path() + "/ro/a", request)), 0);
    rmdir((folder.path() + "/ro").c_str());
  });
}

TEST(FileLive, TemporaryFilesAreItsOwn) {
  char mark[] = "/tmp/callgate-seal-XXXXXX";
  close(mkstemp(mark));
  as_both([&] {
    EXPECT_EQ(
        status_of(sealed("! test -e " + std::string(mark) + " && echo x > /tmp/y && echo x > /dev/shm/y && cat /tmp/y",
                         files())),
        0);
    EXPECT_NE(access("/tmp/y", F_OK), 0);
    EXPECT_EQ(status_of(sealed("test -c /dev/null && echo x > /dev/null && head -c 9 /dev/urandom > /tmp/r", files())),
              0);
    EXPECT_EQ(status_of(sealed("test $(ls /dev | wc -l) -le 14 && ! test -e /dev/kmsg && ! test -e /dev/mem", files())),
              0);
  });
  unlink(mark);
}

TEST(FileLive, AnEmptyRootHoldsWhatWasNamedAlone) {
  as_both([] {
    SealRequest request = files();
    request.seals = {"file,process"};
    request.root = "none";
    request.read_only = {"/bin/busybox"};
    EXPECT_EQ(status_of(sealed_words({"/bin/busybox", "test", "!", "-e", "/etc"}, request)), 0);
    EXPECT_NE(status_of(sealed_words({"/bin/busybox", "touch", "/x"}, request)), 0);
    EXPECT_EQ(status_of(sealed_words({"/bin/busybox", "touch", "/tmp/x"}, request)), 0);
    EXPECT_LT(status_of(sealed_words({"/bin/sh", "-c", "true"}, request)), 0);  // it is not there
  });
}

TEST(FileLive, ARootOfOnesOwn) {
  const Folder folder;
  mkdir((folder.path() + "/bin").c_str(), 0755);
  ASSERT_EQ(std::system(("cp /bin/busybox " + folder.path() + "/bin/").c_str()), 0);  // NOLINT(cert-env33-c)
  ASSERT_EQ(symlink("/bin/busybox", (folder.path() + "/link").c_str()), 0);
  std::string found;
  EXPECT_FALSE(find_program("/link", nullptr, probe_below(folder.path()), found));
  EXPECT_FALSE(find_program("busybox", "/usr/bin:/bin", probe_below(folder.path()), found));
  EXPECT_EQ(found, "/bin/busybox");
  EXPECT_TRUE(find_program("/bin/sh", nullptr, probe_below(folder.path()), found));
  as_both([&] {
    SealRequest request = files();
    request.root = folder.path();
    EXPECT_EQ(status_of(sealed_words({"/bin/busybox", "test", "!", "-e", "/usr"}, request)), 0);
    EXPECT_EQ(status_of(sealed_words({"/bin/busybox", "test", "-e", "/../../bin/busybox"}, request)), 0);
    EXPECT_NE(status_of(sealed_words({"/bin/busybox", "touch", "/x"}, request)), 0);
  });
}

TEST(FileLive, WaysOutAreShut) {
  const Folder folder;
  as_both([&] {
    SealRequest request = files();
    request.seals = {"file", "process"};
    // Mounts can neither be changed nor does one travel; the old root is nowhere.
    EXPECT_NE(status_of(sealed("mount -o remount,rw /", request)), 0);
    EXPECT_NE(status_of(sealed("umount /proc/sys || umount /", request)), 0);
    EXPECT_EQ(status_of(sealed("test \"$(ls /proc/1/root 2>/dev/null)\" = ''", request)), 0);
    EXPECT_NE(status_of(sealed("echo x > /proc/self/root" + folder.path() + "/a", request)), 0);
    EXPECT_NE(status_of(sealed("echo h > /proc/sysrq-trigger", request)), 0);
    EXPECT_EQ(status_of(sealed("test -z \"$(ls /sys/firmware)\"", request)), 0);
    EXPECT_NE(status_of(sealed("mknod /tmp/mem c 1 1", request)), 0);
  });
}

TEST(FileLive, LandlockHoldsWhereMountsWouldNot) {
  if (read_host_facts().landlock_abi == 0) return;  // the plan has no such steps then
  const Folder folder;
  as_both([&] {
    Plan plan = sealed("echo x > " + folder.path() + "/a", files());
    // The same without the first wall: a root that can be written to.
    for (Step& step : plan.seals.setup)
      if (step.kind == StepKind::copy_mount && step.path == "/") step.flags = 0;
    EXPECT_NE(status_of(plan), 0);
    EXPECT_NE(access((folder.path() + "/a").c_str(), F_OK), 0);
  });
}

TEST(FileFaults, EachStepFailsInTurn) {
  SealRequest request = files();
  as_both([&] { fail_each_step(request); });
  request.seals = {"process,file"};
  request.root = "none";
  request.read_only = {"/bin", "/usr", "/lib", "/lib64"};
  as_both([&] { fail_each_step(request); });
}

}  // namespace
}  // namespace callgate::sandbox
