// What files are, told from their beginning: of this machine's own files, of files made by the compiler, of nonsense.
// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "fleet/kind.h"
#include "scratch.h"

namespace callgate::fleet {
namespace {

Kind kind_of_bytes(const std::string& bytes) {
  return kind_of([&](std::uint64_t offset, std::span<std::uint8_t> into) -> std::size_t {
    if (offset >= bytes.size()) return 0;
    const std::size_t n = std::min(into.size(), bytes.size() - static_cast<std::size_t>(offset));
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
    return n;
  });
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string compiled(const std::string& options, const std::string& code = "int main(void) { return 0; }") {
  const Scratch scratch;
  const std::string source = scratch.put("a.c", code), out = scratch.path() / "a";
  // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): runs the compiler
  EXPECT_EQ(std::system((CALLGATE_CC " -w " + options + " " + source + " -o " + out).c_str()), 0);
  return bytes_of(out);
}

TEST(Kind, OfFilesThatTheCompilerMakes) {
  EXPECT_EQ(kind_of_bytes(compiled("")).kind, FileKind::program);
  EXPECT_EQ(kind_of_bytes(compiled("-no-pie")).kind, FileKind::program);
  EXPECT_EQ(kind_of_bytes(compiled("-static")).kind, FileKind::program);
  EXPECT_EQ(kind_of_bytes(compiled("-static-pie")).kind, FileKind::program);
  EXPECT_EQ(kind_of_bytes(compiled("-shared -fPIC")).kind, FileKind::library);
  EXPECT_EQ(kind_of_bytes(compiled("-shared -fPIC -Wl,-soname,x.so")).kind, FileKind::library);
  EXPECT_EQ(kind_of_bytes(compiled("-c")).kind, FileKind::other);
}

// The C library and the loader are executable, and are libraries.
TEST(Kind, OfTheCLibrary) {
  for (const char* const path : {"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"})
    if (std::filesystem::exists(path)) {
      EXPECT_EQ(kind_of_bytes(bytes_of(path)).kind, FileKind::library) << path;
    }
  EXPECT_EQ(kind_of_bytes(bytes_of("/proc/self/exe")).kind, FileKind::program);
}

TEST(Kind, OfProgramsOfOtherMachines) {
  std::string program = bytes_of("/proc/self/exe");
  for (const auto machine : {EM_X86_64, EM_AARCH64}) {
    program[18] = static_cast<char>(machine);
    EXPECT_EQ(kind_of_bytes(program).kind, FileKind::program);
  }
  program[18] = static_cast<char>(EM_RISCV);
  EXPECT_EQ(kind_of_bytes(program).kind, FileKind::foreign);
  EXPECT_EQ(kind_of_bytes(program).detail, "riscv");
  program[EI_DATA] = ELFDATA2MSB;  // the kind of file is told from a header in that order, too
  program[16] = 0, program[17] = ET_EXEC, program[18] = 0, program[19] = EM_S390;
  EXPECT_EQ(kind_of_bytes(program).detail, "s390x");
  Elf32_Ehdr small{};
  std::memcpy(small.e_ident, ELFMAG, SELFMAG);
  small.e_ident[EI_CLASS] = ELFCLASS32, small.e_ident[EI_DATA] = ELFDATA2LSB;
  small.e_type = ET_EXEC, small.e_machine = EM_386;
  EXPECT_EQ(kind_of_bytes(std::string(reinterpret_cast<const char*>(&small), sizeof small)).detail, "i386");
}

TEST(Kind, OfScripts) {
  EXPECT_EQ(kind_of_bytes("#!/bin/sh -e\necho").detail, "/bin/sh -e");
  EXPECT_EQ(kind_of_bytes("#! \t/usr/bin/env python3 \r\n").detail, "/usr/bin/env python3");
  EXPECT_EQ(kind_of_bytes("#!" + std::string(1000, 'x')).detail.size(), 254U);
  EXPECT_EQ(kind_of_bytes("#!").kind, FileKind::script);
  EXPECT_EQ(kind_of_bytes("#!").detail, "");
}

// Cut short anywhere, and with each byte of the headers wrong: an answer, whatever it is.
TEST(Kind, OfNonsense) {
  EXPECT_EQ(kind_of_bytes("").kind, FileKind::other);
  EXPECT_EQ(kind_of_bytes("plain text, long enough for a header").kind, FileKind::other);
  const std::string program = bytes_of("/proc/self/exe").substr(0, 4096);
  for (std::size_t size = 0; size < 200; ++size) kind_of_bytes(program.substr(0, size));
  for (std::size_t at = 0; at < 1024; ++at)
    for (const int value : {0, 1, 0x7f, 0xff}) {
      std::string changed = program;
      changed[at] = static_cast<char>(value);
      kind_of_bytes(changed);
    }
  // Program headers far behind the end, and as many as there can be.
  std::string far = program;
  const std::uint64_t offset = ~std::uint64_t{0};
  std::memcpy(far.data() + offsetof(Elf64_Ehdr, e_phoff), &offset, sizeof offset);
  EXPECT_EQ(kind_of_bytes(far).kind, FileKind::library);
}

}  // namespace
}  // namespace callgate::fleet
