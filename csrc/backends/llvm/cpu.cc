#include "backends/llvm/cpu.h"

#include <cstdint>
#include <fstream>

#include "absl/strings/str_cat.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

namespace segue::llvm {
namespace {

#if defined(__x86_64__)

struct Leaf {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

/// Zeros where the processor has no such leaf.
Leaf leaf(uint32_t number, uint32_t part = 0) {
  Leaf out;
  __get_cpuid_count(number, part, &out.eax, &out.ebx, &out.ecx, &out.edx);
  return out;
}

/// The registers that the system saves, without which AVX and its successors do not work.
uint64_t enabledState(const Leaf& features) {
  constexpr uint32_t kSystemSaves = 1u << 27;
  if ((features.ecx & kSystemSaves) == 0) return 0;
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

std::string identity() {
  const Leaf vendor = leaf(0), features = leaf(1);
  // Nothing that differs between the cores of a processor: leaf 1's ebx has the core's number.
  std::string out = absl::StrCat("x86-64 ", absl::Hex(vendor.ebx), "-", absl::Hex(vendor.edx), "-", absl::Hex(vendor.ecx), " ",
                                 absl::Hex(features.eax), " ", absl::Hex(features.ecx), "-", absl::Hex(features.edx), " ",
                                 absl::Hex(enabledState(features)));
  struct {
    uint32_t number, part;
  } const kMore[] = {{7, 0}, {7, 1}, {0xd, 1}, {0x14, 0}, {0x19, 0}, {0x1e, 1}, {0x24, 0}, {0x80000001, 0}, {0x80000008, 0}};
  for (const auto& [number, part] : kMore) {
    const Leaf more = leaf(number, part);
    // The first register of these counts leaves or address bits, save where it has features.
    const uint32_t eax = (number == 7 || number == 0xd || number == 0x1e) && part == 1 ? more.eax : 0;
    const uint32_t ebx = number == 0xd ? 0 : more.ebx;   // the size of the state in use
    const uint32_t ecx = number == 0x80000008 ? 0 : more.ecx;
    absl::StrAppend(&out, " ", absl::Hex(eax), "-", absl::Hex(ebx), "-", absl::Hex(ecx), "-", absl::Hex(number == 0x80000008 ? 0 : more.edx));
  }
  return out;
}

#elif defined(__aarch64__)

std::string identity() {
  std::string model;
  std::ifstream("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1") >> model;
  return absl::StrCat("aarch64 ", model, " ", absl::Hex(getauxval(AT_HWCAP)), " ", absl::Hex(getauxval(AT_HWCAP2)));
}

#else

std::string identity() { return "another processor"; }

#endif

}  // namespace

const std::string& cpuIdentity() {
  static const auto* text = new std::string(identity());
  return *text;
}

int vectorBytes() {
#if defined(__x86_64__)
  static const int bytes = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") ? 64
                           : __builtin_cpu_supports("avx2")                                         ? 32
                                                                                                    : 16;
  return bytes;
#else
  return 16;
#endif
}

namespace {
bool without_half_conversions = false;
}  // namespace

void setWithoutHalfConversions(bool without) { without_half_conversions = without; }

bool convertsHalves() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx2");
  return has && !without_half_conversions;
#else
  return false;
#endif
}

bool hasFusedMultiplyAdd() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("fma");
  return has;
#else
  return true;
#endif
}

}  // namespace segue::llvm
