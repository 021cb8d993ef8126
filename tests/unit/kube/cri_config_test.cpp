// Configuration files of nodes: what is taken from them, and what is wrong with them.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kube/cri_config.h"
#include "kube/diagnostic_ids.h"
#include "text/diagnostic_ids.h"

namespace callgate::kube {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    path = (fs::temp_directory_path() / "callgate-config-XXXXXX").string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
  }
  Folder(const Folder&) = delete;
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories(fs::path(path + "/" + name).parent_path());
    std::ofstream(path + "/" + name) << text;
  }
  std::string path;
};

TEST(CriConfig, ContainerdImports) {
  const Folder folder;
  folder.write("config.toml", "version = 2\nimports = [\"conf.d/*.toml\", \"/etc/containerd/other.toml\"]\n");
  folder.write(
      "conf.d/10-a.toml",
      "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\ndefault_runtime_name = \"crun\"\n"
      "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.crun.options]\nBinaryName = \"/opt/crun\"\n");
  folder.write("conf.d/notes.txt", "no TOML");
  manifest::Files files(folder.path);
  const std::string path = folder.path + "/config.toml";
  CriConfig config;
  base::Diagnostics diagnostics;
  EXPECT_TRUE(read_containerd_config(**files.open(path, path), path, files, config, diagnostics));
  EXPECT_EQ(config.default_runtime, "crun");
  ASSERT_NE(config.handler(""), nullptr);
  EXPECT_EQ(config.handler("")->program, "/opt/crun");
  EXPECT_EQ(config.handler("runc")->type, "io.containerd.runc.v2");
  // The file elsewhere is said, not opened.
  ASSERT_EQ(diagnostics.items().size(), 1U);
  EXPECT_EQ(diagnostics.items()[0].number, kConfigImport.number);
}

TEST(CriConfig, ImportsThatImportEachOtherEnd) {
  const Folder folder;
  folder.write("config.toml", "version = 2\nimports = [\"*.toml\"]\n");
  manifest::Files files(folder.path);
  const std::string path = folder.path + "/config.toml";
  CriConfig config;
  base::Diagnostics diagnostics;
  EXPECT_TRUE(read_containerd_config(**files.open(path, path), path, files, config, diagnostics));
  EXPECT_EQ(diagnostics.warning_count(), 1U);
}

struct Wrong {
  std::string_view text;
  int number;
  std::uint32_t line;
};

TEST(CriConfig, WhatContainerdDoesNotStartWith) {
  for (const Wrong& each :
       {Wrong{"version = 2\n[plugins\n", text::kTomlSyntax.number, 2}, Wrong{"version = 9\n", kConfigVersion.number, 1},
        Wrong{"version = 2\nplugins = 3\n", kConfigType.number, 2},
        Wrong{"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nunset_seccomp_profile = 1\n", kConfigType.number,
              3}}) {
    manifest::Files files("/");
    const base::SourceFile& file = files.keep("config.toml", std::string(each.text));
    CriConfig config;
    base::Diagnostics diagnostics;
    EXPECT_FALSE(read_containerd_config(file, "config.toml", files, config, diagnostics));
    ASSERT_FALSE(diagnostics.items().empty());
    EXPECT_EQ(diagnostics.items()[0].number, each.number);
    EXPECT_EQ(file.position(diagnostics.items()[0].span.begin).line, each.line);
  }
}

TEST(CriConfig, CrioDropInsWin) {
  manifest::Files files("/");
  CriConfig config;
  base::Diagnostics diagnostics;
  EXPECT_TRUE(read_crio_config(files.keep("crio.conf",
                                          "[crio.runtime]\ndefault_runtime = \"runc\"\n"
                                          "seccomp_profile = \"/a.json\"\n[crio.nri]\nenable_nri = true\n"),
                               config, diagnostics));
  EXPECT_TRUE(read_crio_config(
      files.keep("10.conf",
                 "[crio.runtime.runtimes.runc]\nallowed_annotations = [\"seccomp-profile.crio.io\"]\n"
                 "[crio.runtime]\nseccomp_profile = \"/b.json\"\ndefault_capabilities = [\"CHOWN\"]\n"),
      config, diagnostics));
  EXPECT_EQ(config.seccomp_profile, "/b.json");
  EXPECT_EQ(config.nri, true);
  EXPECT_EQ(config.default_capabilities, std::vector<std::string>{"CHOWN"});
  EXPECT_EQ(config.handler("")->allowed_annotations, std::vector<std::string>{"seccomp-profile.crio.io"});
}

TEST(KubeletConfig, WhatIsNoKubeletConfiguration) {
  for (const auto& [text, number] :
       {std::pair("kind: Pod\n", kConfigKind.number),
        std::pair("kind: KubeletConfiguration\nseccompDefault: maybe\n", kConfigType.number)}) {
    const base::SourceFile file("kubelet.yaml", text);
    KubeletConfig config;
    base::Diagnostics diagnostics;
    EXPECT_FALSE(read_kubelet_config(file, config, diagnostics));
    ASSERT_EQ(diagnostics.items().size(), 1U);
    EXPECT_EQ(diagnostics.items()[0].number, number);
  }
}

}  // namespace
}  // namespace callgate::kube
