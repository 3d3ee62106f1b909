// Products of stacks of small matrices: what the rule of matmul and backends agree on.
#pragma once

#include <optional>

#include "ops/type.h"

namespace segue {

/// The sizes of matrices up to which they are constants of a program, so that backends can write their products out.
inline constexpr int64_t kSmallMatrix = 8;

/// (m, k) @ (k, n); a vector is a matrix with one row or column.
struct SmallProduct {
  int64_t m = 1, k = 1, n = 1;
};

/// How many of an operand's dimensions are the matrix's or vector's.
inline size_t matrixRank(const Type& type) { return std::min<size_t>(type.shape.size(), 2); }

/// The sizes of `a @ b`, as they are in the call seen first; nullopt where there is but one product, or where one size is not small.
std::optional<SmallProduct> smallProduct(const Type& a, const Type& b, const DimTable& dims);

}  // namespace segue
