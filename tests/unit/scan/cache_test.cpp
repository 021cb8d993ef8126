// What is kept in the cache comes back as it was, or not at all; and answers are the same with it and without.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "scan/files.h"
#include "scan/kept_answer.h"
#include "scan/packed.h"
#include "scan/summary.h"

namespace callgate::scan {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwn = "/proc/self/exe";

class ScanCache : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/callgate-scan.XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    cache_ = fresh();
    ASSERT_NE(cache_, nullptr);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path directory() const { return folder_ / "cache"; }
  std::unique_ptr<Cache> fresh() const {
    auto made = Cache::open(directory());
    return made ? std::move(*made) : nullptr;
  }
  std::vector<fs::path> entries() const {
    std::vector<fs::path> out;
    for (const auto& each : fs::directory_iterator(directory()))
      if (each.path().filename() != "key") out.push_back(each.path());
    return out;
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  fs::path folder_;
  std::unique_ptr<Cache> cache_;
};

TEST(ScanDigest, Sha256AsTheStandardsExamplesSay) {
  EXPECT_EQ(hexadecimal(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hexadecimal(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexadecimal(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hexadecimal(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(ScanDigest, EveryByteLengthPurposeAndKeyCounts) {
  const Digester one(sha256("1")), other(sha256("2"));
  std::string text(5000, '\0');
  std::set<Digest> seen{one.of("a", text), one.of("b", text), other.of("a", text), one.of("", "a" + text)};
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = 1;
    seen.insert(one.of("a", text));
    text[i] = 0;
  }
  for (std::size_t n = 0; n < text.size(); ++n) seen.insert(one.of("a", std::string_view(text).substr(0, n)));
  EXPECT_EQ(seen.size(), 4 + 2 * text.size());
}

TEST_F(ScanCache, WhatWasKeptComesBackAlsoForAnotherUserOfTheDirectory) {
  const Digest name = cache_->name_of("test", "x");
  EXPECT_FALSE(cache_->find(name));
  cache_->keep(name, "content");
  EXPECT_EQ(cache_->find(name), "content");
  EXPECT_EQ(fresh()->find(name), "content");
  EXPECT_FALSE(cache_->find(cache_->name_of("other", "x")));
  cache_->keep(name, "");
  EXPECT_EQ(cache_->find(name), "");
}

TEST_F(ScanCache, WhatIsCutShortOrAlteredOrMovedIsNothing) {
  const Digest name = cache_->name_of("test", "x"), other = cache_->name_of("test", "y");
  cache_->keep(name, "content");
  cache_->keep(other, "others");
  const fs::path file = directory() / hexadecimal(name);
  const std::string all = read(file);
  for (std::size_t n = 0; n < all.size(); ++n) {
    write(file, all.substr(0, n));
    EXPECT_FALSE(cache_->find(name)) << n;
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string wrong = all;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    write(file, wrong);
    EXPECT_FALSE(cache_->find(name)) << i;
  }
  write(file, all + "x");
  EXPECT_FALSE(cache_->find(name));
  write(file, read(directory() / hexadecimal(other)));
  EXPECT_FALSE(cache_->find(name));
  write(file, all);
  EXPECT_EQ(cache_->find(name), "content");
}

TEST_F(ScanCache, WhatOthersCouldHaveWrittenIsNothing) {
  const Digest name = cache_->name_of("test", "x");
  cache_->keep(name, "content");
  const fs::path file = directory() / hexadecimal(name);
  chmod(file.c_str(), 0620);
  EXPECT_FALSE(cache_->find(name));
  chmod(file.c_str(), 0600);
  EXPECT_TRUE(cache_->find(name));
  fs::rename(file, folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", file);
  EXPECT_FALSE(cache_->find(name));
  fs::remove(file);
  ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  EXPECT_FALSE(cache_->find(name));
  chmod(directory().c_str(), 0777);
  EXPECT_EQ(fresh(), nullptr);
  chmod(directory().c_str(), 0700);
  // With another key, what was kept is unreadable, and what is kept from now on is not.
  write(directory() / "key", std::string(31, 'k'));
  const auto now = fresh();
  ASSERT_NE(now, nullptr);
  EXPECT_EQ(fs::file_size(directory() / "key"), 32U);
  EXPECT_FALSE(now->find(now->name_of("test", "x")));
  EXPECT_NE(now->name_of("test", "x"), name);
}

TEST_F(ScanCache, OfAnotherUserItIsNotTaken) {
  // For developers without rights; continuous integration is root, and a skip fails there.
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(chown(directory().c_str(), 65534, 65534), 0);
  EXPECT_EQ(fresh(), nullptr);
}

TEST_F(ScanCache, TheLeastRecentlyUsedGoFirst) {
  std::vector<Digest> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back(cache_->name_of("test", std::to_string(i)));
    cache_->keep(names.back(), std::string(1000, 'x'));
    const fs::path file = directory() / hexadecimal(names.back());
    fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(100 - i));
  }
  EXPECT_TRUE(cache_->find(names[0]));  // used now
  write(directory() / "new-1-1-1", "begun, and killed");
  fs::last_write_time(directory() / "new-1-1-1", fs::file_time_type::clock::now() - std::chrono::hours(2));
  fresh()->prune(0);  // has kept nothing, so looks after nothing
  EXPECT_EQ(entries().size(), 21U);
  cache_->prune(10320);
  EXPECT_EQ(entries().size(), 10U);
  EXPECT_TRUE(cache_->find(names[0]));
  for (int i = 1; i <= 10; ++i) EXPECT_FALSE(cache_->find(names[static_cast<std::size_t>(i)])) << i;
}

bool same(const Module& a, const Module& b) {
  const auto refs = [](const Module& m) {
    std::vector<std::tuple<Address, Address, RefKind>> out;
    for (const Function& f : m.functions)
      for (const Ref& r : m.refs_of(f)) out.emplace_back(r.from, r.to, r.kind);
    return out;
  };
  const auto sites = [](const Module& m) {
    std::vector<std::tuple<Address, SiteKind, std::uint32_t>> out;
    for (const Function& f : m.functions)
      for (const Site& s : m.sites_of(f)) out.emplace_back(s.address, s.kind, s.number);
    return out;
  };
  const auto functions = [](const Module& m) {
    std::vector<std::tuple<Address, Address, bool, bool, bool, bool, bool, std::size_t, std::size_t>> out;
    for (const Function& f : m.functions)
      out.emplace_back(f.code.begin, f.code.end, f.framed, f.returns, f.indirect_jump, f.handlers, f.undecodable,
                       m.refs_of(f).size(), m.sites_of(f).size());
    return out;
  };
  return functions(a) == functions(b) && refs(a) == refs(b) && sites(a) == sites(b) && a.data_refs == b.data_refs &&
         a.pointers == b.pointers && a.all_code_counts == b.all_code_counts && a.sweep_defects == b.sweep_defects &&
         a.refs.size() == b.refs.size() && a.sites.size() == b.sites.size();
}

TEST_F(ScanCache, SummariesComeBackAsTheyWere) {
  Library library(reader("/"));
  const auto program = load(library, kOwn);
  ASSERT_TRUE(program.has_value());
  ASSERT_GT(program->modules.size(), 3U);
  for (const auto& m : program->modules) {
    const std::string packed = pack_summary(*m);
    auto again = Module::read(m->path, m->bytes);
    ASSERT_TRUE(again.has_value());
    // Cut anywhere it is none, and leaves the module as it was.
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, packed.size() / 2, packed.size() - 1})
      EXPECT_FALSE(unpack_summary(std::string_view(packed).substr(0, n), **again));
    EXPECT_FALSE(unpack_summary(packed + '\0', **again));
    EXPECT_TRUE((*again)->functions.empty());
    ASSERT_TRUE(unpack_summary(packed, **again)) << m->path;
    EXPECT_TRUE(same(*m, **again)) << m->path;
  }
}

// The files of a program of one's own making, of which each can be changed.
class KeptAnswer : public ScanCache {
 protected:
  Library library() {
    return Library(
        [this](const std::string& path) -> base::Result<Content> {
          ++reads_;
          if (absent_.contains(path)) return base::fail(base::ErrorCode::io, "absent");
          return real_(path == "/program" ? kOwn : path);
        },
        cache_.get(), 2);
  }
  Library::Read real_ = reader("/");
  std::set<std::string> absent_;
  std::atomic<int> reads_{0};
};

TEST_F(KeptAnswer, AnswersComeBackUntilAFileChangesOrGoes) {
  const Options options;
  Library plain([this](const std::string& path) { return real_(path == "/program" ? kOwn : path); });
  const auto expected = scan(plain, "/program", options);
  ASSERT_TRUE(expected.has_value());
  Library cold = library();
  const auto first = scan(cold, "/program", options);
  ASSERT_TRUE(first.has_value());
  Library warm = library();
  const auto kept = find_answer(warm, "/program", options);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(pack_answer(*kept), pack_answer(*first));
  EXPECT_EQ(pack_answer(*kept), pack_answer(*expected));
  Options other;
  other.assume = {Assumption::no_gconv};
  EXPECT_FALSE(find_answer(warm, "/program", other));
  // A file that decided goes.
  absent_ = {expected->libraries.front()};
  Library without = library();
  EXPECT_FALSE(find_answer(without, "/program", options));
  const auto less = scan(without, "/program", options);
  ASSERT_TRUE(less.has_value());
  EXPECT_NE(pack_answer(*less), pack_answer(*first));
  // And comes back: that it was not there has been a part of the answer, too.
  absent_.clear();
  Library again = library();
  EXPECT_FALSE(find_answer(again, "/program", options));
  const auto more = scan(again, "/program", options);
  ASSERT_TRUE(more.has_value());
  EXPECT_EQ(pack_answer(*more), pack_answer(*first));
}

TEST_F(KeptAnswer, DamagedEntriesAreFoundAnew) {
  Library cold = library();
  const auto first = scan(cold, "/program", {});
  ASSERT_TRUE(first.has_value());
  for (const fs::path& each : entries()) {
    std::string text = read(each);
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 4);
    write(each, text);
  }
  Library again = library();
  EXPECT_FALSE(find_answer(again, "/program", {}));
  const auto second = scan(again, "/program", {});
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(pack_answer(*second), pack_answer(*first));
  Library third = library();
  EXPECT_TRUE(find_answer(third, "/program", {}));
}

TEST_F(KeptAnswer, AnEntryThatIsNoAnswerIsNone) {
  Library cold = library();
  const auto answer = scan(cold, "/program", {});
  ASSERT_TRUE(answer.has_value());
  const std::string packed = pack_answer(*answer);
  EXPECT_EQ(pack_answer(*unpack_answer(packed)), packed);
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, packed.size() / 3, packed.size() - 1})
    EXPECT_FALSE(unpack_answer(std::string_view(packed).substr(0, n)));
  EXPECT_FALSE(unpack_answer(packed + "x"));
}

