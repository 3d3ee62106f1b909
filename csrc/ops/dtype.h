// The dtypes Segue models.
//
// *Core* dtypes are NumPy's native-endian booleans, integers, floats and complex numbers: what the type rules know by heart. *Other*
// dtypes are numbers in the other byte order, longdouble, `long long` where it is not `long`, datetime64 and timedelta64 with their
// unit, text and bytes with their size, and structures. They are values too, one per descriptor that differs (base/descr.h);
// operators take them whose tag `any_dtype` says so, and what becomes of them NumPy is asked. Every other dtype (object, StringDType,
// users' own, with metadata) is *unmodelled*: its elements may run Python code, and its arrays are opaque values to the tracer.
#pragma once

#include "base/python.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ref.h"

namespace segue {

enum class DType : uint16_t { kBool, kI8, kI16, kI32, kI64, kU8, kU16, kU32, kU64, kF16, kF32, kF64, kC64, kC128, kFirstOther = 32 };
/// Core dtypes.
inline constexpr int kDTypeCount = 14;
inline bool isCore(DType dtype) { return dtype < DType::kFirstOther; }

/// Short names as printed in graphs: bool, i8 … u64, f16, f32, f64, c64, c128; others in braces: {>f8}, {<M8[s]}, {<U5}, {V16#2}.
std::string_view dtypeName(DType dtype);
std::optional<DType> dtypeFromName(std::string_view name);

/// The number of base/descr.h and back; nullopt for unmodelled ones. Of core dtypes it is NumPy's type number (NPY_DOUBLE …).
int dtypeNumber(DType dtype);
std::optional<DType> dtypeFromNumber(int number);
/// The dtype of a descriptor, nullopt when unmodelled.
std::optional<DType> dtypeFromDescr(PyArray_Descr* descr);
/// A descriptor of the dtype.
Ref dtypeDescr(DType dtype);
/// The core dtype of an exact NumPy scalar type object (np.float64 …), nullopt for anything else.
std::optional<DType> dtypeFromScalarType(PyTypeObject* type);
/// NumPy's scalar type object of the dtype (borrowed, immortal in practice).
PyTypeObject* dtypeScalarType(DType dtype);

int dtypeItemSize(DType dtype);
/// In bytes: what an element's address is a multiple of in arrays that NumPy calls aligned.
int dtypeAlignment(DType dtype);
/// numpy.dtype.kind: 'b', 'i', 'u', 'f' or 'c'; of others 'm', 'M', 'S', 'U' and 'V' as well.
char dtypeKind(DType dtype);
// Of core dtypes only; another number is none of these.
inline bool isIntegral(DType d) { return d >= DType::kI8 && d <= DType::kU64; }
inline bool isFloating(DType d) { return d >= DType::kF16 && d <= DType::kF64; }
inline bool isInexact(DType d) { return d >= DType::kF16 && d <= DType::kC128; }
/// Of others too.
inline bool isComplex(DType d) { return isCore(d) ? d >= DType::kC64 : dtypeKind(d) == 'c'; }

/// datetime64 and timedelta64.
inline bool isTime(DType d) { return dtypeKind(d) == 'M' || dtypeKind(d) == 'm'; }

/// The same in this machine's byte order; what most functions return.
DType nativeDType(DType dtype);
/// NEP 50 promotion of two strong core dtypes (np.promote_types).
DType promote(DType a, DType b);
/// np.promote_types; nullopt where NumPy refuses.
std::optional<DType> promoteAny(DType a, DType b);
/// np.can_cast(from, to, casting) for casting = 'no', 'equiv', 'safe', 'same_kind' or 'unsafe'.
bool canCast(DType from, DType to, std::string_view casting);

/// Integers that NumPy takes for indices: all that are int64 without loss.
inline bool isIndex(DType d) { return isIntegral(d) && canCast(d, DType::kI64, "safe"); }

/// Whether the cast makes NumPy warn (ComplexWarning).
inline bool discardsImaginary(DType from, DType to) { return isComplex(from) && !isComplex(to) && to != DType::kBool; }

/// A Python scalar's category: weak in promotion (NEP 50), or none for arrays and NumPy scalars.
enum class WeakKind : uint8_t { kBool, kInt, kFloat, kComplex };
/// The dtype of a strong dtype met by a weak Python scalar (np.result_type(a, 1.0)).
DType promoteWeak(DType a, WeakKind weak);
/// The dtype a lone Python scalar becomes: bool, int64, float64, complex128.
DType defaultDType(WeakKind weak);

}  // namespace segue
