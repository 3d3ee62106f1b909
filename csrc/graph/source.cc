#include "base/python.h"

#include "graph/source.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "graph/print.h"
#include "graph/sizes.h"

namespace segue {
namespace {

std::string numpyDTypeName(DType dtype) {
  if (dtype == DType::kBool) return "bool_";
  const char* kind = isComplex(dtype) ? "complex" : isFloating(dtype) ? "float" : dtypeKind(dtype) == 'u' ? "uint" : "int";
  return kind + std::to_string(8 * dtypeItemSize(dtype));
}

std::string floatLiteral(double value) {
  if (std::isnan(value)) return "float('nan')";
  if (std::isinf(value)) return value > 0 ? "float('inf')" : "float('-inf')";
  return printFloat(value);
}

std::string complexLiteral(std::complex<double> value) {
  return "complex(" + floatLiteral(value.real()) + ", " + floatLiteral(value.imag()) + ")";
}

/// A NumPy scalar of a modelled dtype as a call of its type; empty where the literal would not give the same bits.
std::string scalarLiteral(PyObject* object) {
  std::optional<DType> dtype = dtypeFromScalarType(Py_TYPE(object));
  if (!dtype) return "";
  Ref item = Ref::steal(PyObject_CallMethod(object, "item", nullptr));
  if (!item) {
    PyErr_Clear();
    return "";
  }
  std::string value;
  if (PyFloat_CheckExact(item.get())) {
    if (std::isnan(PyFloat_AS_DOUBLE(item.get()))) return "";
    value = floatLiteral(PyFloat_AS_DOUBLE(item.get()));
  } else if (PyComplex_CheckExact(item.get())) {
    std::complex<double> number(PyComplex_RealAsDouble(item.get()), PyComplex_ImagAsDouble(item.get()));
    if (std::isnan(number.real()) || std::isnan(number.imag())) return "";
    value = complexLiteral(number);
  } else {
    Ref text = Ref::steal(PyObject_Repr(item.get()));
    value = PyUnicode_AsUTF8(text.get());
  }
  return "np." + numpyDTypeName(*dtype) + "(" + value + ")";
}

class SourceWriter {
 public:
  SourceWriter(const DimTable& dims, std::vector<Ref>& constants) : dims_(dims), constants_(constants) {}

  std::string call(const OpDef& op, absl::Span<const Arg> args) {
    std::string_view name = op.numpy.empty() ? op.name : op.numpy[0];
    if (name == "ndarray.__getitem__") return argument(args[0]) + "[" + subscript(args[1]) + "]";
    // (No assert statement: `python -O` leaves them out.)
    if (name == "py.assert") return (args[1].as<bool>() ? "if not " : "if ") + argument(args[0]) + ": raise AssertionError";
    if (name == "ndarray.__setitem__") {
      return argument(args[0]) + "[" + subscript(args[1]) + "] = " + argument(args[2]);
    }
    std::vector<std::string> words = arguments(op, name, args);
    if (name.starts_with("ndarray.")) {
      std::string receiver = words.empty() ? "" : words[0];
      if (!words.empty()) words.erase(words.begin());
      return receiver + std::string(name.substr(7)) + "(" + join(words) + ")";
    }
    std::string callee(name);
    if (name.starts_with("numpy.")) callee = "np" + std::string(name.substr(5));
    return callee + "(" + join(words) + ")";
  }

  std::string argument(const Arg& arg) {
    if (arg.isValue()) return arg.as<ArgValue>().node->name;
    if (arg.is<bool>()) return arg.as<bool>() ? "True" : "False";
    if (arg.is<Dim>()) return dims_.print(arg.as<Dim>());
    if (arg.is<double>()) return floatLiteral(arg.as<double>());
    if (arg.is<std::complex<double>>()) return complexLiteral(arg.as<std::complex<double>>());
    if (arg.is<std::string>()) return "\"" + absl::Utf8SafeCEscape(arg.as<std::string>()) + "\"";
    if (arg.is<DType>()) return "np." + numpyDTypeName(arg.as<DType>());
    if (arg.is<ArgEllipsis>()) return "...";
    if (arg.is<ArgTuple>()) return sequence(arg.as<ArgTuple>());
    if (arg.isSlice()) {
      const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
      return "slice(" + argument(slice.start) + ", " + argument(slice.stop) + ", " + argument(slice.step) + ")";
    }
    if (arg.is<ArgObject>()) return object(arg.as<ArgObject>().object);
    return "None";
  }

 private:
  static std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
  }

  std::string sequence(const ArgTuple& tuple) {
    std::vector<std::string> items;
    for (const Arg& item : tuple.items) items.push_back(argument(item));
    if (tuple.is_list) return "[" + join(items) + "]";
    return "(" + join(items) + (items.size() == 1 ? ",)" : ")");
  }

  std::string object(const Ref& object) {
    std::string literal = scalarLiteral(object.get());
    if (!literal.empty()) return literal;
    auto same = [&](const Ref& constant) { return constant.get() == object.get(); };
    auto it = std::find_if(constants_.begin(), constants_.end(), same);
    size_t index = it - constants_.begin();
    if (it == constants_.end()) constants_.push_back(object);
    return "_constants[" + std::to_string(index) + "]";
  }

  /// An index between square brackets: slices with colons, no parentheses around a tuple.
  std::string subscript(const Arg& index) {
    if (index.isSlice()) {
      const ArgSlice& slice = *index.as<std::shared_ptr<const ArgSlice>>();
      auto part = [this](const Arg& arg) { return arg.isNone() ? std::string() : argument(arg); };
      return part(slice.start) + ":" + part(slice.stop) + (slice.step.isNone() ? "" : ":" + part(slice.step));
    }
    bool tuple = index.is<ArgTuple>() && !index.as<ArgTuple>().is_list && !index.as<ArgTuple>().items.empty();
    if (!tuple) return argument(index);
    std::vector<std::string> items;
    for (const Arg& item : index.as<ArgTuple>().items) items.push_back(subscriptItem(item));
    return join(items) + (items.size() == 1 ? "," : "");
  }

