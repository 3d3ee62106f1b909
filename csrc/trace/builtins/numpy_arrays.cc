// Models of methods of arrays whose arguments choose the operator.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// item(): the one element; item(i): of the flat array; item(i, j) and item((i, j)): by an index.
Traced<ValueRef> arrayItem(Tracer& t, const BuiltinCall& call) {
  constexpr std::string_view kOperator = "ndarray.item";
  if (call.size() == 0 || !call.args.keywords.empty()) {
    return stop(BreakReason::kExceptionEscapes, "item() with keywords");
  }
  if (call.size() == 1) return t.applyNumpy(kOperator, call.args);
  ValueRef self = t.resolve(call.args.positional[0]);
  ValueRef index = t.resolve(call.args.positional[1]);
  ValueRef element = nullptr;
  if (call.size() == 2 && asDim(t, index)) {
    SEGUE_TRY(element, t.applyNumpy("numpy.take", {{self, index}, {}}));
  } else {
    if (call.size() > 2) index = t.tuple({call.args.positional.begin() + 1, call.args.positional.end()});
    SEGUE_TRY(element, getItem(t, self, index));
  }
  if (element->kind() != ValueKind::kNumpyScalar) {
    return stop(BreakReason::kExceptionEscapes, "item() of more than one element");
  }
  return t.applyNumpy("generic.item", {{element}, {}});
}
SEGUE_BUILTIN("numpy.ndarray.item", arrayItem);

/// to_device("cpu"): the array itself.
Traced<ValueRef> toDevice(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "to_device", {"/self", "/device", "stream"}, 2));
  BorrowedRef device = args[1]->constant();
  bool here = device && PyUnicode_CheckExact(device.get()) && textOf(device) == "cpu";
  if (!here || (args[2] != nullptr && args[2]->constant().get() != Py_None)) {
    return stop(BreakReason::kExceptionEscapes, "a device that is not there");
  }
  return args[0];
}
SEGUE_BUILTIN("numpy.ndarray.to_device", toDevice);

/// diag_indices_from(a): the same vector for every dimension, the very object.
Traced<ValueRef> diagonalIndices(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "diag_indices_from", {"arr"}, 1));
  auto* array = as<ArrayValue>(args[0]);
  if (array == nullptr || array->graphType().ndim() < 2) return stop(BreakReason::kNumpyTypeRule, "indices of a square array");
  const Shape& shape = array->graphType().shape;
  for (Dim size : shape) {
    if (!t.dims().decideEqual(size, shape[0])) return stop(BreakReason::kExceptionEscapes, "dimensions of different sizes");
  }
  SEGUE_TRY(ValueRef sizes, getAttr(t, array, "shape"));
  SEGUE_TRY(ValueRef size, getItem(t, sizes, t.integer(0)));
  SEGUE_TRY(ValueRef indices, t.applyNumpy("numpy.arange", {{size}, {}}));
  return t.tuple(TupleValue::Items(shape.size(), indices));
}
SEGUE_BUILTIN("numpy.diag_indices_from", diagonalIndices);

}  // namespace
}  // namespace segue
