// Models of the operator module: the operators as functions, and itemgetter, attrgetter and methodcaller.
#include "absl/strings/str_split.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"

namespace segue {
namespace {

template <BinaryOp op>
Traced<ValueRef> binaryFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "an operator", {"/a", "/b"}, 2));
  return binary(t, op, args[0], args[1]);
}
SEGUE_BUILTIN("operator.add", binaryFunction<BinaryOp::kAdd>);
SEGUE_BUILTIN("operator.sub", binaryFunction<BinaryOp::kSubtract>);
SEGUE_BUILTIN("operator.mul", binaryFunction<BinaryOp::kMultiply>);
SEGUE_BUILTIN("operator.truediv", binaryFunction<BinaryOp::kTrueDivide>);
SEGUE_BUILTIN("operator.floordiv", binaryFunction<BinaryOp::kFloorDivide>);
SEGUE_BUILTIN("operator.mod", binaryFunction<BinaryOp::kRemainder>);
SEGUE_BUILTIN("operator.pow", binaryFunction<BinaryOp::kPower>);
SEGUE_BUILTIN("operator.matmul", binaryFunction<BinaryOp::kMatrixMultiply>);
SEGUE_BUILTIN("operator.and_", binaryFunction<BinaryOp::kAnd>);
SEGUE_BUILTIN("operator.or_", binaryFunction<BinaryOp::kOr>);
SEGUE_BUILTIN("operator.xor", binaryFunction<BinaryOp::kXor>);
SEGUE_BUILTIN("operator.lshift", binaryFunction<BinaryOp::kLshift>);
SEGUE_BUILTIN("operator.rshift", binaryFunction<BinaryOp::kRshift>);
SEGUE_BUILTIN("operator.iadd", binaryFunction<BinaryOp::kInplaceAdd>);
SEGUE_BUILTIN("operator.isub", binaryFunction<BinaryOp::kInplaceSubtract>);
SEGUE_BUILTIN("operator.imul", binaryFunction<BinaryOp::kInplaceMultiply>);
SEGUE_BUILTIN("operator.itruediv", binaryFunction<BinaryOp::kInplaceTrueDivide>);

template <UnaryOp op>
Traced<ValueRef> unaryFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "an operator", {"/a"}, 1));
  return unary(t, op, args[0]);
}
SEGUE_BUILTIN("operator.neg", unaryFunction<UnaryOp::kNegative>);
SEGUE_BUILTIN("operator.pos", unaryFunction<UnaryOp::kPositive>);
SEGUE_BUILTIN("operator.invert", unaryFunction<UnaryOp::kInvert>);
SEGUE_BUILTIN("operator.inv", unaryFunction<UnaryOp::kInvert>);

template <CompareOp op>
Traced<ValueRef> compareFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "an operator", {"/a", "/b"}, 2));
  return compare(t, op, args[0], args[1]);
}
SEGUE_BUILTIN("operator.lt", compareFunction<CompareOp::kLt>);
SEGUE_BUILTIN("operator.le", compareFunction<CompareOp::kLe>);
SEGUE_BUILTIN("operator.eq", compareFunction<CompareOp::kEq>);
SEGUE_BUILTIN("operator.ne", compareFunction<CompareOp::kNe>);
SEGUE_BUILTIN("operator.gt", compareFunction<CompareOp::kGt>);
SEGUE_BUILTIN("operator.ge", compareFunction<CompareOp::kGe>);

template <bool wanted>
Traced<ValueRef> identityFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "an operator", {"/a", "/b"}, 2));
  SEGUE_TRY(bool same, sameObject(t, args[0], args[1]));
  return t.boolean(same == wanted);
}
SEGUE_BUILTIN("operator.is_", identityFunction<true>);
SEGUE_BUILTIN("operator.is_not", identityFunction<false>);

