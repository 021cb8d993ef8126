// Programs that are cut short, packed, encrypted, for other machines, too large, or entangled: each ends in an error
// that says so, or in an answer that is open. None is called closed. SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;

// Writes, and ends.
constexpr const char* kSmall =
    "static long call(long n, long a, long b, long c) { long r; __asm__ volatile(\"syscall\" : \"=a\"(r) : \"a\"(n), "
    "\"D\"(a), \"S\"(b), \"d\"(c) : \"rcx\", \"r11\", \"memory\"); return r; }\n"
    "static const char text[] = \"hello\";\n"
    "void _start(void) { call(1, 1, (long)text, 5); call(231, 0, 0, 0); __builtin_unreachable(); }\n";

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/callgate-scan.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = name;
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string compile(const std::string& name, const std::string& code, const std::string& options) {
    std::ofstream(folder / "code.c") << code;
    const std::string out = folder / name;
    // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): runs the compiler
    EXPECT_EQ(
        std::system((CALLGATE_CC " -w -O1 " + (folder / "code.c").string() + " -o " + out + " " + options).c_str()), 0);
    std::ifstream in(out, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string small(const std::string& options = "") {
    return compile("small", kSmall, "-static -nostdlib -fno-stack-protector " + options);
  }
  base::Result<Answer> scan_bytes(const std::string& bytes) {
    std::ofstream(folder / "program", std::ios::binary) << bytes;
    Library library(reader("/"));
    auto out = scan(library, folder / "program", {});
    for (const Point point : {Point::main, Point::listen}) {
      Options options;
      options.after = point;
      const auto rest = scan(library, folder / "program", options);
      EXPECT_EQ(rest.has_value(), out.has_value());
      if (rest && out) {
        EXPECT_LE(rest->calls.size(), out->calls.size());
      }
    }
    return out;
  }
  std::string troubles(const std::string& bytes) {
    const auto answer = scan_bytes(bytes);
    if (!answer) return "error: " + answer.error().message;
    std::string out;
    for (const Unresolved& u : answer->unresolved)
      out += std::string(callgate::scan::name(u.kind)) + ": " + u.why + "\n";
    return out;
  }
  static Elf64_Ehdr& header(std::string& bytes) { return *reinterpret_cast<Elf64_Ehdr*>(bytes.data()); }
  fs::path folder;
};

TEST_F(BadInput, TheSoundProgramIsClosed) {
  const auto answer = scan_bytes(small());
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_TRUE(answer->closed());
  ASSERT_EQ(answer->calls.size(), 2U);
  EXPECT_EQ(answer->calls[0].nr, 1U);
  EXPECT_EQ(answer->calls[1].nr, 231U);
}

// Cut where nothing of the running program is lost (section headers alone), it may be closed, with all its calls.
TEST_F(BadInput, CutShort) {
  const std::string whole = small();
  for (std::size_t size = 0; size < whole.size(); size += 97) {
    const auto answer = scan_bytes(whole.substr(0, size));
    if (answer && answer->closed()) {
      EXPECT_EQ(answer->calls.size(), 2U) << size;
    }
  }
}

TEST_F(BadInput, PackedByUpx) {
  std::string bytes = small();
  const std::size_t behind = header(bytes).e_phoff + std::size_t{header(bytes).e_phnum} * sizeof(Elf64_Phdr);
  std::memcpy(bytes.data() + behind + 4, "UPX!", 4);
  EXPECT_NE(troubles(bytes).find("packed by UPX"), std::string::npos);
}

TEST_F(BadInput, CodeThatMayChange) {
  EXPECT_NE(troubles(small("-Wl,-N")).find("writable and executable"), std::string::npos);
}

TEST_F(BadInput, Encrypted) {
  std::string bytes = small();
  for (std::size_t i = 0; i < header(bytes).e_phnum; ++i) {
    Elf64_Phdr p;
    std::memcpy(&p, bytes.data() + header(bytes).e_phoff + i * sizeof p, sizeof p);
    if (p.p_type == PT_LOAD && (p.p_flags & PF_X) != 0)
      for (std::size_t at = p.p_offset; at < p.p_offset + p.p_filesz; ++at)
        bytes[at] = static_cast<char>(bytes[at] ^ 0x5f);
  }
  EXPECT_NE(troubles(bytes), "");
}

TEST_F(BadInput, EnteredWhereNoCodeIs) {
  for (const std::uint64_t entry : {std::uint64_t{0}, std::uint64_t{0x10}, ~std::uint64_t{0}}) {
    std::string bytes = small();
    header(bytes).e_entry = entry;
    EXPECT_NE(troubles(bytes).find("entry point is not in its code"), std::string::npos) << entry;
  }
}

TEST_F(BadInput, OfOtherMachines) {
  std::string bytes = small();
  header(bytes).e_machine = EM_RISCV;
  EXPECT_NE(troubles(bytes).find("another machine"), std::string::npos);
  header(bytes).e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_NE(troubles(bytes).find("not 64-bit"), std::string::npos);
  std::string object = small();
  header(object).e_type = ET_REL;
  EXPECT_NE(troubles(object).find("neither a program"), std::string::npos);
}

// How much more memory the most was, in KiB, since an earlier reading of ru_maxrss.
long most_memory(long before) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss - before;
}

