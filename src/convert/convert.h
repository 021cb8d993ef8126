// Profiles in other tools' formats, read and written. Whatever is written is read back and compared with its source on
// all calls and arguments; every difference is a numbered loss.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "convert/formats.h"

namespace callgate::convert {

// A file of any format that can be read, told by its content unless `format` is given. Nothing if it is wrong: the
// diagnostics say why.
std::optional<Reading> read(const base::SourceFile& file, const ReadContext& context, base::Diagnostics& diagnostics,
                            const Format* format = nullptr);

struct Conversion {
  std::string text;
  std::vector<Loss> losses;
  bool lossless() const;  // nothing that blocks is lost
  bool widens() const;    // the text grants a call that the source does not
};

// Errors: limit or unsupported, if the format cannot say the profile at all; internal, if the text that was written
// cannot be read back.
base::Result<Conversion> write(const Reading& reading, const Format& format, const WriteOptions& options);

}  // namespace callgate::convert
