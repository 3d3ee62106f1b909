// Which of NumPy's dtypes a type number stands for.
#pragma once

#include "base/python.h"

namespace segue {

/// Whether the type number says all about arrays of this dtype, as it does not of swapped ones, nor of numbers with metadata or
/// fields (`np.dtype(("i4", [("low", "i2"), ("high", "i2")]))`), which NumPy hands on to results. Out of line: guards ask only
/// where the descriptor is not NumPy's own.
bool isToldByTypeNum(const PyArray_Descr* descr);

}  // namespace segue
