// Models of functions in `builtins`.
#include "trace/attribute_errors.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/enum_member.h"
#include "trace/values/exception.h"
#include "trace/values/graph_values.h"
#include "trace/values/plain_instance.h"
#include "trace/values/range.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<ValueRef> builtinLen(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "len", {"/obj"}, 1));
  return length(t, args[0]);
}
SEGUE_BUILTIN("builtins.len", builtinLen);

Traced<ValueRef> builtinIsinstance(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "isinstance", {"/obj", "/class_or_tuple"}, 2));
  SEGUE_TRY(bool matches, isInstance(t, args[0], args[1]));
  return t.boolean(matches);
}
SEGUE_BUILTIN("builtins.isinstance", builtinIsinstance);

Traced<ValueRef> builtinRange(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "range", {"/start", "/stop", "/step"}, 1));
  for (ValueRef arg : args) {
    if (arg != nullptr && !asDim(t, arg)) return stop(BreakReason::kUnsupportedOperation, "range of " + arg->describe());
  }
  if (args[1] == nullptr) return t.make<RangeValue>(t.integer(0), args[0], t.integer(1));
  ValueRef step = args[2] != nullptr ? args[2] : t.integer(1);
  SEGUE_TRY(bool nonzero, truth(t, step));
  if (!nonzero) return t.raise(PyExc_ValueError, "range() arg 3 must not be zero");
  return t.make<RangeValue>(args[0], args[1], step);
}
SEGUE_BUILTIN("builtins.range", builtinRange);

bool isNumpyValue(ValueRef value) {
  return value->kind() == ValueKind::kArray || value->kind() == ValueKind::kNumpyScalar;
}

/// An operation that is a special method of instances, an operator of arrays, and pure on constants.
Traced<ValueRef> viaSpecial(Tracer& t, const BuiltinCall& call, const char* special, std::string_view numpy_name) {
  ValueRef self = t.resolve(call.args.positional[0]);
  if (isNumpyValue(self)) return t.applyNumpy(numpy_name, call.args);
  if (self->kind() != ValueKind::kInstance) return callPure(t, call);
  SEGUE_TRY(ValueRef method, specialMethod(t, self, special));
  if (method == nullptr) return stop(BreakReason::kExceptionEscapes, self->describe() + " has no " + special);
  CallArgs rest;
  rest.positional.assign(call.args.positional.begin() + 1, call.args.positional.end());
  return segue::call(t, method, rest);
}

Traced<ValueRef> builtinAbs(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "abs", {"/x"}, 1));
  return viaSpecial(t, call, "__abs__", args[0]->kind() == ValueKind::kArray ? "ndarray.__abs__" : "generic.__abs__");
}
SEGUE_BUILTIN("builtins.abs", builtinAbs);

Traced<ValueRef> builtinRound(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY_VOID(call.bind(t, "round", {"number", "ndigits"}, 1));
  return viaSpecial(t, call, "__round__", "ndarray.__round__");
}
SEGUE_BUILTIN("builtins.round", builtinRound);

/// What one operand makes of divmod; null where it declines, as numbers do whose other operand is none.
Traced<ValueRef> divmodSlot(Tracer& t, ValueRef self, ValueRef other, bool reflected) {
  const bool number = self->kind() == ValueKind::kConstant || self->kind() == ValueKind::kInt || self->kind() == ValueKind::kScalar;
  if (number) return ValueRef{nullptr};
  if (self->kind() != ValueKind::kInstance) return stop(BreakReason::kUnsupportedOperation, "divmod() of " + self->describe());
  SEGUE_TRY(ValueRef result, callSpecial(t, self, reflected ? "__rdivmod__" : "__divmod__", {other}));
  return result != nullptr && result->constant().get() == Py_NotImplemented ? nullptr : result;
}

