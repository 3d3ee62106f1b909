#include "base/python.h"

#include "graph/passes/variances.h"

#include <algorithm>
#include <optional>

#include "base/fault.h"
#include "graph/passes/rewrite.h"
#include "ops/rules/shapes.h"

namespace segue {
namespace {

class Variances {
 public:
  explicit Variances(Graph& graph) : graph_(graph) {}

  void run() {
    Replacements values(graph_);
    std::vector<Node*> out;
    for (Node* node : graph_.nodes()) {
      values.apply(*node);
      std::optional<std::vector<Node*>> steps = isVariance(*node) && keepsStrides(*node) ? stepsOf(*node) : std::nullopt;
      if (!steps) {
        out.push_back(node);
        continue;
      }
      values.replace(node, Graph::use(steps->back()));
      out.insert(out.end(), steps->begin(), steps->end());
    }
    values.applyToResults(graph_.body());
    graph_.body().nodes = std::move(out);
  }

 private:
  static const Arg& argOf(const Node& node, std::string_view name) { return node.args[static_cast<size_t>(node.op->paramIndex(name))]; }

  /// A call without anything but an axis, ddof and keepdims.
  static bool isVariance(const Node& node) {
    if (node.isInput() || (node.op->name != "var" && node.op->name != "std") || !node.args[0].isValue()) return false;
    for (const char* name : {"dtype", "out", "where"}) {
      if (!argOf(node, name).missing() && !argOf(node, name).isNone()) return false;
    }
    const Type& operand = *node.args[0].as<ArgValue>().type;
    const bool real = operand.dtype == DType::kF32 || operand.dtype == DType::kF64, whole = operand.dtype == DType::kBool || isIntegral(operand.dtype);
    const bool plain = argOf(node, "keepdims").missing() || argOf(node, "keepdims").is<bool>();
    return operand.isArray() && operand.ndim() > 0 && operand.layout.known && (real || whole) && plain &&
           (argOf(node, "ddof").missing() || argOf(node, "ddof").is<Dim>());
  }

  static bool keepsAxes(const Node& node) { return argOf(node, "keepdims").is<bool>() && argOf(node, "keepdims").as<bool>(); }

  /// Whether the steps' results have the strides of the sum that NumPy's own steps write over: in Fortran order an axis of length 1 may stand
  /// among the others there as it does not in a new array.
  bool keepsStrides(const Node& node) const {
    const Type& operand = *node.args[0].as<ArgValue>().type;
    const bool ones = std::any_of(operand.shape.begin(), operand.shape.end(), [this](Dim dim) { return graph_.dims().hint(dim) == 1; });
    return operand.layout.c_contiguous || !(ones || keepsAxes(node));
  }

  std::optional<std::vector<Node*>> stepsOf(const Node& node) {
    DimTable& dims = graph_.dims();
    Steps steps(graph_, node);
    const Arg &x = node.args[0], &axis = argOf(node, "axis"), &ddof = argOf(node, "ddof");
    const Type& operand = *x.as<ArgValue>().type;
    const Result<uint64_t> axes = axesMask(axis, operand.ndim(), dims);
    if (!axes.ok()) return std::nullopt;
    // NumPy keeps the mean's axes. Means over the first ones spread over the array without them; a mean of everything is a number then.
    const bool first = (axes.value() & (axes.value() + 1)) == 0;
    const Arg mean = steps.step("numpy.mean", {x, axis}, keepdims(!first));
    const Arg deviation = steps.step("numpy.subtract", {x, mean});
    const Arg square = steps.step("numpy.multiply", {deviation, deviation});
    const bool all_free = ddof.missing() || ddof.as<Dim>() == dims.constant(0) || SEGUE_FAULT(VariancesIgnoreDdof);
    Arg variance = steps.step(all_free ? "numpy.mean" : "numpy.sum", {square, axis}, keepdims(keepsAxes(node)));
    if (!all_free) {
      const Result<Dim> freedom = freedomOf(operand, axes.value(), ddof.as<Dim>());
      if (!freedom.ok()) return std::nullopt;
      variance = divided(steps, variance, freedom.value(), node);
    }
    if (node.op->name == "std") steps.step("numpy.sqrt", {variance});
    return steps.take(steps.last());
  }

  /// As people write it, so that their own means of the array are the same nodes.
  static std::vector<std::pair<std::string, Arg>> keepdims(bool keeps) {
    if (!keeps) return {};
    return {{"keepdims", true}};
  }

  Result<Dim> freedomOf(const Type& operand, uint64_t axes, Dim ddof) {
    Dim count = graph_.dims().constant(1);
    for (int i = 0; i < operand.ndim(); i++) {
      if (((axes >> i) & 1) == 0) continue;
      SEGUE_TRY(count, graph_.dims().mul(count, operand.shape[static_cast<size_t>(i)]));
    }
    return graph_.dims().sub(count, ddof);
  }

  /// Of single precision, too, NumPy divides in double.
  static Arg divided(Steps& steps, const Arg& sum, Dim freedom, const Node& node) {
    const bool number = !node.type->isArray();
    if (node.type->dtype == DType::kF64) return steps.step(number ? "generic.__truediv__" : "numpy.true_divide", {sum, freedom});
    if (number) {
      const Arg quotient = steps.step("generic.__truediv__", {steps.step("numpy.positive", {sum}, {{"dtype", DType::kF64}}), freedom});
      return steps.step("numpy.positive", {quotient}, {{"dtype", DType::kF32}, {"casting", std::string("same_kind")}});
    }
    const Arg quotient = steps.step("numpy.true_divide", {steps.step("ndarray.astype", {sum, DType::kF64}), freedom});
    return steps.step("ndarray.astype", {quotient, DType::kF32});
  }

  Graph& graph_;
};

}  // namespace

void separateVariances(Graph& graph, const PassContext&) { Variances(graph).run(); }

}  // namespace segue
