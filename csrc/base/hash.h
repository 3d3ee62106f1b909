// A hash that is the same in every process, for files that outlive one. Not against forgers.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace segue {

inline uint64_t stableHash(std::string_view bytes, uint64_t seed = 0) {
  auto mixed = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  constexpr uint64_t kFirst = 0x9fb21c651e98df25, kSecond = 0xd6e8feb86659fd93;   // odd, with bits in no pattern
  uint64_t state = mixed(seed ^ kFirst, bytes.size() ^ kSecond);
  for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 8 ? bytes.size() : 8)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size() < 8 ? bytes.size() : 8);
    state = mixed(state ^ word ^ kFirst, kSecond) + state;
  }
  return mixed(state ^ kSecond, kFirst);
}

}  // namespace segue
