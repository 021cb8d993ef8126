// Images in a file: sound ones, and such as nobody should trust. Nothing that an archive says is ever written anywhere.
// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "image/spool.h"
#include "tar.h"

namespace callgate::image {
namespace {

namespace fs = std::filesystem;

std::string program() {
  std::ifstream in("/proc/self/exe", std::ios::binary);
  std::string out(std::istreambuf_iterator<char>(in), {});
  return out.substr(0, 20000);  // its headers are enough to tell what it is
}

constexpr const char* kManifest = R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":["1/layer.tar","2/layer.tar"]}])";
constexpr const char* kConfig =
    R"({"config":{"Entrypoint":["tool"],"Env":["PATH=/opt:/usr/bin"],"WorkingDir":"/srv"}})";

Reopen source(std::string bytes, std::size_t piece = 4096) {
  return [bytes = std::move(bytes), piece]() -> base::Result<Pieces> { return pieces_of(bytes, piece); };
}

std::string archive(const std::string& first, const std::string& second, const std::string& manifest = kManifest,
                    const std::string& config = kConfig) {
  return Tar()
      .add("1/layer.tar", first)
      .add("c.json", config)
      .add("2/layer.tar", second)
      .add("manifest.json", manifest)
      .str();
}

base::Result<Image> read(const std::string& bytes, const Limits& limits = {}, const std::string& which = "") {
  return read_image(source(bytes), which, "/tmp", limits);
}

class Images : public testing::Test {
 protected:
  void SetUp() override {
    void* const library = dlopen("libarchive.so.13", RTLD_NOW | RTLD_LOCAL);
    // For machines set up for something else; scripts/test installs it, and in continuous integration a skip fails.
    if (library == nullptr) GTEST_SKIP() << "libarchive (Debian's package libarchive13) is not there";
  }
};

TEST_F(Images, OfTwoLayers) {
  const std::string elf = program();
  const auto image = read(archive(Tar().add("usr/bin/", "", '5').add("usr/bin/tool", elf).add("usr/bin/old", elf).str(),
                                  Tar()
                                      .add("usr/bin/.wh.old", "")
                                      .add("bin", "", '2', "usr/bin")
                                      .add("etc/ld.so.conf", "/opt\n", '0', "", 0644)
                                      .add("etc/passwd", "root:x:0:0", '0', "", 0644)
                                      .add("run", "#!/bin/tool\n")
                                      .str()));
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->name, "a:1");
  EXPECT_EQ(image->program, "/usr/bin/tool");
  const auto inventory = image->tree->inventory({});
  ASSERT_EQ(inventory.programs.size(), 1U);
  EXPECT_EQ(inventory.programs.front().path, "/usr/bin/tool");
  EXPECT_EQ(inventory.scripts.at("/bin/tool"), 1U);
  EXPECT_EQ(image->tree->read("/bin/tool").value_or(""), elf);
  EXPECT_EQ(image->tree->read("/etc/ld.so.conf").value_or(""), "/opt\n");
  EXPECT_FALSE(image->tree->read("/etc/passwd").has_value());  // of no use to a scan: never taken
  EXPECT_EQ(image->tree->real("/bin"), "/usr/bin");
}

TEST_F(Images, InPiecesOfAnySize) {
  const std::string bytes = archive(Tar().add("usr/bin/tool", program()).str(), Tar().str());
  for (const std::size_t piece : {1U, 511U, 513U, 100000U}) {
    const auto image = read_image(source(bytes, piece), "", "/tmp");
    ASSERT_TRUE(image.has_value()) << image.error().message;
    EXPECT_EQ(image->program, "/usr/bin/tool");
  }
}

TEST_F(Images, LayersByLinksAsOldDockerSharesThem) {
  const auto image = read(Tar()
                              .add("c.json", kConfig)
                              .add("1/layer.tar", "", '2', "../shared/layer.tar")
                              .add("2/layer.tar", "", '2', "../shared/layer.tar")
                              .add("manifest.json", kManifest)
                              .add("shared/layer.tar", Tar().add("opt/tool", program()).str())
                              .str());
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_EQ(image->program, "/opt/tool");
}

TEST_F(Images, ThatWantToWriteElsewhere) {
  const fs::path victim = fs::temp_directory_path() / "callgate-image-victim";
  fs::remove(victim);
  const std::string up = "../../../../../../../../.." + victim.string();
  const auto image = read(archive(Tar()
                                      .add(up, "#!/bin/sh\n")
                                      .add(victim.string(), "#!/bin/sh\n")
                                      .add("etc", "", '2', "/etc")
                                      .add("etc/callgate-image-victim", "#!/bin/sh\n")
                                      .add("dev/sda", "", '3')
                                      .add("fifo", "", '6')
                                      .add("link", "", '1', "/etc/passwd")
                                      .str(),
                                  Tar().add(".wh...", "").add(".wh.", "").add("../.wh.tmp", "").str()));
  ASSERT_TRUE(image.has_value()) << image.error().message;
  EXPECT_FALSE(fs::exists(victim));
  EXPECT_FALSE(fs::exists("/etc/callgate-image-victim"));
  EXPECT_TRUE(image->tree->read(victim.string()).has_value());  // below the image's root
  std::string told;
  for (const auto& each : image->tree->inventory({}).skipped) told += each.path + " ";
  for (const std::string& each :
       {up, std::string("/dev/sda"), std::string("/fifo"), std::string("link"), std::string("../.wh.tmp")})
    EXPECT_NE(told.find(each + " "), std::string::npos) << each;
  EXPECT_TRUE(image->program.empty());
}

TEST_F(Images, LargerThanTheLimits) {
  const std::string elf = program();
  const std::string bytes =
      archive(Tar().add("a", elf).add("b", elf).add("c", std::string(100000, 'x')).str(), Tar().str());
  const auto failure = [&](auto change) {
    Limits limits;
    change(limits);
    const auto image = read(bytes, limits);
    EXPECT_FALSE(image.has_value());
    if (image) return std::string();
    EXPECT_EQ(image.error().code, base::ErrorCode::limit);
    return image.error().message;
  };
  EXPECT_NE(failure([](Limits& l) { l.unpacked_bytes = 120000; }).find("unpacks to more than 120000"),
            std::string::npos);
  EXPECT_NE(failure([](Limits& l) { l.kept_bytes = 30000; }).find("come to more than 30000"), std::string::npos);
  EXPECT_NE(failure([](Limits& l) { l.entries = 5; }).find("more than 5 entries"), std::string::npos);
  EXPECT_NE(failure([](Limits& l) { l.json_bytes = 100; }).find("more than 100 bytes of JSON"), std::string::npos);
  EXPECT_NE(failure([](Limits& l) { l.layers = 1; }).find("more than 1 layers"), std::string::npos);
}

TEST_F(Images, ThatSayTheyAreHuge) {
  std::string layer = Tar().add("huge", "").str();
  const std::string size = "77777777777";  // octal: 8 GiB, of which nothing is there
  std::memcpy(layer.data() + 124, size.data(), size.size());
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < 512; ++i)
    if (i < 148 || i >= 156) sum += static_cast<std::uint8_t>(layer[i]);
  std::memcpy(layer.data() + 148, fmt::format("{:06o}", sum).c_str(), 7);
  EXPECT_FALSE(read(archive(layer, Tar().str())).has_value());
  Limits limits;
  limits.unpacked_bytes = std::uint64_t{4} << 30;
  const auto image = read(archive(layer, Tar().str()), limits);
  ASSERT_FALSE(image.has_value());
  EXPECT_EQ(image.error().code, base::ErrorCode::limit);
}

