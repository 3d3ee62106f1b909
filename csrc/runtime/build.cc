// Build steps: making the objects that outlive a segment. Nothing here runs user code: types come from recipes that the
// tracer checked.
#include "base/fault.h"
#include "runtime/program.h"

namespace segue {
namespace {

/// collections.deque and friends are reached through `call` steps; what needs more than a call is here.
PyObject* makeSet(absl::Span<const Operand> o, PyObject** regs, bool frozen) {
  Ref made = Ref::steal(frozen ? PyFrozenSet_New(nullptr) : PySet_New(nullptr));
  if (!made) return nullptr;
  for (Operand item : o) {
    if (PySet_Add(made.get(), regs[item]) < 0) return nullptr;
  }
  return made.release();
}

PyObject* makeDict(absl::Span<const Operand> o, PyObject** regs) {
  Ref made = Ref::steal(PyDict_New());
  if (!made) return nullptr;
  for (size_t i = 0; i + 1 < o.size(); i += 2) {
    if (PyDict_SetItem(made.get(), regs[o[i]], regs[o[i + 1]]) < 0) return nullptr;
  }
  return made.release();
}

Ref makeTuple(absl::Span<const Operand> o, PyObject** regs) {
  Ref made = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(o.size())));
  if (!made) return nullptr;
  for (size_t i = 0; i < o.size(); i++) {
    PyTuple_SET_ITEM(made.get(), static_cast<Py_ssize_t>(i), Py_NewRef(regs[o[i]]));
    if (SEGUE_FAULT(BuiltItemLeaked)) Py_INCREF(regs[o[i]]);
  }
  return made;
}

PyObject* join(absl::Span<const Operand> o, PyObject** regs) {
  Ref parts = makeTuple(o, regs);
  Ref empty = Ref::steal(PyUnicode_FromString(""));
  return parts && empty ? PyUnicode_Join(empty.get(), parts.get()) : nullptr;
}

/// object.__new__(type), or that of the built-in class that the type derives from.
PyObject* makeObject(PyObject* type) {
  Ref no_arguments = Ref::steal(PyTuple_New(0));
  if (!no_arguments) return nullptr;
  PyTypeObject* base = reinterpret_cast<PyTypeObject*>(type);
  while (base->tp_flags & Py_TPFLAGS_HEAPTYPE) base = base->tp_base;
  return base->tp_new(reinterpret_cast<PyTypeObject*>(type), no_arguments.get(), nullptr);
}

/// tuple.__new__(type, fields)
PyObject* makeNamedTuple(absl::Span<const Operand> o, PyObject** regs) {
  Ref fields = makeTuple(o.subspan(1), regs);
  Ref arguments = fields ? Ref::steal(PyTuple_Pack(1, fields.get())) : Ref();
  if (!arguments) return nullptr;
  return PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(regs[o[0]]), arguments.get(), nullptr);
}

/// Operands: code, globals, name, qualname, defaults, kwdefaults, annotations, closure, doc, module; null or None where
/// the function has none.
PyObject* makeFunction(absl::Span<const Operand> o, PyObject** regs) {
  auto given = [&](size_t i) -> PyObject* {
    PyObject* value = i < o.size() && o[i] != kNoReg ? regs[o[i]] : nullptr;
    return value == Py_None ? nullptr : value;
  };
  Ref function = Ref::steal(PyFunction_NewWithQualName(given(0), given(1), given(3)));
  if (!function) return nullptr;
  PyObject* made = function.get();
  if (PyObject* name = given(2); name != nullptr && PyObject_SetAttrString(made, "__name__", name) < 0) return nullptr;
  if (PyObject* defaults = given(4); defaults != nullptr && PyFunction_SetDefaults(made, defaults) < 0) return nullptr;
  PyObject* names = SEGUE_FAULT(KeywordDefaultsLost) ? nullptr : given(5);
  if (names != nullptr && PyFunction_SetKwDefaults(made, names) < 0) return nullptr;
  if (PyObject* notes = given(6); notes != nullptr && PyFunction_SetAnnotations(made, notes) < 0) return nullptr;
  if (PyObject* closure = given(7); closure != nullptr && PyFunction_SetClosure(made, closure) < 0) return nullptr;
  if (PyObject* doc = given(8); doc != nullptr && PyObject_SetAttrString(made, "__doc__", doc) < 0) return nullptr;
  if (PyObject* module = given(9); module != nullptr && PyObject_SetAttrString(made, "__module__", module) < 0) {
    return nullptr;
  }
  return function.release();
}

