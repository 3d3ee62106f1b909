// Assembles a plan: constants interned, temporaries given registers that are used again once free, sizes computed once.
//
// While building, constants and temporaries have numbers of their own (the counts are not known yet); finish() turns them
// into registers.
#pragma once


#include "absl/container/flat_hash_map.h"
#include "backends/backend.h"

namespace segue {

class PlanBuilder {
 public:
  explicit PlanBuilder(const BackendInput& input);

  Reg constant(Ref object);
  /// An interned str: names of attributes.
  Reg text(std::string_view words);
  Reg none() { return constant(Ref::borrow(Py_None)); }

  /// Appends a pure step whose result goes to a fresh temporary.
  Reg emit(StepKind kind, absl::Span<const Operand> operands, Reg keywords = kNoReg);
  /// A fresh temporary, which the step appended next writes as an operand.
  Reg temporary();
  /// Appends a pure step without a result.
  void effect(StepKind kind, absl::Span<const Operand> operands);
  void store(StepKind kind, absl::Span<const Operand> operands);
  void commit(StepKind kind, absl::Span<const Operand> operands);
  /// What the index selects of the array is about to be written in place: a dropped run puts it back.
  void save(Reg array, Reg index);
  /// A random generator is about to be drawn from: a dropped run puts its state back.
  void saveState(Reg generator);
  /// A register with the same object that lives until the run ends; slots and constants do so themselves.
  Reg held(Reg reg);
  /// Drops a temporary here and uses its register again; nothing for other registers.
  void free(Reg reg);

  /// The int register that holds a Dim; its data sizes are defined already.
  uint32_t number(Dim dim);
  /// Reads a data size: an array's, or (item >= 0) that of an item of several results.
  void defineSize(const DataSizeAt& at, Reg value);
  /// Whether every data size in the expression is defined.
  bool isDefined(Dim dim) const;
  /// A step that drops the run unless the relation holds.
  void require(const DimRelation& relation);
  /// The number as a Python int. Temporary registers are freed by the caller.
  Reg boxed(Dim dim);

  /// An argument as a Python object; registers made on the way are appended to `made`.
  Result<Reg> argument(const Arg& arg, const absl::flat_hash_map<const Node*, Reg>& values, std::vector<Reg>* made);

  /// The node that steps appended from now on belong to.
  void at(uint32_t node) { node_ = node; }
  Plan& plan() { return plan_; }
  const DimTable& dims() const { return dims_; }
  Plan finish();

 private:
  Reg final(Reg reg) const;
  void finalize(Program& program);

  const DimTable& dims_;
  Plan plan_;
  absl::flat_hash_map<PyObject*, Reg> constants_;   ///< by identity
  absl::flat_hash_map<std::string, Reg> texts_;
  absl::flat_hash_map<Dim, uint32_t> numbers_;      ///< int registers
  std::vector<Reg> free_;                           ///< temporaries to use again
  uint32_t temporaries_ = 0;
  uint32_t node_ = kNoNode;
};

}  // namespace segue
