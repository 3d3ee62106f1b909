// Which of NumPy's dtypes a type number stands for.
#pragma once

#include "base/python.h"

namespace segue {

/// Whether the type number says all about arrays of this dtype, as it does not of swapped ones, nor of numbers with metadata or
/// fields (`np.dtype(("i4", [("low", "i2"), ("high", "i2")]))`), which NumPy hands on to results.
inline bool isToldByTypeNum(const PyArray_Descr* descr) {
  if (!PyArray_ISNBO(descr->byteorder)) return false;
  if (!PyTypeNum_ISNUMBER(descr->type_num) && !PyTypeNum_ISBOOL(descr->type_num)) return true;
  return PyDataType_METADATA(descr) == nullptr && !PyDataType_HASFIELDS(descr);
}

}  // namespace segue
