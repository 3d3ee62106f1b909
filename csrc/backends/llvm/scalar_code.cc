#include "backends/llvm/scalar_code.h"

#include <bit>

#include "backends/llvm/division.h"
#include "backends/llvm/half.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

bool isSigned(DType dtype) { return dtypeKind(dtype) == 'i'; }

std::string_view floatPredicate(ScalarOp op) {
  switch (op) {
    case ScalarOp::kEq: return "oeq";
    case ScalarOp::kNe: return "une";
    case ScalarOp::kLt: return "olt";
    case ScalarOp::kLe: return "ole";
    case ScalarOp::kGt: return "ogt";
    case ScalarOp::kGe: return "oge";
    default: SEGUE_UNREACHABLE("not a comparison");
  }
}

std::string integerPredicate(ScalarOp op, bool is_signed) {
  if (op == ScalarOp::kEq || op == ScalarOp::kNe) return op == ScalarOp::kEq ? "eq" : "ne";
  return absl::StrCat(is_signed ? "s" : "u", floatPredicate(op).substr(1));
}

/// Whether code generation would replace the operator by another that treats NaNs otherwise: x * -1 by -x, x - 0 by x.
bool isReplaced(const KernelDag& dag, const Scalar& scalar) {
  for (size_t k = 0; k < scalar.arity; k++) {
    const Scalar& arg = dag[scalar.args[k]];
    if (arg.op != ScalarOp::kConstant || !isFloating(arg.dtype) || arg.dtype == DType::kF16) continue;
    const double value = arg.dtype == DType::kF64 ? std::bit_cast<double>(arg.bits) : std::bit_cast<float>(static_cast<uint32_t>(arg.bits));
    if (value == 0 || value == 1 || value == -1) return true;
  }
  return false;
}

/// The code of one operation. `dtype_` is that of its arguments, which have one but for `where`.
class ScalarCode {
 public:
  ScalarCode(ScalarOp op, DType dtype, DType result, int lanes, absl::Span<const std::string> args, IrBuilder& out)
      : op_(op), dtype_(dtype), result_(result), lanes_(lanes), args_(args), out_(out) {}

  /// No pass may replace the operator.
  ScalarCode& constrain() {
    constrained_ = true;
    return *this;
  }

  std::string emit() {
    if (dtype_ == DType::kF16 && op_ != ScalarOp::kCast && op_ != ScalarOp::kWhere) return emitHalfOp(op_, lanes_, args_, out_);
    const bool real = isFloating(dtype_);
    switch (op_) {
      case ScalarOp::kCast: return cast();
      case ScalarOp::kAdd: return real ? arithmetic("fadd") : binary("add", args_[0], args_[1]);
      case ScalarOp::kSub: return real ? arithmetic("fsub") : binary("sub", args_[0], args_[1]);
      case ScalarOp::kMul: return real ? arithmetic("fmul") : binary("mul", args_[0], args_[1]);
      case ScalarOp::kDiv: return arithmetic("fdiv");
      case ScalarOp::kFma:
      case ScalarOp::kFms: return fused();
      case ScalarOp::kAnd: return binary("and", args_[0], args_[1]);
      case ScalarOp::kOr: return binary("or", args_[0], args_[1]);
      case ScalarOp::kXor: return binary("xor", args_[0], args_[1]);
      case ScalarOp::kNot: return binary("xor", args_[0], constant(dtype_ == DType::kBool ? "true" : "-1"));
      case ScalarOp::kNeg: return real ? negated() : binary("sub", constant("0"), args_[0]);
      case ScalarOp::kAbs: return absolute();
      case ScalarOp::kSqrt: return constrained_ ? out_.constrained("sqrt", dtype_, lanes_, args_) : intrinsic();
      case ScalarOp::kFloor:
      case ScalarOp::kCeil:
      case ScalarOp::kTrunc:
      case ScalarOp::kRint:
      case ScalarOp::kCopySign: return intrinsic();
      case ScalarOp::kGeSignaling: return out_.compareSignaling("oge", dtype_, lanes_, args_);
      case ScalarOp::kIsNan: return out_.define("fcmp uno ", type(), " ", args_[0], ", ", args_[0]);
      case ScalarOp::kIsInf: return compareToInfinity("oeq");
      case ScalarOp::kIsFinite: return compareToInfinity("one");
      case ScalarOp::kSignBit: return signBit();
      case ScalarOp::kMin: return extreme("lt");
      case ScalarOp::kMax: return extreme("gt");
      case ScalarOp::kShl:
      case ScalarOp::kShr: return shift();
      case ScalarOp::kWhere: return select(args_[0], typeOf(result_, lanes_), args_[1], args_[2]);
      default: return comparison();
    }
  }

