#include "backends/llvm/group_builder.h"

#include <algorithm>

#include "backends/llvm/constants.h"
#include "backends/llvm/gaps.h"
#include "base/check.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// What a group that runs now loads, computes and stores.
class GroupBuilder {
 public:
  GroupBuilder(const PendingGroup& pending, const DimTable& dims, const UsersByNode& users, Group& group)
      : dims_(dims), users_(users), pending_(pending), shape_(pending.runType().shape), group_(group) {}

  void build() {
    Kernel& kernel = group_.kernel;
    kernel.f_order = pending_.f_order();
    group_.shape = shape_;
    kernel.scans = pending_.order.scans;
    kernel.flat = !kernel.scans || shape_.size() == 1;
    for (const Candidate& candidate : pending_.nodes) group_.nodes.push_back(candidate.node);
    for (const Candidate& candidate : pending_.nodes) lower(candidate);
    for (const Candidate& candidate : pending_.nodes) {
      if (candidate.unused) {
        keep(candidate.node);
      } else if (candidate.reduction) {
        reduce(candidate);
      } else if (candidate.scatter) {
        scatter(candidate);
      } else if (candidate.store || isUsedOutside(*candidate.node)) {
        kernel.flat &= !candidate.store || candidate.store->dense;
        store(candidate.node);
      }
    }
    addGreatest();
    addExtremes();
    if (!SEGUE_FAULT(KernelDropsFolded)) group_.dag.keepStatus();
    kernel.innermost = innermostOf(shape_, kernel.f_order, dims_);
    for (const Arg& input : group_.inputs) {
      group_.gaps.push_back(input.isValue() ? gapOf(*input.as<ArgValue>().node, kernel.innermost, dims_) : 1);
    }
    for (const Node* output : group_.outputs) {
      const bool stored = output->op->name == "setitem";
      group_.gaps.push_back(stored ? gapOf(*output->args[0].as<ArgValue>().type, output->args[1], kernel.innermost, dims_) : 1);
    }
    group_.row_hint = dims_.hint(shape_[shape_.size() - 1 - kernel.innermost]);
    for (size_t i = 0; i < shape_.size(); i++) kernel.sized_by.push_back(sizing(i));
  }

 private:
  /// What is stored, or goes into the reduction.
  void lower(const Candidate& candidate) {
    const Node* node = candidate.node;
    if (candidate.reduction) {
      const Arg& arg = node->args[0];
      const bool own = candidate.reduction->truth || candidate.reduction->locates;
      const DType dtype = own ? arg.as<ArgValue>().type->dtype : candidate.reduction->dtype;
      values_[node] = summed(arg, dtype);
      if (candidate.reduction->locates && dtype == DType::kF16) {
        values_[node] = {group_.dag.rank(values_[node].real, candidate.reduction->combine == ScalarOp::kMin)};
      }
      if (candidate.reduction->truth) {
        values_[node] = {group_.dag.apply(ScalarOp::kNe, DType::kBool, {values_[node].real, group_.dag.constant(dtype, 0)})};
      }
      return;
    }
    if (candidate.scan) {
      values_[node] = {group_.dag.scan(candidate.scan->combine, operand(candidate.operands()[0], candidate.scan->dtype).real)};
      return;
    }
    if (candidate.scatter) return lowerScatter(candidate);
    if (candidate.gather) {
      const Arg& index = candidate.operands()[0];
      const ScalarId at = operand(index, index.as<ArgValue>().type->dtype).real;
      values_[node] = {group_.dag.gather(node->type->dtype, table(node->args[0]), candidate.gather->bounds, at)};
      return;
    }
    const Pointwise& pointwise = candidate.store ? candidate.store->cast : *candidate.pointwise;
    absl::InlinedVector<Parts, 3> operands;
    for (size_t i = 0; i < candidate.operands().size(); i++) operands.push_back(operand(candidate.operands()[i], pointwise.loop[i]));
    values_[node] = lowerExpression(pointwise, operands, group_.dag);
  }

