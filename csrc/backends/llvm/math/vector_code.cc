#include "backends/llvm/math/vector_code.h"

#include <bit>

#include "absl/strings/str_join.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

constexpr int kSlotAlign = 64;

std::string realType(const VectorCode& code, DType dtype) { return typeOf(dtype, code.lanes()); }
std::string intType(const VectorCode& code, DType dtype) { return vectorOf(bitsType(dtype), code.lanes()); }
std::string maskType(const VectorCode& code) { return vectorOf("i1", code.lanes()); }

Real arithmetic(std::string_view op, const Real& a, const Real& b) {
  SEGUE_CHECK(a.dtype == b.dtype, "operands of two dtypes");
  return {a.code, a.dtype, a.code->out().define(op, " ", realType(*a.code, a.dtype), " ", a.text, ", ", b.text)};
}

Bits integer(std::string_view op, const Bits& a, const Bits& b) {
  SEGUE_CHECK(a.dtype == b.dtype, "operands of two widths");
  return {a.code, a.dtype, a.code->out().define(op, " ", intType(*a.code, a.dtype), " ", a.text, ", ", b.text)};
}

Mask compare(std::string_view predicate, const Bits& a, const Bits& b) {
  return {a.code, a.code->out().define("icmp ", predicate, " ", intType(*a.code, a.dtype), " ", a.text, ", ", b.text)};
}

Mask combine(std::string_view op, const Mask& a, const Mask& b) {
  return {a.code, a.code->out().define(op, " ", maskType(*a.code), " ", a.text, ", ", b.text)};
}

Real like(const Real& x, double value) { return x.code->constant(x.dtype, value); }
Bits like(const Bits& x, uint64_t value) { return x.code->bits(x.dtype, value); }

std::string choose(const Mask& mask, const std::string& type, const std::string& yes, const std::string& no) {
  return mask.code->out().define("select ", maskType(*mask.code), " ", mask.text, ", ", type, " ", yes, ", ", type, " ", no);
}

}  // namespace

Real operator+(const Real& a, const Real& b) { return arithmetic("fadd", a, b); }
Real operator-(const Real& a, const Real& b) { return arithmetic("fsub", a, b); }
Real operator*(const Real& a, const Real& b) { return arithmetic("fmul", a, b); }
Real operator/(const Real& a, const Real& b) { return arithmetic("fdiv", a, b); }
Real operator-(const Real& a) { return {a.code, a.dtype, a.code->out().define("fneg ", realType(*a.code, a.dtype), " ", a.text)}; }
Real operator+(const Real& a, double b) { return a + like(a, b); }
Real operator-(const Real& a, double b) { return a - like(a, b); }
Real operator*(const Real& a, double b) { return a * like(a, b); }
Real operator+(double a, const Real& b) { return like(b, a) + b; }
Real operator-(double a, const Real& b) { return like(b, a) - b; }
Real operator*(double a, const Real& b) { return like(b, a) * b; }
Real operator/(double a, const Real& b) { return like(b, a) / b; }
Real operator/(const Real& a, double b) { return a / like(a, b); }

Bits operator+(const Bits& a, const Bits& b) { return integer("add", a, b); }
Bits operator-(const Bits& a, const Bits& b) { return integer("sub", a, b); }
Bits operator&(const Bits& a, const Bits& b) { return integer("and", a, b); }
Bits operator|(const Bits& a, const Bits& b) { return integer("or", a, b); }
Bits operator^(const Bits& a, const Bits& b) { return integer("xor", a, b); }
Bits operator+(const Bits& a, uint64_t b) { return a + like(a, b); }
Bits operator-(const Bits& a, uint64_t b) { return a - like(a, b); }
Bits operator&(const Bits& a, uint64_t b) { return a & like(a, b); }
Bits operator|(const Bits& a, uint64_t b) { return a | like(a, b); }
Bits operator<<(const Bits& a, int count) { return integer("shl", a, like(a, static_cast<uint64_t>(count))); }
Bits operator>>(const Bits& a, int count) { return integer("lshr", a, like(a, static_cast<uint64_t>(count))); }