/// type(function, *arguments, **keywords)
PyObject* makePartial(PyObject* type, PyObject* function, PyObject* arguments, PyObject* keywords) {
  Ref first = Ref::steal(PyTuple_Pack(1, function));
  Ref all = first ? Ref::steal(PySequence_Concat(first.get(), arguments)) : Ref();
  return all ? PyObject_Call(type, all.get(), keywords) : nullptr;
}

/// iter(container) moved to a position, through the state that pickling uses.
PyObject* iteratorAt(PyObject* container, Py_ssize_t position) {
  Ref iterator = Ref::steal(PyObject_GetIter(container));
  if (!iterator) return nullptr;
  if (SEGUE_FAULT(IteratorRewound)) position = 0;
  Ref done = Ref::steal(PyObject_CallMethod(iterator.get(), "__setstate__", "n", position));
  return done ? iterator.release() : nullptr;
}

PyObject* buildStep(const Step& step, absl::Span<const Operand> o, Registers r) {
  PyObject** regs = r.regs;
  switch (step.kind) {
    case StepKind::kBoxInt: return PyLong_FromLongLong(r.ints[o[0]]);
    case StepKind::kAlias: return Py_NewRef(regs[o[0]]);
    case StepKind::kTuple: return makeTuple(o, regs).release();
    case StepKind::kList: {
      Ref items = makeTuple(o, regs);
      return items ? PySequence_List(items.get()) : nullptr;
    }
    case StepKind::kSet: return makeSet(o, regs, false);
    case StepKind::kFrozenSet: return makeSet(o, regs, true);
    case StepKind::kDict: return makeDict(o, regs);
    case StepKind::kSlice: return PySlice_New(regs[o[0]], regs[o[1]], regs[o[2]]);
    case StepKind::kRange: {
      Ref arguments = makeTuple(o, regs);
      return arguments ? PyObject_Call(reinterpret_cast<PyObject*>(&PyRange_Type), arguments.get(), nullptr) : nullptr;
    }
    case StepKind::kJoin: return join(o, regs);
    case StepKind::kObject: return makeObject(regs[o[0]]);
    case StepKind::kNamedTuple: return makeNamedTuple(o, regs);
    case StepKind::kCell: return PyCell_New(o[0] == kNoReg ? nullptr : regs[o[0]]);
    case StepKind::kFunction: return makeFunction(o, regs);
    case StepKind::kBoundMethod: return PyMethod_New(regs[o[0]], regs[o[1]]);
    case StepKind::kPartial: return makePartial(regs[o[0]], regs[o[1]], regs[o[2]], regs[o[3]]);
    case StepKind::kIteratorAt: return iteratorAt(regs[o[0]], static_cast<int32_t>(o[1]));   // -1: reversed, at its end
    case StepKind::kCall: {
      Ref arguments = makeTuple(o.subspan(1), regs);
      return arguments ? PyObject_Call(regs[o[0]], arguments.get(), nullptr) : nullptr;
    }
    default: SEGUE_UNREACHABLE("a step of another loop among build steps");
  }
}

}  // namespace

const Step* runBuild(const Program& program, Registers r) {
  for (const Step& step : program.steps) {
    PyObject* made = buildStep(step, program.operands(step), r);
    if (made == nullptr) [[unlikely]] {
      PyErr_Clear();
      return &step;
    }
    r.regs[step.dst] = made;
  }
  return nullptr;
}

}  // namespace segue
