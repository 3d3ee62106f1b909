// Guard sets over the arguments of a small Python function, for tests: lowered, run and explained.
#pragma once

#include "base/python.h"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

#include "guards/lowering.h"

namespace segue::testing {

/// A Python namespace, filled by statements.
class Namespace {
 public:
  explicit Namespace(const std::string& source = "") : names_(Ref::steal(PyDict_New())) {
    PyDict_SetItemString(names_.get(), "__builtins__", PyEval_GetBuiltins());
    run("import numpy as np");
    run(source);
  }
  void run(const std::string& source) {
    Ref done = Ref::steal(PyRun_String(source.c_str(), Py_file_input, names_.get(), names_.get()));
    if (!done) PyErr_Print();
    REQUIRE(done);
  }
  /// The value of an expression.
  Ref eval(const std::string& source) {
    Ref value = Ref::steal(PyRun_String(source.c_str(), Py_eval_input, names_.get(), names_.get()));
    if (!value) PyErr_Print();
    REQUIRE(value);
    return value;
  }
  PyTypeObject* type(const std::string& name) { return reinterpret_cast<PyTypeObject*>(eval(name).get()); }
  BorrowedRef dict() const { return names_; }

 private:
  Ref names_;
};

/// A str object.
inline Ref text(const char* words) { return Ref::steal(PyUnicode_InternFromString(words)); }

/// One call: `f(x, y, z)` of `def f(x, y=None, z=None)`; missing arguments are unbound.
struct Call {
  Namespace names;
  Ref function;
  SourceTable sources;
  GuardSet guards{sources};
  DimTable dims;
  std::vector<Source> wanted;
  std::optional<LoweredGuards> lowered;

  explicit Call(const std::string& source = "") : names(source) {
    names.run("def f(x, y=None, z=None): return x");
    function = names.eval("f");
  }
  BorrowedRef code() const { return PyFunction_GET_CODE(function.get()); }
  Source x() { return sources.local(0); }
  Source y() { return sources.local(1); }

  const GuardProgram& program() {
    if (!lowered) {
      Result<LoweredGuards> result = lowerGuards(guards, dims, wanted, code());
      INFO(result.error());
      REQUIRE(result.ok());
      lowered = std::move(result).value();
    }
    return lowered->program;
  }

  /// Registers of the last run.
  std::vector<PyObject*> regs;
  std::vector<int64_t> ints;

  /// "pass", or why not: "L['x'] has the type float: int".
  std::string check(const std::vector<Ref>& arguments) {
    std::vector<PyObject*> locals;
    for (const Ref& argument : arguments) locals.push_back(argument.get());
    FrameRoots roots;
    roots.locals = locals.data();
    roots.local_count = static_cast<int>(locals.size());
    roots.function = function.get();
    roots.globals = names.dict().get();
    roots.builtins = PyEval_GetBuiltins();
    regs.assign(program().slot_count + 1, nullptr);
    ints.assign(program().int_count + 1, 0);
    uint32_t at = runGuards(program(), roots, regs.data(), ints.data());
    REQUIRE(PyErr_Occurred() == nullptr);
    if (at == kGuardsPass) return "pass";
    GuardFailure failure = explainGuard(program(), at, regs.data(), ints.data());
    REQUIRE(PyErr_Occurred() == nullptr);
    return failure.source + " " + failure.expected + ": " + failure.actual;
  }
  /// The same for expressions: check("1, 2.0").
  std::string check(const std::string& arguments) {
    Ref tuple = names.eval("(" + arguments + ",)");
    std::vector<Ref> list;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); i++) {
      list.push_back(Ref::borrow(PyTuple_GET_ITEM(tuple.get(), i)));
    }
    keep.push_back(tuple);
    return check(list);
  }
  std::vector<Ref> keep;   ///< arguments of checks, whose addresses regs holds
};

}  // namespace segue::testing
