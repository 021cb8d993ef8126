// The formats that know no arguments, systemd's and firejail's, read and written.
// SPDX-License-Identifier: Apache-2.0
#include "convert/tables.h"
#include "text_formats.h"

namespace callgate::convert {
namespace {

using policy::Action;
using policy::ActionKind;
using policy::kAllow;
using policy::kKillProcess;
using policy::kKillThread;
using policy::make_errno;
using test::Case;
using test::expect_answers;
using test::of;
using test::Text;
using testing::HasSubstr;

constexpr Action kLog{ActionKind::log, 0};

TEST(Systemd, Answers) {
  const Case cases[] = {
      {"SystemCallFilter=socket", "socket", kAllow},
      {"SystemCallFilter=socket", "execve", kAllow},  // @default
      {"SystemCallFilter=socket", "bind", kKillProcess},
      {"SystemCallFilter=socket\nSystemCallErrorNumber=EPERM", "bind", make_errno(1)},
      {"SystemCallErrorNumber=38\nSystemCallFilter=socket", "bind", make_errno(38)},
      {"SystemCallErrorNumber=EPERM\nSystemCallErrorNumber=\nSystemCallFilter=socket", "bind", kKillProcess},
      {"SystemCallErrorNumber=EPERM\nSystemCallErrorNumber=kill\nSystemCallFilter=socket", "bind", kKillProcess},
      {"SystemCallFilter=~socket bind", "bind", kKillProcess},
      {"SystemCallFilter=~socket bind", "listen", kAllow},
      {"SystemCallFilter=~socket:EACCES bind:kill\nSystemCallErrorNumber=1", "socket", make_errno(13)},
      {"SystemCallFilter=~socket:EACCES bind:kill\nSystemCallErrorNumber=1", "bind", kKillProcess},
      // Lines accumulate, the first one says which kind of list it is, and an empty one starts anew.
      {"SystemCallFilter=socket bind\nSystemCallFilter=~bind", "bind", kKillProcess},
      {"SystemCallFilter=socket bind\nSystemCallFilter=~bind", "socket", kAllow},
      {"SystemCallFilter=~socket bind\nSystemCallFilter=bind", "bind", kAllow},
      {"SystemCallFilter=~socket bind\nSystemCallFilter=bind", "socket", kKillProcess},
      {"SystemCallFilter=socket\nSystemCallFilter=\nSystemCallFilter=~bind", "listen", kAllow},
      {"SystemCallFilter=socket\nSystemCallFilter=", "bind", kAllow},
      {"SystemCallFilter=@system-service\nSystemCallFilter=~@privileged", "chown", kKillProcess},
      {"SystemCallFilter=@system-service\nSystemCallFilter=~@privileged", "openat", kAllow},
      {"SystemCallFilter=socket \\\n# in between\n  bind", "bind", kAllow},
      {"SystemCallLog=socket", "socket", kLog},
      {"SystemCallLog=socket", "bind", kAllow},
      {"SystemCallLog=~socket", "bind", kLog},
      {"SystemCallLog=~socket", "socket", kAllow},
      {"SystemCallLog=socket\nSystemCallFilter=~socket", "socket", kKillProcess},
      {"SystemCallLog=socket\nSystemCallLog=", "socket", kAllow},
      {"SystemCallArchitectures=native", "socket", kAllow},
  };
  expect_answers(kSystemd, cases, "[Unit]\nDescription=x\n\n[Service]\n");
}

TEST(Systemd, Architectures) {
  using enum arch::Arch;
  const Text open(kSystemd, "[Service]\nSystemCallFilter=~ptrace\n");
  EXPECT_EQ(of(open, x86, "ptrace"), kKillProcess);
  EXPECT_EQ(of(open, x32, "ptrace"), kKillProcess);
  EXPECT_EQ(of(open, aarch64, "ptrace"), kAllow) << "no machine has both";
  const Text native(kSystemd, "[Service]\nSystemCallArchitectures=native\n");
  EXPECT_EQ(of(native, x86_64, "read"), kAllow);
  EXPECT_EQ(of(native, x86, "read"), kKillThread);
  EXPECT_EQ(of(native, x32, "read"), kKillThread);
  const Text both(kSystemd, "[Service]\nSystemCallArchitectures=x86 x32\nSystemCallArchitectures=arm64\n");
  EXPECT_EQ(of(both, x86, "read"), kAllow);
  EXPECT_EQ(of(both, x32, "read"), kAllow);
  EXPECT_EQ(of(both, x86_64, "read"), kAllow);
  EXPECT_EQ(of(both, aarch64, "read"), kAllow);
  EXPECT_EQ(of(both, arm, "read"), kKillThread);
  // socketcall is filtered by the calls behind it.
  const Text sockets(kSystemd, "[Service]\nSystemCallFilter=~socket\n");
  EXPECT_EQ(of(sockets, x86, "socketcall", {1}), kKillProcess);
  EXPECT_EQ(of(sockets, x86, "socketcall", {2}), kAllow);
  EXPECT_EQ(of(sockets, x86, "socket"), kKillProcess);
}

TEST(Systemd, WhatItIgnoresIsTold) {
  const std::tuple<std::string_view, std::string_view> cases[] = {
      {"SystemCallFilter=sokcet", "4:18: warning: unknown call 'sokcet', which systemd ignores [CG1252]"},
      {"SystemCallFilter=sokcet", "did you mean 'socket'?"},
      {"SystemCallFilter=@sevice", "unknown group '@sevice', which systemd ignores [CG1252]"},
      {"SystemCallFilter=socket:EPERM", "a call that is allowed has no error [CG1266]"},
      {"SystemCallFilter=~socket:EWHAT", "unknown error in 'socket:EWHAT', which systemd ignores [CG1262]"},
      {"SystemCallErrorNumber=EWHAT", "unknown error 'EWHAT', which systemd ignores [CG1262]"},
      {"SystemCallArchitectures=vax", "unknown architecture 'vax', which systemd ignores [CG1266]"},
      {"SystemCallFilter=read\nRestrictNamespaces=yes",
       "RestrictNamespaces= installs a filter that is not read here [CG1267]"},
      {"SystemCallFilter=read\n[Install]\nSystemCallFilter=write", "stands in no section that takes it [CG1266]"},
  };
  for (const auto& [odd, message] : cases) {
    const Text text(kSystemd, "# c\n\n[Service]\n" + std::string(odd));
    EXPECT_TRUE(text.reading) << odd;
    EXPECT_THAT(text.messages(), HasSubstr(std::string(message))) << odd;
  }
  EXPECT_THAT(Text(kSystemd, "[Service]\nSystemCallFilter=read\nPrivateDevices=no\n").messages(), testing::IsEmpty());
  const Text none(kSystemd, "SystemCallFilter=read\n");
  EXPECT_FALSE(none.reading);
  EXPECT_THAT(none.messages(), HasSubstr("no SystemCallFilter= and the like in the file [CG1269]"));
}

// What has no conditions, and answers other architectures as the tool does, comes back as it was.
TEST(CallLists, RoundTripOfOnesOwnTexts) {
  const std::pair<const Format*, std::string_view> texts[] = {
      {&kSystemd, "# A unit.\n\n[Service]\n# local ones\nSystemCallFilter=socket\nSystemCallFilter=@io-event bind\n"},
      {&kSystemd,
       "[Service]\nSystemCallFilter=~socket:EACCES @mount\nSystemCallErrorNumber=EPERM\nSystemCallLog=bind\n"},
      {&kSystemd, "[Service]\nSystemCallArchitectures=native x86\nSystemCallFilter=@system-service\n"},
      {&kSystemd, "[Service]\nSystemCallFilter=read\nSystemCallFilter=~execve\nSystemCallArchitectures=native\n"},
      {&kSystemd, "[Service]\nSystemCallFilter=\n"},
      {&kFirejail, "seccomp\n"},
      {&kFirejail, "# c\n\nseccomp !chroot\nseccomp.block-secondary\n"},
      {&kFirejail, "seccomp.keep read,write,!prctl,open:EACCES\nseccomp-error-action kill\n"},
      {&kFirejail, "seccomp.drop write,execve\nseccomp.32.drop write,execve:EPERM\nseccomp-error-action log\n"},
      {&kFirejail, "seccomp.drop write,$500:EACCES,listmount\nseccomp.32.drop write,$500:EPERM,open:kill\n"},
      {&kFirejail, "# callgate:firejail 0.9.80\n\nseccomp.keep read,listmount,!mmap\n"},
  };
  for (const auto& [format, text] : texts) {
    const Text first(*format, std::string(text));
    ASSERT_TRUE(first.reading) << first.messages();
    const Conversion out = test::convert(*first.reading, *format);
    EXPECT_EQ(test::losses(out), "") << text << "\n" << out.text;
    const Text second(*format, out.text);
    EXPECT_EQ(second.reading->comments.file, first.reading->comments.file);
    EXPECT_EQ(second.reading->comments.by_call, first.reading->comments.by_call);
  }
}

TEST(CallLists, RandomPoliciesAreSaidOrTheLossIsNarrow) {
  const Action some[] = {kAllow, make_errno(1), make_errno(13), kKillProcess};
  std::mt19937_64 rng(3);
  for (int i = 0; i < 40; ++i) {
    const bool conditions = i % 2 != 0;
    const Reading killing = test::random_profile(rng, conditions, some, some[rng() % 4], kKillThread);
    for (const Format* format : {&kSystemd, &kFirejail}) {
      const Conversion out = test::convert(killing, *format);
      // A default that grants grants unnamed x32 calls too; nothing else may be granted that was not.
      // firejail keeps what it needs itself.
      for (const Loss& loss : out.losses)
        EXPECT_TRUE(!loss.widens || (format == &kFirejail && (loss.message.find("execve") != std::string::npos ||
                                                              loss.message.find("prctl") != std::string::npos)))
            << format->name << ": " << loss.message << out.text;
      for (const Loss& loss : out.losses)
        // seccomp.block-secondary has a condition of its own.
        EXPECT_TRUE(conditions || loss.id.number != 1306 || format == &kFirejail) << loss.message;
    }
  }
}

TEST(CallLists, ArgumentsAreLostToTheStricterAnswer) {
  const Text source(kKafel, "ALLOW { read, execve, prctl, socket { family == 1 } } DEFAULT ERRNO(1)");
  for (const Format* format : {&kSystemd, &kFirejail}) {
    const Conversion out = test::convert(*source.reading, *format);
    const auto lost =
        std::find_if(out.losses.begin(), out.losses.end(), [](const Loss& loss) { return loss.id.number == 1306; });
    ASSERT_NE(lost, out.losses.end());
    EXPECT_THAT(lost->message, HasSubstr("socket"));
    EXPECT_THAT(lost->why, HasSubstr("no arguments"));
    EXPECT_FALSE(out.widens());
    ASSERT_TRUE(lost->witness);
    EXPECT_EQ(lost->before, kAllow);
    EXPECT_EQ(lost->after, make_errno(1));
  }
}

TEST(CallLists, AreToldByTheirContent) {
  EXPECT_EQ(sniff("[Service]\nSystemCallFilter=read\n"), &kSystemd);
  EXPECT_EQ(sniff("caps.drop all\nseccomp\n"), &kFirejail);
  EXPECT_EQ(sniff("seccomp.drop ptrace:kill\n"), &kFirejail) << "nor minijail's call 'seccomp'";
  EXPECT_EQ(sniff("seccomp ptrace:kill\n"), &kFirejail);
  EXPECT_EQ(sniff("seccomp: kill\n"), &kMinijail);
  EXPECT_EQ(sniff("[Service]\nExecStart=/bin/true\n"), nullptr);
}

TEST(Tables, AreWhole) {
  for (const std::string_view group : systemd_groups()) EXPECT_FALSE(systemd_group(group)->empty()) << group;
  EXPECT_EQ(systemd_group("@nosuch"), std::nullopt);
  const auto service = systemd_group("@system-service");
  ASSERT_TRUE(service.has_value());
  for (const std::string_view call : *service) EXPECT_FALSE(call.starts_with('@')) << call;
  EXPECT_TRUE(minijail_knows("O_RDONLY"));
  EXPECT_FALSE(minijail_knows("O_NOSUCH"));
}

}  // namespace
}  // namespace callgate::convert
