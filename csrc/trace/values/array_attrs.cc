// Attributes of arrays and NumPy scalars: facts of the type are answered here, views are operators, everything callable is
// a method of NumPy.
#include <array>

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/graph_values.h"
#include "trace/values/numpy_values.h"

namespace segue {
namespace {

/// Attributes that are operators without arguments.
constexpr std::string_view kOperatorAttributes[] = {"T", "mT", "real", "imag", "flat"};

Traced<ValueRef> methodOf(Tracer& t, ValueRef self, PyTypeObject* type, std::string_view prefix, BorrowedRef name) {
  std::string numpy_name = std::string(prefix) + std::string(textOf(name));
  const LibraryName* op = findNumpyName(numpy_name);
  for (std::string_view attribute : kOperatorAttributes) {
    if (textOf(name) == attribute) {
      if (op == nullptr) return stop(BreakReason::kNumpyNotModelled, numpy_name);
      return t.apply(*op, {{self}, {}});
    }
  }
  if (op == nullptr) return builtinTypeAttr(t, self, name);
  return t.make<MethodValue>(t.make<OperatorValue>(op), self);
}

}  // namespace

Traced<ValueRef> ArrayValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  const Type& type = graphType();
  if (text == "shape") return shape(t);
  if (text == "ndim") return t.integer(type.ndim());
  if (text == "dtype") return t.constant(Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(dtypeTypeNum(type.dtype)))));
  if (text == "itemsize") return t.integer(dtypeItemSize(type.dtype));
  if (text == "strides") return arrayStrides(t, *this);
  if (text == "flags") return t.make<ArrayFlagsValue>(this);
  if (text == "device") return t.string("cpu");
  if (text == "size" || text == "nbytes") {
    Result<Dim> size = t.dims().product(type.shape);
    if (size.ok() && text == "nbytes") size = t.dims().mul(size.value(), t.dims().constant(dtypeItemSize(type.dtype)));
    if (!size.ok()) return stop(BreakReason::kUnsupportedOperation, size.error());
    return t.integer(size.value());
  }
  return methodOf(t, this, &PyArray_Type, "ndarray.", name);
}

Traced<ValueRef> NumpyScalarValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  if (text == "shape") return t.tuple({});
  if (text == "ndim") return t.integer(0);
  if (text == "size") return t.integer(1);
  if (text == "dtype") {
    return t.constant(Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(dtypeTypeNum(graphType().dtype)))));
  }
  if (text == "itemsize" || text == "nbytes") return t.integer(dtypeItemSize(graphType().dtype));
  if (text == "strides") return t.tuple({});
  if (text == "base") return t.none();
  if (text == "T" || (text == "real" && !isComplex(graphType().dtype))) return this;
  if (text == "tolist") return methodOf(t, this, type(), "generic.", t.internedName("item"));
  return methodOf(t, this, type(), "generic.", name);
}

}  // namespace segue
