// The submodule _segue.ops: the operator table as Python data, and `infer`, which applies a type rule to live values the
// way the tracer does (sizes and ints symbolic) without running NumPy.
#include "base/python.h"

#include <deque>

#include <pybind11/pybind11.h>
#include <pybind11/complex.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "ops/op.h"

namespace py = pybind11;

namespace segue {
namespace {

std::string text(std::string_view view) { return std::string(view); }

/// Turns Python values into arguments. Owns the Types that the arguments point to.
class ArgReader {
 public:
  ArgReader(DimTable& dims, bool symbolic) : dims_(dims), symbolic_(symbolic) {}

  Arg read(py::handle value) {
    PyObject* object = value.ptr();
    if (object == Py_None) return ArgNone{};
    if (object == Py_Ellipsis) return ArgEllipsis{};
    if (PyBool_Check(object)) return object == Py_True;
    if (PyLong_CheckExact(object)) return readInt(object);
    if (PyFloat_CheckExact(object)) return PyFloat_AS_DOUBLE(object);
    if (PyComplex_CheckExact(object)) return value.cast<std::complex<double>>();
    if (PyUnicode_CheckExact(object)) return value.cast<std::string>();
    if (PyArray_CheckExact(object)) return readArray(reinterpret_cast<PyArrayObject*>(object));
    if (PyTuple_CheckExact(object) || PyList_CheckExact(object)) return readSequence(value);
    if (PySlice_Check(object)) return readSlice(reinterpret_cast<PySliceObject*>(object));
    if (std::optional<DType> dtype = readDType(object)) return *dtype;
    if (std::optional<DType> dtype = dtypeFromScalarType(Py_TYPE(object))) return use(Type::numpyScalar(*dtype));
    return ArgObject{Ref::borrow(object)};
  }

 private:
  Arg use(Type type) { return ArgValue{nullptr, &types_.emplace_back(std::move(type))}; }

  Arg readInt(PyObject* object) {
    int overflow = 0;
    long long number = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (overflow != 0) return ArgObject{Ref::borrow(object)};
    return symbolic_ ? dims_.symbol(number) : dims_.constant(number);
  }

  Arg readArray(PyArrayObject* array) {
    std::optional<DType> dtype = dtypeFromDescr(PyArray_DESCR(array));
    if (!dtype) return ArgObject{Ref::borrow(reinterpret_cast<PyObject*>(array))};
    Shape shape;
    for (int i = 0; i < PyArray_NDIM(array); i++) {
      int64_t size = PyArray_DIM(array, i);
      shape.push_back(symbolic_ && size >= 2 ? dims_.symbol(size, 2) : dims_.constant(size));
    }
    Type type = Type::array(*dtype, shape, layoutOf(array), PyArray_ISWRITEABLE(array));
    type.aligned = PyArray_ISALIGNED(array);
    return use(std::move(type));
  }

  Arg readSequence(py::handle value) {
    ArgTuple out{{}, PyList_Check(value.ptr()) != 0};
    for (py::handle item : value) out.items.push_back(read(item));
    return out;
  }

  Arg readSlice(PySliceObject* slice) {
    return std::make_shared<const ArgSlice>(ArgSlice{read(slice->start), read(slice->stop), read(slice->step)});
  }

  std::optional<DType> readDType(PyObject* object) {
    if (PyArray_DescrCheck(object)) return dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(object));
    if (!PyType_Check(object)) return std::nullopt;
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    if (type == &PyBool_Type) return DType::kBool;
    if (type == &PyLong_Type) return DType::kI64;
    if (type == &PyFloat_Type) return DType::kF64;
    if (type == &PyComplex_Type) return DType::kC128;
    return dtypeFromScalarType(type);
  }

