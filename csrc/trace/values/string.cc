#include "trace/values/string.h"

#include "absl/strings/str_join.h"
#include "base/objects.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/constant.h"
#include "trace/values/dict.h"
#include "trace/values/enum_member.h"
#include "trace/values/exception.h"
#include "trace/values/function.h"
#include "trace/values/known.h"
#include "trace/values/list.h"
#include "trace/values/set.h"
#include "trace/values/subclass.h"
#include "trace/values/text.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<std::string> reprOf(Tracer& t, ValueRef value) {
  SEGUE_TRY(ValueRef text, toText(t, t.resolve(value), TextConversion::kRepr));
  if (!text->constant()) return stop(BreakReason::kConstantNeeded, "text of a container of " + value->describe());
  Ref encoded = Ref::steal(PyUnicode_AsUTF8String(text->constant()));
  if (!encoded) {
    PyErr_Clear();
    return stop(BreakReason::kConstantNeeded, "text with lone surrogates");
  }
  return std::string(PyBytes_AS_STRING(encoded.get()), static_cast<size_t>(PyBytes_GET_SIZE(encoded.get())));
}

Traced<std::string> reprsOf(Tracer& t, absl::Span<const ValueRef> items) {
  std::vector<std::string> texts;
  for (ValueRef item : std::vector<ValueRef>(items.begin(), items.end())) {
    SEGUE_TRY(std::string text, reprOf(t, item));
    texts.push_back(std::move(text));
  }
  return absl::StrJoin(texts, ", ");
}

/// CPython's Py_ReprEnter: a container that contains itself shows as dots.
class ReprGuard {
 public:
  explicit ReprGuard(Tracer& t) : running_(t.reprRunning()) {}
  ~ReprGuard() {
    if (entered_) running_.pop_back();
  }
  /// False for a container that is being shown already. Breaks where CPython's own repr is to run out of its stack.
  Traced<bool> enter(ValueRef value) {
    if (running_.size() >= kDeepestText) return stop(BreakReason::kInlineDepth, "text of a deep container");
    entered_ = std::find(running_.begin(), running_.end(), value) == running_.end();
    if (entered_) running_.push_back(value);
    return entered_;
  }

 private:
  static constexpr size_t kDeepestText = 200;
  std::vector<ValueRef>& running_;
  bool entered_ = false;
};

Traced<std::string> listText(Tracer& t, ListValue* list) {
  ReprGuard guard(t);
  SEGUE_TRY(const bool entered, guard.enter(list));
  if (!entered) return std::string("[...]");
  SEGUE_TRY(std::string items, reprsOf(t, list->items(t)));
  return "[" + items + "]";
}

Traced<std::string> tupleText(Tracer& t, TupleValue* tuple) {
  ReprGuard guard(t);
  SEGUE_TRY(const bool entered, guard.enter(tuple));
  if (!entered) return std::string("(...)");
  SEGUE_TRY(std::string items, reprsOf(t, tuple->items()));
  return "(" + items + (tuple->items().size() == 1 ? ",)" : ")");
}

Traced<std::string> dictText(Tracer& t, DictValue* dict) {
  if (dict->type() != &PyDict_Type) return stop(BreakReason::kUnsupportedOperation, "text of " + dict->describe());
  ReprGuard guard(t);
  SEGUE_TRY(const bool entered, guard.enter(dict));
  if (!entered) return std::string("{...}");
  SEGUE_TRY(const std::vector<DictEntry>* entries, dict->entries(t));
  std::vector<std::string> items;
  for (const DictEntry& entry : std::vector<DictEntry>(*entries)) {
    SEGUE_TRY(std::string key, reprOf(t, entry.key_value));
    SEGUE_TRY(std::string value, reprOf(t, entry.value));
    items.push_back(key + ": " + value);
  }
  return "{" + absl::StrJoin(items, ", ") + "}";
}

Traced<std::string> setText(Tracer& t, SetValue* set) {
  SEGUE_TRY(std::vector<ValueRef> elements, set->elements(t));
  if (elements.empty()) return std::string("set()");
  SEGUE_TRY(std::string items, reprsOf(t, elements));
  return "{" + items + "}";
}

Traced<std::string> dequeText(Tracer& t, ValueRef deque) {
  ReprGuard guard(t);
  SEGUE_TRY(const bool entered, guard.enter(deque));
  if (!entered) return std::string("[...]");
  SEGUE_TRY(std::vector<ValueRef> all, items(t, deque));
  SEGUE_TRY(ValueRef limit, getAttr(t, deque, "maxlen"));
  SEGUE_TRY(std::string texts, reprsOf(t, all));
  if (limit->constant().get() == Py_None) return "deque([" + texts + "])";
  SEGUE_TRY(std::string most, reprOf(t, limit));
  return absl::StrFormat("deque([%s], maxlen=%s)", texts, most);
}

