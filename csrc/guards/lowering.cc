#include "guards/lowering.h"

#include <structmember.h>

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "base/descr.h"
#include "base/fault.h"
#include "base/objects.h"
#include "guards/tree.h"
#include "program/constants.h"

namespace segue {
namespace {

constexpr uint32_t kMaxRegister = UINT16_MAX;

/// Which wave a guard belongs to; see lowering.h.
int waveOf(const Guard& guard, bool argument) {
  switch (guard.kind) {
    case GuardKind::kDictKeys:
    case GuardKind::kSetEquals:
    case GuardKind::kDisjoint:
    case GuardKind::kErrState:
      return 4;
    case GuardKind::kType:
      return argument ? 0 : 2;
    default:
      return argument ? 1 : 2;
  }
}
constexpr int kSizeWave = 3, kLastWave = 4;

/// Where a C member of a built-in object lies.
struct Field {
  PyTypeObject* type = nullptr;    ///< what the parent must be exactly; null: its known type has the member `name`
  const char* name = nullptr;
  ptrdiff_t offset = 0;
  bool none = false;               ///< an empty slot reads as None
};

Field memberField(SourceMember member) {
  switch (member) {
    case SourceMember::kMethodSelf: return {&PyMethod_Type, nullptr, offsetof(PyMethodObject, im_self)};
    case SourceMember::kMethodFunction: return {&PyMethod_Type, nullptr, offsetof(PyMethodObject, im_func)};
    case SourceMember::kFunctionDefaults:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_defaults), true};
    case SourceMember::kFunctionKwDefaults:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_kwdefaults), true};
    case SourceMember::kFunctionClosure:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_closure), true};
    case SourceMember::kFunctionGlobals:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_globals)};
    case SourceMember::kFunctionCode: return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_code)};
    case SourceMember::kFunctionName: return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_name)};
    case SourceMember::kFunctionQualname:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_qualname)};
    case SourceMember::kFunctionDoc: return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_doc), true};
    case SourceMember::kFunctionModule:
      return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_module), true};
    case SourceMember::kFunctionDict: return {&PyFunction_Type, nullptr, offsetof(PyFunctionObject, func_dict), true};
    case SourceMember::kClassName: return {nullptr, nullptr, offsetof(PyHeapTypeObject, ht_name)};
    case SourceMember::kClassQualname: return {nullptr, nullptr, offsetof(PyHeapTypeObject, ht_qualname)};
    case SourceMember::kClassMro: return {nullptr, nullptr, offsetof(PyTypeObject, tp_mro)};
    case SourceMember::kClassBases: return {nullptr, nullptr, offsetof(PyTypeObject, tp_bases)};
    case SourceMember::kPartialFunc: return {nullptr, "func"};
    case SourceMember::kPartialArgs: return {nullptr, "args"};
    case SourceMember::kPartialKeywords: return {nullptr, "keywords"};
    case SourceMember::kDefaultFactory: return {nullptr, "default_factory"};
    case SourceMember::kSliceStart: return {&PySlice_Type, nullptr, offsetof(PySliceObject, start)};
    case SourceMember::kSliceStop: return {&PySlice_Type, nullptr, offsetof(PySliceObject, stop)};
    case SourceMember::kSliceStep: return {&PySlice_Type, nullptr, offsetof(PySliceObject, step)};
    case SourceMember::kRangeStart: return {&PyRange_Type, "start"};
    case SourceMember::kRangeStop: return {&PyRange_Type, "stop"};
    case SourceMember::kRangeStep: return {&PyRange_Type, "step"};
    case SourceMember::kType:
    case SourceMember::kInstanceDict:
    case SourceMember::kArrayBase: break;
  }
  SEGUE_UNREACHABLE("not a field");
}

/// The object that a class's member descriptor describes, if it is one that holds an object.
bool memberOf(PyObject* descriptor, Field* field) {
  if (descriptor == nullptr || Py_TYPE(descriptor) != &PyMemberDescr_Type) return false;
  const PyMemberDef* member = reinterpret_cast<PyMemberDescrObject*>(descriptor)->d_member;
  if (member->type != T_OBJECT && member->type != T_OBJECT_EX) return false;
  field->offset = member->offset;
  field->none = member->type == T_OBJECT;
  return true;
}