  std::string subscriptItem(const Arg& item) { return item.isSlice() ? subscript(item) : argument(item); }

  /// Arguments as the callable of that name takes them.
  std::vector<std::string> arguments(const OpDef& op, std::string_view name, absl::Span<const Arg> args) {
    std::vector<std::string> out;
    const LibraryName* library = findNumpyName(name);
    bool in_order = true;
    auto put = [&](const OpParam& param, const Arg& arg, bool positional, std::string_view keyword) {
      if (arg.missing()) {
        in_order = false;
      } else if (positional && (in_order || keyword.empty())) {
        out.push_back(argument(arg));
      } else {
        out.push_back(std::string(keyword.empty() ? param.name : keyword) + "=" + argument(arg));
      }
    };
    if (library == nullptr) {
      for (size_t i = 0; i < args.size(); i++) put(op.params[i], args[i], !op.params[i].keyword_only, op.params[i].name);
      return out;
    }
    for (const CallSlot& slot : library->slots) {
      const Arg& arg = args[slot.param];
      if (slot.kind == CallSlot::Kind::kCopy) continue;
      if (slot.kind == CallSlot::Kind::kRest) {
        if (!arg.missing()) out.push_back("*" + argument(arg));
      } else {
        put(op.params[slot.param], arg, slot.positional, slot.keyword);
      }
    }
    return out;
  }

  const DimTable& dims_;
  std::vector<Ref>& constants_;
};

/// "x.shape[1]" for a symbol that is some input's size; empty otherwise.
std::string shapeSource(const Graph& graph, size_t symbol) {
  for (const Node* input : graph.inputs()) {
    if (!input->type->isArray()) continue;
    for (size_t axis = 0; axis < input->type->shape.size(); axis++) {
      const DimExpr& e = graph.dims().expr(input->type->shape[axis]);
      if (e.op == DimOp::kSymbol && static_cast<size_t>(e.value) == symbol) {
        return input->name + ".shape[" + std::to_string(axis) + "]";
      }
    }
  }
  return "";
}

/// "d0 = v3.shape[0]", or "d0 = v3[1].shape[0]" of several results.
std::string sizeSource(const DefinedSize& size, const DimTable& dims) {
  const std::string item = size.at.item < 0 ? "" : absl::StrCat("[", size.at.item, "]");
  return absl::StrCat(dims.print(size.at.size), " = ", size.node->name, item, ".shape[", size.at.axis, "]");
}

}  // namespace

std::string callSource(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims, std::vector<Ref>& constants) {
  return SourceWriter(dims, constants).call(op, args);
}

std::vector<Dim> freeSymbols(const Graph& graph) {
  const DimTable& dims = graph.dims();
  const SizeUses uses(graph);
  std::vector<Dim> free(dims.symbols().size());
  for (uint32_t id = 0; id < dims.size(); id++) {
    if (dims.expr(Dim{id}).op == DimOp::kSymbol) free[static_cast<size_t>(dims.expr(Dim{id}).value)] = Dim{id};
  }
  std::vector<Dim> out;
  for (size_t i = 0; i < free.size(); i++) {
    if (uses.symbol(i) && shapeSource(graph, i).empty()) out.push_back(free[i]);
  }
  return out;
}

Result<PythonSource> pythonSource(const Graph& graph) {
  PythonSource out;
  SourceWriter writer(graph.dims(), out.constants);
  std::string body;
  bool uses_operator = false;
  const SizeUses uses(graph);
  const std::vector<DefinedSize> sizes = definedSizes(graph);
  auto size = sizes.begin();
  for (const Node* node : graph.nodes()) {
    SEGUE_REQUIRE(node->regions.empty(), "node '%s' has regions, which have no Python source yet", node->name);
    const std::string_view name = node->op->numpy.empty() ? "" : node->op->numpy[0];
    const bool is_statement = name == "ndarray.__setitem__" || name == "py.assert";
    uses_operator |= name.starts_with("operator.");
    body += "    " + (is_statement ? "" : node->name + " = ") + writer.call(*node->op, node->args) + "\n";
    for (; size != sizes.end() && size->node == node; ++size) {
      if (uses.dataSize(size->at.size)) body += "    " + sizeSource(*size, graph.dims()) + "\n";
    }
  }
  std::string results;
  for (const Arg& result : graph.outputs()) {
    results += writer.argument(result) + (graph.outputs().size() == 1 ? "," : "") + ", ";
  }
  if (!results.empty()) results.resize(results.size() - 2);
  std::string params, preamble;
  for (const Node* input : graph.inputs()) params += (params.empty() ? "" : ", ") + input->name;
  for (size_t i = 0; i < graph.dims().symbols().size(); i++) {
    const std::string shape = uses.symbol(i) ? shapeSource(graph, i) : "";
    if (!shape.empty()) preamble += "    " + graph.dims().symbols()[i].name + " = " + shape + "\n";
  }
  for (Dim symbol : freeSymbols(graph)) {
    out.free_symbols.push_back(graph.dims().symbols()[static_cast<size_t>(graph.dims().expr(symbol).value)].name);
    params += (params.empty() ? "" : ", ") + out.free_symbols.back();
  }
  out.text = std::string(uses_operator ? "import operator\n\n" : "") + "import numpy as np\n\n\ndef graph(" + params + "):\n" +
             preamble + body + "    return (" + results + ")\n";
  return out;
}

}  // namespace segue
