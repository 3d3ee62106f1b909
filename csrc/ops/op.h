// Operators: `OpDef` is the generated description of one (from ops.yaml), `OpCall` one application of it to typed
// arguments. Type rules (ops/rules/*.cc) are named in ops.yaml and shared by operators of the same family.
//
// Requirements
//  1. A rule answers exactly what NumPy would return: kind, dtype (NEP 50), shape, layout, writeability. Where it cannot
//     know, it fails with a reason, and the tracer breaks. It never runs NumPy on data.
//  2. A call NumPy would reject (TypeError, ValueError, AxisError) fails too: CPython runs it and raises.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/types/span.h"
#include "ops/arg.h"

namespace segue {

enum class OpTag : uint32_t {
  kPointwise = 1 << 0,
  kReduction = 1 << 1,
  kView = 1 << 2,              ///< the result shares memory with its first argument
  kMaybeView = 1 << 3,         ///< view or copy, decided by the layout (reshape, ravel)
  kWrite = 1 << 4,             ///< writes to an argument: see OpParam::written
  kDataDependentShape = 1 << 5,
  kNondeterministic = 1 << 6,
  kMayRaise = 1 << 7,          ///< may raise for some data (index out of bounds, singular matrix)
  kReadsErrstate = 1 << 8,     ///< may report floating-point conditions
  kRunsPython = 1 << 9,        ///< NumPy implements it in Python: a plan that holds it is not frameless
  kScalar = 1 << 10,           ///< on Python scalars; never touches an array
};

struct OpParam {
  std::string_view name;
  std::string_view type;            ///< Array, Scalar, Int, Shape, Axis, DType, Index, Any …; '?' = optional, '[]' = sequence
  std::string_view default_text;    ///< as written in ops.yaml; empty = required
  bool keyword_only = false;
  bool written = false;             ///< alias annotation (a!): the operator writes to this argument
  bool aliased = false;             ///< alias annotation (a): the result is a view of this argument
};

class OpCall;
using TypeRule = Result<Type> (*)(OpCall& call);

struct OpDef {
  uint16_t id;
  std::string_view name;            ///< unique: "add", "sum", "setitem"
  absl::Span<const OpParam> params;
  uint32_t tags;
  TypeRule rule;
  std::string_view dtype_rule;      ///< parameter of the rule: "promote", "float", "bool", "argmax" …
  absl::Span<const std::string_view> numpy;  ///< names that mean this operator: "numpy.add", "ndarray.__add__"
  std::string_view kernel;          ///< scalar expression for fusion; empty = call NumPy
  std::string_view warns_if;        ///< predicate checked before the call; empty = warns only through errstate
  int version;

  bool has(OpTag tag) const { return (tags & static_cast<uint32_t>(tag)) != 0; }
  /// Index of a parameter, or -1.
  int paramIndex(std::string_view param) const;
};

/// The generated table.
absl::Span<const OpDef> allOps();
const OpDef* findOp(std::string_view name);
/// The operator a NumPy name means ("numpy.add", "ndarray.sum"), or null.
const OpDef* findNumpyOp(std::string_view numpy_name);

/// One application: arguments bound in the order of the parameters (ArgMissing where not passed).
class OpCall {
 public:
  OpCall(const OpDef& op, absl::Span<const Arg> args, DimTable& dims) : op_(op), args_(args), dims_(dims) {}
  const OpDef& op() const { return op_; }
  DimTable& dims() const { return dims_; }
  size_t size() const { return args_.size(); }
  const Arg& arg(size_t i) const { return args_[i]; }
  /// By name; a checked error if the operator has no such parameter.
  const Arg& arg(std::string_view name) const;
  /// The type of an argument that is a graph value or a Python scalar constant; nullopt for anything else.
  std::optional<Type> type(size_t i) const;

 private:
  const OpDef& op_;
  absl::Span<const Arg> args_;
  DimTable& dims_;
};

/// Binds positional and keyword arguments to parameters. Errors are worded for a developer (the user sees NumPy's own).
Result<std::vector<Arg>> bindArgs(const OpDef& op, std::vector<Arg> positional,
                                  std::vector<std::pair<std::string, Arg>> keywords);

/// The result type of a call: the operator's rule applied.
Result<Type> inferType(const OpDef& op, absl::Span<const Arg> args, DimTable& dims);

}  // namespace segue
