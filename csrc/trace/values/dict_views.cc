#include "trace/values/dict_views.h"

#include "trace/protocols.h"
#include "trace/tracer.h"

namespace segue {
namespace {

class DictIterator final : public IteratorValue {
 public:
  DictIterator(ObjectId object, DictValue* dict, DictPart part, size_t size)
      : IteratorValue(object), dict_(dict), part_(part), size_(size) {}
  PyTypeObject* type() const override {
    return part_ == DictPart::kKeys ? &PyDictIterKey_Type
                                    : part_ == DictPart::kValues ? &PyDictIterValue_Type : &PyDictIterItem_Type;
  }

  Traced<ValueRef> nextSlot(Tracer& t) override {
    PositionState state = t.heap().read<PositionState>(object());
    if (state.exhausted) return ValueRef{nullptr};
    SEGUE_TRY(const std::vector<DictEntry>* all, dict_->entries(t));
    if (all->size() != size_) return t.raise(PyExc_RuntimeError, "dictionary changed size during iteration");
    auto& written = t.heap().write<PositionState>(object());
    if (state.position >= static_cast<int64_t>(all->size())) {
      written.exhausted = true;
      return ValueRef{nullptr};
    }
    ++written.position;
    return partOf(t, (*all)[state.position], part_);
  }

  std::optional<int64_t> remainingSlot(Tracer& t) override {
    return static_cast<int64_t>(size_) - t.heap().read<PositionState>(object()).position;
  }

 private:
  DictValue* dict_;
  DictPart part_;
  size_t size_;   ///< of the dict when iteration began
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

Traced<ValueRef> DictViewValue::iterSlot(Tracer& t) {
  SEGUE_TRY_VOID(dict_->entries(t));
  return makeDictIterator(t, dict_, part_);
}

ValueRef makeDictIterator(Tracer& t, DictValue* dict, DictPart part) {
  Traced<const std::vector<DictEntry>*> all = dict->entries(t);
  SEGUE_CHECK(all.ok(), "the caller loads the dict");
  return t.make<DictIterator>(t.heap().add(std::make_unique<PositionState>()), dict, part, all.value()->size());
}

}  // namespace segue