Traced<std::string> rangeText(Tracer& t, ValueRef range) {
  SEGUE_TRY(ValueRef start, getAttr(t, range, "start"));
  SEGUE_TRY(ValueRef end, getAttr(t, range, "stop"));
  SEGUE_TRY(ValueRef step, getAttr(t, range, "step"));
  SEGUE_TRY(std::string bounds, reprsOf(t, {start, end}));
  SEGUE_TRY(std::string by, reprOf(t, step));
  return "range(" + bounds + (by == "1" ? ")" : ", " + by + ")");
}

Traced<std::string> sliceText(Tracer& t, ValueRef value) {
  auto* slice = as<SliceValue>(value);
  SEGUE_TRY(std::string parts, reprsOf(t, {slice->start(), slice->stop(), slice->step()}));
  return "slice(" + parts + ")";
}

/// type.__repr__ of a class that `class` has made.
Traced<std::string> classText(Tracer& t, ClassValue* cls) {
  SEGUE_TRY(ValueRef module, getAttr(t, cls, "__module__"));
  SEGUE_TRY(ValueRef name, getAttr(t, cls, "__qualname__"));
  BorrowedRef module_text = module->constant();
  if (cls->type() != &PyType_Type || !module_text || !PyUnicode_CheckExact(module_text.get())) {
    return stop(BreakReason::kUnsupportedOperation, "text of " + cls->describe());
  }
  std::string prefix(textOf(module_text));
  prefix = prefix == "builtins" ? "" : prefix + ".";
  return "<class '" + prefix + std::string(textOf(name->constant())) + "'>";
}

Traced<std::string> builtinText(Tracer& t, ValueRef value) {
  switch (value->kind()) {
    case ValueKind::kList:
      return listText(t, as<ListValue>(value));
    case ValueKind::kTuple:
      return tupleText(t, as<TupleValue>(value));
    case ValueKind::kDict:
      return dictText(t, as<DictValue>(value));
    case ValueKind::kSet:
      return setText(t, as<SetValue>(value));
    case ValueKind::kDeque:
      return dequeText(t, value);
    case ValueKind::kRange:
      return rangeText(t, value);
    case ValueKind::kSlice:
      return sliceText(t, value);
    case ValueKind::kClass:
      return classText(t, as<ClassValue>(value));
    default:
      return stop(BreakReason::kConstantNeeded, "text of " + value->describe());
  }
}

/// Objects that CPython's own code, or NumPy's, makes a text of.
bool hasPlainText(BorrowedRef object) {
  if (PyType_Check(object.get())) {
    auto* cls = reinterpret_cast<PyTypeObject*>(object.get());
    return (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 && Py_TYPE(cls) == &PyType_Type;
  }
  // Not isFoldable: a frozenset may hold objects whose repr is written in Python.
  if (!PyArray_DescrCheck(object.get())) return segue_is_constant(object);
  return dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(object.get())).has_value();
}

Traced<ValueRef> constantText(Tracer& t, BorrowedRef object, TextConversion conversion) {
  switch (conversion) {
    case TextConversion::kStr:
      return folded(t, PyObject_Str(object));
    case TextConversion::kRepr:
      return folded(t, PyObject_Repr(object));
    case TextConversion::kAscii:
      return folded(t, PyObject_ASCII(object));
  }
  SEGUE_UNREACHABLE("conversion");
}

/// ascii(x) is repr(x) with escapes.
Traced<ValueRef> escaped(Tracer& t, ValueRef text) {
  if (!text->constant()) return stop(BreakReason::kConstantNeeded, "ascii() of " + text->describe());
  Ref encoded = Ref::steal(PyUnicode_AsEncodedString(text->constant(), "ascii", "backslashreplace"));
  SEGUE_CHECK(encoded, "escaping a str");
  return t.constant(
      Ref::steal(PyUnicode_DecodeASCII(PyBytes_AS_STRING(encoded.get()), PyBytes_GET_SIZE(encoded.get()), nullptr)));
}

