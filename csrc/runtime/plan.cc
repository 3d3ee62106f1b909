#include <algorithm>
#include <memory>

#include "base/fault.h"
#include "runtime/mirror.h"
#include "runtime/program.h"

namespace segue {
namespace {

constexpr size_t kStackArguments = 24;

/// Copies operands behind a free slot, as PY_VECTORCALL_ARGUMENTS_OFFSET wants.
class Arguments {
 public:
  Arguments(absl::Span<const Operand> operands, PyObject** regs) {
    PyObject** place = small_;
    if (operands.size() > kStackArguments) [[unlikely]] {
      large_ = std::make_unique<PyObject*[]>(operands.size() + 1);
      place = large_.get();
    }
    first_ = place + 1;
    for (size_t i = 0; i < operands.size(); i++) first_[i] = regs[operands[i]];
  }
  PyObject** get() const { return first_; }

 private:
  PyObject* small_[kStackArguments + 1];
  std::unique_ptr<PyObject*[]> large_;
  PyObject** first_;
};

PyObject* call(const Step& step, absl::Span<const Operand> operands, PyObject** regs) {
  Arguments args(operands.subspan(1), regs);
  PyObject* keywords = step.keywords == kNoReg ? nullptr : regs[step.keywords];
  size_t positional = operands.size() - 1;
  if (keywords != nullptr) positional -= static_cast<size_t>(PyTuple_GET_SIZE(keywords));
  PyObject* callable = regs[operands[0]];
  // Ufuncs and NumPy's C functions have a vectorcall of their own; going through CPython's wrapper costs 5 ns.
  if (vectorcallfunc function = PyVectorcall_Function(callable)) [[likely]] {
    return function(callable, args.get(), positional | PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
  }
  return PyObject_Vectorcall(callable, args.get(), positional | PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
}

PyObject* callMethod(const Step& step, absl::Span<const Operand> operands, PyObject** regs) {
  Arguments args(operands.subspan(1), regs);
  PyObject* keywords = step.keywords == kNoReg ? nullptr : regs[step.keywords];
  size_t positional = operands.size() - 1;
  if (keywords != nullptr) positional -= static_cast<size_t>(PyTuple_GET_SIZE(keywords));
  return PyObject_VectorcallMethod(regs[operands[0]], args.get(), positional | PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
}

PyObject* sequence(absl::Span<const Operand> operands, PyObject** regs, bool list) {
  auto count = static_cast<Py_ssize_t>(operands.size());
  PyObject* made = list ? PyList_New(count) : PyTuple_New(count);
  if (made == nullptr) return nullptr;
  PyObject** items = PySequence_Fast_ITEMS(made);
  for (size_t i = 0; i < operands.size(); i++) items[i] = Py_NewRef(regs[operands[i]]);
  return made;
}

/// An element of a tuple or list (several results); null without an exception when there is none.
PyObject* element(PyObject* container, Py_ssize_t index) {
  if (!PyTuple_Check(container) && !PyList_Check(container)) return nullptr;
  if (index >= PySequence_Fast_GET_SIZE(container)) return nullptr;
  return Py_NewRef(PySequence_Fast_GET_ITEM(container, index));
}

bool isArray(PyObject* object, int type_num, int ndim) {
  if (!PyArray_CheckExact(object)) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(object);
  return PyArray_TYPE(array) == type_num && PyArray_NDIM(array) == ndim && PyArray_ISNBO(PyArray_DESCR(array)->byteorder);
}

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return (a % b != 0 && (a < 0) != (b < 0) && !SEGUE_FAULT(FloorTowardsZero)) ? quotient - 1 : quotient;
}

/// False on overflow or a zero divisor.
bool intStep(StepKind kind, int64_t a, int64_t b, int64_t* out) {
  switch (kind) {
    case StepKind::kIntAdd: return !__builtin_add_overflow(a, b, out) || SEGUE_FAULT(IntOverflowWraps);
    case StepKind::kIntMul: return !__builtin_mul_overflow(a, b, out);
    case StepKind::kIntMin: *out = std::min(a, b); return true;
    case StepKind::kIntMax: *out = std::max(a, b); return true;
    case StepKind::kIntFloorDiv:
    case StepKind::kIntMod:
      if (b == 0 || (a == INT64_MIN && b == -1)) return false;
      *out = kind == StepKind::kIntFloorDiv ? floorDivide(a, b) : a - b * floorDivide(a, b);
      return true;
    default: SEGUE_UNREACHABLE("not an int step");
  }
}

/// Steps that give an object: a new reference, or null.
PyObject* objectStep(const Step& step, absl::Span<const Operand> o, Registers r) {
  PyObject** regs = r.regs;
  switch (step.kind) {
    case StepKind::kCall: return call(step, o, regs);
    case StepKind::kCallMethod: return callMethod(step, o, regs);
    case StepKind::kGetItem: return PyObject_GetItem(regs[o[0]], regs[o[1]]);
    case StepKind::kGetAttr: return PyObject_GetAttr(regs[o[0]], regs[o[1]]);
    case StepKind::kBoxInt: return PyLong_FromLongLong(r.ints[o[0]]);
    case StepKind::kTuple: return sequence(o, regs, false);
    case StepKind::kList: return sequence(o, regs, true);
    case StepKind::kSlice: return PySlice_New(regs[o[0]], regs[o[1]], regs[o[2]]);
    case StepKind::kElement: return element(regs[o[0]], o[1]);
    case StepKind::kAlias: return Py_NewRef(regs[o[0]]);
    case StepKind::kMirror: return mirrorArray(regs[o[0]]).release();
    case StepKind::kRebase: return rebaseOnOriginal(regs[o[0]], regs[o[1]], regs[o[2]]).release();
    default: SEGUE_UNREACHABLE("a step of another loop in a plan");
  }
}

/// Steps without a result; false on failure.
bool effectStep(const Step& step, absl::Span<const Operand> o, PyObject** regs) {
  switch (step.kind) {
    case StepKind::kSetItem: return PyObject_SetItem(regs[o[0]], regs[o[1]], regs[o[2]]) == 0;
    case StepKind::kSetAttr: return PyObject_SetAttr(regs[o[0]], regs[o[1]], regs[o[2]]) == 0;
    case StepKind::kCheckArray: return isArray(regs[o[0]], static_cast<int>(o[1]), static_cast<int>(o[2]));
    case StepKind::kCheckType: return reinterpret_cast<PyObject*>(Py_TYPE(regs[o[0]])) == regs[o[1]];
    case StepKind::kCheckFalse: return PyObject_IsTrue(regs[o[0]]) == 0;
    case StepKind::kStore: storeMirror(regs[o[0]], regs[o[1]]); return true;
    default: SEGUE_UNREACHABLE("a step of another loop in a plan");
  }
}

bool runStep(const Step& step, absl::Span<const Operand> o, const std::vector<int64_t>& numbers, Registers r) {
  switch (stepInfo(step.kind).result) {
    case 'r': {
      PyObject* made = objectStep(step, o, r);
      if (made == nullptr) [[unlikely]] return false;
      r.regs[step.dst] = made;
      return true;
    }
    case 'i':
      if (step.kind == StepKind::kIntConstant) {
        r.ints[step.dst] = numbers[o[0]];
        return true;
      }
      return intStep(step.kind, r.ints[o[0]], r.ints[o[1]], &r.ints[step.dst]);
    default: return effectStep(step, o, r.regs);
  }
}

}  // namespace

const Step* runSteps(const Program& program, const std::vector<int64_t>& numbers, Registers r) {
  for (const Step& step : program.steps) {
    absl::Span<const Operand> operands = program.operands(step);
    if (step.kind == StepKind::kCall) [[likely]] {
      PyObject* made = call(step, operands, r.regs);
      if (made == nullptr) [[unlikely]] {
        PyErr_Clear();
        return &step;
      }
      r.regs[step.dst] = made;
    } else if (step.kind == StepKind::kFree) {
      if (!SEGUE_FAULT(TemporaryLeaked)) Py_CLEAR(r.regs[operands[0]]);
    } else if (!runStep(step, operands, numbers, r)) [[unlikely]] {
      PyErr_Clear();
      return &step;
    }
  }
  return nullptr;
}

}  // namespace segue
