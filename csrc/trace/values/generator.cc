#include "trace/values/generator.h"

#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/exception.h"
#include "trace/values/function.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

using Phase = GeneratorState::Phase;

/// The YieldValue that a suspended frame stands behind.
int yieldOf(const FrameState& frame) {
  return frame.pc - 1;
}

/// Suspended in `yield from`: what is thrown or closed is the iterator that it delegates to, which is on top of the stack.
bool delegates(const FrameState& frame) {
  return (frame.code->insn(frame.pc).arg & 3) >= 2;
}

/// Goes on behind the `yield from` that the frame is suspended in, with its result.
Traced<void> leaveDelegation(FrameState& frame, ValueRef result) {
  const Insn& back = frame.code->insn(frame.pc + 1);   // behind RESUME: the jump back to SEND
  const Insn& send = frame.code->insn(back.target);
  if (send.op == Opcode::kSend) {
    frame.stack.push(result);
  } else if (send.op == Opcode::kSendDrop) {
    frame.stack.peek() = result;
  } else {
    return stop(BreakReason::kGeneratorState, "throwing through yield from");
  }
  frame.pc = send.target;
  return {};
}

}  // namespace

// The frame is created suspended behind ReturnGenerator, whose visitor never runs.
Traced<ValueRef> Tracer::makeGenerator(FrameState frame) {
  auto state = std::make_unique<GeneratorState>();
  std::vector<ValueRef> arguments = frame.slots;
  while (frame.code->insn(frame.pc).op != Opcode::kReturnGenerator) {
    // CopyFreeVars and MakeCell come first.
    frames_.push_back(&frame);
    Traced<void> step = dispatch(frame.code->insn(frame.pc));
    frames_.pop_back();
    SEGUE_TRY_VOID(std::move(step));
    ++frame.pc;
  }
  ++frame.pc;
  frame.resumable = false;
  state->frame = std::move(frame);
  generators_.push_back(make<GeneratorValue>(heap().add(std::move(state)), std::move(arguments)));
  return generators_.back();
}

// CPython closes a generator when its last reference goes, wherever that is; the trace does not count references.
Traced<void> Tracer::checkGenerators() {
  for (const GeneratorValue* generator : generators_) {
    if (generator->cleansUp(*this)) {
      return stop(BreakReason::kGeneratorState, "a generator that is left in a try or with statement");
    }
  }
  return {};
}

ExceptionValue* stopIterationError(Tracer& t, ExceptionValue* exception) {
  if (!isStopIteration(exception)) return exception;
  auto* replacement = makeException(t, PyExc_RuntimeError,
                                    {t.string("generator raised StopIteration")});
  replacement->setCause(t, exception);
  replacement->setContext(t, exception);
  return replacement;
}

Traced<ValueRef> GeneratorValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  return builtinTypeAttr(t, this, name);
}

Traced<ValueRef> GeneratorValue::nextSlot(Tracer& t) {
  ValueRef returned = nullptr;
  return send(t, t.none(), &returned);
}

Traced<ValueRef> GeneratorValue::resume(Tracer& t, absl::FunctionRef<Traced<void>(FrameState&)> enter,
                                        ValueRef* returned) {
  GeneratorState state = t.heap().read<GeneratorState>(object());
  t.heap().write<GeneratorState>(object()).phase = Phase::kRunning;
  ValueRef outer = t.handled();
  if (state.handled != nullptr) t.setHandled(state.handled);
  t.setResumableCall(false);
  Traced<void> outcome = enter(state.frame);
  if (outcome.ok()) outcome = t.runFrame(state.frame);
  if (outcome.broke()) return std::move(outcome).failure();
  state.handled = t.handled() == outer ? nullptr : t.handled();
  t.setHandled(outer);
  auto& written = t.heap().write<GeneratorState>(object());
  if (!outcome.ok()) {
    written.phase = Phase::kFinished;
    // Where the code does not do it itself (3.12+), the generator object does.
    ExceptionValue* raised = t.takeRaised();
    t.setRaised(stopIterationError(t, raised));
    return Raised{};
  }
  ValueRef result = state.frame.result;
  if (!state.frame.yielded) {
    written.phase = Phase::kFinished;
    *returned = result;
    return ValueRef{nullptr};
  }
  written.frame = std::move(state.frame);
  written.handled = state.handled;
  written.phase = Phase::kSuspended;
  return result;
}

Traced<ValueRef> GeneratorValue::send(Tracer& t, ValueRef sent, ValueRef* returned) {
  const auto phase = t.heap().read<GeneratorState>(object()).phase;
  *returned = t.none();
  if (phase == Phase::kFinished) return ValueRef{nullptr};
  if (phase == Phase::kRunning) return t.raise(PyExc_ValueError, "generator already executing");
  if (phase == Phase::kCreated && sent->constant().get() != Py_None) {
    return t.raise(PyExc_TypeError, "can't send non-None value to a just-started generator");
  }
  auto push = [&](FrameState& frame) -> Traced<void> {
    frame.stack.push(sent);
    return {};
  };
  return resume(t, push, returned);
}