Ref interned(BorrowedRef name) {
  PyObject* text = Py_NewRef(name.get());
  PyUnicode_InternInPlace(&text);
  return Ref::steal(text);
}

class Lowering {
 public:
  Lowering(const GuardSet& guards, const DimTable& dims, absl::Span<const Source> wanted, BorrowedRef code)
      : guards_(guards), dims_(dims), wanted_(wanted), code_(code), tree_(guards, wanted) {}

  Result<LoweredGuards> run();

 private:
  Result<uint16_t> fetch(Source source);
  Result<void> emitFetch(Source source, GuardInsn& insn);
  Result<void> fetchAttr(Source source, GuardInsn& insn);
  Result<void> fetchMember(Source source, GuardInsn& insn);
  Result<void> useField(const Field& field, Source parent, GuardInsn& insn);
  Result<void> establishType(Source source, PyTypeObject* type);
  Result<void> check(uint32_t guard);
  Result<void> checkArray(Source source);
  Result<void> wave(int number);
  Result<void> sizes();
  Result<void> relation(const DimRelation& relation);
  Result<uint16_t> number(Dim dim);
  Result<void> operand(const Guard& guard, GuardInsn& insn);
  void assumeLookup(PyTypeObject* type, BorrowedRef name, BorrowedRef found);

  PyObject* hold(Ref object) {
    out_.program.held.push_back(std::move(object));
    return out_.program.held.back().get();
  }
  bool isArgument(Source source) const {
    SourceKind kind = guards_.sources().node(source).kind;
    return kind == SourceKind::kLocal || kind == SourceKind::kCell || kind == SourceKind::kStack;
  }
  std::string name(Source source) const { return guards_.sources().print(source, code_); }
  void append(const GuardInsn& insn) { out_.program.insns.push_back(insn); }

  const GuardSet& guards_;
  const DimTable& dims_;
  absl::Span<const Source> wanted_;
  BorrowedRef code_;
  GuardTree tree_;
  LoweredGuards out_;
  std::vector<bool> done_;                              ///< by guard index
  std::vector<bool> array_done_;                        ///< by source id
  absl::flat_hash_map<uint32_t, uint16_t> int_of_dim_;  ///< Dim id -> int register
};

Result<LoweredGuards> Lowering::run() {
  out_.slot_of.assign(guards_.sources().size(), -1);
  done_.assign(guards_.guards().size(), false);
  array_done_.assign(guards_.sources().size(), false);
  for (const Assumption& assumption : guards_.assumptions()) out_.assumptions.push_back(assumption);
  size_t symbols = std::min(dims_.symbols().size(), guards_.dimOrigins().size());
  out_.program.symbol_count = out_.program.int_count = static_cast<uint32_t>(symbols);
  for (int i = 0; i <= kLastWave; i++) {
    if (i == kSizeWave) {
      SEGUE_TRY_VOID(sizes());
    } else {
      SEGUE_TRY_VOID(wave(i));
    }
  }
  for (Source source : wanted_) {
    SEGUE_TRY([[maybe_unused]] uint16_t slot, fetch(source));
  }
  out_.program.insns.shrink_to_fit();
  out_.program.held.shrink_to_fit();
  return std::move(out_);
}

Result<void> Lowering::wave(int number) {
  for (uint32_t i = 0; i < guards_.guards().size(); i++) {
    const Guard& guard = guards_.guards()[i];
    bool argument = guard.kind != GuardKind::kErrState && isArgument(guard.source);
    if (guard.kind == GuardKind::kArray) {
      if (number == (argument ? 0 : 2)) SEGUE_TRY_VOID(checkArray(guard.source));
    } else if (waveOf(guard, argument) == number) {
      SEGUE_TRY_VOID(check(i));
    }
  }
  return {};
}

// ---- fetching ----------------------------------------------------------------------------------------------------

