#include "backends/llvm/candidate.h"

#include <string_view>

namespace segue::llvm {
namespace {

/// Whether kernels can compute a node for the status that it sets: for that the last operator must be one that they can keep.
bool canBeKept(const Pointwise& pointwise) {
  constexpr std::string_view kKept[] = {"add(", "sub(", "mul(", "div("};
  if (isComplex(pointwise.loop[0]) && pointwise.expression.starts_with("div(")) return false;
  return isFloating(partDType(pointwise.loop[0])) &&
         std::any_of(std::begin(kKept), std::end(kKept), [&](std::string_view name) { return pointwise.expression.starts_with(name); });
}

}  // namespace

std::optional<Candidate> candidateOf(Node* node, size_t position, bool unused, const Effects& effects, DimTable& dims, bool exact) {
  Candidate out{.node = node, .position = position};
  if ((out.store = storeOf(*node, effects, dims))) return out;
  out.pointwise = pointwiseOf(*node, dims, exact);
  out.unused = unused;
  if (unused) return out.pointwise && canBeKept(*out.pointwise) ? std::optional(std::move(out)) : std::nullopt;
  if (!out.pointwise) out.reduction = reductionOf(*node, dims, exact);
  if (!out.pointwise && !out.reduction) out.scan = scanOf(*node, dims);
  if (!out.pointwise && !out.reduction && !out.scan) out.gather = gatherOf(*node, dims);
  if (!out.pointwise && !out.reduction && !out.scan && !out.gather) out.scatter = scatterOf(*node, dims);
  return out.pointwise || out.reduction || out.scan || out.gather || out.scatter ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace segue::llvm
