// Sums of products: matrix products, contractions, traces, convolutions.
#include "base/python.h"

#include <algorithm>

#include "base/fault.h"
#include "ops/op_ids.h"
#include "ops/rules/products.h"
#include "ops/rules/reduction.h"
#include "ops/rules/view.h"

namespace segue::rules {
namespace {

/// Two arrays; products of other things are left to NumPy.
struct Factors {
  const Type* a;
  const Type* b;
  DType dtype;
};

Result<Factors> factorsOf(const OpCall& call, size_t first) {
  Factors out;
  SEGUE_TRY(out.a, ndarrayArg(call, first));
  SEGUE_TRY(out.b, ndarrayArg(call, first + 1));
  out.dtype = promote(out.a->dtype, out.b->dtype);
  return out;
}

Result<Unit> requireContracts(Dim a, Dim b, DimTable& dims) {
  SEGUE_REQUIRE(dims.decideEqual(a, b), "the contracted sizes differ: %s and %s", dims.print(a), dims.print(b));
  return Unit{};
}

/// A fresh C array, or a scalar when nothing is left.
Type productType(DType dtype, const Shape& shape, DimTable& dims) {
  if (shape.empty()) return Type::numpyScalar(dtype);
  return Type::array(dtype, shape, cLayout(shape, dims));
}

absl::InlinedVector<Arg, 5> argsOf(const OpCall& call) {
  absl::InlinedVector<Arg, 5> args;
  for (size_t i = 0; i < call.size(); i++) args.push_back(call.arg(i));
  return args;
}

/// Makes the sizes of small matrices in stacks constants.
void specializeSmall(OpCall& call) {
  const absl::InlinedVector<Arg, 5> args = argsOf(call);
  const std::optional<StackedProduct> product = stackedProduct(call.op(), args);
  if (!product || !smallSizes(*product, args, call.dims()) || SEGUE_FAULT(SmallProductsUnguarded)) return;
  for (const ProductFactor& factor : {product->first, product->second}) {
    const Shape& shape = args[factor.arg].as<ArgValue>().type->shape;
    for (size_t i = shape.size() - factor.rank; i < shape.size(); i++) (void)call.dims().specialize(shape[i]);
  }
}

Shape without(const Shape& shape, size_t axis) {
  Shape out = shape;
  out.erase(out.begin() + static_cast<long>(axis));
  return out;
}

Result<Type> productOut(OpCall& call, size_t out, Type type) {
  if (!call.given(out)) return type;
  SEGUE_REQUIRE(type.isArray(), "out of a product that is a number");
  SEGUE_TRY(Type target, exactOut(call, out, type.dtype, type.shape));
  SEGUE_REQUIRE(target.layout.known && target.layout.c_contiguous, "out must be what the product would return");
  return target;
}

}  // namespace

// (..., m, k) @ (..., k, n) -> (..., m, n); vectors are lifted and dropped again.
// matmul: (x1, x2, out)
Result<Type> matmul(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_REQUIRE(f.a->ndim() > 0 && f.b->ndim() > 0, "matmul of scalars");
  const size_t a_core = std::min<size_t>(f.a->shape.size(), 2), b_core = std::min<size_t>(f.b->shape.size(), 2);
  Dim inner = f.b->shape[f.b->shape.size() - b_core];
  SEGUE_TRY_VOID(requireContracts(f.a->shape.back(), inner, dims));
  Shape a_batch(f.a->shape.begin(), f.a->shape.end() - static_cast<long>(a_core));
  Shape b_batch(f.b->shape.begin(), f.b->shape.end() - static_cast<long>(b_core));
  SEGUE_TRY(Shape shape, broadcastShapes(a_batch, b_batch, dims));
  specializeSmall(call);
  const bool several = shape.size() > 1;
  if (a_core == 2) shape.push_back(f.a->shape[f.a->shape.size() - 2]);
  if (b_core == 2) shape.push_back(f.b->shape.back());
  Type type = productType(f.dtype, shape, dims);
  // Several batch axes follow the order of the inputs' batch axes.
  const bool plain = !several || (f.a->layout.known && f.a->layout.c_contiguous && f.b->layout.known && f.b->layout.c_contiguous);
  if (type.isArray() && !plain && !type.layout.f_contiguous) type.layout = Layout::unknown();
  return productOut(call, 2, std::move(type));
}

// vecdot: (..., n), (..., n) -> (...); matvec: (..., m, n), (..., n) -> (..., m); vecmat: (..., m), (..., m, n) -> (..., n). (x1, x2)
Result<Type> vectorProduct(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  auto kind = static_cast<DTypeRuleId>(call.op().dtype_index);
  if (call.size() > 2 && !call.arg(2).missing()) {
    SEGUE_TRY(int64_t axis, constantInt(call.arg(2), dims));
    SEGUE_REQUIRE(axis == -1, "vectors along another axis");
  }
  const size_t a_core = kind == DTypeRuleId::kMatrixVector ? 2 : 1, b_core = kind == DTypeRuleId::kVectorMatrix ? 2 : 1;
  Shape a = f.a->shape, b = f.b->shape;
  SEGUE_REQUIRE(a.size() >= a_core && b.size() >= b_core, "too few dimensions");
  SEGUE_TRY_VOID(requireContracts(a.back(), b[b.size() - b_core], dims));
  Shape a_batch(a.begin(), a.end() - static_cast<long>(a_core)), b_batch(b.begin(), b.end() - static_cast<long>(b_core));
  SEGUE_TRY(Shape shape, broadcastShapes(a_batch, b_batch, dims));
  specializeSmall(call);
  const bool several = shape.size() > 1;
  if (a_core == 2) shape.push_back(a[a.size() - 2]);
  if (b_core == 2) shape.push_back(b.back());
  Type type = productType(f.dtype, shape, dims);
  if (type.isArray() && several && !type.layout.f_contiguous) type.layout = Layout::unknown();
  return type;
}

// dot: (a, b, out)
Result<Type> dot(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_REQUIRE(f.a->ndim() > 0 && f.b->ndim() > 0, "dot with a 0-d array");
  size_t b_axis = f.b->shape.size() >= 2 ? f.b->shape.size() - 2 : 0;
  SEGUE_TRY_VOID(requireContracts(f.a->shape.back(), f.b->shape[b_axis], dims));
  Shape shape(f.a->shape.begin(), f.a->shape.end() - 1);
  Shape rest = without(f.b->shape, b_axis);
  shape.insert(shape.end(), rest.begin(), rest.end());
  return productOut(call, 2, productType(f.dtype, shape, dims));
}

// vdot: (a, b)
Result<Type> vdot(OpCall& call) {
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_TRY(Dim a, shapeSize(f.a->shape, call.dims()));
  SEGUE_TRY(Dim b, shapeSize(f.b->shape, call.dims()));
  SEGUE_TRY_VOID(requireContracts(a, b, call.dims()));
  return Type::numpyScalar(f.dtype);
}

// inner: (a, b)
Result<Type> inner(OpCall& call) {
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_REQUIRE(f.a->ndim() > 0 && f.b->ndim() > 0, "inner with a 0-d array");
  SEGUE_TRY_VOID(requireContracts(f.a->shape.back(), f.b->shape.back(), call.dims()));
  Shape shape(f.a->shape.begin(), f.a->shape.end() - 1);
  shape.insert(shape.end(), f.b->shape.begin(), f.b->shape.end() - 1);
  return productType(f.dtype, shape, call.dims());
}

// outer: (a, b)
Result<Type> outer(OpCall& call) {
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_TRY(Dim rows, shapeSize(f.a->shape, call.dims()));
  SEGUE_TRY(Dim columns, shapeSize(f.b->shape, call.dims()));
  Shape shape = {rows, columns};
  return Type::array(f.dtype, shape, cLayout(shape, call.dims()));
}

// kron: (a, b)
Result<Type> kron(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_REQUIRE(f.a->ndim() > 0 && f.b->ndim() > 0, "kron with a 0-d array");
  Shape a = f.a->shape, b = f.b->shape;
  while (a.size() < b.size()) a.insert(a.begin(), dims.constant(1));
  while (b.size() < a.size()) b.insert(b.begin(), dims.constant(1));
  for (size_t i = 0; i < a.size(); i++) {
    SEGUE_TRY(a[i], dims.mul(a[i], b[i]));
  }
  Layout layout = cLayout(a, dims);
  bool plain = f.a->layout.known && f.a->layout.c_contiguous && f.b->layout.known && f.b->layout.c_contiguous;
  return Type::array(f.dtype, a, plain || layout.f_contiguous ? layout : Layout::unknown());
}

// tensordot: (a, b, axes)
Result<Type> tensordot(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  std::vector<int> a_axes, b_axes;
  const Arg& axes = call.arg(2);
  if (axes.is<ArgTuple>()) {
    SEGUE_REQUIRE(axes.as<ArgTuple>().items.size() == 2, "axes must be two sequences");
    SEGUE_TRY(a_axes, axesList(axes.as<ArgTuple>().items[0], f.a->ndim(), dims));
    SEGUE_TRY(b_axes, axesList(axes.as<ArgTuple>().items[1], f.b->ndim(), dims));
  } else {
    int64_t count = 2;
    if (!axes.missing()) {
      SEGUE_TRY(count, constantInt(axes, dims));
    }
    SEGUE_REQUIRE(0 <= count && count <= f.a->ndim() && count <= f.b->ndim(), "too many axes to contract");
    for (int i = 0; i < count; i++) {
      a_axes.push_back(f.a->ndim() - static_cast<int>(count) + i);
      b_axes.push_back(i);
    }
  }
  SEGUE_REQUIRE(a_axes.size() == b_axes.size(), "axes must be of the same number");
  for (size_t i = 0; i < a_axes.size(); i++) {
    SEGUE_TRY_VOID(requireContracts(f.a->shape[static_cast<size_t>(a_axes[i])],
                                    f.b->shape[static_cast<size_t>(b_axes[i])], dims));
  }
  Shape shape;
  auto keep = [&shape](const Type& type, const std::vector<int>& gone) {
    for (int i = 0; i < type.ndim(); i++) {
      if (std::find(gone.begin(), gone.end(), i) == gone.end()) shape.push_back(type.shape[static_cast<size_t>(i)]);
    }
  };
  keep(*f.a, a_axes);
  keep(*f.b, b_axes);
  return Type::array(f.dtype, shape, cLayout(shape, dims));
}

// trace: (a, offset, axis1, axis2, dtype)
Result<Type> trace(OpCall& call) {
  SEGUE_TRY(const Type* input, ndarrayArg(call, 0));
  SEGUE_REQUIRE(input->ndim() == 2, "the trace of a matrix");
  SEGUE_REQUIRE(call.arg(1).missing() || call.arg(1).is<Dim>(), "offset must be an int");
  const int64_t others[] = {0, 1};
  for (size_t i = 2; i < 4; i++) {   // np.linalg.trace passes the last two axes
    if (call.arg(i).missing()) continue;
    SEGUE_TRY(int axis, axisArg(call.arg(i), 2, call.dims()));
    SEGUE_REQUIRE(axis == others[i - 2], "the trace of a matrix has no other axes");
  }
  SEGUE_REQUIRE(!call.given(4), "a trace of a given dtype");
  return Type::numpyScalar(accumulatorDType(input->dtype));
}

// convolve and correlate: (a, v, mode); the dtype rule names correlate, whose default mode differs
Result<Type> convolve(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(Factors f, factorsOf(call, 0));
  SEGUE_REQUIRE(f.a->ndim() == 1 && f.b->ndim() == 1, "convolution of vectors");
  bool correlates = static_cast<DTypeRuleId>(call.op().dtype_index) == DTypeRuleId::kCorrelate;
  SEGUE_TRY(std::string_view mode, stringArg(call.arg(2), correlates ? "valid" : "full"));
  Dim longer = f.a->shape[0], shorter = f.b->shape[0];
  if (dims.decideLess(longer, shorter)) std::swap(longer, shorter);
  SEGUE_REQUIRE(dims.decideLess(dims.constant(0), shorter), "convolution with nothing");
  Dim size = longer;
  if (mode == "full") {
    SEGUE_TRY(size, dims.add(longer, shorter));
    SEGUE_TRY(size, dims.sub(size, dims.constant(1)));
  } else if (mode == "valid") {
    SEGUE_TRY(size, dims.sub(longer, shorter));
    SEGUE_TRY(size, dims.add(size, dims.constant(1)));
  } else {
    SEGUE_REQUIRE(mode == "same", "mode must be 'full', 'same' or 'valid'");
  }
  // A correlation with the longer vector second is turned round afterwards.
  return Type::array(f.dtype, {size}, Layout::unknown());
}

namespace {

/// "ij,jk->ik" taken apart; only letters, no ellipsis.
struct Subscripts {
  std::vector<std::string> inputs;
  std::string output;
};

Result<Subscripts> parseSubscripts(std::string_view text) {
  Subscripts out;
  out.inputs.emplace_back();
  bool arrow = false;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    if (c == ' ') continue;
    if (c == '-' && i + 1 < text.size() && text[i + 1] == '>' && !arrow) {
      arrow = true;
      i++;
    } else if (c == ',' && !arrow) {
      out.inputs.emplace_back();
    } else {
      SEGUE_REQUIRE((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), "einsum subscripts with more than letters");
      (arrow ? out.output : out.inputs.back()).push_back(c);
    }
  }
  if (arrow) return out;
  // Implicit output: the letters that occur once, in alphabetical order.
  std::string all;
  for (const std::string& input : out.inputs) all += input;
  std::string sorted = all;
  std::sort(sorted.begin(), sorted.end());
  for (char c : sorted) {
    if (std::count(all.begin(), all.end(), c) == 1) out.output.push_back(c);
  }
  return out;
}

}  // namespace