Result<uint16_t> Lowering::fetch(Source source) {
  int32_t& slot = out_.slot_of[source.id];
  if (slot >= 0) return static_cast<uint16_t>(slot);
  const SourceNode& node = guards_.sources().node(source);
  uint16_t parent = 0;
  if (guards_.sources().hasParent(source)) {
    SEGUE_TRY(parent, fetch(node.parent));
  }
  SEGUE_REQUIRE(out_.program.slot_count < kMaxRegister, "more sources than a guard program can hold");
  GuardInsn insn(GuardOp::kFetchLocal, 0);
  insn.a = parent;
  SEGUE_TRY_VOID(emitFetch(source, insn));
  insn.dst = static_cast<uint16_t>(out_.program.slot_count++);
  out_.program.paths.push_back(name(source));
  append(insn);
  slot = insn.dst;
  return insn.dst;
}

Result<void> Lowering::emitFetch(Source source, GuardInsn& insn) {
  const SourceNode& node = guards_.sources().node(source);
  const GuardBranch& branch = tree_.at(source);
  for (uint32_t index : branch.guards) {
    if (guards_.guards()[index].kind != GuardKind::kUnbound) continue;
    SEGUE_REQUIRE(branch.guards.size() == 1 && branch.children.empty() && !branch.array && branch.origins.empty(),
                  "%s is used both bound and unbound", name(source));
    SEGUE_REQUIRE(node.kind <= SourceKind::kStack || node.kind == SourceKind::kCellContents, "%s cannot be unbound",
                  name(source));
    insn.small = 1;
  }
  auto from = [&](GuardOp op) {
    insn.op = op;
    insn.number = node.index;
  };
  switch (node.kind) {
    case SourceKind::kLocal: from(GuardOp::kFetchLocal); break;
    case SourceKind::kCell: from(GuardOp::kFetchCell); break;
    case SourceKind::kFreeVar: from(GuardOp::kFetchFreeVar); break;
    case SourceKind::kStack: from(GuardOp::kFetchStack); break;
    case SourceKind::kFunction: from(GuardOp::kFetchFunction); break;
    case SourceKind::kGlobals: from(GuardOp::kFetchGlobals); break;
    case SourceKind::kBuiltins: from(GuardOp::kFetchBuiltins); break;
    case SourceKind::kHandled: from(GuardOp::kFetchHandled); break;
    case SourceKind::kItem: from(GuardOp::kFetchItem); break;
    case SourceKind::kCellContents: from(GuardOp::kFetchCellContents); break;
    case SourceKind::kConstant:
      insn.op = GuardOp::kFetchConstant;
      insn.object = hold(node.object);
      break;
    case SourceKind::kKey:
      SEGUE_REQUIRE(segue_is_key(node.object.get()), "%s has a key that may run code", name(source));
      insn.op = GuardOp::kFetchKey;
      insn.object = hold(PyUnicode_CheckExact(node.object.get()) ? interned(node.object) : node.object);
      break;
    case SourceKind::kAttr: return fetchAttr(source, insn);
    case SourceKind::kMember: return fetchMember(source, insn);
  }
  return {};
}

/// Makes sure that the object is known to be of the type before one of its fields is read.
Result<void> Lowering::establishType(Source source, PyTypeObject* type) {
  if (guards_.sources().node(source).kind == SourceKind::kConstant || SEGUE_FAULT(FieldReadUntyped)) return {};
  if (tree_.at(source).array) return checkArray(source);
  for (uint32_t index : tree_.at(source).guards) {
    switch (guards_.guards()[index].kind) {
      case GuardKind::kType:
      case GuardKind::kEquals:
      case GuardKind::kIdentity:
      case GuardKind::kFunctionCode: return check(index);
      default: break;
    }
  }
  SEGUE_TRY(uint16_t slot, fetch(source));
  GuardInsn insn(GuardOp::kCheckType, slot);
  insn.object = hold(Ref::borrow(reinterpret_cast<PyObject*>(type)));
  append(insn);
  return {};
}

