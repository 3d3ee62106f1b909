#include "backends/llvm/kernel_dag.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "backends/llvm/division.h"
#include "backends/llvm/half.h"
#include "base/check.h"

namespace segue::llvm {
namespace {

constexpr std::string_view kNames[] = {
    "load", "constant", "position", "cast", "widen", "narrow", "rank", "scan", "gather",
#define SEGUE_SCALAR_OP(name, text, arity) text,
#include "backends/llvm/scalar_ops.def"
#undef SEGUE_SCALAR_OP
};

/// By FoldOrder.
constexpr std::string_view kOrders[] = {"", " pairwise", " buffered"};

/// By Part.
constexpr std::string_view kParts[] = {"", " real", " imaginary"};

/// By Bounds.
constexpr std::string_view kBounds[] = {"", " clip"};

// Picoseconds for each byte of an element, in vectors of 32 bytes at 3 GHz, arrays in the second cache: an estimate that decides which runs
// are worth a second thread, no more.
constexpr int kCostOfMemory = 10;
constexpr int kCostOfOperation = 5;
constexpr int kCostOfGather = 50;
constexpr int kCostOfScatter = 100;
constexpr int kCostOfDivision = 50;
constexpr int kCostOfUnknownDivisor = 100;   ///< of integers
constexpr int kCostOfLongDivisor = 250;      ///< of 64 bits
constexpr int kCostOfMath = 190;
constexpr int kCostOfPower = 550;
constexpr uint64_t kMostCost = 1'000'000;

int costPerByte(ScalarOp op) {
  switch (op) {
    case ScalarOp::kConstant:
    case ScalarOp::kPosition: return 0;
    case ScalarOp::kLoad: return kCostOfMemory;
    case ScalarOp::kGather: return kCostOfGather;
    case ScalarOp::kDiv:
    case ScalarOp::kSqrt:
    case ScalarOp::kFloorDiv: return kCostOfDivision;
    case ScalarOp::kPow: return kCostOfPower;
    default: return isMath(op) ? kCostOfMath : kCostOfOperation;
  }
}

uint64_t infinityBits(DType dtype) {
  if (dtype == DType::kF16) return halfBits(HUGE_VAL);
  return dtype == DType::kF64 ? std::bit_cast<uint64_t>(HUGE_VAL) : std::bit_cast<uint32_t>(HUGE_VALF);
}

std::string printConstant(const Scalar& scalar) {
  if (scalar.dtype == DType::kF64) return absl::StrCat(std::bit_cast<double>(scalar.bits));
  if (scalar.dtype == DType::kF32) return absl::StrCat(std::bit_cast<float>(static_cast<uint32_t>(scalar.bits)));
  if (scalar.dtype == DType::kF16) return absl::StrCat(halfToFloat(static_cast<uint16_t>(scalar.bits)));
  return absl::StrCat(static_cast<int64_t>(scalar.bits));
}

/// Arithmetic with floats, which may set the floating-point status.
bool calculates(ScalarOp op, DType dtype) {
  const bool arithmetic = op >= ScalarOp::kAdd && op <= ScalarOp::kRint && op != ScalarOp::kNeg && op != ScalarOp::kAbs;
  return isFloating(dtype) && (arithmetic || isMath(op));
}
/// By instructions for floats: those of float16 are compared by their bits.
bool comparesAsFloats(DType dtype) { return isFloating(dtype) && dtype != DType::kF16; }
bool isCalculation(const Scalar& scalar) { return calculates(scalar.op == ScalarOp::kScan ? scanOp(scalar) : scalar.op, scalar.dtype); }

}  // namespace

std::string_view scalarOpName(ScalarOp op) { return kNames[static_cast<size_t>(op)]; }

std::optional<ScalarOp> scalarOpFromName(std::string_view name) {
  const auto* found = std::find(std::begin(kNames) + static_cast<size_t>(ScalarOp::kGather) + 1, std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<ScalarOp>(found - std::begin(kNames));
}

uint64_t neutralBits(ScalarOp combine, DType dtype) {
  const int bits = dtypeItemSize(dtype) * 8;
  const uint64_t all = UINT64_MAX >> (64 - bits), top = uint64_t{1} << (bits - 1);
  const bool is_signed = dtypeKind(dtype) == 'i';
  switch (combine) {
    case ScalarOp::kAdd: return isFloating(dtype) ? top : 0;   // -0.0: 0.0 would change its sign
    case ScalarOp::kMul:
      if (dtype == DType::kF16) return halfBits(1);
      return dtype == DType::kF64 ? std::bit_cast<uint64_t>(1.0) : dtype == DType::kF32 ? std::bit_cast<uint32_t>(1.0f) : 1;
    case ScalarOp::kOr: return 0;
    case ScalarOp::kAnd: return dtype == DType::kBool ? 1 : all;
    case ScalarOp::kMin: return isFloating(dtype) ? infinityBits(dtype) : is_signed ? all ^ top : all;
    case ScalarOp::kMax: return isFloating(dtype) ? infinityBits(dtype) | top : is_signed ? top : 0;
    default: SEGUE_UNREACHABLE("not a reduction's operator");
  }
}

ScalarId KernelDag::add(const Scalar& scalar) {
  auto [known, fresh] = known_.try_emplace(scalar, static_cast<ScalarId>(scalars_.size()));
  if (fresh) scalars_.push_back(scalar);
  return known->second;
}

ScalarId KernelDag::cast(ScalarId value, DType to) {
  const DType from = scalars_[value].dtype;
  if (from == to) return value;
  // NumPy goes by float32.
  if (to == DType::kF16 && !isFloating(from)) return narrow(cast(value, DType::kF32));
  if (from == DType::kF16 && !isFloating(to)) value = widen(value);
  return add({.op = ScalarOp::kCast, .dtype = to, .args = {value}, .arity = 1});
}

ScalarId KernelDag::widen(ScalarId value) {
  const Scalar& half = scalars_[value];
  if (half.op == ScalarOp::kConstant) return constant(DType::kF32, std::bit_cast<uint32_t>(halfToFloat(static_cast<uint16_t>(half.bits))));
  return add({.op = ScalarOp::kWiden, .dtype = DType::kF32, .args = {value}, .arity = 1});
}

ScalarId KernelDag::rank(ScalarId value, bool least) {
  if (least) value = apply(ScalarOp::kNeg, DType::kF16, {value});
  const ScalarId place = apply(ScalarOp::kRank, DType::kI16, {value});
  return least ? apply(ScalarOp::kNeg, DType::kI16, {place}) : place;
}

ScalarId KernelDag::apply(ScalarOp op, DType dtype, absl::Span<const ScalarId> args) {
  Scalar scalar{.op = op, .dtype = dtype, .arity = static_cast<uint8_t>(args.size())};
  std::copy(args.begin(), args.end(), scalar.args.begin());
  return add(scalar);
}

void KernelDag::keep(ScalarId value) {
  Scalar kept = scalars_[value];
  SEGUE_CHECK(!hasBits(kept), "only operators set a status");
  kept.bits = 1;
  add(kept);
}

void KernelDag::addResult(KernelOutput output) {
  output.result = resultCount();
  outputs_.push_back(output);
}

void KernelDag::storeParts(ScalarId real, ScalarId imaginary) {
  const uint32_t result = resultCount();
  outputs_.push_back({.value = real, .result = result, .part = Part::kReal});
  outputs_.push_back({.value = imaginary, .result = result, .part = Part::kImaginary});
}

uint32_t KernelDag::locate(ScalarOp combine, ScalarId position) {
  addResult({.value = position, .combine = combine});
  return static_cast<uint32_t>(outputs_.size()) - 1;
}

void KernelDag::addExtreme(uint32_t located, ScalarId value) {
  outputs_[located].extreme = static_cast<uint32_t>(outputs_.size());
  addResult({.value = value, .combine = outputs_[located].combine, .has_position = true});
}

/// Whether an operator sets a status, and compilers take it for one that does nothing but give a value.
bool KernelDag::setsStatus(const Scalar& scalar) const {
  if (scalar.arity == 0) return false;
  const bool from_floats = isFloating(scalars_[scalar.args[0]].dtype);
  if (scalar.op == ScalarOp::kCast) return from_floats && scalar.dtype != DType::kF64;
  if (scalar.op == ScalarOp::kNarrow) return true;
  return from_floats && ((scalar.op >= ScalarOp::kAdd && scalar.op <= ScalarOp::kFms) || scalar.op == ScalarOp::kSqrt);
}

/// The arguments without which there would be another value, as far as a compiler can know.
absl::Span<const ScalarId> KernelDag::usedArgs(const Scalar& scalar) const {
  const absl::Span<const ScalarId> args(scalar.args.data(), scalar.arity);
  if (scalar.op == ScalarOp::kWhere) {
    if (args[1] == args[2]) return args.subspan(1, 1);
    const Scalar& condition = scalars_[args[0]];
    if (condition.op == ScalarOp::kConstant) return args.subspan(condition.bits != 0 ? 1 : 2, 1);
  }
  // x & 0, x ^ x, x < 0 of unsigned ones, (x + y) - x …
  if (scalar.arity == 2 && !comparesAsFloats(scalars_[args[0]].dtype)) return {};
  // The sign of a float is that of what it was cast from.
  if (scalar.op == ScalarOp::kCopySign && scalars_[args[1]].op == ScalarOp::kCast) return args.subspan(0, 1);
  return args;
}

void KernelDag::keepStatus() {
  std::vector<bool> used(scalars_.size());
  for (const KernelOutput& output : outputs_) {
    used[output.value] = true;
    if (output.at) used[*output.at] = true;
  }
  for (size_t i = scalars_.size(); i-- > 0;) {
    Scalar& scalar = scalars_[i];
    // Comparisons that are quiet, calls, and what tells of indices out of bounds stay.
    const bool comparison = isComparison(scalar.op) || scalar.op == ScalarOp::kMin || scalar.op == ScalarOp::kMax;
    const bool called = isMath(scalar.op) || scalar.op == ScalarOp::kGather;
    const bool stays = isKept(scalar) || called || (comparison && comparesAsFloats(scalars_[scalar.args[0]].dtype));
    if (!used[i] && !stays) {
      if (!setsStatus(scalar)) continue;
      scalar.bits = 1;
    }
    for (const ScalarId arg : usedArgs(scalar)) used[arg] = true;
  }
}

bool KernelDag::reports() const {
  auto reports = [this](const Scalar& scalar) {
    if (isDivision(scalar.op)) return !dividesByPositive(*this, scalar);
    if (scalar.op == ScalarOp::kGeSignaling) return true;
    if (scalar.op != ScalarOp::kCast) return scalar.op == ScalarOp::kNarrow;
    return scalar.dtype == DType::kF16 || scalar.dtype == DType::kF32 || (isFloating(scalars_[scalar.args[0]].dtype) && isIntegral(scalar.dtype));
  };
  return std::any_of(scalars_.begin(), scalars_.end(), [&](const Scalar& scalar) {
           return isCalculation(scalar) || reports(scalar);
         }) ||
         std::any_of(outputs_.begin(), outputs_.end(),
                     [&](const KernelOutput& output) {
                       // (What is added up at indices reports nothing in NumPy.)
                       return output.combine && !output.at && calculates(*output.combine, scalars_[output.value].dtype);
                     });
}

uint32_t KernelDag::flops() const {
  const auto values = std::count_if(scalars_.begin(), scalars_.end(), isCalculation);
  const auto folds = std::count_if(outputs_.begin(), outputs_.end(), [this](const KernelOutput& output) {
    return output.combine && calculates(*output.combine, scalars_[output.value].dtype);
  });
  return static_cast<uint32_t>(values + folds);
}

bool KernelDag::hasMath() const {
  return std::any_of(scalars_.begin(), scalars_.end(), [](const Scalar& scalar) { return isMath(scalar.op); });
}

uint32_t KernelDag::cost() const {
  uint64_t out = 0;
  for (const Scalar& scalar : scalars_) {
    const DType dtype = scalar.arity > 0 ? scalars_[scalar.args[0]].dtype : scalar.dtype;
    const int bytes = std::max(dtypeItemSize(dtype), dtypeItemSize(scalar.dtype));
    const bool divides = isDivision(scalar.op) && !dividesByPositive(*this, scalar);
    const int each = !divides ? costPerByte(scalar.op) : bytes == 8 ? kCostOfLongDivisor : kCostOfUnknownDivisor;
    out += static_cast<uint64_t>(bytes * each);
  }
  for (const KernelOutput& output : outputs_) {
    const int each = output.at ? kCostOfScatter : output.combine ? kCostOfOperation : kCostOfMemory;
    out += static_cast<uint64_t>(dtypeItemSize(scalars_[output.value].dtype) * each);
  }
  return static_cast<uint32_t>(std::min<uint64_t>(out, kMostCost));
}

std::string KernelDag::print() const {
  std::string out;
  for (size_t i = 0; i < scalars_.size(); i++) {
    const Scalar& scalar = scalars_[i];
    absl::StrAppend(&out, "v", i, " = ", scalarOpName(scalar.op), " ", dtypeName(scalar.dtype));
    if (scalar.op == ScalarOp::kLoad) absl::StrAppend(&out, " ", inputOf(scalar), kParts[static_cast<size_t>(partOf(scalar))]);
    if (scalar.op == ScalarOp::kPosition) absl::StrAppend(&out, " ", scalar.bits);
    if (scalar.op == ScalarOp::kGather) absl::StrAppend(&out, " ", tableOf(scalar), kBounds[static_cast<size_t>(boundsOf(scalar))]);
    if (scalar.op == ScalarOp::kConstant) absl::StrAppend(&out, " ", printConstant(scalar));
    if (scalar.op == ScalarOp::kScan) absl::StrAppend(&out, " ", scalarOpName(scanOp(scalar)));
    if (isKept(scalar)) absl::StrAppend(&out, " kept");
    for (size_t k = 0; k < scalar.arity; k++) absl::StrAppend(&out, " v", scalar.args[k]);
    out += '\n';
  }
  for (const KernelOutput& output : outputs_) {
    if (output.has_position) continue;
    if (output.extreme) {
      absl::StrAppend(&out, "locate ", scalarOpName(*output.combine), " v", outputs_[*output.extreme].value, " v", output.value, "\n");
      continue;
    }
    if (output.at) {
      absl::StrAppend(&out, "scatter v", *output.at, " v", output.value, "\n");
      continue;
    }
    absl::StrAppend(&out, output.combine ? absl::StrCat("reduce ", scalarOpName(*output.combine)) : "store",
                    kParts[static_cast<size_t>(output.part)], " v", output.value,
                    kOrders[static_cast<size_t>(output.order)], output.narrows ? " f16" : "", "\n");
  }
  return out;
}

}  // namespace segue::llvm
