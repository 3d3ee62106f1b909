// Guard programs: the guards of one entry, flattened. One loop fetches and checks; the instruction at which it stopped
// explains itself.
//
// Model. A program runs over a FrameRoots and the two register files of a segment (program/plan.h). Each source that is
// needed, by a guard or as an input of the plan, is fetched once, into its *slot* regs[i], i < slot_count (borrowed).
// The numbers of the graph's symbols go to ints[0 .. symbol_count); ints[symbol_count .. int_count) are scratch for the
// expressions that relations compare, free for the plan afterwards. A parent's slot is written, and what makes fetching
// from it safe is checked, before a child is fetched.
//
// Requirements
//  1. Running one calls no user code, allocates nothing that lives on, and leaves no Python exception set.
//  2. An instruction can only pass or miss. A miss leaves the slots and ints written so far valid, and the others
//  alone.
//  3. One switch, no virtual calls, 16 bytes an instruction.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ref.h"
#include "program/frame_roots.h"

namespace segue {

/// One enumerator per row of guard_kinds.def.
enum class GuardKind : uint8_t {
#define SEGUE_GUARD_KIND(name, text) k##name,
#include "program/guard_kinds.def"
#undef SEGUE_GUARD_KIND
};

/// Instructions: fetches and numbers of guard_ops.def, then one check per guard kind.
enum class GuardOp : uint8_t {
#define SEGUE_GUARD_FETCH(name, mnemonic) kFetch##name,
#define SEGUE_GUARD_INT(name, mnemonic) kInt##name,
#define SEGUE_GUARD_RELATION(name, mnemonic) k##name,
#include "program/guard_ops.def"
#undef SEGUE_GUARD_FETCH
#undef SEGUE_GUARD_INT
#undef SEGUE_GUARD_RELATION
#define SEGUE_GUARD_KIND(name, text) kCheck##name,
#include "program/guard_kinds.def"
#undef SEGUE_GUARD_KIND
};
inline constexpr GuardOp checkOp(GuardKind kind) {
  return static_cast<GuardOp>(static_cast<int>(GuardOp::kCheckType) + static_cast<int>(kind));
}
inline constexpr bool isFetch(GuardOp op) {
  return op <= GuardOp::kFetchFieldOrNone;
}
inline constexpr bool isIntOp(GuardOp op) {
  return op >= GuardOp::kIntArraySize && op <= GuardOp::kIntMax;
}

/// NumPy's private NPY_ARRAY_WARN_ON_WRITE (bit 31) as arrayFlags gives it: the array is a result of np.broadcast_arrays, and
/// the first write to it warns and takes the flag away from it and its bases.
inline constexpr int kArrayWarnsOnWrite = 1 << 15;

/// Among the flags that a guard compares (arrays never have this one): the type number counts alone, whatever unit, size or fields the
/// dtype has.
inline constexpr int kArrayOfAnyDescr = NPY_ARRAY_NOTSWAPPED;

/// The flags of an array that guards compare: NPY_ARRAY_*, which end at bit 14, and kArrayWarnsOnWrite.
inline int arrayFlags(PyArrayObject* array) {
  const auto flags = static_cast<uint32_t>(PyArray_FLAGS(array));
  return static_cast<int>((flags | flags >> 16) & 0xffff);
}

enum class GuardRelation : uint8_t { kEq, kNe, kLt, kLe, kGe };

struct GuardInsn {
  GuardOp op;
  uint8_t small = 0;  ///< ndim, axis, relation; a local's fetch: 1 when it may be unbound; Equals: its fast form
  uint16_t dst = 0;   ///< register written; checks: the slot checked
  uint16_t a = 0;     ///< parent slot, left int, second slot; Array: the flags compared
  uint16_t b = 0;     ///< right int; Array: values of the flags
  union {
    PyObject* object;  ///< borrowed from GuardProgram::held
    int64_t number;
  };
  GuardInsn(GuardOp op, uint16_t dst) : op(op), dst(dst), object(nullptr) {}
};
static_assert(sizeof(GuardInsn) == 16);

struct GuardProgram {
  std::vector<GuardInsn> insns;
  std::vector<Ref> held;           ///< objects that instructions point to
  std::vector<std::string> paths;  ///< by slot: the source, as the user would write it
  uint32_t slot_count = 0;         ///< regs written
  uint32_t symbol_count = 0;       ///< ints written for the plan
  uint32_t int_count = 0;          ///< with scratch

  size_t bytes() const;
};

inline constexpr uint32_t kGuardsPass = UINT32_MAX;

/// Runs the program; kGuardsPass, or the index of the instruction that missed.
uint32_t runGuards(const GuardProgram& program, const FrameRoots& roots, PyObject** regs, int64_t* ints);

/// Why a call missed: "L['x']", "has the type float", "int".
struct GuardFailure {
  std::string source;
  std::string expected;
  std::string actual;
};
/// Words for the miss at `insn`, from the registers as runGuards left them. Runs no user code: objects of types that
/// are not built in are described by their type.
GuardFailure explainGuard(const GuardProgram& program, uint32_t insn, PyObject* const* regs, const int64_t* ints);

/// The slots that the check at `insn` holds to one value of many: an equality, an identity, a size, a set of keys. Empty for
/// other checks.
std::vector<uint32_t> pinnedSlots(const GuardProgram& program, uint32_t insn);

/// The check at `insn` in words: "has the type float", "is an ndarray: float64, 2 dimensions, writeable".
std::string describeCheck(const GuardProgram& program, uint32_t insn);

/// One instruction per line: "r1 = attr r0 'w'   ; L['self'].w", "check.type r1 <class 'list'>".
std::string printGuardProgram(const GuardProgram& program);

}  // namespace segue
