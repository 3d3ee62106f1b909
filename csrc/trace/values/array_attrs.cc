// Attributes of arrays and NumPy scalars: facts of the type are answered here, views are operators, everything callable is
// a method of NumPy.
#include <array>

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/flat.h"
#include "trace/values/iterator.h"
#include "trace/values/graph_values.h"
#include "trace/values/numpy_values.h"

namespace segue {
namespace {

/// Attributes that are operators without arguments.
constexpr std::string_view kOperatorAttributes[] = {"T", "mT", "real", "imag"};

Traced<ValueRef> methodOf(Tracer& t, ValueRef self, PyTypeObject* type, std::string_view prefix, BorrowedRef name) {
  std::string numpy_name = std::string(prefix) + std::string(textOf(name));
  const LibraryName* op = findNumpyName(numpy_name);
  for (std::string_view attribute : kOperatorAttributes) {
    if (textOf(name) == attribute) {
      if (op == nullptr) return stop(BreakReason::kNumpyNotModelled, numpy_name);
      return t.apply(*op, {{self}, {}});
    }
  }
  // A method with a model of its own, and one that is no operator, is the type's descriptor.
  BorrowedRef descriptor = _PyType_Lookup(type, name);
  if (op == nullptr || (descriptor && findBuiltin(descriptor))) return builtinTypeAttr(t, self, name);
  return t.make<MethodValue>(t.make<OperatorValue>(op, descriptor), self);
}

/// A method of NumPy scalars: NumPy makes a 0-d array of the scalar, calls the array's method of the same name, and turns
/// a 0-d result into a scalar again (gentype_generic_method in scalartypes.c.src).
class ScalarMethod final : public Value {
 public:
  ScalarMethod(const LibraryName* array_method, BorrowedRef descriptor)
      : Value(ValueKind::kBuiltin), array_method_(array_method), descriptor_(Ref::borrow(descriptor)) {}
  PyTypeObject* type() const override { return &PyMethodDescr_Type; }
  BorrowedRef constant() const override { return descriptor_; }
  std::string describe() const override { return std::string(array_method_->name) + " of a NumPy scalar"; }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return b.constant(descriptor_); }

  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override {
    CallArgs array_args = args;
    SEGUE_TRY(array_args.positional[0], t.applyNumpy("numpy.asarray", {{args.positional[0]}, {}}));
    SEGUE_TRY(ValueRef result, t.apply(*array_method_, array_args));
    auto* array = as<ArrayValue>(result);
    if (array == nullptr || array->graphType().ndim() > 0) return result;
    return getItem(t, array, t.tuple({}));
  }

 private:
  const LibraryName* array_method_;   ///< generated table, lives forever
  Ref descriptor_;                    ///< of np.generic
};

}  // namespace

ValueRef sharedMethod(Tracer& t, ValueRef scalar, BorrowedRef name) {
  BorrowedRef found = _PyType_Lookup(&PyGenericArrType_Type, name);
  bool own = found.get() != _PyType_Lookup(scalar->type(), name);  // float64.is_integer, complex128.__complex__ …
  const LibraryName* op = findNumpyName("ndarray." + std::string(textOf(name)));
  if (!found || own || Py_TYPE(found) != &PyMethodDescr_Type || op == nullptr) return nullptr;
  return t.make<MethodValue>(t.make<ScalarMethod>(op, found), scalar);
}

Traced<ValueRef> ArrayValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  const Type& type = graphType();
  if (text == "shape") return shape(t);
  if (text == "ndim") return t.integer(type.ndim());
  if (text == "dtype") return t.constant(dtypeDescr(type.dtype));
  if (text == "itemsize") return t.integer(dtypeItemSize(type.dtype));
  if (text == "strides") return arrayStrides(t, *this);
  if (text == "flags") return t.make<ArrayFlagsValue>(this);
  if (text == "device") return t.string("cpu");
  if (text == "flat") return t.make<FlatValue>(newPosition(t), this);
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
  if (text == "dtype") return t.constant(dtypeDescr(graphType().dtype));
  if (text == "itemsize" || text == "nbytes") return t.integer(dtypeItemSize(graphType().dtype));
  if (text == "strides") return t.tuple({});
  if (text == "base") return t.none();
  if (text == "T" || (text == "real" && isCore(graphType().dtype) && !isComplex(graphType().dtype))) return this;
  if (text == "real" || text == "imag") return t.applyNumpy("numpy." + std::string(text), {{this}, {}});
  if (text == "tolist") return methodOf(t, this, type(), "generic.", t.internedName("item"));
  // A special method that is called by name may answer NotImplemented where the operator goes on to the other operand.
  if (text.starts_with("__")) return builtinTypeAttr(t, this, name);
  if (text != "item") {
    if (ValueRef method = sharedMethod(t, this, name)) return method;
  }
  return methodOf(t, this, type(), "generic.", name);
}

}  // namespace segue
