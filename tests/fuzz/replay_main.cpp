// Runs a fuzz body without libFuzzer: on the empty input, every file of a corpus folder, and seeded mutations of them,
// so that plain ctest exercises the bodies on every machine. Each input is a heap copy of its exact size: a sanitizer
// sees a read past the end. The mutations are the same on every run.
//
// usage: NAME_replay CORPUS_DIR MUTATIONS [FILE]...      FILEs alone are run if given (to look at a crash)
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

// Larger inputs say nothing that smaller ones do not, and cost time.
constexpr std::size_t kMaxMutatedBytes = 16 * 1024;
constexpr std::uint32_t kSeed = 20260101;

Bytes read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

void run(const Bytes& input) {
  auto copy = std::make_unique_for_overwrite<std::uint8_t[]>(input.size());
  std::copy(input.begin(), input.end(), copy.get());
  LLVMFuzzerTestOneInput(copy.get(), input.size());
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& seeds) : seeds_(seeds) {}

  // A seed with one to six small changes.
  Bytes next() {
    Bytes input = seeds_[below(seeds_.size())];
    if (input.size() > kMaxMutatedBytes) input.resize(kMaxMutatedBytes);
    for (std::size_t change = 1 + below(6); change > 0; --change) mutate(input);
    return input;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void mutate(Bytes& input) {
    // Values at the edges of types, and the bytes that formats are made of.
    static constexpr std::uint8_t kInteresting[] = {0,   1,   0x7f, 0x80, 0xff, '"', '\\', '{', '}', '[',
                                                    ']', ',', ':',  '0',  '-',  '&', '*',  '!', ' ', '\n'};
    const std::size_t at = below(input.size() + 1);
    const bool inside = at < input.size();
    const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random_() % 7) {
      case 0:
        if (inside) *place = static_cast<std::uint8_t>(*place ^ (1U << below(8)));
        break;
      case 1:
        if (inside) *place = kInteresting[below(std::size(kInteresting))];
        break;
      case 2:
        input.insert(place, kInteresting[below(std::size(kInteresting))]);
        break;
      case 3:
        input.resize(at);
        break;
      case 4: {
        const std::size_t count = std::min(below(32), input.size() - at);
        input.erase(place, place + static_cast<std::ptrdiff_t>(count));
        break;
      }
      case 5: {
        const Bytes piece(place, place + static_cast<std::ptrdiff_t>(std::min(below(64), input.size() - at)));
        input.insert(input.begin() + static_cast<std::ptrdiff_t>(below(input.size() + 1)), piece.begin(), piece.end());
        break;
      }
      default: {
        const Bytes& other = seeds_[below(seeds_.size())];
        const std::size_t from = below(other.size());
        const std::size_t count = std::min(below(64), other.size() - from);
        const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
        input.insert(place, first, first + static_cast<std::ptrdiff_t>(count));
      }
    }
  }

  const std::vector<Bytes>& seeds_;
  std::mt19937 random_{kSeed};
};

std::vector<Bytes> read_corpus(const char* folder) {
  std::vector<std::filesystem::path> paths;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    if (entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> seeds;
  for (const auto& path : paths) seeds.push_back(read_all(path));
  return seeds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s CORPUS_DIR MUTATIONS [FILE]...\n", argv[0]);
    return 2;
  }
  for (int i = 3; i < argc; ++i) run(read_all(argv[i]));
  if (argc > 3) return 0;

  std::vector<Bytes> seeds = read_corpus(argv[1]);
  if (seeds.empty()) {
    std::fprintf(stderr, "%s: no corpus files in %s\n", argv[0], argv[1]);
    return 1;
  }
  const std::size_t files = seeds.size();
  seeds.emplace_back();
  for (const Bytes& seed : seeds) run(seed);
  Mutator mutator(seeds);
  const long mutations = std::strtol(argv[2], nullptr, 10);
  for (long i = 0; i < mutations; ++i) run(mutator.next());
  std::printf("%zu files and %ld mutations\n", files, mutations);
  return 0;
}
