#include "runtime/dispatch_tree.h"

#include <algorithm>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "base/fault.h"
#include "program/constants.h"
#include "program/guard_checks.h"

namespace segue {
namespace {

uint64_t pointerHash(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

uint64_t arrayHash(PyArray_Descr* descr, int ndim) {
  return static_cast<uint64_t>(descr->type_num) * 128 + static_cast<uint64_t>(ndim) + 1;
}

bool namesObject(GuardOp op) {
  return op == GuardOp::kFetchConstant || op == GuardOp::kFetchAttr || op == GuardOp::kFetchKey;
}

/// Reads slices out of one guard program.
class Slicer {
 public:
  explicit Slicer(const GuardProgram& program) : program_(program), slots_(program.slot_count) {
    for (uint32_t at = 0; at < program.insns.size(); at++) {
      const GuardInsn& insn = program.insns[at];
      if (isFetch(insn.op)) {
        addFetch(at);
      } else if (establishesType(insn.op) && slots_[insn.dst].type_check == kNone) {
        slots_[insn.dst].type_check = at;
      } else if (insn.op >= GuardOp::kIntArraySize && insn.op <= GuardOp::kIntLengthOf) {
        numbers_[insn.dst] = at;
      }
    }
  }

  uint64_t slotHash(uint32_t slot) const { return slots_[slot].hash; }
  /// Where an int register is read from an object; kNone for computed ones.
  uint32_t numberInsn(uint32_t reg) const {
    auto found = numbers_.find(static_cast<uint16_t>(reg));
    return found == numbers_.end() ? kNone : found->second;
  }
  uint64_t numberHash(uint32_t at) const {
    const GuardInsn& insn = program_.insns[at];
    return absl::HashOf(slotHash(insn.a), static_cast<int>(insn.op), insn.small);
  }

  /// The instructions that fetch a slot, renumbered; returns the new slot.
  uint16_t slice(uint32_t slot, GuardProgram* out) {
    if (auto known = renamed_.find(slot); known != renamed_.end()) return known->second;
    GuardInsn insn = program_.insns[slots_[slot].fetch];
    if (insn.op >= GuardOp::kFetchAttr) {
      uint16_t parent = slice(insn.a, out);
      uint32_t check = slots_[insn.a].type_check;
      bool field = insn.op == GuardOp::kFetchField || insn.op == GuardOp::kFetchFieldOrNone;
      if (field && check != kNone) {
        GuardInsn copy = program_.insns[check];
        copy.dst = parent;
        out->insns.push_back(copy);
      }
      insn.a = parent;
    }
    insn.dst = static_cast<uint16_t>(out->slot_count++);
    out->paths.push_back(program_.paths[slot]);
    out->insns.push_back(insn);
    renamed_[slot] = insn.dst;
    return insn.dst;
  }

  static constexpr uint32_t kNone = UINT32_MAX;

 private:
  struct Slot {
    uint32_t fetch = kNone, type_check = kNone;
    uint64_t hash = 0;
  };
  static bool establishesType(GuardOp op) {
    return op == GuardOp::kCheckType || op == GuardOp::kCheckArray || op == GuardOp::kCheckEquals ||
           op == GuardOp::kCheckIdentity || op == GuardOp::kCheckFunctionCode;
  }
  void addFetch(uint32_t at) {
    const GuardInsn& insn = program_.insns[at];
    Slot& slot = slots_[insn.dst];
    slot.fetch = at;
    uint64_t what = static_cast<uint64_t>(insn.op);
    if (namesObject(insn.op)) {
      what = absl::HashOf(what, constantHash(insn.object));
    } else {
      what = absl::HashOf(what, insn.number);
    }
    if (insn.op >= GuardOp::kFetchAttr) {
      what = absl::HashOf(what, slots_[insn.a].hash);
      uint32_t check = slots_[insn.a].type_check;
      bool field = insn.op == GuardOp::kFetchField || insn.op == GuardOp::kFetchFieldOrNone;
      if (field && check != kNone) {
        what = absl::HashOf(what, static_cast<int>(program_.insns[check].op), pointerHash(program_.insns[check].object));
      }
    }
    slot.hash = what;
  }

  const GuardProgram& program_;
  std::vector<Slot> slots_;
  absl::flat_hash_map<uint16_t, uint32_t> numbers_;   ///< int register -> instruction that reads it
  absl::flat_hash_map<uint32_t, uint16_t> renamed_;   ///< slot -> slot in the slice
};

class KeyCollector {
 public:
  explicit KeyCollector(const GuardProgram& program) : program_(program), slicer_(program) {}

  std::vector<DispatchKey> run() {
    for (uint32_t at = 0; at < program_.insns.size(); at++) collect(at);
    return std::move(keys_);
  }

 private:
  void add(uint32_t at, DispatchTest test, uint64_t value) {
    uint64_t what = absl::HashOf(slicer_.slotHash(program_.insns[at].dst), static_cast<int>(test));
    keys_.push_back({what, value, at, test});
  }

  void collect(uint32_t at) {
    const GuardInsn& insn = program_.insns[at];
    switch (insn.op) {
      case GuardOp::kCheckType: return add(at, DispatchTest::kType, pointerHash(insn.object));
      case GuardOp::kCheckUnbound: return add(at, DispatchTest::kType, 0);
      case GuardOp::kCheckArray:
        add(at, DispatchTest::kType, pointerHash(&PyArray_Type));
        return add(at, DispatchTest::kArray, arrayHash(reinterpret_cast<PyArray_Descr*>(insn.object), insn.small));
      case GuardOp::kCheckEquals:
        add(at, DispatchTest::kType, pointerHash(Py_TYPE(insn.object)));
        return add(at, DispatchTest::kEquals, constantHash(insn.object));
      case GuardOp::kCheckIdentity: return add(at, DispatchTest::kIdentity, pointerHash(insn.object));
      case GuardOp::kCheckLength: return add(at, DispatchTest::kLength, static_cast<uint64_t>(insn.number));
      case GuardOp::kCheckFunctionCode: return add(at, DispatchTest::kCode, pointerHash(insn.object));
      case GuardOp::kCompareNumber: {
        uint32_t read = slicer_.numberInsn(insn.dst);
        if (static_cast<GuardRelation>(insn.small) != GuardRelation::kEq || read == Slicer::kNone) return;
        uint64_t what = absl::HashOf(slicer_.numberHash(read), static_cast<int>(DispatchTest::kNumber));
        keys_.push_back({what, static_cast<uint64_t>(insn.number), at, DispatchTest::kNumber});
        return;
      }
      default: return;
    }
  }

  const GuardProgram& program_;
  Slicer slicer_;
  std::vector<DispatchKey> keys_;
};

const DispatchKey* keyOf(const Entry& entry, uint64_t what) {
  for (const DispatchKey& key : entry.keys) {
    if (key.what == what) return &key;
  }
  return nullptr;
}

/// The test that leaves the fewest entries to try: of n entries split into groups g with r unconstrained ones, a call
/// tries about sum(g²)/n of the first and all r. Null when no test tells any two apart.
const DispatchKey* chooseTest(const std::vector<Entry*>& entries) {
  struct Tally {
    const DispatchKey* key;
    size_t order;                                    ///< of discovery: earlier checks are cheaper to reach
    absl::flat_hash_map<uint64_t, size_t> groups;    ///< demanded value -> entries
    size_t covered = 0;
  };
  absl::flat_hash_map<uint64_t, Tally> tallies;
  for (const Entry* entry : entries) {
    for (const DispatchKey& key : entry->keys) {
      Tally& tally = tallies.try_emplace(key.what, Tally{&key, tallies.size(), {}}).first->second;
      tally.groups[key.value]++;
      tally.covered++;
    }
  }
  const Tally* best = nullptr;
  double best_cost = 0;
  for (const auto& [what, tally] : tallies) {
    if (tally.groups.size() < 2) continue;
    double tried = 0;
    for (const auto& [value, count] : tally.groups) tried += static_cast<double>(count * count);
    double cost = tried / static_cast<double>(tally.covered) + static_cast<double>(entries.size() - tally.covered);
    if (best == nullptr || cost < best_cost || (cost == best_cost && tally.order < best->order)) {
      best = &tally;
      best_cost = cost;
    }
  }
  return best == nullptr ? nullptr : best->key;
}

/// Makes the node fetch what `key` of `entry` tests.
void prepareFetch(const Entry& entry, const DispatchKey& key, DispatchNode* node) {
  const GuardInsn& check = entry.guards.insns[key.insn];
  Slicer slicer(entry.guards);
  node->test = key.test;
  if (key.test == DispatchTest::kNumber) {
    GuardInsn read = entry.guards.insns[slicer.numberInsn(check.dst)];
    read.a = slicer.slice(read.a, &node->fetch);
    read.dst = 0;
    read.number = INT64_MIN;  // the bound is each entry's own
    node->fetch.insns.push_back(read);
    node->fetch.int_count = 1;
    return;
  }
  node->value_slot = slicer.slice(check.dst, &node->fetch);
  // "Unbound" is a value too: entries may demand it.
  if (node->fetch.insns.back().op <= GuardOp::kFetchStack) node->fetch.insns.back().small = 1;
}

}  // namespace

std::vector<DispatchKey> dispatchKeys(const GuardProgram& program) { return KeyCollector(program).run(); }

std::unique_ptr<DispatchNode> buildTree(const std::vector<Entry*>& entries) {
  auto node = std::make_unique<DispatchNode>();
  const DispatchKey* test = entries.size() > 1 ? chooseTest(entries) : nullptr;
  if (test == nullptr) {
    node->leaf = entries;
    return node;
  }
  absl::flat_hash_map<uint64_t, std::vector<Entry*>> groups;
  std::vector<Entry*> rest;
  const Entry* model = nullptr;
  for (Entry* entry : entries) {
    const DispatchKey* key = keyOf(*entry, test->what);
    if (key == nullptr) {
      rest.push_back(entry);
      continue;
    }
    groups[key->value].push_back(entry);
    if (model == nullptr) {
      model = entry;
      prepareFetch(*entry, *key, node.get());
    }
  }
  for (auto& [value, members] : groups) node->children[value] = buildTree(members);
  if (!rest.empty()) node->rest = buildTree(rest);
  return node;
}

bool testValue(const DispatchNode& node, const FrameRoots& roots, PyObject** regs, int64_t* ints, uint64_t* value) {
  if (runGuards(node.fetch, roots, regs, ints) != kGuardsPass) return false;
  if (node.test == DispatchTest::kNumber) {
    *value = static_cast<uint64_t>(ints[0]);
    return true;
  }
  PyObject* object = regs[node.value_slot];
  if (object == nullptr) {
    *value = 0;
    return node.test == DispatchTest::kType;
  }
  int64_t length = 0;
  switch (node.test) {
    case DispatchTest::kType: *value = pointerHash(Py_TYPE(object)); return true;
    case DispatchTest::kArray: {
      if (SEGUE_FAULT(ArraysNotDispatched)) return false;
      if (Py_TYPE(object) != &PyArray_Type) return false;
      auto* array = reinterpret_cast<PyArrayObject*>(object);
      *value = arrayHash(PyArray_DESCR(array), PyArray_NDIM(array));
      return true;
    }
    case DispatchTest::kEquals: *value = constantHash(object); return true;
    case DispatchTest::kIdentity: *value = pointerHash(object); return true;
    case DispatchTest::kLength:
      if (!checks::readLength(object, &length)) return false;
      *value = static_cast<uint64_t>(length);
      return true;
    case DispatchTest::kCode:
      if (!PyFunction_Check(object)) return false;
      *value = pointerHash(PyFunction_GET_CODE(object));
      return true;
    case DispatchTest::kNumber: break;
  }
  return false;
}

void printNode(const DispatchNode& node, int depth, std::string* out) {
  std::string indent(2 * static_cast<size_t>(depth), ' ');
  if (node.isLeaf()) {
    absl::StrAppend(out, indent, node.leaf.size(), node.leaf.size() == 1 ? " entry\n" : " entries\n");
    return;
  }
  constexpr const char* kTests[] = {"type of ", "array kind of ", "value of ", "identity of ", "len of ", "code of ", "int "};
  absl::StrAppend(out, indent, kTests[static_cast<int>(node.test)], node.fetch.paths.back(), ": ", node.children.size(),
                  " ways\n");
  std::vector<std::string> parts;  // the hashes have no order worth showing
  for (const auto& [value, child] : node.children) printNode(*child, depth + 1, &parts.emplace_back());
  std::sort(parts.begin(), parts.end());
  for (const std::string& part : parts) *out += part;
  if (node.rest != nullptr) {
    absl::StrAppend(out, indent, "rest:\n");
    printNode(*node.rest, depth + 1, out);
  }
}

}  // namespace segue
