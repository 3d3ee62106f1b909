#include "runtime/assumptions.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "base/fault.h"
#include "base/functions.h"
#include "base/objects.h"
#include "hook/watch.h"
#include "program/constants.h"

namespace segue {
namespace {

/// Failures of a fact after which a guard per call is cheaper than compiling again.
constexpr int kUnstableAfter = 3;
/// Facts whose failures are counted; beyond it counting starts afresh.
constexpr size_t kCountedFacts = 4096;

using FactKey = std::pair<PyObject*, PyObject*>;   ///< owner, key: compared only, never dereferenced

void (*broken_notice)() = nullptr;

absl::flat_hash_map<FactKey, int>& failures() {
  static auto* map = new absl::flat_hash_map<FactKey, int>;   // outlives the interpreter's own teardown
  return *map;
}

void countFailure(PyObject* owner, PyObject* key) {
  if (failures().size() >= kCountedFacts) failures().clear();
  failures()[{owner, key}]++;
}

bool aboutType(AssumptionKind kind) {
  return kind == AssumptionKind::kTypeUnchanged || kind == AssumptionKind::kTypeAttribute;
}

/// Types that CPython does not let anybody change.
bool isSettled(const Assumption& a) {
  return aboutType(a.kind) && reinterpret_cast<PyTypeObject*>(a.owner.get())->tp_flags & Py_TPFLAGS_IMMUTABLETYPE;
}

/// The sum of the versions of the dicts along a type's MRO: differs after any change to the type or a base. For types
/// that CPython gives no version tag.
uint64_t mroVersion(PyTypeObject* type) {
  PyObject* mro = type->tp_mro;
  auto sum = reinterpret_cast<uint64_t>(mro);
  for (Py_ssize_t i = 0; mro != nullptr && i < PyTuple_GET_SIZE(mro); i++) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(mro, i));
    if ((base->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) || base->tp_dict == nullptr) continue;
    sum += segue_dict_version(base->tp_dict);
  }
  return sum;
}

/// Never 0.
uint64_t typeVersion(PyObject* object) {
  auto* type = reinterpret_cast<PyTypeObject*>(object);
  uint32_t tag = segue_type_version(type);
  return tag != 0 ? tag : (mroVersion(type) | (uint64_t{1} << 63));
}

/// What a function assumption compares: code, defaults, kwdefaults, and what is in kwdefaults (names and values).
std::vector<PyObject*> functionParts(PyObject* object) {
  auto* function = reinterpret_cast<PyFunctionObject*>(object);
  std::vector<PyObject*> parts = {function->func_code, function->func_defaults, function->func_kwdefaults};
  Py_ssize_t position = 0;
  PyObject *key, *value;
  while (function->func_kwdefaults != nullptr && PyDict_Next(function->func_kwdefaults, &position, &key, &value)) {
    parts.push_back(key);
    parts.push_back(value);
  }
  return parts;
}

bool functionUnchanged(PyObject* object, const std::vector<Ref>& pinned) {
  auto* function = reinterpret_cast<PyFunctionObject*>(object);
  if (!runsItsCode(object) || function->func_code != pinned[0].get() ||
      function->func_defaults != pinned[1].get() || function->func_kwdefaults != pinned[2].get()) {
    return false;
  }
  if (function->func_kwdefaults == nullptr || SEGUE_FAULT(KeywordDefaultsAssumed)) return true;
  size_t at = 3;
  Py_ssize_t position = 0;
  PyObject *key, *value;
  while (PyDict_Next(function->func_kwdefaults, &position, &key, &value)) {
    if (at + 2 > pinned.size() || key != pinned[at].get() || value != pinned[at + 1].get()) return false;
    at += 2;
  }
  return at == pinned.size();
}

bool dictHolds(const Assumption& a) {
  PyObject* value = nullptr;
  SegueLookup found = segue_dict_get(a.owner.get(), a.key.get(), &value);
  if (!a.value && SEGUE_FAULT(NewNameIgnored)) return true;
  return a.value ? found == SEGUE_FOUND && value == a.value.get() : found == SEGUE_ABSENT;
}

bool typeHolds(const Assumption& a) {
  return _PyType_Lookup(reinterpret_cast<PyTypeObject*>(a.owner.get()), a.key.get()) == a.value.get();
}

}  // namespace

// ---- watchers ----------------------------------------------------------------------------------------------------

/// Which sets rely on a watched dict or type.
class WatchRegistry {
 public:
  static WatchRegistry& get() {
    static auto* registry = new WatchRegistry;
    return *registry;
  }

