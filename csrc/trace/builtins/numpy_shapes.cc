// Models of NumPy's functions about shapes and kinds of values: no data is read.
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
  if (args[0]->kind() != ValueKind::kArray && args[0]->kind() != ValueKind::kNumpyScalar) {
    return stop(BreakReason::kUnsupportedOperation, "np.iscomplexobj of " + args[0]->describe());
  }
  return t.boolean(isComplex(static_cast<GraphValue*>(args[0])->graphType().dtype));
}
SEGUE_BUILTIN("numpy.iscomplexobj", numpyIsComplex);

}  // namespace
}  // namespace segue
