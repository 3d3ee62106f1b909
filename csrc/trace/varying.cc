// Values that are other ones time after time (TraceRequest::varying): making constants of them would make an entry each.
//
// A text, a container or a function that varies is opaque: it may be passed on, and using it breaks. A number that varies is a symbol like any other,
// and a step that settles it (an equality is recorded) breaks instead.
#include <algorithm>

#include "trace/tracer.h"

namespace segue {

bool Tracer::isVarying(Source source) const {
  if (request_.varying.empty()) return false;
  return request_.varying.contains(result_.sources->print(source, reinterpret_cast<PyObject*>(request_.code->object())));
}

// Sizes of arrays are left out: values that are known already may depend on a size of 0 or 1.
bool Tracer::dependsOnVarying(Dim dim) {
  const DimExpr& expr = dims().expr(dim);
  if (expr.op == DimOp::kConstant || expr.op == DimOp::kDataSize) return false;
  if (expr.op != DimOp::kSymbol) return dependsOnVarying(expr.lhs) || dependsOnVarying(expr.rhs);
  const DimOrigin& origin = guards().dimOrigins()[static_cast<size_t>(expr.value)];
  return (origin.kind == DimOrigin::Kind::kIntValue || origin.kind == DimOrigin::Kind::kLength) && isVarying(origin.source);
}

bool Tracer::pinsVarying(size_t count) {
  if (request_.varying.empty()) return false;
  const absl::Span<const DimRelation> recorded = dims().relations().subspan(count);
  return std::any_of(recorded.begin(), recorded.end(), [&](const DimRelation& relation) {
    return relation.kind == DimRelationKind::kEq && (dependsOnVarying(relation.lhs) || dependsOnVarying(relation.rhs));
  });
}

// What else the step decided stays decided, as with every break.
void Tracer::dropVarying(size_t count) {
  if (!pinsVarying(count)) return;
  const absl::Span<const DimRelation> recorded = dims().relations().subspan(count);
  std::vector<DimRelation> decided(recorded.begin(), recorded.end());
  dims().truncateRelations(count);
  for (const DimRelation& relation : decided) {
    if (dims().dependsOnData(relation)) continue;   // of a result that the step has not made
    switch (relation.kind) {
      case DimRelationKind::kEq:
        if (dependsOnVarying(relation.lhs) || dependsOnVarying(relation.rhs)) break;
        [[fallthrough]];
      case DimRelationKind::kNe: (void)dims().decideEqual(relation.lhs, relation.rhs); break;
      case DimRelationKind::kLt: (void)dims().decideLess(relation.lhs, relation.rhs); break;
      case DimRelationKind::kLe: (void)dims().decideLessEqual(relation.lhs, relation.rhs); break;
    }
  }
}

}  // namespace segue
