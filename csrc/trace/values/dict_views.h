// Iteration over dicts: keys, values, items.
#pragma once

#include "trace/values/dict.h"
#include "trace/values/iterator.h"

namespace segue {

enum class DictPart : uint8_t { kKeys, kValues, kItems };

/// Raises RuntimeError, as CPython does, when the dict changed its size meanwhile.
ValueRef makeDictIterator(Tracer& t, DictValue* dict, DictPart part);

/// The part of an entry that iteration gives.
ValueRef partOf(Tracer& t, const DictEntry& entry, DictPart part);

}  // namespace segue
