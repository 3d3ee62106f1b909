#include "backends/llvm/division.h"

#include <bit>

#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

bool isSigned(DType dtype) { return dtypeKind(dtype) == 'i'; }
int bitsOf(DType dtype) { return dtypeItemSize(dtype) * 8; }
/// Whose numbers hold all of the dtype's.
DType floatFor(DType dtype) { return bitsOf(dtype) <= 16 ? DType::kF32 : DType::kF64; }

/// The parts of a prepared divisor: all of them, then those of 64 bits and of others.
enum Part : uint8_t { kDivisor, kNotZero, kMinusOne, kSign, kFactor, kFactorHigh, kFirstShift, kLastShift, kReciprocal = kSign, kHalf };
static_assert(kLastShift + 1 == kDivisorParts);

/// The code of one division.
class Division {
 public:
  Division(DType dtype, int lanes, IrBuilder& out) : dtype_(dtype), lanes_(lanes), out_(out) {}

  std::string byPositive(const std::string& x, uint64_t divisor);
  std::string byElement(ScalarOp op, const std::string& x, const std::string& y);
  std::vector<DivisorPart> prepare(const std::string& y);
  std::string byPrepared(ScalarOp op, const std::string& x, absl::Span<const std::string> parts, absl::Span<const std::string> scalars);

 private:
  std::string type() const { return typeOf(dtype_, lanes_); }
  std::string constant(std::string_view value) const { return repeated(registerType(dtype_), value, lanes_); }
  std::string word(uint64_t value) const { return constant(absl::StrCat(static_cast<int64_t>(value))); }
  std::string least() const { return constant(absl::StrCat(INT64_MIN >> (64 - bitsOf(dtype_)))); }
  std::string binary(std::string_view name, std::string_view a, std::string_view b) {
    return out_.define(name, " ", type(), " ", a, ", ", b);
  }
  std::string select(std::string_view condition, std::string_view yes, std::string_view no) {
    return out_.define("select ", vectorOf("i1", lanes_), " ", condition, ", ", type(), " ", yes, ", ", type(), " ", no);
  }
  std::string both(std::string_view a, std::string_view b) { return out_.define("and ", vectorOf("i1", lanes_), " ", a, ", ", b); }
  /// All bits where the condition holds, else none.
  std::string mask(std::string_view condition) {
    return out_.define("sext ", vectorOf("i1", lanes_), " ", condition, " to ", type());
  }

  std::string any(const std::string& condition) { return out_.anyLane(lanes_, condition); }
  void reportZero(std::string_view condition);
  void reportOverflow(std::string_view condition);

  std::string real(std::string_view name, DType real, std::string_view a, std::string_view b) {
    return out_.define(name, " ", typeOf(real, lanes_), " ", a, ", ", b);
  }
  std::string toFloat(std::string_view x) {
    return out_.define(isSigned(dtype_) ? "sitofp " : "uitofp ", type(), " ", x, " to ", typeOf(floatFor(dtype_), lanes_));
  }
  std::string fromFloat(const std::string& x);
  std::string remainder(std::string_view x, std::string_view quotient, std::string_view y) {
    return binary("sub", x, binary("mul", quotient, y));
  }
  std::string roundedQuotient(bool floors, std::string_view x, std::string_view y);
  std::string longDivision(ScalarOp op, const std::string& x, const std::string& y);
  std::string longQuotient(const std::string& x, absl::Span<const std::string> parts);
  std::string shortQuotient(std::string_view x, absl::Span<const std::string> parts);
  std::string quotient(const std::string& x, uint64_t divisor);
  std::string halfQuotient(std::string_view x, uint64_t divisor);
  std::string wholeQuotient(const std::string& x, std::string_view factor, std::string_view high, std::string_view first_shift,
                            std::string_view last_shift);
  std::string upperHalf(std::string_view x, std::string_view factor, std::string_view factor_high);

  const DType dtype_;
  const int lanes_;
  IrBuilder& out_;
};

/// Towards minus infinity. Negative dividends are counted from -1 downwards: floor(x / d) is ~(~x / d) for them.
std::string Division::byPositive(const std::string& x, uint64_t divisor) {
  if (!isSigned(dtype_)) return quotient(x, divisor);
  const std::string sign = binary("ashr", x, constant(absl::StrCat(bitsOf(dtype_) - 1)));
  if (SEGUE_FAULT(KernelDividesTowardsZero)) return quotient(x, divisor);
  return binary("xor", quotient(binary("xor", x, sign), divisor), sign);
}

