#include "backends/llvm/half.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "backends/llvm/cpu.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

constexpr int kMantissa = 10, kBias = 15;
constexpr uint64_t kMagnitude = 0x7fff, kInfinity = 0x7c00, kOne = 0x3c00;
/// 2**-14: what is less has fewer bits.
constexpr uint64_t kLeastNormal = 0x0400;
/// From here on the nearest float16 is infinite.
constexpr double kLeastInfinite = 65520.0;

/// Integers of one width, in all lanes.
class Words {
 public:
  Words(int width, int lanes, IrBuilder& out) : width_(width), lanes_(lanes), out_(out) {}

  std::string type() const { return vectorOf(element(), lanes_); }
  std::string word(uint64_t value) const {
    const int unused = 64 - width_;
    return repeated(element(), absl::StrCat(static_cast<int64_t>(value << unused) >> unused), lanes_);
  }
  std::string binary(std::string_view name, std::string_view a, std::string_view b) const { return out_.define(name, " ", type(), " ", a, ", ", b); }
  std::string binary(std::string_view name, std::string_view a, uint64_t b) const { return binary(name, a, word(b)); }
  std::string select(std::string_view condition, std::string_view yes, std::string_view no) const {
    return out_.define("select ", bools(), " ", condition, ", ", type(), " ", yes, ", ", type(), " ", no);
  }
  std::string bools() const { return vectorOf("i1", lanes_); }
  std::string both(std::string_view a, std::string_view b) const { return out_.define("and ", bools(), " ", a, ", ", b); }
  std::string either(std::string_view a, std::string_view b) const { return out_.define("or ", bools(), " ", a, ", ", b); }
  std::string inverse(std::string_view a) const { return out_.define("xor ", bools(), " ", a, ", ", repeated("i1", "true", lanes_)); }
  std::string cast(std::string_view how, std::string_view value, std::string_view to) const {
    return out_.define(how, " ", type(), " ", value, " to ", to);
  }

 private:
  std::string element() const { return absl::StrCat("i", width_); }
  const int width_, lanes_;
  IrBuilder& out_;
};

/// What is done to bits.
class HalfBits {
 public:
  HalfBits(int lanes, IrBuilder& out) : words_(16, lanes, out) {}

  std::string magnitude(const std::string& value) const { return words_.binary("and", value, kMagnitude); }
  std::string sign(const std::string& value) const { return words_.binary("and", value, ~kMagnitude); }
  std::string isNan(const std::string& value) const { return words_.binary("icmp sgt", magnitude(value), kInfinity); }
  /// An integer in the order of the numbers; both zeros are 0.
  std::string order(const std::string& value) const {
    const std::string negative = words_.binary("ashr", value, 15);
    return words_.binary("sub", words_.binary("xor", magnitude(value), negative), negative);
  }
  /// The same, and NaNs are above all numbers.
  std::string rank(const std::string& value) const { return words_.select(isNan(value), words_.word(kMagnitude), order(value)); }

  std::string compare(std::string_view predicate, const std::string& a, const std::string& b) const {
    const std::string holds = words_.binary(absl::StrCat("icmp ", predicate), order(a), order(b));
    return words_.both(holds, words_.inverse(words_.either(isNan(a), isNan(b))));
  }
  /// As NumPy's maximum and minimum: the first operand where it is a NaN, better or equal.
  std::string extreme(std::string_view better, const std::string& a, const std::string& b) const {
    const std::string first = words_.both(words_.binary(absl::StrCat("icmp ", better), order(a), order(b)), words_.inverse(isNan(b)));
    return words_.select(words_.either(first, isNan(a)), a, b);
  }
  const Words& words() const { return words_; }

 private:
  Words words_;
};

/// Conversions between float16 and a wider format by its bits.
class Conversion {
 public:
  Conversion(DType wide, int lanes, IrBuilder& out)
      : wide_(wide), lanes_(lanes), mantissa_(wide == DType::kF64 ? 52 : 23), bias_(wide == DType::kF64 ? 1023 : 127),
        words_(dtypeItemSize(wide) * 8, lanes, out), out_(out) {}

  std::string widened(const std::string& half) const {
    const Words halves(16, lanes_, out_);
    const std::string bits = halves.cast("zext", half, words_.type()), magnitude = words_.binary("and", bits, kMagnitude);
    const std::string moved = words_.binary("shl", magnitude, static_cast<uint64_t>(shift()));
    const uint64_t rebias = static_cast<uint64_t>(bias_ - kBias) << mantissa_;
    // An infinity's exponent, and that of NaNs, is the greatest in both formats.
    const std::string special = words_.binary("icmp uge", magnitude, kInfinity);
    const std::string normal = words_.binary("add", moved, words_.select(special, words_.word(2 * rebias), words_.word(rebias)));
    // Numbers below 2**-14 are what comes to that with its exponent.
    const uint64_t least = bitsOf(std::ldexp(1.0, 1 - kBias));
    const std::string sum = real(words_.binary("add", moved, least));
    const std::string small = integer(out_.define("fsub ", typeOf(wide_, lanes_), " ", sum, ", ", real(words_.word(least))));
    const std::string tiny = words_.binary("icmp ult", magnitude, kLeastNormal);
    const std::string sign = words_.binary("shl", words_.binary("and", bits, ~kMagnitude & 0xffff), static_cast<uint64_t>(width() - 16));
    return real(words_.binary("or", words_.select(tiny, small, normal), sign));
  }

