#include "trace/values/function.h"

#include "base/fault.h"
#include "base/functions.h"
#include "base/objects.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/dict.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// The __dict__ of a function that the trace made: it exists with its function only.
class FunctionDictValue final : public DictValue {
 public:
  explicit FunctionDictValue(ObjectId object) : DictValue(object, std::nullopt, nullptr) {}
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override { return Value::recipeSlot(b); }
};

struct CellState : ClonableState<CellState> {
  ValueRef contents = nullptr;   ///< null: empty
};

/// Closure of a live function: its cells never change, their contents are read per call.
ValueRef wrapClosure(Tracer& t, BorrowedRef function, Source source) {
  BorrowedRef closure = PyFunction_GET_CLOSURE(function.get());
  if (!closure) return nullptr;
  TupleValue::Items cells;
  Source tuple = t.sources().member(source, SourceMember::kFunctionClosure);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(closure.get()); ++i) {
    BorrowedRef cell = PyTuple_GET_ITEM(closure.get(), i);
    Source cell_source =
        t.isPinned(source) ? t.sources().constant(cell) : t.sources().item(tuple, static_cast<int>(i));
    cells.push_back(wrapCell(t, cell, cell_source, t.sources().cellContents(cell_source)));
  }
  return t.tuple(std::move(cells));
}

/// Keyword defaults of a function that an assumption covers, contents included.
ValueRef assumedKeywordDefaults(Tracer& t, BorrowedRef defaults) {
  if (!defaults) return nullptr;
  DictValue* dict = makeDict(t);
  Py_ssize_t position = 0;
  PyObject *name, *value;
  while (PyDict_Next(defaults, &position, &name, &value)) {
    Traced<void> set = dict->set(t, t.constant(BorrowedRef(name)), t.pending(value, t.sources().constant(value)));
    SEGUE_CHECK(set.ok(), "names of keyword defaults are strings");
  }
  return dict;
}

ValueRef wrapParts(Tracer& t, BorrowedRef live, Source source) {
  FunctionParts parts;
  parts.code = Ref::borrow(PyFunction_GET_CODE(live.get()));
  parts.globals = Ref::borrow(PyFunction_GET_GLOBALS(live.get()));
  auto part = [&](PyObject* object, SourceMember member) -> ValueRef {
    if (object == nullptr || object == Py_None) return nullptr;
    return t.pending(object, t.isPinned(source) ? t.sources().constant(object) : t.sources().member(source, member));
  };
  parts.defaults = part(PyFunction_GET_DEFAULTS(live.get()), SourceMember::kFunctionDefaults);
  parts.closure = wrapClosure(t, live, source);
  if (t.isPinned(source)) {
    t.guards().assumeFunction(live);
    parts.kwdefaults = assumedKeywordDefaults(t, PyFunction_GET_KW_DEFAULTS(live.get()));
  } else {
    t.guards().add({.kind = GuardKind::kFunctionCode, .source = source, .operand = parts.code});
    t.guardIdentity(t.sources().member(source, SourceMember::kFunctionGlobals), parts.globals);
    // A default that is missing now must be missing then.
    if (PyFunction_GET_DEFAULTS(live.get()) == nullptr) {
      t.guardIdentity(t.sources().member(source, SourceMember::kFunctionDefaults), Py_None);
    }
    if (PyFunction_GET_KW_DEFAULTS(live.get()) == nullptr) {
      t.guardIdentity(t.sources().member(source, SourceMember::kFunctionKwDefaults), Py_None);
    }
    parts.kwdefaults = part(PyFunction_GET_KW_DEFAULTS(live.get()), SourceMember::kFunctionKwDefaults);
  }
  return t.make<FunctionValue>(std::move(parts), t.heap().add(std::make_unique<FunctionState>()), source, live);
}

