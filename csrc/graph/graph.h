// The array program of one segment: SSA nodes in program order, each applying an operator.
//
// A `Graph` owns its nodes, types and symbolic dims. Views and writes are explicit operators: a view node's memory is its
// first argument's, a write node (tag kWrite) changes the argument that is marked `written` and everything that shares its
// memory, and program order is the order of effects. Values are pure otherwise: two nodes that apply the same pure
// operator to the same arguments with no write to those arguments' memory between them are interchangeable.
//
// Requirements
//  1. Every use is dominated by its definition (the verifier checks; strict mode runs it after every pass).
//  2. A node's type is what its operator's rule infers. (Where the rule has come to know more of an array's layout since,
//     from relations recorded later, the node may say less.)
//  3. Nodes are never moved across a write to memory they read, nor across a node that may raise if they write.
//  4. A dead node that may report a floating-point condition the user could see is kept (a check), unless a live node
//     reports the same condition on the same values.
//  5. print(parse(text)) == text for every printed graph; tests are text.
//  6. A graph runs under one np.errstate, and no two of its inputs that are written or read across a write share memory
//     unless they are the same input (the segment's guards see to both).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/arena.h"
#include "ops/op.h"

namespace segue {

/// Where in the user's source a node came from.
struct Location {
  BorrowedRef code;   ///< the code object (kept alive by the trace); null in parsed graphs
  int line = 0;
  int offset = -1;    ///< bytecode offset
};

struct Block;

/// One operation. Inputs of the graph and parameters of blocks are nodes without an operator.
struct Node {
  const OpDef* op = nullptr;      ///< null: an input or a block parameter
  std::vector<Arg> args;          ///< bound to op->params, ArgMissing where not passed
  const Type* type = nullptr;     ///< owned by the graph
  Sharing sharing = Sharing::kFresh;  ///< whose memory the result has
  uint32_t id = 0;                ///< unique in the graph, in order of creation
  std::string name;               ///< printed name, unique in the graph
  Location location;
  std::vector<std::unique_ptr<Block>> regions;  ///< bodies of structured for/while/if nodes
  bool isInput() const { return op == nullptr; }
  bool has(OpTag tag) const { return op != nullptr && op->has(tag); }
};

/// A straight run of nodes with parameters and results: the graph's body, or a region's.
struct Block {
  std::vector<Node*> params;
  std::vector<Node*> nodes;       ///< program order
  std::vector<Arg> results;
};

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;

  DimTable& dims() { return dims_; }
  const DimTable& dims() const { return dims_; }
  Block& body() { return body_; }
  const Block& body() const { return body_; }
  absl::Span<Node* const> inputs() const { return body_.params; }
  absl::Span<Node* const> nodes() const { return body_.nodes; }
  std::vector<Arg>& outputs() { return body_.results; }
  const std::vector<Arg>& outputs() const { return body_.results; }

  Node* addInput(std::string name, Type type);
  /// Appends a node with an inferred type. `name` empty: a fresh v0, v1 … The error is the type rule's.
  Result<Node*> add(const OpDef& op, std::vector<Arg> args, Location location = {}, std::string name = "");
  /// A parameter of a region's block; the caller puts it into the block.
  Node* createParam(std::string name, Type type);
  /// Creates a node without appending it (passes that insert elsewhere). Missing trailing arguments become ArgMissing.
  /// `sharing` is what the operator's tags say; whoever inferred more sets it.
  Node* create(const OpDef& op, std::vector<Arg> args, const Type* type, Location location, std::string name = "");
  /// Copies a type into the graph.
  const Type* intern(Type type);
  /// Forgets the nodes appended after the first `count` (rollback of a speculative step), and their names. Nothing may
  /// use them any more.
  void truncate(size_t count);
  /// A copy that shares nothing with this graph but the objects of constants; ids, names and Dims are the same.
  std::unique_ptr<Graph> clone() const;
  static Arg use(Node* node) { return ArgValue{node, node->type}; }
  size_t opCount() const { return body_.nodes.size(); }
  /// All ids are below it: the size of a table by id.
  uint32_t idBound() const { return next_id_; }

 private:
  Node* newNode(std::string name);
  std::string freshName();
  /// `wanted` made an identifier that no other node has and that the text form can tell from a literal or a symbol.
  std::string claimName(std::string wanted);

  Arena arena_;                  ///< nodes and types
  DimTable dims_;
  Block body_;
  const Type* last_type_ = nullptr;                         ///< what intern() gave last: runs of equal types share one
  absl::flat_hash_map<std::string, uint32_t> given_names_;  ///< names that were asked for -> next suffix to try
  uint32_t next_id_ = 0;
  uint32_t next_name_ = 0;       ///< the next fresh name is v<next_name_> or higher
};

/// Visits every node of a block in program order, a region's nodes behind the node that holds the region.
template <class Visit>
void forEachNode(const Block& block, Visit&& visit) {
  for (Node* node : block.nodes) {
    visit(node);
    for (const auto& region : node->regions) forEachNode(*region, visit);
  }
}

/// The node an argument's memory ultimately belongs to: follows views, and results that are a written argument, to an
/// input or a fresh result. A kMaybeView node counts as sharing. Where a result may share the memory of several arguments
/// the first is followed; graph/effects.h knows them all.
const Node* storageRoot(const Node* node);

}  // namespace segue
