// Models of built-in functions and methods.
//
// A model is a function over values and a row that names what it models; the name is resolved once, when its module is
// loaded, and calls find their model by the callable object itself. Models never run user code: what needs the program's
// functions (a key, a callback) calls them through protocols.h.
//
//     Traced<ValueRef> builtinLen(Tracer& t, const BuiltinCall& call) {
//       SEGUE_TRY(auto args, call.bind(t, "len", {"obj"}, 1));
//       return length(t, args[0]);
//     }
//     SEGUE_BUILTIN("builtins.len", builtinLen);
//
// Rows for methods name the type: "builtins.list.append"; args[0] is self. Classes have rows too ("builtins.list"): the
// model is what calling the class does. Functions that may simply be called on constants have a SEGUE_PURE row.
#pragma once

#include "trace/values/builtin.h"
#include "trace/values/value.h"

namespace segue {

struct BuiltinCall {
  BorrowedRef function;   ///< the callable itself
  const CallArgs& args;

  size_t size() const { return args.positional.size(); }
  /// The first positional argument, resolved; null where there is none.
  ValueRef self(Tracer& t) const;
  /// Arguments in the order of `names` (null where not passed), bound as CPython binds them: names that start with '/'
  /// are positional-only (the slash is not part of the name). Too few, too many or unknown ones break, and CPython raises.
  Traced<absl::InlinedVector<ValueRef, 6>> bind(Tracer& t, const char* function_name,
                                                std::initializer_list<const char*> names, size_t required) const;
};

using BuiltinModel = Traced<ValueRef> (*)(Tracer& t, const BuiltinCall& call);

struct BuiltinRow {
  BuiltinRow(const char* name, BuiltinModel model);
};
#define SEGUE_BUILTIN(name, model) static const ::segue::BuiltinRow SEGUE_CONCAT(segue_builtin_row_, __LINE__)(name, model)
/// The function is pure on exact built-in constants: it is called while tracing.
#define SEGUE_PURE(name) static const ::segue::BuiltinRow SEGUE_CONCAT(segue_builtin_row_, __LINE__)(name, ::segue::callPure)
Traced<ValueRef> callPure(Tracer& t, const BuiltinCall& call);

/// The model of a callable, or null.
BuiltinModel findBuiltin(BorrowedRef callable);
/// Calls a callable's model; nullopt where it has none.
std::optional<Traced<ValueRef>> callModel(Tracer& t, BorrowedRef callable, const CallArgs& args);
/// The array operator that a NumPy callable means, or null.
const LibraryName* findNumpyCallable(BorrowedRef callable);

/// self.name where type(self) is a built-in type without instance dict: a method found on the type, bound to self.
Traced<ValueRef> builtinTypeAttr(Tracer& t, ValueRef self, BorrowedRef name);

/// Self of a method's model: its first argument, which is of any type where the method is called as `list.append(x, …)`.
template <class T>
Traced<T*> selfOf(Tracer& t, const BuiltinCall& call, BreakReason reason = BreakReason::kUnsupportedOperation) {
  if (auto* self = as<T>(call.self(t))) return self;
  return stop(reason, describeCallable(call.function) + " of something else");
}

/// `name` of a standard library's module: types and functions that no header declares. Kept for good.
PyObject* libraryObject(const char* module, const char* name);
/// np._NoValue, the only object of its type, which stands for an argument that was not passed.
bool isNoValue(ValueRef value);

/// UTF-8 of a str; lives as long as the str.
std::string_view textOf(BorrowedRef str);

}  // namespace segue
