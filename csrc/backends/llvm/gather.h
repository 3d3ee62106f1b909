// Which nodes read elements of a table at indices, and their code: `table[index]` and `np.take(table, index)` of a table of one dimension.
//
// Model. The index is run over as any operand, and may be made in the kernel; the table is not. Negative indices count from the table's end. One
// that is out of bounds reads the first element, and sets KernelTable::outside: the run is dropped, and NumPy raises its error. The mode "clip" of
// `take` leaves none out of bounds but those of an empty table; of "wrap" NumPy's loop is faster, which divides nothing. Elements are loaded one by
// one: the instructions that load a vector of them take as long or longer, where measured.
//
// Requirements
//  1. As of pointwise.h. Nothing but elements of the table is read, whatever the indices.
#pragma once

#include <optional>
#include <string>

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"
#include "graph/graph.h"

namespace segue::llvm {

/// A node whose first argument is the table, and whose second one is the index. What it makes is in C order.
struct Gather {
  Bounds bounds = Bounds::kReport;
};

/// Nullopt for nodes that NumPy has to run.
std::optional<Gather> gatherOf(const Node& node, const DimTable& dims);

/// Registers with what the code needs of a table.
struct TableNames {
  DType dtype = DType::kF64;
  std::string data, outside;
  std::string stride;                       ///< "": elements lie side by side
  std::string size;
  std::string spare;                        ///< a byte that nobody reads
};

/// Loads a table's fields. `type`: the array's; `place`: where its KernelTable is. In a function's first block.
TableNames emitTable(const Type& type, const std::string& place, IrBuilder& out);
/// The elements at the indices, which have the dtype.
std::string emitGather(const TableNames& table, Bounds bounds, DType dtype, int lanes, const std::string& index, IrBuilder& out);

}  // namespace segue::llvm
