#include "base/python.h"

#include "graph/passes/constant_folding.h"

#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes/rewrite.h"

namespace segue {
namespace {

/// Arrays above it are not worth keeping alive with the segment.
constexpr npy_intp kMaxFoldedBytes = 64 * 1024;

bool isConstant(const Arg& arg, const DimTable& dims) {
  if (arg.isValue()) return false;
  if (arg.is<Dim>()) return dims.isConstant(arg.as<Dim>());
  if (arg.is<ArgTuple>()) {
    for (const Arg& item : arg.as<ArgTuple>().items) {
      if (!isConstant(item, dims)) return false;
    }
  }
  if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    return isConstant(slice.start, dims) && isConstant(slice.stop, dims) && isConstant(slice.step, dims);
  }
  // An array that somebody else holds may change between calls.
  return !arg.is<ArgObject>() || !PyArray_Check(arg.as<ArgObject>().object.get());
}

/// The object as an argument; ArgMissing for what cannot be one.
Arg toArg(const Ref& object, DimTable& dims) {
  PyObject* p = object.get();
  if (PyBool_Check(p)) return p == Py_True;
  if (PyFloat_CheckExact(p)) return PyFloat_AS_DOUBLE(p);
  if (PyComplex_CheckExact(p)) return std::complex<double>(PyComplex_RealAsDouble(p), PyComplex_ImagAsDouble(p));
  if (PyLong_CheckExact(p)) {
    int overflow = 0;
    int64_t value = PyLong_AsLongLongAndOverflow(p, &overflow);
    return overflow == 0 ? Arg(dims.constant(value)) : Arg();
  }
  if (PyArray_CheckExact(p) && PyArray_NBYTES(reinterpret_cast<PyArrayObject*>(p)) > kMaxFoldedBytes) return {};
  return ArgObject{object};
}

class ConstantFolding {
 public:
  ConstantFolding(Graph& graph, const PassContext& context)
      : graph_(graph), context_(context), effects_(graph), replacements_(graph) {}

  void run(Block& block) {
    for (Node* node : block.nodes) {
      replacements_.apply(*node);
      for (const auto& region : node->regions) run(*region);
      if (isCandidate(*node)) fold(*node);
    }
    replacements_.applyToResults(block);
    std::erase_if(block.nodes, [this](const Node* node) { return !replacements_.of(node).missing(); });
  }

 private:
  bool isCandidate(const Node& node) const {
    if (!node.regions.empty() || node.has(OpTag::kNondeterministic) || node.has(OpTag::kWrite)) return false;
    bool is_bool = node.type->kind == TypeKind::kPyBool;
    if (effects_.written(&node) || (effects_.identityEscapes(&node) && !is_bool)) return false;
    if (effects_.escapes(&node) && !is_bool) return false;
    for (const Arg& arg : node.args) {
      if (!isConstant(arg, graph_.dims())) return false;
    }
    return true;
  }

  void fold(const Node& node) {
    Evaluation evaluation = context_.evaluate(*node.op, node.args, graph_.dims());
    if (!evaluation.result || (evaluation.reported && !SEGUE_FAULT(FoldedWarning))) return;
    Arg folded = toArg(evaluation.result, graph_.dims());
    std::optional<Type> type = argType(folded);
    if (type && *type == *node.type) replacements_.replace(&node, std::move(folded));
  }

  Graph& graph_;
  const PassContext& context_;
  Effects effects_;
  Replacements replacements_;
};

}  // namespace

void foldConstants(Graph& graph, const PassContext& context) {
  if (context.evaluate) ConstantFolding(graph, context).run(graph.body());
}

}  // namespace segue
