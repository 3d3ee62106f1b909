// The dtypes Segue models: NumPy's native-endian booleans, integers, floats and complex numbers. Every other dtype
// (object, str, datetime64, structured, longdouble, non-native byte order, `long long` where it is not `long`) is
// *unmodelled*: arrays of it are opaque values to the tracer.
#pragma once

#include "base/python.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace segue {

enum class DType : uint8_t { kBool, kI8, kI16, kI32, kI64, kU8, kU16, kU32, kU64, kF16, kF32, kF64, kC64, kC128 };
inline constexpr int kDTypeCount = 14;

/// Short names as printed in graphs: bool, i8 … u64, f16, f32, f64, c64, c128.
std::string_view dtypeName(DType dtype);
std::optional<DType> dtypeFromName(std::string_view name);

/// NumPy's type number (NPY_DOUBLE …) and back; nullopt for unmodelled numbers.
int dtypeTypeNum(DType dtype);
std::optional<DType> dtypeFromTypeNum(int type_num);
/// The dtype of a descriptor, nullopt when unmodelled (non-native byte order included).
std::optional<DType> dtypeFromDescr(PyArray_Descr* descr);
/// The dtype of an exact NumPy scalar type object (np.float64 …), nullopt for anything else.
std::optional<DType> dtypeFromScalarType(PyTypeObject* type);
/// NumPy's scalar type object of the dtype (borrowed, immortal in practice).
PyTypeObject* dtypeScalarType(DType dtype);

int dtypeItemSize(DType dtype);
/// numpy.dtype.kind: 'b', 'i', 'u', 'f' or 'c'.
char dtypeKind(DType dtype);
inline bool isIntegral(DType d) { return d >= DType::kI8 && d <= DType::kU64; }
inline bool isFloating(DType d) { return d >= DType::kF16 && d <= DType::kF64; }
inline bool isComplex(DType d) { return d >= DType::kC64; }
inline bool isInexact(DType d) { return d >= DType::kF16; }

/// NEP 50 promotion of two strong dtypes (np.promote_types).
DType promote(DType a, DType b);
/// np.can_cast(from, to, casting) for casting = 'no', 'equiv', 'safe', 'same_kind' or 'unsafe'.
bool canCast(DType from, DType to, std::string_view casting);

/// Whether the cast makes NumPy warn (ComplexWarning).
inline bool discardsImaginary(DType from, DType to) { return isComplex(from) && !isComplex(to) && to != DType::kBool; }

/// A Python scalar's category: weak in promotion (NEP 50), or none for arrays and NumPy scalars.
enum class WeakKind : uint8_t { kBool, kInt, kFloat, kComplex };
/// The dtype of a strong dtype met by a weak Python scalar (np.result_type(a, 1.0)).
DType promoteWeak(DType a, WeakKind weak);
/// The dtype a lone Python scalar becomes: bool, int64, float64, complex128.
DType defaultDType(WeakKind weak);

}  // namespace segue
