#include "base/fault.h"

#ifdef SEGUE_FAULTS

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace segue {
namespace {

constexpr const char* kFaultNames[] = {
#define SEGUE_FAULT_ROW(name, what, tests) #name,
#include "base/faults.def"
#undef SEGUE_FAULT_ROW
};

/// The fault that SEGUE_FAULT names; -1 for none. A name without a row ends the process: the tests would prove nothing.
int plantedFault() {
  const char* wanted = std::getenv("SEGUE_FAULT");
  if (wanted == nullptr || *wanted == '\0') return -1;
  int index = 0;
  for (const char* name : kFaultNames) {
    if (std::strcmp(name, wanted) == 0) return index;
    index++;
  }
  std::fprintf(stderr, "segue: SEGUE_FAULT=%s names no fault\n", wanted);
  std::_Exit(2);
}

void noteReached() {
  const char* path = std::getenv("SEGUE_FAULT_REACHED");
  if (path == nullptr) return;
  if (std::FILE* file = std::fopen(path, "w")) std::fclose(file);
}

}  // namespace

bool faultPlanted(Fault fault) {
  static const int planted = plantedFault();
  if (static_cast<int>(fault) != planted) return false;
  static const bool noted = (noteReached(), true);
  return noted;
}

}  // namespace segue

#endif