/// Of unsigned numbers, or others that are not negative. LLVM divides by constants with a product's upper half, for which no instruction takes
/// vectors of 64 bits: that one is made here.
std::string Division::quotient(const std::string& x, uint64_t divisor) {
  if (lanes_ == 1 || std::has_single_bit(divisor) || bitsOf(dtype_) < 64) return binary("udiv", x, word(divisor));
  if (isSigned(dtype_)) return halfQuotient(x, divisor);
  const uint64_t factor = divisorMultiplier(divisor);
  const auto width = static_cast<uint64_t>(std::bit_width(divisor - 1));
  return wholeQuotient(x, word(factor), word(factor >> 32), word(1), word(width - 1));
}

/// Of 63 bits: x / d is the upper half of x m, shifted, for m = ceil(2**(64 + shift) / d) with 2**shift < d < 2**(shift + 1)
/// (Granlund and Montgomery, "Division by invariant integers using multiplication", 1994, theorem 4.2, which asks for
/// 2**(64 + shift) <= m d <= 2**(64 + shift) + 2**(shift + 1)).
std::string Division::halfQuotient(std::string_view x, uint64_t divisor) {
  const int shift = std::bit_width(divisor) - 1;
  const auto factor = static_cast<uint64_t>(((static_cast<unsigned __int128>(1) << (64 + shift)) + divisor - 1) / divisor);
  return binary("lshr", upperHalf(x, word(factor), word(factor >> 32)), word(static_cast<uint64_t>(shift)));
}

/// Of 64 bits: (t + (x - t) / 2) / 2**(width - 1), for t the upper half of x m (figure 4.1; of d = 1, whose m is 1, x itself).
std::string Division::wholeQuotient(const std::string& x, std::string_view factor, std::string_view high, std::string_view first_shift,
                                    std::string_view last_shift) {
  const std::string upper = upperHalf(x, factor, high);
  return binary("lshr", binary("add", upper, binary("lshr", binary("sub", x, upper), first_shift)), last_shift);
}

/// Of the product of x and `factor`, whose upper half is `m_high`. Products of 32 bits are single instructions where LLVM sees that they are ones.
std::string Division::upperHalf(std::string_view x, std::string_view factor, std::string_view factor_high) {
  auto lower = [this](std::string_view value) { return binary("and", value, word(0xffffffff)); };
  auto upper = [this](std::string_view value) { return binary("lshr", value, word(32)); };
  const std::string low = lower(x), high = upper(x), m_low = lower(factor), m_high = lower(factor_high);
  const std::string middle = binary("add", binary("mul", high, m_low), upper(binary("mul", low, m_low)));
  const std::string carry = binary("add", binary("mul", low, m_high), lower(middle));
  return binary("add", binary("add", binary("mul", high, m_high), upper(middle)), upper(carry));
}

/// Divides by 0 where the bit is set.
void Division::reportZero(std::string_view condition) {
  if (SEGUE_FAULT(KernelZeroDivisorsUnseen)) return;
  const std::string divisor = out_.define("select i1 ", condition, ", double 0.0, double 1.0");
  out_.constrained("fdiv", DType::kF64, 1, {"1.0", divisor});
}

/// Overflows where the bit is set.
void Division::reportOverflow(std::string_view condition) {
  const std::string most = literal(DType::kF64, 0x7fefffffffffffff);
  const std::string factor = out_.define("select i1 ", condition, ", double 2.0, double 1.0");
  out_.constrained("fmul", DType::kF64, 1, {most, factor});
}

/// Of a whole number, whose lowest bits it takes. Doubles get them in front of the point by a sum, as AVX2 has no conversion to 32 unsigned bits,
/// and none that sets no status for what has more.
std::string Division::fromFloat(const std::string& x) {
  const DType from = floatFor(dtype_);
  if (from == DType::kF32) {
    const std::string whole = out_.define("fptosi ", typeOf(from, lanes_), " ", x, " to ", vectorOf("i32", lanes_));
    return out_.define("trunc ", vectorOf("i32", lanes_), " ", whole, " to ", type());
  }
  const std::string shifted = real("fadd", from, x, repeated("double", literal(from, 0x4338000000000000), lanes_));   // 1.5 * 2**52
  const std::string bits = out_.define("bitcast ", typeOf(from, lanes_), " ", shifted, " to ", vectorOf("i64", lanes_));
  return out_.define("trunc ", vectorOf("i64", lanes_), " ", bits, " to ", type());
}

