// What configuration files name: read from texts, and taken as all that a program opens, in roots that are made here.
// SPDX-License-Identifier: Apache-2.0
#include "scan/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "arch/calls.h"
#include "scan/files.h"
#include "scan/scan.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

Names problems(const Named& named) {
  Names out;
  for (const Named::Problem& p : named.problems) out.push_back(p.where + ": " + p.why);
  return out;
}

TEST(Config, NameServices) {
  const Named named = name_services("n",
                                    "# passwd: none\n"
                                    "passwd:\tfiles systemd # and: more\r\n"
                                    "  hosts : files mdns4_minimal [NOTFOUND=return !unavail=CONTINUE] dns\n"
                                    "group: compat[success=merge]files\n\n");
  EXPECT_EQ(named.libraries, (Names{"libnss_compat.so.2", "libnss_dns.so.2", "libnss_files.so.2",
                                    "libnss_mdns4_minimal.so.2", "libnss_nis.so.2", "libnss_systemd.so.2"}));
  EXPECT_TRUE(named.problems.empty()) << problems(named).front();
  EXPECT_EQ(problems(name_services("n",
                                   "passwd: files\ngroup files\nhosts: dns [NOTFOUND=return\na: b [x=return]\n"
                                   "c: ../d\n")),
            (Names{"n:2: a colon is missing", "n:3: a bracket is not closed", "n:4: 'x=return' is no action",
                   "n:5: '../d' names no service"}));
}

TEST(Config, Converters) {
  const Named named = gconv_modules("g",
                                    "# comment\nalias A// B//\nmodule\tB//\tINTERNAL\tB 1\nmodule INTERNAL B// B 1\n"
                                    "module C// INTERNAL /x/C.so\n",
                                    "/d");
  EXPECT_EQ(named.libraries, (Names{"/d/B.so", "/x/C.so"}));
  EXPECT_TRUE(named.problems.empty());
  EXPECT_EQ(problems(gconv_modules("g", "alias A//\n\nmodul A B C\nmodule A B", "/d")),
            (Names{"g:1: 'alias A//' is no module and no alias", "g:3: 'modul A B C' is no module and no alias",
                   "g:4: 'module A B' is no module and no alias"}));
}

// One module, and one of the "others", in glibc's format.
std::string made_cache() {
  const std::string texts = std::string("\0/d/\0A.so\0B.so\0", 15);
  std::string out = std::string("\x24\x03\x01\x20", 4);
  const auto number = [&](std::size_t n) {
    out += static_cast<char>(n & 0xffU);
    out += static_cast<char>(n >> 8U);
  };
  constexpr std::size_t kTexts = 16;
  const std::size_t modules = kTexts + texts.size(), others = modules + 12;
  for (const std::size_t n : {kTexts, modules, std::size_t{0}, modules, others, std::size_t{0}}) number(n);
  out += texts;
  for (const unsigned n : {0U, 1U, 5U, 1U, 5U, 0U}) number(n);
  for (const unsigned n : {1U, 0U, 1U, 10U, 0U}) number(n);
  return out;
}

TEST(Config, CacheOfConverters) {
  const Named named = gconv_cache("c", made_cache());
  EXPECT_EQ(named.libraries, (Names{"/d/A.so", "/d/B.so"}));
  EXPECT_TRUE(named.problems.empty());
  const Names unknown{"c: it is no cache of gconv-modules that this version knows"};
  EXPECT_EQ(problems(gconv_cache("c", "")), unknown);
  EXPECT_EQ(problems(gconv_cache("c", "alias A// B//\nmodule")), unknown);
  // Cut short anywhere, it is refused or names no more than the whole.
  for (std::size_t n = 0; n < made_cache().size(); ++n) {
    const Named part = gconv_cache("c", made_cache().substr(0, n));
    EXPECT_TRUE(
        std::includes(named.libraries.begin(), named.libraries.end(), part.libraries.begin(), part.libraries.end()));
    EXPECT_TRUE(n >= 43 || !part.problems.empty()) << n;
  }
}

TEST(Config, ModulesOfPam) {
  Names included;
  const Named named = pam_modules("/etc/pam.d/x",
                                  "# auth required none.so\n"
                                  "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n"
                                  "-session optional pam_systemd.so\n"
                                  "account sufficient \\\n  /opt/pam_x.so\n"
                                  "@include common-auth\nauth include other\npassword substack /etc/more\n",
                                  false, "/sec", included);
  EXPECT_EQ(named.libraries, (Names{"/opt/pam_x.so", "/sec/pam_systemd.so", "/sec/pam_unix.so"}));
  EXPECT_EQ(included, (Names{"common-auth", "other", "/etc/more"}));
  EXPECT_TRUE(named.problems.empty());
  EXPECT_EQ(pam_modules("p", "su auth required pam_a.so\n", true, "/sec", included).libraries, Names{"/sec/pam_a.so"});
  EXPECT_EQ(problems(pam_modules("p",
                                 "auht required pam_a.so\n\nauth required\nauth [success=1 pam_a.so\n"
                                 "auth required $ISA/a.so\n",
                                 false, "/sec", included)),
            (Names{"p:1: 'auht' is none of auth, account, password, session", "p:3: a module is missing",
                   "p:4: a module is missing", "p:5: where '$ISA/a.so' is, depends on the library"}));
}

