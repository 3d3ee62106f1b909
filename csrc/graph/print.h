// Graphs as text.
//
//   graph(x: f64[s0, 3], n: int) {
//     a = mul x x
//     b = sum a axis=0 keepdims=False
//     return b
//   }
//
// Required arguments stand by position, the others by name. An argument is a node's name or a literal: numbers and sizes as
// in Python (`s0 - 1`), True, None, `...`, "text", dtypes (`i64`), tuples, lists, slices (`1:`, `::2`), complex(1.0, 2.0), and
// any other object as `<type #number>`, where equal numbers mean the same object. Floats round-trip by bits (a NaN that is
// not the usual one prints its bits: `nan(0x7ff8000000000001)`). A node with regions prints its type, and each region as a
// block: `{ (i: int, acc: f64[3]) …; yield acc }`.
#pragma once

#include <string>

#include "graph/graph.h"

namespace segue {

struct PrintOptions {
  bool one_line = false;
  bool types = false;  ///< every node with its type, `a: f64[3] = mul x x` (parses too)
  bool versions = false;  ///< every call as `mul@1 x1=x x2=x`, which later versions of the operators read through upgrades
};

std::string print(const Graph& graph, PrintOptions options = {});
/// One argument. Objects are numbered within the call.
std::string printArg(const Arg& arg, const DimTable& dims);
/// The shortest text that reads back as the same bits, always with a '.', an 'e', or a word.
std::string printFloat(double value);

/// Stands for an object in a parsed graph; printed by its type's name.
Ref makePlaceholder(std::string_view type_name);

}  // namespace segue