namespace {

/// Whether an einsum's result is surely in C order: where its iterator takes the operands' dimensions in their order.
bool isInCOrder(OpCall& call) {
  const absl::InlinedVector<Arg, 5> args = argsOf(call);
  const std::optional<StackedProduct> product = stackedProduct(call.op(), args);
  if (!product || (product->first.transposed && product->second.transposed)) return false;
  return std::all_of(args.begin() + 1, args.begin() + 3, [&call](const Arg& arg) {
    const Type& type = *arg.as<ArgValue>().type;
    const bool ones = std::any_of(type.shape.begin(), type.shape.end(), [&call](Dim dim) { return call.dims().hint(dim) < 2; });
    return type.layout.known && type.layout.c_contiguous && !ones;
  });
}

}  // namespace

// einsum: (subscripts, a, b, c)
Result<Type> einsum(OpCall& call) {
  DimTable& dims = call.dims();
  SEGUE_TRY(std::string_view text, stringArg(call.arg(0), ""));
  SEGUE_TRY(Subscripts subscripts, parseSubscripts(text));
  std::vector<std::pair<char, Dim>> sizes;
  auto sizeOf = [&sizes](char c) -> Dim* {
    for (auto& [letter, size] : sizes) {
      if (letter == c) return &size;
    }
    return nullptr;
  };
  std::vector<Operand> operands;
  std::optional<DType> one_by_one;
  size_t count = 0;
  for (size_t i = 1; i < 4 && call.given(i); i++, count++) {
    SEGUE_TRY(const Type* input, ndarrayArg(call, i));
    SEGUE_REQUIRE(count < subscripts.inputs.size() && subscripts.inputs[count].size() == input->shape.size(),
                  "einsum subscripts do not fit the operands");
    SEGUE_TRY(Operand operand, operandOf(call, i));
    operands.push_back(std::move(operand));
    one_by_one = one_by_one ? promote(*one_by_one, input->dtype) : input->dtype;
    for (size_t d = 0; d < input->shape.size(); d++) {
      Dim size = input->shape[d];
      Dim* known = sizeOf(subscripts.inputs[count][d]);
      if (known == nullptr) {
        sizes.emplace_back(subscripts.inputs[count][d], size);
      } else if (!dims.decideEqual(*known, size)) {
        SEGUE_REQUIRE(false, "einsum sizes that differ (or are broadcast)");
      }
    }
  }
  SEGUE_REQUIRE(count == subscripts.inputs.size(), "einsum subscripts do not fit the operands");
  Shape shape;
  size_t summed = sizes.size();
  for (size_t i = 0; i < subscripts.output.size(); i++) {
    Dim* size = sizeOf(subscripts.output[i]);
    SEGUE_REQUIRE(size != nullptr && subscripts.output.find(subscripts.output[i]) == i, "einsum output subscripts");
    shape.push_back(*size);
    summed--;
  }
  SEGUE_REQUIRE(count > 1 || summed > 0, "an einsum that only rearranges is a view");
  // Optimized, some are tensor products, whose results are arrays without dimensions.
  const bool optimized = !call.arg(4).missing() && !(call.arg(4).is<bool>() && !call.arg(4).as<bool>());
  SEGUE_REQUIRE(!optimized || (count > 1 && !shape.empty()), "an optimized einsum without dimensions");
  SEGUE_TRY(Category promoted, promoteOperands(operands));
  const DType dtype = categoryDType(promoted);
  SEGUE_REQUIRE(!optimized || dtype == *one_by_one, "an optimized einsum's dtype depends on which operands go together first");
  if (shape.empty()) return Type::numpyScalar(dtype);
  specializeSmall(call);
  Layout layout = cLayout(shape, dims);
  return Type::array(dtype, shape, layout.f_contiguous || isInCOrder(call) ? layout : Layout::unknown());
}

}  // namespace segue::rules
