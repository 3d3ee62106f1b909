// Exact lists.
//
// A live list is *loaded* (length guarded, items pending) when its contents are first used as a whole. Until then its length
// is a symbol, an element by number is a source, and appends only collect what comes behind the unknown part, so that a list
// which the program merely indexes and appends to may have any length.
#pragma once

#include "trace/values/value.h"

namespace segue {

struct ListState : ClonableState<ListState> {
  bool loaded = true;             ///< false: a live list of which only `items` behind its contents are known
  std::vector<ValueRef> items;    ///< may be pending
};

class ListValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kList;
  ListValue(ObjectId object, std::optional<Source> source, BorrowedRef live)
      : HeapValue(kKind, object, source), live_(Ref::borrow(live)) {}

  /// The contents; loads a live list.
  const std::vector<ValueRef>& items(Tracer& t);
  /// The loaded contents, to be changed. The caller logs the change with `log`.
  std::vector<ValueRef>& mutableItems(Tracer& t);
  void append(Tracer& t, ValueRef item);
  /// self[:] = contents.
  void assign(Tracer& t, std::vector<ValueRef> contents);
  /// Records a write for replay, when the list is live.
  void log(Tracer& t, WriteKind kind, ValueRef key, ValueRef value);

  PyTypeObject* type() const override { return &PyList_Type; }
  std::string describe() const override { return "a list"; }
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
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  bool loaded(Tracer& t) const;
  /// The length of a list that is not loaded, when the trace started.
  Dim liveLength(Tracer& t);
  /// The length now; nullopt where that is no 64-bit number.
  std::optional<Dim> size(Tracer& t);
  /// The element by number of a list that is not loaded; null where that cannot be told without loading it.
  ValueRef liveItem(Tracer& t, Dim index);
  /// self[slice] = value, del self[slice] (value null).
  Traced<void> setSlice(Tracer& t, ValueRef slice, ValueRef value);
  Ref live_;   ///< the live list; null for one that the trace made
  std::optional<Dim> live_length_;   ///< once asked for
};

/// list.append on a value that must be a list (LIST_APPEND).
Traced<void> listAppend(Tracer& t, ValueRef list, ValueRef item);

}  // namespace segue
