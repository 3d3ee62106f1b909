// Reads the text form of graph/print.h. Names have to be defined before they are used; types are inferred, and a type that
// is written out has to agree. `#` starts a comment that ends with the line; `;` and line ends separate statements; a
// statement's name may be left out (`setitem x 0 1.0`). A call that names its operator's version (`clip@1 a=x a_min=0`) is
// led through the operator's upgrades. Parsing does not verify scopes of regions (graph/verify.h does).
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "graph/graph.h"

namespace segue {

using OpLookup = std::function<const OpDef*(std::string_view)>;

/// The error names the line. `find_op` says what operator names mean.
Result<std::unique_ptr<Graph>> parseGraph(std::string_view text, const OpLookup& find_op = findOp);

}  // namespace segue
