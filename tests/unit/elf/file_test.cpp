// The ELF reader on this test program itself, on every beginning of it, and with fields that lie.
// SPDX-License-Identifier: Apache-2.0
#include "elf/file.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/io.h"

namespace callgate::elf {
namespace {

const std::string& own() {
  static const std::string text = *base::read_file("/proc/self/exe", std::size_t{1} << 30);
  return text;
}

Bytes view(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(ElfFile, ReadsThisProgram) {
  const auto file = File::parse(view(own()));
  ASSERT_TRUE(file.has_value()) << file.error().message;
  EXPECT_TRUE(file->defects.empty());
  EXPECT_FALSE(file->build_id.empty());
  EXPECT_TRUE(file->is_code(file->entry));
  EXPECT_FALSE(file->interpreter.empty());
  const auto& needed = file->dynamic.needed;
  EXPECT_TRUE(std::any_of(needed.begin(), needed.end(), [](auto name) { return name.starts_with("libc.so"); }));
  const auto& symbols = file->dynamic_symbols;
  const auto start =
      std::find_if(symbols.begin(), symbols.end(), [](const Symbol& s) { return s.name == "__libc_start_main"; });
  ASSERT_NE(start, symbols.end());
  EXPECT_FALSE(start->defined);
  EXPECT_TRUE(start->version.starts_with("GLIBC_"));
  EXPECT_GT(file->frames.size(), 100U);
  EXPECT_TRUE(std::any_of(file->frames.begin(), file->frames.end(), [](const Frame& f) { return f.handlers; }));
  EXPECT_FALSE(file->relocations.empty());
}

TEST(ElfFile, NeedsNoSectionHeaders) {
  std::string text = own();
  Elf64_Ehdr header;
  std::memcpy(&header, text.data(), sizeof header);
  header.e_shoff = 0;
  header.e_shnum = header.e_shstrndx = 0;
  std::memcpy(text.data(), &header, sizeof header);
  const auto whole = File::parse(view(own())), cut = File::parse(view(text));
  ASSERT_TRUE(whole.has_value() && cut.has_value());
  EXPECT_TRUE(cut->sections.empty());
  EXPECT_EQ(cut->frames.size(), whole->frames.size());
  EXPECT_EQ(cut->dynamic_symbols.size(), whole->dynamic_symbols.size());
  EXPECT_EQ(cut->relocations.size(), whole->relocations.size());
  EXPECT_EQ(cut->build_id, whole->build_id);
}

TEST(ElfFile, WhatIsCutOffIsNamed) {
  const auto whole = File::parse(view(own()));
  ASSERT_TRUE(whole.has_value());
  std::size_t loaded = 0;  // behind it stand only section headers and what is for debuggers
  for (const Segment& s : whole->segments) loaded = std::max<std::size_t>(loaded, s.offset + s.file_size);
  for (std::size_t size = 0; size < loaded; size += 1 + size / 7) {
    const std::string text = own().substr(0, size);
    const auto file = File::parse(view(text));
    if (file) {
      EXPECT_FALSE(file->defects.empty()) << size;
    } else {
      EXPECT_FALSE(file.error().message.empty());
    }
  }
}

TEST(ElfFile, RefusesWhatItIsNotFor) {
  std::string text = own();
  text[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(File::parse(view(text)).error().code, base::ErrorCode::unsupported);
  EXPECT_EQ(File::parse(view("#!/bin/sh\n")).error().code, base::ErrorCode::invalid);
  EXPECT_EQ(File::parse({}).error().code, base::ErrorCode::invalid);
}

}  // namespace
}  // namespace callgate::elf
