// Where a dynamic loader looks for libraries last, after all that it was told. Distributions compile other directories
// into theirs (Debian: those of its architecture, /lib, /usr/lib; Fedora: /lib64, /usr/lib64), so they are read from
// the loader itself. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace callgate::scan {

struct SearchPath {
  std::vector<std::string> directories;  // without a slash at the end
  std::string folder;                    // what $LIB stands for, as "lib/x86_64-linux-gnu"; empty: not known
};

// Of glibc's loader, or of a static program that has one in itself, by its bytes: the longest run of texts one behind
// the other, each a directory with a slash at its end. Empty if there is none.
SearchPath search_path_of_glibc(std::string_view loader);

// Of musl's, by the text of /etc/ld-musl-ARCH.path: directories parted by colons or lines; its own if there is no text.
SearchPath search_path_of_musl(const std::string* text);

}  // namespace callgate::scan
