// Backends turn a graph into a plan.
//
// Model. A backend sees the graph after all passes, and where its inputs are: input i is in register `input_slots[i]`
// and symbol i of graph.dims() in int register i, both written by the guard program. It answers with a plan whose outputs
// are the graph's. `reference` calls NumPy node by node; backends registered from Python receive the graph and example
// inputs and answer with a callable, which becomes a plan of one call: the callable takes the graph's inputs, then the
// numbers of the symbols that are no size of an array input, and returns a sequence of the graph's outputs.
//
// Requirements
//  1. A backend runs no user code and changes nothing but the plan.
//  2. A graph it cannot lower is a Result error; the frame runs eagerly then, with one warning. What it lowers otherwise than it should
//     have, it says in `warnings`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "program/plan.h"

namespace segue {

struct BackendInput {
  const Graph* graph = nullptr;
  std::vector<Reg> input_slots;       ///< by graph input
  uint32_t slot_count = 0;
  std::vector<Dim> dims;              ///< computed into Plan::dims: sizes that become Python ints at the exit
  std::vector<BorrowedRef> examples;  ///< by graph input: the values of the call being compiled; empty in tests
  Ref options;                        ///< dict of backend options from compile(), or null
  bool exact = false;                 ///< mode="exact"
  std::vector<std::string>* warnings = nullptr;   ///< for the user; null: nobody asks
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual Result<Plan> compile(const BackendInput& input) = 0;
};

/// The registry: built-in rows, then names registered from Python. Null when there is none of that name.
std::shared_ptr<Backend> findBackend(std::string_view name);
std::vector<std::string> backendNames();
/// `callable`: (Graph, example_inputs) -> callable. Replaces a backend of the same name from Python.
Result<void> registerPythonBackend(std::string name, BorrowedRef callable);
/// A backend given to compile() as a callable.
std::unique_ptr<Backend> makePythonBackend(BorrowedRef callable);

/// How a Graph becomes the Python object that Python backends receive; installed by the bindings. The text is the
/// graph's printed form: the object owns a copy.
using GraphWrapper = Ref (*)(const Graph& graph);
void setGraphWrapper(GraphWrapper wrapper);

}  // namespace segue
