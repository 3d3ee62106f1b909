// Whether warnings may become exceptions, or run the user's code (Python's `warnings`).
#pragma once

namespace segue {

/// True where a RuntimeWarning that is issued now surely leaves the code that is warned going on as if nothing had happened: no filter says
/// "error", and nobody has replaced how warnings are shown. Asks the module's attributes each time: programs set them freely. No exception is set.
bool warningsOnlyShow();

}  // namespace segue
