// Writes tar archives, sound ones and others: nothing in here asks whether what it is given makes sense.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "image/archive.h"

namespace callgate::image {

class Tar {
 public:
  // type: '0' file, '1' hard link, '2' symbolic link, '3' character device, '5' directory, '6' pipe.
  Tar& add(const std::string& name, const std::string& content, char type = '0', const std::string& link = "",
           unsigned mode = 0755) {
    std::string header(512, '\0');
    const auto put = [&](std::size_t at, const std::string& text) {
      std::memcpy(header.data() + at, text.data(), text.size());
    };
    put(0, name.substr(0, 100));
    put(100, fmt::format("{:07o}", mode));
    put(108, "0000000");
    put(116, "0000000");
    put(124, fmt::format("{:011o}", content.size()));
    put(136, "00000000000");
    put(148, "        ");
    header[156] = type;
    put(157, link.substr(0, 100));
    put(257, std::string("ustar\0"
                         "00",
                         8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<std::uint8_t>(c);
    put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
    bytes_ += header + content;
    bytes_.resize((bytes_.size() + 511) / 512 * 512);
    return *this;
  }
  std::string str() const { return bytes_ + std::string(1024, '\0'); }

 private:
  std::string bytes_;
};

// The pieces of a text, as small as wanted.
inline Pieces pieces_of(std::string text, std::size_t piece = 4096) {
  auto kept = std::make_shared<std::string>(std::move(text));
  auto at = std::make_shared<std::size_t>(0);
  return [kept, at, piece]() -> base::Result<std::span<const std::uint8_t>> {
    const std::size_t n = std::min(piece, kept->size() - *at);
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(kept->data()) + *at;
    *at += n;
    return std::span(begin, n);
  };
}

}  // namespace callgate::image