// A program whose libraries open others by each of the ways, and those others, each with a call of its own.
constexpr const char* kSource = R"(
#include "calls.h"
void* dlopen(const char* name, int flags);
#if defined PLUGIN
__attribute__((constructor)) static void begin(void) { ASM_CALL(PLUGIN); }
#elif defined MADE
void* dlopen(const char* name, int flags) { return (void*)(name + flags); }
const char* ask(void) { return "libnss_%s.so.2"; }
const char* convert(void) { return "gconv_init"; }
const char* where(void) { return "/gconv/gconv-modules.cache"; }
#elif defined PAM
const char* sec(void) { return "/sec/security/"; }
void* pam(const char* name) { return dlopen(name, 2); }
#elif defined NOTED
__asm__(".section .note.dlopen, \"a\", %note\n .balign 4\n .long 4, 2f-1f, 0x407c0c0a\n .asciz \"FDO\"\n"
        "1: .asciz \"[{\\\"soname\\\":[\\\"libnoted-plugin.so\\\"]}]\"\n2: .balign 4\n .text\n");
void* noted(const char* name) { return dlopen(name, 2); }
#else
const char *ask(void), *convert(void), *where(void), *sec(void);
void *pam(const char*), *noted(const char*);
__asm__(".globl _start\n_start: mov 16(%rsp), %rbx\n call ask@PLT\n call convert@PLT\n call where@PLT\n call sec@PLT\n"
        " mov %rbx, %rdi\n call pam@PLT\n mov %rbx, %rdi\n call noted@PLT\n jmp end\n");
__attribute__((used, visibility("hidden"))) void end(void) { leave(); }
#endif
)";

class ConfigRoot : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    char name[] = "/tmp/callgate-scan.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    made = new fs::path(name);
    std::ofstream(*made / "s.c") << kSource;
    const std::string cc = "cd " + made->string() +
                           " && exec " CALLGATE_CC " -w -fno-stack-protector -O1 -nostdlib -I " CALLGATE_SOURCE_DIR
                           "/tests/cases/scan s.c -Wl,-rpath,/ ";
    const std::string library = cc + "-shared -fPIC ";
    for (const std::string& command :
         {library + "-DMADE -o libmade.so", library + "-DPAM -Wl,-soname,libpam.so.0 -o libpam.so.0 -L. -lmade",
          library + "-DNOTED -o libnoted.so -L. -lmade", library + "-DPLUGIN=SYS_getpid -o libnss_one.so.2",
          library + "-DPLUGIN=SYS_getppid -o A.so", library + "-DPLUGIN=SYS_getuid -o pam_a.so",
          library + "-DPLUGIN=SYS_getgid -o libnoted-plugin.so",
          cc + "-fPIE -pie -o prog -L. -lmade -l:libpam.so.0 -lnoted -Wl,--no-dynamic-linker"})
      // NOLINTNEXTLINE(cert-env33-c,concurrency-mt-unsafe): runs the compiler
      ASSERT_EQ(std::system(("sh -c '" + command + "'").c_str()), 0) << command;
    for (const char* const each : {"gconv", "sec/security", "etc/pam.d", "gconv/gconv-modules.d"})
      fs::create_directories(*made / each);
    fs::rename(*made / "A.so", *made / "gconv/A.so");
    fs::rename(*made / "pam_a.so", *made / "sec/security/pam_a.so");
  }
  static void TearDownTestSuite() {
    if (made != nullptr) fs::remove_all(*made);
    delete made;
    made = nullptr;
  }

  static void write(const std::string& name, const std::string& text) { std::ofstream(*made / name) << text; }
  void SetUp() override {
    ASSERT_TRUE(fs::exists(*made / "prog"));
    write("etc/nsswitch.conf", "passwd: files one\n");
    write("gconv/gconv-modules.d/a.conf", "module A// INTERNAL A 1\n");
    write("gconv/gconv-modules.d/README", "not a module\n");
    write("etc/pam.d/su", "auth required pam_a.so\n");
  }

  // "getpid=nss-config"; "dlopen?" for what is not decided, with its place if the file is one of configuration.
  static Names answer(std::vector<Assumption> assume) {
    Options options;
    options.assume = std::move(assume);
    Library library(reader(*made));
    const auto found = scan(library, "/prog", options);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    Names out;
    if (!found) return out;
    for (const Call& call : found->calls)
      out.push_back(std::string(arch::name_of(arch::Arch::x86_64, call.nr)) +
                    (call.assumed ? "=" + std::string(name(*call.assumed)) : ""));
    for (const Unresolved& u : found->unresolved)
      out.push_back(std::string(name(u.kind)) + "?" + (u.where.starts_with("/") ? " " + u.where + ": " + u.why : ""));
    std::sort(out.begin(), out.end());
    return out;
  }
  static inline fs::path* made = nullptr;
};