  std::string narrowed(const std::string& value) const {
    const std::string bits = integer(value), magnitude = words_.binary("and", bits, UINT64_MAX >> (65 - width()));
    const std::string infinity = words_.word(bitsOf(HUGE_VAL));
    const std::string nan = words_.binary("icmp ugt", magnitude, infinity), tiny = words_.binary("icmp ult", magnitude, bitsOf(std::ldexp(1.0, 1 - kBias)));
    const std::string infinite = words_.binary("icmp uge", magnitude, bitsOf(kLeastInfinite));
    std::string underflows;
    const std::string small = subnormal(words_.select(tiny, magnitude, words_.word(0)), &underflows);
    const std::string overflows = words_.both(infinite, words_.binary("icmp ult", magnitude, infinity));
    report(overflows, underflows);
    const std::string nans = words_.binary("or", words_.binary("lshr", magnitude, static_cast<uint64_t>(shift())), kInfinity);
    // A NaN whose upper bits are all zero would be an infinity.
    const std::string payload = words_.binary("and", nans, kMagnitude);
    const std::string lost = words_.binary("icmp eq", payload, kInfinity);
    const std::string kept = words_.select(lost, words_.word(kInfinity + 1), payload);
    const std::string finite = words_.select(tiny, small, normal(magnitude));
    const std::string result = words_.select(nan, kept, words_.select(infinite, words_.word(kInfinity), finite));
    const std::string sign = words_.binary("lshr", words_.binary("and", bits, uint64_t{1} << (width() - 1)), static_cast<uint64_t>(width() - 16));
    return words_.cast("trunc", words_.binary("or", result, sign), vectorOf("i16", lanes_));
  }

  /// Sets the status for lanes.
  void report(const std::string& overflows, const std::string& underflows) const {
    const uint64_t most = wide_ == DType::kF64 ? 0x7fefffffffffffff : 0x7f7fffff, least = uint64_t{1} << mantissa_, one = bitsOf(1.0);
    std::string factor = words_.select(underflows, words_.word(least), words_.word(one));
    if (!overflows.empty()) factor = words_.select(overflows, words_.word(most), factor);
    if (SEGUE_FAULT(HalvesUnreported)) return;
    const std::string number = real(factor);
    out_.constrained("fmul", wide_, lanes_, {number, number});
  }

  std::string integer(const std::string& value) const {
    return out_.define("bitcast ", typeOf(wide_, lanes_), " ", value, " to ", words_.type());
  }
  const Words& words() const { return words_; }

 private:
  int width() const { return dtypeItemSize(wide_) * 8; }
  int shift() const { return mantissa_ - kMantissa; }
  std::string real(const std::string& bits) const { return words_.cast("bitcast", bits, typeOf(wide_, lanes_)); }
  uint64_t bitsOf(double value) const {
    return wide_ == DType::kF64 ? std::bit_cast<uint64_t>(value) : std::bit_cast<uint32_t>(static_cast<float>(value));
  }

  /// Of at least 2**-14: the bits that go are rounded by what is added in front of them.
  std::string normal(const std::string& magnitude) const {
    const auto shift = static_cast<uint64_t>(this->shift());
    const std::string odd = words_.binary("and", words_.binary("lshr", magnitude, shift), 1);
    const uint64_t rebias = static_cast<uint64_t>(bias_ - kBias) << mantissa_, below_half = (uint64_t{1} << (shift - 1)) - 1;
    const std::string rounded = words_.binary("add", words_.binary("add", magnitude, odd), below_half - rebias);
    return words_.binary("lshr", rounded, shift);
  }

  /// Of less: added to a number whose last bit stands for 2**-24, which rounds it.
  std::string subnormal(const std::string& magnitude, std::string* underflows) const {
    const std::string type = typeOf(wide_, lanes_), number = real(magnitude);
    const uint64_t anchor = bitsOf(std::ldexp(1.0, mantissa_ - kMantissa - kBias + 1));
    const std::string sum = out_.define("fadd ", type, " ", number, ", ", real(words_.word(anchor)));
    const std::string back = out_.define("fsub ", type, " ", sum, ", ", real(words_.word(anchor)));
    *underflows = out_.define("fcmp une ", type, " ", back, ", ", number);
    return words_.binary("sub", integer(sum), anchor);
  }

