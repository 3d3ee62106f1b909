#include "backends/llvm/emit.h"

#include "backends/llvm/scalar_code.h"

namespace segue::llvm {
namespace {

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
    out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
    out_.line("entry:");
    for (size_t i = 0; i < group_.params.size(); i++) emitParam(i);
    emitInvariants();
    emitChoice();
    out_.label("vector");
    out_.line("%i = phi i64 [ 0, %entry ], [ %i.next, %vector ]");
    emitBody(lanes_, "%i");
    out_.line("%i.next = add nuw i64 %i, ", lanes_);
    out_.line("%i.more = icmp ult i64 %i.next, %whole");
    out_.line("br i1 %i.more, label %vector, label %rest");
    out_.label("rest");
    out_.line("%start = phi i64 [ 0, %entry ], [ %whole, %vector ]");
    out_.line("%some = icmp ult i64 %start, %count");
    out_.line("br i1 %some, label %single, label %done");
    out_.label("single");
    out_.line("%j = phi i64 [ %start, %rest ], [ %j.next, %single ]");
    emitBody(1, "%j");
    out_.line("%j.next = add nuw i64 %j, 1");
    out_.line("%j.more = icmp ult i64 %j.next, %count");
    out_.line("br i1 %j.more, label %single, label %done");
    out_.label("done");
    out_.line("ret void");
    out_.line("}");
    out_.line("attributes #0 = { nounwind strictfp }");
    return out_.finish();
  }

 private:
  void emitParam(size_t i) {
    const size_t offset = i * sizeof(KernelArg);
    std::string slot = out_.define("getelementptr inbounds i8, ptr %args, i64 ", offset);
    if (group_.params[i].kind != KernelParam::Kind::kArray) {
      pointers_.push_back(slot);
      strides_.emplace_back();
      return;
    }
    pointers_.push_back(out_.define("load ptr, ptr ", slot));
    std::string stride = out_.define("getelementptr inbounds i8, ptr %args, i64 ", offset + offsetof(KernelArg, stride));
    strides_.push_back(out_.define("load i64, ptr ", stride));
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
      vector_names_[id] = out_.broadcast(element, lanes_, scalar_names_[id]);
    }
  }

  /// Vectors where every array's elements lie side by side, and there are enough of them.
  void emitChoice() {
    out_.line("%whole = and i64 %count, ", -static_cast<int64_t>(lanes_));
    std::string dense = out_.define("icmp ne i64 %whole, 0");
    for (size_t i = 0; i < group_.params.size(); i++) {
      if (!runs_[i]) continue;
      std::string unit = out_.define("icmp eq i64 ", strides_[i], ", ", dtypeItemSize(dtypes_[i]));
      dense = out_.define("and i1 ", dense, ", ", unit);
    }
    out_.line("br i1 ", dense, ", label %vector, label %rest");
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
      if (dtype == DType::kBool) value = out_.define("zext ", vectorOf("i1", lanes), " ", value, " to ", vectorOf("i8", lanes));
      out_.line("store ", vectorOf(memoryType(dtype), lanes), " ", value, ", ptr ", places[group_.inputs.size() + i], ", align ",
           dtypeItemSize(dtype));
    }
  }

  std::string emitPlace(size_t param, int lanes, std::string_view index) {
    if (lanes > 1) return out_.define("getelementptr inbounds ", memoryType(dtypes_[param]), ", ptr ", pointers_[param], ", i64 ", index);
    std::string offset = out_.define("mul i64 ", index, ", ", strides_[param]);
    return out_.define("getelementptr inbounds i8, ptr ", pointers_[param], ", i64 ", offset);
  }

  std::string emitLoad(const Scalar& scalar, std::string_view place, int lanes) {
    std::string loaded = out_.define("load ", vectorOf(memoryType(scalar.dtype), lanes), ", ptr ", place, ", align ", dtypeItemSize(scalar.dtype));
    if (scalar.dtype != DType::kBool) return loaded;
    return out_.define("icmp ne ", vectorOf("i8", lanes), " ", loaded, ", ", repeated("i8", "0", lanes));
  }

  std::string emitOp(const Scalar& scalar, int lanes) {
    const std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
    absl::InlinedVector<std::string, 3> args;
    for (size_t k = 0; k < scalar.arity; k++) args.push_back(names[scalar.args[k]]);
    return emitScalarOp(dag_, scalar, lanes, args, out_);
  }

  const Group& group_;
  const KernelDag& dag_;
  int lanes_ = 1;
  std::vector<bool> runs_;                 ///< by parameter: an array whose elements change along the run
  std::vector<DType> dtypes_;              ///< by parameter
  std::vector<std::string> pointers_, strides_;   ///< by parameter: registers
  std::vector<bool> invariant_;            ///< by scalar
  std::vector<std::string> scalar_names_, vector_names_;   ///< by scalar: registers or constants
  IrBuilder out_;
};

}  // namespace

std::string emitKernel(const Group& group, int vector_bytes) { return Emitter(group, vector_bytes).run(); }

std::string emitModule(std::string_view name, std::string_view kernel) { return absl::StrCat("define void @", name, kernel); }

}  // namespace segue::llvm
