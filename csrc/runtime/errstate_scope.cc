#include "runtime/errstate_scope.h"

#include <array>
#include <map>
#include <memory>
#include <tuple>

#include "base/errstate.h"
#include "base/fault.h"
#include "base/imports.h"
#include "base/interrupt.h"

namespace segue {

/// Contexts that raise the same conditions, with one buffer size and one source of memory. Kept for good.
struct Pool {
  int raising = 0;                   ///< one bit per condition
  npy_intp buffer_size = 0;
  PyObject* memory_handler = nullptr;  ///< owned
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

/// What NumPy's C code asks the context for: the error state, and the source of arrays' memory.
enum : size_t { kErrState, kMemoryHandler };
SegueVariables variables{};          ///< NumPy's, borrowed; null before the first use

/// The values seen last: programs rarely change them, and reading the error state's capsule costs more than entering the
/// context. Kept for good, so that their addresses mean them.
struct LastState {
  PyObject* values[SEGUE_CONTEXT_VARIABLES];   ///< owned; null before the first use
  Pool* pool;                        ///< null: the state reports nothing
  int beyond_warnings;               ///< one bit per condition
} last{};

Pool& poolFor(int raising, npy_intp buffer_size, PyObject* memory_handler) {
  static auto* pools = new std::map<std::tuple<int, npy_intp, PyObject*>, Pool>;
  auto [found, made] = pools->try_emplace({raising, buffer_size, memory_handler}, Pool{raising, buffer_size, memory_handler});
  if (made) Py_INCREF(memory_handler);
  return found->second;
}

bool findVariables() {
  variables.variables[kMemoryHandler] = memoryHandlerVariable();
  if (variables.variables[kMemoryHandler] != nullptr) variables.variables[kErrState] = errStateVariable();
  return variables.variables[kErrState] != nullptr;
}

/// What a state does about a condition, as NumPy numbers it; 3 and more: calls, prints, logs.
enum Answer { kIgnore, kWarn, kRaise };

/// One bit per condition that the state answers by `least` or more.
int conditionsFrom(int mask, int least) {
  int conditions = 0;
  for (int i = 0; i < kConditions; i++) {
    if (((mask >> (kBitsPerCondition * i)) & 7) >= least) conditions |= 1 << i;
  }
  return conditions;
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
PooledContext* makeContext(Pool* pool) {
  Ref context = Ref::steal(PyContext_New());
  if (!context || PyContext_Enter(context.get()) < 0) return nullptr;
  Ref token = Ref::steal(PyContextVar_Set(variables.variables[kMemoryHandler], pool->memory_handler));
  bool filled = token && fillContext(pool->raising, pool->buffer_size);
  if (PyContext_Exit(context.get()) < 0 || !filled) return nullptr;
  auto made = std::make_unique<PooledContext>();
  made->pool = pool;
  if (!segue_context_describe(context.release(), &variables, &made->prepared)) return nullptr;
  return made.release();
}

/// Makes `last` what is in force; false when it cannot be read.
bool readState(const SegueOuterContext& outer) {
  ErrState state;
  PyObject* handler = outer.values[kMemoryHandler];
  if (outer.values[kErrState] == nullptr || handler == nullptr || !currentErrState(&state)) return false;
  const int raising = conditionsFrom(state.mask, SEGUE_FAULT(WarningsSwallowed) ? kRaise : kWarn);
  last.beyond_warnings = conditionsFrom(state.mask, kRaise);
  last.pool = raising != 0 ? &poolFor(raising, state.buffer_size, handler) : nullptr;
  for (size_t i = 0; i < SEGUE_CONTEXT_VARIABLES; i++) Py_XSETREF(last.values[i], Py_NewRef(outer.values[i]));
  return true;
}

/// Whether `last` is what is in force.
bool isLast(const SegueOuterContext& outer) {
  if (outer.values[kErrState] != last.values[kErrState] && !SEGUE_FAULT(ErrStateStale)) return false;
  if (outer.values[kMemoryHandler] != last.values[kMemoryHandler] && !SEGUE_FAULT(MemoryHandlerStale)) return false;
  return last.values[kErrState] != nullptr;
}

void giveBack(PooledContext* context) { context->next = std::exchange(context->pool->free, context); }

PooledContext* takeFrom(Pool* pool) {
  PooledContext* taken = pool->free;
  if (taken == nullptr) return makeContext(pool);
  pool->free = taken->next;
  return taken;
}

}  // namespace

void ErrStateScope::enter() {
  thread_ = PyThreadState_Get();
  Pool* pool = last.pool;
  PooledContext* inner = pool != nullptr ? pool->free : nullptr;
  if (inner == nullptr || !segue_context_exchange(thread_, &variables, last.values, &inner->prepared, &outer_)) [[unlikely]] {
    return enterSlowly();
  }
  pool->free = inner->next;
  inner_ = inner;
  reported_ = pool->raising;
}

void ErrStateScope::read() {
  thread_ = PyThreadState_Get();
  ok_ = look();
  if (!ok_ || last.pool == nullptr) return;
  reported_ = last.pool->raising;
  beyond_warnings_ = last.beyond_warnings;
}

bool ErrStateScope::look() {
  if (variables.variables[kErrState] == nullptr && !findVariables()) return false;
  segue_context_look(thread_, &variables, &outer_);
  return isLast(outer_) || readState(outer_);
}

void ErrStateScope::enterSlowly() {
  ok_ = look();
  if (!ok_) return;
  Pool* pool = last.pool;   // making a context runs Python code, and maybe other threads
  if (pool == nullptr) return;
  inner_ = takeFrom(pool);
  if (inner_ == nullptr) {
    clearFailure([pool] {
      PooledContext* made = makeContext(pool);
      if (made == nullptr) return static_cast<PyObject*>(nullptr);
      giveBack(made);
      return Py_NewRef(Py_None);
    });
    ok_ = false;
    return;
  }
  segue_context_enter(thread_, &variables, &inner_->prepared);
  reported_ = pool->raising;
}

void ErrStateScope::leave() {
  if (SEGUE_FAULT(ErrStateKept)) return;
  segue_context_leave(thread_, &variables, &inner_->prepared, &outer_);
  giveBack(inner_);
}

}  // namespace segue