  const DType wide_;
  const int lanes_, mantissa_, bias_;
  const Words words_;
  IrBuilder& out_;
};

/// Fewer elements than the processor's instructions convert at least.
constexpr int kLeastLanes = 4;

/// With zeros behind: whatever stood there would set a status.
std::string padded(std::string_view element, int lanes, const std::string& value, IrBuilder& out) {
  const std::string type = vectorOf(element, lanes), all = vectorOf(element, kLeastLanes);
  if (lanes >= kLeastLanes) return value;
  if (lanes == 1) return out.define("insertelement ", all, " zeroinitializer, ", element, " ", value, ", i64 0");
  return out.define("shufflevector ", type, " ", value, ", ", type, " zeroinitializer, <4 x i32> <i32 0, i32 1, i32 2, i32 3>");
}

std::string unpadded(std::string_view element, int lanes, const std::string& value, IrBuilder& out) {
  const std::string all = vectorOf(element, kLeastLanes);
  if (lanes >= kLeastLanes) return value;
  if (lanes == 1) return out.define("extractelement ", all, " ", value, ", i64 0");
  return out.define("shufflevector ", all, " ", value, ", ", all, " poison, <2 x i32> <i32 0, i32 1>");
}

/// fpext or fptrunc between `half` and `float`. `strict`: for all lanes, whatever uses them.
std::string emitConverted(std::string_view name, bool strict, std::string_view from, std::string_view to, int lanes, const std::string& value,
                          IrBuilder& out) {
  const std::string before = vectorOf(from, lanes), type = vectorOf(to, lanes);
  if (!strict) return out.define(name, " ", before, " ", value, " to ", type);
  const bool rounds = name == "fptrunc";
  auto mangled = [lanes](std::string_view element) { return absl::StrCat("v", lanes, element == "half" ? "f16" : "f32"); };
  const std::string function = absl::StrCat("@llvm.experimental.constrained.", name, ".", mangled(to), ".", mangled(from));
  out.declare(absl::StrCat("declare ", type, " ", function, "(", before, rounds ? ", metadata" : "", ", metadata)"));
  return out.define("call ", type, " ", function, "(", before, " ", value, rounds ? ", metadata !\"round.tonearest\"" : "",
                    ", metadata !\"fpexcept.strict\") strictfp");
}

std::string emitWidenByInstruction(int lanes, const std::string& value, IrBuilder& out) {
  const int all = std::max(lanes, kLeastLanes);
  const std::string bits = padded("i16", lanes, value, out);
  const std::string half = out.define("bitcast ", vectorOf("i16", all), " ", bits, " to ", vectorOf("half", all));
  return unpadded("float", lanes, emitConverted("fpext", lanes < all, "half", "float", all, half, out), out);
}

/// The instruction rounds, and then looks whether the result is below 2**-14: what is not any more, but was, is seen by its bits.
std::string emitNarrowByInstruction(Narrowing how, int lanes, const std::string& value, IrBuilder& out) {
  if (how != Narrowing::kExact) {
    const Conversion conversion(DType::kF32, lanes, out);
    const Words& words = conversion.words();
    const std::string upper = words.binary("and", conversion.integer(value), 0x7ffff000);
    conversion.report("", words.binary("icmp eq", upper, 0x387ff000));
  }
  const int all = std::max(lanes, kLeastLanes);
  const std::string narrow = emitConverted("fptrunc", lanes < all, "float", "half", all, padded("float", lanes, value, out), out);
  return unpadded("i16", lanes, out.define("bitcast ", vectorOf("half", all), " ", narrow, " to ", vectorOf("i16", all)), out);
}

}  // namespace

bool kernelsKnowHalf() {
#if defined(__x86_64__)
  return true;
#else
  return false;
#endif
}

float halfToFloat(uint16_t bits) {
  const int exponent = (bits & kInfinity) >> kMantissa, mantissa = bits & 0x3ff;
  if (exponent == 31) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    return std::bit_cast<float>(sign | 0x7f800000u | static_cast<uint32_t>(mantissa) << 13);
  }
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - kBias - kMantissa)
                                        : std::ldexp(static_cast<float>(1024 + mantissa), exponent - kBias - kMantissa);
  return (bits & 0x8000) != 0 ? -magnitude : magnitude;
}

