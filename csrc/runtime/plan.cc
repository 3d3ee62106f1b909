#include <algorithm>
#include <memory>

#include "base/descr.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "base/random_state.h"
#include "runtime/finalization.h"
#include "runtime/float_steps.h"
#include "runtime/kernel.h"
#include "runtime/mirror.h"
#include "runtime/program.h"
#include "runtime/view.h"
#include "runtime/window.h"

namespace segue {
namespace {

constexpr size_t kStackArguments = 24;

/// The callable's own vectorcall; CPython's for what has none. Ufuncs and NumPy's C functions do have one.
inline PyObject* vectorcall(PyObject* callable, PyObject** args, size_t nargsf, PyObject* keywords) {
  PyTypeObject* type = Py_TYPE(callable);
  if (PyType_HasFeature(type, Py_TPFLAGS_HAVE_VECTORCALL)) [[likely]] {
    auto* place = reinterpret_cast<char*>(callable) + type->tp_vectorcall_offset;
    if (auto function = *reinterpret_cast<vectorcallfunc*>(place)) return function(callable, args, nargsf, keywords);
  }
  return PyObject_Vectorcall(callable, args, nargsf, keywords);
}

/// Calls with the operands behind the first in `place`, whose own first element is left free, as
/// PY_VECTORCALL_ARGUMENTS_OFFSET wants.
inline PyObject* callIn(PyObject** place, const Step& step, const Operand* operands, PyObject** regs) {
  const size_t count = step.count - 1u;
  for (size_t i = 1; i <= count; i++) place[i] = regs[operands[i]];
  PyObject* keywords = step.keywords == kNoReg ? nullptr : regs[step.keywords];
  size_t nargsf = count | PY_VECTORCALL_ARGUMENTS_OFFSET;
  if (keywords != nullptr) nargsf -= static_cast<size_t>(PyTuple_GET_SIZE(keywords));
  PyObject* callee = regs[operands[0]];
  if (step.kind == StepKind::kCallMethod) return PyObject_VectorcallMethod(callee, place + 1, nargsf, keywords);
  return vectorcall(callee, place + 1, nargsf, keywords);
}

inline PyObject* call(const Step& step, const Operand* operands, PyObject** regs) {
  return stoppedByExit([&] {
    if (step.count <= kStackArguments) [[likely]] {
      PyObject* place[kStackArguments];
      return callIn(place, step, operands, regs);
    }
    auto place = std::make_unique<PyObject*[]>(step.count);
    return callIn(place.get(), step, operands, regs);
  });
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

bool isArray(PyObject* object, int descr_number, int ndim) {
  if (!PyArray_CheckExact(object)) return false;
  auto* array = reinterpret_cast<PyArrayObject*>(object);
  return PyArray_NDIM(array) == ndim && hasDescrNumber(PyArray_DESCR(array), descr_number);
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
PyObject* objectStep(const Plan& plan, const Step& step, absl::Span<const Operand> o, Registers r) {
  PyObject** regs = r.regs;
  switch (step.kind) {
    case StepKind::kView: return viewOf(regs[o[0]], plan.views[o[1]], r.ints);
    case StepKind::kWindow: return windowOf(regs[o[0]], plan.views[o[1]], r.ints);
    case StepKind::kGetItem: return PyObject_GetItem(regs[o[0]], regs[o[1]]);
    case StepKind::kGetAttr: return PyObject_GetAttr(regs[o[0]], regs[o[1]]);
    case StepKind::kBoxInt: return PyLong_FromLongLong(r.ints[o[0]]);
    case StepKind::kTuple: return sequence(o, regs, false);
    case StepKind::kList: return sequence(o, regs, true);
    case StepKind::kSlice: return PySlice_New(regs[o[0]], regs[o[1]], regs[o[2]]);
    case StepKind::kElement: return element(regs[o[0]], o[1]);
    case StepKind::kAlias: return Py_NewRef(regs[o[0]]);
    case StepKind::kMirror: return mirrorArray(regs[o[0]]).release();
    case StepKind::kSave: return saveItem(regs[o[0]], regs[o[1]]).release();
    case StepKind::kSaveState: return saveRandomState(regs[o[0]]).release();
    case StepKind::kRebase: return rebaseOnOriginal(regs[o[0]], regs[o[1]], regs[o[2]]).release();
    case StepKind::kEmpty: {
      absl::InlinedVector<int64_t, 4> shape;
      for (Operand size : o.subspan(2)) shape.push_back(r.ints[size]);
      return emptyArray(regs[o[0]], o[1] != 0, shape);
    }
    default: SEGUE_UNREACHABLE("a step of another loop in a plan");
  }
}

/// Steps without a result; false on failure.
bool effectStep(const Step& step, absl::Span<const Operand> o, Registers r) {
  PyObject** regs = r.regs;
  const int64_t* ints = r.ints;
  switch (step.kind) {
    case StepKind::kSetItem: return PyObject_SetItem(regs[o[0]], regs[o[1]], regs[o[2]]) == 0;
    case StepKind::kSetAttr: return PyObject_SetAttr(regs[o[0]], regs[o[1]], regs[o[2]]) == 0;
    case StepKind::kCheckArray: return isArray(regs[o[0]], static_cast<int>(o[1]), static_cast<int>(o[2]));
    case StepKind::kCheckType: return reinterpret_cast<PyObject*>(Py_TYPE(regs[o[0]])) == regs[o[1]];
    case StepKind::kCheckTruth: return PyObject_IsTrue(regs[o[0]]) == static_cast<int>(o[1]);
    case StepKind::kCheckEqual: return ints[o[0]] == ints[o[1]];
    case StepKind::kCheckNotEqual: return ints[o[0]] != ints[o[1]];
    case StepKind::kCheckLess: return ints[o[0]] < ints[o[1]];
    case StepKind::kCheckLessEqual: return ints[o[0]] <= ints[o[1]];
    case StepKind::kStore: storeArray(regs[o[0]], regs[o[1]]); return true;
    default: SEGUE_UNREACHABLE("a step of another loop in a plan");
  }
}

/// `pure`: no step of the commit, which other threads must not see half done.
bool runStep(const Plan& plan, const Step& step, absl::Span<const Operand> o, Registers r, int reported, bool pure) {
  switch (stepInfo(step.kind).result) {
    case 'r': {
      PyObject* made = isFloatStep(step.kind) ? floatStep(step.kind, r.regs[o[0]], o.size() > 1 ? r.regs[o[1]] : nullptr, reported)
                                              : objectStep(plan, step, o, r);
      if (made == nullptr) [[unlikely]] return false;
      r.regs[step.dst] = made;
      return true;
    }
    case 'i':
      if (step.kind == StepKind::kIntConstant) {
        r.ints[step.dst] = plan.numbers[o[0]];
        return true;
      }
      if (step.kind == StepKind::kSizeOf) {
        auto* array = reinterpret_cast<PyArrayObject*>(r.regs[o[0]]);
        r.ints[step.dst] = PyArray_DIM(array, SEGUE_FAULT(SizeOfLastAxis) ? PyArray_NDIM(array) - 1 : static_cast<int>(o[1]));
        return true;
      }
      return intStep(step.kind, r.ints[o[0]], r.ints[o[1]], &r.ints[step.dst]);
    default:
      if (step.kind == StepKind::kCheckKernel) return checkKernel(*plan.kernels[o[0]], o[1], o.subspan(2), r.regs, reported);
      if (step.kind == StepKind::kKernel) return runKernel(*plan.kernels[o[0]], o.subspan(1), r.regs, reported, pure);
      return effectStep(step, o, r);
  }
}

/// The run is dropped: CPython will raise the call's exception, but for one that came from outside.
[[gnu::noinline]] const Step* failedCall(const Step& step, const Operand* operands, PyObject** regs) {
  clearFailure([&] { return call(step, operands, regs); });
  return &step;
}

}  // namespace

const Step* runSteps(const Plan& plan, const Program& program, Registers r, int reported) {
  const Operand* const pool = program.pool.data();
  for (const Step& step : program.steps) {
    const Operand* operands = pool + step.first;
    if (step.kind == StepKind::kCall || step.kind == StepKind::kCallMethod) [[likely]] {
      PyObject* made = call(step, operands, r.regs);
      if (made == nullptr) [[unlikely]] return failedCall(step, operands, r.regs);
      r.regs[step.dst] = made;
    } else if (step.kind == StepKind::kFree) {
      if (!SEGUE_FAULT(TemporaryLeaked)) Py_CLEAR(r.regs[operands[0]]);
    } else if (!runStep(plan, step, {operands, step.count}, r, reported, &program != &plan.commit)) [[unlikely]] {
      PyErr_Clear();
      return &step;
    }
  }
  return nullptr;
}

const Step* runStores(const Plan& plan, Registers r, int reported, int beyond_warnings) {
  for (const Step& step : plan.stores.steps) {
    const absl::Span<const Operand> o = plan.stores.operands(step);
    if (storeKernel(*plan.kernels[o[0]], o[1], o.subspan(2), r.regs, reported, beyond_warnings)) [[likely]] continue;
    PyErr_Clear();
    return &step;
  }
  return nullptr;
}

void runUndo(const Program& undo, PyObject* const* regs) {
  for (size_t n = undo.steps.size(), left = n; left-- > 0;) {
    const size_t i = SEGUE_FAULT(UndoneForwards) ? n - 1 - left : left;
    PyObject* saved = regs[undo.operands(undo.steps[i])[0]];
    if (saved == nullptr) continue;
    if (undo.steps[i].kind != StepKind::kRestoreState) {
      restoreItem(saved);
    } else if (!SEGUE_FAULT(DrawsKept)) {
      restoreRandomState(saved);
    }
  }
}

}  // namespace segue
