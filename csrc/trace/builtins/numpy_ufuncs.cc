// Methods of ufuncs. NumPy's named reductions are these methods with other defaults, so they are the same operators.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/graph_values.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

struct NamedReduction {
  std::string_view ufunc;
  std::string_view reduce, accumulate;   ///< functions that call the method of the ufunc; accumulate may be empty
  bool takes_dtype;
};
/// numpy/_core/_methods.py (_sum, _amax, _any …) and PyArray_CumSum, PyArray_CumProd.
constexpr NamedReduction kReductions[] = {
    {"add", "numpy.sum", "numpy.cumsum", true},       {"multiply", "numpy.prod", "numpy.cumprod", true},
    {"maximum", "numpy.max", "", false},              {"minimum", "numpy.min", "", false},
    {"logical_or", "numpy.any", "", false},           {"logical_and", "numpy.all", "", false},
};

/// The operator that a method's `self` is; null for one of np.frompyfunc, which is opaque, and for what is no ufunc at all.
const LibraryName* operatorOf(ValueRef self) {
  bool ufunc = self->constant() && Py_TYPE(self->constant()) == &PyUFunc_Type;
  return ufunc ? findNumpyCallable(self->constant()) : nullptr;
}

std::string_view ufuncName(ValueRef ufunc) { return reinterpret_cast<PyUFuncObject*>(ufunc->constant().get())->name; }

const NamedReduction* namedReduction(ValueRef self) {
  if (operatorOf(self) == nullptr) return nullptr;
  for (const NamedReduction& row : kReductions) {
    if (row.ufunc == ufuncName(self)) return &row;
  }
  return nullptr;
}

Break notModelled(ValueRef self, const char* method) {
  std::string name = operatorOf(self) == nullptr ? "ufunc" : std::string(ufuncName(self));
  return stop(BreakReason::kNumpyNotModelled, absl::StrFormat("numpy.%s.%s", name, method));
}

/// Arrays and numbers of other kinds, and the constants that np.asarray makes such arrays of.
bool refusesDates(ValueRef value) {
  if (value->kind() == ValueKind::kArray || value->kind() == ValueKind::kNumpyScalar) {
    return !isTime(static_cast<GraphValue*>(value)->graphType().dtype);
  }
  return value->kind() == ValueKind::kScalar || value->kind() == ValueKind::kInt || value->kind() == ValueKind::kConstant;
}

/// Calls the method itself on the arguments behind the ufunc, under their names; `axis` is always given.
Traced<ValueRef> applyMethod(Tracer& t, std::string_view method, absl::Span<const ValueRef> args,
                             std::initializer_list<const char*> names) {
  CallArgs call_args{{args[0], args[1]}, {}};
  size_t i = 2;
  for (const char* name : names) {
    ValueRef value = args[i] == nullptr && std::string_view(name) == "axis" ? t.integer(0) : args[i];
    if (value != nullptr) call_args.keywords.push_back({t.internedName(name), value});
    ++i;
  }
  return t.applyNumpy(method, call_args);
}

/// An argument that is not given, or as None.
bool isAbsent(ValueRef value) { return value == nullptr || value->constant().get() == Py_None; }

/// Calls the named function on the method's arguments: (array, axis=0, dtype, out, keepdims).
Traced<ValueRef> applyNamed(Tracer& t, std::string_view name, absl::Span<const ValueRef> args) {
  constexpr const char* kNames[] = {"axis", "dtype", "out", "keepdims"};
  CallArgs call_args;
  call_args.positional.push_back(args[0]);
  for (size_t i = 1; i < args.size(); ++i) {
    ValueRef value = args[i] == nullptr && i == 1 ? t.integer(0) : args[i];
    if (value != nullptr) call_args.keywords.push_back({t.internedName(kNames[i - 1]), value});
  }
  return t.applyNumpy(name, call_args);
}

