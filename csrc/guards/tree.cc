#include "guards/tree.h"

namespace segue {
namespace {

bool isRootless(const Guard& guard) { return guard.kind == GuardKind::kErrState; }

bool hasOther(const Guard& guard) {
  return guard.kind == GuardKind::kSame || guard.kind == GuardKind::kNotSame || guard.kind == GuardKind::kOtherDict ||
         guard.kind == GuardKind::kDisjoint;
}

/// What is known of a source besides one guard.
struct Facts {
  bool array = false, equals = false, identity = false, int_value = false;
};

/// Whether the other facts about the source say what this guard says.
bool implied(const Guard& guard, const Facts& facts) {
  switch (guard.kind) {
    case GuardKind::kType:
      return facts.array || facts.equals || facts.identity ||
             (facts.int_value && guard.operand.get() == reinterpret_cast<PyObject*>(&PyLong_Type));
    case GuardKind::kInt64:
      return facts.int_value;
    default:
      return false;
  }
}

void merge(std::optional<ArrayFacts>& into, const ArrayFacts& facts) {
  if (!into) {
    into = facts;
    return;
  }
  SEGUE_CHECK(into->descr == facts.descr && into->ndim == facts.ndim, "contradicting array guards");
  into->flags_mask |= facts.flags_mask;
  into->flags |= facts.flags;
}

}  // namespace

GuardTree::GuardTree(const GuardSet& guards, absl::Span<const Source> wanted)
    : branches(guards.sources().size()), used_(guards.sources().size(), false) {
  const SourceTable& sources = guards.sources();
  std::vector<Facts> facts(branches.size());
  for (size_t symbol = 0; symbol < guards.dimOrigins().size(); symbol++) {
    const DimOrigin& origin = guards.dimOrigins()[symbol];
    branches[origin.source.id].origins.push_back(static_cast<uint32_t>(symbol));
    if (origin.kind == DimOrigin::Kind::kIntValue) facts[origin.source.id].int_value = true;
  }
  for (const Guard& guard : guards.guards()) {
    if (isRootless(guard)) continue;
    Facts& known = facts[guard.source.id];
    if (guard.kind == GuardKind::kArray) {
      known.array = true;
      merge(branches[guard.source.id].array, guard.array);
    }
    known.equals |= guard.kind == GuardKind::kEquals;
    known.identity |= guard.kind == GuardKind::kIdentity;
  }
  for (uint32_t i = 0; i < guards.guards().size(); i++) {
    const Guard& guard = guards.guards()[i];
    if (isRootless(guard)) {
      rootless.push_back(i);
      continue;
    }
    use(sources, guard.source);
    if (hasOther(guard)) use(sources, guard.other);
    if (guard.kind != GuardKind::kArray && !implied(guard, facts[guard.source.id])) {
      branches[guard.source.id].guards.push_back(i);
    }
  }
  for (const DimOrigin& origin : guards.dimOrigins()) use(sources, origin.source);
  for (Source source : wanted) {
    use(sources, source);
    branches[source.id].wanted = true;
  }
}

void GuardTree::use(const SourceTable& sources, Source source) {
  if (used_[source.id]) return;
  used_[source.id] = true;
  if (!sources.hasParent(source)) {
    roots.push_back(source);
    return;
  }
  Source parent = sources.node(source).parent;
  use(sources, parent);
  branches[parent.id].children.push_back(source);
}

PyTypeObject* knownType(const GuardSet& guards, const GuardTree& tree, Source source) {
  const SourceNode& node = guards.sources().node(source);
  if (node.kind == SourceKind::kConstant) return node.object.type();
  const GuardBranch& branch = tree.at(source);
  if (branch.array) return &PyArray_Type;
  for (uint32_t index : branch.guards) {
    const Guard& guard = guards.guards()[index];
    switch (guard.kind) {
      case GuardKind::kType:
        return reinterpret_cast<PyTypeObject*>(guard.operand.get());
      case GuardKind::kEquals:
      case GuardKind::kIdentity:
        return guard.operand.type();
      case GuardKind::kFunctionCode:
        return &PyFunction_Type;
      default:
        break;
    }
  }
  return nullptr;
}

}  // namespace segue
