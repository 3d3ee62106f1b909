#include "backends/callables.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "graph/evaluate.h"

namespace segue {
namespace {

Result<Performer> findPerformer(const OpDef& op) {
  SEGUE_REQUIRE(!op.numpy.empty(), "%s has no NumPy name", std::string(op.name));
  std::string_view name = op.numpy.front();
  if (name == "ndarray.__getitem__" || name == "operator.getitem") return Performer{.kind = StepKind::kGetItem};
  if (name == "py.assert") return Performer{.kind = StepKind::kCheckTruth};
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

Result<Performer> performerOf(const OpDef& op) {
  static auto* known = new absl::flat_hash_map<const OpDef*, Performer>;
  if (auto it = known->find(&op); it != known->end()) return it->second;
  SEGUE_TRY(Performer performer, findPerformer(op));
  known->emplace(&op, performer);
  return performer;
}

}  // namespace segue