Traced<ValueRef> ufuncReduce(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reduce", {"/self", "array", "axis", "dtype", "out", "keepdims", "initial", "where"}, 2));
  const NamedReduction* row = namedReduction(args[0]);
  if (args[1]->kind() != ValueKind::kArray) return notModelled(args[0], "reduce");
  bool plain = args[6] == nullptr && args[7] == nullptr;
  if (row == nullptr || !plain || (args[3] != nullptr && !row->takes_dtype)) {
    if (!isAbsent(args[3]) || !isAbsent(args[4])) return notModelled(args[0], "reduce");
    const ValueRef given[] = {args[0], args[1], args[2], args[5], args[6], args[7]};
    return applyMethod(t, "numpy.ufunc.reduce", given, {"axis", "keepdims", "initial", "where"});
  }
  return applyNamed(t, row->reduce, absl::MakeSpan(args).subspan(1, 5));
}
SEGUE_BUILTIN("numpy.ufunc.reduce", ufuncReduce);

Traced<ValueRef> ufuncAccumulate(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "accumulate", {"/self", "array", "axis", "dtype", "out"}, 2));
  const NamedReduction* row = namedReduction(args[0]);
  auto* array = as<ArrayValue>(args[1]);
  // cumsum makes one dimension of none, accumulate refuses.
  if (array == nullptr || array->graphType().ndim() == 0) return notModelled(args[0], "accumulate");
  if (row == nullptr || row->accumulate.empty()) {
    if (!isAbsent(args[3]) || !isAbsent(args[4])) return notModelled(args[0], "accumulate");
    return applyMethod(t, "numpy.ufunc.accumulate", absl::MakeSpan(args).subspan(0, 3), {"axis"});
  }
  if (args[2] != nullptr && args[2]->constant().get() == Py_None) return notModelled(args[0], "accumulate");
  return applyNamed(t, row->accumulate, absl::MakeSpan(args).subspan(1, 4));
}
SEGUE_BUILTIN("numpy.ufunc.accumulate", ufuncAccumulate);

Traced<ValueRef> ufuncReduceAt(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reduceat", {"/self", "array", "indices", "axis", "dtype", "out"}, 3));
  if (!isAbsent(args[4]) || !isAbsent(args[5])) return notModelled(args[0], "reduceat");
  return applyMethod(t, "numpy.ufunc.reduceat", absl::MakeSpan(args).subspan(0, 4), {"indices", "axis"});
}
SEGUE_BUILTIN("numpy.ufunc.reduceat", ufuncReduceAt);

/// outer(a, b): a with as many new axes behind as b has, broadcast against b.
Traced<ValueRef> ufuncOuter(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "outer", {"/self", "/a", "/b"}, 3));
  const LibraryName* op = operatorOf(args[0]);
  auto* a = as<ArrayValue>(args[1]);
  auto* b = as<ArrayValue>(args[2]);
  // Numbers would lose or keep their weak type.
  if (op == nullptr || a == nullptr || b == nullptr || a->graphType().ndim() == 0 || b->graphType().ndim() == 0) {
    return notModelled(args[0], "outer");
  }
  absl::InlinedVector<ValueRef, 6> index{t.constant(Py_Ellipsis)};
  for (int axis = 0; axis < b->graphType().ndim(); ++axis) index.push_back(t.none());
  SEGUE_TRY(ValueRef spread, getItem(t, a, t.tuple(std::move(index))));
  return t.apply(*op, {{spread, b}, {}});
}
SEGUE_BUILTIN("numpy.ufunc.outer", ufuncOuter);

/// Numbers are no dates: the ufunc refuses them, as those do who ask for "not a time" in handlers of TypeError.
Traced<ValueRef> isNat(Tracer& t, const BuiltinCall& call) {
  const LibraryName* op = findNumpyCallable(call.function);
  ValueRef value = call.size() == 1 && call.args.keywords.empty() ? call.self(t) : nullptr;
  if (value != nullptr && refusesDates(value)) {
    return t.raise(PyExc_TypeError, "ufunc 'isnat' is only defined for np.datetime64 and np.timedelta64.");
  }
  return op != nullptr ? t.apply(*op, call.args) : Traced<ValueRef>(stop(BreakReason::kNumpyNotModelled, "numpy.isnat"));
}
SEGUE_BUILTIN("numpy.isnat", isNat);

}  // namespace
}  // namespace segue
