// Constants as guards see them: objects whose value may be compared and hashed at any time, because doing so runs no
// user code. Everything else is compared by identity.
#pragma once

#include <cstdint>
#include <string>

#include "base/ref.h"

namespace segue {

/// True when `object` is compared by value: int, float, complex, str, bytes, tuples, frozensets and slices of such
/// constants, numpy scalars and dtypes of NumPy's own numeric types. Exact types only; None, bools, types, functions
/// and everything else are compared by identity.
bool comparesByValue(BorrowedRef object);

/// Same type and same value; floats bit by bit (nan equals itself, 0.0 is not -0.0), containers element by element in
/// order. Identity for objects that do not compare by value.
bool sameConstant(BorrowedRef a, BorrowedRef b);

/// Equal for objects that sameConstant calls the same.
uint64_t constantHash(BorrowedRef object);

/// A short description for messages: values of built-in types as Python writes them, cut at `width` characters; arrays
/// by dtype and shape; types, functions and modules by name; other objects by their type. Null is "unbound".
std::string shortRepr(BorrowedRef object, size_t width = 60);

}  // namespace segue
