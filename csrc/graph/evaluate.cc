#include "base/python.h"

#include "graph/evaluate.h"

#include "absl/container/flat_hash_map.h"
#include "base/imports.h"
#include "base/interrupt.h"

namespace segue {
namespace {

Ref sequenceObject(const ArgTuple& tuple, const DimTable& dims) {
  Py_ssize_t count = static_cast<Py_ssize_t>(tuple.items.size());
  Ref out = Ref::steal(tuple.is_list ? PyList_New(count) : PyTuple_New(count));
  for (Py_ssize_t i = 0; out && i < count; i++) {
    Ref item = constantObject(tuple.items[i], dims);
    if (!item) return {};
    tuple.is_list ? PyList_SET_ITEM(out.get(), i, item.release()) : PyTuple_SET_ITEM(out.get(), i, item.release());
  }
  return out;
}

Ref sliceObject(const ArgSlice& slice, const DimTable& dims) {
  Ref start = constantObject(slice.start, dims), stop = constantObject(slice.stop, dims);
  Ref step = constantObject(slice.step, dims);
  if (!start || !stop || !step) return {};
  return Ref::steal(PySlice_New(start.get(), stop.get(), step.get()));
}

/// The attribute at the end of a dotted path below an imported module; null if there is none.
Ref resolve(std::string_view name) {
  size_t dot = name.find('.');
  std::string root(name.substr(0, dot));
  bool is_method = root == "ndarray";
  Ref object = importModule(is_method ? "numpy" : root.c_str());
  std::string rest(is_method ? name : name.substr(dot + 1));
  while (object && !rest.empty()) {
    size_t end = std::min(rest.find('.'), rest.size());
    object = Ref::steal(PyObject_GetAttrString(object.get(), rest.substr(0, end).c_str()));
    rest.erase(0, std::min(end + 1, rest.size()));
  }
  PyErr_Clear();
  return object;
}

/// Positional arguments and keywords of a call by the callable's convention; false where one is no constant.
bool bindObjects(const LibraryName& library, absl::Span<const Arg> args, const DimTable& dims, PyObject* positional,
                 PyObject* keywords) {
  bool in_order = true;
  for (const CallSlot& slot : library.slots) {
    const Arg& arg = args[slot.param];
    if (slot.kind == CallSlot::Kind::kCopy) continue;
    if (arg.missing()) {
      in_order = false;
      continue;
    }
    Ref object = constantObject(arg, dims);
    if (!object) return false;
    if (slot.kind == CallSlot::Kind::kRest) {
      if (!PyTuple_Check(object.get())) return false;
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object.get()); i++) {
        PyList_Append(positional, PyTuple_GET_ITEM(object.get(), i));
      }
    } else if (slot.positional && in_order) {
      PyList_Append(positional, object.get());
    } else if (!slot.keyword.empty()) {
      PyDict_SetItemString(keywords, std::string(slot.keyword).c_str(), object.get());
    } else {
      return false;
    }
  }
  return true;
}

/// The arguments of a callable that is none of the operator's names (`call` of ops.yaml): in order, up to the first that is missing.
bool bindInOrder(absl::Span<const Arg> args, const DimTable& dims, PyObject* positional) {
  bool ended = false;
  for (const Arg& arg : args) {
    Ref object = constantObject(arg, dims);
    if (object && ended) return false;
    if (!object && !arg.missing()) return false;
    ended |= arg.missing();
    if (object) PyList_Append(positional, object.get());
  }
  return true;
}

/// A call under np.errstate(all=mode). Null on an exception, which is left set.
Ref callUnder(const char* mode, PyObject* callable, PyObject* positional, PyObject* keywords) {
  Ref numpy = importModule("numpy");
  Ref errstate = Ref::steal(numpy ? PyObject_GetAttrString(numpy.get(), "errstate") : nullptr);
  Ref none = Ref::steal(PyTuple_New(0)), options = Ref::steal(Py_BuildValue("{s:s}", "all", mode));
  Ref context = Ref::steal(errstate ? PyObject_Call(errstate.get(), none.get(), options.get()) : nullptr);
  Ref entered = Ref::steal(context ? PyObject_CallMethod(context.get(), "__enter__", nullptr) : nullptr);
  if (!entered) return {};
  Ref args = Ref::steal(PyList_AsTuple(positional));
  Ref result = Ref::steal(PyObject_Call(callable, args.get(), keywords));
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  Ref left = Ref::steal(PyObject_CallMethod(context.get(), "__exit__", "OOO", Py_None, Py_None, Py_None));
  PyErr_Restore(type, value, traceback);
  return result;
}

}  // namespace

Ref constantObject(const Arg& arg, const DimTable& dims) {
  if (arg.isNone()) return Ref::borrow(Py_None);
  if (arg.is<bool>()) return Ref::borrow(arg.as<bool>() ? Py_True : Py_False);
  if (arg.is<Dim>()) {
    bool known = dims.isConstant(arg.as<Dim>());
    return known ? Ref::steal(PyLong_FromLongLong(dims.constantValue(arg.as<Dim>()))) : Ref();
  }
  if (arg.is<double>()) return Ref::steal(PyFloat_FromDouble(arg.as<double>()));
  if (arg.is<std::complex<double>>()) {
    const auto& value = arg.as<std::complex<double>>();
    return Ref::steal(PyComplex_FromDoubles(value.real(), value.imag()));
  }
  if (arg.is<std::string>()) {
    const std::string& text = arg.as<std::string>();
    return Ref::steal(PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size())));
  }
  if (arg.is<DType>()) {
    return dtypeDescr(arg.as<DType>());
  }
  if (arg.is<ArgEllipsis>()) return Ref::borrow(Py_Ellipsis);
  if (arg.is<ArgTuple>()) return sequenceObject(arg.as<ArgTuple>(), dims);
  if (arg.isSlice()) return sliceObject(*arg.as<std::shared_ptr<const ArgSlice>>(), dims);
  if (arg.is<ArgObject>()) return arg.as<ArgObject>().object;
  return {};
}

BorrowedRef numpyCallable(std::string_view name) {
  // Never freed: the interpreter is gone by the time static objects are destroyed.
  static auto& cache = *new absl::flat_hash_map<std::string, Ref>();
  if (auto it = cache.find(name); it != cache.end()) return it->second;
  Ref found = resolve(name);   // may run Python code, and other threads
  return cache.try_emplace(std::string(name), std::move(found)).first->second;
}

Evaluation evaluateWithNumpy(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims) {
  if (op.numpy.empty()) return {};
  const LibraryName* library = findNumpyName(op.numpy[0]);
  BorrowedRef callable = numpyCallable(op.numpy[0]);
  Ref positional = Ref::steal(PyList_New(0)), keywords = Ref::steal(PyDict_New());
  if (!callable || !PyCallable_Check(callable.get())) return {};
  bool bound = library != nullptr ? bindObjects(*library, args, dims, positional.get(), keywords.get())
                                  : bindInOrder(args, dims, positional.get());
  if (!bound) return {};
  Evaluation out{callUnder("raise", callable, positional.get(), keywords.get())};
  if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_FloatingPointError)) {
    PyErr_Clear();
    out = {callUnder("ignore", callable, positional.get(), keywords.get()), true};
  }
  clearFailure([&] { return callUnder("raise", callable, positional.get(), keywords.get()).release(); });
  return out;
}

}  // namespace segue
