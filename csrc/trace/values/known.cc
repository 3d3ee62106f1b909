#include "trace/values/known.h"

#include "graph/effects.h"
#include "graph/evaluate.h"
#include "trace/tracer.h"

namespace segue {
namespace {

/// Operators below a scalar that are run again to know it, and the elements of the arrays among them.
constexpr int kDeepest = 8;
constexpr int64_t kMostElements = 64;

bool isSmall(const Type& type, const DimTable& dims) {
  int64_t count = 1;
  for (Dim dim : type.shape) {
    if (!dims.isConstant(dim) || dims.constantValue(dim) > kMostElements) return false;
    count *= dims.constantValue(dim);
  }
  return count <= kMostElements;
}

/// Whether constants and symbolic ints say all about the node, which no write has changed.
bool isKnown(const Node& node, const Effects& effects, const DimTable& dims, int depth) {
  if (node.isInput() || depth > kDeepest || !node.regions.empty() || !isSmall(*node.type, dims)) return false;
  if (node.has(OpTag::kNondeterministic) || node.has(OpTag::kWrite) || effects.written(&node)) return false;
  bool known = true;
  for (const Arg& arg : node.args) {
    // The values in tuples and slices are not looked for, and an array that somebody else holds may change between
    // calls.
    if (arg.is<ArgObject>()) known &= PyArray_Check(arg.as<ArgObject>().object.get()) == 0;
    if (!arg.isValue()) {
      forEachValue(arg, [&](const ArgValue&) { known = false; });
    } else {
      known = known && isKnown(*arg.as<ArgValue>().node, effects, dims, depth + 1);
    }
  }
  return known;
}

Ref evaluated(const Node& node, DimTable& dims) {
  std::vector<Arg> args = node.args;
  for (Arg& arg : args) {
    if (arg.is<Dim>()) arg = Arg(dims.constant(dims.specialize(arg.as<Dim>())));
    if (!arg.isValue()) continue;
    Ref made = evaluated(*arg.as<ArgValue>().node, dims);
    if (!made) return {};
    arg = Arg(ArgObject{std::move(made)});
  }
  Evaluation evaluation = evaluateWithNumpy(*node.op, args, dims);
  return evaluation.reported ? Ref() : std::move(evaluation.result);
}

}  // namespace

Ref knownScalar(Tracer& t, GraphValue& scalar) {
  if (!scalar.hasNode()) {
    if (!scalar.source() || !t.isPinned(*scalar.source())) return {};
    return t.sources().node(*scalar.source()).object;
  }
  const Node& node = *scalar.node(t);
  if (node.isInput()) return {};
  if (!isKnown(node, Effects(t.graph()), t.dims(), 0)) return {};
  return evaluated(node, t.dims());
}

}  // namespace segue
