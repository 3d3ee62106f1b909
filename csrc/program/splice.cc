#include "program/splice.h"

namespace segue {

int Splice::findSite(int offset) const {
  for (size_t i = 0; i < sites.size(); i++) {
    if (sites[i].offset == offset) return static_cast<int>(i);
  }
  return -1;
}

int Splice::findExit(int offset, bool into_call) const {
  for (size_t i = 0; i < exits.size(); i++) {
    if (exits[i].offset == offset && exits[i].into_call == into_call) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace segue
