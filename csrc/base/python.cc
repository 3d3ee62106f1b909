#define SEGUE_DEFINES_NUMPY_API
#include "base/python.h"

namespace segue {

bool importNumpy() { return _import_array() >= 0 && _import_umath() >= 0; }

}  // namespace segue
