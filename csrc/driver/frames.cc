// The frame handler and the fast path: what happens when a compiled function is called.
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/fault.h"
#include "base/interrupt.h"
#include "driver/pipeline.h"
#include "hook/eval.h"
#include "runtime/segment.h"

namespace segue {
namespace {

GraphBreakRaiser graph_break_raiser = nullptr;

/// The code whose segment the fast path has just dropped: its frame, which comes next, is left to CPython.
thread_local PyCodeObject* rerun_code = nullptr;

/// Registers of one lookup and run: on the stack unless a segment needs many.
class RegisterFile {
 public:
  RegisterFile(uint32_t regs, uint32_t ints) {
    if (regs > small_regs_.size() || ints > small_ints_.size()) [[unlikely]] {
      large_ = std::make_unique<Large>();
      large_->regs.reset(new PyObject*[regs]);
      large_->ints.reset(new int64_t[ints]);
      regs_ = large_->regs.get();
      ints_ = large_->ints.get();
    }
  }
  PyObject** regs() { return regs_; }
  int64_t* ints() { return ints_; }

 private:
  struct Large {
    std::unique_ptr<PyObject*[]> regs;
    std::unique_ptr<int64_t[]> ints;
  };
  std::array<PyObject*, 96> small_regs_;
  std::array<int64_t, 48> small_ints_;
  PyObject** regs_ = small_regs_.data();
  int64_t* ints_ = small_ints_.data();
  std::unique_ptr<Large> large_;
};

// ---- functions and their options -----------------------------------------------------------------------------------

/// What tells options apart. The objects are alive: each function that uses the key has options that hold them.
struct OptionsFields {
  explicit OptionsFields(const CompileOptions& o)
      : backend(o.backend), backend_function(o.backend_function.get()), backend_options(o.backend_options.get()),
        fullgraph(o.fullgraph), dynamic(o.dynamic), exact(o.exact) {}
  auto operator<=>(const OptionsFields&) const = default;
  bool hasObjects() const { return backend_function != nullptr || backend_options != nullptr; }

  std::string backend;
  PyObject* backend_function;
  PyObject* backend_options;
  bool fullgraph, dynamic, exact;
};

/// The number of the dispatch tables for functions with the same options. When the last of them is gone, so are the
/// tables, as nobody can ever use options with those objects again. (Options without objects are few: their tables stay.)
class TableKey {
 public:
  static std::shared_ptr<const TableKey> of(const CompileOptions& options) {
    OptionsFields fields(options);
    if (fields == OptionsFields(CompileOptions()) || SEGUE_FAULT(OptionsShareEntries)) return nullptr;
    std::weak_ptr<const TableKey>& known = keys()[fields];
    std::shared_ptr<const TableKey> key = known.lock();
    if (key != nullptr) return key;
    key = std::make_shared<const TableKey>(fields);
    known = key;
    static auto* kept = new std::vector<std::shared_ptr<const TableKey>>;
    if (!fields.hasObjects()) kept->push_back(key);
    return key;
  }
  explicit TableKey(OptionsFields fields) : number(--last_), fields_(std::move(fields)) {}
  ~TableKey() {
    keys().erase(fields_);
    dropTables(number);
  }
  TableKey(const TableKey&) = delete;

  const int number;   ///< negative, so that it is no offset; never used again

 private:
  static std::map<OptionsFields, std::weak_ptr<const TableKey>>& keys() {
    static auto* keys = new std::map<OptionsFields, std::weak_ptr<const TableKey>>;
    return *keys;
  }
  static inline int last_ = 0;
  OptionsFields fields_;
};

/// What a CompiledFunction carries for the dispatcher.
class FunctionDispatch : public DispatchState {
 public:
  explicit FunctionDispatch(const CompiledFunction& self) : table_key_(TableKey::of(*self.options)) {
    if (!PyFunction_Check(self.wrapped.get())) return;
    Ref code = Ref::borrow(PyFunction_GET_CODE(self.wrapped.get()));
    CodeState* state = CodeState::obtain(reinterpret_cast<PyCodeObject*>(code.get()));
    if (state == nullptr) {
      PyErr_Clear();
      return;
    }
    state->owners++;
    code_ = std::move(code);
  }
  ~FunctionDispatch() override {
    if (code_) codeState()->owners--;
  }
  int traverse(visitproc visit, void* arg) override { return ownsAlone() ? codeState()->traverse(visit, arg) : 0; }
  void clear() override {
    if (ownsAlone()) codeState()->clear();
    table_ = nullptr;
    table_key_ = nullptr;
  }

  /// The function's table, null when nothing was compiled for `code`, which it runs now.
  DispatchTable* table(PyObject* code) {
    if (table_ != nullptr && code == code_.get()) [[likely]] return table_;
    CodeState* state = CodeState::find(reinterpret_cast<PyCodeObject*>(code));
    DispatchTable* found = state != nullptr ? state->table(key()) : nullptr;
    if (code == code_.get()) table_ = found;
    return found;
  }

  /// Of the dispatch table.
  int key() const { return table_key_ != nullptr ? table_key_->number : 0; }

