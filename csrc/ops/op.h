// Operators: `OpDef` is the generated description of one (from ops.yaml), `OpCall` one application of it to typed
// arguments. Type rules (ops/rules/*.cc) are named in ops.yaml and shared by operators of the same family.
//
// Requirements
//  1. A rule answers exactly what NumPy would return: kind, dtype (NEP 50), shape, layout, writeability. Where it cannot
//     know, it fails with a reason, and the tracer breaks. It never runs NumPy on data.
//  2. A call NumPy would reject (TypeError, ValueError, AxisError) fails too: CPython runs it and raises.
//  3. A call for which NumPy would warn in other ways than through errstate fails (`warns_if`). What that depends on
//     (an empty reduction, say) is decided on the Dims, so that the relation is guarded.
//  4. Rules know parameters by position; names are only looked up when arguments are bound.
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
  kIntegerErrstate = 1 << 11,  ///< reports conditions for integer arrays too (division by zero)
  kDraws = 1 << 12,            ///< draws from the random generator that is its first argument, whose state it advances
  kAnyDType = 1 << 13,         ///< the rule is right for arrays of every dtype, not of core dtypes only
  kSeesMemory = 1 << 14,       ///< the result depends on where the arguments' memory is
};

struct OpParam {
  std::string_view name;
  std::string_view type;            ///< Array, Scalar, Int, Shape, Axis, DType, Index, Any …; '?' = optional, '[]' = sequence
  std::string_view default_text;    ///< as written in ops.yaml; empty = required
  bool keyword_only = false;
  bool positional_only = false;
  bool written = false;             ///< alias annotation (a!): the operator writes to this argument
  bool aliased = false;             ///< alias annotation (a): the result is a view of this argument
};

class OpCall;
using TypeRule = Result<Type> (*)(OpCall& call);
/// True when NumPy would warn (relations are recorded for what the answer depends on).
using WarnRule = bool (*)(const OpCall& call);

/// One place of a calling convention: what an argument of a named callable binds.
struct CallSlot {
  enum class Kind : uint8_t {
    kArgument,  ///< one argument, by position or keyword
    kRest,      ///< all positional arguments that are left, as a tuple; a lone tuple or list stands for itself
    kCopy,      ///< nothing: parameter `source` once more (out=x1 of an in-place operator)
  };
  Kind kind = Kind::kArgument;
  uint8_t param = 0;         ///< index into the operator's parameters
  uint8_t source = 0;        ///< kCopy: index of the parameter that is copied
  bool positional = true;
  std::string_view keyword;  ///< empty: cannot be passed by keyword
};

/// A dotted name that means an operator, with the convention of calls by that name.
struct LibraryName {
  std::string_view name;
  uint16_t op;               ///< id of the operator
  absl::Span<const CallSlot> slots;
};

/// How a call saved by one version of an operator reads in the next: parameters dropped, renamed, or given a value.
struct OpUpgrade {
  using Names = std::pair<std::string_view, std::string_view>;
  absl::Span<const std::string_view> dropped;
  absl::Span<const Names> renamed;   ///< old and new name
  absl::Span<const Names> added;     ///< parameter and its value as graph text
};

struct OpDef {
  uint16_t id;
  std::string_view name;            ///< unique: "add", "sum", "setitem"
  absl::Span<const OpParam> params;
  uint32_t tags;
  TypeRule rule;
  std::string_view dtype_rule;      ///< parameter of the rule: "promote", "float", "bool", "argmax" …
  /// Names that mean this operator. The first names the callable that implements it, called with the parameters in
  /// order: "numpy.add", "ndarray.__getitem__" (numpy.ndarray's attribute, called with the array first), "operator.add",
  /// "builtins.float", "math.sqrt". It is no name that findNumpyName knows where ops.yaml gives it as `call`. The names
  /// that are not paths: "generic.__add__" is the operator of NumPy scalars, "py.add" that of Python numbers.
  absl::Span<const std::string_view> numpy;
  std::string_view kernel;          ///< scalar expression for fusion, as calls: "add($0, $1)"; empty = call NumPy
  std::string_view warns_if;        ///< predicate checked before the call; empty = warns only through errstate
  int version;
  uint16_t dtype_index = 0;         ///< number of dtype_rule among all names used, so that rules need no text
  WarnRule warns = nullptr;         ///< the predicate of `warns_if`
  absl::Span<const OpUpgrade> upgrades = {};  ///< [i] leads from version i + 1 to the next