  /// An operand in a reduction's dtype: arithmetic follows.
  Parts summed(const Arg& arg, DType dtype) {
    const bool half = dtype == DType::kF32 && arg.as<ArgValue>().type->dtype == DType::kF16;
    return half ? Parts{group_.dag.widen(operand(arg, DType::kF16).real)} : operand(arg, dtype);
  }

  void lowerScatter(const Candidate& candidate) {
    const Node* node = candidate.node;
    const DType dtype = node->type->dtype;
    values_[node] = candidate.scatter->weighted ? operand(node->args[1], dtype) : Parts{group_.dag.constant(dtype, 1)};
    const Arg &index = node->args[0], &least = node->args[2];
    scattered_.push_back(group_.dag.cast(operand(index, index.as<ArgValue>().type->dtype).real, DType::kU64));
    KernelBins& bins = group_.kernel.bins.emplace_back();
    bins.descr = dtypeDescr(dtype);
    bins.greatest_descr = dtypeDescr(DType::kU64);
    if (!least.missing()) bins.least = numberParam(least);
  }

  void keep(const Node* node) {
    const Parts& value = values_.at(node);
    group_.dag.keep(value.real);
    if (value.imaginary) group_.dag.keep(*value.imaginary);
  }

  void store(const Node* node) {
    const Parts& value = values_.at(node);
    addOutput(node, {});
    value.imaginary ? group_.dag.storeParts(value.real, *value.imaginary) : group_.dag.store(value.real);
  }

  bool isUsedOutside(const Node& node) const {
    return std::any_of(users_[node.id].begin(), users_[node.id].end(), [this](const Node* user) { return !values_.contains(user); });
  }

  void reduce(const Candidate& candidate) {
    const Reduction& reduction = *candidate.reduction;
    KernelParam param{.squeezed = !reduction.keeps_axes, .spread = reduction.axes};
    if (!candidate.node->type->isArray()) param.kind = KernelParam::Kind::kResult;
    group_.kernel.flat &= param.kind == KernelParam::Kind::kResult;
    if (reduction.locates) return locate(candidate, param);
    // Of floats a sum starts with 0.0, whatever sign its own zeros have.
    const bool positive = reduction.combine == ScalarOp::kAdd && isFloating(reduction.dtype) && !SEGUE_FAULT(KernelSumsNegativeZero);
    const uint64_t initial = positive ? 0 : neutralBits(reduction.combine, reduction.dtype);
    const auto number = static_cast<uint32_t>(group_.kernel.params.size());
    const DType stored = reduction.narrows ? DType::kF16 : reduction.dtype;
    group_.kernel.reductions.push_back({number, initial, dtypeDescr(stored), reduction.averages});
    addOutput(candidate.node, param);
    if (reduction.narrows) return group_.dag.reduceHalf(values_.at(candidate.node).real, reduction.order);
    group_.dag.reduce(reduction.combine, values_.at(candidate.node).real, reduction.order);
  }

  void locate(const Candidate& candidate, KernelParam param) {
    const Reduction& reduction = *candidate.reduction;
    // In C order the elements of a dense array do not stand as they do in Fortran order.
    if (group_.kernel.f_order && shape_.size() > 1) group_.kernel.flat = false;
    auto position = std::find(positions_.begin(), positions_.end(), reduction.axes);
    if (position == positions_.end()) position = positions_.insert(positions_.end(), reduction.axes);
    const auto number = static_cast<uint32_t>(group_.kernel.params.size());
    group_.kernel.reductions.push_back({.param = number, .descr = dtypeDescr(DType::kI64)});
    addOutput(candidate.node, param);
    const ScalarId stands = group_.dag.position(static_cast<uint32_t>(position - positions_.begin()));
    located_.push_back({group_.dag.locate(reduction.combine, stands), &candidate});
  }

