// From live objects to values.
#include "absl/container/flat_hash_map.h"
#include "base/descr.h"
#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/builtin.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"
#include "trace/values/int_value.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

absl::flat_hash_map<PyTypeObject*, WrapFunction>& wrapTable() {
  static auto* table = new absl::flat_hash_map<PyTypeObject*, WrapFunction>;
  return *table;
}

std::vector<std::pair<bool (*)(BorrowedRef), WrapFunction>>& wrapPredicates() {
  static auto* table = new std::vector<std::pair<bool (*)(BorrowedRef), WrapFunction>>;
  return *table;
}

/// Of arrays that are left to NumPy: those of other dtypes, and those that warn when they are written to.
constexpr int kPlainFlags = NPY_ARRAY_ALIGNED | kArrayWarnsOnWrite;
/// Flags that every guard of a captured array compares.
constexpr int kArrayFlags = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_F_CONTIGUOUS | NPY_ARRAY_WRITEABLE | kPlainFlags;

/// A size: 0 and 1 are constants (they change layouts and broadcasting), everything else is a symbol of at least 2.
Dim wrapSize(Tracer& t, int64_t size, Source source, int axis) {
  if (t.isPinned(source) && size <= 1) return t.dims().constant(size);
  Dim dim = t.dims().symbol(size, size >= 2 ? 2 : 0);
  t.guards().dimOrigin({DimOrigin::Kind::kArraySize, source, axis});
  if (size <= 1) return t.dims().constant(t.dims().specialize(dim));
  return dim;
}

ValueRef wrapArray(Tracer& t, BorrowedRef live, Source source) {
  auto* array = reinterpret_cast<PyArrayObject*>(live.get());
  int flags = arrayFlags(array);
  int guarded = kArrayFlags & ~(SEGUE_FAULT(WriteableUnguarded) ? NPY_ARRAY_WRITEABLE : 0);
  std::optional<DType> dtype = dtypeFromDescr(PyArray_DESCR(array));
  if (!dtype || (flags & kArrayWarnsOnWrite) != 0) {
    // Of what is not looked into, the array guard tells such dtypes only; other arrays are told by their type alone.
    if (isToldByTypeNum(PyArray_DESCR(array))) {
      t.guards().array(source, {PyArray_TYPE(array), PyArray_NDIM(array), kPlainFlags | kArrayOfAnyDescr, flags & kPlainFlags});
    } else {
      t.guardType(source, live);
    }
    return t.make<OpaqueValue>(live, source, BreakReason::kUnmodelledArray);
  }
  t.guards().array(source, {dtypeNumber(*dtype), PyArray_NDIM(array), guarded, flags & guarded});
  Shape shape;
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) shape.push_back(wrapSize(t, PyArray_DIM(array, axis), source, axis));
  Layout layout{true, (flags & NPY_ARRAY_C_CONTIGUOUS) != 0, (flags & NPY_ARRAY_F_CONTIGUOUS) != 0};
  Type type = Type::array(*dtype, std::move(shape), layout, (flags & NPY_ARRAY_WRITEABLE) != 0);
  type.aligned = (flags & NPY_ARRAY_ALIGNED) != 0;
  return t.make<ArrayValue>(t.graph().intern(std::move(type)), nullptr, source, live);
}

/// The dtype of an np.datetime64 or np.timedelta64 with a unit.
std::optional<DType> dateDType(BorrowedRef live) {
  if (Py_TYPE(live) != &PyDatetimeArrType_Type && Py_TYPE(live) != &PyTimedeltaArrType_Type) return std::nullopt;
  Ref descr = Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromScalar(live)));
  if (!descr) PyErr_Clear();
  auto* unit = reinterpret_cast<PyArray_Descr*>(descr.get());
  return descr && !isUnitless(unit) ? dtypeFromDescr(unit) : std::nullopt;
}

