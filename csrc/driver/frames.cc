// The frame handler and the fast path: what happens when a compiled function is called.
#include <array>
#include <map>

#include "absl/container/flat_hash_set.h"
#include "base/fault.h"
#include "base/functions.h"
#include "base/interrupt.h"
#include "driver/offer.h"
#include "guards/guard.h"
#include "hook/eval.h"
#include "runtime/output_memory.h"

namespace segue {
namespace {

/// The code whose segment the fast path has just dropped: its frame, which comes next, is left to CPython.
thread_local PyCodeObject* rerun_code __attribute__((tls_model("initial-exec"))) = nullptr;

// ---- functions and their options -----------------------------------------------------------------------------------

/// What tells options apart. The objects are alive: each function that uses the key has options that hold them.
struct OptionsFields {
  explicit OptionsFields(const CompileOptions& o)
      : backend(o.backend), backend_function(o.backend_function.get()), backend_options(o.backend_options.get()),
        fullgraph(o.fullgraph), dynamic(o.dynamic), exact(o.exact), capture_all(o.capture_all) {}
  auto operator<=>(const OptionsFields&) const = default;
  bool hasObjects() const { return backend_function != nullptr || backend_options != nullptr; }

  std::string backend;
  PyObject* backend_function;
  PyObject* backend_options;
  bool fullgraph, dynamic, exact, capture_all;
};

/// The number under which tables and splices of functions with the same options are kept. When the last of them is gone, so
/// are the tables, as nobody can ever use options with those objects again. (Options without objects are few: their tables
/// stay.)
class OptionsKey {
 public:
  static std::shared_ptr<const OptionsKey> of(const CompileOptions& options) {
    OptionsFields fields(options);
    if (fields == OptionsFields(CompileOptions()) || SEGUE_FAULT(OptionsShareEntries)) return nullptr;
    std::weak_ptr<const OptionsKey>& known = keys()[fields];
    std::shared_ptr<const OptionsKey> key = known.lock();
    if (key != nullptr) return key;
    key = std::make_shared<const OptionsKey>(fields);
    known = key;
    static auto* kept = new std::vector<std::shared_ptr<const OptionsKey>>;
    if (!fields.hasObjects()) kept->push_back(key);
    return key;
  }
  explicit OptionsKey(OptionsFields fields) : number(++last_), fields_(std::move(fields)) {}
  ~OptionsKey() {
    keys().erase(fields_);
    dropOptions(number);
  }
  OptionsKey(const OptionsKey&) = delete;

  const int number;   ///< see tableKey(); never used again

 private:
  static std::map<OptionsFields, std::weak_ptr<const OptionsKey>>& keys() {
    static auto* keys = new std::map<OptionsFields, std::weak_ptr<const OptionsKey>>;
    return *keys;
  }
  static inline int last_ = 0;
  OptionsFields fields_;
};

/// What a CompiledFunction carries for the dispatcher.
class FunctionDispatch final : public DispatchState, public StateKeeper {
 public:
  explicit FunctionDispatch(const CompiledFunction& self) : options_key_(OptionsKey::of(*self.options)) {
    if (!PyFunction_Check(self.wrapped.get())) return;
    Ref code = Ref::borrow(PyFunction_GET_CODE(self.wrapped.get()));
    CodeState* state = CodeState::obtain(reinterpret_cast<PyCodeObject*>(code.get()));
    if (state == nullptr) {
      PyErr_Clear();
      return;
    }
    code_ = std::move(code);
    use(state);
  }
  ~FunctionDispatch() override {
    for (CodeState* state : used_) state->removeUser(this);
  }
  int traverse(visitproc visit, void* arg) override {
    for (const CodeState* state : used_) {
      if (state->keeper != this) continue;
      if (int stop = state->traverse(visit, arg); stop != 0) return stop;
    }
    return 0;
  }
  int64_t countOptions(const CompileOptions* options) const override {
    int64_t count = 0;
    for (const CodeState* state : used_) {
      if (state->keeper == this) count += state->countOptions(options);
    }
    return count;
  }
  void retire() override {
    std::vector<EntryRef> dropped;   // freed last, when the rest is whole again
    for (CodeState* state : std::exchange(used_, {})) {
      if (!state->removeUser(this)) state->takeAll(&dropped);
    }
    options_key_ = nullptr;
  }