Result<void> Lowering::useField(const Field& field, Source parent, GuardInsn& insn) {
  insn.op = field.none ? GuardOp::kFetchFieldOrNone : GuardOp::kFetchField;
  insn.number = field.offset;
  return establishType(parent, field.type);
}

void Lowering::assumeLookup(PyTypeObject* type, BorrowedRef attribute, BorrowedRef found) {
  if (type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) return;
  PyObject* owner = reinterpret_cast<PyObject*>(type);
  for (const Assumption& known : out_.assumptions) {
    if (known.kind == AssumptionKind::kTypeAttribute && known.owner.get() == owner &&
        sameConstant(known.key, attribute)) {
      return;
    }
  }
  out_.assumptions.push_back(
      {AssumptionKind::kTypeAttribute, Ref::borrow(owner), Ref::borrow(attribute), Ref::borrow(found)});
}

// A slot is a member descriptor of the class; any other data descriptor is code. What else the class says about the name
// does not matter to the instance's own storage, as long as it goes on saying it.
Result<void> Lowering::fetchAttr(Source source, GuardInsn& insn) {
  const SourceNode& node = guards_.sources().node(source);
  PyTypeObject* type = knownType(guards_, tree_, node.parent);
  SEGUE_REQUIRE(type != nullptr, "%s: the type of the object is not guarded", name(source));
  Ref attribute = interned(node.object);
  BorrowedRef found = _PyType_Lookup(type, attribute.get());
  assumeLookup(type, attribute, found);
  Field field{type, nullptr};
  if (memberOf(found.get(), &field)) return useField(field, node.parent, insn);
  SEGUE_REQUIRE(!found || Py_TYPE(found.get())->tp_descr_set == nullptr, "%s is a data descriptor", name(source));
  SEGUE_TRY_VOID(establishType(node.parent, type));
  insn.op = GuardOp::kFetchAttr;
  Py_ssize_t hint = segue_attr_hint(type, attribute.get());
  insn.b = hint < 0 || hint >= UINT16_MAX ? 0 : static_cast<uint16_t>(hint + 1);
  insn.object = hold(std::move(attribute));
  return {};
}

Result<void> Lowering::fetchMember(Source source, GuardInsn& insn) {
  const SourceNode& node = guards_.sources().node(source);
  auto member = static_cast<SourceMember>(node.index);
  switch (member) {
    case SourceMember::kType: insn.op = GuardOp::kFetchType; return {};
    case SourceMember::kInstanceDict: insn.op = GuardOp::kFetchInstanceDict; return {};
    case SourceMember::kArrayBase: insn.op = GuardOp::kFetchArrayBase; return {};
    default: break;
  }
  Field field = memberField(member);
  PyTypeObject* type = knownType(guards_, tree_, node.parent);
  if (field.type == nullptr) field.type = type;
  SEGUE_REQUIRE(field.type != nullptr, "%s: the type of the object is not guarded", name(source));
  SEGUE_REQUIRE(type == nullptr || type == field.type, "%s: the object is a %s", name(source), type->tp_name);
  if (field.name != nullptr) {
    Ref text = Ref::steal(PyUnicode_InternFromString(field.name));
    bool found = text && memberOf(_PyType_Lookup(field.type, text.get()), &field);
    if (!text) PyErr_Clear();
    SEGUE_REQUIRE(found, "%s: %s has no such member", name(source), field.type->tp_name);
  }
  return useField(field, node.parent, insn);
}

// ---- checks ------------------------------------------------------------------------------------------------------

Result<void> Lowering::checkArray(Source source) {
  const GuardBranch& branch = tree_.at(source);
  if (array_done_[source.id]) return {};
  array_done_[source.id] = true;
  SEGUE_TRY(uint16_t slot, fetch(source));
  GuardInsn insn(GuardOp::kCheckArray, slot);
  insn.small = static_cast<uint8_t>(branch.array->ndim);
  insn.a = static_cast<uint16_t>(branch.array->flags_mask);
  insn.b = static_cast<uint16_t>(branch.array->flags & branch.array->flags_mask);
  insn.object = hold(Ref::borrow(reinterpret_cast<PyObject*>(descrOfNumber(branch.array->descr))));
  append(insn);
  return {};
}

