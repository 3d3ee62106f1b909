#include "trace/values/string.h"

#include "trace/attributes.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/dict.h"
#include "trace/values/exception.h"
#include "trace/values/list.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Containers deeper than this may hold themselves: CPython writes "[...]" there.
constexpr int kDeepest = 32;

Break noText(ValueRef value) { return stop(BreakReason::kUnsupportedOperation, "text of " + value->describe()); }

/// A str that a method or a conversion gave; CPython raises where it is none.
Traced<std::string_view> textResult(Tracer& t, ValueRef value) {
  BorrowedRef text = t.resolve(value)->constant();
  if (!text || !PyUnicode_CheckExact(text.get())) return noText(value);
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(text, &size);
  if (bytes != nullptr) return std::string_view(bytes, static_cast<size_t>(size));
  PyErr_Clear();
  return stop(BreakReason::kUnsupportedOperation, "text with lone surrogates");
}

/// Exact lists, tuples and dicts; subclasses have a repr of their own.
bool isPlainContainer(ValueRef value) {
  return value->type() == &PyList_Type || value->type() == &PyTuple_Type || value->type() == &PyDict_Type;
}

/// Writes the text of a container: that of its items between brackets.
class TextWriter {
 public:
  TextWriter(Tracer& t, TextConversion item_conversion) : t_(t), items_(item_conversion) {}
  std::string& text() { return text_; }

  Traced<void> container(ValueRef value) {
    if (++depth_ > kDeepest) return stop(BreakReason::kUnsupportedOperation, "text of a container nested too deeply");
    if (auto* dict = as<DictValue>(value)) {
      SEGUE_TRY_VOID(entries(dict));
    } else if (auto* list = as<ListValue>(value)) {
      SEGUE_TRY_VOID(sequence("[", std::vector<ValueRef>(list->items(t_)), "]"));
    } else {
      const auto& items = as<TupleValue>(value)->items();
      SEGUE_TRY_VOID(sequence("(", items, items.size() == 1 ? ",)" : ")"));
    }
    --depth_;
    return {};
  }

 private:
  Traced<void> item(ValueRef value) {
    value = t_.resolve(value);
    if (isPlainContainer(value)) return container(value);
    SEGUE_TRY(ValueRef written, toText(t_, value, items_));
    SEGUE_TRY(std::string_view text, textResult(t_, written));
    text_ += text;
    return {};
  }

  Traced<void> sequence(std::string_view open, absl::Span<const ValueRef> items, std::string_view close) {
    text_ += open;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text_ += ", ";
      SEGUE_TRY_VOID(item(items[i]));
    }
    text_ += close;
    return {};
  }

  Traced<void> entries(DictValue* dict) {
    SEGUE_TRY(const std::vector<DictEntry>* all, dict->entries(t_));
    text_ += "{";
    bool first = true;
    for (const DictEntry& entry : std::vector<DictEntry>(*all)) {
      if (!std::exchange(first, false)) text_ += ", ";
      SEGUE_TRY_VOID(item(entry.key_value));
      text_ += ": ";
      SEGUE_TRY_VOID(item(entry.value));
    }
    text_ += "}";
    return {};
  }

  Tracer& t_;
  TextConversion items_;   ///< repr, or ascii
  std::string text_;
  int depth_ = 0;
};

Traced<ValueRef> containerText(Tracer& t, ValueRef value, TextConversion conversion) {
  TextWriter writer(t, conversion == TextConversion::kAscii ? conversion : TextConversion::kRepr);
  SEGUE_TRY_VOID(writer.container(value));
  return t.string(writer.text());
}

/// BaseException.__str__: nothing, the argument, or the tuple of them.
Traced<ValueRef> exceptionText(Tracer& t, ExceptionValue* error, TextConversion conversion) {
  auto* base = reinterpret_cast<PyTypeObject*>(PyExc_BaseException);
  if (conversion != TextConversion::kStr || error->type()->tp_str != base->tp_str) return noText(error);
  if (error->args().empty()) return t.string("");
  if (error->args().size() == 1) return toText(t, t.resolve(error->args()[0]), TextConversion::kStr);
  return toText(t, t.tuple(error->args()), TextConversion::kStr);
}

Traced<ValueRef> instanceText(Tracer& t, ValueRef value, TextConversion conversion) {
  const char* name = conversion == TextConversion::kStr ? "__str__" : "__repr__";
  BorrowedRef found = lookupOnType(t, value->type(), t.internedName(name));
  if (Py_TYPE(found) == &PyWrapperDescr_Type && conversion == TextConversion::kStr) {
    return toText(t, value, TextConversion::kRepr);  // object.__str__ is repr
  }
  if (Py_TYPE(found) == &PyWrapperDescr_Type || conversion == TextConversion::kAscii) return noText(value);
  SEGUE_TRY(ValueRef text, callSpecial(t, value, name, {}));
  SEGUE_TRY_VOID(textResult(t, text));
  return text;
}

/// Constants whose repr and str are C code of CPython's or NumPy's own.
bool hasOwnText(ValueRef value) {
  BorrowedRef constant = value->constant();
  if (!constant) return false;
  if (isFoldable(constant)) return true;
  if (value->kind() == ValueKind::kDType) return dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(constant.get())).has_value();
  // A class written in Python may have its name changed.
  return Py_TYPE(constant) == &PyType_Type &&
         !(reinterpret_cast<PyTypeObject*>(constant.get())->tp_flags & Py_TPFLAGS_HEAPTYPE);
}

}  // namespace

Traced<ValueRef> toText(Tracer& t, ValueRef value, TextConversion conversion) {
  bool named_tuple = value->kind() == ValueKind::kTuple && value->type() != &PyTuple_Type;
  if (value->kind() == ValueKind::kInstance || named_tuple) return instanceText(t, value, conversion);
  if (isPlainContainer(value)) return containerText(t, value, conversion);
  if (auto* error = as<ExceptionValue>(value)) return exceptionText(t, error, conversion);
  if (BorrowedRef pinned = specialize(t, value)) value = t.constant(pinned);
  if (!hasOwnText(value)) return stop(BreakReason::kConstantNeeded, "text of " + value->describe());
  BorrowedRef constant = value->constant();
  switch (conversion) {
    case TextConversion::kStr: return folded(t, PyObject_Str(constant));
    case TextConversion::kRepr: return folded(t, PyObject_Repr(constant));
    case TextConversion::kAscii: return folded(t, PyObject_ASCII(constant));
  }
  SEGUE_UNREACHABLE("conversion");
}

Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts) {
  Ref list = Ref::steal(PyList_New(0));
  for (ValueRef part : parts) {
    BorrowedRef text = t.resolve(part)->constant();
    if (!text || !PyUnicode_CheckExact(text.get())) return stop(BreakReason::kConstantNeeded, "a part of an f-string");
    PyList_Append(list.get(), text);
  }
  Ref empty = Ref::steal(PyUnicode_FromString(""));
  return t.constant(Ref::steal(PyUnicode_Join(empty.get(), list.get())));
}

}  // namespace segue
