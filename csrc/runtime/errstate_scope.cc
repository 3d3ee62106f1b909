#include "runtime/errstate_scope.h"

#include <array>
#include <vector>

#include "base/errstate.h"
#include "base/fault.h"

namespace segue {
namespace {

constexpr int kConditions = 4;
constexpr int kBitsPerCondition = 3;

/// Contexts not in use, by the conditions that raise, for one buffer size. Kept for good.
struct Pools {
  std::array<std::vector<PyObject*>, 1 << kConditions> free;
  npy_intp buffer_size = 0;  ///< what the pooled contexts have; 0 before the first use
};

/// The state seen last: programs rarely change it, and reading the capsule costs as much as entering the context.
struct LastState {
  Ref capsule;               ///< kept alive, so that its address means it
  int raising = 0;
  npy_intp buffer_size = 0;
};

LastState& lastState() {
  static auto* instance = new LastState;
  return *instance;
}

Pools& pools() {
  static auto* instance = new Pools;
  return *instance;
}

/// One bit per condition that the user's state does not ignore.
int raisingConditions(int mask) {
  int raising = 0;
  for (int i = 0; i < kConditions; i++) {
    const int answer = (mask >> (kBitsPerCondition * i)) & 7;
    if (SEGUE_FAULT(WarningsSwallowed) ? answer == 2 : answer != 0) raising |= 1 << i;
  }
  return raising;
}

/// Sets the entered context's state, through NumPy's public functions.
bool fillContext(int raising, npy_intp buffer_size) {
  Ref numpy = Ref::steal(PyImport_ImportModule("numpy"));
  if (!numpy) return false;
  static constexpr std::array<const char*, kConditions> names = {"divide", "over", "under", "invalid"};
  Ref settings = Ref::steal(PyDict_New());
  if (!settings) return false;
  for (int i = 0; i < kConditions; i++) {
    Ref answer = Ref::steal(PyUnicode_FromString((raising >> i) & 1 ? "raise" : "ignore"));
    if (!answer || PyDict_SetItemString(settings.get(), names[i], answer.get()) < 0) return false;
  }
  Ref seterr = Ref::steal(PyObject_GetAttrString(numpy.get(), "seterr"));
  Ref nothing = Ref::steal(PyTuple_New(0));
  if (!seterr || !nothing) return false;
  if (!Ref::steal(PyObject_Call(seterr.get(), nothing.get(), settings.get()))) return false;
  return static_cast<bool>(
      Ref::steal(PyObject_CallMethod(numpy.get(), "setbufsize", "n", static_cast<Py_ssize_t>(buffer_size))));
}

Ref makeContext(int raising, npy_intp buffer_size) {
  Ref context = Ref::steal(PyContext_New());
  if (!context || PyContext_Enter(context.get()) < 0) return nullptr;
  bool filled = fillContext(raising, buffer_size);
  if (PyContext_Exit(context.get()) < 0 || !filled) return nullptr;
  return context;
}

}  // namespace

ErrStateScope::ErrStateScope(bool needed) {
  if (!needed) return;
  ok_ = enter();
  if (!ok_) [[unlikely]] PyErr_Clear();
}

namespace {

/// The state in force, or null when it cannot be read.
const LastState* currentState() {
  LastState& last = lastState();
  PyObject* variable = errStateVariable();
  PyObject* capsule = nullptr;
  if (variable == nullptr || PyContextVar_Get(variable, nullptr, &capsule) < 0 || capsule == nullptr) return nullptr;
  Ref held = Ref::steal(capsule);
  if (held.get() == last.capsule.get() || (last.capsule && SEGUE_FAULT(ErrStateStale))) [[likely]] return &last;
  ErrState state;
  if (!currentErrState(&state)) return nullptr;
  last.raising = raisingConditions(state.mask);
  last.buffer_size = state.buffer_size;
  last.capsule = std::move(held);
  return &last;
}

}  // namespace

bool ErrStateScope::enter() {
  const LastState* state = currentState();
  if (state == nullptr) return false;
  const int raising = state->raising;
  Pools& all = pools();
  if (all.buffer_size == 0) all.buffer_size = state->buffer_size;
  if (state->buffer_size == all.buffer_size) [[likely]] {
    pool_ = raising;
    if (!all.free[raising].empty()) [[likely]] {
      context_ = all.free[raising].back();
      all.free[raising].pop_back();
    }
  }
  if (context_ == nullptr) context_ = makeContext(raising, state->buffer_size).release();
  if (context_ == nullptr) return false;
  if (PyContext_Enter(context_) == 0) return true;
  Py_CLEAR(context_);
  return false;
}

ErrStateScope::~ErrStateScope() {
  if (context_ == nullptr || SEGUE_FAULT(ErrStateKept)) return;
  // A plan can end with an exception set; leaving the context that is in force cannot fail.
  if (PyContext_Exit(context_) < 0) [[unlikely]] PyErr_Clear();
  if (pool_ >= 0) {
    pools().free[pool_].push_back(context_);
  } else {
    Py_DECREF(context_);
  }
}

}  // namespace segue