/// What a __repr__ is that reprlib.recursive_repr, or dataclasses' own copy of it, has wrapped: the wrapper keeps a set
/// of addresses to stop at cycles, which the trace does with ReprGuard. Null when it is none.
FunctionValue* unwrappedRepr(Tracer& t, BorrowedRef found) {
  if (!PyFunction_Check(found.get())) return nullptr;
  auto* wrapper = as<FunctionValue>(t.constant(found));
  auto* code = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(found.get()));
  std::string_view name = textOf(code->co_qualname);
  bool dataclasses = name == "_recursive_repr.<locals>.wrapper";
  if (!dataclasses && name != "recursive_repr.<locals>.decorating_function.<locals>.wrapper") return nullptr;
  BorrowedRef module = PyDict_GetItemString(PyImport_GetModuleDict(), dataclasses ? "dataclasses" : "reprlib");
  if (!module || PyModule_GetDict(module.get()) != PyFunction_GET_GLOBALS(found.get())) return nullptr;
  Ref names = Ref::steal(PyCode_GetFreevars(code));
  const TupleValue::Items& cells = as<TupleValue>(wrapper->parts().closure)->items();
  FunctionValue* inner = nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); ++i) {
    ValueRef held = t.resolve(as<CellValue>(cells[i])->contents(t));
    std::string_view cell = textOf(PyTuple_GET_ITEM(names.get(), i));
    if (cell == "user_function") inner = as<FunctionValue>(held);
    bool other_fill = cell == "fillvalue" && (!held->constant() || textOf(held->constant()) != "...");
    if (other_fill) return nullptr;
  }
  return inner;
}

/// Calls __str__ or __repr__ where it is written in Python; null where the type has the built-in one.
Traced<ValueRef> ownText(Tracer& t, ValueRef value, bool is_repr) {
  const char* name = is_repr ? "__repr__" : "__str__";
  BorrowedRef found = lookupOnType(t, value->type(), t.internedName(name));
  if (!found || Py_TYPE(found) == &PyWrapperDescr_Type) return ValueRef{nullptr};
  FunctionValue* inner = unwrappedRepr(t, found);
  ReprGuard guard(t);
  SEGUE_TRY(const bool entered, guard.enter(value));
  if (inner != nullptr && !entered) return t.string("...");
  t.setResumableCall(false);
  SEGUE_TRY(ValueRef text, inner != nullptr ? call(t, inner, {{value}, {}}) : callSpecial(t, value, name, {}));
  BorrowedRef constant = text->constant();
  if (text->kind() != ValueKind::kText && !(constant && PyUnicode_CheckExact(constant.get()))) {
    return stop(BreakReason::kConstantNeeded, "the text of " + value->describe());
  }
  return text;
}

}  // namespace

Traced<ValueRef> toText(Tracer& t, ValueRef value, TextConversion conversion) {
  if (conversion == TextConversion::kAscii && !(value->constant() && hasPlainText(value->constant()))) {
    SEGUE_TRY(ValueRef text, toText(t, value, TextConversion::kRepr));
    return escaped(t, text);
  }
  bool is_repr = conversion == TextConversion::kRepr;
  if (value->type()->tp_flags & Py_TPFLAGS_HEAPTYPE) {
    SEGUE_TRY(ValueRef own, ownText(t, value, is_repr));
    if (own != nullptr) return own;
    // object.__str__ is repr, and object.__repr__ shows the address.
    if (!is_repr && value->type()->tp_str == PyBaseObject_Type.tp_str) return toText(t, value, TextConversion::kRepr);
    if (ValueRef plain = plainValue(t, value)) return toText(t, plain, conversion);
    SubclassValue* subclass = asSubclass(value);
    if (subclass != nullptr && value->type()->tp_repr == PyDict_Type.tp_repr) return toText(t, subclass->payload(), conversion);
    if (value->kind() == ValueKind::kInstance) {
      return stop(BreakReason::kUnsupportedOperation, "text of " + value->describe());
    }
  }
  if (auto* exception = as<ExceptionValue>(value)) return exceptionText(t, exception, is_repr);
  BorrowedRef constant = value->kind() == ValueKind::kTuple ? BorrowedRef() : specialize(t, value);
  if (constant && hasPlainText(constant)) return constantText(t, constant, conversion);
  if (isComputedNumber(value)) {
    Ref known = value->source() ? knownScalar(t, *static_cast<GraphValue*>(value)) : Ref();
    return known ? constantText(t, known, conversion) : Traced<ValueRef>(numberText(t, value, is_repr));
  }
  if (value->kind() == ValueKind::kText && !is_repr) return value;
  SEGUE_TRY(std::string text, builtinText(t, value));
  return t.string(text);
}

Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts) {
  return joinStrings(t, t.string("")->constant(), parts);
}

Traced<ValueRef> joinStrings(Tracer& t, BorrowedRef separator, absl::Span<const ValueRef> parts) {
  Ref list = Ref::steal(PyList_New(0));
  for (ValueRef part : parts) {
    BorrowedRef text = t.resolve(part)->constant();
    if (!text && t.resolve(part)->kind() == ValueKind::kText) return joinTexts(t, separator, parts);
    if (!text || !isFoldable(text)) return stop(BreakReason::kConstantNeeded, "a part of a str");
    PyList_Append(list.get(), text);
  }
  return folded(t, PyUnicode_Join(separator, list.get()));
}

}  // namespace segue