Traced<ValueRef> builtinDivmod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "divmod", {"/x", "/y"}, 2));
  if (isNumpyValue(args[0]) || isNumpyValue(args[1])) {
    bool arrays = args[0]->kind() == ValueKind::kArray || args[1]->kind() == ValueKind::kArray;
    return t.applyNumpy(arrays ? "numpy.divmod" : "generic.__divmod__", call.args);
  }
  if (asDim(t, args[0]) && asDim(t, args[1])) {
    SEGUE_TRY(ValueRef quotient, binary(t, BinaryOp::kFloorDivide, args[0], args[1]));
    SEGUE_TRY(ValueRef rest, binary(t, BinaryOp::kRemainder, args[0], args[1]));
    return t.tuple({quotient, rest});
  }
  ValueRef lhs = t.resolve(args[0]), rhs = t.resolve(args[1]);
  if (lhs->kind() != ValueKind::kInstance && rhs->kind() != ValueKind::kInstance) return callPure(t, call);
  SEGUE_TRY(ValueRef result, askOperands(t, "__rdivmod__", lhs, rhs, [&](ValueRef self, ValueRef other, bool reflected) {
    return divmodSlot(t, self, other, reflected);
  }));
  if (result != nullptr) return result;
  return stop(BreakReason::kUnsupportedOperation, "divmod() of " + lhs->describe() + " and " + rhs->describe());
}
SEGUE_BUILTIN("builtins.divmod", builtinDivmod);

Traced<ValueRef> builtinPow(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "pow", {"base", "exp", "mod"}, 2));
  if (args[2] != nullptr) return callPure(t, call);
  return binary(t, BinaryOp::kPower, args[0], args[1]);
}
SEGUE_BUILTIN("builtins.pow", builtinPow);

// --- conversions

Traced<ValueRef> classBool(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "bool", {"/x"}, 0));
  if (args[0] == nullptr) return t.boolean(false);
  SEGUE_TRY(bool value, truth(t, args[0]));
  return t.boolean(value);
}
SEGUE_BUILTIN("builtins.bool", classBool);

Traced<ValueRef> classInt(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 1 && call.args.keywords.empty()) {
    ValueRef value = t.resolve(call.args.positional[0]);
    if (std::optional<Dim> dim = asDim(t, value)) return t.integer(*dim);
    if (isNumpyValue(value) || value->kind() == ValueKind::kScalar) return t.applyNumpy("builtins.int", call.args);
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.int", classInt);

Traced<ValueRef> classFloat(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 1 && call.args.keywords.empty()) {
    ValueRef value = t.resolve(call.args.positional[0]);
    if (value->kind() == ValueKind::kScalar && value->type() == &PyFloat_Type) return value;
    if (isNumpyValue(value)) return t.applyNumpy("builtins.float", call.args);
    if (value->kind() == ValueKind::kScalar || value->kind() == ValueKind::kInt) {
      ValueRef args[] = {value};
      return scalarOperator(t, "builtins.float", args, [](absl::Span<PyObject* const> x) { return PyNumber_Float(x[0]); });
    }
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.float", classFloat);
SEGUE_PURE("builtins.complex");
SEGUE_PURE("builtins.ord");
SEGUE_PURE("builtins.chr");
SEGUE_PURE("builtins.bin");
SEGUE_PURE("builtins.hex");
SEGUE_PURE("builtins.oct");

Traced<ValueRef> classStr(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 1 && call.args.keywords.empty()) {
    return toText(t, t.resolve(call.args.positional[0]), TextConversion::kStr);
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.str", classStr);

Traced<ValueRef> builtinRepr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "repr", {"/obj"}, 1));
  return toText(t, args[0], TextConversion::kRepr);
}
SEGUE_BUILTIN("builtins.repr", builtinRepr);

Traced<ValueRef> builtinAscii(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "ascii", {"/obj"}, 1));
  return toText(t, args[0], TextConversion::kAscii);
}
SEGUE_BUILTIN("builtins.ascii", builtinAscii);

Traced<ValueRef> builtinFormat(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "format", {"/value", "/format_spec"}, 1));
  if (args[1] != nullptr && args[1]->type() != &PyUnicode_Type) {
    return stop(BreakReason::kUnsupportedOperation, "format() with a specification that is " + args[1]->describe());
  }
  return format(t, args[0], args[1] != nullptr ? args[1] : t.string(""));
}
SEGUE_BUILTIN("builtins.format", builtinFormat);