  bool add(AssumptionSet* set, uint32_t owner_index) {
    const AssumptionSet::Owner& owner = set->owners_[owner_index];
    bool dict = owner.kind == AssumptionKind::kDictValue;
    std::vector<User>& users = users_[owner.object];
    bool watched = dict ? !users.empty() || segue_watch_dict(owner.object)
                        : segue_watch_type(reinterpret_cast<PyTypeObject*>(owner.object));
    if (watched) users.push_back({set, owner_index});
    if (users.empty()) users_.erase(owner.object);
    return watched;
  }

  void remove(AssumptionSet* set) {
    for (const AssumptionSet::Owner& owner : set->owners_) {
      auto found = users_.find(owner.object);
      if (found == users_.end()) continue;
      std::vector<User>& users = found->second;
      users.erase(std::remove_if(users.begin(), users.end(), [&](const User& u) { return u.set == set; }), users.end());
      if (!users.empty()) continue;
      users_.erase(found);
      if (owner.kind == AssumptionKind::kDictValue) {
        segue_unwatch_dict(owner.object);
      } else {
        segue_unwatch_type(reinterpret_cast<PyTypeObject*>(owner.object));
      }
    }
  }

  // Judged before the write: the facts about other keys, and those that the new value satisfies, are left alone.
  void dictEvent(PyObject* dict, PyObject* key, PyObject* value) {
    auto found = users_.find(dict);
    if (found == users_.end() || SEGUE_FAULT(StaleDict)) return;
    bool interned = key != nullptr && PyUnicode_CheckExact(key) && PyUnicode_CHECK_INTERNED(key);
    for (const User& user : found->second) {
      if (!user.set->valid()) continue;
      const AssumptionSet::Owner& owner = user.set->owners_[user.owner];
      for (uint32_t i = owner.first; i < owner.first + owner.count; i++) {
        const Assumption& fact = user.set->assumptions_[i];
        bool hit = key == nullptr || key == fact.key.get() || (!interned && sameConstant(key, fact.key));
        if (!hit || (key != nullptr && value == fact.value.get())) continue;
        if (!fact.value && SEGUE_FAULT(NewNameIgnored)) continue;
        broke(user.set, dict, fact.key.get());
        break;
      }
    }
  }

  // CPython does not say whether the write has happened yet: look at the type when an entry is tried next.
  void typeEvent(PyTypeObject* type) {
    auto found = users_.find(reinterpret_cast<PyObject*>(type));
    if (found == users_.end() || SEGUE_FAULT(StaleType)) return;
    for (const User& user : found->second) {
      if (!user.set->valid()) continue;
      user.set->owners_[user.owner].suspect = true;
      user.set->state_ = AssumptionSet::State::kExamine;
    }
  }

 private:
  struct User {
    AssumptionSet* set;
    uint32_t owner;   ///< index into set->owners_
  };
  static void broke(AssumptionSet* set, PyObject* owner, PyObject* key) {
    set->invalidate();
    countFailure(owner, key);
    if (broken_notice != nullptr) broken_notice();
  }
  absl::flat_hash_map<PyObject*, std::vector<User>> users_;   ///< by dict or type: alive, or the sets abandon it
};

namespace {

void onDict(PyObject* dict, PyObject* key, PyObject* value) { WatchRegistry::get().dictEvent(dict, key, value); }
void onType(PyTypeObject* type) { WatchRegistry::get().typeEvent(type); }

}  // namespace

bool initAssumptions() { return segue_watch_init(onDict, onType) == 0; }

void setBrokenNotice(void (*notice)()) { broken_notice = notice; }

bool unstableAssumption(AssumptionKind kind, BorrowedRef owner, BorrowedRef key) {
  if (failures().empty()) return false;
  Ref name = Ref::borrow(key);
  if (name && PyUnicode_CheckExact(name.get())) {
    PyObject* text = name.release();
    PyUnicode_InternInPlace(&text);
    name = Ref::steal(text);
  }
  auto found = failures().find({owner.get(), name.get()});
  return found != failures().end() && found->second >= kUnstableAfter;
}

// ---- sets --------------------------------------------------------------------------------------------------------

AssumptionSet::AssumptionSet(std::vector<Assumption> assumptions) : assumptions_(std::move(assumptions)) {
  assumptions_.erase(std::remove_if(assumptions_.begin(), assumptions_.end(), isSettled), assumptions_.end());
  std::stable_sort(assumptions_.begin(), assumptions_.end(),
                   [](const Assumption& a, const Assumption& b) { return a.owner.get() < b.owner.get(); });
  for (Assumption& a : assumptions_) {
    if (!a.key) continue;
    PyObject* key = a.key.release();
    PyUnicode_InternInPlace(&key);
    a.key = Ref::steal(key);
  }
  for (uint32_t i = 0; i < assumptions_.size();) {
    Owner owner{assumptions_[i].owner.get(), assumptions_[i].kind};
    if (aboutType(owner.kind)) owner.kind = AssumptionKind::kTypeUnchanged;
    owner.first = i;
    while (i < assumptions_.size() && assumptions_[i].owner.get() == owner.object) i++;
    owner.count = i - owner.first;
    owners_.push_back(std::move(owner));
  }
  for (uint32_t i = 0; i < owners_.size() && valid(); i++) {
    Owner& owner = owners_[i];
    if (const Assumption* fact = failing(owner)) {
      breakOn(*fact);
      return;
    }
    if (owner.kind != AssumptionKind::kFunctionUnchanged && segue_has_watchers()) {
      owner.watched = WatchRegistry::get().add(this, i);
    }
    watch(owner);
    if (!owner.watched) state_ = State::kExamine;
  }
}

