// Plans: what a segment runs. A plan is a flat list of steps over two register files, made by a backend from a graph.
//
// Model. `PyObject** regs` and `int64_t* ints` belong to one run of a segment and live on the C stack. The guard program
// has written regs[0 .. slot_count) (*slots*: borrowed objects the segment reads; the graph's inputs are among them) and
// ints[0 .. symbol_count) (the numbers of the graph's symbols). Behind the slots come the plan's constants (borrowed from
// the plan), then its temporaries (owned; each is written by one step at a time, freed by a `free` step behind its last
// use or when the run ends). A replay program's constants and temporaries follow in the same way (program/replay.h).
//
// A plan has two stages, and an undo. The *pure* stage may fail at any step: a Python exception (a floating-point condition that the
// user's errstate would report arrives as one), an overflow, a check. Then the run is dropped: nothing visible has changed,
// or only what running the segment again will write again before anything reads it. The *commit* stage copies staged
// array writes to where they belong. It cannot fail. Between them, when all else is done that may fail, kernels may *store* results into
// arrays that the segment does not read: this may still fail, as what is stored is stored again when CPython runs the segment, which then gets
// that far. The *undo* restores, last first, what `save` steps have saved before elements of arrays were written in place; it runs when the
// run is dropped.
//
// Requirements
//  1. Pure steps change only objects that the run made, arrays whose old contents the segment does not depend on, and
//     elements that it has saved.
//  2. A `store` copies between arrays of one dtype that share no memory, and the value's shape broadcasts to the target's: it cannot fail.
//  3. Slots and constants are never written; temporaries are never read before they are written, but by the undo: a
//     `restore` of a temporary that is null has nothing to do. What `save` gives has a register of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/ref.h"
#include "base/traced.h"
#include "program/kernel.h"
#include "program/pending_code.h"
#include "program/view.h"

namespace segue {

/// An object register, an int register, or a plain number, by the step's row in steps.def.
using Operand = uint32_t;
using Reg = uint32_t;
inline constexpr Reg kNoReg = UINT32_MAX;
inline constexpr uint32_t kNoNode = UINT32_MAX;

enum class StepKind : uint8_t {
#define SEGUE_STEP(name, mnemonic, result, operands) k##name,
#include "program/steps.def"
#undef SEGUE_STEP
};

/// One row of steps.def.
struct StepInfo {
  std::string_view mnemonic;
  char result;                 ///< 'i', 'r' or '-'
  std::string_view operands;
};
const StepInfo& stepInfo(StepKind kind);
/// 'r', 'i' or 'n': of the step's operand `i`.
char operandKind(const StepInfo& info, size_t i);

struct Step {
  StepKind kind;
  uint16_t count = 0;          ///< number of operands
  uint32_t first = 0;          ///< where the operands start in the program's pool
  Reg dst = kNoReg;            ///< register written, or kNoReg
  Reg keywords = kNoReg;       ///< kCall, kCallMethod: register of the tuple of keyword names, or kNoReg
  uint32_t node = kNoNode;     ///< id of the graph node the step belongs to (counts reruns), or of the write
};

/// Straight-line code: steps and the operands they share.
struct Program {
  std::vector<Step> steps;
  std::vector<Operand> pool;

  Step& append(StepKind kind, Reg dst, absl::Span<const Operand> operands);
  absl::Span<const Operand> operands(const Step& step) const {
    return absl::MakeConstSpan(pool).subspan(step.first, step.count);
  }
  size_t bytes() const { return steps.capacity() * sizeof(Step) + pool.capacity() * sizeof(Operand); }
};

struct Plan {
  Program pure;
  Program stores;                  ///< `store.kernel` steps
  Program commit;
  Program undo;                    ///< `restore` steps, in the order of their saves
  std::vector<Ref> constants;      ///< regs[slot_count + i]
  std::vector<int64_t> numbers;    ///< what kIntConstant loads, by index
  std::vector<std::shared_ptr<const Kernel>> kernels;   ///< by the number that `kernel` steps name
  std::vector<ViewIndex> views;    ///< by the number that `view` steps name
  std::vector<Reg> outputs;        ///< by graph output
  std::vector<uint32_t> dims;      ///< int registers of the symbolic sizes that the exit needs, as asked for
  uint32_t slot_count = 0;
  uint32_t symbol_count = 0;       ///< ints written by the guard program
  uint32_t reg_count = 0;          ///< slots + constants + temporaries
  uint32_t int_count = 0;          ///< symbols + computed ints
  bool reads_errstate = false;     ///< runs with floating-point reporting turned into exceptions
  bool checks_status = false;      ///< kernels check the status themselves: for them it is enough to know what the user's errstate reports
  std::shared_ptr<PendingCode> pending;   ///< of the kernels that are to run in its place; null for none
  bool runs_python = false;        ///< NumPy's own Python code runs inside: never frameless

  uint32_t firstTemporary() const { return slot_count + static_cast<uint32_t>(constants.size()); }
  size_t bytes() const;
};

/// One line per step: "r3 = call r1(r0, out=r2)  ; n4". Constants print as their short repr.
std::string printPlan(const Plan& plan);
/// Steps in the same form; `constants` prints registers in [first, first + constants.size()) as values.
std::string printProgram(const Program& program, absl::Span<const Ref> constants, Reg first_constant,
                         absl::Span<const int64_t> numbers = {}, absl::Span<const ViewIndex> views = {});

}  // namespace segue