Traced<ValueRef> classSlice(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "slice", {"/start", "/stop", "/step"}, 1));
  if (args[1] == nullptr) return t.make<SliceValue>(t.none(), args[0], t.none());
  return t.make<SliceValue>(args[0], args[1], args[2] != nullptr ? args[2] : t.none());
}
SEGUE_BUILTIN("builtins.slice", classSlice);

// --- types and attributes

Traced<ValueRef> classType(Tracer& t, const BuiltinCall& call) {
  if (call.size() != 1 || !call.args.keywords.empty()) return stop(BreakReason::kClassBuild, "type() with a name");
  return t.constant(reinterpret_cast<PyObject*>(t.resolve(call.args.positional[0])->type()));
}
SEGUE_BUILTIN("builtins.type", classType);

Traced<ValueRef> builtinIssubclass(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "issubclass", {"/cls", "/class_or_tuple"}, 2));
  SEGUE_TRY(bool matches, isSubclass(t, args[0], args[1]));
  return t.boolean(matches);
}
SEGUE_BUILTIN("builtins.issubclass", builtinIssubclass);

/// The name of an attribute as an interned str.
Traced<BorrowedRef> attributeName(Tracer& t, ValueRef name) {
  BorrowedRef text = name->constant();
  if (!text || !PyUnicode_CheckExact(text.get())) return stop(BreakReason::kConstantNeeded, "the name of an attribute");
  return internedText(t, text);
}

Traced<ValueRef> builtinGetattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "getattr", {"/object", "/name", "/default"}, 2));
  SEGUE_TRY(BorrowedRef name, attributeName(t, args[1]));
  Traced<ValueRef> value = getAttr(t, args[0], name);
  if (value.raised() && args[2] != nullptr && swallowAttributeError(t)) return args[2];
  return value;
}
SEGUE_BUILTIN("builtins.getattr", builtinGetattr);

Traced<ValueRef> builtinHasattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "hasattr", {"/obj", "/name"}, 2));
  SEGUE_TRY(BorrowedRef name, attributeName(t, args[1]));
  Traced<ValueRef> value = getAttr(t, args[0], name);
  if (value.raised() && swallowAttributeError(t)) return t.boolean(false);
  SEGUE_TRY_VOID(std::move(value));
  return t.boolean(true);
}
SEGUE_BUILTIN("builtins.hasattr", builtinHasattr);

Traced<ValueRef> builtinSetattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "setattr", {"/obj", "/name", "/value"}, 3));
  SEGUE_TRY(BorrowedRef name, attributeName(t, args[1]));
  SEGUE_TRY_VOID(setAttr(t, args[0], name, args[2]));
  return t.none();
}
SEGUE_BUILTIN("builtins.setattr", builtinSetattr);

Traced<ValueRef> builtinDelattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "delattr", {"/obj", "/name"}, 2));
  SEGUE_TRY(BorrowedRef name, attributeName(t, args[1]));
  SEGUE_TRY_VOID(deleteAttr(t, args[0], name));
  return t.none();
}
SEGUE_BUILTIN("builtins.delattr", builtinDelattr);

Traced<ValueRef> builtinCallable(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "callable", {"/obj"}, 1));
  if (args[0]->kind() == ValueKind::kInstance) {
    SEGUE_TRY(ValueRef method, specialMethod(t, args[0], "__call__"));
    return t.boolean(method != nullptr);
  }
  return t.boolean(args[0]->type()->tp_call != nullptr);
}
SEGUE_BUILTIN("builtins.callable", builtinCallable);