Result<void> Lowering::check(uint32_t index) {
  if (done_[index]) return {};
  done_[index] = true;
  const Guard& guard = guards_.guards()[index];
  GuardInsn insn(checkOp(guard.kind), 0);
  if (guard.kind == GuardKind::kErrState) {
    insn.a = static_cast<uint16_t>(guard.number);
    insn.object = guard.operand ? hold(guard.operand) : nullptr;
    append(insn);
    return {};
  }
  const std::vector<uint32_t>& kept = tree_.at(guard.source).guards;
  if (std::find(kept.begin(), kept.end(), index) == kept.end()) return {};  // implied by others
  SEGUE_TRY(insn.dst, fetch(guard.source));
  SEGUE_TRY_VOID(operand(guard, insn));
  append(insn);
  return {};
}

Result<void> Lowering::operand(const Guard& guard, GuardInsn& insn) {
  switch (guard.kind) {
    case GuardKind::kDequeLimit:
    case GuardKind::kRegistrations:
    case GuardKind::kLength: insn.number = guard.number; return {};
    case GuardKind::kInt64:
    case GuardKind::kOwnsDict:
    case GuardKind::kUnbound: return {};
    case GuardKind::kSame:
    case GuardKind::kNotSame:
    case GuardKind::kOtherDict:
    case GuardKind::kDisjoint: {
      SEGUE_TRY(insn.a, fetch(guard.other));
      return {};
    }
    case GuardKind::kIntInRange: {
      PyArray_Descr* descr = nullptr;
      if (!PyArray_DescrConverter(guard.operand.get(), &descr)) PyErr_Clear();
      SEGUE_REQUIRE(descr != nullptr, "the range of %s is not a dtype", name(guard.source));
      insn.object = hold(Ref::steal(reinterpret_cast<PyObject*>(descr)));
      return {};
    }
    case GuardKind::kSetEquals:
    case GuardKind::kDictKeys: {
      Ref keys = Ref::steal(PySequence_Tuple(guard.operand.get()));
      if (!keys) PyErr_Clear();
      SEGUE_REQUIRE(keys, "the keys of %s are no sequence", name(guard.source));
      insn.object = hold(std::move(keys));
      return {};
    }
    case GuardKind::kNoInstanceAttr: {
      Ref attribute = interned(guard.operand);
      PyTypeObject* type = knownType(guards_, tree_, guard.source);
      Py_ssize_t hint = type != nullptr ? segue_attr_hint(type, attribute.get()) : -1;
      insn.b = hint < 0 || hint >= UINT16_MAX ? 0 : static_cast<uint16_t>(hint + 1);
      insn.object = hold(std::move(attribute));
      return {};
    }
    case GuardKind::kDictHas:
    case GuardKind::kDictLacks:
      SEGUE_REQUIRE(segue_is_key(guard.operand.get()), "a key of %s may run code", name(guard.source));
      [[fallthrough]];
    default: insn.object = hold(guard.operand); return {};
  }
}

// ---- sizes -------------------------------------------------------------------------------------------------------

Result<void> Lowering::sizes() {
  for (size_t symbol = 0; symbol < out_.program.symbol_count; symbol++) {
    const DimOrigin& origin = guards_.dimOrigins()[symbol];
    SEGUE_TRY(uint16_t slot, fetch(origin.source));
    GuardInsn insn(GuardOp::kIntArraySize, static_cast<uint16_t>(symbol));
    if (origin.kind == DimOrigin::Kind::kIntValue) insn.op = GuardOp::kIntIntValue;
    if (origin.kind == DimOrigin::Kind::kLength) insn.op = GuardOp::kIntLengthOf;
    if (origin.kind == DimOrigin::Kind::kRangeIterator) insn.op = GuardOp::kIntRangeIterator;
    insn.a = slot;
    insn.small = static_cast<uint8_t>(origin.axis);
    insn.number = dims_.symbols()[symbol].lower_bound;
    append(insn);
  }
  for (const DimRelation& r : dims_.relations()) {
    if (!dims_.dependsOnData(r)) SEGUE_TRY_VOID(relation(r));   // the run's to check
  }
  return {};
}