AssumptionSet::~AssumptionSet() { WatchRegistry::get().remove(this); }

/// Records the state that later calls compare with.
void AssumptionSet::watch(Owner& owner) {
  if (owner.kind == AssumptionKind::kFunctionUnchanged) {
    if (!owner.pinned.empty()) return;
    for (PyObject* part : functionParts(owner.object)) owner.pinned.push_back(Ref::borrow(part));
  } else if (owner.kind == AssumptionKind::kDictValue) {
    owner.version = segue_dict_version(owner.object);
  } else {
    owner.version = typeVersion(owner.object);
  }
}

const Assumption* AssumptionSet::failing(const Owner& owner) const {
  for (uint32_t i = owner.first; i < owner.first + owner.count; i++) {
    const Assumption& fact = assumptions_[i];
    if (fact.kind == AssumptionKind::kDictValue && !dictHolds(fact)) return &fact;
    if (fact.kind == AssumptionKind::kTypeAttribute && !typeHolds(fact)) return &fact;
  }
  return nullptr;
}

/// After a change, or without a watcher: the fact about the owner that does not hold any more, if there is one.
const Assumption* AssumptionSet::examineOwner(Owner& owner) {
  const Assumption* whole = &assumptions_[owner.first];
  if (owner.kind == AssumptionKind::kFunctionUnchanged) {
    return SEGUE_FAULT(StaleFunction) || functionUnchanged(owner.object, owner.pinned) ? nullptr : whole;
  }
  bool type = owner.kind == AssumptionKind::kTypeUnchanged;
  uint64_t version = type ? typeVersion(owner.object) : segue_dict_version(owner.object);
  if (version == owner.version && !owner.suspect) return nullptr;
  if (type ? SEGUE_FAULT(StaleType) : SEGUE_FAULT(StaleDict)) return nullptr;
  for (uint32_t i = owner.first; i < owner.first + owner.count; i++) {
    if (assumptions_[i].kind == AssumptionKind::kTypeUnchanged) return &assumptions_[i];
  }
  if (const Assumption* fact = failing(owner)) return fact;
  owner.suspect = false;
  if (owner.watched) owner.watched = segue_watch_type(reinterpret_cast<PyTypeObject*>(owner.object));
  watch(owner);
  return nullptr;
}

void AssumptionSet::breakOn(const Assumption& fact) {
  invalidate();
  countFailure(fact.owner.get(), fact.key.get());
}

bool AssumptionSet::examine() {
  bool quiet = true;
  for (Owner& owner : owners_) {
    if (owner.watched && !owner.suspect) continue;
    // Nearly always: a dict of 3.11 that nobody has written to.
    const bool same = owner.kind == AssumptionKind::kDictValue && segue_dict_version(owner.object) == owner.version;
    if (!same) {
      if (const Assumption* fact = examineOwner(owner)) {
        breakOn(*fact);
        return false;
      }
    }
    quiet &= owner.watched;
  }
  if (quiet) state_ = State::kQuiet;
  return true;
}

size_t AssumptionSet::bytes() const {
  size_t total = assumptions_.capacity() * sizeof(Assumption) + owners_.capacity() * sizeof(Owner);
  for (const Owner& owner : owners_) total += owner.pinned.capacity() * sizeof(Ref);
  return total;
}

void AssumptionSet::abandon() {
  WatchRegistry::get().remove(this);
  for (Owner& owner : owners_) owner.object = nullptr;
  invalidate();
}

void AssumptionSet::appendObjects(std::vector<BorrowedRef>* objects) const {
  for (const Assumption& a : assumptions_) {
    objects->push_back(a.owner);
    objects->push_back(a.value);
  }
  for (const Owner& owner : owners_) objects->insert(objects->end(), owner.pinned.begin(), owner.pinned.end());
}

void AssumptionSet::appendReferences(std::vector<PyObject**>* places) {
  for (Assumption& a : assumptions_) places->insert(places->end(), {a.owner.place(), a.key.place(), a.value.place()});
  for (Owner& owner : owners_) {
    for (Ref& part : owner.pinned) places->push_back(part.place());
  }
}

}  // namespace segue