Traced<ValueRef> builtinHash(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "hash", {"/obj"}, 1));
  if (auto* tuple = as<TupleValue>(args[0]); tuple != nullptr && tuple->type() != &PyTuple_Type) {
    return callPure(t, BuiltinCall{call.function, {{t.tuple(tuple->items())}, {}}});   // a named one hashes as its items
  }
  if (ValueRef plain = plainValue(t, args[0])) return callPure(t, BuiltinCall{call.function, {{plain}, {}}});
  if (args[0]->kind() == ValueKind::kInstance) {
    BorrowedRef found = lookupOnType(t, args[0]->type(), t.internedName("__hash__"));
    if (found && PyFunction_Check(found.get())) {
      SEGUE_TRY(ValueRef result, callSpecial(t, args[0], "__hash__", {}));
      // slot_tp_hash: what is no Py_hash_t is hashed itself, and -1 means an error.
      BorrowedRef number = t.resolve(result)->constant();
      if (!number || !PyLong_CheckExact(number)) return stop(BreakReason::kConstantNeeded, "a hash that is no int");
      int overflow = 0;
      long long hash = PyLong_AsLongLongAndOverflow(number, &overflow);
      if (overflow != 0) return callPure(t, BuiltinCall{call.function, {{result}, {}}});
      return t.integer(hash == -1 ? -2 : hash);
    }
    return stop(BreakReason::kConstantNeeded, "the address of " + args[0]->describe());
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.hash", builtinHash);

// --- object

Traced<ValueRef> classObject(Tracer& t, const BuiltinCall& call) {
  if (call.size() > 0 || !call.args.keywords.empty()) return stop(BreakReason::kExceptionEscapes, "object() takes no arguments");
  return makeInstance(t, &PyBaseObject_Type);
}
SEGUE_BUILTIN("builtins.object", classObject);

Traced<ValueRef> buildClass(Tracer& t, const BuiltinCall& call) { return stop(BreakReason::kClassBuild); }
SEGUE_BUILTIN("builtins.__build_class__", buildClass);

Traced<ValueRef> objectInit(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY_VOID(call.bind(t, "__init__", {"/self"}, 1));
  return t.none();
}
SEGUE_BUILTIN("builtins.object.__init__", objectInit);

Traced<ValueRef> objectNew(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0) return stop(BreakReason::kExceptionEscapes, "object.__new__()");
  auto* cls = as<ClassValue>(t.resolve(call.args.positional[0]));
  if (cls == nullptr || !isPlainClass(cls->classObject()) || cls->classObject()->tp_finalize != nullptr) {
    return stop(BreakReason::kBuiltinNotModelled, "object.__new__");
  }
  if (call.size() > 1) return stop(BreakReason::kExceptionEscapes, "object.__new__() takes exactly one argument");
  return makeInstance(t, cls->classObject());
}
SEGUE_BUILTIN("builtins.object.__new__", objectNew);

/// The instance whose attribute object's own method is asked for, and the attribute's name.
Traced<std::pair<InstanceValue*, BorrowedRef>> instanceAndName(Tracer& t, const BuiltinCall& call, BreakReason reason) {
  ValueRef self = call.self(t);
  auto* instance = as<InstanceValue>(self);
  if (instance == nullptr || call.size() < 2) {
    return stop(reason, describeCallable(call.function) + " of " + (self != nullptr ? self->describe() : "nothing"));
  }
  SEGUE_TRY(BorrowedRef name, attributeName(t, t.resolve(call.args.positional[1])));
  return std::pair{instance, name};
}

Traced<ValueRef> objectGetattribute(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto asked, instanceAndName(t, call, BreakReason::kAttributeLookup));
  SEGUE_TRY_VOID(call.bind(t, "__getattribute__", {"/self", "/name"}, 2));
  return plainAttr(t, asked.first, asked.second);
}
SEGUE_BUILTIN("builtins.object.__getattribute__", objectGetattribute);

Traced<ValueRef> objectSetattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto asked, instanceAndName(t, call, BreakReason::kAttributeWrite));
  SEGUE_TRY(auto args, call.bind(t, "__setattr__", {"/self", "/name", "/value"}, 3));
  SEGUE_TRY_VOID(setPlainAttr(t, asked.first, asked.second, args[2]));
  return t.none();
}
SEGUE_BUILTIN("builtins.object.__setattr__", objectSetattr);

Traced<ValueRef> objectDelattr(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto asked, instanceAndName(t, call, BreakReason::kAttributeWrite));
  SEGUE_TRY_VOID(call.bind(t, "__delattr__", {"/self", "/name"}, 2));
  SEGUE_TRY_VOID(setPlainAttr(t, asked.first, asked.second, nullptr));
  return t.none();
}
SEGUE_BUILTIN("builtins.object.__delattr__", objectDelattr);

}  // namespace
}  // namespace segue
