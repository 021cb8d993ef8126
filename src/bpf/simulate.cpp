// Interpreter for programs that passed check(). A, X and the scratch words are 32 bits and start at 0.
// SPDX-License-Identifier: Apache-2.0
#include "bpf/simulate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace callgate::bpf {
namespace {

constexpr std::uint32_t kAuditArchX86_64 = 0xc000003e;
constexpr std::uint32_t kActionMask = 0xffff0000;       // SECCOMP_RET_ACTION_FULL
constexpr std::uint32_t kFirstUncachedNr = 0x40000000;  // x32's bit; no architecture's bitmap reaches that far

// Reads words straight from memory: SeccompData has the kernel's layout, only the halves of its 64-bit members lie
// the other way round when the data's byte order is not this machine's.
class Words {
 public:
  explicit Words(const SeccompData& data) : bytes_(reinterpret_cast<const char*>(&data)) {
    const bool little_endian = (data.arch & 0x40000000) != 0;  // __AUDIT_ARCH_LE
    flip_ = little_endian == (std::endian::native == std::endian::little) ? 0 : 4;
  }
  std::uint32_t at(std::uint32_t offset) const {
    const std::uint32_t place = offset < kOffsetIp ? offset : offset ^ flip_;
    std::uint32_t word = 0;
    std::memcpy(&word, bytes_ + place, sizeof(word));
    return word;
  }

 private:
  const char* bytes_;
  std::uint32_t flip_;
};

// `visit(i)` is called for each executed instruction. An instruction that check() refuses ends the run with 0.
template <class Visit>
Run interpret(const Insn* program, const SeccompData& data, Visit visit) {
  const Words words(data);
  std::array<std::uint32_t, 16> scratch{};
  std::uint32_t a = 0, x = 0, executed = 0;
  const Insn* next = program;
  const auto branch = [&next](const Insn& insn, bool taken) { next += taken ? insn.jt : insn.jf; };
  for (;;) {
    const Insn& insn = *next;
    visit(static_cast<std::size_t>(next - program));
    ++next;
    ++executed;
    const std::uint32_t k = insn.k;
    switch (insn.code) {
        // clang-format off
      case op::kLdAbs:  a = words.at(k); break;
      case op::kLdImm:  a = k; break;
      case op::kLdMem:  a = scratch[k]; break;
      case op::kLdLen:  a = kDataBytes; break;
      case op::kLdxImm: x = k; break;
      case op::kLdxMem: x = scratch[k]; break;
      case op::kLdxLen: x = kDataBytes; break;
      case op::kSt:     scratch[k] = a; break;
      case op::kStx:    scratch[k] = x; break;
      case op::kTax:    x = a; break;
      case op::kTxa:    a = x; break;
      case op::kAddK:   a += k; break;
      case op::kSubK:   a -= k; break;
      case op::kMulK:   a *= k; break;
      case op::kDivK:   a /= k; break;
      case op::kOrK:    a |= k; break;
      case op::kAndK:   a &= k; break;
      case op::kXorK:   a ^= k; break;
      case op::kLshK:   a <<= k; break;
      case op::kRshK:   a >>= k; break;
      case op::kNeg:    a = 0U - a; break;
      case op::kAddK | op::kAluX: a += x; break;
      case op::kSubK | op::kAluX: a -= x; break;
      case op::kMulK | op::kAluX: a *= x; break;
      case op::kDivK | op::kAluX:
        if (x == 0) return {0, executed};
        a /= x;
        break;
      case op::kOrK | op::kAluX:  a |= x; break;
      case op::kAndK | op::kAluX: a &= x; break;
      case op::kXorK | op::kAluX: a ^= x; break;
      case op::kLshK | op::kAluX: a <<= x & 31; break;
      case op::kRshK | op::kAluX: a >>= x & 31; break;
      case op::kJa:    next += k; break;
      case op::kJeqK:  branch(insn, a == k); break;
      case op::kJgtK:  branch(insn, a > k); break;
      case op::kJgeK:  branch(insn, a >= k); break;
      case op::kJsetK: branch(insn, (a & k) != 0); break;
      case op::kJeqK | op::kAluX:  branch(insn, a == x); break;
      case op::kJgtK | op::kAluX:  branch(insn, a > x); break;
      case op::kJgeK | op::kAluX:  branch(insn, a >= x); break;
      case op::kJsetK | op::kAluX: branch(insn, (a & x) != 0); break;
      case op::kRetK:  return {k, executed};
      case op::kRetA:  return {a, executed};
      default:         return {0, executed};
        // clang-format on
    }
  }
}

}  // namespace

Run run(std::span<const Insn> program, const SeccompData& data) {
  return interpret(program.data(), data, [](std::size_t) {});
}

Run run(std::span<const Insn> program, const SeccompData& data, std::vector<bool>& covered) {
  return interpret(program.data(), data, [&covered](std::size_t i) { covered[i] = true; });
}

std::uint32_t run_stack(std::span<const Program> newest_first, const SeccompData& data) {
  const auto action = [](std::uint32_t value) { return static_cast<std::int32_t>(value & kActionMask); };
  std::uint32_t kept = kRetAllow;
  for (const Program& program : newest_first) {
    const std::uint32_t value = run(program, data).value;
    if (action(value) < action(kept)) kept = value;
  }
  return kept;
}

bool bypasses_filters(std::uint32_t arch, std::uint32_t nr) {
  constexpr std::uint32_t kUretprobe = 335, kUprobe = 336;
  return arch == kAuditArchX86_64 && (nr == kUretprobe || nr == kUprobe);
}

CacheProbe probe_cache(std::span<const Insn> program, std::uint32_t arch, std::uint32_t nr) {
  if (nr >= kFirstUncachedNr) return {false, 0};
  if (bypasses_filters(arch, nr)) return {true, 0};
  CacheProbe probe;
  std::uint32_t a = 0;
  for (std::size_t pc = 0; pc < program.size(); ++pc) {
    const Insn& insn = program[pc];
    ++probe.steps;
    const auto skip = [&insn](bool taken) { return taken ? insn.jt : insn.jf; };
    switch (insn.code) {
      case op::kLdAbs:
        if (insn.k != kOffsetNr && insn.k != kOffsetArch) return probe;
        a = insn.k == kOffsetNr ? nr : arch;
        break;
      case op::kRetK:
        probe.always_allowed = insn.k == kRetAllow;
        return probe;
      case op::kAndK:
        a &= insn.k;
        break;
        // clang-format off
      case op::kJa:    pc += insn.k; break;
      case op::kJeqK:  pc += skip(a == insn.k); break;
      case op::kJgtK:  pc += skip(a > insn.k); break;
      case op::kJgeK:  pc += skip(a >= insn.k); break;
      case op::kJsetK: pc += skip((a & insn.k) != 0); break;
      // clang-format on
      default:
        return probe;
    }
  }
  return probe;
}

Cost cost(std::span<const Insn> program, std::uint32_t arch, std::span<const std::uint32_t> numbers) {
  Cost total;
  total.instructions = program.size();
  std::uint64_t executed = 0;
  for (const std::uint32_t nr : numbers) {
    const Run one = run(program, {.nr = nr, .arch = arch});
    executed += one.executed;
    total.executed_max = std::max(total.executed_max, one.executed);
    const CacheProbe probe = probe_cache(program, arch, nr);
    total.cached_calls += probe.always_allowed ? 1 : 0;
    total.load_steps += probe.steps;
  }
  if (!numbers.empty()) total.executed_avg = static_cast<double>(executed) / static_cast<double>(numbers.size());
  return total;
}

}  // namespace callgate::bpf
