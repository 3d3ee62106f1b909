#include "trace/values/basic.h"

#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"

namespace segue {
namespace {

ValueRef wrapModule(Tracer& t, BorrowedRef live, Source source) {
  t.guardIdentity(source, live);
  return t.make<ModuleValue>(live, source);
}
SEGUE_WRAPS(PyModule_Type, wrapModule);

}  // namespace

Traced<RecipeId> NullValue::recipeSlot(RecipeBuilder& b) { return b.null(); }

Traced<ValueRef> OpaqueValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  return stop(reason_, describe());
}
Traced<ValueRef> OpaqueValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) { return stop(reason_, describe()); }
Traced<ValueRef> OpaqueValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return stop(reason_, absl::StrFormat("%s.%s", describe(), std::string(textOf(name))));
}
Traced<Arg> OpaqueValue::argSlot(Tracer& t) { return stop(reason_, describe()); }

Traced<ValueRef> ModuleValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  BorrowedRef dict = PyModule_GetDict(module_.get());
  SEGUE_TRY(ValueRef found, t.namespaceItem(dict, name));
  if (found != nullptr) return found;
  // A module's own __getattr__ may make the attribute up, or import a submodule.
  return stop(BreakReason::kAttributeLookup,
              absl::StrFormat("module %s has no %s in its dict", PyModule_GetName(module_.get()), std::string(textOf(name))));
}

Traced<void> ModuleValue::setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) {
  BorrowedRef found = lookupOnType(t, Py_TYPE(module_.get()), name);
  if (value == nullptr || (found && isDataDescriptor(found))) return Value::setAttrSlot(t, name, value);
  return t.setNamespaceItem(PyModule_GetDict(module_.get()), name, value);
}

// --- dtypes

Traced<ValueRef> DTypeValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  BorrowedRef rhs = other->constant();
  // Comparing a dtype with a type, a str or None converts these; all are NumPy's own code on constants.
  if (!rhs || (op != CompareOp::kEq && op != CompareOp::kNe)) return Value::compareSlot(t, op, other);
  if (!PyArray_DescrCheck(rhs.get()) && !PyType_Check(rhs.get()) && !isFoldable(rhs)) {
    return Value::compareSlot(t, op, other);
  }
  return folded(t, PyObject_RichCompare(descr_.get(), rhs, static_cast<int>(op)));
}

Traced<ValueRef> DTypeValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  Ref attribute = Ref::steal(PyObject_GetAttr(descr_.get(), name));
  if (!attribute) return t.raiseCurrent();
  if (!isFoldable(attribute) && !PyType_Check(attribute.get()) && !PyArray_DescrCheck(attribute.get())) {
    return builtinTypeAttr(t, this, name);
  }
  return t.constant(std::move(attribute));
}

Traced<Arg> DTypeValue::argSlot(Tracer& t) {
  std::optional<DType> dtype = dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(descr_.get()));
  if (!dtype) return stop(BreakReason::kUnmodelledArray, "a dtype that is not modelled");
  return Arg(*dtype);
}

Traced<RecipeId> DTypeValue::recipeSlot(RecipeBuilder& b) { return b.constant(descr_); }

}  // namespace segue