Mask operator<(const Bits& a, const Bits& b) { return compare("ult", a, b); }
Mask operator<(const Bits& a, uint64_t b) { return compare("ult", a, like(a, b)); }
Mask operator>(const Bits& a, uint64_t b) { return compare("ugt", a, like(a, b)); }
Mask operator>=(const Bits& a, uint64_t b) { return compare("uge", a, like(a, b)); }
Mask operator==(const Bits& a, uint64_t b) { return compare("eq", a, like(a, b)); }
Mask operator==(const Bits& a, const Bits& b) { return compare("eq", a, b); }
Mask operator&(const Mask& a, const Mask& b) { return combine("and", a, b); }
Mask operator|(const Mask& a, const Mask& b) { return combine("or", a, b); }
Mask operator!(const Mask& a) {
  return {a.code, a.code->out().define("xor ", maskType(*a.code), " ", a.text, ", ", repeated("i1", "true", a.code->lanes()))};
}

Bits bitsOf(const Real& x) {
  return {x.code, x.dtype, x.code->out().define("bitcast ", realType(*x.code, x.dtype), " ", x.text, " to ", intType(*x.code, x.dtype))};
}

Real realOf(const Bits& x) {
  return {x.code, x.dtype, x.code->out().define("bitcast ", intType(*x.code, x.dtype), " ", x.text, " to ", realType(*x.code, x.dtype))};
}

Real sqrt(const Real& x) { return {x.code, x.dtype, x.code->out().intrinsic("sqrt", x.dtype, x.code->lanes(), {x.text})}; }

Real mulAdd(const Real& a, const Real& b, const Real& c) {
  if (!a.code->fused()) return a * b + c;
  return {a.code, a.dtype, a.code->out().intrinsic("fma", a.dtype, a.code->lanes(), {a.text, b.text, c.text})};
}
Real mulAdd(const Real& a, double b, const Real& c) { return mulAdd(a, like(a, b), c); }
Real mulAdd(const Real& a, const Real& b, double c) { return mulAdd(a, b, like(a, c)); }
Real mulAdd(const Real& a, double b, double c) { return mulAdd(a, like(a, b), like(a, c)); }

Real select(const Mask& mask, const Real& yes, const Real& no) {
  SEGUE_CHECK(yes.dtype == no.dtype, "a choice of two dtypes");
  return {mask.code, yes.dtype, choose(mask, realType(*mask.code, yes.dtype), yes.text, no.text)};
}
Real select(const Mask& mask, const Real& yes, double no) { return select(mask, yes, like(yes, no)); }
Real select(const Mask& mask, double yes, const Real& no) { return select(mask, like(no, yes), no); }
Real select(const Mask& mask, double yes, double no, DType dtype) {
  return select(mask, mask.code->constant(dtype, yes), mask.code->constant(dtype, no));
}
Bits select(const Mask& mask, const Bits& yes, const Bits& no) {
  return {mask.code, yes.dtype, choose(mask, intType(*mask.code, yes.dtype), yes.text, no.text)};
}

Real widen(const Real& x) {
  return {x.code, DType::kF64, x.code->out().define("fpext ", realType(*x.code, DType::kF32), " ", x.text, " to ", realType(*x.code, DType::kF64))};
}

Real narrow(const Real& x) {
  return {x.code, DType::kF32, x.code->out().define("fptrunc ", realType(*x.code, DType::kF64), " ", x.text, " to ", realType(*x.code, DType::kF32))};
}

Real polynomial(const Real& x, const Polynomial& coefficients) {
  const absl::Span<const double> all = x.code->dtype() == DType::kF32 ? coefficients.of_float : coefficients.of_double;
  Real sum = like(x, SEGUE_FAULT(MathCoefficientOff) ? all.back() * 1.001 : all.back());
  for (size_t i = all.size() - 1; i-- > 0;) sum = mulAdd(sum, x, all[i]);
  return sum;
}

