// Answers kept in the cache: each with the files that were asked for to find it, and what they held. It holds as long
// as they do: also a file that was looked for in vain must still not be there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scan/library.h"
#include "scan/scan.h"

namespace callgate::scan {

std::optional<Answer> find_answer(Library& library, const std::string& path, const Options& options);
// `asked`: as Library::asked gives it.
void keep_answer(const Cache& cache, const std::map<std::string, Digest>& asked, const Options& options,
                 const std::string& path, const Answer& answer);

// The answer's part of an entry.
std::string pack_answer(const Answer& answer);
// Nothing for bytes that are no answer.
std::optional<Answer> unpack_answer(std::string_view bytes);

}  // namespace callgate::scan
