// Iteration over dicts: keys, values, items.
#pragma once

#include "trace/values/dict.h"
#include "trace/values/iterator.h"

namespace segue {

enum class DictPart : uint8_t { kKeys, kValues, kItems };

/// Raises RuntimeError, as CPython does, when the dict changed its size meanwhile.
Traced<ValueRef> makeDictIterator(Tracer& t, DictValue* dict, DictPart part, bool reversed = false);

/// dict.keys(), .values(), .items(): sees the dict as it is when used.
class DictViewValue final : public Value {
 public:
  DictViewValue(DictValue* dict, DictPart part) : Value(ValueKind::kOpaque), dict_(dict), part_(part) {}
  PyTypeObject* type() const override;
  Traced<bool> truthSlot(Tracer& t) override { return dict_->truthSlot(t); }
  Traced<ValueRef> lengthSlot(Tracer& t) override { return dict_->lengthSlot(t); }
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;

 private:
  DictValue* dict_;
  DictPart part_;
};

/// The part of an entry that iteration gives.
ValueRef partOf(Tracer& t, const DictEntry& entry, DictPart part);

}  // namespace segue