Traced<ValueRef> GeneratorValue::throwInto(Tracer& t, ExceptionValue* exception, ValueRef* returned) {
  const auto& state = t.heap().read<GeneratorState>(object());
  if (state.phase == Phase::kRunning) return t.raise(PyExc_ValueError, "generator already executing");
  if (state.phase != Phase::kSuspended) {
    t.heap().write<GeneratorState>(object()).phase = Phase::kFinished;
    return t.raise(exception);
  }
  if (delegates(state.frame)) return throwThrough(t, exception, returned);
  return raiseInside(t, exception, returned);
}

// Its context is what the generator is handling, not what the caller is (_PyErr_ChainStackItem).
Traced<ValueRef> GeneratorValue::raiseInside(Tracer& t, ExceptionValue* exception, ValueRef* returned) {
  *returned = t.none();
  const bool handling = t.heap().read<GeneratorState>(object()).handled != nullptr;
  auto enter = [&](FrameState& frame) -> Traced<void> {
    if (handling) {
      t.raise(exception);
    } else {
      exception->noteRaised(t);
      t.setRaised(exception);
    }
    frame.pc = yieldOf(frame);
    frame.stack.push(t.none());   // as what is sent: CLEANUP_THROW (3.12) finds it
    return t.unwind(frame) ? Traced<void>() : Traced<void>(Raised{});
  };
  return resume(t, enter, returned);
}

ValueRef GeneratorValue::delegate(Tracer& t) const {
  const auto& state = t.heap().read<GeneratorState>(object());
  if (state.phase != Phase::kSuspended || !delegates(state.frame)) return nullptr;
  return state.frame.stack.items().back();
}

// CPython's _gen_throw: the iterator gets the exception, but a GeneratorExit closes it and goes on here.
Traced<ValueRef> GeneratorValue::throwThrough(Tracer& t, ExceptionValue* exception, ValueRef* returned) {
  ValueRef receiver = delegate(t);
  auto* inner = as<GeneratorValue>(receiver);
  if (inner == nullptr && receiver->kind() != ValueKind::kIterator) {
    return stop(BreakReason::kGeneratorState, "throwing through yield from " + receiver->describe());
  }
  bool exits = PyType_IsSubtype(exception->type(), reinterpret_cast<PyTypeObject*>(PyExc_GeneratorExit)) != 0;
  if (inner == nullptr || exits) {  // the built-in iterators have neither throw() nor close()
    Traced<void> closed = closeDelegate(t);
    if (closed.broke()) return std::move(closed).failure();
    return raiseInside(t, closed.ok() ? exception : t.takeRaised(), returned);
  }
  t.heap().write<GeneratorState>(object()).phase = Phase::kRunning;
  ValueRef inner_returned = t.none();
  Traced<ValueRef> item = inner->throwInto(t, exception, &inner_returned);
  if (item.broke()) return item;
  t.heap().write<GeneratorState>(object()).phase = Phase::kSuspended;
  if (item.raised()) return raiseInside(t, t.takeRaised(), returned);
  if (item.value() != nullptr) return item;
  *returned = t.none();
  auto enter = [&](FrameState& frame) { return leaveDelegation(frame, inner_returned); };
  return resume(t, enter, returned);
}

Traced<void> GeneratorValue::closeDelegate(Tracer& t) {
  ValueRef receiver = delegate(t);
  if (receiver->kind() == ValueKind::kIterator) return {};
  auto* inner = as<GeneratorValue>(receiver);
  if (inner == nullptr) return stop(BreakReason::kGeneratorState, "closing through yield from " + receiver->describe());
  t.heap().write<GeneratorState>(object()).phase = Phase::kRunning;
  Traced<ValueRef> closed = inner->close(t);
  if (closed.broke()) return std::move(closed).failure();
  t.heap().write<GeneratorState>(object()).phase = Phase::kSuspended;
  SEGUE_TRY_VOID(std::move(closed));
  return {};
}

Traced<ValueRef> GeneratorValue::close(Tracer& t) {
  const Phase phase = t.heap().read<GeneratorState>(object()).phase;
  if (phase != Phase::kRunning && !cleansUp(t)) {
    t.heap().write<GeneratorState>(object()).phase = Phase::kFinished;
    return t.none();
  }
  ValueRef returned = t.none();
  auto* exit = makeException(t, PyExc_GeneratorExit, {});
  Traced<ValueRef> item = throwInto(t, exit, &returned);
  if (item.raised()) {
    PyObject* type = reinterpret_cast<PyObject*>(t.raised()->type());
    if (!PyErr_GivenExceptionMatches(type, PyExc_GeneratorExit) && !isStopIteration(t.raised())) return item;
    t.takeRaised();
    return t.none();
  }
  SEGUE_TRY(ValueRef yielded, std::move(item));
  if (yielded != nullptr) return t.raise(PyExc_RuntimeError, "generator ignored GeneratorExit");
  // 3.13 hands on what the generator returned.
  if (returned->constant().get() != Py_None)
    return stop(BreakReason::kGeneratorState, "close() of a generator that returns");
  return t.none();
}