uint64_t bitsOf(DType dtype, double value) {
  return dtype == DType::kF64 ? std::bit_cast<uint64_t>(value) : std::bit_cast<uint32_t>(static_cast<float>(value));
}

VectorCode::VectorCode(DType dtype, int lanes, bool fused, int arguments) : dtype_(dtype), lanes_(lanes), fused_(fused) {
  for (int i = 0; i < arguments; i++) arguments_.push_back({this, dtype, absl::StrCat("%x", i)});
}

Real VectorCode::constant(DType dtype, double value) {
  return {this, dtype, repeated(registerType(dtype), literal(dtype, llvm::bitsOf(dtype, value)), lanes_)};
}

Bits VectorCode::bits(DType dtype, uint64_t value) {
  const auto number = static_cast<int64_t>(dtype == DType::kF32 ? static_cast<uint64_t>(static_cast<int32_t>(value)) : value);
  return {this, dtype, repeated(bitsType(dtype), absl::StrCat(number), lanes_)};
}

Mask VectorCode::any(const Mask& mask) {
  if (lanes_ == 1) return mask;
  const std::string bits = out_.define("bitcast ", maskType(*this), " ", mask.text, " to i", lanes_);
  return {this, out_.define("icmp ne i", lanes_, " ", bits, ", 0")};
}

Real VectorCode::patch(const Mask& special, const Real& value, const std::function<Real()>& otherwise) {
  const int number = blocks_++;
  const std::string slow = absl::StrCat("special", number), done = absl::StrCat("done", number), before = block_;
  out_.line("br i1 ", any(special).text, ", label %", slow, ", label %", done);
  out_.label(slow);
  block_ = slow;
  Real patched = otherwise();
  if (!SEGUE_FAULT(MathPatchesAll)) patched = select(special, patched, value);
  out_.line("br label %", done);
  const std::string after = std::exchange(block_, done);
  out_.label(done);
  const std::string type = realType(*this, value.dtype);
  return {this, value.dtype, out_.define("phi ", type, " [ ", value.text, ", %", before, " ], [ ", patched.text, ", %", after, " ]")};
}

Real VectorCode::library(std::string_view name, const Mask& mask, absl::Span<const Real> args, const Real& value) {
  const std::string type = realType(*this, value.dtype);
  const std::string function = absl::StrCat("@segue_", name, value.dtype == DType::kF32 ? "_f32" : "_f64");
  auto store = [&](const Real& real) {
    const std::string slot = absl::StrCat("%slot", slot_count_++);
    absl::StrAppend(&slots_, slot, " = alloca ", type, ", align ", kSlotAlign, "\n");
    out_.line("store ", type, " ", real.text, ", ptr ", slot, ", align ", kSlotAlign);
    return slot;
  };
  std::vector<std::string> places;
  for (const Real& arg : args) places.push_back(store(arg));
  places.push_back(store(value));
  std::string lanes = mask.text;
  if (lanes_ > 1) lanes = out_.define("bitcast ", maskType(*this), " ", lanes, " to i", lanes_);
  if (lanes_ < 64) lanes = out_.define("zext i", lanes_, " ", lanes, " to i64");
  std::string types, passed;
  for (const std::string& place : places) {
    types += "ptr, ";
    absl::StrAppend(&passed, "ptr ", place, ", ");
  }
  out_.declare(absl::StrCat("declare void ", function, "(", types, "i64)"));
  out_.line("call void ", function, "(", passed, "i64 ", lanes, ")");
  return {this, value.dtype, out_.define("load ", type, ", ptr ", places.back(), ", align ", kSlotAlign)};
}

std::string VectorCode::finish(std::string_view name, const Real& result) {
  const std::string type = realType(*this, dtype_);
  out_.line("ret ", type, " ", result.text);
  out_.line("}");
  auto argument = [&type](std::string* text, const Real& real) { absl::StrAppend(text, type, " ", real.text); };
  return absl::StrCat("define ", type, " @", name, "(", absl::StrJoin(arguments_, ", ", argument), ") #0 {\nentry:\n", slots_, out_.finish());
}

}  // namespace segue::llvm