using A = Assumption;

TEST_F(ConfigRoot, NothingAssumedNothingDecided) {
  EXPECT_EQ(answer({}), (Names{"dlopen?", "dlopen?", "exit", "gconv?", "nss?"}));
}

TEST_F(ConfigRoot, EachAssumptionDecidesItsOwn) {
  EXPECT_EQ(answer({A::nss_config}), (Names{"dlopen?", "dlopen?", "exit", "gconv?", "getpid=nss-config"}));
  EXPECT_EQ(answer({A::gconv_config}), (Names{"dlopen?", "dlopen?", "exit", "getppid=gconv-config", "nss?"}));
  EXPECT_EQ(answer({A::pam_config}), (Names{"dlopen?", "exit", "gconv?", "getuid=pam-config", "nss?"}));
  EXPECT_EQ(answer({A::no_pam}), (Names{"dlopen?", "exit", "gconv?", "nss?"}));
  EXPECT_EQ(answer({A::dlopen_notes}), (Names{"dlopen?", "exit", "gconv?", "getgid=dlopen-notes", "nss?"}));
  EXPECT_EQ(answer({A::nss_config, A::gconv_config, A::pam_config, A::dlopen_notes}),
            (Names{"exit", "getgid=dlopen-notes", "getpid=nss-config", "getppid=gconv-config", "getuid=pam-config"}));
  // The narrower one of two.
  EXPECT_EQ(answer({A::nss_config, A::gconv_config, A::no_gconv, A::pam_config, A::no_pam, A::no_dlopen}),
            (Names{"exit", "getpid=nss-config"}));
}

TEST_F(ConfigRoot, AFileThatIsMissingLeavesTheProgramOpen) {
  fs::remove(*made / "etc/nsswitch.conf");
  fs::remove(*made / "gconv/gconv-modules.d/a.conf");
  fs::remove(*made / "etc/pam.d/su");
  fs::remove(*made / "etc/pam.d");
  const Names found = answer({A::nss_config, A::gconv_config, A::pam_config, A::dlopen_notes});
  fs::create_directories(*made / "etc/pam.d");
  ASSERT_EQ(found.size(), 5U);
  EXPECT_TRUE(found[0].starts_with("dlopen? /etc/pam.conf: pam-config: open: ")) << found[0];
  EXPECT_EQ(found[1], "exit");
  EXPECT_EQ(found[2], "gconv? /gconv/gconv-modules: gconv-config: it is not there, and no cache of it");
  EXPECT_EQ(found[3], "getgid=dlopen-notes");
  EXPECT_TRUE(found[4].starts_with("nss? /etc/nsswitch.conf: nss-config: open: ")) << found[4];
}

TEST_F(ConfigRoot, AFileThatIsMalformedLeavesTheProgramOpen) {
  write("etc/nsswitch.conf", "passwd: files [NOTFOUND=retrun] one\n");
  write("gconv/gconv-modules.d/a.conf", "module A// INTERNAL A 1\nmodule B\n");
  write("etc/pam.d/su", "auth required pam_a.so\n@include gone\n");
  const Names found = answer({A::nss_config, A::gconv_config, A::pam_config, A::dlopen_notes});
  ASSERT_EQ(found.size(), 7U);
  EXPECT_EQ(found[0], "dlopen? /etc/pam.d/su: pam-config: what it includes, 'gone', is not there");
  EXPECT_EQ(found[2], "gconv? /gconv/gconv-modules.d/a.conf:2: gconv-config: 'module B' is no module and no alias");
  EXPECT_EQ(found[6], "nss? /etc/nsswitch.conf:1: nss-config: 'NOTFOUND=retrun' is no action");
}

// Also one that the cache of answers holds.
TEST_F(ConfigRoot, AnAnswerHoldsOnlyAsLongAsTheConfiguration) {
  const fs::path directory = *made / "cache";
  const auto cache = Cache::open(directory);
  ASSERT_TRUE(cache.has_value());
  Options options;
  options.assume = {A::pam_config, A::no_dlopen, A::no_gconv, A::nss_config};
  const auto calls = [&] {
    Library library(reader(*made), cache->get());
    const auto found = scan(library, "/prog", options);
    Names out;
    for (const Call& call : found->calls) out.emplace_back(arch::name_of(arch::Arch::x86_64, call.nr));
    return out;
  };
  const Names before{"getpid", "exit", "getuid"};
  EXPECT_EQ(calls(), before);
  EXPECT_EQ(calls(), before);
  write("etc/pam.d/more", "auth required /libnoted-plugin.so\n");  // a file that was not there
  const Names after = calls();
  fs::remove(*made / "etc/pam.d/more");
  EXPECT_EQ(after, (Names{"getpid", "exit", "getuid", "getgid"}));
  EXPECT_EQ(calls(), before);
}

}  // namespace
}  // namespace callgate::scan
