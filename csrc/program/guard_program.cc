#include "program/guard_program.h"

#include "base/fault.h"
#include "program/guard_checks.h"

namespace segue {

using namespace checks;

size_t GuardProgram::bytes() const {
  size_t total = sizeof *this + insns.capacity() * sizeof(GuardInsn) + held.capacity() * sizeof(Ref);
  for (const std::string& path : paths) total += sizeof path + (path.capacity() > 15 ? path.capacity() + 1 : 0);
  return total;
}

namespace {

/// The contents of a cell object; null for an empty one or for what is no cell.
PyObject* contents(PyObject* cell) {
  return cell != nullptr && PyCell_Check(cell) ? PyCell_GET(cell) : nullptr;
}

PyObject* freeVar(const FrameRoots& roots, int64_t index) {
  if (roots.function == nullptr || !PyFunction_Check(roots.function)) return nullptr;
  PyObject* closure = reinterpret_cast<PyFunctionObject*>(roots.function)->func_closure;
  if (closure == nullptr || index >= PyTuple_GET_SIZE(closure)) return nullptr;
  return contents(PyTuple_GET_ITEM(closure, index));
}

PyObject* element(PyObject* sequence, int64_t index) {
  if (PyTuple_Check(sequence)) return index < PyTuple_GET_SIZE(sequence) ? PyTuple_GET_ITEM(sequence, index) : nullptr;
  if (PyList_Check(sequence)) return index < PyList_GET_SIZE(sequence) ? PyList_GET_ITEM(sequence, index) : nullptr;
  const PyTypeObject* type = Py_TYPE(sequence);
  if (strcmp(type->tp_name, "collections.deque") != 0 || !(type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE)) return nullptr;
  Ref item = Ref::steal(type->tp_as_sequence->sq_item(sequence, static_cast<Py_ssize_t>(index)));   // C code
  if (!item) PyErr_Clear();
  return item.get();  // the deque holds it
}

PyObject* local(const FrameRoots& roots, int64_t slot) {
  return slot < roots.local_count ? roots.locals[slot] : nullptr;
}

PyObject* field(PyObject* object, int64_t offset) {
  return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
}

PyObject* orNone(PyObject* value) { return value != nullptr ? value : Py_None; }

// One function per fetch of guard_ops.def: the object, null when there is none. Inlined into the loop's switch, so that
// an instruction costs one jump.
#define SEGUE_FETCH(name) \
  [[gnu::always_inline]] inline PyObject* fetch##name(const GuardInsn& insn, const FrameRoots& roots, PyObject* const* regs)

SEGUE_FETCH(Local) { return local(roots, insn.number); }
SEGUE_FETCH(Cell) {
  PyObject* value = local(roots, insn.number);
  return roots.fresh ? value : contents(value);
}
SEGUE_FETCH(FreeVar) { return freeVar(roots, insn.number); }
SEGUE_FETCH(Stack) { return insn.number < roots.stack_count ? roots.stack[insn.number] : nullptr; }
SEGUE_FETCH(Function) { return roots.function; }
SEGUE_FETCH(Globals) { return roots.globals; }
SEGUE_FETCH(Builtins) { return roots.builtins; }
SEGUE_FETCH(Handled) {
  PyObject* handled = PyErr_GetHandledException();
  if (handled == nullptr) return Py_None;
  Py_DECREF(handled);  // the thread's state holds it
  return handled;
}
SEGUE_FETCH(Constant) { return insn.object; }
SEGUE_FETCH(Attr) {
  PyObject* value = nullptr;
  SegueLookup found = segue_instance_attr(regs[insn.a], insn.object, static_cast<Py_ssize_t>(insn.b) - 1, &value);
  return found == SEGUE_FOUND ? value : nullptr;
}
SEGUE_FETCH(Field) { return field(regs[insn.a], insn.number); }
SEGUE_FETCH(FieldOrNone) { return orNone(field(regs[insn.a], insn.number)); }
SEGUE_FETCH(Item) { return element(regs[insn.a], insn.number); }
SEGUE_FETCH(Key) {
  PyObject* value = nullptr;
  bool found = PyDict_Check(regs[insn.a]) && segue_dict_get(regs[insn.a], insn.object, &value) == SEGUE_FOUND;
  return found ? value : nullptr;
}
SEGUE_FETCH(CellContents) { return contents(regs[insn.a]); }
SEGUE_FETCH(Type) { return reinterpret_cast<PyObject*>(Py_TYPE(regs[insn.a])); }
SEGUE_FETCH(InstanceDict) { return segue_instance_dict(regs[insn.a]); }
SEGUE_FETCH(ArrayBase) {
  if (!PyArray_Check(regs[insn.a])) return nullptr;
  return orNone(PyArray_BASE(reinterpret_cast<PyArrayObject*>(regs[insn.a])));
}
#undef SEGUE_FETCH

/// Python's floor division and modulo; false for a zero divisor and for the one quotient that overflows.
bool floorDivMod(int64_t a, int64_t b, int64_t* quotient, int64_t* rest) {
  if (b == 0 || (a == INT64_MIN && b == -1)) return false;
  *quotient = a / b;
  *rest = a % b;
  if (*rest != 0 && (*rest < 0) != (b < 0)) {
    *quotient -= 1;
    *rest += b;
  }
  return true;
}

// One function per number of guard_ops.def, in the same way: false on a miss.
#define SEGUE_INT(name) \
  [[gnu::always_inline]] inline bool int##name(const GuardInsn& insn, PyObject* const* regs, int64_t* ints)

SEGUE_INT(ArraySize) {
  PyObject* object = regs[insn.a];
  if (!PyArray_Check(object)) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(object);
  if (insn.small >= PyArray_NDIM(array)) return false;
  int64_t size = PyArray_DIMS(array)[insn.small];
  ints[insn.dst] = size;
  return SEGUE_FAULT(DropSmallestSize) || size >= insn.number;
}
SEGUE_INT(IntValue) { return readInt64(regs[insn.a], &ints[insn.dst]) && ints[insn.dst] >= insn.number; }
SEGUE_INT(LengthOf) { return readLength(regs[insn.a], &ints[insn.dst]) && ints[insn.dst] >= insn.number; }
SEGUE_INT(RangeIterator) {
  int64_t parts[3];
  if (!segue_range_iterator(regs[insn.a], &parts[0], &parts[1], &parts[2])) return false;
  ints[insn.dst] = parts[insn.small];
  return ints[insn.dst] >= insn.number;
}
SEGUE_INT(Number) {
  ints[insn.dst] = insn.number;
  return true;
}
SEGUE_INT(Add) { return !__builtin_add_overflow(ints[insn.a], ints[insn.b], &ints[insn.dst]); }
SEGUE_INT(Mul) { return !__builtin_mul_overflow(ints[insn.a], ints[insn.b], &ints[insn.dst]); }
SEGUE_INT(FloorDiv) {
  int64_t rest;
  return floorDivMod(ints[insn.a], ints[insn.b], &ints[insn.dst], &rest);
}
SEGUE_INT(Mod) {
  int64_t quotient;
  return floorDivMod(ints[insn.a], ints[insn.b], &quotient, &ints[insn.dst]);
}
SEGUE_INT(Min) {
  ints[insn.dst] = std::min(ints[insn.a], ints[insn.b]);
  return true;
}
SEGUE_INT(Max) {
  ints[insn.dst] = std::max(ints[insn.a], ints[insn.b]);
  return true;
}
#undef SEGUE_INT

bool related(GuardRelation relation, int64_t a, int64_t b) {
  if (relation == GuardRelation::kEq) [[likely]] return a == b;
  switch (relation) {
    case GuardRelation::kEq:
      break;
    case GuardRelation::kNe:
      return a != b;
    case GuardRelation::kLt:
      return a < b;
    case GuardRelation::kLe:
      return a <= b;
    case GuardRelation::kGe:
      return a >= b;
  }
  return false;
}

}  // namespace

uint32_t runGuards(const GuardProgram& program, const FrameRoots& roots, PyObject** regs, int64_t* ints) {
  const GuardInsn* end = program.insns.data() + program.insns.size();
  for (const GuardInsn* insn = program.insns.data(); insn != end; ++insn) {
    bool pass;
    switch (insn->op) {
#define SEGUE_GUARD_FETCH(name, mnemonic)                  \
  case GuardOp::kFetch##name: {                            \
    PyObject* value = fetch##name(*insn, roots, regs);     \
    regs[insn->dst] = value;                               \
    pass = value != nullptr || insn->small != 0;           \
    break;                                                 \
  }
#define SEGUE_GUARD_INT(name, mnemonic)                    \
  case GuardOp::kInt##name:                                \
    pass = int##name(*insn, regs, ints);                   \
    break;
#define SEGUE_GUARD_RELATION(name, mnemonic)
#include "program/guard_ops.def"
#undef SEGUE_GUARD_FETCH
#undef SEGUE_GUARD_INT
#undef SEGUE_GUARD_RELATION
      case GuardOp::kCompare:
        pass = SEGUE_FAULT(DropRelation) ||
               related(static_cast<GuardRelation>(insn->small), ints[insn->dst], ints[insn->a]);
        break;
      case GuardOp::kCompareNumber:
        pass = SEGUE_FAULT(DropBound) ||
               related(static_cast<GuardRelation>(insn->small), ints[insn->dst], insn->number);
        break;
#define SEGUE_GUARD_KIND(name, text) \
  case GuardOp::kCheck##name:        \
    pass = SEGUE_FAULT(Drop##name) || check##name(*insn, regs); \
    break;
#include "program/guard_kinds.def"
#undef SEGUE_GUARD_KIND
      default:
        __builtin_unreachable();
    }
    if (!pass) [[unlikely]]
      return static_cast<uint32_t>(insn - program.insns.data());
  }
  return kGuardsPass;
}

}  // namespace segue