/// What MAKE_FUNCTION makes of a code's first constant, on the supported versions.
BorrowedRef docOf(const PyCodeObject* code) {
  bool has_doc = PyTuple_GET_SIZE(code->co_consts) > 0 && PyUnicode_CheckExact(PyTuple_GET_ITEM(code->co_consts, 0));
  return has_doc ? PyTuple_GET_ITEM(code->co_consts, 0) : Py_None;
}

BorrowedRef moduleOf(BorrowedRef globals) {
  BorrowedRef module = PyDict_GetItemString(globals, "__name__");
  return module ? module : BorrowedRef(Py_None);
}

ValueRef wrapFunction(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    if (runsItsCode(live)) return wrapParts(t, live, source);
    t.guardType(source, live);
    return t.make<OpaqueValue>(live, source);
  });
}
SEGUE_WRAPS(PyFunction_Type, wrapFunction);

}  // namespace

ValueRef CellValue::contents(Tracer& t) const { return t.heap().read<CellState>(object()).contents; }

void CellValue::setContents(Tracer& t, ValueRef value) {
  t.heap().write<CellState>(object()).contents = value;
  if (!source()) return;
  t.heap().log({value != nullptr ? WriteKind::kSetCell : WriteKind::kDelCell, this, nullptr, value, t.location()});
}

/// A cell may hold a function that closes over it: cycles go through writes.
Traced<RecipeId> CellValue::recipeSlot(RecipeBuilder& b) {
  b.open(this, {.kind = RecipeKind::kCell, .items = {b.null()}});
  ValueRef held = contents(b.tracer());
  SEGUE_TRY(RecipeId item, b.of(SEGUE_FAULT(CellRebuiltEmpty) ? nullptr : held));
  bool by_write = false;
  RecipeId id = b.finish(this, {.kind = RecipeKind::kCell, .items = {item}}, by_write);
  if (by_write && held != nullptr) b.write(WriteKind::kSetCell, id, {}, item);
  return id;
}

CellValue* makeCell(Tracer& t, ValueRef contents) {
  auto state = std::make_unique<CellState>();
  state->contents = contents;
  return t.make<CellValue>(t.heap().add(std::move(state)), std::nullopt);
}

CellValue* wrapCell(Tracer& t, BorrowedRef live, Source source, Source contents) {
  return static_cast<CellValue*>(t.wrapOnce(live, source, [&]() -> ValueRef {
    auto state = std::make_unique<CellState>();
    PyObject* held = PyCell_GET(live.get());
    if (held != nullptr) {
      state->contents = t.pending(held, contents);
    } else {
      t.guards().add({.kind = GuardKind::kUnbound, .source = contents});
    }
    return t.make<CellValue>(t.heap().add(std::move(state)), source);
  }));
}

namespace {
/// A cell as an object of the program's (function.__closure__).
ValueRef wrapCellObject(Tracer& t, BorrowedRef live, Source source) {
  t.guardType(source, live);
  return wrapCell(t, live, source, t.sources().cellContents(source));
}
SEGUE_WRAPS(PyCell_Type, wrapCellObject);

}  // namespace

std::string FunctionValue::describe() const {
  return "function " + std::string(textOf(reinterpret_cast<PyCodeObject*>(parts_.code.get())->co_qualname));
}

Traced<ValueRef> FunctionValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  auto orNone = [&](ValueRef part) { return part != nullptr ? t.resolve(part) : t.none(); };
  if (text == "__code__") return t.constant(BorrowedRef(parts_.code));
  if (text == "__defaults__") return orNone(parts_.defaults);
  if (text == "__class__") return t.constant(reinterpret_cast<PyObject*>(&PyFunction_Type));
  if (!live_ && text == "__closure__") return orNone(parts_.closure);
  SEGUE_TRY(ValueRef member, live_ ? Traced<ValueRef>(liveMember(t, name)) : madeMember(t, name));
  if (member != nullptr) return member;
  BorrowedRef on_type = _PyType_Lookup(&PyFunction_Type, name);
  if (on_type && isDataDescriptor(on_type)) {
    return stop(BreakReason::kAttributeLookup, describe() + "." + std::string(text));
  }
  if (DictValue* attributes = dict(t)) {
    SEGUE_TRY(ValueRef value, attributes->get(t, t.constant(name)));
    if (value != nullptr) return t.resolve(value);
  }
  if (on_type) return bindFound(t, on_type, this, &PyFunction_Type, name);
  return t.raise(PyExc_AttributeError, absl::StrFormat("'function' object has no attribute '%s'", std::string(text)));
}

