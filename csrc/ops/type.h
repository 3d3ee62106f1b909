// Types of graph values: what is known of one at trace time without its data.
//
// An np.float64 is not a 0-d array and neither is a Python float: three kinds of Type, never mixed up. Types are
// immutable and owned by a graph's arena (see Graph::intern).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "ops/dims.h"
#include "ops/dtype.h"

namespace segue {

using Shape = absl::InlinedVector<Dim, 4>;

/// The order of the absolute strides of the dimensions longer than 1, whether or not there are gaps between them:
/// falling (as in a C array), rising (as in a Fortran array), or not known. NumPy's "K" order follows it.
enum class AxisOrder : uint8_t { kUnknown, kC, kF };

/// What is known of an array's strides. Both flags for a contiguous array of at most one dimension longer than 1.
/// `known` false: strides depend on run-time facts the trace has not guarded.
/// A contiguous array's order is implied; `order` adds to it for arrays with gaps, such as x[1:-1, 1:-1].
struct Layout {
  bool known = true;
  bool c_contiguous = true;
  bool f_contiguous = false;
  AxisOrder order = AxisOrder::kUnknown;  ///< of an array that is not known to be contiguous
  friend bool operator==(const Layout&, const Layout&) = default;

  static Layout c() { return {true, true, false, AxisOrder::kUnknown}; }
  static Layout f() { return {true, false, true, AxisOrder::kUnknown}; }
  static Layout both() { return {true, true, true, AxisOrder::kUnknown}; }
  static Layout strided(AxisOrder order) { return {true, false, false, order}; }
  static Layout unknown(AxisOrder order = AxisOrder::kUnknown) { return {false, false, false, order}; }
};

enum class TypeKind : uint8_t {
  kArray,        ///< exactly numpy.ndarray of a modelled dtype
  kNumpyScalar,  ///< np.float64(…) etc.: dtype set, no shape
  kPyBool,
  kPyInt,
  kPyFloat,
  kPyComplex,
  kNone,         ///< the None of an operator that returns nothing (writes)
  kTuple,        ///< several results; items set
  kList,         ///< several results in a list (np.split); items set
  kOpaque,       ///< an object the graph only passes on (a dtype, a Generator …)
};

struct Type {
  TypeKind kind = TypeKind::kNone;
  DType dtype = DType::kF64;   ///< kArray, kNumpyScalar
  Shape shape;                 ///< kArray
  Layout layout;               ///< kArray
  bool writeable = true;       ///< kArray: NPY_ARRAY_WRITEABLE
  bool aligned = true;         ///< kArray: NPY_ARRAY_ALIGNED is set; false where that is not known
  std::vector<Type> items;     ///< kTuple, kList

  static Type array(DType dtype, Shape shape, Layout layout = {}, bool writeable = true);
  static Type numpyScalar(DType dtype);
  static Type scalar(TypeKind kind);  ///< kPyBool … kOpaque
  static Type tuple(std::vector<Type> items);
  static Type list(std::vector<Type> items);

  bool isArray() const { return kind == TypeKind::kArray; }
  bool isNumpyScalar() const { return kind == TypeKind::kNumpyScalar; }
  bool isPyScalar() const { return kind >= TypeKind::kPyBool && kind <= TypeKind::kPyComplex; }
  int ndim() const { return static_cast<int>(shape.size()); }
};

bool operator==(const Type& a, const Type& b);

/// "f64[s0, 3]", "f64[s0, 3]:F", "f64[3]:ro", "np.f64", "float", "int", "(f64[3], i64[3])", "[f64[2], f64[2]]"; parse
/// accepts what print gives. The layout is shown where it is not the usual one (C, and C and F for at most one
/// dimension): C, F, CF, strided, stridedC and stridedF (gaps, axes in C or F order), ?, ?C and ?F (unknown contiguity);
/// behind it `ro` for a read-only array, `ua` for one that may not be aligned.
std::string printType(const Type& type, const DimTable& dims);
Result<Type> parseType(std::string_view text, DimTable& dims);

/// What indexing with integers gives: a NumPy scalar in native byte order. Fails for text, which is Python's too, and for structures,
/// whose scalars share the array's memory.
Result<Type> elementType(DType dtype);

/// Where a value of the type has a size that depends on data: an axis of the array, or of an item's array.
struct DataSizeAt {
  Dim size;
  int item;   ///< -1: of the array itself
  int axis;
};
using DataSizes = absl::InlinedVector<DataSizeAt, 2>;
/// Each data size that is by itself a size of the type, at its first place.
DataSizes dataSizesOf(const Type& type, const DimTable& dims);

/// Layout of a freshly made C-ordered array of this shape (1-d and 0-d arrays are both C and F contiguous).
Layout cLayout(const Shape& shape, DimTable& dims);
/// What an array's flags say (the order of a strided one is not looked at: no guard establishes it).
Layout layoutOf(PyArrayObject* array);

}  // namespace segue