TEST_F(Images, ThatAreDamaged) {
  const std::string whole = archive(Tar().add("usr/bin/tool", program()).str(), Tar().str());
  EXPECT_FALSE(read("").has_value());
  EXPECT_FALSE(read("no tar at all").has_value());
  EXPECT_FALSE(read(std::string(100000, 'x')).has_value());
  EXPECT_FALSE(read(Tar().add("a", "b").str()).has_value());
  EXPECT_FALSE(read(archive("no tar", Tar().str())).has_value());
  EXPECT_FALSE(read(Tar().add("manifest.json", kManifest).add("c.json", kConfig).str()).has_value());
  EXPECT_FALSE(read(Tar().add("manifest.json", kManifest).str()).has_value());
  for (std::size_t size = 0; size < whole.size(); size += 509) {
    const auto image = read(whole.substr(0, size));
    EXPECT_TRUE(image.has_value() || !image.error().message.empty()) << size;
  }
}

TEST_F(Images, SeveralInOneArchive) {
  const std::string bytes =
      Tar()
          .add("c.json", kConfig)
          .add("d.json", "{}")
          .add(
              "manifest.json",
              R"([{"Config":"c.json","RepoTags":["a:1"],"Layers":[]},{"Config":"d.json","RepoTags":["b:1"],"Layers":[]}])")
          .str();
  EXPECT_NE(read(bytes).error().message.find("a:1, b:1"), std::string::npos);
  EXPECT_EQ(read(bytes, {}, "b:1").value().name, "b:1");
  EXPECT_EQ(read(bytes, {}, "c.js").value().name, "a:1");
  EXPECT_NE(read(bytes, {}, "z").error().message.find("no image 'z'"), std::string::npos);
}

TEST_F(Images, FromAFileAlone) {
  EXPECT_FALSE(file_source("/dev/null")().has_value());
  EXPECT_FALSE(file_source("/nowhere")().has_value());
  EXPECT_TRUE(file_source("/proc/self/exe")().has_value());
}

TEST(Spools, GiveWhatTheyTook) {
  for (const char* const directory : {"/tmp", "/nowhere"}) {  // where there is none, in memory
    auto spool = Spool::create(directory);
    ASSERT_TRUE(spool.has_value());
    const std::string text = "abcdef";
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    ASSERT_TRUE(spool->append(bytes).has_value());
    ASSERT_TRUE(spool->append(bytes.first(2)).has_value());
    EXPECT_EQ(spool->size(), 8U);
    EXPECT_EQ(spool->read({4, 4}).value_or(""), "efab");
    EXPECT_FALSE(spool->read({4, 5}).has_value());
  }
}

}  // namespace
}  // namespace callgate::image
