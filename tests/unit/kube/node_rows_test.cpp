// What comes of Pods on nodes, row by row (tests/data/kube/node.yaml): API server, kubelet, engine and runtime
// together. SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "arch/calls.h"
#include "kube/kube.h"
#include "text/node.h"

namespace callgate::kube {
namespace {

namespace fs = std::filesystem;

std::string text_of(text::Node row, std::string_view name) {
  const text::Node found = row.find(name);
  return found ? std::string(found.text()) : std::string();
}

class Row {
 public:
  explicit Row(text::Node row) : row_(row), folder_(make_folder()), files_(folder_), world_{files_, filters_} {}
  Row(const Row&) = delete;
  ~Row() { fs::remove_all(folder_); }

  void run();

 private:
  static std::string make_folder() {
    std::string name = (fs::temp_directory_path() / "callgate-kube-XXXXXX").string();
    return mkdtemp(name.data());
  }
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    std::ofstream(folder_ + "/" + name) << text;
  }
  std::string root() const { return folder_ + "/" + text_of(row_, "root"); }
  std::string expected(text::Node want, std::string_view name) const {
    std::string text = text_of(want, name);
    if (const auto at = text.find("$ROOT"); at != std::string::npos) text.replace(at, 5, root());
    return text;
  }
  Options options();
  void check(const manifest::Container& got, text::Node want) const;
  void check_mount(const manifest::Container& got, const std::string& action) const;

  text::Node row_;
  std::string folder_;
  manifest::Files files_;
  manifest::Filters filters_{manifest::Machine{arch::Arch::x86_64, {6, 18}}};
  container::World world_;
};

Options Row::options() {
  Options out;
  if (const text::Node files = row_.find("files"))
    for (const text::Node each : files) write(std::string(each.key()), each.text());
  if (const text::Node config = row_.find("config")) {
    write("engine.toml", config.text());
    out.engine_configs.push_back(folder_ + "/engine.toml");
  }
  if (const text::Node kubelet = row_.find("kubelet")) {
    write("kubelet.yaml", kubelet.text());
    out.kubelet_config = folder_ + "/kubelet.yaml";
  }
  if (row_.find("root")) out.seccomp_root = root();
  out.engine = text_of(row_, "engine");
  out.containerd_release = text_of(row_, "release");
  out.seccomp_default = text_of(row_, "seccomp_default") == "true";
  out.sandboxes = text_of(row_, "sandboxes") == "true";
  if (text_of(row_, "validation") == "warn") out.cluster.field_validation = FieldValidation::warn;
  return out;
}

void Row::check_mount(const manifest::Container& got, const std::string& action) const {
  ASSERT_TRUE(got.choice.filter);
  const auto number = arch::number(arch::Arch::x86_64, "mount").value();
  const policy::Action decided =
      policy::evaluate(got.choice.filter->profile.policy, {arch::info(arch::Arch::x86_64).audit, number, {}});
  EXPECT_EQ(decided, action == "ALLOW" ? policy::kAllow : policy::make_errno(1)) << action;
}

void Row::check(const manifest::Container& got, text::Node want) const {
  SCOPED_TRACE(text_of(want, "name"));
  EXPECT_EQ(got.name, text_of(want, "name"));
  EXPECT_EQ(std::string(manifest::name(got.refused_by)), text_of(want, "refused_by")) << got.message;
  const auto same = [&](std::string_view name, std::string_view value) {
    if (want.find(name)) {
      EXPECT_EQ(value, expected(want, name)) << name;
    }
  };
  same("message", got.message);
  same("kind", manifest::name(got.choice.kind));
  same("path", got.choice.path);
  same("built_in", got.choice.built_in);
  same("engine", got.engine);
  same("runtime", got.runtime);
  same("role", got.role);
  if (want.find("filter")) {
    EXPECT_TRUE(got.choice.filter);
  }
  if (want.find("mount")) check_mount(got, text_of(want, "mount"));
  const std::string step = text_of(want, "step");
  std::string all;
  for (const manifest::Step& each : got.steps) all += each.text + "\n";
  EXPECT_NE(all.find(step), std::string::npos) << "no step says '" << step << "':\n" << all;
}

void Row::run() {
  const Options asked = options();
  base::Diagnostics diagnostics;
  const base::SourceFile& input = files_.keep("input.yaml", text_of(row_, "objects"));
  const auto documents = text::read_yaml(input, diagnostics);
  ASSERT_TRUE(documents) << base::render_text(diagnostics, false);
  manifest::Answer answer;
  resolve_objects(*documents, asked, world_, answer, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << base::render_text(diagnostics, false);
  const text::Node expect = row_.find("expect");
  ASSERT_EQ(answer.containers.size(), expect.size());
  std::size_t at = 0;
  for (const text::Node want : expect) check(answer.containers[at++], want);
  if (const text::Node want = row_.find("object")) {
    ASSERT_EQ(answer.objects.size(), 1U);
    EXPECT_EQ(manifest::name(answer.objects[0].refused_by), text_of(want, "refused_by"));
    EXPECT_EQ(answer.objects[0].message, text_of(want, "message"));
  }
}

TEST(Node, Rows) {
  std::ifstream stream(CALLGATE_SOURCE_DIR "/tests/data/kube/node.yaml");
  std::stringstream text;
  text << stream.rdbuf();
  const base::SourceFile file("node.yaml", text.str());
  base::Diagnostics diagnostics;
  const auto rows = text::read_yaml(file, diagnostics);
  ASSERT_TRUE(rows) << base::render_text(diagnostics, false);
  ASSERT_GT(rows->front().root().size(), 30U);
  for (const text::Node row : rows->front().root()) {
    SCOPED_TRACE(text_of(row, "case"));
    Row(row).run();
  }
}

// What a hostile path leads to is said and not opened.
TEST(Node, NothingOutsideOfTheRootIsOpened) {
  std::string folder = (fs::temp_directory_path() / "callgate-kube-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  fs::create_directories(folder + "/root");
  fs::create_symlink("/etc/passwd", folder + "/root/link.json");
  ASSERT_EQ(mkfifo((folder + "/root/pipe.json").c_str(), 0600), 0);
  manifest::Files files(folder);
  manifest::Filters filters{{}};
  container::World world{files, filters};
  for (const std::string name : {"link.json", "pipe.json"}) {
    const base::SourceFile& input =
        files.keep("input",
                   "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  securityContext: {seccompProfile: {type: "
                   "Localhost, localhostProfile: " +
                       name + "}}\n  containers: [{name: a, image: i}]\n");
    base::Diagnostics diagnostics;
    const auto documents = text::read_yaml(input, diagnostics);
    Options options;
    options.seccomp_root = folder + "/root";
    manifest::Answer answer;
    resolve_objects(*documents, options, world, answer, diagnostics);
    ASSERT_EQ(answer.containers.size(), 1U);
    EXPECT_FALSE(answer.containers[0].choice.filter);
    EXPECT_EQ(answer.containers[0].choice.kind, manifest::ProfileKind::file);
    EXPECT_NE(answer.containers[0].steps.back().text.find("not opened"), std::string::npos);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace callgate::kube
