// segue.Graph: what explain shows and what backends from Python receive.
#include "base/python.h"

#include "bindings/graph.h"

#include <fstream>

#include <pybind11/eval.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/bindings.h"
#include "graph/draw.h"
#include "graph/evaluate.h"
#include "graph/parse.h"
#include "graph/passes.h"
#include "graph/print.h"
#include "graph/source.h"
#include "graph/verify.h"

namespace py = pybind11;

namespace segue {
namespace {

void require(const Result<void>& result) {
  if (!result.ok()) throw py::value_error(result.error());
}

/// A size that is not a number: "s0 - 1".
struct PySize {
  std::string text;
  int64_t hint;
};

struct PyNode {
  std::shared_ptr<Graph> graph;  ///< owns the node
  const Node* node;
  friend bool operator==(const PyNode& a, const PyNode& b) { return a.node == b.node; }
};

struct PyGraph {
  std::shared_ptr<Graph> graph;
  py::object function;  ///< made from the source at the first call
};

/// An argument as Python data: nodes, sizes, and constants as themselves.
py::object argObject(const std::shared_ptr<Graph>& graph, const Arg& arg) {
  if (arg.isValue()) return py::cast(PyNode{graph, arg.as<ArgValue>().node});
  if (arg.is<ArgTuple>()) {
    py::list items;
    for (const Arg& item : arg.as<ArgTuple>().items) items.append(argObject(graph, item));
    return arg.as<ArgTuple>().is_list ? py::object(items) : py::object(py::tuple(items));
  }
  if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    py::object start = argObject(graph, slice.start), stop = argObject(graph, slice.stop);
    py::object step = argObject(graph, slice.step);
    return py::reinterpret_steal<py::object>(PySlice_New(start.ptr(), stop.ptr(), step.ptr()));
  }
  if (arg.is<Dim>() && !graph->dims().isConstant(arg.as<Dim>())) {
    return py::cast(PySize{graph->dims().print(arg.as<Dim>()), graph->dims().hint(arg.as<Dim>())});
  }
  Ref constant = constantObject(arg, graph->dims());
  if (!constant) throw py::error_already_set();
  return py::reinterpret_borrow<py::object>(constant.get());
}

py::tuple nodeTuple(const std::shared_ptr<Graph>& graph, absl::Span<Node* const> nodes) {
  py::tuple out(nodes.size());
  for (size_t i = 0; i < nodes.size(); i++) out[i] = py::cast(PyNode{graph, nodes[i]});
  return out;
}

py::dict nodeArgs(const PyNode& self) {
  py::dict out;
  for (size_t i = 0; i < self.node->args.size(); i++) {
    if (self.node->args[i].missing()) continue;
    out[py::str(std::string(self.node->op->params[i].name))] = argObject(self.graph, self.node->args[i]);
  }
  return out;
}

py::tuple outputs(const PyGraph& self) {
  py::list out;
  for (const Arg& arg : self.graph->outputs()) out.append(argObject(self.graph, arg));
  return py::tuple(out);
}

py::object compiledSource(PyGraph& self) {
  if (self.function) return self.function;
  PythonSource source = valueOf(pythonSource(*self.graph));
  py::dict globals;
  globals["__builtins__"] = py::module_::import("builtins");
  globals["__name__"] = "segue.graph";
  py::list constants;
  for (const Ref& constant : source.constants) constants.append(py::reinterpret_borrow<py::object>(constant.get()));
  globals["_constants"] = constants;
  py::exec(source.text, globals);
  self.function = globals["graph"];
  return self.function;
}

py::object run(PyGraph& self, const py::args& inputs) {
  size_t symbols = valueOf(pythonSource(*self.graph)).free_symbols.size();
  size_t expected = self.graph->inputs().size() + symbols;
  if (inputs.size() != expected) {
    throw py::type_error("the graph takes " + std::to_string(expected) + " inputs, not " + std::to_string(inputs.size()));
  }
  return compiledSource(self)(*inputs);
}

void draw(const PyGraph& self, const py::object& path) {
  std::string name = py::str(py::module_::import("os").attr("fspath")(path));
  size_t dot = name.rfind('.');
  std::string suffix = dot == std::string::npos ? "" : name.substr(dot);
  if (suffix != ".svg" && suffix != ".dot") throw py::value_error("the path has to end in .svg or .dot: " + name);
  std::ofstream out(name);
  out << (suffix == ".svg" ? drawSvg(*self.graph) : drawDot(*self.graph));
  out.close();
  if (!out) {
    errno = errno != 0 ? errno : EIO;
    PyErr_SetFromErrnoWithFilename(PyExc_OSError, name.c_str());
    throw py::error_already_set();
  }
}

PyGraph optimized(const PyGraph& self, const std::optional<std::vector<std::string>>& passes) {
  PyGraph out{self.graph->clone(), {}};
  std::vector<std::string_view> names;
  if (passes) {
    names.assign(passes->begin(), passes->end());
  } else {
    names.assign(defaultPasses().begin(), defaultPasses().end());
  }
  PassOptions options;
  options.context.evaluate = evaluateWithNumpy;
  options.verify = true;
  require(runPasses(*out.graph, names, options));
  return out;
}

void bindNode(py::module_& m) {
  py::class_<PySize>(m, "Size", "A symbolic size in a graph, such as `s0 - 1`.")
      .def_readonly("hint", &PySize::hint, "Its value in the call that was traced.")
      .def("__str__", [](const PySize& self) { return self.text; })
      .def("__repr__", [](const PySize& self) { return "<segue.Size " + self.text + ">"; });
  py::class_<PyNode>(m, "Node", "An input of a graph or one operation in it.")
      .def_property_readonly("name", [](const PyNode& self) { return self.node->name; })
      .def_property_readonly(
          "op", [](const PyNode& self) { return self.node->op ? py::object(py::str(std::string(self.node->op->name))) : py::none(); },
          "Name of the operator; None for an input.")
      .def_property_readonly("args", &nodeArgs,
                             "Arguments by parameter name: nodes, sizes and constants. What was not passed is left out.")
      .def_property_readonly("type", [](const PyNode& self) { return printType(*self.node->type, self.graph->dims()); },
                             "The type as text: 'f64[s0, 3]', 'np.f64', 'int'.")
      .def_property_readonly("line", [](const PyNode& self) { return self.node->location.line; },
                             "Line of the user's source; 0 when unknown.")
      .def("__eq__", [](const PyNode& self, const PyNode& other) { return self == other; }, py::is_operator())
      .def("__hash__", [](const PyNode& self) { return std::hash<const void*>()(self.node); })
      .def("__str__", [](const PyNode& self) { return self.node->name; })
      .def("__repr__", [](const PyNode& self) { return "<segue.Node " + self.node->name + ">"; });
}

}  // namespace