  /// The code runs in calls of the function.
  void use(CodeState* state) {
    if (state != nullptr && state->addUser(this)) used_.insert(state);
  }
  void forget(CodeState* state) override { used_.erase(state); }

  /// The function's table, null when nothing was compiled for `code`, which it runs now.
  DispatchTable* table(PyObject* code) {
    if (table_ != nullptr && code == code_.get()) [[likely]] return table_;
    CodeState* state = CodeState::find(reinterpret_cast<PyCodeObject*>(code));
    DispatchTable* found = state != nullptr ? state->table(tableKey(optionsId(), 0)) : nullptr;
    if (code == code_.get()) table_ = found;
    return found;
  }

  /// See tableKey().
  int optionsId() const { return options_key_ != nullptr ? options_key_->number : 0; }

 private:
  Ref code_;       ///< of the wrapped function, null for other callables; it keeps its CodeState
  absl::flat_hash_set<CodeState*> used_;   ///< whose user this is
  std::shared_ptr<const OptionsKey> options_key_;   ///< null for default options: they use the table of the function's start
  DispatchTable* table_ = nullptr;   ///< of code_, once there is one: tables live as long as their code object
};

FunctionDispatch& dispatchOf(CompiledFunction* self) {
  if (self->dispatch == nullptr) self->dispatch = std::make_unique<FunctionDispatch>(*self);
  return static_cast<FunctionDispatch&>(*self->dispatch);
}

// ---- one frame -----------------------------------------------------------------------------------------------------

/// A fresh frame starts in f', with slots that it takes over.
void enter(const Offer& offer, const Splice& splice, SlotVector slots, int unit) {
  segue_frame_convert(offer.ts, offer.frame, reinterpret_cast<PyCodeObject*>(splice.code.get()), slots.data(),
                      static_cast<int>(slots.size()), unit);
}

/// A fresh frame from now on runs f' from its start.
void swapCode(const Offer& offer, const Splice& splice) {
  enter(offer, splice, slotsOf(offer.view, offer.view.slot_count), 0);
}

SegueAction handleFrame(SegueFrame* frame, const SegueFrameView* seen, PyThreadState* ts, PyObject** result) {
  CompiledFunction* self = currentCompiled();
  if (self == nullptr || stance() == Stance::kForceEager) return SEGUE_RUN_DEFAULT;
  const SegueFrameView& view = *seen;
  if (interruptKept() && raiseInterruptIn(view.code)) [[unlikely]] return SEGUE_ERROR;
  if (rerun_code == view.code) {
    rerun_code = nullptr;
    return SEGUE_RUN_DEFAULT;
  }
  if (dropped_entries_wait) [[unlikely]] freeDroppedEntries();
  CodeState* state = CodeState::find(view.code);
  if (state != nullptr && state->disabled) return SEGUE_RUN_DEFAULT;
  Offer offer{.ts = ts, .frame = frame, .view = view, .self = self, .options = self->options,
              .options_id = dispatchOf(self).optionsId(), .offset = 0, .code = view.code};
  if (state == nullptr && !offer.own() && !mayCapture(view.code, view.globals, *offer.options)) return SEGUE_RUN_DEFAULT;
  offer.roots = {.locals = view.slots, .local_count = view.slot_count,
                 .function = reinterpret_cast<PyObject*>(view.function), .globals = view.globals,
                 .builtins = view.builtins};
  stats().calls++;
  if (view.makes_generator) {
    SpliceRef splice = spliceGenerator(offer);
    dispatchOf(self).use(CodeState::find(view.code));
    if (splice && hasRoom(offer, *splice)) swapCode(offer, *splice);
    return SEGUE_RUN_DEFAULT;
  }
  Service service;
  serve(offer, state != nullptr ? state->table(offer.key()) : nullptr, &service);
  dispatchOf(self).use(CodeState::find(view.code));
  switch (service.served) {
    case Served::kRaised: return SEGUE_ERROR;
    case Served::kReturned: *result = service.result; return SEGUE_DONE;
    case Served::kLeft:
      enter(offer, *service.splice, std::exchange(service.departure.slots, {}),
            service.splice->exits[static_cast<size_t>(service.exit)].enter);
      return SEGUE_RUN_DEFAULT;
    case Served::kLooped: SEGUE_UNREACHABLE("a loop around a function's start");
    case Served::kNothing: break;
  }
  if (service.splice) swapCode(offer, *service.splice);
  return SEGUE_RUN_DEFAULT;
}

void noticeEager(CompiledFunction* self) {
  stats().calls++;
  stats().eager++;
  static bool told = false;
  if (std::exchange(told, true)) return;
  constexpr const char* kWords = "compiled functions run eagerly: another frame evaluator (PEP 523) is installed";
  if (!warn(kWords)) PyErr_WriteUnraisable(self->wrapped.get());
}

// ---- no frame at all -----------------------------------------------------------------------------------------------

/// Arguments as the frame's first slots: those passed, then defaults. False when binding them takes more than that.
/// `held` is for what the caller's vector does not keep alive.
bool bindArguments(PyFunctionObject* function, PyObject* const* args, Py_ssize_t count, std::array<PyObject*, 16>* room,
                   Ref* held, FrameRoots* roots) {
  auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
  if (code->co_kwonlyargcount != 0 || (code->co_flags & (CO_VARARGS | CO_VARKEYWORDS)) != 0) return false;
  roots->local_count = code->co_argcount;
  roots->locals = args;
  if (count == code->co_argcount) return true;
  PyObject* defaults = function->func_defaults;
  if (count > code->co_argcount || code->co_argcount > static_cast<int>(room->size()) || defaults == nullptr) return false;
  Py_ssize_t first_default = code->co_argcount - PyTuple_GET_SIZE(defaults);
  if (SEGUE_FAULT(DefaultsShifted)) first_default = count;
  if (count < first_default) return false;
  for (Py_ssize_t i = 0; i < code->co_argcount; i++) {
    (*room)[static_cast<size_t>(i)] = i < count ? args[i] : PyTuple_GET_ITEM(defaults, i - first_default);
  }
  roots->locals = room->data();
  *held = Ref::borrow(defaults);
  return true;
}

}  // namespace

bool fastPath(CompiledFunction* self, PyObject* const* args, size_t nargsf, PyObject* kwnames, PyObject** result) {
  if (kwnames != nullptr || stance() == Stance::kForceEager) return false;
  if (dropped_entries_wait) [[unlikely]] freeDroppedEntries();
  auto* function = reinterpret_cast<PyFunctionObject*>(self->wrapped.get());
  auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
  std::array<PyObject*, 16> room;
  Ref held;
  FrameRoots roots{.function = self->wrapped.get(), .globals = function->func_globals,
                   .builtins = function->func_builtins};
  if (!runsItsCode(self->wrapped.get())) return false;
  if (!bindArguments(function, args, PyVectorcall_NARGS(nargsf), &room, &held, &roots)) return false;
  DispatchTable* table = static_cast<FunctionDispatch&>(*self->dispatch).table(function->func_code);
  if (table == nullptr) return false;
  uint32_t regs = table->regCount();
  RegisterFile file(regs, table->intCount());
  EntryRef entry(table->find(roots, file.regs(), file.ints()));
  if (!entry || !entry->segment.frameless || entry->eager()) return false;
  stats().calls++;
  stats().hits++;
  if (runSegment(entry->segment, file.regs(), file.ints(), result) == SegmentOutcome::kReturned) {
    stats().segments++;
    return true;
  }
  stats().reruns++;
  if (wantsVerdict(entry->segment) && function->func_code == reinterpret_cast<PyObject*>(code)) {
    table = static_cast<FunctionDispatch&>(*self->dispatch).table(function->func_code);   // the run lets others run
    if (table != nullptr) replaceByVerdict(table, CodeState::find(code), entry);
  }
  if (!SEGUE_FAULT(RerunOffered)) rerun_code = code;
  return false;
}

bool installDriver() {
  if (!initDispatch()) return false;
  setUnstableAssumptions(unstableAssumption);
  segue_set_frame_handler(handleFrame);
  segue_set_probe_handler(visitProbe);
  setEagerNotice(noticeEager);
  return true;
}

void resetDriver() {
  clearDispatch();
  releaseOutputMemory();
  stats() = Stats();
}

}  // namespace segue
