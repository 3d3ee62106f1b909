#include "base/python.h"

#include <algorithm>

#include "ops/op_ids.h"
#include "ops/rules/products.h"

namespace segue {
namespace {

const Type* arrayOf(absl::Span<const Arg> args, size_t i) {
  const Type* type = i < args.size() && args[i].isValue() ? args[i].as<ArgValue>().type : nullptr;
  return type != nullptr && type->isArray() && type->ndim() > 0 ? type : nullptr;
}

/// One operand of an einsum, whose letters are those of a stack (or none), then `contracted` and at most another one.
struct Subscript {
  std::string_view stack;
  std::optional<char> free;
  ProductFactor factor;
};

std::optional<Subscript> subscriptOf(std::string_view letters, size_t stack, char contracted, bool second, size_t arg) {
  if (letters.size() < stack + 1 || letters.size() > stack + 2) return std::nullopt;
  const std::string_view core = letters.substr(stack);
  Subscript out{letters.substr(0, stack), std::nullopt, {arg, static_cast<uint8_t>(core.size()), false}};
  const size_t at = core.find(contracted);
  if (at == std::string_view::npos) return std::nullopt;
  if (core.size() == 2) {
    out.free = core[1 - at];
    out.factor.transposed = at != (second ? 0 : 1);
  }
  return out;
}

bool isDistinct(std::string_view letters) {
  return std::all_of(letters.begin(), letters.end(), [letters](char c) { return std::count(letters.begin(), letters.end(), c) == 1; });
}

/// "nij,njk->nik" and the like, with vectors, transposed matrices, and one of the stacks left out.
std::optional<StackedProduct> productOfSubscripts(std::string_view text) {
  const size_t comma = text.find(','), arrow = text.find("->");
  if (comma == std::string_view::npos || arrow == std::string_view::npos || arrow < comma || text.find(' ') != std::string_view::npos) return std::nullopt;
  const std::string_view a = text.substr(0, comma), b = text.substr(comma + 1, arrow - comma - 1), result = text.substr(arrow + 2);
  if (!isDistinct(a) || !isDistinct(b) || !isDistinct(result)) return std::nullopt;
  std::string contracted;
  for (const char c : a) {
    if (b.find(c) != std::string_view::npos && result.find(c) == std::string_view::npos) contracted += c;
  }
  if (contracted.size() != 1) return std::nullopt;
  for (const auto& [a_stacked, b_stacked] : {std::pair(true, true), std::pair(true, false), std::pair(false, true)}) {
    for (size_t stack = 1; stack <= result.size(); stack++) {
      const std::optional<Subscript> first = subscriptOf(a, a_stacked ? stack : 0, contracted[0], false, 1);
      const std::optional<Subscript> second = subscriptOf(b, b_stacked ? stack : 0, contracted[0], true, 2);
      if (!first || !second) continue;
      const std::string_view dims = result.substr(0, stack);
      if ((a_stacked && first->stack != dims) || (b_stacked && second->stack != dims)) continue;
      std::string expected(dims);
      if (first->free) expected += *first->free;
      if (second->free) expected += *second->free;
      if (expected == result) return StackedProduct{first->factor, second->factor};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<StackedProduct> stackedProduct(const OpDef& op, absl::Span<const Arg> args) {
  if (op.name == "einsum") {
    const bool two = args.size() == 5 && args[3].missing() && args[4].missing() && args[0].is<std::string>();
    if (!two || arrayOf(args, 1) == nullptr || arrayOf(args, 2) == nullptr) return std::nullopt;
    return productOfSubscripts(args[0].as<std::string>());
  }
  const Type *a = arrayOf(args, 0), *b = arrayOf(args, 1);
  if (a == nullptr || b == nullptr || (args.size() > 2 && !args[2].missing() && op.name == "matmul")) return std::nullopt;
  auto factor = [](size_t arg, int64_t rank) { return ProductFactor{arg, static_cast<uint8_t>(std::min<int64_t>(rank, 2)), false}; };
  if (op.name == "matmul") return StackedProduct{factor(0, a->ndim()), factor(1, b->ndim())};
  if (op.name == "vecdot") return StackedProduct{factor(0, 1), factor(1, 1)};
  if (op.name == "matvec" && a->ndim() > 1) return StackedProduct{factor(0, 2), factor(1, 1)};
  if (op.name == "vecmat" && b->ndim() > 1) return StackedProduct{factor(0, 1), factor(1, 2)};
  return std::nullopt;
}

std::optional<ProductSizes> smallSizes(const StackedProduct& product, absl::Span<const Arg> args, const DimTable& dims) {
  bool stacked = false;
  ProductSizes out;
  for (size_t i = 0; i < 2; i++) {
    const ProductFactor& factor = product[i];
    const Shape& shape = args[factor.arg].as<ArgValue>().type->shape;
    stacked |= shape.size() > factor.rank;
    int64_t sizes[2];
    for (size_t k = 0; k < factor.rank; k++) {
      const Dim dim = shape[shape.size() - factor.rank + k];
      sizes[k] = dims.hint(dim);
      if (sizes[k] < 1 || sizes[k] > kSmallMatrix || dims.dependsOnData(dim)) return std::nullopt;
    }
    if (factor.rank == 1) {
      out.k = sizes[0];
      continue;
    }
    if (factor.transposed) std::swap(sizes[0], sizes[1]);
    (i == 0 ? out.m : out.n) = sizes[i == 0 ? 0 : 1];
    out.k = sizes[i == 0 ? 1 : 0];
  }
  return stacked ? std::optional(out) : std::nullopt;
}

}  // namespace segue