 private:
  CodeState* codeState() const { return CodeState::find(reinterpret_cast<PyCodeObject*>(code_.get())); }
  bool ownsAlone() const { return code_ && codeState()->owners == 1; }

  Ref code_;       ///< of the wrapped function, null for other callables; it keeps its CodeState
  std::shared_ptr<const TableKey> table_key_;   ///< null for default options: they use the table of the function's start
  DispatchTable* table_ = nullptr;   ///< of code_, once there is one: tables live as long as their code object
};

FunctionDispatch& dispatchOf(CompiledFunction* self) {
  if (self->dispatch == nullptr) self->dispatch = std::make_unique<FunctionDispatch>(*self);
  return static_cast<FunctionDispatch&>(*self->dispatch);
}

// ---- one frame -----------------------------------------------------------------------------------------------------

/// A frame that the hook offers, and the call it belongs to.
struct Offer {
  CompiledFunction* self;
  SegueFrameView view;
  FrameRoots roots;
  int key;
  /// The frame of the compiled function itself.
  bool own() const { return self->wrapped.get() == reinterpret_cast<PyObject*>(view.function); }
};

/// Shows a warning; false when the user's filters made it an exception.
bool warn(const std::string& message) { return PyErr_WarnEx(PyExc_RuntimeWarning, message.c_str(), 1) == 0; }

SegueAction raiseBreak(const BreakRecord& stop) {
  SEGUE_CHECK(graph_break_raiser != nullptr, "nobody raises GraphBreakError");
  graph_break_raiser(stop);
  return SEGUE_ERROR;
}

DispatchTable* tableOf(const Offer& offer) {
  CodeState* state = CodeState::find(offer.view.code);
  return state != nullptr ? state->table(offer.key) : nullptr;
}

/// The same guards with "run eagerly" behind them take the entry's place.
void replaceByVerdict(DispatchTable* table, const EntryRef& entry) {
  Segment verdict;
  verdict.reason = entry->segment.reason;
  GuardProgram guards = SEGUE_FAULT(VerdictUnguarded) ? GuardProgram() : entry->guards;
  EntryRef replacement(new Entry(std::move(guards), entry->assumptions.assumptions(), std::move(verdict)));
  table->remove(entry.get());
  table->install(std::move(replacement), INT64_MAX);
}

/// Runs an entry whose guards have passed.
SegueAction runEntry(DispatchTable* table, const EntryRef& entry, RegisterFile& file, PyObject** result) {
  if (entry->eager()) {
    stats().eager++;
    return SEGUE_RUN_DEFAULT;
  }
  if (runSegment(entry->segment, file.regs(), file.ints(), result) == SegmentOutcome::kReturned) return SEGUE_DONE;
  stats().reruns++;
  if (wantsVerdict(entry->segment) && table != nullptr) replaceByVerdict(table, entry);
  return SEGUE_RUN_DEFAULT;
}

/// An entry without guards that sends every call of the code to CPython: what is left of a compile that failed.
EntryRef eagerEntry() { return EntryRef(new Entry(GuardProgram(), {}, Segment())); }

/// Calls of the function may look for entries without a frame once one of them needs none.
void allowFastPath(const Offer& offer, const Entry& entry) {
  if (offer.own() && entry.segment.frameless && !entry.eager()) offer.self->fast_path = fastPath;
}

void install(const Offer& offer, const EntryRef& entry) {
  CodeState* state = CodeState::obtain(offer.view.code);
  if (state == nullptr) {
    PyErr_Clear();
    return;
  }
  if (state->obtainTable(offer.key).install(entry, config().entry_limit)) allowFastPath(offer, *entry.get());
}

/// Whether a new entry may be made; otherwise `*action` says what happens to the frame.
bool mayCompile(const Offer& offer, DispatchTable* table, SegueAction* action) {
  *action = SEGUE_RUN_DEFAULT;
  if (stance() == Stance::kEagerOnRecompile) return false;
  if (stance() == Stance::kFailOnRecompile) {
    PyErr_Format(PyExc_RuntimeError, "%U needs a new entry, and the stance is fail_on_recompile",
                 offer.view.code->co_qualname);
    *action = SEGUE_ERROR;
    return false;
  }
  if (table == nullptr || static_cast<int64_t>(table->entries().size()) < config().entry_limit) return true;
  stats().eager++;
  if (!table->limit_warned) {
    table->limit_warned = true;
    const char* name = PyUnicode_AsUTF8(offer.view.code->co_qualname);
    std::string message = absl::StrCat(name != nullptr ? name : "?", " has ", table->entries().size(),
                                       " entries (segue.config.entry_limit); further combinations run eagerly. ",
                                       table->describeLimit(offer.roots));
    if (!warn(message)) *action = SEGUE_ERROR;
  }
  return false;
}

SegueAction compileAndRun(const Offer& offer, PyObject** result) {
  stats().misses++;
  DispatchTable* table = tableOf(offer);
  SegueAction action;
  if (!mayCompile(offer, table, &action)) return action;
  if (table != nullptr) logRecompile(offer.view.code, *table, offer.roots);
  CompileOutput output = compileFrame({offer.view, offer.roots, offer.self->options.get()});
  if (!output.warning.empty()) {
    install(offer, eagerEntry());
    if (output.raises) {
      PyErr_SetString(PyExc_RuntimeError, output.warning.c_str());
      return SEGUE_ERROR;
    }
    return warn(output.warning) ? SEGUE_RUN_DEFAULT : SEGUE_ERROR;
  }
  if (offer.self->options->fullgraph && offer.own() && output.record->stop) return raiseBreak(*output.record->stop);
  EntryRef entry = output.entry;
  install(offer, entry);
  RegisterFile file(entry->reg_count, entry->int_count);
  if (runGuards(entry->guards, offer.roots, file.regs(), file.ints()) != kGuardsPass) return SEGUE_RUN_DEFAULT;
  return runEntry(tableOf(offer), entry, file, result);
}

SegueAction handleFrame(SegueFrame* frame, PyThreadState* ts, PyObject** result) {
  CompiledFunction* self = currentCompiled();
  if (self == nullptr || stance() == Stance::kForceEager) return SEGUE_RUN_DEFAULT;
  SegueFrameView view = segue_frame_view(frame);
  if (interruptKept() && raiseInterruptIn(view.code)) [[unlikely]] return SEGUE_ERROR;
  if (rerun_code == view.code) {
    rerun_code = nullptr;
    return SEGUE_RUN_DEFAULT;
  }
  Offer offer{self, view, {}, dispatchOf(self).key()};
  CodeState* state = CodeState::find(view.code);
  bool left_out = offer.own() ? isDisabled(reinterpret_cast<PyObject*>(view.code))
                              : state == nullptr && !isUserCode(view.code, view.globals);
  if (left_out) return SEGUE_RUN_DEFAULT;
  offer.roots = {.locals = view.slots, .local_count = view.slot_count,
                 .function = reinterpret_cast<PyObject*>(view.function), .globals = view.globals,
                 .builtins = view.builtins};
  stats().calls++;
  DispatchTable* table = state != nullptr ? state->table(offer.key) : nullptr;
  if (table != nullptr) {
    uint32_t regs = table->regCount();
    RegisterFile file(regs, table->intCount());
    if (EntryRef entry(table->find(offer.roots, file.regs(), file.ints())); entry) {
      stats().hits++;
      allowFastPath(offer, *entry.get());
      return runEntry(table, entry, file, result);
    }
  }
  return compileAndRun(offer, result);
}

void noticeEager(CompiledFunction* self, EagerCall why) {
  stats().calls++;
  stats().eager++;
  static bool told = false;
  if (std::exchange(told, true)) return;
  const char* reason = why == EagerCall::kForeignEvaluator ? "another frame evaluator (PEP 523) is installed"
                                                           : "this is not the interpreter that imported Segue";
  if (!warn(absl::StrCat("compiled functions run eagerly: ", reason))) PyErr_WriteUnraisable(self->wrapped.get());
}

// ---- no frame at all -----------------------------------------------------------------------------------------------

/// Arguments as the frame's first slots: those passed, then defaults. False when binding them takes more than that.
bool bindArguments(PyFunctionObject* function, PyObject* const* args, Py_ssize_t count, std::array<PyObject*, 16>* room,
                   FrameRoots* roots) {
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
  return true;
}

}  // namespace

bool fastPath(CompiledFunction* self, PyObject* const* args, size_t nargsf, PyObject* kwnames, PyObject** result) {
  if (kwnames != nullptr || stance() == Stance::kForceEager) return false;
  auto* function = reinterpret_cast<PyFunctionObject*>(self->wrapped.get());
  auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
  std::array<PyObject*, 16> room;
  FrameRoots roots{.function = self->wrapped.get(), .globals = function->func_globals,
                   .builtins = function->func_builtins};
  if (!bindArguments(function, args, PyVectorcall_NARGS(nargsf), &room, &roots)) return false;
  DispatchTable* table = static_cast<FunctionDispatch&>(*self->dispatch).table(function->func_code);
  if (table == nullptr) return false;
  uint32_t regs = table->regCount();
  RegisterFile file(regs, table->intCount());
  EntryRef entry(table->find(roots, file.regs(), file.ints()));
  if (!entry || !entry->segment.frameless || entry->eager()) return false;
  stats().calls++;
  stats().hits++;
  if (runSegment(entry->segment, file.regs(), file.ints(), result) == SegmentOutcome::kReturned) return true;
  stats().reruns++;
  if (wantsVerdict(entry->segment)) replaceByVerdict(table, entry);
  if (!SEGUE_FAULT(RerunOffered)) rerun_code = code;
  return false;
}

void setGraphBreakRaiser(GraphBreakRaiser raiser) { graph_break_raiser = raiser; }

bool installDriver() {
  if (!initDispatch()) return false;
  segue_set_frame_handler(handleFrame);
  setEagerNotice(noticeEager);
  return true;
}

void resetDriver() {
  clearDispatch();
  stats() = Stats();
}

}  // namespace segue
