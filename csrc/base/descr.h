// NumPy's dtypes as the engine tells them apart: by type number where that says all, else by a number of our own.
#pragma once

#include "base/python.h"

namespace segue {

/// Whether the type number says all about arrays of this dtype, as it does not of swapped ones, nor of numbers with metadata or
/// fields (`np.dtype(("i4", [("low", "i2"), ("high", "i2")]))`), which NumPy hands on to results. Out of line: guards ask only
/// where the descriptor is not NumPy's own.
bool isToldByTypeNum(const PyArray_Descr* descr);

/// Whether it is a number's or boolean's, and its type number says all.
bool isPlainNumber(const PyArray_Descr* descr);

/// Whether nothing but their identity tells the two apart: type, byte order, size, unit, fields, titles, flags and metadata.
bool sameDescr(const PyArray_Descr* a, const PyArray_Descr* b);

/// Whether it is of dates or times without a unit.
bool isUnitless(const PyArray_Descr* descr);

/// A dtype by number: NumPy's type number where that says all, otherwise kFirstDescrNumber and beyond, one number for all
/// descriptors that are the same. Only dtypes whose elements run no user code and have a size of their own get one: numbers in either
/// byte order, dates and times, text and bytes of fixed size, and structures of these without metadata. -1 for others, and
/// when there are too many.
inline constexpr int kFirstDescrNumber = 1 << 12;
int descrNumber(PyArray_Descr* descr);
/// A descriptor with that number; owned by the table where it is one of those beyond.
PyArray_Descr* descrOfNumber(int number);
/// Whether the descriptor has the number.
bool hasDescrNumber(const PyArray_Descr* descr, int number);

}  // namespace segue
