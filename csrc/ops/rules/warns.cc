// When NumPy warns in other ways than through errstate (`warns_if` in ops.yaml). What depends on sizes becomes a relation
// that guards keep: a call whose sizes would warn finds no entry, breaks, and has NumPy warn.
#include "base/python.h"

#include "ops/rules/reduction.h"

namespace segue::rules {
namespace {

/// Elements that each result of (a, axis, …) comes from. None: the type rule will say what is wrong with the call.
std::optional<Dim> reducedElements(const OpCall& call) {
  Result<Reduced> reduced = reducedOf(call, 0, 1, -1);
  if (!reduced.ok()) return std::nullopt;
  Result<Dim> count = reducedCount(reduced.value(), call.dims());
  return count.ok() ? std::optional<Dim>(count.value()) : std::nullopt;
}

}  // namespace

bool averagesNothing(const OpCall& call) {
  std::optional<Dim> count = reducedElements(call);
  return count && call.dims().decideLess(*count, call.dims().constant(1));
}

bool lacksFreedom(const OpCall& call) {
  const Arg& given = call.arg("ddof");
  Dim ddof = given.is<Dim>() ? given.as<Dim>() : call.dims().constant(0);
  std::optional<Dim> count = reducedElements(call);
  return count && call.dims().decideLessEqual(*count, ddof);
}

bool countsBooleans(const OpCall& call) {
  std::optional<Type> type = call.type(0);
  return type && type->dtype == DType::kBool;
}

}  // namespace segue::rules