template <bool wanted>
Traced<ValueRef> truthFunction(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "an operator", {"/a"}, 1));
  SEGUE_TRY(bool value, truth(t, args[0]));
  return t.boolean(value == wanted);
}
SEGUE_BUILTIN("operator.truth", truthFunction<true>);
SEGUE_BUILTIN("operator.not_", truthFunction<false>);

Traced<ValueRef> operatorContains(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "contains", {"/a", "/b"}, 2));
  SEGUE_TRY(bool found, contains(t, args[0], args[1]));
  return t.boolean(found);
}
SEGUE_BUILTIN("operator.contains", operatorContains);

Traced<ValueRef> operatorIndex(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "index", {"/a"}, 1));
  if (std::optional<Dim> number = asDim(t, args[0])) return t.integer(*number);
  if (args[0]->kind() == ValueKind::kInstance) {
    SEGUE_TRY(ValueRef result, callSpecial(t, args[0], "__index__", {}));
    if (result != nullptr && result->type() == &PyLong_Type) return result;
  }
  return stop(BreakReason::kUnsupportedOperation, "the index of " + args[0]->describe());
}
SEGUE_BUILTIN("operator.index", operatorIndex);

Traced<ValueRef> operatorGetItem(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "getitem", {"/a", "/b"}, 2));
  return getItem(t, args[0], args[1]);
}
SEGUE_BUILTIN("operator.getitem", operatorGetItem);
SEGUE_BUILTIN("builtins.dict.__getitem__", operatorGetItem);
SEGUE_BUILTIN("builtins.list.__getitem__", operatorGetItem);

Traced<ValueRef> operatorSetItem(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "setitem", {"/a", "/b", "/c"}, 3));
  SEGUE_TRY_VOID(setItem(t, args[0], args[1], args[2]));
  return t.none();
}
SEGUE_BUILTIN("operator.setitem", operatorSetItem);
SEGUE_BUILTIN("builtins.dict.__setitem__", operatorSetItem);
SEGUE_BUILTIN("builtins.list.__setitem__", operatorSetItem);

Traced<ValueRef> operatorDelItem(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "delitem", {"/a", "/b"}, 2));
  SEGUE_TRY_VOID(deleteItem(t, args[0], args[1]));
  return t.none();
}
SEGUE_BUILTIN("operator.delitem", operatorDelItem);
SEGUE_BUILTIN("builtins.dict.__delitem__", operatorDelItem);
SEGUE_BUILTIN("builtins.list.__delitem__", operatorDelItem);

// --- itemgetter, attrgetter, methodcaller

enum class Getter : uint8_t { kItem, kAttribute, kMethod };

/// a.b.c of attrgetter("b.c").
Traced<ValueRef> dottedAttr(Tracer& t, ValueRef owner, std::string_view path) {
  std::vector<std::string> names = absl::StrSplit(std::string(path), '.');
  for (const std::string& name : names) {
    Ref text = Ref::steal(PyUnicode_FromString(name.c_str()));
    SEGUE_TRY(owner, getAttr(t, owner, internedText(t, text)));
  }
  return owner;
}

/// An object that calls getItem, getAttr or a method of its argument. It shares its kind with functools.partial: both are
/// callables that carry arguments.
class GetterValue final : public Value {
 public:
  GetterValue(Getter getter, BorrowedRef cls, CallArgs args, std::optional<Source> source = std::nullopt)
      : Value(ValueKind::kPartial, source), cls_(Ref::borrow(cls)), args_(std::move(args)), getter_(getter) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  Traced<bool> truthSlot(Tracer& t) override { return true; }

  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override {
    if (args.positional.size() != 1 || !args.keywords.empty()) {
      return stop(BreakReason::kExceptionEscapes, std::string(type()->tp_name) + " is called with one argument");
    }
    t.setResumableCall(false);
    ValueRef owner = t.resolve(args.positional[0]);
    if (getter_ == Getter::kMethod) {
      SEGUE_TRY(ValueRef method, dottedAttr(t, owner, textOf(args_.positional[0]->constant())));
      return call(t, method, {{args_.positional.begin() + 1, args_.positional.end()}, args_.keywords});
    }
    if (args_.positional.size() == 1) return one(t, owner, args_.positional[0]);
    absl::InlinedVector<ValueRef, 6> parts;
    for (ValueRef what : args_.positional) {
      SEGUE_TRY(ValueRef part, one(t, owner, what));
      parts.push_back(part);
    }
    return t.tuple(std::move(parts));
  }

