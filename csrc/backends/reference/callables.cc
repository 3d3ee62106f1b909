#include "backends/reference/callables.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "graph/evaluate.h"

namespace segue {
namespace {

const absl::flat_hash_map<std::string, Operator>& binaryOperators() {
  static const auto* table = new absl::flat_hash_map<std::string, Operator>{
      {"add", Operator::kAdd},           {"subtract", Operator::kSubtract},    {"multiply", Operator::kMultiply},
      {"divide", Operator::kTrueDivide}, {"floor_divide", Operator::kFloorDivide},
      {"remainder", Operator::kRemainder}, {"power", Operator::kPower},        {"left_shift", Operator::kLeftShift},
      {"right_shift", Operator::kRightShift}, {"bitwise_and", Operator::kAnd}, {"bitwise_or", Operator::kOr},
      {"bitwise_xor", Operator::kXor}};
  return *table;
}

const absl::flat_hash_map<std::string, Operator>& unaryOperators() {
  static const auto* table = new absl::flat_hash_map<std::string, Operator>{
      {"negative", Operator::kNegative}, {"positive", Operator::kPositive}, {"absolute", Operator::kAbsolute},
      {"invert", Operator::kInvert}};
  return *table;
}

/// NumPy scalars compute with their own arithmetic: the same values as the ufunc's, several times as fast, and integer
/// overflow is a floating-point condition there, which drops the run in case the program used the operator.
bool isScalarArithmetic(const Node& node) {
  size_t count = 0;
  bool any_scalar = false;
  for (const Arg& arg : node.args) {
    if (arg.missing()) continue;
    if (arg.is<std::string>() || arg.is<DType>()) return false;
    std::optional<Type> type = argType(arg);
    if (!type || !(type->isNumpyScalar() || type->isPyScalar())) return false;
    any_scalar |= type->isNumpyScalar();
    count++;
  }
  return any_scalar && count <= 2;
}

std::optional<Performer> scalarPerformer(const Node& node) {
  if (!isScalarArithmetic(node)) return std::nullopt;
  std::string name(node.op->name);
  if (auto it = binaryOperators().find(name); it != binaryOperators().end()) {
    return Performer{.kind = StepKind::kBinary, .op = it->second};
  }
  if (auto it = unaryOperators().find(name); it != unaryOperators().end()) {
    return Performer{.kind = StepKind::kUnary, .op = it->second};
  }
  return std::nullopt;
}

Result<Performer> findPerformer(const OpDef& op) {
  SEGUE_REQUIRE(!op.numpy.empty(), "%s has no NumPy name", std::string(op.name));
  std::string_view name = op.numpy.front();
  if (name == "ndarray.__getitem__" || name == "operator.getitem") return Performer{.kind = StepKind::kGetItem};
  if (name == "ndarray.__setitem__" || name == "operator.setitem") return Performer{.kind = StepKind::kSetItem};
  Ref object = Ref::borrow(numpyCallable(name));
  SEGUE_REQUIRE(static_cast<bool>(object), "this NumPy has no %s", std::string(name));
  if (object.type() == &PyGetSetDescr_Type) {
    std::string attribute(name.substr(name.rfind('.') + 1));
    return Performer{.kind = StepKind::kGetAttr, .object = Ref::steal(PyUnicode_InternFromString(attribute.c_str()))};
  }
  SEGUE_REQUIRE(PyCallable_Check(object.get()), "%s is not callable", std::string(name));
  return Performer{.kind = StepKind::kCall, .object = std::move(object)};
}

}  // namespace

Result<Performer> performerOf(const Node& node) {
  if (auto scalar = scalarPerformer(node)) return *std::move(scalar);
  static auto* known = new absl::flat_hash_map<const OpDef*, Performer>;
  if (auto it = known->find(node.op); it != known->end()) return it->second;
  SEGUE_TRY(Performer performer, findPerformer(*node.op));
  known->emplace(node.op, performer);
  return performer;
}

}  // namespace segue