/// As floats, for up to 32 bits. A quotient below an integer n is at least 1 / y below it, and rounded by less: by n 2**-53 at most (of 16 bits,
/// n 2**-24), where n y is no more than 2**33 (2**17).
std::string Division::roundedQuotient(bool floors, std::string_view x, std::string_view y) {
  const std::string exact = real("fdiv", floatFor(dtype_), toFloat(x), toFloat(y));
  return fromFloat(out_.intrinsic(floors ? "floor" : "trunc", floatFor(dtype_), lanes_, {exact}));
}

std::string Division::byElement(ScalarOp op, const std::string& x, const std::string& y) {
  const std::string zero = binary("icmp eq", y, constant("0"));
  reportZero(any(zero));
  std::string safe = select(zero, constant("1"), y);
  if (isSigned(dtype_)) {
    const std::string wraps = both(binary("icmp eq", x, least()), binary("icmp eq", y, constant("-1")));
    if (op == ScalarOp::kFloorDiv && !SEGUE_FAULT(KernelQuotientsWrapUnseen)) reportOverflow(any(wraps));
    if (bitsOf(dtype_) == 64) safe = select(wraps, constant("1"), safe);   // the processor's instruction would fail
  }
  std::string result;
  if (bitsOf(dtype_) == 64) {
    result = longDivision(op, x, safe);
  } else {
    result = roundedQuotient(op != ScalarOp::kFmod, x, safe);
    if (op != ScalarOp::kFloorDiv) result = remainder(x, result, safe);
  }
  return op == ScalarOp::kFloorDiv ? select(zero, constant("0"), result) : result;   // the remainder of a division by 1 is 0
}

/// Of 64 bits, by the processor's instruction, which rounds towards zero.
std::string Division::longDivision(ScalarOp op, const std::string& x, const std::string& y) {
  const bool sign = isSigned(dtype_);
  const std::string cut = binary(sign ? "sdiv" : "udiv", x, y);
  if (!sign) return op == ScalarOp::kFloorDiv ? cut : remainder(x, cut, y);
  const std::string rest = remainder(x, cut, y);
  if (op == ScalarOp::kFmod) return rest;
  const std::string differs = binary("icmp slt", binary("xor", rest, y), constant("0"));
  const std::string below = mask(both(binary("icmp ne", rest, constant("0")), differs));
  return op == ScalarOp::kFloorDiv ? binary("add", cut, below) : binary("add", rest, binary("and", below, y));
}

std::vector<DivisorPart> Division::prepare(const std::string& y) {
  const std::string zero = binary("icmp eq", y, "0");
  reportZero(zero);
  const std::string safe = select(zero, "1", y);
  const std::string minus_one = isSigned(dtype_) ? binary("icmp eq", y, "-1") : "false";
  std::vector<DivisorPart> parts = {{type(), safe}, {type(), select(zero, "0", "-1")}, {"i1", minus_one}};
  if (bitsOf(dtype_) < 64) {
    const DType floating = floatFor(dtype_);
    const std::string divisor = toFloat(safe), half = literal(floating, floating == DType::kF64 ? 0x3fe0000000000000 : 0x3f000000);
    parts.push_back({registerType(floating), real("fdiv", floating, "1.0", divisor)});
    parts.push_back({registerType(floating), out_.intrinsic("copysign", floating, 1, {half, divisor})});
    parts.resize(kDivisorParts);
    return parts;
  }
  const std::string sign = isSigned(dtype_) ? binary("ashr", safe, "63") : "0";
  const std::string magnitude = binary("sub", binary("xor", safe, sign), sign);
  out_.declare("declare i64 @segue_divisor_multiplier(i64)");
  const std::string factor = out_.define("call i64 @segue_divisor_multiplier(i64 ", magnitude, ") strictfp");
  out_.declare("declare i64 @llvm.ctlz.i64(i64, i1)");
  const std::string zeros = out_.define("call i64 @llvm.ctlz.i64(i64 ", binary("sub", magnitude, "1"), ", i1 false)");
  const std::string width = binary("sub", "64", zeros), first = out_.intrinsic("umin", dtype_, 1, {width, "1"});
  parts.insert(parts.end(), {{type(), sign},
                             {type(), factor},
                             {type(), binary("lshr", factor, "32")},
                             {type(), first},
                             {type(), binary("sub", width, first)}});
  return parts;
}

