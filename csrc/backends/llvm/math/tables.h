// Constants of the math kernels. Written by tools/math_tables.py: do not edit.
#pragma once

#include <array>

#include "backends/llvm/math/polynomial.h"

namespace segue::llvm::tables {

/// e**r = 1 + r + r**2 P(r), |r| <= ln(2)/2. Lowest coefficient first.
inline constexpr double kExpLong[] = {
    0x1.0000000000005p-1, 0x1.555555555553dp-3, 0x1.5555555552124p-5, 0x1.111111111803bp-7,
    0x1.6c16c17f28aeap-10, 0x1.a01a017a23f8fp-13, 0x1.a019a6b429372p-16, 0x1.71de7d0e65688p-19,
    0x1.28a27d88834adp-22, 0x1.ae7c8fb6b6f86p-26,
};
inline constexpr double kExpShort[] = {
    0x1.fffffdd105282p-2, 0x1.5554adedd3cdap-3, 0x1.555748b1ce27ap-5, 0x1.1228ccc431d4ep-7,
    0x1.6b487f65b5a86p-10,
};
inline constexpr Polynomial kExp{kExpLong, kExpShort};

/// 2**r = 1 + r P(r), |r| <= 1/2. Lowest coefficient first.
inline constexpr double kExp2Long[] = {
    0x1.62e42fefa39efp-1, 0x1.ebfbdff82c5a5p-3, 0x1.c6b08d7049f9ap-5, 0x1.3b2ab6fba001cp-7,
    0x1.5d87fe78d8c6dp-10, 0x1.4309130f04562p-13, 0x1.ffcbfb7ba62d9p-17, 0x1.62bfc73b760ecp-20,
    0x1.b526d0c0d9121p-24, 0x1.e61beab48c393p-28, 0x1.e729bd86c53fdp-32,
};
inline constexpr double kExp2Short[] = {
    0x1.62e430c6ca09ep-1, 0x1.ebfbdcf7c707ep-3, 0x1.c6aed5c30dbd2p-5, 0x1.3b2cc3b3f0378p-7,
    0x1.5f450951ffb06p-10, 0x1.4258c49e8477ep-13,
};
inline constexpr Polynomial kExp2{kExp2Long, kExp2Short};

/// sinh(r) = r + r z P(z), z = r**2, |r| <= ln(2)/2. Lowest coefficient first.
inline constexpr double kSinhLong[] = {
    0x1.5555555555559p-3, 0x1.111111110f63ep-7, 0x1.a01a01b00c367p-13, 0x1.71ddf7fab3e64p-19,
    0x1.af5f4da4b1cdbp-26,
};
inline constexpr double kSinhShort[] = {
    0x1.5554acc1748fcp-3, 0x1.1229886c4edafp-7,
};
inline constexpr Polynomial kSinh{kSinhLong, kSinhShort};

/// cosh(r) = 1 + z P(z), z = r**2, |r| <= ln(2)/2. Lowest coefficient first.
inline constexpr double kCoshLong[] = {
    0x1.0000000000000p-1, 0x1.555555555555cp-5, 0x1.6c16c16c13e9dp-10, 0x1.a01a01b19fe32p-16,
    0x1.27e4c4c7a9441p-22, 0x1.1f959312ac643p-29,
};
inline constexpr double kCoshShort[] = {
    0x1.0000004574517p-1, 0x1.55547c9a4b521p-5, 0x1.6d99189137bc5p-10,
};
inline constexpr Polynomial kCosh{kCoshLong, kCoshShort};

/// 2 artanh(s) = 2 s + s z P(z), z = s**2, for the logarithm of (1+s)/(1-s) in [sqrt(1/2), sqrt(2)]. Lowest coefficient first.
inline constexpr double kLogLong[] = {
    0x1.5555555555594p-1, 0x1.999999997f6b4p-2, 0x1.24924942420bbp-2, 0x1.c71c51d118b68p-3,
    0x1.7466491c1a2edp-3, 0x1.39a0cccc3fed2p-3, 0x1.2f0dfe772822ep-3,
};
inline constexpr double kLogShort[] = {
    0x1.55557ad8a4eeep-1, 0x1.995e33e028e93p-2, 0x1.31eebe6e441d4p-2,
};
inline constexpr Polynomial kLog{kLogLong, kLogShort};

/// artanh(s) = s + s z/3 + s z**2 P(z), z = s**2. Lowest coefficient first.
inline constexpr double kLogTailLong[] = {
    0x1.9999999999995p-3, 0x1.24924924930aap-3, 0x1.c71c71c574c61p-4, 0x1.745d1837199eep-4,
    0x1.3b13619905589p-4, 0x1.1120dbb248d20p-4, 0x1.de2e01cc1005cp-5, 0x1.eb3a46c87c697p-5,
};
inline constexpr double kLogTailShort[] = {
    0x1.999a02c6f7943p-3, 0x1.2451914bd21d0p-3, 0x1.dfc7dd5fd692fp-4,
};
inline constexpr Polynomial kLogTail{kLogTailLong, kLogTailShort};

/// sin(r) = r + r z P(z), z = r**2, |r| <= pi/4. Lowest coefficient first.
inline constexpr double kSinLong[] = {
    -0x1.5555555555548p-3, 0x1.111111110f806p-7, -0x1.a01a019c05de8p-13, 0x1.71de356f192bfp-19,
    -0x1.ae5e60589a891p-26, 0x1.5d917c64e2a86p-33,
};
inline constexpr double kSinShort[] = {
    -0x1.5555453cfc8bcp-3, 0x1.11074537ca31ep-7, -0x1.99474ced9cd0fp-13,
};
inline constexpr Polynomial kSin{kSinLong, kSinShort};

/// cos(r) = 1 - z/2 + z**2 P(z), z = r**2, |r| <= pi/4. Lowest coefficient first.
inline constexpr double kCosLong[] = {
    0x1.555555555554bp-5, -0x1.6c16c16c15091p-10, 0x1.a01a019c9d862p-16, -0x1.27e4f7fcda724p-22,
    0x1.1ee9e3d0b6e3fp-29, -0x1.8faac05c4982dp-37,
};
inline constexpr double kCosShort[] = {
    0x1.55554a5c9ea0ep-5, -0x1.6c0c5e79da687p-10, 0x1.99f7072fad9b7p-16,
};
inline constexpr Polynomial kCos{kCosLong, kCosShort};

/// arctan(t) = t + t z P(z), z = t**2, |t| <= tan(pi/8). Lowest coefficient first.
inline constexpr double kArctanLong[] = {
    -0x1.555555555553bp-2, 0x1.99999999955b9p-3, -0x1.249249229f1e4p-3, 0x1.c71c70e12e92ep-4,
    -0x1.745cf85e6c3a5p-4, 0x1.3b11111dbba78p-4, -0x1.10eb644fdd255p-4, 0x1.df0ad81215f3bp-5,
    -0x1.9cbfe9ea95344p-5, 0x1.37a87b5e374b5p-5, -0x1.250c8148524dap-6,
};
inline constexpr double kArctanShort[] = {
    -0x1.555548bdfe53cp-2, 0x1.99916dd93bfadp-3, -0x1.23b29e0d85523p-3, 0x1.b1cb646d88bfbp-4,
    -0x1.f157a13445c95p-5,
};
inline constexpr Polynomial kArctan{kArctanLong, kArctanShort};

/// arcsin(t) = t + t z P(z), z = t**2, |t| <= 1/2. Lowest coefficient first.
inline constexpr double kArcsinLong[] = {
    0x1.5555555555577p-3, 0x1.333333332e190p-4, 0x1.6db6db72092fap-5, 0x1.f1c71a99827c2p-6,
    0x1.6e8bde4b2dfe0p-6, 0x1.1c49fbd0dae03p-6, 0x1.ca1e6a0d89196p-7, 0x1.758f3c09c88b1p-7,
    0x1.6104a60190db8p-7, 0x1.e95303cc55ce2p-9, 0x1.6292c262f1067p-6, -0x1.5681d5aa33cd9p-6,
    0x1.0acf40391ed87p-5,
};
inline constexpr double kArcsinShort[] = {
    0x1.55554c555fa9ep-3, 0x1.33387b010e440p-4, 0x1.6caf8ae1ed8d8p-5, 0x1.048953c9d863ap-5,
    0x1.d9b20b2e1266bp-7, 0x1.331dcd272eb83p-5,
};
inline constexpr Polynomial kArcsin{kArcsinLong, kArcsinShort};

/// m**(-1/3), 1/2 <= m <= 4. Lowest coefficient first.
inline constexpr double kInverseCbrtLong[] = {
    0x1.c4f91674c859bp+0, -0x1.6a66e79a5348fp+0, 0x1.d99d5626d06dcp-1, -0x1.58aa6584cb5b8p-2,
    0x1.fd75fe01ce616p-5, -0x1.2a11871beaf05p-8,
};
inline constexpr double kInverseCbrtShort[] = {
    0x1.c4f91674c859bp+0, -0x1.6a66e79a5348fp+0, 0x1.d99d5626d06dcp-1, -0x1.58aa6584cb5b8p-2,
    0x1.fd75fe01ce616p-5, -0x1.2a11871beaf05p-8,
};
inline constexpr Polynomial kInverseCbrt{kInverseCbrtLong, kInverseCbrtShort};

/// Parts of ln(2) as a sum: times an exponent exact.
inline constexpr std::array<double, 2> kLn2{0x1.62e42fefa3000p-1, 0x1.3de6af278ece6p-42};
/// Parts of ln(2), of float32.
inline constexpr std::array<double, 2> kLn2F{0x1.62e0000000000p-1, 0x1.0bfbe80000000p-15};
/// Parts of pi/2, for FMA.
inline constexpr std::array<double, 3> kHalfPi{0x1.921fb54442d18p+0, 0x1.1a62633145c06p-54, 0x1.c1cd129024e09p-107};
/// Parts of pi/2: times integers of 20 bits exact.
inline constexpr std::array<double, 4> kHalfPiSplit{0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e000000p-69, 0x1.b839a252049c1p-104};
/// Parts of pi/2, of float32, for FMA.
inline constexpr std::array<double, 3> kHalfPiF{0x1.921fb40000000p+0, 0x1.4442d00000000p-24, 0x1.84698a0000000p-48};
/// Parts of log10(2): times an exponent exact.
inline constexpr std::array<double, 2> kLog10Of2{0x1.34413509f7000p-2, 0x1.3fde623e2566bp-43};
/// Parts of log10(2), of float32.
inline constexpr std::array<double, 2> kLog10Of2F{0x1.3440000000000p-2, 0x1.3509f80000000p-18};
/// Parts of log10(e).
inline constexpr std::array<double, 2> kLog10E{0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};
/// Parts of log10(e), of float32.
inline constexpr std::array<double, 2> kLog10EF{0x1.bcb7b00000000p-2, 0x1.526e500000000p-26};
/// Parts of log2(e).
inline constexpr std::array<double, 2> kLog2E{0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
/// Parts of log2(e), of float32.
inline constexpr std::array<double, 2> kLog2EF{0x1.7154760000000p+0, 0x1.4ae0c00000000p-26};
/// Parts of 2/ln(2).
inline constexpr std::array<double, 2> kTwoOverLn2{0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};
/// Parts of 1/3.
inline constexpr std::array<double, 2> kThird{0x1.5555555555555p-2, 0x1.5555555555555p-56};
/// Parts of pi.
inline constexpr std::array<double, 2> kPi{0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
/// Parts of pi, of float32.
inline constexpr std::array<double, 2> kPiF{0x1.921fb40000000p+1, 0x1.4442d20000000p-23};
/// Parts of 2/pi.
inline constexpr std::array<double, 1> kTwoOverPi{0x1.45f306dc9c883p-1};
/// Parts of tan(pi/8).
inline constexpr std::array<double, 1> kTanEighthPi{0x1.a827999fcef32p-2};
/// Parts of tan(3 pi/8).
inline constexpr std::array<double, 1> kTanThreeEighthsPi{0x1.3504f333f9de6p+1};

}  // namespace segue::llvm::tables
