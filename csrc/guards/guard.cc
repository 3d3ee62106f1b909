#include "guards/guard.h"

#include "absl/strings/str_cat.h"
#include "base/errstate.h"
#include "base/fault.h"
#include "program/constants.h"

namespace segue {
namespace {

UnstableAssumption unstable_assumption = nullptr;

uint64_t address(BorrowedRef object) { return reinterpret_cast<uint64_t>(object.get()); }

}  // namespace

void setUnstableAssumptions(UnstableAssumption unstable) { unstable_assumption = unstable; }

bool isUnstable(AssumptionKind kind, BorrowedRef owner, BorrowedRef key) {
  return unstable_assumption != nullptr && unstable_assumption(kind, owner, key);
}

// Two guards are one when everything they compare is. Operands are told apart by identity: the same constant met twice
// is nearly always the same object, and a guard too many costs little.
void GuardSet::add(Guard guard) {
  std::string key = absl::StrCat("g", static_cast<int>(guard.kind), " ", guard.source.id, " ", guard.other.id, " ",
                                 guard.number, " ", address(guard.operand));
  if (guard.kind == GuardKind::kArray) {
    const ArrayFacts& a = guard.array;
    absl::StrAppend(&key, " ", a.descr, " ", a.ndim, " ", a.flags_mask, " ", a.flags);
  }
  if (seen_.try_emplace(std::move(key), guards_.size()).second) guards_.push_back(std::move(guard));
}

void GuardSet::type(Source source, PyTypeObject* type) {
  add({GuardKind::kType, source, Ref::borrow(reinterpret_cast<PyObject*>(type))});
}

void GuardSet::identity(Source source, BorrowedRef object) {
  add({GuardKind::kIdentity, source, Ref::borrow(object)});
}

void GuardSet::equals(Source source, BorrowedRef constant) {
  GuardKind kind = comparesByValue(constant) ? GuardKind::kEquals : GuardKind::kIdentity;
  add({kind, source, Ref::borrow(constant)});
}

void GuardSet::length(Source source, Py_ssize_t length) {
  add({.kind = GuardKind::kLength, .source = source, .number = length});
}

void GuardSet::array(Source source, const ArrayFacts& facts) {
  add({.kind = GuardKind::kArray, .source = source, .array = facts});
}

void GuardSet::same(Source a, Source b, bool are_same) {
  add({.kind = are_same ? GuardKind::kSame : GuardKind::kNotSame, .source = a, .other = b});
}

void GuardSet::disjoint(Source written, Source other) {
  if (SEGUE_FAULT(OverlapNotGuarded)) return;
  add({.kind = GuardKind::kDisjoint, .source = written, .other = other});
}

bool GuardSet::errState() {
  ErrState state;
  if (!currentErrState(&state)) return false;
  add({.kind = GuardKind::kErrState, .operand = Ref::borrow(state.callback), .number = state.mask});
  return true;
}

void GuardSet::assume(Assumption assumption) {
  std::string key = absl::StrCat("a", static_cast<int>(assumption.kind), " ", address(assumption.owner), " ",
                                 address(assumption.key), " ", address(assumption.value));
  if (seen_.try_emplace(std::move(key), assumptions_.size()).second) assumptions_.push_back(std::move(assumption));
}

void GuardSet::assumeDictValue(BorrowedRef dict, BorrowedRef key, BorrowedRef value) {
  if (isUnstable(AssumptionKind::kDictValue, dict, key)) {
    Source owner = sources_.constant(dict);
    if (value) return identity(sources_.key(owner, key), value);
    return add({GuardKind::kDictLacks, owner, Ref::borrow(key)});
  }
  assume({AssumptionKind::kDictValue, Ref::borrow(dict), Ref::borrow(key), Ref::borrow(value)});
}

void GuardSet::assumeType(PyTypeObject* type) {
  assume({AssumptionKind::kTypeUnchanged, Ref::borrow(reinterpret_cast<PyObject*>(type)), {}, {}});
}

void GuardSet::assumeTypeAttribute(PyTypeObject* type, BorrowedRef name, BorrowedRef value) {
  assume({AssumptionKind::kTypeAttribute, Ref::borrow(reinterpret_cast<PyObject*>(type)), Ref::borrow(name),
          Ref::borrow(value)});
}

void GuardSet::assumeFunction(BorrowedRef function) {
  assume({AssumptionKind::kFunctionUnchanged, Ref::borrow(function), {}, {}});
}

void GuardSet::rollback(Mark mark) {
  if (mark.guards == guards_.size() && mark.assumptions == assumptions_.size()) {
    dim_origins_.erase(dim_origins_.begin() + static_cast<ptrdiff_t>(mark.dim_origins), dim_origins_.end());
    return;
  }
  // Keys of guards start with 'g', of assumptions with 'a'; each maps to its index.
  absl::erase_if(seen_, [&](const auto& entry) {
    return entry.second >= (entry.first[0] == 'g' ? mark.guards : mark.assumptions);
  });
  guards_.erase(guards_.begin() + static_cast<ptrdiff_t>(mark.guards), guards_.end());
  assumptions_.erase(assumptions_.begin() + static_cast<ptrdiff_t>(mark.assumptions), assumptions_.end());
  dim_origins_.erase(dim_origins_.begin() + static_cast<ptrdiff_t>(mark.dim_origins), dim_origins_.end());
}

}  // namespace segue