/// x / y as (x + 1/2) (1 / y), for up to 32 bits: the middle between quotients is at least 1 / (2 y) away from each integer, and rounded by
/// less. For negative divisors it is x - 1/2.
std::string Division::shortQuotient(std::string_view x, absl::Span<const std::string> parts) {
  const DType floating = floatFor(dtype_);
  const std::string middle = real("fmul", floating, real("fadd", floating, toFloat(x), parts[kHalf]), parts[kReciprocal]);
  return fromFloat(out_.intrinsic("floor", floating, lanes_, {middle}));
}

/// x / y, of 64 bits, as the quotient of unsigned numbers z / |y|: z is x or -x, and negative ones are counted from -1 downwards.
std::string Division::longQuotient(const std::string& x, absl::Span<const std::string> parts) {
  std::string dividend = x, counted;
  if (isSigned(dtype_)) {
    const std::string turned = binary("sub", binary("xor", x, parts[kSign]), parts[kSign]);
    // -x of the least integer is 2**63, not a negative number.
    const std::string positive = binary("and", x, parts[kSign]);
    counted = binary("ashr", binary("and", turned, binary("xor", positive, constant("-1"))), constant("63"));
    dividend = binary("xor", turned, counted);
  }
  const std::string quotient = wholeQuotient(dividend, parts[kFactor], parts[kFactorHigh], parts[kFirstShift], parts[kLastShift]);
  return isSigned(dtype_) ? binary("xor", quotient, counted) : quotient;
}

std::string Division::byPrepared(ScalarOp op, const std::string& x, absl::Span<const std::string> parts, absl::Span<const std::string> scalars) {
  if (isSigned(dtype_) && op == ScalarOp::kFloorDiv && !SEGUE_FAULT(KernelQuotientsWrapUnseen)) {
    reportOverflow(out_.define("and i1 ", any(binary("icmp eq", x, least())), ", ", scalars[kMinusOne]));
  }
  const std::string result = bitsOf(dtype_) == 64 ? longQuotient(x, parts) : shortQuotient(x, parts);
  return op == ScalarOp::kFloorDiv ? binary("and", result, parts[kNotZero]) : remainder(x, result, parts[kDivisor]);
}

}  // namespace

bool dividesByPositive(const KernelDag& dag, const Scalar& division) {
  const Scalar& divisor = dag[division.args[1]];
  const int unused = 64 - bitsOf(divisor.dtype);
  if (divisor.op != ScalarOp::kConstant || division.op == ScalarOp::kFmod) return false;
  return isSigned(divisor.dtype) ? static_cast<int64_t>(divisor.bits << unused) > 0 : divisor.bits << unused != 0;
}

bool preparesDivisor(const KernelDag& dag, const Scalar& division) {
  return (division.op == ScalarOp::kFloorDiv || division.op == ScalarOp::kMod) && !dividesByPositive(dag, division);
}

int divisionWidth(DType dtype) { return bitsOf(dtype) == 64 ? 8 : dtypeItemSize(floatFor(dtype)); }

std::vector<DivisorPart> prepareDivisor(DType dtype, const std::string& value, IrBuilder& out) { return Division(dtype, 1, out).prepare(value); }

std::string emitPreparedDivision(const Scalar& division, int lanes, const std::string& value, absl::Span<const std::string> parts,
                                 absl::Span<const std::string> scalars, IrBuilder& out) {
  return Division(division.dtype, lanes, out).byPrepared(division.op, value, parts, scalars);
}

std::string emitDivision(const KernelDag& dag, const Scalar& division, int lanes, absl::Span<const std::string> args, IrBuilder& out) {
  Division code(division.dtype, lanes, out);
  if (!dividesByPositive(dag, division)) return code.byElement(division.op, args[0], args[1]);
  SEGUE_CHECK(division.op == ScalarOp::kFloorDiv, "remainders of constants are made of their quotients");
  return code.byPositive(args[0], dag[division.args[1]].bits);
}

uint64_t divisorMultiplier(uint64_t divisor) {
  const int width = std::bit_width(divisor - 1);
  const unsigned __int128 rest = (static_cast<unsigned __int128>(1) << width) - divisor;
  return static_cast<uint64_t>((rest << 64) / divisor + 1);
}

}  // namespace segue::llvm
