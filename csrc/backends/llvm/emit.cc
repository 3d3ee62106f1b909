#include "backends/llvm/emit.h"

#include <bit>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// An element in a register: booleans are single bits there.
std::string registerType(DType dtype) {
  if (dtype == DType::kBool) return "i1";
  if (dtype == DType::kF64) return "double";
  if (dtype == DType::kF32) return "float";
  return absl::StrCat("i", dtypeItemSize(dtype) * 8);
}

std::string memoryType(DType dtype) { return dtype == DType::kBool ? "i8" : registerType(dtype); }

bool isFloat(DType dtype) { return dtype == DType::kF32 || dtype == DType::kF64; }
bool isSigned(DType dtype) { return dtypeKind(dtype) == 'i'; }

std::string literal(DType dtype, uint64_t bits) {
  if (dtype == DType::kBool) return (bits & 1) != 0 ? "true" : "false";
  if (dtype == DType::kF64) return absl::StrFormat("0x%016x", bits);
  // A float's literal is that of the double with its value.
  if (dtype == DType::kF32) {
    return absl::StrFormat("0x%016x", std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)))));
  }
  return absl::StrCat(static_cast<int64_t>(bits));
}

/// The suffix of an intrinsic's name: f64, v8f64.
std::string mangled(DType dtype, int lanes) {
  return absl::StrCat(lanes > 1 ? absl::StrCat("v", lanes) : "", "f", dtypeItemSize(dtype) * 8);
}

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

class Emitter {
 public:
  Emitter(const Group& group, int vector_bytes) : group_(group), dag_(group.dag) {
    const int innermost = group.f_order ? static_cast<int>(group.outputs.front()->type->ndim()) - 1 : 0;
    for (const KernelParam& param : group.params) {
      const bool array = param.kind == KernelParam::Kind::kArray;
      runs_.push_back(array && ((param.spread >> innermost) & 1) == 0);
    }
    for (const Scalar& scalar : dag_.scalars()) {
      if (scalar.op == ScalarOp::kLoad) dtypes_.resize(std::max(dtypes_.size(), static_cast<size_t>(scalar.bits) + 1));
      if (scalar.op == ScalarOp::kLoad) dtypes_[scalar.bits] = scalar.dtype;
    }
    for (ScalarId output : dag_.outputs()) dtypes_.push_back(dag_[output].dtype);
    int widest = 1;
    for (const Scalar& scalar : dag_.scalars()) {
      bool invariant = scalar.op != ScalarOp::kLoad || !runs_[scalar.bits];
      for (size_t k = 0; k < scalar.arity; k++) invariant = invariant && invariant_[scalar.args[k]];
      invariant_.push_back(invariant);
      if (!invariant) widest = std::max(widest, dtypeItemSize(scalar.dtype));
    }
    for (ScalarId output : dag_.outputs()) widest = std::max(widest, dtypeItemSize(dag_[output].dtype));
    lanes_ = vector_bytes / widest;
  }

  std::string run() {
    line("(ptr noalias readonly %args, i64 %count) #0 {");
    line("entry:");
    for (size_t i = 0; i < group_.params.size(); i++) emitParam(i);
    emitInvariants();
    emitChoice();
    label("vector");
    line("%i = phi i64 [ 0, %entry ], [ %i.next, %vector ]");
    emitBody(lanes_, "%i");
    line("%i.next = add nuw i64 %i, ", lanes_);
    line("%i.more = icmp ult i64 %i.next, %whole");
    line("br i1 %i.more, label %vector, label %rest");
    label("rest");
    line("%start = phi i64 [ 0, %entry ], [ %whole, %vector ]");
    line("%some = icmp ult i64 %start, %count");
    line("br i1 %some, label %single, label %done");
    label("single");
    line("%j = phi i64 [ %start, %rest ], [ %j.next, %single ]");
    emitBody(1, "%j");
    line("%j.next = add nuw i64 %j, 1");
    line("%j.more = icmp ult i64 %j.next, %count");
    line("br i1 %j.more, label %single, label %done");
    label("done");
    line("ret void");
    line("}");
    for (const std::string& declaration : declarations_) line(declaration);
    line("attributes #0 = { nounwind strictfp }");
    return std::move(text_);
  }

