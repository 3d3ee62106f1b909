// segue._segue._testing.DispatchProbe: dispatch tables without the pipeline, for benchmarks and tests.
#include "base/python.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>

#include "bindings/bindings.h"
#include "guards/lowering.h"
#include "runtime/dispatch.h"

namespace py = pybind11;

namespace segue {
namespace {

/// A table whose entries guard every argument of a call: arrays by header and symbolic sizes, other objects by value.
class DispatchProbe {
 public:
  /// Adds an entry for calls like this one, with an empty plan. False at the limit.
  bool add(const py::args& args, int64_t limit) {
    SourceTable sources;
    GuardSet guards(sources);
    DimTable dims;
    std::vector<Source> wanted;
    for (size_t i = 0; i < args.size(); i++) {
      Source source = sources.local(static_cast<int>(i));
      PyObject* value = args[i].ptr();
      wanted.push_back(source);
      if (!PyArray_CheckExact(value)) {
        guards.equals(source, value);
        continue;
      }
      auto* array = reinterpret_cast<PyArrayObject*>(value);
      constexpr int kFlags = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_WRITEABLE;
      guards.array(source, {PyArray_TYPE(array), PyArray_NDIM(array), kFlags, PyArray_FLAGS(array) & kFlags});
      for (int axis = 0; axis < PyArray_NDIM(array); axis++) {
        dims.symbol(PyArray_DIM(array, axis), PyArray_DIM(array, axis) >= 2 ? 2 : 0);
        guards.dimOrigin({DimOrigin::Kind::kArraySize, source, axis});
      }
    }
    Result<LoweredGuards> lowered = lowerGuards(guards, dims, wanted, nullptr);
    if (!lowered.ok()) throw py::value_error(lowered.error());
    EntryRef entry(new Entry(std::move(lowered.value().program), std::move(lowered.value().assumptions), Segment()));
    return table_.install(entry, limit);
  }

  /// Index of the entry that fits the call, or None.
  py::object find(const py::args& args) {
    Buffers at(*this, args);
    Entry* found = table_.find(at.roots, at.regs.data(), at.ints.data());
    for (size_t i = 0; i < table_.entries().size(); i++) {
      if (table_.entries()[i].get() == found) return py::int_(i);
    }
    return py::none();
  }

  /// Seconds per lookup, over `number` lookups of the same call.
  double time(int number, const py::args& args) {
    Buffers at(*this, args);
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < number; i++) {
      if (table_.find(at.roots, at.regs.data(), at.ints.data()) == nullptr) throw py::value_error("no entry fits");
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / number;
  }

  std::string tree() const { return table_.printTree(); }
  std::string program(size_t index) const { return printGuardProgram(table_.entries().at(index)->guards); }
  size_t bytes() const { return table_.bytes(); }
  std::string describeLimit(const py::args& args) { return table_.describeLimit(Buffers(*this, args).roots); }

 private:
  struct Buffers {
    Buffers(DispatchProbe& probe, const py::args& args) {
      roots.locals = reinterpret_cast<PyTupleObject*>(args.ptr())->ob_item;
      roots.local_count = static_cast<int>(args.size());
      regs.resize(std::max(probe.table_.regCount(), 1u));
      ints.resize(std::max(probe.table_.intCount(), 1u));
    }
    FrameRoots roots;
    std::vector<PyObject*> regs;
    std::vector<int64_t> ints;
  };
  DispatchTable table_;
};

}  // namespace

void bindTestingDispatch(py::module_& testing) {
  py::class_<DispatchProbe>(testing, "DispatchProbe")
      .def(py::init([] {
        if (!initDispatch()) throw py::error_already_set();
        return std::make_unique<DispatchProbe>();
      }))
      .def("add", [](DispatchProbe& p, const py::args& args) { return p.add(args, 64); })
      .def("find", &DispatchProbe::find)
      .def("time", &DispatchProbe::time, py::arg("number"))
      .def("tree", &DispatchProbe::tree)
      .def("program", &DispatchProbe::program)
      .def("bytes", &DispatchProbe::bytes)
      .def("describe_limit", &DispatchProbe::describeLimit);
}

}  // namespace segue
