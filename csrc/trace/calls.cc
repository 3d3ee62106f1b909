// Calls of Python functions: arguments are bound as CPython's initialize_locals binds them, then the frame runs inline. A
// call that does not fit the signature breaks, and CPython words the TypeError.
#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/dict.h"
#include "trace/values/function.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Fills the parameter slots of a frame.
class Binder {
 public:
  Binder(Tracer& t, const FunctionValue& function, FrameState& frame)
      : t_(t), function_(function), code_(*frame.code), slots_(frame.slots) {}

  Traced<void> bind(const CallArgs& args) {
    SEGUE_TRY_VOID(bindPositional(args));
    SEGUE_TRY_VOID(bindKeywords(args));
    SEGUE_TRY_VOID(applyDefaults(args));
    return applyKeywordDefaults();
  }

 private:
  Break wrong(std::string_view what) {
    return stop(BreakReason::kExceptionEscapes, absl::StrFormat("%s is called with %s", function_.describe(), std::string(what)));
  }
  int totalArgs() const { return code_.argCount() + code_.keywordOnlyCount(); }

  Traced<void> bindPositional(const CallArgs& args) {
    size_t count = std::min<size_t>(args.positional.size(), code_.argCount());
    for (size_t i = 0; i < count; ++i) slots_[i] = args.positional[i];
    if (code_.hasVarArgs()) {
      TupleValue::Items rest(args.positional.begin() + count, args.positional.end());
      slots_[totalArgs()] = t_.tuple(std::move(rest));
    } else if (args.positional.size() > count) {
      return wrong("too many positional arguments");
    }
    return {};
  }

  Traced<void> bindKeywords(const CallArgs& args) {
    ValueRef rest = nullptr;
    if (code_.hasVarKeywords()) {
      rest = makeDict(t_);
      slots_[totalArgs() + (code_.hasVarArgs() ? 1 : 0)] = rest;
    }
    for (const Keyword& keyword : args.keywords) {
      int slot = parameterNamed(keyword.name);
      if (slot >= 0) {
        if (slots_[slot] != nullptr) return wrong("an argument given twice");
        slots_[slot] = keyword.value;
      } else if (rest != nullptr) {
        SEGUE_TRY_VOID(setItem(t_, rest, t_.constant(keyword.name), keyword.value));
      } else {
        return wrong("an unknown keyword argument");
      }
    }
    return {};
  }

  int parameterNamed(BorrowedRef name) const {
    std::string_view text = textOf(name);
    for (int i = code_.positionalOnlyCount(); i < totalArgs(); ++i) {
      if (code_.slots()[i].name == text) return i;
    }
    return -1;
  }

  Traced<void> applyDefaults(const CallArgs& args) {
    const TupleValue::Items* defaults = nullptr;
    if (function_.parts().defaults != nullptr) {
      auto* tuple = as<TupleValue>(t_.resolve(function_.parts().defaults));
      if (tuple == nullptr) return stop(BreakReason::kUnsupportedOperation, "defaults that are no tuple");
      defaults = &tuple->items();
    }
    int first = code_.argCount() - (defaults != nullptr ? static_cast<int>(defaults->size()) : 0);
    for (int i = 0; i < code_.argCount(); ++i) {
      if (slots_[i] != nullptr) continue;
      if (i < first) return wrong("too few arguments");
      slots_[i] = (*defaults)[SEGUE_FAULT(DefaultsFromFront) ? 0 : i - first];
    }
    return {};
  }

  Traced<void> applyKeywordDefaults() {
    for (int i = code_.argCount(); i < totalArgs(); ++i) {
      if (slots_[i] != nullptr) continue;
      if (function_.parts().kwdefaults == nullptr) return wrong("too few keyword-only arguments");
      SEGUE_TRY(ValueRef value, dictGet(t_, t_.resolve(function_.parts().kwdefaults), t_.string(code_.slots()[i].name)));
      if (value == nullptr) return wrong("too few keyword-only arguments");
      slots_[i] = value;
    }
    return {};
  }

  Tracer& t_;
  const FunctionValue& function_;
  const Code& code_;
  std::vector<ValueRef>& slots_;
};

/// The dict that CPython would take builtins from for these globals; null where it is not an exact dict.
BorrowedRef builtinsOf(BorrowedRef globals) {
  BorrowedRef found = PyDict_GetItemString(globals, "__builtins__");
  if (found && PyModule_Check(found.get())) return PyModule_GetDict(found.get());
  if (found && PyDict_CheckExact(found.get())) return found;
  return nullptr;
}

}  // namespace

Traced<ValueRef> Tracer::callFunction(FunctionValue& function, const CallArgs& args, bool resumable) {
  if (static_cast<int64_t>(frames_.size()) >= config().inline_depth) {
    return stop(BreakReason::kInlineDepth, function.describe());
  }
  if (function.live() && request_.may_inline && !request_.may_inline(function.live())) {
    return stop(BreakReason::kInlineRefused, function.describe());
  }
  FrameState frame;
  frame.code = decoded(function.parts().code);
  if (frame.code == nullptr) return stop(BreakReason::kUnreadableCode, function.describe());
  if (frame.code->isCoroutine() || frame.code->isAsyncGenerator()) {
    return stop(BreakReason::kAsyncCode, function.describe());
  }
  frame.function = &function;
  frame.globals = function.parts().globals;
  frame.builtins = builtinsOf(frame.globals);
  if (!frame.builtins) return stop(BreakReason::kUnsupportedOperation, "globals without a builtins dict");
  frame.slots.resize(frame.code->slotCount(), nullptr);
  frame.resumable = resumable || resumable_call_;
  resumable_call_ = false;
  SEGUE_TRY_VOID(Binder(*this, function, frame).bind(args));
  if (frame.code->isGenerator()) return makeGenerator(std::move(frame));
  SEGUE_TRY_VOID(runFrame(frame));
  return frame.result;
}

}  // namespace segue
