#include "trace/values/dict_views.h"

#include "trace/protocols.h"
#include "trace/tracer.h"

namespace segue {
namespace {

class DictIterator final : public IteratorValue {
 public:
  DictIterator(ObjectId object, DictValue* dict, DictPart part, bool reversed, size_t size, int64_t removals)
      : IteratorValue(object), dict_(dict), part_(part), reversed_(reversed), size_(size), removals_(removals) {}
  PyTypeObject* type() const override {
    if (reversed_) {
      return part_ == DictPart::kKeys     ? &PyDictRevIterKey_Type
             : part_ == DictPart::kValues ? &PyDictRevIterValue_Type
                                          : &PyDictRevIterItem_Type;
    }
    return part_ == DictPart::kKeys ? &PyDictIterKey_Type
                                    : part_ == DictPart::kValues ? &PyDictIterValue_Type : &PyDictIterItem_Type;
  }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    SEGUE_TRY(const std::vector<DictEntry>* all, dict_->entries(t));
    if (all->size() != size_) return t.raise(PyExc_RuntimeError, "dictionary changed size during iteration");
    // CPython goes on from a place in the dict's table, which is not where these entries are.
    if (dict_->removals(t) != removals_) return stop(BreakReason::kUnsupportedOperation, "a dict that lost keys while it was iterated over");
    auto& written = t.heap().write<PositionState>(object());
    if (state.position >= static_cast<int64_t>(all->size())) {
      written.exhausted = true;
      return ValueRef{nullptr};
    }
    ++written.position;
    return partOf(t, (*all)[reversed_ ? size_ - 1 - state.position : state.position], part_);
  }

  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(size_) - t.heap().read<PositionState>(object()).position;
  }

 private:
  DictValue* dict_;
  DictPart part_;
  bool reversed_;
  size_t size_;        ///< of the dict when iteration began
  int64_t removals_;   ///< … that it had seen then
};

}  // namespace

ValueRef partOf(Tracer& t, const DictEntry& entry, DictPart part) {
  switch (part) {
    case DictPart::kKeys: return entry.key_value;
    case DictPart::kValues: return t.resolve(entry.value);
    case DictPart::kItems: return t.tuple({entry.key_value, t.resolve(entry.value)});
  }
  SEGUE_UNREACHABLE("dict part");
}

PyTypeObject* DictViewValue::type() const {
  return part_ == DictPart::kKeys ? &PyDictKeys_Type : part_ == DictPart::kValues ? &PyDictValues_Type : &PyDictItems_Type;
}

Traced<bool> DictViewValue::containsSlot(Tracer& t, ValueRef item) {
  if (part_ == DictPart::kKeys) return dict_->containsSlot(t, item);
  SEGUE_TRY(const std::vector<DictEntry>* all, dict_->entries(t));
  for (const DictEntry& entry : std::vector<DictEntry>(*all)) {
    SEGUE_TRY(bool equal, equalItems(t, partOf(t, entry, part_), item));
    if (equal) return true;
  }
  return false;
}

Traced<ValueRef> DictViewValue::iterSlot(Tracer& t) { return makeDictIterator(t, dict_, part_); }

Traced<ValueRef> makeDictIterator(Tracer& t, DictValue* dict, DictPart part, bool reversed) {
  SEGUE_TRY(const std::vector<DictEntry>* all, dict->entries(t));
  return t.make<DictIterator>(newPosition(t), dict, part, reversed, all->size(), dict->removals(t));
}

}  // namespace segue
