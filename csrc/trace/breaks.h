// Break reasons as an enum; the words are in breaks.def, shown through breakRow (trace/trace.h).
#pragma once

#include <cstdint>
#include <string>

#include "base/traced.h"

namespace segue {

enum class BreakReason : uint16_t {
#define SEGUE_BREAK(name, id, explanation, hint) k##name,
#include "trace/breaks.def"
#undef SEGUE_BREAK
};

/// `return stop(BreakReason::kX, "words of this case")` in a function that returns Traced<…>.
inline Break stop(BreakReason reason, std::string detail = "") {
  return Break{static_cast<uint16_t>(reason), std::move(detail)};
}

}  // namespace segue