/// Objects of types that NumPy owns, whose addresses the wrap table cannot know before NumPy is loaded.
ValueRef wrapNumpy(Tracer& t, BorrowedRef live, Source source) {
  if (PyArray_CheckExact(live.get()) || (SEGUE_FAULT(SubclassesModelled) && PyArray_Check(live.get()))) return t.wrapOnce(live, source, [&] { return wrapArray(t, live, source); });
  if (std::optional<DType> dtype = dtypeFromScalarType(Py_TYPE(live))) {
    t.guardType(source, live);
    return t.make<NumpyScalarValue>(t.graph().intern(Type::numpyScalar(*dtype)), nullptr, source);
  }
  // Of a date or time that is no constant, its class does not tell the unit.
  if (std::optional<DType> dtype = t.isPinned(source) ? dateDType(live) : std::nullopt) {
    return t.make<NumpyScalarValue>(t.graph().intern(Type::numpyScalar(*dtype)), nullptr, source);
  }
  if (PyArray_DescrCheck(live.get())) {
    t.guardIdentity(source, live);
    return t.make<DTypeValue>(live, source);
  }
  if (PyType_Check(live.get())) return nullptr;  // classes are values of their own, with or without a model of calling them
  // A ufunc that np.frompyfunc made is the program's own object, and calls its functions: no entry is to keep it alive.
  bool ufunc = Py_TYPE(live) == &PyUFunc_Type && reinterpret_cast<PyUFuncObject*>(live.get())->obj == nullptr;
  if (ufunc || findBuiltin(live) != nullptr || findNumpyCallable(live) != nullptr ||
      strcmp(Py_TYPE(live)->tp_name, "numpy._ArrayFunctionDispatcher") == 0) {
    t.guardIdentity(source, live);
    return t.make<BuiltinValue>(live, source);
  }
  return nullptr;
}

ValueRef wrapSingleton(Tracer& t, BorrowedRef live, Source source) {
  t.guardIdentity(source, live);
  return t.constant(live);
}

ValueRef wrapEqual(Tracer& t, BorrowedRef live, Source source) {
  if (t.isPinned(source)) return t.constant(live);
  t.guards().equals(source, live);
  return t.make<ConstantValue>(live, source);
}

ValueRef wrapInt(Tracer& t, BorrowedRef live, Source source) {
  int overflow = 0;
  long long number = PyLong_AsLongLongAndOverflow(live, &overflow);
  if (t.isPinned(source) || overflow != 0) return wrapEqual(t, live, source);
  t.guards().add({.kind = GuardKind::kInt64, .source = source});
  Dim dim = t.dims().symbol(number);
  t.guards().dimOrigin({DimOrigin::Kind::kIntValue, source, 0});
  return t.make<IntValue>(dim, source);
}

ValueRef wrapFloat(Tracer& t, BorrowedRef live, Source source) {
  if (t.isPinned(source)) return t.constant(live);
  t.guardType(source, live);
  return t.make<ScalarValue>(t.graph().intern(Type::scalar(TypeKind::kPyFloat)), nullptr, source, live);
}

ValueRef wrapComplex(Tracer& t, BorrowedRef live, Source source) {
  if (t.isPinned(source)) return t.constant(live);
  t.guardType(source, live);
  return t.make<ScalarValue>(t.graph().intern(Type::scalar(TypeKind::kPyComplex)), nullptr, source, live);
}

SEGUE_WRAPS(PyBool_Type, wrapSingleton);
SEGUE_WRAPS(*Py_TYPE(Py_None), wrapSingleton);
SEGUE_WRAPS(*Py_TYPE(Py_Ellipsis), wrapSingleton);
SEGUE_WRAPS(*Py_TYPE(Py_NotImplemented), wrapSingleton);
SEGUE_WRAPS(PyUnicode_Type, wrapEqual);
SEGUE_WRAPS(PyBytes_Type, wrapEqual);
SEGUE_WRAPS(PyCode_Type, wrapSingleton);
SEGUE_WRAPS(PyLong_Type, wrapInt);
SEGUE_WRAPS(PyFloat_Type, wrapFloat);
SEGUE_WRAPS(PyComplex_Type, wrapComplex);

/// Types of which an object that varies is opaque. Not those with singletons (None), which `is` tells apart by value.
bool mayVary(PyTypeObject* type) {
  return type == &PyUnicode_Type || type == &PyBytes_Type || type == &PyList_Type || type == &PyDict_Type ||
         type == &PySet_Type || type == &PyFunction_Type || PyType_IsSubtype(type, &PyArrayDescr_Type) != 0;
}

}  // namespace

WrapRow::WrapRow(PyTypeObject* type, WrapFunction wrap) { wrapTable().emplace(type, wrap); }
WrapIfRow::WrapIfRow(bool (*applies)(BorrowedRef), WrapFunction wrap) { wrapPredicates().push_back({applies, wrap}); }

ValueRef Tracer::wrap(BorrowedRef live, Source source) {
  auto [it, inserted] = wrapped_.try_emplace(source, nullptr);
  if (!inserted && it->second != nullptr) return it->second;
  ValueRef value = wrapNew(live, source);
  wrapped_[source] = value;
  return value;
}