  bool has(OpTag tag) const { return (tags & static_cast<uint32_t>(tag)) != 0; }
  /// Index of a parameter, or -1.
  int paramIndex(std::string_view param) const;
};

/// The generated tables.
absl::Span<const OpDef> allOps();
absl::Span<const LibraryName> allNumpyNames();
absl::Span<const LibraryName> allTorchNames();
const OpDef* findOp(std::string_view name);
/// The operator a NumPy name means ("numpy.add", "ndarray.sum"), or null.
const OpDef* findNumpyOp(std::string_view numpy_name);

/// The operator's name and calling convention for a name of NumPy's (Torch's), or null. Conventions differ between names
/// of one operator: ndarray.reshape(*shape) is numpy.reshape(a, shape), ndarray.__iadd__ passes its array as out too.
const LibraryName* findNumpyName(std::string_view name);
const LibraryName* findTorchName(std::string_view name);
const OpDef& opOf(const LibraryName& name);

/// Whether this call writes to an argument: a parameter annotated with '!' was passed.
bool writesArgument(const OpDef& op, absl::Span<const Arg> args);

/// How the result's memory relates to the first argument's (each item's, for a list of views).
enum class Sharing : uint8_t {
  kFresh,    ///< memory of its own, or no array
  kView,     ///< the first argument's memory
  kUnknown,  ///< either: run-time strides decide
  kWritten,  ///< the result is the written argument itself (out=)
  kSame,     ///< the result is the first argument itself, the very object (np.asarray of an array)
};

/// One application: arguments bound in the order of the parameters (ArgMissing where not passed).
class OpCall {
 public:
  /// `known`: the type that the call's node has already, or null.
  OpCall(const OpDef& op, absl::Span<const Arg> args, DimTable& dims, const Type* known = nullptr)
      : op_(op), args_(args), dims_(dims), known_(known) {}
  const OpDef& op() const { return op_; }
  DimTable& dims() const { return dims_; }
  size_t size() const { return args_.size(); }
  const Arg& arg(size_t i) const { return args_[i]; }
  /// By name; a checked error if the operator has no such parameter.
  const Arg& arg(std::string_view name) const;
  /// The type of an argument that is a graph value, a Python scalar constant or a NumPy scalar; nullopt for anything else.
  std::optional<Type> type(size_t i) const;
  /// A size that depends on data: of the k-th call, the k-th such size that the node's type has already, or a fresh one.
  /// It is never more than `most`.
  Dim dataSize(std::optional<Dim> most = std::nullopt);
  /// Whether the argument was passed with anything but None.
  bool given(size_t i) const { return !args_[i].missing() && !args_[i].isNone(); }

  /// Set by rules of operators that may return a view; kFresh until then.
  Sharing sharing() const { return sharing_; }
  void setSharing(Sharing sharing) { sharing_ = sharing; }

 private:
  const OpDef& op_;
  absl::Span<const Arg> args_;
  DimTable& dims_;
  const Type* known_;
  size_t data_sizes_ = 0;           ///< asked for so far
  Sharing sharing_ = Sharing::kFresh;
};

/// The type of an argument that stands for one value (see OpCall::type).
std::optional<Type> argType(const Arg& arg);

/// Binds positional and keyword arguments to parameters. Errors are worded for a developer (the user sees NumPy's own).
Result<std::vector<Arg>> bindArgs(const OpDef& op, std::vector<Arg> positional,
                                  std::vector<std::pair<std::string, Arg>> keywords);
/// By the convention of one of the operator's names.
Result<std::vector<Arg>> bindArgs(const LibraryName& name, std::vector<Arg> positional,
                                  std::vector<std::pair<std::string, Arg>> keywords);

struct Inferred {
  Type type;
  Sharing sharing;
};
/// The type of a call's result and whose memory it has: the operator's rule applied. `known`: the type that a node with this
/// call has already, whose data sizes it keeps.
Result<Inferred> infer(const OpDef& op, absl::Span<const Arg> args, DimTable& dims, const Type* known = nullptr);

}  // namespace segue
