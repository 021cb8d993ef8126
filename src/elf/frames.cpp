// .eh_frame: ranges of functions. Walked from its beginning, found by PT_GNU_EH_FRAME or by its section.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "elf/parser.h"

namespace callgate::elf {

namespace {

// DW_EH_PE_…: how a pointer is written.
constexpr unsigned kAbsolute = 0x00, kUnsigned2 = 0x02, kUnsigned4 = 0x03, kUnsigned8 = 0x04, kSigned2 = 0x0a,
                   kSigned4 = 0x0b, kSigned8 = 0x0c, kFromHere = 0x10, kIndirect = 0x80, kOmitted = 0xff;

// Reads forward through an entry; after a read beyond its end everything is 0 and ok() is false.
class Cursor {
 public:
  Cursor(Bytes bytes, Address address) : bytes_(bytes), address_(address) {}
  bool ok() const { return ok_; }
  Address address() const { return address_ + at_; }
  void skip(std::uint64_t n) {
    if (n > bytes_.size() - at_)
      ok_ = false;
    else
      at_ += n;
  }
  template <class T>
  T take() {
    T out{};
    if (!ok_ || bytes_.size() - at_ < sizeof(T)) return ok_ = false, out;
    std::memcpy(&out, bytes_.data() + at_, sizeof(T));
    at_ += sizeof(T);
    return out;
  }
  std::uint64_t uleb() {
    std::uint64_t out = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = take<std::uint8_t>();
      out |= std::uint64_t{byte & 0x7fU} << shift;
      if ((byte & 0x80U) == 0) return out;
    }
    ok_ = false;
    return 0;
  }
  std::uint64_t pointer(unsigned encoding) {
    const Address here = address();
    std::uint64_t value = 0;
    switch (encoding & 0x0fU) {
      case kAbsolute:
      case kUnsigned8:
      case kSigned8:
        value = take<std::uint64_t>();
        break;
      case kUnsigned2:
        value = take<std::uint16_t>();
        break;
      case kUnsigned4:
        value = take<std::uint32_t>();
        break;
      case kSigned2:
        value = static_cast<std::uint64_t>(std::int64_t{take<std::int16_t>()});
        break;
      case kSigned4:
        value = static_cast<std::uint64_t>(std::int64_t{take<std::int32_t>()});
        break;
      default:
        ok_ = false;
    }
    if ((encoding & 0x70U) == kFromHere)
      value += here;
    else if ((encoding & 0x70U) != 0)
      ok_ = false;
    return value;
  }

 private:
  Bytes bytes_;
  Address address_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

struct Common {
  unsigned pointer_encoding = kAbsolute;
  unsigned handlers_encoding = kOmitted;
  bool augmented = false;
  bool signal = false;
  Address personality = 0;
};

std::optional<Common> read_common(Cursor c) {
  Common out;
  const auto version = c.take<std::uint8_t>();
  std::string letters;
  for (auto letter = c.take<std::uint8_t>(); letter != 0; letter = c.take<std::uint8_t>()) {
    if (!c.ok() || letters.size() >= 8) return std::nullopt;
    letters += static_cast<char>(letter);
  }
  c.uleb();
  c.uleb();
  if (version == 1)
    c.take<std::uint8_t>();
  else
    c.uleb();
  if (!letters.empty() && letters[0] != 'z') return std::nullopt;
  out.augmented = !letters.empty();
  if (out.augmented) c.uleb();
  for (const char letter : letters) {
    if (letter == 'R') out.pointer_encoding = c.take<std::uint8_t>();
    if (letter == 'P') {
      // An indirect one stands in data, where a relocation names it.
      const unsigned encoding = c.take<std::uint8_t>();
      const Address target = c.pointer(encoding & 0x7fU);
      if ((encoding & kIndirect) == 0) out.personality = target;
    }
    if (letter == 'L') out.handlers_encoding = c.take<std::uint8_t>();
    if (letter == 'S') out.signal = true;
  }
  if (!c.ok() || out.pointer_encoding == kOmitted) return std::nullopt;
  return out;
}

// Behind a function's range stands where the table of its exception handlers is; 0 for none.
bool has_handlers(Cursor& c, const Common& common) {
  if (!common.augmented || common.handlers_encoding == kOmitted) return false;
  c.uleb();
  Cursor raw = c;
  return raw.pointer(common.handlers_encoding & 0x0fU) != 0 || !raw.ok();
}

struct Place {
  Bytes bytes;
  Address address = 0;
};

Place find_frames(const File& file, Address header) {
  for (const Section& s : file.sections)
    if (s.name == ".eh_frame" && !s.memory.empty()) {
      const Bytes b = file.at(s.memory.begin);
      return {b.first(std::min<std::uint64_t>(b.size(), s.memory.end - s.memory.begin)), s.memory.begin};
    }
  if (header == 0) return {};
  Cursor c(file.at(header), header);
  c.take<std::uint8_t>();
  const unsigned encoding = c.take<std::uint8_t>();
  c.skip(2);
  const Address start = c.pointer(encoding);
  return c.ok() ? Place{file.at(start), start} : Place{};
}

}  // namespace

void Parser::frames() {
  const auto [bytes, address] = find_frames(file_, frame_header_);
  std::uint64_t at = 0, common_at = ~std::uint64_t{0};
  std::optional<Common> common;
  std::uint32_t length = 0;
  while (load(bytes, at, length) && length != 0) {
    // A length of ~0 announces a 64-bit one, which no linker writes for .eh_frame.
    if (length >= 0xfffffff0U || length > bytes.size() - at - 4 || length < 4) {
      defect(fmt::format("unwind entry at {:#x} reaches beyond its table", address + at));
      break;
    }
    const std::uint64_t id_at = at + 4;
    std::uint32_t id = 0;
    load(bytes, id_at, id);
    if (id != 0 && id <= id_at) {
      if (common_at != id_at - id) {
        common_at = id_at - id;
        std::uint32_t size = 0;
        common.reset();
        if (load(bytes, common_at, size) && size >= 4 && size <= bytes.size() - common_at - 4)
          common = read_common(Cursor(bytes.subspan(common_at + 8, size - 4), address + common_at + 8));
        if (common && common->personality != 0) file_.personalities.push_back(common->personality);
      }
      Cursor c(bytes.subspan(id_at + 4, length - 4), address + id_at + 4);
      const Address begin = common ? c.pointer(common->pointer_encoding) : 0;
      const std::uint64_t size = common ? c.pointer(common->pointer_encoding & 0x0fU) : 0;
      if (common && c.ok() && size != 0 && begin + size > begin && file_.is_code(begin))
        file_.frames.push_back({{begin, begin + size}, common->signal, has_handlers(c, *common)});
    }
    at += 4 + std::uint64_t{length};
  }
  std::sort(file_.frames.begin(), file_.frames.end(),
            [](const Frame& a, const Frame& b) { return a.code.begin < b.code.begin; });
}

}  // namespace callgate::elf