namespace {

/// A container whose items would each be a source: handed on as one object, and not looked into.
bool isVast(BorrowedRef live) {
  constexpr Py_ssize_t kMostItems = 10'000;
  if (PyList_CheckExact(live) || PyTuple_CheckExact(live)) return Py_SIZE(live.get()) > kMostItems;
  if (PyDict_CheckExact(live)) return PyDict_GET_SIZE(live.get()) > kMostItems;
  return PyAnySet_CheckExact(live.get()) && PySet_GET_SIZE(live.get()) > kMostItems;
}

}  // namespace

ValueRef Tracer::wrapNew(BorrowedRef live, Source source) {
  PyTypeObject* type = Py_TYPE(live);
  if (mayVary(type) && isVarying(source)) {
    return wrapOnce(live, source, [&] {
      guardType(source, live);
      return make<OpaqueValue>(live, source, BreakReason::kValueVaries);
    });
  }
  auto it = wrapTable().find(type);
  if (it != wrapTable().end() && !isVast(live)) return it->second(*this, live, source);
  if (ValueRef value = wrapNumpy(*this, live, source)) return value;
  for (const auto& [applies, wrap] : wrapPredicates()) {
    if (applies(live)) return wrap(*this, live, source);
  }
  return wrapOnce(live, source, [&] {
    guardType(source, live);
    return make<OpaqueValue>(live, source);
  });
}

ValueRef Tracer::pending(BorrowedRef live, Source source) { return make<PendingValue>(live, source); }

ValueRef Tracer::resolve(ValueRef value) {
  auto* pending = as<PendingValue>(value);
  if (pending == nullptr) return value;
  if (pending->live()) return wrap(pending->live(), *pending->source());
  guards().add({.kind = GuardKind::kUnbound, .source = *pending->source()});
  return nullptr;
}

ValueRef Tracer::knownLive(BorrowedRef live, Source source) {
  auto it = live_.find(live.get());
  if (it == live_.end()) return nullptr;
  Source known = *it->second->source();
  if (!(known == source) && !SEGUE_FAULT(SameObjectUnguarded)) guards().same(source, known, true);
  return it->second;
}

ValueRef Tracer::constant(BorrowedRef object) {
  auto it = constants_.find(object.get());
  if (it != constants_.end()) return it->second;
  ValueRef value = nullptr;
  PyTypeObject* type = Py_TYPE(object);
  if (type != &PyTuple_Type && isFoldable(object)) {
    value = make<ConstantValue>(object);
  } else if (type == &PyCode_Type || object.get() == Py_NotImplemented) {
    value = make<ConstantValue>(object);
  } else {
    value = wrap(object, sources().constant(object));
  }
  keepAlive(object);
  constants_.emplace(object.get(), value);
  return value;
}

ValueRef Tracer::null() { return null_; }

ValueRef Tracer::integer(int64_t value) { return constant(Ref::steal(PyLong_FromLongLong(value))); }

ValueRef Tracer::integer(Dim dim) {
  if (dims().isConstant(dim)) return integer(dims().constantValue(dim));
  return make<IntValue>(dim);
}

ValueRef Tracer::string(const std::string& text) {
  return constant(Ref::steal(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()))));
}

ValueRef Tracer::tuple(absl::InlinedVector<ValueRef, 6> items) { return make<TupleValue>(std::move(items)); }

void Tracer::guardType(Source source, BorrowedRef live) {
  // Assigning to __class__ changes the type of a pinned object too, where its class is written in Python.
  bool fixed = isPinned(source) && !(Py_TYPE(live)->tp_flags & Py_TPFLAGS_HEAPTYPE);
  if (!fixed) guards().type(source, Py_TYPE(live));
}

void Tracer::guardIdentity(Source source, BorrowedRef live) {
  if (!isPinned(source)) guards().identity(source, live);
}

BorrowedRef Tracer::internedName(const char* name) {
  Ref& interned = names_[name];
  if (!interned) interned = Ref::steal(PyUnicode_InternFromString(name));
  return interned;
}

void Tracer::keepAlive(BorrowedRef object) { result_.keep_alive.push_back(Ref::borrow(object)); }

Ref Tracer::identityToken(ValueRef value) {
  Ref& token = tokens_[value];
  if (!token) token = Ref::steal(PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyBaseObject_Type)));
  return token;
}

}  // namespace segue
