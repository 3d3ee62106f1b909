// What type rules need of an argument that NumPy would turn into an array: its kind of dtype and its shape.
//
// NumPy converts Python scalars and nested sequences of them; arrays and NumPy scalars are strong in promotion, Python
// scalars weak (NEP 50), sequences strong with the default dtype of what they hold.
#pragma once

#include <optional>

#include "ops/op.h"

namespace segue {

/// A dtype, or one of the weak Python scalars, as an index: 0 … 13 are the core dtypes, then int, float, complex, then the other
/// dtypes. (A Python bool is as weak as the bool dtype, the lowest of all.)
using Category = uint16_t;
inline constexpr Category kWeakInt = kDTypeCount;
inline constexpr Category kWeakFloat = kDTypeCount + 1;
inline constexpr Category kWeakComplex = kDTypeCount + 2;
inline constexpr int kCategoryCount = kDTypeCount + 3;

inline bool isWeak(Category c) { return c >= kWeakInt && c <= kWeakComplex; }
/// The dtype np.asarray would give.
DType categoryDType(Category c);
/// np.result_type of two categories of core dtypes (weak if both are).
Category promoteCategories(Category a, Category b);

struct Operand;
/// np.result_type of all: the strong ones first, then the weak ones. Fails where NumPy has none.
Result<Category> promoteOperands(absl::Span<const Operand> operands);

struct Operand {
  Category category = 0;
  bool is_array = false;  ///< an ndarray or a sequence (a 0-d array too), not a scalar
  bool is_ndarray = false;
  Shape shape;
  Layout layout;
  const Arg* arg = nullptr;

  DType dtype() const { return categoryDType(category); }
  int ndim() const { return static_cast<int>(shape.size()); }
};

/// The argument as NumPy's array conversion sees it; fails for objects that are none.
Result<Operand> operandOf(const Arg& arg, DimTable& dims);
inline Result<Operand> operandOf(const OpCall& call, size_t i) { return operandOf(call.arg(i), call.dims()); }

/// A tuple or list of array-likes (np.stack's first argument); an array stands for its rows when its length is known.
Result<std::vector<Operand>> operandsOf(const Arg& arg, DimTable& dims);

/// Whether a Python int fits the dtype; an outside one makes NumPy raise OverflowError. A symbolic one is decided.
bool intFits(Dim value, DType dtype, DimTable& dims);
/// Fails when a weak Python int operand does not fit the dtype it is converted to.
Result<Unit> requireFits(const Operand& operand, DType dtype, DimTable& dims);
/// Fails unless an array of the core dtype keeps it beside the operand.
Result<Unit> requireNoWider(const Operand& operand, DType dtype, DimTable& dims);

}  // namespace segue