// A static program of two gibibytes of data: all of it is looked at (a pointer at its very end counts), and what is
// zeros takes up no memory.
TEST_F(BadInput, OfTwoGibibytes) {
  std::string code = kSmall;
  code.insert(code.find("void _start"), "__attribute__((used)) static void never(void) { call(39, 0, 0, 0); }\n");
  std::string bytes = compile("small", code, "-static -nostdlib -fno-stack-protector -no-pie");
  const auto calls_getpid = [&] {
    Library library(reader("/"));
    const auto answer = scan(library, folder / "program", {});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer && std::any_of(answer->calls.begin(), answer->calls.end(), [](const Call& c) { return c.nr == 39; });
  };
  std::ofstream(folder / "program", std::ios::binary) << bytes;
  EXPECT_FALSE(calls_getpid());
  const auto module = Module::make("small", bytes);
  ASSERT_TRUE(module.has_value());
  std::uint64_t never = 0;
  for (const elf::Symbol& each : (*module)->file.symbols)
    if (each.name == "never") never = each.value;
  ASSERT_NE(never, 0U);
  constexpr std::uint64_t kSize = std::uint64_t{2} << 30;
  std::size_t last = 0;
  Elf64_Phdr p{};
  for (std::size_t i = 0; i < header(bytes).e_phnum; ++i) {
    std::memcpy(&p, bytes.data() + header(bytes).e_phoff + i * sizeof p, sizeof p);
    if (p.p_type == PT_LOAD) last = header(bytes).e_phoff + i * sizeof p;
  }
  std::memcpy(&p, bytes.data() + last, sizeof p);
  p.p_filesz = p.p_memsz = kSize - p.p_offset;
  std::memcpy(bytes.data() + last, &p, sizeof p);
  std::ofstream(folder / "program", std::ios::binary) << bytes;
  fs::resize_file(folder / "program", kSize);
  std::fstream(folder / "program", std::ios::binary | std::ios::in | std::ios::out)
      .seekp(static_cast<std::streamoff>(kSize - sizeof never))
      .write(reinterpret_cast<const char*>(&never), sizeof never);
  const long before = most_memory(0);
  EXPECT_TRUE(calls_getpid());
  EXPECT_LT(most_memory(before), 128 << 10);
}

// More than is read of any file: told, and not a byte of it is read.
TEST_F(BadInput, LargerThanAnyProgram) {
  std::ofstream(folder / "program", std::ios::binary) << small();
  fs::resize_file(folder / "program", (std::uintmax_t{4} << 30) + 1);
  const long before = most_memory(0);
  Library library(reader("/"));
  const auto answer = scan(library, folder / "program", {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, base::ErrorCode::limit);
  EXPECT_NE(answer.error().message.find("larger than 4294967296 bytes"), std::string::npos);
  EXPECT_LT(most_memory(before), 64 << 10);
}

TEST_F(BadInput, LibrariesThatNeedOneAnother) {
  const std::string in_here = "-L" + folder.string() + " -Wl,--no-as-needed,-rpath,'$ORIGIN'";
  compile("libone.so", "int one(void) { return 1; }", "-shared -fPIC");
  compile("libtwo.so", "int one(void); int two(void) { return one(); }", "-shared -fPIC -lone " + in_here);
  compile("libone.so", "int two(void); int one(void) { return two(); }",
          "-shared -fPIC -ltwo -Wl,-soname,libone.so " + in_here);
  const std::string program = compile("round", "int one(void); int main(void) { return one(); }", "-lone " + in_here);
  const auto answer = scan_bytes(program);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  for (const char* const each : {"/libone.so", "/libtwo.so"})
    EXPECT_EQ(std::count_if(answer->libraries.begin(), answer->libraries.end(),
                            [&](const std::string& l) { return l.ends_with(each); }),
              1)
        << each;
  fs::remove(folder / "libtwo.so");
  EXPECT_NE(troubles(program).find("missing-library"), std::string::npos);
}

TEST_F(BadInput, ALibraryThatIsNone) {
  const std::string in_here = "-L" + folder.string() + " -Wl,--no-as-needed,-rpath,'$ORIGIN'";
  compile("libone.so", "int one(void) { return 1; }", "-shared -fPIC");
  const std::string program = compile("needs", "int one(void); int main(void) { return one(); }", "-lone " + in_here);
  for (const std::string& content : {std::string("no library"), std::string("\177ELF"), std::string()}) {
    std::ofstream(folder / "libone.so", std::ios::binary) << content;
    EXPECT_NE(troubles(program).find("missing-library"), std::string::npos);
  }
  fs::remove(folder / "libone.so");
  fs::create_symlink("libone.so", folder / "libone.so");
  EXPECT_NE(troubles(program).find("missing-library"), std::string::npos);
}

}  // namespace
}  // namespace callgate::scan
