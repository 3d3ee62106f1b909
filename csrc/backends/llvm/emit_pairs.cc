#include "backends/llvm/emitter.h"
#include "base/fault.h"

// Elements of arrays as their parts: complex numbers are two values each. Vectors of them are loaded and stored side by side, and shuffled into
// a vector of real parts and one of imaginary parts.

namespace segue::llvm {

const KernelOutput* Emitter::outputAt(size_t param) const {
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    if (placeOf(i) == param) return &dag_.outputs()[i];
  }
  return nullptr;
}

/// Colours, coordinates, every other one. (Nothing may be stored to what lies between them.)
bool Emitter::isShuffled(size_t param) const {
  const int64_t gap = gapOf(param);
  return param < group_.inputs.size() && gap >= 2 && gap <= (pairs_[param] ? 2 : 4);
}

std::string Emitter::elementType(size_t param) const {
  const std::string type = memoryType(dtypes_[param]);
  return pairs_[param] ? absl::StrCat("[2 x ", type, "]") : type;
}

std::string Emitter::emitPart(size_t param, Part part, std::string_view place) {
  if (offsetOf(part) == 0) return std::string(place);
  return out_.define("getelementptr inbounds ", memoryType(dtypes_[param]), ", ptr ", place, ", i64 ", offsetOf(part));
}

std::string Emitter::emitPair(size_t param, Part part, const Place& place, int lanes) {
  const DType dtype = dtypes_[param];
  std::array<std::string, 2>& parts = loaded_pairs_[param];
  if (parts[0].empty()) {
    const std::string type = typeOf(dtype, lanes);
    const std::string first = emitLoad(dtype, place.at[0], lanes);
    const std::string next = out_.define("getelementptr inbounds ", memoryType(dtype), ", ptr ", place.at[0], ", i64 ", lanes);
    const std::string second = emitLoad(dtype, next, lanes);
    for (size_t k = 0; k < parts.size(); k++) {
      std::string mask;
      for (int i = 0; i < lanes; i++) absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", 2 * i + static_cast<int>(k));
      parts[k] = out_.define("shufflevector ", type, " ", first, ", ", type, " ", second, ", ", vectorOf("i32", lanes), " <", mask, ">");
    }
  }
  return parts[SEGUE_FAULT(ComplexPartsSwapped) ? 1 - static_cast<size_t>(offsetOf(part)) : static_cast<size_t>(offsetOf(part))];
}

void Emitter::emitStorePair(size_t param, const Place& place, const std::string& real, const std::string& imaginary, int lanes) {
  const DType dtype = dtypes_[param];
  const std::string type = typeOf(dtype, lanes);
  if (lanes == 1 || place.at.size() > 1) {
    for (size_t i = 0; i < place.at.size(); i++) {
      for (const Part part : {Part::kReal, Part::kImaginary}) {
        const std::string& value = part == Part::kReal ? real : imaginary;
        const std::string element = lanes == 1 ? value : out_.define("extractelement ", type, " ", value, ", i64 ", i);
        emitStore(dtype, emitPart(param, part, place.at[i]), element, 1);
      }
    }
    return;
  }
  for (int half = 0; half < 2; half++) {
    std::string mask;
    for (int i = 0; i < lanes; i++) absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", half * lanes / 2 + i / 2 + i % 2 * lanes);
    const std::string mixed = out_.define("shufflevector ", type, " ", real, ", ", type, " ", imaginary, ", ", vectorOf("i32", lanes), " <", mask, ">");
    const std::string at = out_.define("getelementptr inbounds ", memoryType(dtype), ", ptr ", place.at[0], ", i64 ", half * lanes);
    emitStore(dtype, at, mixed, lanes);
  }
}

void Emitter::emitResult(size_t output, const Place& place, const std::vector<std::string>& values, int lanes) {
  switch (dag_.outputs()[output].part) {
    case Part::kWhole: return emitStores(placeOf(output), place, emitStored(output, values[output], lanes), lanes);
    case Part::kReal: return;
    case Part::kImaginary: return emitStorePair(placeOf(output), place, values[output - 1], values[output], lanes);
  }
}

}  // namespace segue::llvm