  /// Behind all outputs: what positions need while the kernel runs.
  void addExtremes() {
    for (const auto& [output, candidate] : located_) {
      const Reduction& reduction = *candidate->reduction;
      const KernelParam param = group_.kernel.params[group_.inputs.size() + output];
      group_.kernel.reductions.push_back({.param = static_cast<uint32_t>(group_.kernel.params.size()),
                                          .initial = neutralBits(reduction.combine, reduction.dtype),
                                          .descr = dtypeDescr(reduction.dtype)});
      group_.kernel.params.push_back(param);
      group_.dag.addExtreme(output, values_.at(candidate->node).real);
    }
    const auto all = static_cast<uint32_t>((uint64_t{1} << shape_.size()) - 1);
    for (const uint32_t axes : positions_) group_.kernel.params.push_back({.kind = KernelParam::Kind::kPosition, .spread = all & ~axes});
  }

  void scatter(const Candidate& candidate) {
    const auto param = static_cast<uint32_t>(group_.kernel.params.size());
    KernelBins& bins = group_.kernel.bins[made_bins_];
    bins.param = param;
    group_.kernel.reductions.push_back({.param = param, .descr = bins.descr});
    group_.kernel.tables.push_back(param);
    addOutput(candidate.node, {.kind = KernelParam::Kind::kBins});
    group_.dag.scatter(scattered_[made_bins_++], values_.at(candidate.node).real);
  }

  /// Behind all outputs: the greatest of each scatter's indices.
  void addGreatest() {
    const auto all = static_cast<uint32_t>((uint64_t{1} << shape_.size()) - 1);
    for (size_t i = 0; i < scattered_.size(); i++) {
      const auto param = static_cast<uint32_t>(group_.kernel.params.size());
      group_.kernel.bins[i].greatest = param;
      group_.kernel.reductions.push_back({.param = param, .descr = group_.kernel.bins[i].greatest_descr});
      group_.kernel.params.push_back({.squeezed = true, .spread = all});
      group_.dag.reduce(ScalarOp::kMax, scattered_[i], FoldOrder::kAny);
    }
  }

  void addOutput(const Node* node, KernelParam param) {
    group_.outputs.push_back(node);
    group_.kernel.params.push_back(param);
  }

  /// A parameter with the run's size along a dimension, counted from the last one: stored ones have all sizes.
  uint32_t sizing(size_t dimension) const {
    const std::vector<KernelParam>& params = group_.kernel.params;
    for (size_t i = params.size(); i-- > 0;) {
      if (params[i].kind != KernelParam::Kind::kArray) continue;
      if (!isReduced(i) && ((params[i].spread >> dimension) & 1) == 0) return static_cast<uint32_t>(i);
    }
    SEGUE_UNREACHABLE("no array has the size of a run");
  }

  /// Whether a parameter is what a reduction gives.
  bool isReduced(size_t param) const {
    const std::vector<KernelOutput>& outputs = group_.dag.outputs();
    return std::any_of(outputs.begin(), outputs.end(), [&](const KernelOutput& output) {
      return output.combine && group_.inputs.size() + output.result == param;
    });
  }

  Parts operand(const Arg& arg, DType dtype) {
    KernelDag& dag = group_.dag;
    if (!isLoaded(arg, dims_)) return constant(*constantParts(arg, dtype, dims_), partDType(dtype));
    if (arg.is<Dim>()) return cast({number(arg, partDType(dtype))}, dtype);
    const Node* node = arg.as<ArgValue>().node;
    if (auto made = values_.find(node); made != values_.end()) return cast(made->second, dtype);
    if (const auto bits = writtenDown(*node, users_, dims_)) return cast({dag.constant(node->type->dtype, *bits)}, dtype);
    auto [known, fresh] = loads_.try_emplace(node, static_cast<uint32_t>(group_.inputs.size()));
    const Type& type = *node->type;
    if (fresh) addInput(arg, type);
    const DType loaded = type.kind == TypeKind::kPyFloat ? DType::kF64 : type.kind == TypeKind::kPyComplex ? DType::kC128 : type.dtype;
    const DType part = partDType(loaded);
    if (part == loaded) return cast({dag.load(loaded, known->second)}, dtype);
    return cast({dag.load(part, known->second, Part::kReal), dag.load(part, known->second, Part::kImaginary)}, dtype);
  }