bool GeneratorValue::cleansUp(Tracer& t) const {
  const auto& state = t.heap().read<GeneratorState>(object());
  if (state.phase != Phase::kSuspended) return false;
  if (delegates(state.frame)) return true;
  const Handler* handler = state.frame.code->handlerOf(yieldOf(state.frame));
  // From 3.12 on, the whole body is in a handler that turns a StopIteration into a RuntimeError.
  return handler != nullptr && state.frame.code->insn(handler->target).op != Opcode::kStopIterationError;
}

// One that has not been started is made anew, by calling its function with the same arguments.
Traced<RecipeId> GeneratorValue::recipeSlot(RecipeBuilder& b) {
  Tracer& t = b.tracer();
  const auto& state = t.heap().read<GeneratorState>(object());
  const Code& code = *state.frame.code;
  if (state.phase != Phase::kCreated || code.keywordOnlyCount() > 0 || code.hasVarKeywords()) {
    return Value::recipeSlot(b);
  }
  SEGUE_TRY(RecipeId function, b.of(state.frame.function));
  Recipe recipe{.kind = RecipeKind::kCall, .items = {function}};
  std::vector<ValueRef> arguments(arguments_.begin(), arguments_.begin() + code.argCount());
  if (code.hasVarArgs()) {
    auto* rest = as<TupleValue>(arguments_[code.argCount()]);
    if (rest == nullptr) return Value::recipeSlot(b);
    arguments.insert(arguments.end(), rest->items().begin(), rest->items().end());
  }
  for (ValueRef argument : arguments) {
    SEGUE_TRY(RecipeId id, b.of(argument));
    recipe.items.push_back(id);
  }
  return b.add(std::move(recipe));
}

namespace {

/// What send() and throw() give: an item, or StopIteration with what the generator returned.
Traced<ValueRef> itemOrStop(Tracer& t, Traced<ValueRef> outcome, ValueRef returned) {
  SEGUE_TRY(ValueRef item, std::move(outcome));
  if (item != nullptr) return item;
  return t.raise(stopIteration(t, returned));
}

Traced<ValueRef> generatorSend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(GeneratorValue* self, selfOf<GeneratorValue>(t, call, BreakReason::kGeneratorState));
  SEGUE_TRY(auto args, call.bind(t, "send", {"/self", "/arg"}, 2));
  ValueRef returned = t.none();
  Traced<ValueRef> outcome = self->send(t, args[1], &returned);
  return itemOrStop(t, std::move(outcome), returned);
}
SEGUE_BUILTIN("types.GeneratorType.send", generatorSend);

/// throw(exception), throw(type) and, where it is not deprecated, throw(type, exception, traceback).
Traced<ValueRef> generatorThrow(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(GeneratorValue* self, selfOf<GeneratorValue>(t, call, BreakReason::kGeneratorState));
  SEGUE_TRY(auto args, call.bind(t, "throw", {"/self", "/type", "/value", "/traceback"}, 2));
  if (call.size() > 2 && kPythonVersion >= 312)
    return stop(BreakReason::kUnsupportedOperation, "throw() with a traceback");
  ValueRef given = args[1];
  if (call.size() > 2) {
    auto* cls = as<ClassValue>(args[1]);
    auto* exception = as<ExceptionValue>(args[2]);
    if (cls == nullptr || exception == nullptr || exception->type() != cls->classObject()) {
      return stop(BreakReason::kUnsupportedOperation, "throw() of a class and something else");
    }
    given = exception;
  } else if (given->kind() == ValueKind::kClass) {
    SEGUE_TRY(given, segue::call(t, given, {}));
  }
  auto* exception = as<ExceptionValue>(given);
  if (exception == nullptr) return stop(BreakReason::kUnsupportedOperation, "throwing " + given->describe());
  ValueRef returned = t.none();
  Traced<ValueRef> outcome = self->throwInto(t, exception, &returned);
  return itemOrStop(t, std::move(outcome), returned);
}
SEGUE_BUILTIN("types.GeneratorType.throw", generatorThrow);

Traced<ValueRef> generatorClose(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(GeneratorValue* self, selfOf<GeneratorValue>(t, call, BreakReason::kGeneratorState));
  SEGUE_TRY_VOID(call.bind(t, "close", {"/self"}, 1));
  return self->close(t);
}
SEGUE_BUILTIN("types.GeneratorType.close", generatorClose);

}  // namespace
}  // namespace segue
