#include "trace/values/text.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"
#include "trace/values/iterator.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// A number of the value's type, to try a format with.
Ref sampleOf(ValueRef number) {
  return Ref::steal(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(number->type())));
}

bool isText(ValueRef value) {
  BorrowedRef constant = value->constant();
  return value->kind() == ValueKind::kText || (constant && PyUnicode_CheckExact(constant.get()));
}

}  // namespace

bool isComputedNumber(ValueRef value) {
  if (value->kind() == ValueKind::kScalar) return true;
  auto* scalar = as<NumpyScalarValue>(value);
  return scalar != nullptr && !isTime(scalar->graphType().dtype);
}

ValueRef numberText(Tracer& t, ValueRef number, bool is_repr) {
  static PyObject* const kRepr = libraryObject("builtins", "repr");
  BorrowedRef callee = is_repr ? kRepr : reinterpret_cast<PyObject*>(&PyUnicode_Type);
  return t.make<TextValue>(callee, std::vector<ValueRef>{number}, /*is_number=*/true);
}

Traced<ValueRef> formattedNumber(Tracer& t, ValueRef number, BorrowedRef spec) {
  static PyObject* const kFormat = libraryObject("builtins", "format");
  SEGUE_TRY_VOID(checkFormatSpec(spec));
  // 'c' takes the integers that are characters only.
  Ref tried = textOf(spec).ends_with('c') ? Ref() : Ref::steal(PyObject_Format(sampleOf(number).get(), spec));
  if (!tried || PyUnicode_GET_LENGTH(tried.get()) == 0) {
    PyErr_Clear();
    return stop(BreakReason::kConstantNeeded, "formatting " + number->describe());
  }
  return t.make<TextValue>(kFormat, std::vector<ValueRef>{number, t.constant(spec)}, /*is_number=*/false);
}

Traced<ValueRef> joinTexts(Tracer& t, BorrowedRef separator, absl::Span<const ValueRef> parts) {
  static PyObject* const kJoin = Py_NewRef(_PyType_Lookup(&PyUnicode_Type, t.internedName("join")));
  TupleValue::Items items;
  for (ValueRef part : parts) {
    items.push_back(t.resolve(part));
    if (!isText(items.back())) return stop(BreakReason::kConstantNeeded, "a part of a str");
  }
  return t.make<TextValue>(kJoin, std::vector<ValueRef>{t.constant(separator), t.tuple(std::move(items))},
                           /*is_number=*/false);
}

Traced<ValueRef> TextValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (op != BinaryOp::kAdd || !isText(other)) return stop(BreakReason::kConstantNeeded, describe());
  return joinStrings(t, {reflected ? other : this, reflected ? this : other});
}

Traced<ValueRef> TextValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return builtinTypeAttr(t, this, name);
}

Traced<ValueRef> TextValue::formatSlot(Tracer& t, ValueRef spec) {
  BorrowedRef text = spec->constant();
  bool plain = text && PyUnicode_CheckExact(text.get()) && PyUnicode_GET_LENGTH(text.get()) == 0;
  return plain ? Traced<ValueRef>(ValueRef{this}) : Value::formatSlot(t, spec);
}

Traced<RecipeId> TextValue::recipeSlot(RecipeBuilder& b) {
  return callRecipe(b, callee_, args_, {});
}

}  // namespace segue
