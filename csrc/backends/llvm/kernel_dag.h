// What a kernel computes for one element: a graph of scalar operations without duplicates.
//
// Model. Values are numbered in the order in which they were added, so that arguments come before their uses. Loads and constants
// are the leaves; an output is a value that is stored. The text form is one line per value, for logs and tests:
//
//   v0 = load f64 0
//   v1 = constant f64 0.5
//   v2 = mul f64 v0 v1
//   store v2
//   v3 = load f64 1 imaginary
//   store real v2
//   store imaginary v3
//   reduce add v2 pairwise
//   reduce add v2 pairwise f16
//   locate min v2 v3
//   scatter v4 v2
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "ops/dtype.h"

namespace segue::llvm {

enum class ScalarOp : uint8_t {
  kLoad,       ///< of an input, or a part of it; bits: which (inputOf, partOf)
  kConstant,   ///< bits: the value's
  kPosition,   ///< where the element stands along dimensions that are reduced; bits: by which of the kernel's parameters for that
  kCast,       ///< from the argument's dtype, as NumPy's astype does
  kWiden,      ///< float16 to float32, for arithmetic (half.h)
  kNarrow,     ///< … and back
  kRank,       ///< a float16's place in the order of all, as an integer: NaNs have the last one
  kScan,       ///< of the argument's values at this element of the row and those before it, combined from the first on; bits: by which operator
  kGather,     ///< the element of a table that the argument is the index of; bits: which input the table is, and what becomes of other indices
#define SEGUE_SCALAR_OP(name, text, arity) k##name,
#include "backends/llvm/scalar_ops.def"
#undef SEGUE_SCALAR_OP
};

std::string_view scalarOpName(ScalarOp op);
/// By a kernel expression's name; nullopt for what kernels do not compute.
std::optional<ScalarOp> scalarOpFromName(std::string_view name);
inline bool isComparison(ScalarOp op) { return op >= ScalarOp::kEq && op <= ScalarOp::kGeSignaling; }
/// Of integers (division.h).
inline bool isDivision(ScalarOp op) { return op >= ScalarOp::kFloorDiv && op <= ScalarOp::kFmod; }
/// The result is a bool, whatever the dtype of the arguments.
inline bool isPredicate(ScalarOp op) { return op >= ScalarOp::kEq && op <= ScalarOp::kSignBit; }
/// A function of math/functions.h.
inline bool isMath(ScalarOp op) { return op >= ScalarOp::kExp; }

/// Of add, mul, and, or, min and max: the value that changes nothing that it is combined with, as its bits.
uint64_t neutralBits(ScalarOp combine, DType dtype);

/// Which part of an element of an input or a result: complex numbers are two values in a kernel.
enum class Part : uint8_t { kWhole, kReal, kImaginary };
/// How many elements of its own kind stand before it in the complex one.
inline int64_t offsetOf(Part part) { return part == Part::kImaginary ? 1 : 0; }

/// What becomes of indices out of bounds.
enum class Bounds : uint8_t {
  kReport,     ///< NumPy raises
  kClip,       ///< the nearest element is taken
};

using ScalarId = uint32_t;

struct Scalar {
  ScalarOp op = ScalarOp::kConstant;
  DType dtype = DType::kF64;               ///< of the value
  std::array<ScalarId, 3> args{};
  uint8_t arity = 0;
  uint64_t bits = 0;                       ///< of leaves, scans and gathers; of others 1: it is kept for the status that it sets
  friend bool operator==(const Scalar&, const Scalar&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Scalar& s) {
    return H::combine(std::move(h), s.op, s.dtype, s.args, s.arity, s.bits);
  }
};

/// Of a kLoad.
inline uint32_t inputOf(const Scalar& load) { return static_cast<uint32_t>(load.bits); }
inline Part partOf(const Scalar& load) { return static_cast<Part>(load.bits >> 32); }

/// Whether its `bits` are its own.
inline bool hasBits(const Scalar& scalar) { return scalar.arity == 0 || scalar.op == ScalarOp::kScan || scalar.op == ScalarOp::kGather; }
/// By which operator a kScan combines.
inline ScalarOp scanOp(const Scalar& scan) { return static_cast<ScalarOp>(scan.bits); }

/// Of a kGather: which input is read, and how.
inline uint32_t tableOf(const Scalar& gather) { return static_cast<uint32_t>(gather.bits); }
inline Bounds boundsOf(const Scalar& gather) { return static_cast<Bounds>(gather.bits >> 32); }

/// Whether it is computed for the status that it sets.
inline bool isKept(const Scalar& scalar) { return !hasBits(scalar) && scalar.bits != 0; }

/// The order in which a reduction of a run's elements combines them.
enum class FoldOrder : uint8_t {
  kAny,        ///< the result is the same for all
  kPairwise,   ///< NumPy's of sums of floats
  kBuffered,   ///< as above, a buffer of elements after the other: where NumPy casts them first, and before NumPy 2.3 always
};

/// A value that is stored, or (combine) reduced: the operator takes what the reduction has so far and the value. With an index each element is
/// reduced by itself to what stands at that index of the output.
struct KernelOutput {
  ScalarId value = 0;
  std::optional<ScalarOp> combine;
  FoldOrder order = FoldOrder::kAny;
  std::optional<uint32_t> extreme;   ///< `value` is a position, and the result the one of the first element that this output, too, takes
  bool has_position = false;         ///< … which says so of itself
  std::optional<ScalarId> at;        ///< the index, of uint64
  uint32_t result = 0;               ///< which of the kernel's results it is, or is a part of: parts follow each other
  Part part = Part::kWhole;
  bool narrows = false;              ///< what was combined so far is a float16 in memory, the value a float32
};

class KernelDag {
 public:
  /// `dtype`: of the part.
  ScalarId load(DType dtype, uint32_t input, Part part = Part::kWhole) {
    return add({.op = ScalarOp::kLoad, .dtype = dtype, .bits = input | static_cast<uint64_t>(part) << 32});
  }
  /// `bits`: the value in the dtype's own form, from the lowest byte on.
  ScalarId constant(DType dtype, uint64_t bits) { return add({.op = ScalarOp::kConstant, .dtype = dtype, .bits = bits}); }
  ScalarId position(uint32_t number) { return add({.op = ScalarOp::kPosition, .dtype = DType::kI64, .bits = number}); }
  ScalarId cast(ScalarId value, DType to);
  ScalarId widen(ScalarId value);
  ScalarId narrow(ScalarId value) { return add({.op = ScalarOp::kNarrow, .dtype = DType::kF16, .args = {value}, .arity = 1}); }
  /// Where a float16 stands among others, for argmax or (least) argmin: of several NaNs none is better.
  ScalarId rank(ScalarId value, bool least);
  ScalarId scan(ScalarOp combine, ScalarId value) {
    return add({.op = ScalarOp::kScan, .dtype = scalars_[value].dtype, .args = {value}, .arity = 1, .bits = static_cast<uint64_t>(combine)});
  }
  ScalarId gather(DType dtype, uint32_t table, Bounds bounds, ScalarId index) {
    return add({.op = ScalarOp::kGather, .dtype = dtype, .args = {index}, .arity = 1, .bits = table | static_cast<uint64_t>(bounds) << 32});
  }
  ScalarId apply(ScalarOp op, DType dtype, absl::Span<const ScalarId> args);
  /// The value's status counts, though nothing may use it. It is that of an operator that compilers would drop then.
  void keep(ScalarId value);
  /// Keeps whatever sets a status and might be found to have no use: behind it nothing is added.
  void keepStatus();
  void store(ScalarId value) { addResult({.value = value}); }
  void storeParts(ScalarId real, ScalarId imaginary);
  void reduce(ScalarOp combine, ScalarId value, FoldOrder order) { addResult({.value = value, .combine = combine, .order = order}); }
  void scatter(ScalarId index, ScalarId value) { addResult({.value = value, .combine = ScalarOp::kAdd, .at = index}); }
  /// A sum of float32s that is a float16 in between.
  void reduceHalf(ScalarId value, FoldOrder order) { addResult({.value = value, .combine = ScalarOp::kAdd, .order = order, .narrows = true}); }
  /// Which position the least or greatest value has: an output, whose number it gives. The value itself is another, behind all others (addExtreme).
  uint32_t locate(ScalarOp combine, ScalarId position);
  void addExtreme(uint32_t located, ScalarId value);

  const std::vector<Scalar>& scalars() const { return scalars_; }
  const Scalar& operator[](ScalarId id) const { return scalars_[id]; }
  const std::vector<KernelOutput>& outputs() const { return outputs_; }
  uint32_t resultCount() const { return outputs_.empty() ? 0 : outputs_.back().result + 1; }
  /// Of an output in memory.
  DType storedDType(const KernelOutput& output) const { return output.narrows ? DType::kF16 : scalars_[output.value].dtype; }
  /// Whether computing may set the floating-point status.
  bool reports() const;
  /// Whether it calls math functions.
  bool hasMath() const;
  /// Floating-point operations for an element; a math function is one (Kernel::flops).
  uint32_t flops() const;
  /// What an element costs, estimated (Kernel::cost).
  uint32_t cost() const;
  std::string print() const;

 private:
  ScalarId add(const Scalar& scalar);
  void addResult(KernelOutput output);
  bool setsStatus(const Scalar& scalar) const;
  absl::Span<const ScalarId> usedArgs(const Scalar& scalar) const;

  std::vector<Scalar> scalars_;
  std::vector<KernelOutput> outputs_;
  absl::flat_hash_map<Scalar, ScalarId> known_;
};

}  // namespace segue::llvm