 private:
  std::string type() const { return typeOf(dtype_, lanes_); }
  std::string constant(std::string_view value) const { return repeated(registerType(dtype_), value, lanes_); }
  std::string binary(std::string_view name, std::string_view a, std::string_view b) {
    return out_.define(name, " ", type(), " ", a, ", ", b);
  }
  std::string select(std::string_view condition, std::string_view type, std::string_view yes, std::string_view no) {
    return out_.define("select ", vectorOf("i1", lanes_), " ", condition, ", ", type, " ", yes, ", ", type, " ", no);
  }

  std::string intrinsic() { return out_.intrinsic(scalarOpName(op_), dtype_, lanes_, args_); }

  std::string cast() {
    const DType to = result_;
    if (dtype_ == DType::kF16 || to == DType::kF16) return emitHalfCast(dtype_, to, lanes_, args_[0], out_);
    std::string_view how;
    if (dtype_ == DType::kBool && isFloating(to)) return oneOrZero(to);
    if (isFloating(dtype_) && isIntegral(to)) {
      how = "fptosi";
    } else if (isFloating(dtype_)) {
      how = to == DType::kF64 ? "fpext" : "fptrunc";
    } else if (isFloating(to)) {
      how = isSigned(dtype_) ? "sitofp" : "uitofp";
    } else if (dtypeItemSize(to) == dtypeItemSize(dtype_) && dtype_ != DType::kBool) {
      return args_[0];
    } else if (dtypeItemSize(to) < dtypeItemSize(dtype_)) {
      how = "trunc";
    } else {
      how = isSigned(dtype_) ? "sext" : "zext";
    }
    if (constrained_ && isFloating(dtype_)) return out_.constrainedCast(how, dtype_, to, lanes_, args_[0]);
    return out_.define(how, " ", type(), " ", args_[0], " to ", typeOf(to, lanes_));
  }

  /// Of a truth as a float: masked moves take less time than going by way of integers.
  std::string oneOrZero(DType to) {
    const std::string element = registerType(to);
    auto all = [&](uint64_t bits) { return repeated(element, literal(to, bits), lanes_); };
    return select(args_[0], typeOf(to, lanes_), all(neutralBits(ScalarOp::kMul, to)), all(0));
  }

  /// Passes would make y - x of -x + y, and x * -2 of -(x * 2), which gives NaNs another sign: they are not shown what is negated, and what uses it.
  std::string negated() {
    auto hidden = [this](const std::string& value) { return out_.intrinsic("arithmetic.fence", dtype_, lanes_, {value}); };
    if (SEGUE_FAULT(KernelNegationsMoved)) return out_.define("fneg ", type(), " ", args_[0]);
    return hidden(out_.define("fneg ", type(), " ", hidden(args_[0])));
  }

  /// a * b + c or a * b - c, rounded once. Instructions subtract themselves: a NaN that is c keeps its sign.
  std::string fused() {
    std::string last = args_[2];
    if (op_ == ScalarOp::kFms) last = out_.define("fneg ", type(), " ", out_.intrinsic("arithmetic.fence", dtype_, lanes_, {last}));
    const std::string args[] = {args_[0], args_[1], last};
    return constrained_ ? out_.constrained("fma", dtype_, lanes_, args) : out_.intrinsic("fma", dtype_, lanes_, args);
  }

  std::string arithmetic(std::string_view name) {
    if (constrained_ && !SEGUE_FAULT(KernelNansNegated)) return out_.constrained(name, dtype_, lanes_, args_);
    return binary(name, args_[0], args_[1]);
  }

  /// NumPy's comparisons set no status for NaNs.
  std::string comparison() {
    if (!isFloating(dtype_)) return binary(absl::StrCat("icmp ", integerPredicate(op_, isSigned(dtype_))), args_[0], args_[1]);
    const std::string_view predicate = floatPredicate(op_);
    if (SEGUE_FAULT(KernelSignalsNans)) return binary(absl::StrCat("fcmp ", predicate), args_[0], args_[1]);
    return out_.compareQuietly(predicate, dtype_, lanes_, args_);
  }

