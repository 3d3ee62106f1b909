// Models of NumPy's functions about shapes and kinds of values: no data is read.
#include "ops/rules/shapes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"

namespace segue {
namespace {

bool isNumber(ValueRef value) {
  ValueKind kind = value->kind();
  if (kind == ValueKind::kNumpyScalar || kind == ValueKind::kScalar || kind == ValueKind::kInt) return true;
  BorrowedRef constant = value->constant();
  return constant && (PyLong_CheckExact(constant) || PyBool_Check(constant) || PyFloat_CheckExact(constant) ||
                      PyComplex_CheckExact(constant));
}

Traced<ValueRef> shapeOf(Tracer& t, ValueRef value) {
  if (auto* array = as<ArrayValue>(value)) return array->shape(t);
  if (isNumber(value)) return t.tuple({});
  return stop(BreakReason::kUnsupportedOperation, "the shape of " + value->describe());
}

Traced<ValueRef> numpyShape(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "shape", {"a"}, 1));
  return shapeOf(t, args[0]);
}
SEGUE_BUILTIN("numpy.shape", numpyShape);

Traced<ValueRef> numpyNdim(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "ndim", {"a"}, 1));
  SEGUE_TRY(ValueRef shape, shapeOf(t, args[0]));
  return length(t, shape);
}
SEGUE_BUILTIN("numpy.ndim", numpyNdim);

Traced<ValueRef> numpySize(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "size", {"a", "axis"}, 1));
  bool whole = args[1] == nullptr || args[1]->constant().get() == Py_None;
  if (whole && args[0]->kind() == ValueKind::kArray) return getAttr(t, args[0], "size");
  if (whole && isNumber(args[0])) return t.integer(1);
  if (whole || !asDim(t, args[1])) return stop(BreakReason::kUnsupportedOperation, "the size of " + args[0]->describe());
  SEGUE_TRY(ValueRef shape, shapeOf(t, args[0]));
  return getItem(t, shape, args[1]);
}
SEGUE_BUILTIN("numpy.size", numpySize);

Traced<ValueRef> numpyIsComplex(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "iscomplexobj", {"x"}, 1));
  ValueRef value = args[0];
  ValueKind kind = value->kind();
  if (kind == ValueKind::kList || kind == ValueKind::kTuple) {
    SEGUE_TRY(value, t.applyNumpy("numpy.asarray", {{value}, {}}));
  }
  if (value->kind() == ValueKind::kArray || kind == ValueKind::kNumpyScalar) {
    return t.boolean(isComplex(static_cast<GraphValue*>(value)->graphType().dtype));
  }
  // What has no dtype itself becomes an array of its own kind, or of objects: texts, None, dtypes.
  bool plain = isNumber(value) || kind == ValueKind::kConstant || kind == ValueKind::kDType || kind == ValueKind::kText;
  if (!plain) return stop(BreakReason::kUnsupportedOperation, "np.iscomplexobj of " + value->describe());
  return t.boolean(value->type() == &PyComplex_Type);
}
SEGUE_BUILTIN("numpy.iscomplexobj", numpyIsComplex);

/// np.broadcast(…): what its arguments' shapes broadcast to. Never leaves the trace, and is not iterated over.
class BroadcastValue final : public Value {
 public:
  BroadcastValue(PyTypeObject* type, Shape shape) : Value(ValueKind::kOpaque), type_(type), shape_(std::move(shape)) {}
  PyTypeObject* type() const override { return type_; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override {
    std::string_view text = textOf(name);
    if (text == "ndim" || text == "nd") return t.integer(static_cast<int64_t>(shape_.size()));
    if (text != "shape") return Value::getAttrSlot(t, name);
    absl::InlinedVector<ValueRef, 6> sizes;
    for (Dim dim : shape_) sizes.push_back(t.integer(dim));
    return t.tuple(std::move(sizes));
  }

 private:
  PyTypeObject* type_;   ///< numpy.broadcast
  Shape shape_;
};

Traced<ValueRef> classBroadcast(Tracer& t, const BuiltinCall& call) {
  if (!call.args.keywords.empty() || call.size() == 0 || call.size() > 32) {
    return stop(BreakReason::kBuiltinNotModelled, "np.broadcast of so many arguments");
  }
  Shape shape;
  for (ValueRef arg : call.args.positional) {
    ValueRef value = t.resolve(arg);
    auto* array = as<ArrayValue>(value);
    if (array == nullptr && !isNumber(value)) {
      return stop(BreakReason::kBuiltinNotModelled, "np.broadcast of " + value->describe());
    }
    if (array == nullptr) continue;
    Result<Shape> both = broadcastShapes(shape, array->graphType().shape, t.dims());
    if (!both.ok()) return stop(BreakReason::kExceptionEscapes, both.error());
    shape = std::move(both.value());
  }
  return t.make<BroadcastValue>(reinterpret_cast<PyTypeObject*>(call.function.get()), std::move(shape));
}
SEGUE_BUILTIN("numpy.broadcast", classBroadcast);

Traced<ValueRef> normalizeAxisIndex(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "normalize_axis_index", {"axis", "ndim", "msg_prefix"}, 2));
  SEGUE_TRY(int64_t axis, constantInt(t, args[0]));
  SEGUE_TRY(int64_t ndim, constantInt(t, args[1]));
  if (axis < -ndim || axis >= ndim) return stop(BreakReason::kExceptionEscapes, "the axis is out of bounds");
  return t.integer(axis < 0 ? axis + ndim : axis);
}
SEGUE_BUILTIN("numpy.lib.array_utils.normalize_axis_index", normalizeAxisIndex);

}  // namespace
}  // namespace segue
