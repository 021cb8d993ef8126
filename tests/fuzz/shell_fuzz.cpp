// Any bytes as a shell script: every word's place lies in the script, and the same words come of the same script.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "container/shell.h"

namespace {

using namespace callgate;

void require(bool holds) {
  if (!holds) std::abort();
}

std::vector<std::string> words(const base::SourceFile& file) {
  std::vector<std::string> out;
  container::Shell shell = container::shell_of({"HOME=/h", "A=b c"});
  container::for_each_command({&file, file.text(), {}}, shell, [&](const std::vector<container::Word>& command) {
    require(!command.empty());
    for (const container::Word& word : command) {
      require(word.place.file == &file && word.place.begin <= word.place.end && word.place.end <= file.text().size());
      out.push_back(word.text);
    }
    out.emplace_back("\n");
  });
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const base::SourceFile file("x.sh", std::string(reinterpret_cast<const char*>(data), size));
  require(words(file) == words(file));
  return 0;
}