 private:
  Traced<ValueRef> one(Tracer& t, ValueRef owner, ValueRef what) {
    return getter_ == Getter::kItem ? getItem(t, owner, what) : dottedAttr(t, owner, textOf(what->constant()));
  }

  Ref cls_;
  CallArgs args_;   ///< of the class's call
  Getter getter_;
};

template <Getter getter>
Traced<ValueRef> classGetter(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0) return stop(BreakReason::kExceptionEscapes, "an operator class is called without arguments");
  if (getter != Getter::kMethod && !call.args.keywords.empty()) {
    return stop(BreakReason::kExceptionEscapes, "an operator class is called with keywords");
  }
  CallArgs args = call.args;
  for (ValueRef& arg : args.positional) arg = t.resolve(arg);
  size_t names = getter == Getter::kItem ? 0 : getter == Getter::kMethod ? 1 : args.positional.size();
  for (size_t i = 0; i < names; ++i) {
    BorrowedRef name = specialize(t, args.positional[i]);
    if (!name || !PyUnicode_CheckExact(name.get()) || textOf(name).empty()) {
      return stop(BreakReason::kConstantNeeded, "the name of an attribute");
    }
    // A method's name is one name, dots and all.
    if (getter == Getter::kMethod && textOf(name).find('.') != std::string_view::npos) {
      return stop(BreakReason::kExceptionEscapes, "a method whose name has dots");
    }
  }
  return t.make<GetterValue>(getter, call.function, std::move(args));
}
SEGUE_BUILTIN("operator.itemgetter", classGetter<Getter::kItem>);
SEGUE_BUILTIN("operator.attrgetter", classGetter<Getter::kAttribute>);
SEGUE_BUILTIN("operator.methodcaller", classGetter<Getter::kMethod>);

std::optional<Getter> getterOf(PyTypeObject* type) {
  BuiltinModel model = findBuiltin(reinterpret_cast<PyObject*>(type));
  if (model == &classGetter<Getter::kItem>) return Getter::kItem;
  if (model == &classGetter<Getter::kAttribute>) return Getter::kAttribute;
  return std::nullopt;
}

/// Live ones are immutable, but only their reduction tells what they hold: (class, arguments), built by C code.
Ref heldArguments(BorrowedRef live) {
  Ref reduced = Ref::steal(PyObject_CallMethod(live, "__reduce__", nullptr));
  SEGUE_CHECK(reduced.get() != nullptr, "a getter without a reduction");
  return Ref::borrow(PyTuple_GET_ITEM(reduced.get(), 1));
}

bool isGetter(BorrowedRef live) { return getterOf(Py_TYPE(live)).has_value(); }

ValueRef wrapGetter(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    t.guardIdentity(source, live);
    CallArgs args;
    Ref held = heldArguments(live);
    t.keepAlive(held);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(held.get()); ++i) {
      BorrowedRef item = PyTuple_GET_ITEM(held.get(), i);
      args.positional.push_back(t.wrap(item, t.sources().constant(item)));
    }
    BorrowedRef cls = reinterpret_cast<PyObject*>(Py_TYPE(live));
    return t.make<GetterValue>(*getterOf(Py_TYPE(live)), cls, std::move(args), source);
  });
}
SEGUE_WRAPS_IF(isGetter, wrapGetter);

}  // namespace
}  // namespace segue
