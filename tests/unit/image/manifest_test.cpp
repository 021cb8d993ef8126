// Which images an archive holds, in Docker's and in OCI's words, and what is none.
// SPDX-License-Identifier: Apache-2.0
#include "image/manifest.h"

#include <gtest/gtest.h>

namespace callgate::image {
namespace {

using Texts = std::map<std::string, std::string>;

TEST(Manifest, OfDocker) {
  const auto all = listed_images(
      {{"manifest.json", R"([{"Config":"c.json","RepoTags":["a:1","a:2"],"Layers":["x/layer.tar","y/layer.tar"]},
                             {"Config":"d.json","RepoTags":null,"Layers":null}])"}});
  ASSERT_TRUE(all.has_value()) << all.error().message;
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().tags, (std::vector<std::string>{"a:1", "a:2"}));
  EXPECT_EQ(all->front().layers, (std::vector<std::string>{"x/layer.tar", "y/layer.tar"}));
  EXPECT_EQ(all->back().config, "d.json");
}

TEST(Manifest, OfOciWithIndexesAndPlatforms) {
  const auto all = listed_images(
      {{"index.json",
        R"({"manifests":[{"digest":"sha256:aa","annotations":{"org.opencontainers.image.ref.name":"web:1"}}]})"},
       {"blobs/sha256/aa", R"({"manifests":[
           {"digest":"sha256:bb","platform":{"os":"linux","architecture":"arm64"}},
           {"digest":"sha256:cc","platform":{"os":"linux","architecture":"amd64"}},
           {"digest":"sha256:dd","platform":{"os":"unknown","architecture":"unknown"}}]})"},
       {"blobs/sha256/cc",
        R"({"config":{"digest":"sha256:ee"},"layers":[{"digest":"sha256:f1"},{"digest":"sha256:f2"}]})"}});
  ASSERT_TRUE(all.has_value()) << all.error().message;
  ASSERT_EQ(all->size(), 1U);
  EXPECT_EQ(all->front().tags, std::vector<std::string>{"web:1"});
  EXPECT_EQ(all->front().config, "blobs/sha256/ee");
  EXPECT_EQ(all->front().layers, (std::vector<std::string>{"blobs/sha256/f1", "blobs/sha256/f2"}));
}

TEST(Manifest, WhatIsNone) {
  const std::string circle = R"({"manifests":[{"digest":"sha256:aa"}]})";
  for (const Texts& texts :
       {Texts{}, Texts{{"manifest.json", "{"}}, Texts{{"manifest.json", "{}"}}, Texts{{"manifest.json", "[{}]"}},
        Texts{{"manifest.json", "[1]"}}, Texts{{"index.json", "[]"}}, Texts{{"index.json", "{}"}},
        Texts{{"index.json", R"({"manifests":[{"digest":"sha256:absent"}]})"}},
        Texts{{"index.json", R"({"manifests":[{}]})"}}, Texts{{"index.json", circle}, {"blobs/sha256/aa", circle}},
        Texts{{"index.json", circle}, {"blobs/sha256/aa", "{}"}}}) {
    const auto all = listed_images(texts);
    ASSERT_FALSE(all.has_value());
    EXPECT_FALSE(all.error().message.empty());
  }
}

TEST(Manifest, Configurations) {
  const auto full = read_configuration(
      "c", R"({"config":{"Entrypoint":["/run","-x"],"Cmd":["y",1],"Env":["A=1","PATH=/opt"],"WorkingDir":"/srv"}})");
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(full->command, (std::vector<std::string>{"/run", "-x", "y"}));
  EXPECT_EQ(full->path, "/opt");
  EXPECT_EQ(full->directory, "/srv");
  for (const char* const text : {"{}", R"({"config":null})", R"({"config":{"Cmd":null,"Entrypoint":{}}})", "[]", "3"}) {
    const auto empty = read_configuration("c", text);
    ASSERT_TRUE(empty.has_value()) << text;
    EXPECT_TRUE(empty->command.empty());
    EXPECT_EQ(empty->directory, "/");
  }
  EXPECT_FALSE(read_configuration("c", "{").has_value());
}

}  // namespace
}  // namespace callgate::image
