#include "base/python.h"

#include "graph/print.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"

namespace segue {
namespace {

constexpr char kPlaceholderAttribute[] = "segue.graph.placeholder";

/// The name under which an object is printed: its type's, or what a placeholder stands for.
std::string objectTypeName(PyObject* object) {
  if (PyCapsule_IsValid(object, kPlaceholderAttribute)) {
    return static_cast<const std::string*>(PyCapsule_GetPointer(object, kPlaceholderAttribute))->c_str();
  }
  return Py_TYPE(object)->tp_name;
}

class Printer {
 public:
  Printer(const DimTable& dims, PrintOptions options) : dims_(dims), options_(options) {}

  std::string graph(const Graph& graph) {
    out_ = "graph(";
    params(graph.body());
    out_ += ") {";
    indent_++;
    statements(graph.body(), "return");
    indent_--;
    newLine("");
    out_ += "}";
    return std::move(out_);
  }

  std::string arg(const Arg& value) {
    argument(value);
    return std::move(out_);
  }

 private:
  template <class... Parts>
  void append(const Parts&... parts) {
    ((out_ += parts), ...);
  }

  void newLine(std::string_view separator) {
    if (options_.one_line) {
      append(separator, " ");
    } else {
      out_ += "\n";
      out_.append(2 * indent_, ' ');
    }
  }

  void params(const Block& block) {
    const char* separator = "";
    for (const Node* param : block.params) {
      append(separator, param->name, ": ", printType(*param->type, dims_));
      separator = ", ";
    }
  }

  void statements(const Block& block, std::string_view last) {
    const char* separator = "";
    for (const Node* node : block.nodes) {
      newLine(separator);
      statement(*node);
      separator = ";";
    }
    newLine(separator);
    out_ += last;
    separator = " ";
    for (const Arg& result : block.results) {
      out_ += separator;
      argument(result);
      separator = ", ";
    }
  }

  void statement(const Node& node) {
    out_ += node.name;
    bool untyped = node.op->rule != nullptr && node.regions.empty();
    if (options_.types || !untyped) append(": ", printType(*node.type, dims_));
    append(" = ", node.op->name);
    bool by_name = options_.versions;
    if (options_.versions) append("@", std::to_string(node.op->version));
    for (size_t i = 0; i < node.args.size(); i++) {
      const OpParam& param = node.op->params[i];
      by_name |= param.keyword_only || !param.default_text.empty();
      if (node.args[i].missing()) {
        by_name = true;  // what follows is no longer at its position
        continue;
      }
      out_ += ' ';
      if (by_name) append(param.name, "=");
      argument(node.args[i]);
    }
    for (const auto& region : node.regions) {
      out_ += " {";
      indent_++;
      newLine("");
      out_ += "(";
      params(*region);
      out_ += ")";
      statements(*region, "yield");
      indent_--;
      newLine("");
      out_ += "}";
    }
  }

  void items(const std::vector<Arg>& args) {
    const char* separator = "";
    for (const Arg& item : args) {
      out_ += separator;
      argument(item);
      separator = ", ";
    }
  }

  void slice(const ArgSlice& slice) {
    if (!slice.start.isNone()) argument(slice.start);
    out_ += ":";
    if (!slice.stop.isNone()) argument(slice.stop);
    if (slice.step.isNone()) return;
    out_ += ":";
    argument(slice.step);
  }

  void object(PyObject* object) {
    auto [it, inserted] = objects_.try_emplace(object, objects_.size());
    append("<", objectTypeName(object), " #", std::to_string(it->second), ">");
  }

  void argument(const Arg& arg) {
    if (arg.isValue()) {
      out_ += arg.as<ArgValue>().node->name;
    } else if (arg.isNone()) {
      out_ += "None";
    } else if (arg.is<bool>()) {
      out_ += arg.as<bool>() ? "True" : "False";
    } else if (arg.is<Dim>()) {
      out_ += dims_.print(arg.as<Dim>());
    } else if (arg.is<double>()) {
      out_ += printFloat(arg.as<double>());
    } else if (arg.is<std::complex<double>>()) {
      const auto& value = arg.as<std::complex<double>>();
      append("complex(", printFloat(value.real()), ", ", printFloat(value.imag()), ")");
    } else if (arg.is<std::string>()) {
      append("\"", absl::Utf8SafeCEscape(arg.as<std::string>()), "\"");
    } else if (arg.is<DType>()) {
      out_ += dtypeName(arg.as<DType>());
    } else if (arg.is<ArgEllipsis>()) {
      out_ += "...";
    } else if (arg.is<ArgTuple>()) {
      const ArgTuple& tuple = arg.as<ArgTuple>();
      out_ += tuple.is_list ? "[" : "(";
      items(tuple.items);
      out_ += tuple.is_list ? "]" : tuple.items.size() == 1 ? ",)" : ")";
    } else if (arg.isSlice()) {
      slice(*arg.as<std::shared_ptr<const ArgSlice>>());
    } else if (arg.is<ArgObject>()) {
      object(arg.as<ArgObject>().object.get());
    } else {
      out_ += "missing";
    }
  }

  const DimTable& dims_;
  PrintOptions options_;
  std::string out_;
  int indent_ = 0;
  absl::flat_hash_map<PyObject*, size_t> objects_;  ///< numbers of the objects printed so far
};

}  // namespace

std::string printFloat(double value) {
  if (std::isnan(value)) {
    uint64_t bits = std::bit_cast<uint64_t>(value);
    uint64_t usual = std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN());
    return bits == usual ? "nan" : absl::StrFormat("nan(0x%x)", bits);
  }
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[32];
  auto [end, code] = std::to_chars(buffer, buffer + sizeof buffer, value);
  std::string text(buffer, end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

Ref makePlaceholder(std::string_view type_name) {
  auto name = std::make_unique<std::string>(type_name);
  Ref capsule = Ref::steal(PyCapsule_New(name.get(), kPlaceholderAttribute, [](PyObject* self) {
    delete static_cast<std::string*>(PyCapsule_GetPointer(self, kPlaceholderAttribute));
  }));
  SEGUE_CHECK(capsule, "no memory for a placeholder");
  (void)name.release();
  return capsule;
}

std::string printArg(const Arg& arg, const DimTable& dims) { return Printer(dims, {}).arg(arg); }
std::string print(const Graph& graph, PrintOptions options) { return Printer(graph.dims(), options).graph(graph); }

}  // namespace segue