Ref wrapGraph(const Graph& graph) {
  return Ref::steal(py::cast(PyGraph{graph.clone(), {}}).release().ptr());
}

void bindGraph(py::module_& m) {
  bindNode(m);
  py::class_<PyGraph>(m, "Graph", "An array program: inputs, operations in order, outputs. str() is its text.")
      .def_static(
          "parse", [](const std::string& text) { return PyGraph{valueOf(parseGraph(text)), {}}; }, py::arg("text"),
          "Reads what str() and text() give. Raises ValueError with the line and what is wrong.")
      .def_property_readonly("inputs", [](const PyGraph& self) { return nodeTuple(self.graph, self.graph->inputs()); })
      .def_property_readonly("nodes", [](const PyGraph& self) { return nodeTuple(self.graph, self.graph->nodes()); },
                             "The operations, in program order.")
      .def_property_readonly("outputs", &outputs, "Nodes and constants.")
      .def_property_readonly("symbols", [](const PyGraph& self) { return valueOf(pythonSource(*self.graph)).free_symbols; },
                             "Names of the sizes that calls take behind the inputs: those that no input's shape gives.")
      .def_property_readonly("code", [](const PyGraph& self) { return valueOf(pythonSource(*self.graph)).text; },
                             "Python source of a function `graph(*inputs)` that calls NumPy node by node.")
      .def("__call__", &run, "Runs `code`: inputs, then values of `symbols`; returns the tuple of outputs.")
      .def("optimized", &optimized, py::arg("passes") = py::none(),
           "A copy behind the named passes (default: those the compiler runs).")
      .def("verify", [](const PyGraph& self) { require(verify(*self.graph)); },
           "Raises ValueError if the graph is not whole.")
      .def("draw", &draw, py::arg("path"), "Writes a picture: .svg, or .dot for Graphviz.")
      .def("text", [](const PyGraph& self, bool types, bool versions) {
             return print(*self.graph, {.types = types, .versions = versions});
           }, py::kw_only(), py::arg("types") = false, py::arg("versions") = false,
           "str() with every node's type, or with the version of every operator: the form to keep in files.")
      .def("__len__", [](const PyGraph& self) { return self.graph->opCount(); })
      .def("__str__", [](const PyGraph& self) { return print(*self.graph); })
      .def("__repr__", [](const PyGraph& self) {
        return "<segue.Graph with " + std::to_string(self.graph->opCount()) + " operations>";
      });
}

}  // namespace segue
