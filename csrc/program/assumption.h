// Assumptions: facts about objects that cannot change without our noticing (runtime/assumptions.h says how).
#pragma once

#include <cstdint>

#include "base/ref.h"

namespace segue {

enum class AssumptionKind : uint8_t {
  kDictValue,          ///< dict[key] is `value` (identity), or the key is absent (value null)
  kTypeUnchanged,      ///< the type and its bases keep their attributes
  kFunctionUnchanged,  ///< code, defaults, kwdefaults (contents too) of a function
  kTypeAttribute,      ///< looking `key` up on the type (along its MRO) gives `value`, or nothing (value null)
};

struct Assumption {
  AssumptionKind kind;
  Ref owner;                  ///< dict, type or function
  Ref key;                    ///< kDictValue, kTypeAttribute: a str
  Ref value;                  ///< kDictValue, kTypeAttribute: the object, or null for "absent"
};

}  // namespace segue
