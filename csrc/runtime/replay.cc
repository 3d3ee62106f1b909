// Replayed writes. Each records how to take it back before it happens; nothing runs user code between the first write
// and the last, because replaced references stay in the journal.
#include <new>

#include "base/fault.h"
#include "base/objects.h"
#include "runtime/program.h"

namespace segue {
namespace {

using Undo = WriteJournal::Undo;

Ref copyRange(PyObject* list) { return Ref::steal(PyList_GetSlice(list, 0, PyList_GET_SIZE(list))); }

// ---- attributes ----------------------------------------------------------------------------------------------------

/// Sets (value null: deletes) as object.__setattr__ does, or type.__setattr__ for classes.
int setAttribute(PyObject* target, PyObject* name, PyObject* value) {
  if (PyType_Check(target)) return PyType_Type.tp_setattro(target, name, value);
  return PyObject_GenericSetAttr(target, name, value);
}

/// What a slot or the instance (for a class: its own dict) holds under `name`; null when nothing.
Ref oldAttribute(PyObject* target, PyObject* name) {
  PyObject* value = nullptr;
  if (PyType_Check(target)) {
    PyObject* own = reinterpret_cast<PyTypeObject*>(target)->tp_dict;
    return own != nullptr && segue_dict_get(own, name, &value) == SEGUE_FOUND ? Ref::borrow(value) : Ref();
  }
  PyObject* descriptor = _PyType_Lookup(Py_TYPE(target), name);
  if (descriptor != nullptr && Py_TYPE(descriptor) == &PyMemberDescr_Type) {
    Ref old = Ref::steal(PyMemberDescr_Type.tp_descr_get(descriptor, target, reinterpret_cast<PyObject*>(Py_TYPE(target))));
    if (!old) PyErr_Clear();
    return old;
  }
  return segue_instance_attr(target, name, -1, &value) == SEGUE_FOUND ? Ref::borrow(value) : Ref();
}

// ---- mappings and lists --------------------------------------------------------------------------------------------

/// Sets (value null: deletes) as dict and list do: what a subclass does instead was traced.
int setItem(PyObject* target, PyObject* key, PyObject* value) {
  const PyTypeObject& type = PyDict_Check(target) ? PyDict_Type : PyList_Type;
  return type.tp_as_mapping->mp_ass_subscript(target, key, value);
}

Ref oldItem(PyObject* target, PyObject* key) {
  PyObject* value = nullptr;
  if (PyDict_Check(target)) {
    return segue_dict_get(target, key, &value) == SEGUE_FOUND ? Ref::borrow(value) : Ref();
  }
  Ref old = Ref::steal(PyList_Type.tp_as_mapping->mp_subscript(target, key));
  if (!old) PyErr_Clear();
  return old;
}

int updateDict(PyObject* target, PyObject* other, StepKind kind, WriteJournal* journal) {
  Py_ssize_t position = 0;
  PyObject *key, *value;
  if (!journal->reserve(static_cast<size_t>(PyDict_GET_SIZE(other)))) return -1;
  while (PyDict_Next(other, &position, &key, &value)) {
    journal->record({StepKind::kWriteItem, Ref::borrow(target), Ref::borrow(key), oldItem(target, key)});
    if (setItem(target, key, value) < 0) return -1;
  }
  return 0;
}

/// A non-negative list position from an index object.
Py_ssize_t listPosition(PyObject* list, PyObject* index) {
  Py_ssize_t position = PyLong_AsSsize_t(index);
  return position < 0 ? position + PyList_GET_SIZE(list) : position;
}

int popList(PyObject* list, PyObject* index, WriteJournal* journal) {
  Py_ssize_t at = listPosition(list, index);
  if (at < 0 || at >= PyList_GET_SIZE(list)) return -1;
  journal->record({StepKind::kListPop, Ref::borrow(list), nullptr, Ref::borrow(PyList_GET_ITEM(list, at)), at});
  return PyList_SetSlice(list, at, at + 1, nullptr);
}

int insertList(PyObject* list, PyObject* index, PyObject* value, WriteJournal* journal) {
  Py_ssize_t size = PyList_GET_SIZE(list), at = listPosition(list, index);
  at = at < 0 ? 0 : at > size ? size : at;
  if (PyList_Insert(list, at, value) < 0) return -1;
  journal->record({StepKind::kListInsert, Ref::borrow(list), nullptr, nullptr, at});
  return 0;
}

/// Replaces all of the list's elements; `value` null empties it.
int assignList(PyObject* list, PyObject* value, WriteJournal* journal) {
  Ref old = copyRange(list);
  if (!old || PyList_SetSlice(list, 0, PyList_GET_SIZE(list), value) < 0) return -1;
  journal->record({StepKind::kListAssign, Ref::borrow(list), nullptr, std::move(old)});
  return 0;
}

int listWrite(const Step& step, absl::Span<const Operand> o, PyObject** regs, WriteJournal* journal) {
  PyObject* list = regs[o[0]];
  const Py_ssize_t size = PyList_GET_SIZE(list);
  switch (step.kind) {
    case StepKind::kListAppend:
      journal->record({StepKind::kListExtend, Ref::borrow(list), nullptr, nullptr, size});
      return PyList_Append(list, regs[o[1]]);
    case StepKind::kListExtend:
      journal->record({StepKind::kListExtend, Ref::borrow(list), nullptr, nullptr, size});
      return PyList_SetSlice(list, size, size, regs[o[1]]);
    case StepKind::kListInsert: return insertList(list, regs[o[1]], regs[o[2]], journal);
    case StepKind::kListPop: return popList(list, regs[o[1]], journal);
    case StepKind::kListClear: return assignList(list, nullptr, journal);
    case StepKind::kListAssign: return assignList(list, regs[o[1]], journal);
    default:
      journal->record({StepKind::kListReverse, Ref::borrow(list), nullptr, nullptr});
      return PyList_Reverse(list);
  }
}

// ---- sets and deques -----------------------------------------------------------------------------------------------

int setWrite(const Step& step, absl::Span<const Operand> o, PyObject** regs, WriteJournal* journal) {
  PyObject* set = regs[o[0]];
  if (step.kind == StepKind::kSetClear) {
    Ref old = Ref::steal(PySet_New(set));
    if (!old) return -1;
    journal->record({step.kind, Ref::borrow(set), nullptr, std::move(old)});
    return PySet_Clear(set);
  }
  PyObject* element = regs[o[1]];
  int present = PySet_Contains(set, element);
  const bool add = step.kind == StepKind::kSetAdd;
  if (present < 0 || (present == 1) == add) return present < 0 ? -1 : 0;
  journal->record({step.kind, Ref::borrow(set), Ref::borrow(element), nullptr});
  return add ? PySet_Add(set, element) : (PySet_Discard(set, element) < 0 ? -1 : 0);
}

/// Deques have no C API: their contents are saved whole, which only deques that programs write to pay.
int dequeWrite(const Step& step, absl::Span<const Operand> o, PyObject** regs, WriteJournal* journal) {
  PyObject* deque = regs[o[0]];
  const char* on_the_left = SEGUE_FAULT(DequeSideSwapped) ? "append" : "appendleft";
  Ref old = Ref::steal(PySequence_List(deque));
  if (!old) return -1;
  journal->record({StepKind::kDequeClear, Ref::borrow(deque), nullptr, std::move(old)});
  PyObject* argument = o.size() > 1 ? regs[o[1]] : nullptr;
  const char* name = step.kind == StepKind::kDequeAppend       ? "append"
                     : step.kind == StepKind::kDequeAppendLeft ? on_the_left
                     : step.kind == StepKind::kDequePop        ? "pop"
                     : step.kind == StepKind::kDequePopLeft    ? "popleft"
                                                               : "clear";
  return Ref::steal(PyObject_CallMethod(deque, name, argument != nullptr ? "O" : nullptr, argument)) ? 0 : -1;
}

// ---- one write -----------------------------------------------------------------------------------------------------

/// Saves a dict that loses a key, which would come back behind the others. (Such a trace has guarded all the keys, so a copy
/// of the dict adds little.)
int saveDict(PyObject* dict, WriteJournal* journal) {
  for (const Undo& undo : journal->undos()) {
    if (undo.kind == StepKind::kDictClear && undo.target.get() == dict) return 0;
  }
  Ref old = Ref::steal(PyDict_Copy(dict));
  if (!old) return -1;
  journal->record({StepKind::kDictClear, Ref::borrow(dict), nullptr, std::move(old)});
  return 0;
}

int attributeWrite(PyObject* target, PyObject* name, PyObject* value, WriteJournal* journal) {
  PyObject* dict = value == nullptr ? segue_instance_dict(target) : nullptr;
  if (dict != nullptr && saveDict(dict, journal) < 0) return -1;
  journal->record({StepKind::kWriteAttr, Ref::borrow(target), Ref::borrow(name), oldAttribute(target, name)});
  return setAttribute(target, name, value);
}

int itemWrite(PyObject* target, PyObject* key, PyObject* value, WriteJournal* journal) {
  Ref old = oldItem(target, key);
  if (value == nullptr && PyList_Check(target)) return popList(target, key, journal);
  if (value == nullptr && PyDict_Check(target) && saveDict(target, journal) < 0) return -1;
  if (SEGUE_FAULT(ReplacedDiesEarly)) old = nullptr;
  journal->record({StepKind::kWriteItem, Ref::borrow(target), Ref::borrow(key), std::move(old)});
  return setItem(target, key, value);
}

int cellWrite(PyObject* cell, PyObject* value, WriteJournal* journal) {
  journal->record({StepKind::kWriteCell, Ref::borrow(cell), nullptr, Ref::borrow(PyCell_GET(cell))});
  return PyCell_Set(cell, value);
}

int clearDict(PyObject* dict, WriteJournal* journal) {
  Ref old = Ref::steal(PyDict_Copy(dict));
  if (!old) return -1;
  journal->record({StepKind::kDictClear, Ref::borrow(dict), nullptr, std::move(old)});
  PyDict_Clear(dict);
  return 0;
}

int iteratorNext(PyObject* iterator, WriteJournal* journal) {
  int64_t next, step, left;
  if (!segue_range_iterator(iterator, &next, &step, &left) || left < 1) return -1;
  journal->record({StepKind::kIteratorNext, Ref::borrow(iterator), nullptr, nullptr});
  if (!SEGUE_FAULT(IteratorStandsStill)) segue_range_iterator_move(iterator, 1);
  return 0;
}

int writeStep(const Step& step, absl::Span<const Operand> o, PyObject** regs, WriteJournal* journal) {
  switch (step.kind) {
    case StepKind::kWriteAttr: return attributeWrite(regs[o[0]], regs[o[1]], regs[o[2]], journal);
    case StepKind::kWriteDelAttr: return attributeWrite(regs[o[0]], regs[o[1]], nullptr, journal);
    case StepKind::kWriteItem:
    case StepKind::kWriteGlobal: return itemWrite(regs[o[0]], regs[o[1]], regs[o[2]], journal);
    case StepKind::kWriteDelItem:
    case StepKind::kWriteDelGlobal:
    case StepKind::kDictPop: return itemWrite(regs[o[0]], regs[o[1]], nullptr, journal);
    case StepKind::kDictUpdate: return updateDict(regs[o[0]], regs[o[1]], step.kind, journal);
    case StepKind::kDictClear: return clearDict(regs[o[0]], journal);
    case StepKind::kWriteCell: return cellWrite(regs[o[0]], regs[o[1]], journal);
    case StepKind::kWriteDelCell: return cellWrite(regs[o[0]], nullptr, journal);
    case StepKind::kIteratorNext: return iteratorNext(regs[o[0]], journal);
    case StepKind::kSetAdd:
    case StepKind::kSetDiscard:
    case StepKind::kSetClear: return setWrite(step, o, regs, journal);
    case StepKind::kDequeAppend:
    case StepKind::kDequeAppendLeft:
    case StepKind::kDequePop:
    case StepKind::kDequePopLeft:
    case StepKind::kDequeClear: return dequeWrite(step, o, regs, journal);
    default: return listWrite(step, o, regs, journal);
  }
}

// ---- taking back ---------------------------------------------------------------------------------------------------

void takeBack(const Undo& undo) {
  PyObject *target = undo.target.get(), *old = undo.old.get();
  const Py_ssize_t size = PyList_Check(target) ? PyList_GET_SIZE(target) : 0;
  int done = 0;
  switch (undo.kind) {
    case StepKind::kWriteAttr: done = setAttribute(target, undo.key.get(), old); break;
    case StepKind::kWriteItem:
      done = setItem(target, undo.key.get(), old);
      break;
    case StepKind::kWriteCell: done = PyCell_Set(target, old); break;
    case StepKind::kDictClear:
      PyDict_Clear(target);
      done = PyDict_Update(target, old);
      break;
    case StepKind::kIteratorNext: segue_range_iterator_move(target, -1); break;
    case StepKind::kListPop: done = PyList_Insert(target, undo.number, old); break;
    case StepKind::kListInsert: done = PyList_SetSlice(target, undo.number, undo.number + 1, nullptr); break;
    case StepKind::kListExtend: done = PyList_SetSlice(target, undo.number, size, nullptr); break;
    case StepKind::kListAssign: done = PyList_SetSlice(target, 0, size, old); break;
    case StepKind::kListReverse: done = PyList_Reverse(target); break;
    case StepKind::kSetAdd: done = PySet_Discard(target, undo.key.get()); break;
    case StepKind::kSetDiscard: done = PySet_Add(target, undo.key.get()); break;
    case StepKind::kSetClear: done = Ref::steal(PyObject_CallMethod(target, "update", "O", old)) ? 0 : -1; break;
    default:
      if (!Ref::steal(PyObject_CallMethod(target, "clear", nullptr)) ||
          !Ref::steal(PyObject_CallMethod(target, "extend", "O", old))) {
        done = -1;
      }
  }
  // The write itself may not have happened (nothing to delete), and there may be no memory at all.
  if (done < 0) PyErr_Clear();
}

}  // namespace

bool WriteJournal::reserve(size_t count) {
  try {
    undos_.reserve(undos_.size() + count);
    return true;
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
  }
}

void WriteJournal::undo() {
  for (auto it = undos_.rbegin(); it != undos_.rend(); ++it) takeBack(*it);
  undos_.clear();
}

const Step* runWrites(const Program& program, Registers r, WriteJournal* journal) {
  if (program.steps.empty()) return nullptr;
  if (!journal->reserve(2 * program.steps.size())) {
    PyErr_Clear();
    return &program.steps.front();
  }
  for (size_t i = 0; i < program.steps.size(); i++) {
    const Step& step = program.steps[i];
    if (writeStep(step, program.operands(step), r.regs, journal) < 0) [[unlikely]] {
      PyErr_Clear();
      if (!SEGUE_FAULT(UndoForgotten)) journal->undo();
      return &step;
    }
  }
  return nullptr;
}

}  // namespace segue
