// Python exceptions as text.
#pragma once

#include <string>

#include "base/python.h"

namespace segue {

/// "ValueError: words" of the current exception, which is cleared. There must be one.
std::string takeException();

}  // namespace segue
