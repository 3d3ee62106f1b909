// Pictures of a graph as text: Graphviz's DOT, and SVG laid out here (inputs on top, every node below what it uses).
#pragma once

#include <string>

#include "graph/graph.h"

namespace segue {

std::string drawDot(const Graph& graph);
std::string drawSvg(const Graph& graph);

}  // namespace segue