// As two processes would: each with a cache object, a library and threads of its own, while a third one destroys.
TEST_F(KeptAnswer, ScansAtOnceDoNotDisturbEachOther) {
  Library plain(real_);
  const auto expected = scan(plain, kOwn, {});
  ASSERT_TRUE(expected.has_value());
  const std::vector<std::string> paths(2, kOwn);
  std::atomic<int> right{0};
  std::atomic<bool> stop{false};
  std::thread destroyer([&] {
    while (!stop)
      for (const fs::path& each : entries()) {
        std::error_code gone;
        fs::resize_file(each, 100, gone);
        if (stop) break;
        std::this_thread::yield();
      }
  });
  const auto work = [&] {
    const auto cache = fresh();
    Library mine(real_, cache.get(), 2);
    scan_in_order(mine, paths, {}, [&](std::size_t, const base::Result<Answer>& answer) {
      if (answer && pack_answer(*answer) == pack_answer(*expected)) ++right;
      return true;
    });
    cache->prune(1 << 20);
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  stop = true;
  destroyer.join();
  EXPECT_EQ(right, 4);
}

TEST(ScanMany, AnswersComeInTheOrderOfThePaths) {
  Library library(reader("/"), nullptr, 3);
  std::vector<std::string> paths;
  for (int i = 0; i < 30; ++i) paths.push_back(i % 7 == 3 ? kOwn : "/absent/" + std::to_string(i));
  std::size_t next = 0;
  scan_in_order(library, paths, {}, [&](std::size_t i, const base::Result<Answer>& answer) {
    EXPECT_EQ(i, next++);
    EXPECT_EQ(answer.has_value(), i % 7 == 3);
    return next < 29;
  });
  EXPECT_EQ(next, 29U);
}

TEST(ScanPacked, NumbersAndDifferencesComeBack) {
  Packer out;
  const std::vector<std::uint64_t> all{0, 1, 127, 128, 300, 0xffffffff, ~std::uint64_t{0}, std::uint64_t{1} << 63};
  for (const std::uint64_t a : all) {
    out.number(a);
    for (const std::uint64_t b : all) out.difference(a, b);
  }
  out.text("text");
  const std::string bytes = out.take();
  Unpacker in(bytes);
  for (const std::uint64_t a : all) {
    EXPECT_EQ(in.number(), a);
    for (const std::uint64_t b : all) EXPECT_EQ(in.difference(b), a);
  }
  EXPECT_EQ(in.text(), "text");
  EXPECT_TRUE(in.at_end());
  in.number();
  EXPECT_FALSE(in.ok());
  // An eleventh byte of a number, and a count for which there is no room.
  EXPECT_FALSE((Unpacker(std::string(11, '\x80')).number(), Unpacker(std::string(11, '\x80')).at_end()));
  Unpacker few("\x05xx");
  EXPECT_EQ(few.count(), 0U);
  EXPECT_FALSE(few.ok());
}

}  // namespace
}  // namespace callgate::scan