  Parts constant(const ConstantParts& bits, DType part) {
    Parts out{group_.dag.constant(part, bits.real)};
    if (bits.imaginary) out.imaginary = group_.dag.constant(part, *bits.imaginary);
    return out;
  }

  /// A value in a dtype: a real one gets an imaginary part where it needs one.
  Parts cast(const Parts& value, DType to) {
    const DType part = partDType(to);
    Parts out{group_.dag.cast(value.real, part)};
    if (value.imaginary) out.imaginary = group_.dag.cast(*value.imaginary, part);
    if (part != to && !out.imaginary) out.imaginary = group_.dag.constant(part, 0);
    return out;
  }

  /// A Python int, which NumPy takes to a float by way of a double.
  ScalarId number(const Arg& arg, DType dtype) {
    ScalarId loaded = group_.dag.load(DType::kI64, numberParam(arg));
    if (isFloating(dtype)) loaded = group_.dag.cast(loaded, DType::kF64);
    return group_.dag.cast(loaded, dtype);
  }

  uint32_t numberParam(const Arg& arg) {
    auto [known, fresh] = numbers_.try_emplace(arg.as<Dim>(), static_cast<uint32_t>(group_.inputs.size()));
    if (fresh) {
      group_.inputs.push_back(arg);
      group_.kernel.params.push_back({.kind = KernelParam::Kind::kInt});
    }
    return known->second;
  }

  /// The parameter of an array that is read at indices.
  uint32_t table(const Arg& arg) {
    const auto next = static_cast<uint32_t>(group_.inputs.size());
    auto [known, fresh] = tables_.try_emplace(arg.as<ArgValue>().node, next);
    if (fresh) {
      group_.inputs.push_back(arg);
      group_.kernel.params.push_back({.kind = KernelParam::Kind::kTable});
      group_.kernel.tables.push_back(next);
    }
    return known->second;
  }

  void addInput(const Arg& arg, const Type& type) {
    KernelParam param;
    if (type.isArray()) {
      param.spread = spreadOver(type.shape, shape_, dims_);
      const bool dense = type.layout.known && (group_.kernel.f_order ? type.layout.f_contiguous : type.layout.c_contiguous);
      group_.kernel.flat &= dense && param.spread == 0;
    } else {
      param.kind = type.kind == TypeKind::kPyFloat     ? KernelParam::Kind::kFloat
                   : type.kind == TypeKind::kPyComplex ? KernelParam::Kind::kComplex
                                                       : KernelParam::Kind::kScalar;
    }
    group_.inputs.push_back(arg);
    group_.kernel.params.push_back(param);
  }

  const DimTable& dims_;
  const UsersByNode& users_;
  const PendingGroup& pending_;
  const Shape& shape_;                                 ///< of the run
  Group& group_;
  absl::flat_hash_map<const Node*, Parts> values_;
  absl::flat_hash_map<const Node*, uint32_t> loads_;   ///< by node: its parameter
  absl::flat_hash_map<Dim, uint32_t> numbers_;         ///< by symbolic int: its parameter
  absl::flat_hash_map<const Node*, uint32_t> tables_;  ///< by node: its parameter as a table
  std::vector<ScalarId> scattered_;                    ///< by bins: the index
  size_t made_bins_ = 0;                               ///< whose outputs have been added
  std::vector<uint32_t> positions_;                    ///< axes along which positions are asked for
  std::vector<std::pair<uint32_t, const Candidate*>> located_;   ///< outputs that are positions
};

}  // namespace

bool repeats(const Shape& shape, uint32_t from_last, const DimTable& dims) { return dims.hint(shape[shape.size() - 1 - from_last]) != 1; }

uint32_t innermostOf(const Shape& shape, bool f_order, const DimTable& dims) {
  const auto ndim = static_cast<uint32_t>(shape.size());
  if (f_order) return ndim - 1;
  for (uint32_t i = 0; i < ndim; i++) {
    if (repeats(shape, i, dims)) return i;
  }
  return 0;
}

void buildGroup(const PendingGroup& pending, const DimTable& dims, const UsersByNode& users, Group* group) {
  GroupBuilder(pending, dims, users, *group).build();
}

}  // namespace segue::llvm
