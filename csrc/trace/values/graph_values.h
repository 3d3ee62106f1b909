// Values that a graph node computes: arrays, NumPy scalars, and Python scalars whose number is not known.
//
// Each has the Type that the operator's rule gave. An input's node is made when a graph operator first uses the value, so
// that an array whose shape alone is asked for is no input.
#pragma once

#include "absl/functional/function_ref.h"
#include "trace/values/value.h"

namespace segue {

class GraphValue : public Value {
 public:
  const Type& graphType() const { return *graph_type_; }
  /// The node; makes the graph input when the value came from outside.
  Node* node(Tracer& t);
  bool hasNode() const { return node_ != nullptr; }
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;

 protected:
  GraphValue(ValueKind kind, const Type* type, Node* node, std::optional<Source> source)
      : Value(kind, source), graph_type_(type), node_(node) {}
  ~GraphValue() = default;

 private:
  const Type* graph_type_;   ///< owned by the graph
  Node* node_;               ///< null until a live value's first use
};

/// Exactly numpy.ndarray, of a modelled dtype.
class ArrayValue final : public GraphValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kArray;
  ArrayValue(const Type* type, Node* node, std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr)
      : GraphValue(kKind, type, node, source), live_(Ref::borrow(live)) {}
  PyTypeObject* type() const override { return &PyArray_Type; }
  std::string describe() const override { return "an array"; }
  BorrowedRef live() const { return live_; }
  ValueRef shape(Tracer& t) const;

  Traced<Arg> argSlot(Tracer& t) override;
  Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<void> setItemSlot(Tracer& t, ValueRef key, ValueRef value) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;

 private:
  Ref live_;   ///< the live array; null for results
};

/// np.float64(…) and its kin: immutable, no shape.
class NumpyScalarValue final : public GraphValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kNumpyScalar;
  NumpyScalarValue(const Type* type, Node* node, std::optional<Source> source = std::nullopt)
      : GraphValue(kKind, type, node, source) {}
  PyTypeObject* type() const override { return dtypeScalarType(graphType().dtype); }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
};

/// A Python float, complex, int or bool computed by the graph, or a float from outside.
///
/// Where the number of this call is known (an input, or computed of such), the trace can pin it: the inputs it came from
/// are guarded to equal what they are now, and the number becomes a constant. Branching does so; arithmetic does not.
class ScalarValue final : public GraphValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kScalar;
  using Roots = absl::InlinedVector<ValueRef, 2>;
  ScalarValue(const Type* type, Node* node, std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr)
      : GraphValue(kKind, type, node, source), live_(Ref::borrow(live)) {}
  /// Computed of `roots` (inputs and symbolic ints); `live` is the number in this call.
  ScalarValue(const Type* type, Node* node, Ref live, Roots roots)
      : GraphValue(kKind, type, node, std::nullopt), live_(std::move(live)), roots_(std::move(roots)) {}
  PyTypeObject* type() const override;
  /// The number in this call; null when only running the graph tells.
  BorrowedRef live() const { return live_; }
  const Roots& roots() const { return roots_; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<Ref> keySlot(Tracer& t) override;

 private:
  /// The number as a constant, guarded; null where it is not known.
  ValueRef pinned(Tracer& t);
  Ref live_;
  Roots roots_;   ///< what `live_` was computed of; empty for an input
};

/// The method of a NumPy scalar that does what the array's method of that name does, or null.
ValueRef sharedMethod(Tracer& t, ValueRef scalar, BorrowedRef name);

/// The number that a value is in this call, without guarding it: a constant, a symbolic int's hint, a scalar's; null
/// where it is not known.
Ref liveNumber(Tracer& t, ValueRef value);
/// A Python operator or function on Python numbers as a graph node (`name` of ops.yaml: "py.add", "math.sqrt"); `compute`
/// does the same on live numbers. Falls back to pinned numbers where the operator is not known, or raises in this call.
Traced<ValueRef> scalarOperator(Tracer& t, std::string_view name, absl::Span<const ValueRef> args,
                                absl::FunctionRef<PyObject*(absl::Span<PyObject* const>)> compute);

}  // namespace segue
