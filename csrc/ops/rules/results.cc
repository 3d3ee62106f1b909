// Results of operators that return several.
#include "base/python.h"

#include "ops/op.h"

namespace segue::rules {

// ((T0, T1, …), i) -> Ti: of a value with several results, or of values put together.
Result<Type> resultItem(OpCall& call) {
  const Arg& results = call.arg(0);
  SEGUE_REQUIRE(call.arg(1).is<Dim>(), "the index of a result is an int");
  int64_t index = call.dims().specialize(call.arg(1).as<Dim>());
  call.setSharing(Sharing::kUnknown);
  auto inBounds = [index](size_t size) { return index >= 0 && index < static_cast<int64_t>(size); };
  if (results.is<ArgTuple>()) {
    const std::vector<Arg>& items = results.as<ArgTuple>().items;
    std::optional<Type> type = inBounds(items.size()) ? argType(items[index]) : std::nullopt;
    SEGUE_REQUIRE(type.has_value(), "there is no result %d", index);
    return std::move(*type);
  }
  SEGUE_REQUIRE(results.isValue(), "the results of an operator are a value of the graph");
  const Type& type = *results.as<ArgValue>().type;
  SEGUE_REQUIRE(type.kind == TypeKind::kTuple || type.kind == TypeKind::kList, "an operator with one result");
  SEGUE_REQUIRE(inBounds(type.items.size()), "there is no result %d", index);
  return type.items[index];
}

}  // namespace segue::rules