uint16_t halfBits(double value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) {
    const auto payload = static_cast<uint16_t>((std::bit_cast<uint64_t>(value) >> (52 - kMantissa)) & 0x3ff);
    return sign | static_cast<uint16_t>(kInfinity) | (payload == 0 ? uint16_t{1} : payload);
  }
  if (magnitude >= kLeastInfinite) return sign | static_cast<uint16_t>(kInfinity);
  const int exponent = magnitude < std::ldexp(1.0, 1 - kBias) ? 1 - kBias : std::ilogb(magnitude);
  const double mantissa = std::nearbyint(std::ldexp(magnitude, kMantissa - exponent));
  const int lower = exponent == 1 - kBias && mantissa < 1024 ? 0 : (exponent + kBias - 1) << kMantissa;
  return sign | static_cast<uint16_t>(lower + static_cast<int>(mantissa));
}

bool halfReports(double value) {
  if (!std::isfinite(value)) return false;
  const double magnitude = std::fabs(value);
  return magnitude >= kLeastInfinite || (magnitude < std::ldexp(1.0, 1 - kBias) && static_cast<double>(halfToFloat(halfBits(value))) != value);
}

bool isWidened(ScalarOp op) {
  if (isMath(op)) return true;
  switch (op) {
    case ScalarOp::kAdd:
    case ScalarOp::kSub:
    case ScalarOp::kMul:
    case ScalarOp::kDiv:
    case ScalarOp::kSqrt:
    case ScalarOp::kFloor:
    case ScalarOp::kCeil:
    case ScalarOp::kTrunc:
    case ScalarOp::kRint: return true;
    default: return false;
  }
}

std::string emitHalfOp(ScalarOp op, int lanes, absl::Span<const std::string> args, IrBuilder& out) {
  const HalfBits bits(lanes, out);
  const Words& words = bits.words();
  switch (op) {
    case ScalarOp::kRank: return bits.rank(args[0]);
    case ScalarOp::kNeg: return words.binary("xor", args[0], ~kMagnitude);
    case ScalarOp::kAbs: return bits.magnitude(args[0]);
    case ScalarOp::kCopySign: return words.binary("or", bits.magnitude(args[0]), bits.sign(args[1]));
    case ScalarOp::kMin: return bits.extreme(SEGUE_FAULT(HalfExtremesTakeSecond) ? "slt" : "sle", args[0], args[1]);
    case ScalarOp::kMax: return bits.extreme(SEGUE_FAULT(HalfExtremesTakeSecond) ? "sgt" : "sge", args[0], args[1]);
    case ScalarOp::kEq: return bits.compare("eq", args[0], args[1]);
    case ScalarOp::kNe: return words.inverse(bits.compare("eq", args[0], args[1]));
    case ScalarOp::kLt: return bits.compare("slt", args[0], args[1]);
    case ScalarOp::kLe: return bits.compare("sle", args[0], args[1]);
    case ScalarOp::kGt: return bits.compare("sgt", args[0], args[1]);
    case ScalarOp::kGe: return bits.compare("sge", args[0], args[1]);
    case ScalarOp::kIsNan: return bits.isNan(args[0]);
    case ScalarOp::kIsInf: return words.binary("icmp eq", bits.magnitude(args[0]), kInfinity);
    case ScalarOp::kIsFinite: return words.binary("icmp slt", bits.magnitude(args[0]), kInfinity);
    case ScalarOp::kSignBit: return words.binary("icmp slt", args[0], 0);
    default: SEGUE_UNREACHABLE("not an operator that looks at bits");
  }
}

std::string emitHalfCombine(ScalarOp op, int lanes, absl::Span<const std::string> args, IrBuilder& out) {
  if (!isWidened(op)) return emitHalfOp(op, lanes, args, out);
  SEGUE_CHECK(takesSecondNan(op), "not a scan's operator");
  const std::string so_far = emitWiden(lanes, args[0], out), next = emitWiden(lanes, args[1], out);
  const std::string_view name = op == ScalarOp::kAdd ? "fadd " : "fmul ";
  const std::string value = out.define(name, typeOf(DType::kF32, lanes), " ", next, ", ", so_far);
  return emitNarrow(op == ScalarOp::kAdd ? Narrowing::kExact : Narrowing::kRounds, lanes, value, out);
}

std::string emitWiden(int lanes, const std::string& value, IrBuilder& out) {
  return convertsHalves() ? emitWidenByInstruction(lanes, value, out) : Conversion(DType::kF32, lanes, out).widened(value);
}

std::string emitNarrow(Narrowing how, int lanes, const std::string& value, IrBuilder& out) {
  // What reports by an operation of its own is never dropped.
  if (how == Narrowing::kKept || !convertsHalves()) return Conversion(DType::kF32, lanes, out).narrowed(value);
  return emitNarrowByInstruction(how, lanes, value, out);
}

std::string emitHalfCast(DType from, DType to, int lanes, const std::string& value, IrBuilder& out) {
  return from == DType::kF16 ? Conversion(to, lanes, out).widened(value) : Conversion(from, lanes, out).narrowed(value);
}

}  // namespace segue::llvm
