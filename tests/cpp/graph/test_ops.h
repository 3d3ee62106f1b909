// Operators that exist only in tests of graphs: views, writes and structured nodes whose types are written out, so that
// these tests do not depend on type rules.
#pragma once

#include "base/python.h"

#include <string_view>

#include "graph/graph.h"
#include "graph/parse.h"

namespace segue {

/// view(a), maybe_view(a), fill(a!, value), fill_into(value, out!), draw(n), risky(a), loop(n, …), one(a), limit@3(a, low, high): see the source.
/// Names that are not among them are looked up in the table of real operators.
const OpDef* findTestOp(std::string_view name);

/// Parses with the test operators; a failure fails the test.
std::unique_ptr<Graph> parseTestGraph(std::string_view text);

}  // namespace segue