Result<void> Lowering::relation(const DimRelation& r) {
  bool left_constant = dims_.isConstant(r.lhs), right_constant = dims_.isConstant(r.rhs);
  GuardRelation kind = r.kind == DimRelationKind::kEq   ? GuardRelation::kEq
                       : r.kind == DimRelationKind::kNe ? GuardRelation::kNe
                       : r.kind == DimRelationKind::kLt ? GuardRelation::kLt
                                                        : GuardRelation::kLe;
  GuardInsn insn(GuardOp::kCompareNumber, 0);
  if (left_constant && right_constant) return {};  // decided when it was recorded
  if (right_constant) {
    SEGUE_TRY(insn.dst, number(r.lhs));
    insn.number = dims_.constantValue(r.rhs);
  } else if (left_constant && (kind != GuardRelation::kLt || dims_.constantValue(r.lhs) < INT64_MAX)) {
    SEGUE_TRY(insn.dst, number(r.rhs));
    insn.number = dims_.constantValue(r.lhs) + (kind == GuardRelation::kLt && !SEGUE_FAULT(BoundOffByOne) ? 1 : 0);
    if (kind == GuardRelation::kLt || kind == GuardRelation::kLe) kind = GuardRelation::kGe;
  } else {
    insn.op = GuardOp::kCompare;
    SEGUE_TRY(insn.dst, number(r.lhs));
    SEGUE_TRY(insn.a, number(r.rhs));
  }
  insn.small = static_cast<uint8_t>(kind);
  append(insn);
  return {};
}

Result<uint16_t> Lowering::number(Dim dim) {
  const DimExpr& expr = dims_.expr(dim);
  if (expr.op == DimOp::kSymbol) {
    SEGUE_REQUIRE(expr.value < out_.program.symbol_count, "the size %s has no origin", dims_.print(dim));
    return static_cast<uint16_t>(expr.value);
  }
  if (auto known = int_of_dim_.find(dim.id); known != int_of_dim_.end()) return known->second;
  GuardInsn insn(GuardOp::kIntNumber, 0);
  switch (expr.op) {
    case DimOp::kConstant: insn.number = expr.value; break;
    case DimOp::kAdd: insn.op = GuardOp::kIntAdd; break;
    case DimOp::kMul: insn.op = GuardOp::kIntMul; break;
    case DimOp::kFloorDiv: insn.op = GuardOp::kIntFloorDiv; break;
    case DimOp::kMod: insn.op = GuardOp::kIntMod; break;
    case DimOp::kMin: insn.op = GuardOp::kIntMin; break;
    case DimOp::kMax: insn.op = GuardOp::kIntMax; break;
    case DimOp::kSymbol:
    case DimOp::kDataSize: SEGUE_UNREACHABLE("symbols are registers, and no guard is about data");
  }
  if (expr.op != DimOp::kConstant) {
    SEGUE_TRY(insn.a, number(expr.lhs));
    SEGUE_TRY(insn.b, number(expr.rhs));
  }
  SEGUE_REQUIRE(out_.program.int_count < kMaxRegister, "more sizes than a guard program can hold");
  insn.dst = static_cast<uint16_t>(out_.program.int_count++);
  append(insn);
  int_of_dim_[dim.id] = insn.dst;
  return insn.dst;
}

}  // namespace

bool fitsGuardProgram(const GuardSet& guards, const DimTable& dims) {
  // Lowering adds few: types that it reads, and partial results of sizes.
  return guards.sources().size() < kMaxRegister / 2 && dims.size() < kMaxRegister / 2;
}

Result<LoweredGuards> lowerGuards(const GuardSet& guards, const DimTable& dims, absl::Span<const Source> wanted,
                                  BorrowedRef code) {
  return Lowering(guards, dims, wanted, code).run();
}

}  // namespace segue