// No watcher covers these: they are read and guarded per call.
ValueRef FunctionValue::liveMember(Tracer& t, BorrowedRef name) {
  auto* function = reinterpret_cast<PyFunctionObject*>(live_.get());
  std::string_view text = textOf(name);
  auto member = [&](PyObject* object, SourceMember which) {
    return t.wrap(object != nullptr ? object : Py_None, t.sources().member(*source(), which));
  };
  if (text == "__name__") return member(function->func_name, SourceMember::kFunctionName);
  if (text == "__qualname__") return member(function->func_qualname, SourceMember::kFunctionQualname);
  if (text == "__doc__") return member(function->func_doc, SourceMember::kFunctionDoc);
  if (text == "__module__") return member(function->func_module, SourceMember::kFunctionModule);
  if (text == "__dict__") return member(segue_instance_dict(live_.get()), SourceMember::kInstanceDict);
  return nullptr;
}

Traced<ValueRef> FunctionValue::madeMember(Tracer& t, BorrowedRef name) {
  for (const auto& [set, value] : t.heap().read<FunctionState>(object()).members) {
    if (set.get() == name.get()) return t.resolve(value);
  }
  std::string_view text = textOf(name);
  auto* code = reinterpret_cast<PyCodeObject*>(parts_.code.get());
  if (text == "__name__") return t.constant(BorrowedRef(code->co_name));
  if (text == "__qualname__") return t.constant(BorrowedRef(code->co_qualname));
  if (text == "__doc__") return t.constant(docOf(code));
  if (text == "__module__") return t.constant(moduleOf(parts_.globals));
  if (text == "__dict__") return dict(t);
  if (text == "__type_params__" && kPythonVersion >= 312) return t.tuple({});
  if (text != "__annotations__") return ValueRef{nullptr};
  ValueRef made = parts_.annotations != nullptr ? t.resolve(parts_.annotations) : makeDict(t);
  if (auto* pairs = as<TupleValue>(made)) {
    made = makeDict(t);
    for (size_t i = 0; i + 1 < pairs->items().size(); i += 2) {
      SEGUE_TRY_VOID(setItem(t, made, t.resolve(pairs->items()[i]), pairs->items()[i + 1]));
    }
  }
  t.heap().write<FunctionState>(object()).members.emplace_back(name, made);
  return made;
}

DictValue* FunctionValue::dict(Tracer& t) {
  if (live_) {
    PyObject* held = reinterpret_cast<PyFunctionObject*>(live_.get())->func_dict;
    Source member = t.sources().member(*source(), SourceMember::kFunctionDict);
    return as<DictValue>(t.wrap(held != nullptr ? held : Py_None, member));
  }
  DictValue*& made = t.heap().write<FunctionState>(object()).dict;
  if (made == nullptr) made = t.make<FunctionDictValue>(t.heap().add(std::make_unique<DictState>()));
  return made;
}

namespace {

/// Whether function.name = value is allowed, and does nothing but keep the value, for a name that madeMember knows.
bool keepsMember(std::string_view name, ValueRef value) {
  if (name == "__name__" || name == "__qualname__") return value->type() == &PyUnicode_Type && value->constant();
  if (name == "__annotations__") return value->type() == &PyDict_Type;
  if (name == "__type_params__") return kPythonVersion >= 312 && value->type() == &PyTuple_Type;
  return name == "__doc__" || name == "__module__";
}

}  // namespace

