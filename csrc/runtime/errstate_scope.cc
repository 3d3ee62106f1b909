#include "runtime/errstate_scope.h"

#include <array>
#include <map>
#include <memory>

#include "base/errstate.h"
#include "base/fault.h"
#include "base/imports.h"
#include "base/interrupt.h"

namespace segue {

/// Contexts that raise the same conditions, with one buffer size. Kept for good.
struct Pool {
  int raising = 0;                   ///< one bit per condition
  npy_intp buffer_size = 0;
  PooledContext* free = nullptr;     ///< those not in use
};

struct PooledContext {
  SegueContext prepared{};
  Pool* pool = nullptr;
  PooledContext* next = nullptr;     ///< in the pool, while not in use
};

namespace {

constexpr int kConditions = 4;
constexpr int kBitsPerCondition = 3;

/// The state seen last: programs rarely change it, and reading the capsule costs more than entering the context. Kept for
/// good, so that the capsule's address means it.
struct LastState {
  PyObject* variable;                ///< NumPy's, borrowed; null before the first use
  PyObject* capsule;                 ///< owned
  Pool* pool;                        ///< null: the state reports nothing
} last{};

Pool& poolFor(int raising, npy_intp buffer_size) {
  static auto* pools = new std::map<std::pair<int, npy_intp>, Pool>;
  return pools->try_emplace({raising, buffer_size}, Pool{raising, buffer_size}).first->second;
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
  Ref numpy = importModule("numpy");
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

/// A context for the pool; null when it cannot be made.
[[gnu::noinline]] PooledContext* makeContext(Pool* pool) {
  Ref context = Ref::steal(PyContext_New());
  if (!context || PyContext_Enter(context.get()) < 0) return nullptr;
  bool filled = fillContext(pool->raising, pool->buffer_size);
  if (PyContext_Exit(context.get()) < 0 || !filled) return nullptr;
  auto made = std::make_unique<PooledContext>();
  made->pool = pool;
  if (!segue_context_describe(context.release(), last.variable, &made->prepared)) return nullptr;
  return made.release();
}

/// Makes `last` the state in force; false when it cannot be read.
[[gnu::noinline]] bool readState(const SegueOuterContext& outer) {
  ErrState state;
  if (outer.value == nullptr || !currentErrState(&state)) return false;
  int raising = raisingConditions(state.mask);
  last.pool = raising != 0 ? &poolFor(raising, state.buffer_size) : nullptr;
  Py_XSETREF(last.capsule, Py_NewRef(outer.value));
  return true;
}

void giveBack(PooledContext* context) { context->next = std::exchange(context->pool->free, context); }

PooledContext* takeFrom(Pool* pool) {
  PooledContext* taken = pool->free;
  if (taken == nullptr) [[unlikely]] return makeContext(pool);
  pool->free = taken->next;
  return taken;
}

}  // namespace

void ErrStateScope::enter() {
  if (last.variable == nullptr) [[unlikely]] last.variable = errStateVariable();
  ok_ = last.variable != nullptr;
  if (!ok_) [[unlikely]] return;
  thread_ = PyThreadState_Get();
  segue_context_look(thread_, last.variable, &outer_);
  const bool known = outer_.value == last.capsule || SEGUE_FAULT(ErrStateStale);
  if (last.capsule == nullptr || !known) [[unlikely]] {
    ok_ = readState(outer_);
    if (!ok_) return;
  }
  Pool* pool = last.pool;   // making a context runs Python code, and maybe other threads
  if (pool == nullptr) return;
  inner_ = takeFrom(pool);
  if (inner_ == nullptr) [[unlikely]] {
    clearFailure([pool] {
      PooledContext* made = makeContext(pool);
      if (made == nullptr) return static_cast<PyObject*>(nullptr);
      giveBack(made);
      return Py_NewRef(Py_None);
    });
    ok_ = false;
    return;
  }
  segue_context_enter(thread_, last.variable, &inner_->prepared);
}

void ErrStateScope::leave() {
  if (SEGUE_FAULT(ErrStateKept)) return;
  segue_context_leave(thread_, last.variable, &inner_->prepared, &outer_);
  giveBack(inner_);
}

}  // namespace segue
