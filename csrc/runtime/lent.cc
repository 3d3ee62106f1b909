#include "runtime/lent.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "base/fault.h"
#include "runtime/dispatch.h"

namespace segue {
namespace {

PyObject* death_callback = nullptr;

/// Whose each weak reference is. The collector may call back for one whose entry has gone meanwhile: it is not here any more.
absl::flat_hash_map<PyObject*, Entry*>& entries() {
  static auto* map = new absl::flat_hash_map<PyObject*, Entry*>;   // outlives the interpreter's own teardown
  return *map;
}

PyObject* onDeath(PyObject*, PyObject* weak) {
  if (auto found = entries().find(weak); found != entries().end()) takeOutDead(found->second);
  Py_RETURN_NONE;
}

bool canBeLent(PyObject* object) {
  if (Py_TYPE(object)->tp_weaklistoffset == 0 || PyModule_Check(object) || PyCode_Check(object)) return false;
  return !PyType_Check(object) || (reinterpret_cast<PyTypeObject*>(object)->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
}

/// Not from the moment on in which it is being freed, or the collector has decided to.
bool isAlive(PyObject* weak, PyObject* object) {
  return reinterpret_cast<PyWeakReference*>(weak)->wr_object == object && Py_REFCNT(object) > 0;
}

}  // namespace

bool initLending() {
  static PyMethodDef method = {"forget", onDeath, METH_O, nullptr};
  if (death_callback == nullptr) death_callback = PyCFunction_New(&method, nullptr);
  return death_callback != nullptr;
}

LentObjects::~LentObjects() { SEGUE_CHECK(objects_.empty(), "an entry goes before it has reclaimed what it lent"); }

bool hasWeakReferences(PyObject* object) {
  if (Py_TYPE(object)->tp_weaklistoffset == 0) return false;
  for (auto* weak = *reinterpret_cast<PyWeakReference**>(PyObject_GET_WEAKREFS_LISTPTR(object)); weak != nullptr; weak = weak->wr_next) {
    if (weak->wr_callback != death_callback) return true;
  }
  return false;
}

const LentObjects::Watched* LentObjects::find(PyObject* object) const {
  auto at = std::lower_bound(objects_.begin(), objects_.end(), object,
                             [](const Watched& watched, PyObject* other) { return watched.object < other; });
  return at != objects_.end() && at->object == object ? &*at : nullptr;
}

void LentObjects::watch(absl::Span<const BorrowedRef> objects) {
  if (death_callback == nullptr || SEGUE_FAULT(EntriesKeepObjects)) return;
  std::vector<PyObject*> distinct;
  for (BorrowedRef object : objects) {
    if (object && canBeLent(object)) distinct.push_back(object);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  for (PyObject* object : distinct) {
    Ref weak = Ref::steal(PyWeakref_NewRef(object, death_callback));
    if (weak) {
      objects_.push_back({object, std::move(weak)});
    } else {
      PyErr_Clear();   // no memory: it stays the entry's
    }
  }
}

void LentObjects::lend(absl::Span<const Place> references, Entry* entry) {
  absl::flat_hash_map<PyObject*, Py_ssize_t> own;
  for (Place place : references) own[*place]++;
  auto stays = [&](const Watched& watched) { return Py_REFCNT(watched.object) <= own[watched.object]; };
  objects_.erase(std::remove_if(objects_.begin(), objects_.end(), stays), objects_.end());
  objects_.shrink_to_fit();
  for (const Watched& watched : objects_) entries()[watched.weak.get()] = entry;
  for (Place place : references) {
    if (contains(*place)) Py_DECREF(*place);   // not the last one
  }
}

bool LentObjects::reclaim(absl::Span<const Place> references) {
  for (Place place : references) {
    const Watched* lent = find(*place);
    if (lent == nullptr) continue;
    if (!isAlive(lent->weak.get(), lent->object)) *place = nullptr;
    Py_XINCREF(*place);
  }
  bool whole = true;
  for (const Watched& watched : objects_) {
    entries().erase(watched.weak.get());
    whole = whole && isAlive(watched.weak.get(), watched.object);
  }
  objects_.clear();
  return whole;
}

size_t LentObjects::bytes() const { return objects_.capacity() * (sizeof(Watched) + sizeof(PyWeakReference)); }

}  // namespace segue
