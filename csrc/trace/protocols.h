// The abstract object protocol (CPython's abstract.c) over values: what visitors and builtin models call.
//
// A protocol function resolves pending values, asks the operands' slots in CPython's order, and raises or breaks when none
// of them answers.
#pragma once

#include "absl/functional/function_ref.h"
#include "trace/values/value.h"

namespace segue {

/// What one operand makes of an operation with the other; null where it declines (NotImplemented).
using BinarySlot = absl::FunctionRef<Traced<ValueRef>(ValueRef self, ValueRef other, bool reflected)>;
/// The order in which CPython asks the two operands; null where both decline. `reflected_name`: the method by which the right one
/// may go first.
Traced<ValueRef> askOperands(Tracer& t, const char* reflected_name, ValueRef lhs, ValueRef rhs, BinarySlot slot);
/// lhs op rhs; in-place forms included.
Traced<ValueRef> binary(Tracer& t, BinaryOp op, ValueRef lhs, ValueRef rhs);
Traced<ValueRef> unary(Tracer& t, UnaryOp op, ValueRef value);
/// lhs op rhs; the result need not be a bool.
Traced<ValueRef> compare(Tracer& t, CompareOp op, ValueRef lhs, ValueRef rhs);
/// bool(value).
Traced<bool> truth(Tracer& t, ValueRef value);
/// a is b: known from the values, or guarded.
Traced<bool> sameObject(Tracer& t, ValueRef a, ValueRef b);
/// a is b or a == b, as containers compare.
Traced<bool> equalItems(Tracer& t, ValueRef a, ValueRef b);
Traced<bool> contains(Tracer& t, ValueRef container, ValueRef item);
Traced<ValueRef> length(Tracer& t, ValueRef value);
Traced<ValueRef> getItem(Tracer& t, ValueRef container, ValueRef key);
Traced<void> setItem(Tracer& t, ValueRef container, ValueRef key, ValueRef value);
Traced<void> deleteItem(Tracer& t, ValueRef container, ValueRef key);
Traced<ValueRef> getAttr(Tracer& t, ValueRef owner, BorrowedRef name);
Traced<ValueRef> getAttr(Tracer& t, ValueRef owner, const char* name);
Traced<void> setAttr(Tracer& t, ValueRef owner, BorrowedRef name, ValueRef value);
Traced<void> deleteAttr(Tracer& t, ValueRef owner, BorrowedRef name);
Traced<ValueRef> call(Tracer& t, ValueRef callee, const CallArgs& args);
Traced<ValueRef> iter(Tracer& t, ValueRef iterable);
/// Null: exhausted.
Traced<ValueRef> next(Tracer& t, ValueRef iterator);
/// All items of an iterable, at most the trace's limits allow.
Traced<std::vector<ValueRef>> items(Tracer& t, ValueRef iterable);
/// The same for a new list or tuple of them: these ask for the length first (PyObject_LengthHint), which may run code.
Traced<std::vector<ValueRef>> itemsOfNew(Tracer& t, ValueRef iterable);
/// format(value, spec); a str value.
Traced<ValueRef> format(Tracer& t, ValueRef value, ValueRef spec);
/// Stand-in for a dict key or set element.
Traced<Ref> key(Tracer& t, ValueRef value);
Traced<Arg> toArg(Tracer& t, ValueRef value);

/// The Python int that an index, an axis or a count is: specialises a symbolic one (a guard). Breaks for anything else.
Traced<int64_t> constantInt(Tracer& t, ValueRef value);
/// How often `sequence * count` repeats a sequence of `size` items. Breaks when the result would be large.
Traced<int64_t> repetitions(Tracer& t, ValueRef count, size_t size);
/// The value as a Dim when it is an exact int (constant or symbolic) or bool; nullopt otherwise.
std::optional<Dim> asDim(Tracer& t, ValueRef value);
/// The built-in constant that the value is or, at the price of a guard, can be pinned to; null when it is neither.
BorrowedRef specialize(Tracer& t, ValueRef value);

}  // namespace segue