  std::string absolute() {
    if (isFloating(dtype_)) return out_.intrinsic("fabs", dtype_, lanes_, args_);
    if (!isSigned(dtype_)) return args_[0];
    const std::string negative = binary("icmp slt", args_[0], constant("0"));
    return select(negative, type(), binary("sub", constant("0"), args_[0]), args_[0]);
  }

  /// Whether a float is (not) infinite: by a predicate that is quiet everywhere.
  std::string compareToInfinity(std::string_view predicate) {
    const std::string magnitude = out_.intrinsic("fabs", dtype_, lanes_, args_);
    return binary(absl::StrCat("fcmp ", predicate), magnitude, constant("0x7FF0000000000000"));
  }

  /// Of floats as NumPy's maximum and minimum: the first operand where it is a NaN or better, the second of two zeros; no status is set.
  std::string extreme(std::string_view better) {
    if (isFloating(dtype_)) {
      const std::string first = out_.compareQuietly(absl::StrCat("o", better), dtype_, lanes_, args_);
      const std::string nan = binary("fcmp uno", args_[0], args_[0]);
      const std::string taken = out_.define("or ", vectorOf("i1", lanes_), " ", first, ", ", nan);
      return select(SEGUE_FAULT(KernelExtremesLoseNans) ? first : taken, type(), args_[0], args_[1]);
    }
    const std::string first = binary(absl::StrCat("icmp ", isSigned(dtype_) ? "s" : "u", better), args_[0], args_[1]);
    return select(first, type(), args_[0], args_[1]);
  }

  /// Shifts by the width or more, and by less than nothing, shift everything out.
  std::string shift() {
    const int width = dtypeItemSize(dtype_) * 8;
    const bool right = op_ == ScalarOp::kShr;
    const std::string within = binary("icmp ult", args_[1], constant(absl::StrCat(width)));
    std::string otherwise = constant("0");
    if (right && isSigned(dtype_)) otherwise = binary("ashr", args_[0], constant(absl::StrCat(width - 1)));
    return select(within, type(), binary(right ? isSigned(dtype_) ? "ashr" : "lshr" : "shl", args_[0], args_[1]), otherwise);
  }

  std::string signBit() {
    const std::string bits = vectorOf(bitsType(dtype_), lanes_);
    const std::string seen = out_.define("bitcast ", type(), " ", args_[0], " to ", bits);
    return out_.define("icmp slt ", bits, " ", seen, ", ", repeated(bitsType(dtype_), "0", lanes_));
  }

  const ScalarOp op_;
  const DType dtype_, result_;
  bool constrained_ = false;
  const int lanes_;
  const absl::Span<const std::string> args_;
  IrBuilder& out_;
};

/// Of what an operator has given in float32.
Narrowing narrowingOf(const KernelDag& dag, const Scalar& scalar) {
  const ScalarOp op = dag[scalar.args[0]].op;
  if (isKept(scalar)) return Narrowing::kKept;
  return op == ScalarOp::kMul || op == ScalarOp::kDiv || isMath(op) ? Narrowing::kRounds : Narrowing::kExact;
}

}  // namespace

std::string emitScalarOp(const KernelDag& dag, const Scalar& scalar, int lanes, absl::Span<const std::string> args, IrBuilder& out) {
  if (isDivision(scalar.op)) return emitDivision(dag, scalar, lanes, args, out);
  if (scalar.op == ScalarOp::kWiden) return emitWiden(lanes, args[0], out);
  if (scalar.op == ScalarOp::kNarrow) return emitNarrow(narrowingOf(dag, scalar), lanes, args[0], out);
  ScalarCode code(scalar.op, dag[scalar.args[0]].dtype, scalar.dtype, lanes, args, out);
  const bool dropped = isKept(scalar) && !SEGUE_FAULT(KernelDropsUnused);
  return dropped || isReplaced(dag, scalar) ? code.constrain().emit() : code.emit();
}

std::string emitCombine(ScalarOp op, DType dtype, int lanes, absl::Span<const std::string> args, IrBuilder& out) {
  if (dtype == DType::kF16) return emitHalfCombine(op, lanes, args, out);
  return ScalarCode(op, dtype, dtype, lanes, args, out).emit();
}

}  // namespace segue::llvm
