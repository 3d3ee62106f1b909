// Products of stacks of matrices: what type rules and backends agree on.
#pragma once

#include <optional>

#include "ops/op.h"

namespace segue {

/// One of two arrays that are multiplied: its last dimensions are a matrix's or a vector's, those in front of them the stack's.
struct ProductFactor {
  size_t arg = 0;            ///< which argument of the call
  uint8_t rank = 2;          ///< 1: a vector, which is the first matrix's row or the second one's column
  bool transposed = false;   ///< the matrix's columns come first
};

/// (m, k) @ (k, n) for each element of the stacks, which are broadcast. The result has the stack's dimensions, then m and n (of matrices).
struct StackedProduct {
  ProductFactor first, second;
  const ProductFactor& operator[](size_t i) const { return i == 0 ? first : second; }
};

/// What a call of matmul, matvec, vecmat, vecdot or einsum is; nullopt for those that are something else. Arrays of one dimension and
/// more have been accepted.
std::optional<StackedProduct> stackedProduct(const OpDef& op, absl::Span<const Arg> args);

struct ProductSizes {
  int64_t m = 1, k = 1, n = 1;
};

/// The sizes of matrices up to which they are constants of a program, so that backends can write their products out.
inline constexpr int64_t kSmallMatrix = 8;
/// As they are in the call seen first; nullopt where there is no stack, or where one size is not small.
std::optional<ProductSizes> smallSizes(const StackedProduct& product, absl::Span<const Arg> args, const DimTable& dims);

}  // namespace segue