  DimTable& dims_;
  bool symbolic_;
  std::deque<Type> types_;  ///< stable addresses
};

/// The type as plain Python data, sizes by their hints.
py::object describe(const Type& type, const DimTable& dims) {
  switch (type.kind) {
    case TypeKind::kArray: {
      py::tuple shape(type.shape.size());
      for (size_t i = 0; i < type.shape.size(); i++) {
        // None: what depends on data.
        shape[i] = dims.dependsOnData(type.shape[i]) ? py::object(py::none()) : py::int_(dims.hint(type.shape[i]));
      }
      py::object flags = py::none();
      if (type.layout.known) flags = py::make_tuple(type.layout.c_contiguous, type.layout.f_contiguous);
      return py::make_tuple("array", text(dtypeName(type.dtype)), shape, flags, type.writeable, type.aligned);
    }
    case TypeKind::kNumpyScalar: return py::make_tuple("scalar", text(dtypeName(type.dtype)));
    case TypeKind::kTuple:
    case TypeKind::kList: {
      py::list items;
      for (const Type& item : type.items) items.append(describe(item, dims));
      return py::make_tuple(type.kind == TypeKind::kList ? "list" : "tuple", items);
    }
    default: return py::make_tuple(printType(type, dims));
  }
}

const char* sharingName(Sharing sharing) {
  switch (sharing) {
    case Sharing::kFresh: return "fresh";
    case Sharing::kView: return "view";
    case Sharing::kUnknown: return "unknown";
    case Sharing::kWritten: return "written";
    case Sharing::kSame: return "same";
  }
  SEGUE_UNREACHABLE("a sharing without a name");
}

py::dict inferPython(const std::string& name, const py::args& values, bool symbolic, const py::dict& keywords) {
  const LibraryName* library = findNumpyName(name);
  if (library == nullptr) throw py::key_error("no operator is called '" + name + "'");
  DimTable dims;
  ArgReader reader(dims, symbolic);
  std::vector<Arg> positional;
  for (py::handle value : values) positional.push_back(reader.read(value));
  std::vector<std::pair<std::string, Arg>> named;
  for (auto& [key, value] : keywords) named.emplace_back(key.cast<std::string>(), reader.read(value));
  Result<std::vector<Arg>> bound = bindArgs(*library, std::move(positional), std::move(named));
  if (!bound.ok()) throw py::value_error(bound.error());
  Result<Inferred> inferred = infer(opOf(*library), bound.value(), dims);
  if (!inferred.ok()) throw py::value_error(inferred.error());
  py::dict out;
  out["type"] = describe(inferred.value().type, dims);
  out["text"] = printType(inferred.value().type, dims);
  out["sharing"] = sharingName(inferred.value().sharing);
  py::list relations, guesses;
  for (const DimRelation& relation : dims.relations()) (dims.dependsOnData(relation) ? guesses : relations).append(dims.print(relation));
  out["relations"] = relations;
  out["guesses"] = guesses;
  return out;
}

py::dict rowOf(const OpDef& op) {
  py::dict out;
  out["name"] = text(op.name);
  out["version"] = op.version;
  out["tags"] = op.tags;
  py::list params, names;
  for (const OpParam& param : op.params) params.append(py::make_tuple(text(param.name), text(param.type)));
  for (std::string_view name : op.numpy) names.append(text(name));
  out["params"] = params;
  out["numpy"] = names;
  out["kernel"] = text(op.kernel);
  return out;
}

py::list table() {
  py::list out;
  for (const OpDef& op : allOps()) out.append(rowOf(op));
  return out;
}

}  // namespace

void bindOps(py::module_& m) {
  py::module_ ops = m.def_submodule("ops", "The operator table and its type rules.");
  ops.def("table", &table, "One dict per operator: name, version, tags, params, numpy, kernel.");
  ops.def(
      "infer",
      [](const std::string& name, const py::args& args, const py::kwargs& kwargs) {
        return inferPython(name, args, true, kwargs);
      },
      py::arg("name"), py::pos_only(),
      "The result type of calling a NumPy name, as the tracer infers it: dict(type, text, sharing, relations). Raises "
      "ValueError where the tracer would break, KeyError for a name that is no operator.");
  ops.def(
      "infer_static",
      [](const std::string& name, const py::args& args, const py::kwargs& kwargs) {
        return inferPython(name, args, false, kwargs);
      },
      py::arg("name"), py::pos_only(), "As infer, with every size and int a constant.");
  ops.def(
      "dtype_name",
      [](const py::object& dtype) -> py::object {
        if (!PyArray_DescrCheck(dtype.ptr())) throw py::type_error("dtype_name takes a numpy.dtype");
        std::optional<DType> known = dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(dtype.ptr()));
        return known ? py::object(py::str(text(dtypeName(*known)))) : py::object(py::none());
      },
      py::arg("dtype"), py::pos_only(), "The dtype as types in graphs name it; None for one that is not modelled.");
}

}  // namespace segue