Traced<void> FunctionValue::setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) {
  if (live_) return Value::setAttrSlot(t, name, value);
  value = value != nullptr ? t.resolve(value) : nullptr;
  BorrowedRef on_type = _PyType_Lookup(&PyFunction_Type, name);
  if (on_type && isDataDescriptor(on_type)) {
    if (value == nullptr || !keepsMember(textOf(name), value)) return Value::setAttrSlot(t, name, value);
    auto& members = t.heap().write<FunctionState>(object()).members;
    std::erase_if(members, [&](const auto& member) { return member.first.get() == name.get(); });
    members.emplace_back(name, value);
    return {};
  }
  if (value != nullptr) return dict(t)->set(t, t.constant(name), value);
  SEGUE_TRY(ValueRef removed, dict(t)->remove(t, t.constant(name)));
  if (removed == nullptr) return stop(BreakReason::kExceptionEscapes, "deleting an attribute that is not there");
  return {};
}

Traced<ValueRef> FunctionValue::callSlot(Tracer& t, const CallArgs& args) {
  if (live_) {
    if (findBuiltin(live_) != nullptr) t.setResumableCall(false);
    if (std::optional<Traced<ValueRef>> result = callModel(t, live_, args)) return std::move(*result);
    if (const LibraryName* op = findNumpyCallable(live_)) return t.apply(*op, args);
  }
  return t.callFunction(*this, args);
}

Traced<Ref> FunctionValue::keySlot(Tracer& t) {
  t.noteIdentityKey(this, live_);
  return live_ ? live_ : t.identityToken(this);
}

Traced<RecipeId> FunctionValue::recipeSlot(RecipeBuilder& b) {
  Tracer& t = b.tracer();
  auto* code = reinterpret_cast<PyCodeObject*>(parts_.code.get());
  auto orNone = [&](ValueRef part) { return part != nullptr ? part : t.none(); };
  Recipe recipe{.kind = RecipeKind::kFunction};
  recipe.items = {b.constant(parts_.code), b.constant(parts_.globals), b.constant(code->co_name),
                  b.constant(code->co_qualname)};
  for (ValueRef part : {orNone(parts_.defaults), orNone(parts_.kwdefaults), orNone(parts_.annotations),
                        orNone(parts_.closure)}) {
    SEGUE_TRY(RecipeId id, b.of(part));
    recipe.items.push_back(id);
  }
  recipe.items.push_back(b.constant(docOf(code)));
  recipe.items.push_back(b.constant(moduleOf(parts_.globals)));
  std::vector<std::pair<RecipeId, RecipeId>> attributes;
  const FunctionState state = t.heap().read<FunctionState>(object());
  for (const auto& [name, value] : state.members) {
    SEGUE_TRY(RecipeId set, b.of(value));
    attributes.emplace_back(b.constant(name), set);
  }
  std::vector<DictEntry> entries;
  if (state.dict != nullptr) {
    SEGUE_TRY(const std::vector<DictEntry>* all, state.dict->entries(t));
    entries = *all;
  }
  for (const DictEntry& entry : entries) {
    BorrowedRef name = entry.key_value->constant();
    if (!name || !PyUnicode_CheckExact(name.get())) return Value::recipeSlot(b);
    SEGUE_TRY(RecipeId set, b.of(entry.value));
    attributes.emplace_back(b.constant(internedText(t, name)), set);
  }
  RecipeId id = b.add(std::move(recipe));
  for (auto [name, value] : attributes) b.write(WriteKind::kSetAttr, id, name, value);
  return id;
}

FunctionValue* makeFunction(Tracer& t, FunctionParts parts) {
  return t.make<FunctionValue>(std::move(parts), t.heap().add(std::make_unique<FunctionState>()));
}

}  // namespace segue
