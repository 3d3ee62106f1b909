// Exact dicts, and defaultdicts.
//
// Keys are found by stand-ins that hash and compare as the keys do without running user code (Value::keySlot): built-in
// constants stand for themselves, objects with identity hashing for themselves too. A live dict is looked up key by key,
// each guarded to be there or not, until something needs all of it (order, length, deletion): then it is *loaded*.
#pragma once

#include "trace/values/value.h"

namespace segue {

struct DictEntry {
  Ref key;                     ///< stand-in
  ValueRef key_value;
  ValueRef value;              ///< may be pending; null in a dict that is not loaded: known to be absent
};

struct DictState final : ObjectState {
  DictState() : index(Ref::steal(PyDict_New())) {}
  std::unique_ptr<ObjectState> clone() const override;

  bool loaded = true;              ///< false: a live dict, and entries are those asked for or written so far
  std::vector<DictEntry> entries;  ///< in order of insertion
  Ref index;                       ///< dict: stand-in -> position in entries
  int64_t removals = 0;            ///< entries removed so far: iterators tell by it that positions have moved
};

class DictValue : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kDict;
  DictValue(ObjectId object, std::optional<Source> source, BorrowedRef live, PyTypeObject* cls = &PyDict_Type,
            ValueRef factory = nullptr)
      : HeapValue(kKind, object, source),
        live_(Ref::borrow(live)),
        cls_(Ref::borrow(reinterpret_cast<PyObject*>(cls))),
        factory_(factory) {}

  /// All entries, in order; loads a live dict.
  virtual Traced<const std::vector<DictEntry>*> entries(Tracer& t);
  /// Null: not there.
  virtual Traced<ValueRef> get(Tracer& t, ValueRef key);
  virtual Traced<void> set(Tracer& t, ValueRef key, ValueRef value);
  /// What was there, or null.
  virtual Traced<ValueRef> remove(Tracer& t, ValueRef key);
  int64_t removals(Tracer& t) const;

  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  std::string describe() const override { return "a dict"; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<void> setItemSlot(Tracer& t, ValueRef key, ValueRef value) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Traced<void> load(Tracer& t);
  void log(Tracer& t, WriteKind kind, ValueRef key, ValueRef value);
  /// What `self[key]` is where the key is missing.
  Traced<ValueRef> missing(Tracer& t, ValueRef key);
  Ref live_;           ///< the live dict; null for one that the trace made
  Ref cls_;            ///< dict, or collections.defaultdict
  ValueRef factory_;   ///< default_factory of a defaultdict
};

/// Whether all keys hash and compare without user code.
bool hasPlainKeys(BorrowedRef dict);
void addDictEntry(DictState& state, Ref stand_in, ValueRef key, ValueRef value);
/// An empty dict.
DictValue* makeDict(Tracer& t);
/// dict[key] of a value that must be a dict; null: not there.
Traced<ValueRef> dictGet(Tracer& t, ValueRef dict, ValueRef key);
/// dict.update(source) of DICT_UPDATE and DICT_MERGE (`unique`: a key that is there already raises).
Traced<void> dictUpdate(Tracer& t, ValueRef dict, ValueRef source, bool unique);
/// The items of a **kwargs dict.
Traced<absl::InlinedVector<Keyword, 2>> dictKeywords(Tracer& t, ValueRef dict);

}  // namespace segue