 private:
  template <class... Parts>
  void line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }
  void label(std::string_view name) { line(name, ":"); }
  std::string fresh() { return absl::StrCat("%t", next_++); }
  /// A line that defines a register.
  template <class... Parts>
  std::string define(const Parts&... parts) {
    std::string name = fresh();
    line(name, " = ", parts...);
    return name;
  }

  static std::string vectorOf(std::string_view element, int lanes) {
    return lanes > 1 ? absl::StrCat("<", lanes, " x ", element, ">") : std::string(element);
  }
  static std::string typeOf(DType dtype, int lanes) { return vectorOf(registerType(dtype), lanes); }
  /// A constant of all lanes.
  static std::string repeated(std::string_view element, std::string_view value, int lanes) {
    if (lanes == 1) return std::string(value);
    std::string out = "<";
    for (int i = 0; i < lanes; i++) absl::StrAppend(&out, i > 0 ? ", " : "", element, " ", value);
    return out + ">";
  }

  void emitParam(size_t i) {
    const size_t offset = i * sizeof(KernelArg);
    std::string slot = define("getelementptr inbounds i8, ptr %args, i64 ", offset);
    if (group_.params[i].kind != KernelParam::Kind::kArray) {
      pointers_.push_back(slot);
      strides_.emplace_back();
      return;
    }
    pointers_.push_back(define("load ptr, ptr ", slot));
    std::string stride = define("getelementptr inbounds i8, ptr %args, i64 ", offset + offsetof(KernelArg, stride));
    strides_.push_back(define("load i64, ptr ", stride));
  }

  /// What is the same for all elements: constants, scalars, repeated elements and what is made of them.
  void emitInvariants() {
    scalar_names_.resize(dag_.scalars().size());
    vector_names_.resize(dag_.scalars().size());
    for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
      const Scalar& scalar = dag_[id];
      if (!invariant_[id]) continue;
      const std::string element = registerType(scalar.dtype);
      if (scalar.op == ScalarOp::kConstant) {
        scalar_names_[id] = literal(scalar.dtype, scalar.bits);
        vector_names_[id] = repeated(element, scalar_names_[id], lanes_);
        continue;
      }
      scalar_names_[id] = scalar.op == ScalarOp::kLoad ? emitLoad(scalar, pointers_[scalar.bits], 1) : emitOp(scalar, 1);
      std::string first = define("insertelement ", vectorOf(element, lanes_), " poison, ", element, " ", scalar_names_[id], ", i64 0");
      vector_names_[id] = lanes_ == 1 ? scalar_names_[id]
                                      : define("shufflevector ", vectorOf(element, lanes_), " ", first, ", ", vectorOf(element, lanes_),
                                               " poison, ", vectorOf("i32", lanes_), " zeroinitializer");
    }
  }

  /// Vectors where every array's elements lie side by side, and there are enough of them.
  void emitChoice() {
    line("%whole = and i64 %count, ", -static_cast<int64_t>(lanes_));
    std::string dense = define("icmp ne i64 %whole, 0");
    for (size_t i = 0; i < group_.params.size(); i++) {
      if (!runs_[i]) continue;
      std::string unit = define("icmp eq i64 ", strides_[i], ", ", dtypeItemSize(dtypes_[i]));
      dense = define("and i1 ", dense, ", ", unit);
    }
    line("br i1 ", dense, ", label %vector, label %rest");
  }

  void emitBody(int lanes, std::string_view index) {
    std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
    std::vector<std::string> places;
    for (size_t i = 0; i < group_.params.size(); i++) places.push_back(runs_[i] ? emitPlace(i, lanes, index) : "");
    for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
      if (invariant_[id]) continue;
      const Scalar& scalar = dag_[id];
      names[id] = scalar.op == ScalarOp::kLoad ? emitLoad(scalar, places[scalar.bits], lanes) : emitOp(scalar, lanes);
    }
    for (size_t i = 0; i < dag_.outputs().size(); i++) {
      const ScalarId output = dag_.outputs()[i];
      const DType dtype = dag_[output].dtype;
      std::string value = names[output];
      if (dtype == DType::kBool) value = define("zext ", vectorOf("i1", lanes), " ", value, " to ", vectorOf("i8", lanes));
      line("store ", vectorOf(memoryType(dtype), lanes), " ", value, ", ptr ", places[group_.inputs.size() + i], ", align ",
           dtypeItemSize(dtype));
    }
  }

  std::string emitPlace(size_t param, int lanes, std::string_view index) {
    if (lanes > 1) return define("getelementptr inbounds ", memoryType(dtypes_[param]), ", ptr ", pointers_[param], ", i64 ", index);
    std::string offset = define("mul i64 ", index, ", ", strides_[param]);
    return define("getelementptr inbounds i8, ptr ", pointers_[param], ", i64 ", offset);
  }

  std::string emitLoad(const Scalar& scalar, std::string_view place, int lanes) {
    std::string loaded = define("load ", vectorOf(memoryType(scalar.dtype), lanes), ", ptr ", place, ", align ", dtypeItemSize(scalar.dtype));
    if (scalar.dtype != DType::kBool) return loaded;
    return define("icmp ne ", vectorOf("i8", lanes), " ", loaded, ", ", repeated("i8", "0", lanes));
  }

  std::string emitCast(const Scalar& scalar, int lanes, std::string_view value) {
    const DType from = dag_[scalar.args[0]].dtype, to = scalar.dtype;
    std::string_view how;
    if (isFloat(from)) {
      how = to == DType::kF64 ? "fpext" : "fptrunc";
    } else if (isFloat(to)) {
      how = isSigned(from) ? "sitofp" : "uitofp";
    } else {
      how = isSigned(from) ? "sext" : "zext";   // NumPy's loops take integers to wider ones only
    }
    return define(how, " ", typeOf(from, lanes), " ", value, " to ", typeOf(to, lanes));
  }

  std::string emitIntrinsic(std::string_view name, DType dtype, int lanes, absl::Span<const std::string> args) {
    const std::string type = typeOf(dtype, lanes);
    const std::string function = absl::StrCat("@llvm.", name, ".", mangled(dtype, lanes));
    declarations_.insert(absl::StrCat("declare ", type, " ", function, "(", type, args.size() > 1 ? ", " + type : "", ")"));
    std::string passed = absl::StrCat(type, " ", args[0]);
    if (args.size() > 1) absl::StrAppend(&passed, ", ", type, " ", args[1]);
    return define("call ", type, " ", function, "(", passed, ") strictfp");
  }

  /// NumPy's comparisons set no status for NaNs; the processor's usual ones do, but for equality.
  std::string emitComparison(const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
    const DType dtype = dag_[scalar.args[0]].dtype;
    const std::string type = typeOf(dtype, lanes);
    if (!isFloat(dtype)) return define("icmp ", integerPredicate(scalar.op, isSigned(dtype)), " ", type, " ", args[0], ", ", args[1]);
    if (SEGUE_FAULT(KernelSignalsNans)) return define("fcmp ", floatPredicate(scalar.op), " ", type, " ", args[0], ", ", args[1]);
    const std::string function = "@llvm.experimental.constrained.fcmp." + mangled(dtype, lanes);
    const std::string result = vectorOf("i1", lanes);
    declarations_.insert(absl::StrCat("declare ", result, " ", function, "(", type, ", ", type, ", metadata, metadata)"));
    return define("call ", result, " ", function, "(", type, " ", args[0], ", ", type, " ", args[1], ", metadata !\"", floatPredicate(scalar.op),
                  "\", metadata !\"fpexcept.strict\") strictfp");
  }

  std::string emitAbs(DType dtype, int lanes, const std::string& value) {
    if (isFloat(dtype)) return emitIntrinsic("fabs", dtype, lanes, {value});
    if (!isSigned(dtype)) return value;
    const std::string type = typeOf(dtype, lanes), zero = repeated(registerType(dtype), "0", lanes);
    std::string negative = define("icmp slt ", type, " ", value, ", ", zero);
    std::string negated = define("sub ", type, " ", zero, ", ", value);
    return define("select ", vectorOf("i1", lanes), " ", negative, ", ", type, " ", negated, ", ", type, " ", value);
  }

  /// Whether a float is (not) infinite: by a predicate that is quiet everywhere.
  std::string compareToInfinity(std::string_view predicate, DType dtype, int lanes, const std::string& value) {
    const std::string magnitude = emitIntrinsic("fabs", dtype, lanes, {value});
    const std::string infinity = repeated(registerType(dtype), "0x7FF0000000000000", lanes);
    return define("fcmp ", predicate, " ", typeOf(dtype, lanes), " ", magnitude, ", ", infinity);
  }

  /// Whether code generation would replace the operator by another that treats NaNs otherwise: x * -1 by -x, x - 0 by x.
  bool isReplaced(const Scalar& scalar) const {
    for (size_t k = 0; k < scalar.arity; k++) {
      const Scalar& arg = dag_[scalar.args[k]];
      if (arg.op != ScalarOp::kConstant || !isFloat(arg.dtype)) continue;
      const double value = arg.dtype == DType::kF64 ? std::bit_cast<double>(arg.bits) : std::bit_cast<float>(static_cast<uint32_t>(arg.bits));
      if (value == 0 || value == 1 || value == -1) return true;
    }
    return false;
  }

  /// fadd, fsub, fmul or fdiv.
  std::string emitArithmetic(std::string_view name, const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
    const std::string type = typeOf(scalar.dtype, lanes);
    if (!isReplaced(scalar) || SEGUE_FAULT(KernelNansNegated)) return define(name, " ", type, " ", args[0], ", ", args[1]);
    const std::string function = absl::StrCat("@llvm.experimental.constrained.", name, ".", mangled(scalar.dtype, lanes));
    declarations_.insert(absl::StrCat("declare ", type, " ", function, "(", type, ", ", type, ", metadata, metadata)"));
    return define("call ", type, " ", function, "(", type, " ", args[0], ", ", type, " ", args[1],
                  ", metadata !\"round.tonearest\", metadata !\"fpexcept.strict\") strictfp");
  }

  std::string emitExtreme(const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
    const std::string type = typeOf(scalar.dtype, lanes);
    const std::string_view better = scalar.op == ScalarOp::kMin ? "lt" : "gt";
    std::string first = define("icmp ", isSigned(scalar.dtype) ? "s" : "u", better, " ", type, " ", args[0], ", ", args[1]);
    return define("select ", vectorOf("i1", lanes), " ", first, ", ", type, " ", args[0], ", ", type, " ", args[1]);
  }

  /// Shifts by the width or more, and by less than nothing, shift everything out.
  std::string emitShift(const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
    const std::string type = typeOf(scalar.dtype, lanes), element = registerType(scalar.dtype);
    const int width = dtypeItemSize(scalar.dtype) * 8;
    const bool right = scalar.op == ScalarOp::kShr;
    std::string within = define("icmp ult ", type, " ", args[1], ", ", repeated(element, absl::StrCat(width), lanes));
    std::string otherwise = repeated(element, "0", lanes);
    if (right && isSigned(scalar.dtype)) otherwise = define("ashr ", type, " ", args[0], ", ", repeated(element, absl::StrCat(width - 1), lanes));
    std::string shifted = define(right ? isSigned(scalar.dtype) ? "ashr" : "lshr" : "shl", " ", type, " ", args[0], ", ", args[1]);
    return define("select ", vectorOf("i1", lanes), " ", within, ", ", type, " ", shifted, ", ", type, " ", otherwise);
  }

  std::string emitSignBit(DType dtype, int lanes, const std::string& value) {
    const std::string integer = absl::StrCat("i", dtypeItemSize(dtype) * 8), bits = vectorOf(integer, lanes);
    std::string seen = define("bitcast ", typeOf(dtype, lanes), " ", value, " to ", bits);
    return define("icmp slt ", bits, " ", seen, ", ", repeated(integer, "0", lanes));
  }

  std::string emitOp(const Scalar& scalar, int lanes) {
    const std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
    absl::InlinedVector<std::string, 3> args;
    for (size_t k = 0; k < scalar.arity; k++) args.push_back(names[scalar.args[k]]);
    const DType dtype = scalar.dtype;
    const std::string type = typeOf(dtype, lanes);
    const bool real = isFloat(dtype);
    auto binary = [&](std::string_view name) { return define(name, " ", type, " ", args[0], ", ", args[1]); };
    switch (scalar.op) {
      case ScalarOp::kCast: return emitCast(scalar, lanes, args[0]);
      case ScalarOp::kAdd: return real ? emitArithmetic("fadd", scalar, lanes, args) : binary("add");
      case ScalarOp::kSub: return real ? emitArithmetic("fsub", scalar, lanes, args) : binary("sub");
      case ScalarOp::kMul: return real ? emitArithmetic("fmul", scalar, lanes, args) : binary("mul");
      case ScalarOp::kDiv: return emitArithmetic("fdiv", scalar, lanes, args);
      case ScalarOp::kAnd: return binary("and");
      case ScalarOp::kOr: return binary("or");
      case ScalarOp::kXor: return binary("xor");
      case ScalarOp::kNot:
        return define("xor ", type, " ", args[0], ", ", repeated(registerType(dtype), dtype == DType::kBool ? "true" : "-1", lanes));
      case ScalarOp::kNeg:
        if (real) return define("fneg ", type, " ", args[0]);
        return define("sub ", type, " ", repeated(registerType(dtype), "0", lanes), ", ", args[0]);
      case ScalarOp::kAbs: return emitAbs(dtype, lanes, args[0]);
      case ScalarOp::kSqrt: return emitIntrinsic("sqrt", dtype, lanes, args);
      case ScalarOp::kFloor: return emitIntrinsic("floor", dtype, lanes, args);
      case ScalarOp::kCeil: return emitIntrinsic("ceil", dtype, lanes, args);
      case ScalarOp::kTrunc: return emitIntrinsic("trunc", dtype, lanes, args);
      case ScalarOp::kRint: return emitIntrinsic("rint", dtype, lanes, args);
      case ScalarOp::kCopySign: return emitIntrinsic("copysign", dtype, lanes, args);
      case ScalarOp::kIsNan: {
        const std::string operand = typeOf(dag_[scalar.args[0]].dtype, lanes);
        return define("fcmp uno ", operand, " ", args[0], ", ", args[0]);
      }
      case ScalarOp::kIsInf: return compareToInfinity("oeq", dag_[scalar.args[0]].dtype, lanes, args[0]);
      case ScalarOp::kIsFinite: return compareToInfinity("one", dag_[scalar.args[0]].dtype, lanes, args[0]);
      case ScalarOp::kSignBit: return emitSignBit(dag_[scalar.args[0]].dtype, lanes, args[0]);
      case ScalarOp::kMin:
      case ScalarOp::kMax: return emitExtreme(scalar, lanes, args);
      case ScalarOp::kShl:
      case ScalarOp::kShr: return emitShift(scalar, lanes, args);
      case ScalarOp::kWhere:
        return define("select ", vectorOf("i1", lanes), " ", args[0], ", ", type, " ", args[1], ", ", type, " ", args[2]);
      default: return emitComparison(scalar, lanes, args);
    }
  }

  const Group& group_;
  const KernelDag& dag_;
  int lanes_ = 1;
  std::vector<bool> runs_;                 ///< by parameter: an array whose elements change along the run
  std::vector<DType> dtypes_;              ///< by parameter
  std::vector<std::string> pointers_, strides_;   ///< by parameter: registers
  std::vector<bool> invariant_;            ///< by scalar
  std::vector<std::string> scalar_names_, vector_names_;   ///< by scalar: registers or constants
  std::set<std::string> declarations_;
  std::string text_;
  int next_ = 0;
};

}  // namespace

std::string emitKernel(const Group& group, int vector_bytes) { return Emitter(group, vector_bytes).run(); }

std::string emitModule(std::string_view name, std::string_view kernel) { return absl::StrCat("define void @", name, kernel); }

}  // namespace segue::llvm
