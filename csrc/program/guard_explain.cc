// Guard programs in words: listings, and why an instruction missed.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/descr.h"
#include "base/errstate.h"
#include "program/guard_checks.h"

namespace segue {
namespace {

const char* mnemonic(GuardOp op) {
  switch (op) {
#define SEGUE_GUARD_FETCH(name, text) \
  case GuardOp::kFetch##name:         \
    return text;
#define SEGUE_GUARD_INT(name, text) \
  case GuardOp::kInt##name:         \
    return text;
#define SEGUE_GUARD_RELATION(name, text) \
  case GuardOp::k##name:                 \
    return text;
#include "program/guard_ops.def"
#undef SEGUE_GUARD_FETCH
#undef SEGUE_GUARD_INT
#undef SEGUE_GUARD_RELATION
#define SEGUE_GUARD_KIND(name, text) \
  case GuardOp::kCheck##name:        \
    return #name;
#include "program/guard_kinds.def"
#undef SEGUE_GUARD_KIND
  }
  return "?";
}

const char* kindText(GuardOp op) {
  switch (op) {
#define SEGUE_GUARD_KIND(name, text) \
  case GuardOp::kCheck##name:        \
    return text;
#include "program/guard_kinds.def"
#undef SEGUE_GUARD_KIND
    default:
      return "";
  }
}

const char* relationText(uint8_t relation) {
  switch (static_cast<GuardRelation>(relation)) {
    case GuardRelation::kEq: return "==";
    case GuardRelation::kNe: return "!=";
    case GuardRelation::kLt: return "<";
    case GuardRelation::kLe: return "<=";
    case GuardRelation::kGe: return ">=";
  }
  return "?";
}

std::string path(const GuardProgram& program, uint32_t slot) {
  return slot < program.paths.size() ? program.paths[slot] : absl::StrCat("r", slot);
}

std::string rangeText(const GuardProgram& program, const GuardInsn& insn) {
  constexpr const char* kParts[] = {"next number of ", "step of ", "numbers left in "};
  return absl::StrCat(kParts[insn.small], path(program, insn.a));
}

/// The expression that an int register holds, up to `before`: "L['x'].shape[0] * 2".
std::string intText(const GuardProgram& program, uint32_t reg, uint32_t before) {
  const GuardInsn* insn = nullptr;
  uint32_t at = before;
  while (at > 0 && insn == nullptr) {
    const GuardInsn& candidate = program.insns[--at];
    if (isIntOp(candidate.op) && candidate.dst == reg) insn = &candidate;
  }
  if (insn == nullptr) return absl::StrCat("i", reg);
  auto left = [&] { return intText(program, insn->a, at); };
  auto right = [&] { return intText(program, insn->b, at); };
  switch (insn->op) {
    case GuardOp::kIntArraySize: return absl::StrCat(path(program, insn->a), ".shape[", insn->small, "]");
    case GuardOp::kIntIntValue: return path(program, insn->a);
    case GuardOp::kIntLengthOf: return absl::StrCat("len(", path(program, insn->a), ")");
    case GuardOp::kIntRangeIterator: return rangeText(program, *insn);
    case GuardOp::kIntNumber: return absl::StrCat(insn->number);
    case GuardOp::kIntMin:
    case GuardOp::kIntMax: return absl::StrCat(mnemonic(insn->op), "(", left(), ", ", right(), ")");
    default: return absl::StrCat("(", left(), " ", mnemonic(insn->op), " ", right(), ")");
  }
}

/// The dtype, with its unit, size or byte order where these count.
std::string dtypeText(const GuardInsn& insn) {
  auto* descr = reinterpret_cast<PyArray_Descr*>(insn.object);
  std::string out = shortRepr(reinterpret_cast<PyObject*>(descr->typeobj));
  if ((insn.a & kArrayOfAnyDescr) != 0 || isPlainNumber(descr)) return out;
  Ref letters = Ref::steal(PyObject_GetAttrString(insn.object, "str"));
  if (!letters) PyErr_Clear();
  return letters ? absl::StrCat(out, " ", shortRepr(letters.get())) : out;
}

std::string arrayText(const GuardInsn& insn) {
  std::string out = absl::StrCat(dtypeText(insn), ", ", insn.small, insn.small == 1 ? " dimension" : " dimensions");
  auto flag = [&](int bit, const char* set, const char* clear) {
    if (insn.a & bit) absl::StrAppend(&out, ", ", insn.b & bit ? set : clear);
  };
  flag(NPY_ARRAY_C_CONTIGUOUS, "C-contiguous", "not C-contiguous");
  flag(NPY_ARRAY_F_CONTIGUOUS, "F-contiguous", "not F-contiguous");
  flag(NPY_ARRAY_ALIGNED, "aligned", "not aligned");
  flag(NPY_ARRAY_WRITEABLE, "writeable", "read-only");
  // Nearly no array warns: worth words only where it is what the guard wants.
  if (insn.b & kArrayWarnsOnWrite) absl::StrAppend(&out, ", warns when written to");
  return out;
}

bool holdsNumber(GuardOp op) {
  return op == GuardOp::kCheckLength || op == GuardOp::kCheckDequeLimit || op == GuardOp::kCheckRegistrations;
}

/// The check in words, from its row of guard_kinds.def.
std::string checkText(const GuardProgram& program, const GuardInsn& insn) {
  std::string text(kindText(insn.op));
  auto put = [&](const char* mark, const std::string& words) { text = absl::StrReplaceAll(text, {{mark, words}}); };
  if (insn.op == GuardOp::kCheckArray) {
    put("{array}", arrayText(insn));
  } else if (insn.op == GuardOp::kCheckErrState) {
    put("{o}", printErrMask(insn.a));
  } else if (holdsNumber(insn.op)) {
    put("{n}", absl::StrCat(insn.number));
  } else if (text.find("{other}") != std::string::npos) {
    put("{other}", path(program, insn.a));
  } else if (insn.object != nullptr) {
    put("{o}", shortRepr(insn.object));
  }
  return text;
}

std::string currentErrText() {
  ErrState state;
  return currentErrState(&state) ? printErrMask(state.mask) : "unknown";
}

/// The keys of a dict or the elements of a set, in order, cut short.
std::string elementsText(PyObject* object) {
  std::vector<std::string> words;
  Py_ssize_t position = 0;
  PyObject* item;
  while (words.size() < 8 && (PyDict_Check(object) ? PyDict_Next(object, &position, &item, nullptr) != 0
                                                   : segue_set_next(object, &position, &item))) {
    words.push_back(shortRepr(item, 20));
  }
  int64_t length = 0;
  if (checks::readLength(object, &length) && length > static_cast<int64_t>(words.size())) words.push_back("...");
  return absl::StrCat("(", absl::StrJoin(words, ", "), ")");
}

std::string actualText(const GuardInsn& insn, PyObject* value) {
  if (value == nullptr) return "unbound";
  int64_t length = 0;
  PyObject* found = nullptr;
  switch (insn.op) {
    case GuardOp::kCheckType:
      return Py_TYPE(value)->tp_name;
    case GuardOp::kCheckLength:
      return checks::readLength(value, &length) ? absl::StrCat(length) : shortRepr(value);
    case GuardOp::kCheckDictKeys:
    case GuardOp::kCheckSetEquals:
      return PyDict_Check(value) || PyAnySet_Check(value) ? elementsText(value) : shortRepr(value);
    case GuardOp::kCheckDictLacks:
      return PyDict_Check(value) && segue_dict_get(value, insn.object, &found) == SEGUE_FOUND ? shortRepr(found)
                                                                                              : shortRepr(value);
    case GuardOp::kCheckNoInstanceAttr:
      return segue_instance_attr(value, insn.object, -1, &found) == SEGUE_FOUND ? shortRepr(found) : shortRepr(value);
    case GuardOp::kCheckFunctionCode:
      if (!PyFunction_Check(value)) return shortRepr(value);
      return runsItsCode(value) ? shortRepr(PyFunction_GET_CODE(value)) : "a function whose calls run something else";
    default:
      return shortRepr(value);
  }
}

GuardFailure explainFetch(const GuardProgram& program, const GuardInsn& insn) {
  return {path(program, insn.dst), "exists", "nothing there"};
}

GuardFailure explainInt(const GuardProgram& program, uint32_t at, PyObject* const* regs, const int64_t* ints) {
  const GuardInsn& insn = program.insns[at];
  std::string source = intText(program, insn.dst, at + 1);
  if (insn.op <= GuardOp::kIntRangeIterator) {
    int64_t number = 0;
    bool plain = insn.op != GuardOp::kIntIntValue || checks::readInt64(regs[insn.a], &number);
    if (!plain) return {source, "is an int within 64 bits", shortRepr(regs[insn.a])};
    return {source, absl::StrCat(">= ", insn.number), absl::StrCat(ints[insn.dst])};
  }
  return {source, "fits 64 bits", "overflow or a division by zero"};
}

}  // namespace

GuardFailure explainGuard(const GuardProgram& program, uint32_t at, PyObject* const* regs, const int64_t* ints) {
  const GuardInsn& insn = program.insns[at];
  if (isFetch(insn.op)) return explainFetch(program, insn);
  if (isIntOp(insn.op)) return explainInt(program, at, regs, ints);
  if (insn.op == GuardOp::kCompare || insn.op == GuardOp::kCompareNumber) {
    bool constant = insn.op == GuardOp::kCompareNumber;
    std::string right = constant ? absl::StrCat(insn.number) : intText(program, insn.a, at);
    std::string actual = absl::StrCat(ints[insn.dst]);
    if (!constant) absl::StrAppend(&actual, " against ", ints[insn.a]);
    return {intText(program, insn.dst, at), absl::StrCat(relationText(insn.small), " ", right), actual};
  }
  if (insn.op == GuardOp::kCheckErrState) return {"np.errstate", checkText(program, insn), currentErrText()};
  return {path(program, insn.dst), checkText(program, insn), actualText(insn, regs[insn.dst])};
}

namespace {

/// The instruction before `before` that computes an int register, null when there is none.
const GuardInsn* definition(const GuardProgram& program, uint32_t reg, uint32_t before) {
  for (uint32_t at = before; at > 0; at--) {
    const GuardInsn& insn = program.insns[at - 1];
    if (isIntOp(insn.op) && insn.dst == reg) return &insn;
  }
  return nullptr;
}

/// The slots that an int register is computed from.
void addLeaves(const GuardProgram& program, uint32_t reg, uint32_t before, std::vector<uint32_t>* slots) {
  const GuardInsn* insn = definition(program, reg, before);
  if (insn == nullptr || insn->op == GuardOp::kIntNumber) return;
  if (insn->op == GuardOp::kIntArraySize || insn->op == GuardOp::kIntRangeIterator) return;   // tables may hold many sizes
  if (insn->op <= GuardOp::kIntLengthOf) return slots->push_back(insn->a);
  const auto at = static_cast<uint32_t>(insn - program.insns.data());
  addLeaves(program, insn->a, at, slots);
  addLeaves(program, insn->b, at, slots);
}

}  // namespace

std::vector<uint32_t> pinnedSlots(const GuardProgram& program, uint32_t at) {
  const GuardInsn& insn = program.insns[at];
  std::vector<uint32_t> slots;
  switch (insn.op) {
    case GuardOp::kCheckEquals:
    case GuardOp::kCheckIdentity:
    case GuardOp::kCheckFunctionCode:
    case GuardOp::kCheckLength:
    case GuardOp::kCheckDictKeys:
    case GuardOp::kCheckSetEquals: slots.push_back(insn.dst); break;
    case GuardOp::kCompare:
    case GuardOp::kCompareNumber:
      if (static_cast<GuardRelation>(insn.small) != GuardRelation::kEq) break;
      addLeaves(program, insn.dst, at, &slots);
      if (insn.op == GuardOp::kCompare) addLeaves(program, insn.a, at, &slots);
      break;
    default: break;
  }
  return slots;
}

std::string describeCheck(const GuardProgram& program, uint32_t at) { return checkText(program, program.insns[at]); }

namespace {

std::string printFetch(const GuardProgram& program, const GuardInsn& insn) {
  std::string out = absl::StrCat("r", insn.dst, " = ", mnemonic(insn.op));
  bool rooted = insn.op < GuardOp::kFetchAttr;
  if (!rooted) absl::StrAppend(&out, " r", insn.a);
  bool with_object =
      insn.op == GuardOp::kFetchConstant || insn.op == GuardOp::kFetchAttr || insn.op == GuardOp::kFetchKey;
  bool with_number = insn.op <= GuardOp::kFetchStack || insn.op == GuardOp::kFetchItem;
  if (with_object) absl::StrAppend(&out, " ", shortRepr(insn.object));
  if (with_number) absl::StrAppend(&out, " ", insn.number);
  if (insn.small != 0) out += " or unbound";
  return absl::StrCat(out, "  ; ", path(program, insn.dst));
}

std::string printInt(const GuardProgram& program, const GuardInsn& insn) {
  std::string out = absl::StrCat("i", insn.dst, " = ", mnemonic(insn.op));
  switch (insn.op) {
    case GuardOp::kIntNumber:
      return absl::StrCat(out, " ", insn.number);
    case GuardOp::kIntArraySize:
    case GuardOp::kIntRangeIterator:
      absl::StrAppend(&out, " r", insn.a, " ", insn.small);
      break;
    case GuardOp::kIntIntValue:
    case GuardOp::kIntLengthOf:
      absl::StrAppend(&out, " r", insn.a);
      break;
    default:
      return absl::StrCat(out, " i", insn.a, " i", insn.b);
  }
  return insn.number == INT64_MIN ? out : absl::StrCat(out, " >= ", insn.number);
}

std::string printInsn(const GuardProgram& program, const GuardInsn& insn) {
  if (isFetch(insn.op)) return printFetch(program, insn);
  if (isIntOp(insn.op)) return printInt(program, insn);
  if (insn.op == GuardOp::kCompare) return absl::StrCat("i", insn.dst, " ", relationText(insn.small), " i", insn.a);
  if (insn.op == GuardOp::kCompareNumber) {
    return absl::StrCat("i", insn.dst, " ", relationText(insn.small), " ", insn.number);
  }
  if (insn.op == GuardOp::kCheckErrState) return checkText(program, insn);
  return absl::StrCat("r", insn.dst, " ", checkText(program, insn));
}

}  // namespace

std::string printGuardProgram(const GuardProgram& program) {
  std::string out;
  for (const GuardInsn& insn : program.insns) absl::StrAppend(&out, printInsn(program, insn), "\n");
  return out;
}

}  // namespace segue
