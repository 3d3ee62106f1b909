// The decision tree of a dispatch table; private to the dispatcher.
//
// A node's fetch is a slice of one of its entries' guard programs: the instructions that lead to the value tested, with
// the checks that make them safe. Two entries test the same thing when these slices are equal, which their hashes say.
#pragma once

#include "runtime/dispatch.h"

namespace segue {

struct DispatchNode {
  std::vector<Entry*> leaf;          ///< no test: try these in order. Borrowed from the table
  DispatchTest test = DispatchTest::kType;
  GuardProgram fetch;                ///< writes the value to its last slot, or a number to ints[0]
  uint16_t value_slot = 0;
  absl::flat_hash_map<uint64_t, std::unique_ptr<DispatchNode>> children;   ///< by hash of the value
  std::unique_ptr<DispatchNode> rest;                                       ///< entries that take any value, or null
  bool isLeaf() const { return children.empty(); }
};

/// What the entry's guards demand, as far as nodes can test it.
std::vector<DispatchKey> dispatchKeys(const GuardProgram& program);

/// A tree over the entries; tests that cost the least to tell them apart come first.
std::unique_ptr<DispatchNode> buildTree(const std::vector<Entry*>& entries);

/// The hash of what a node tests, for this call. False when the value cannot be fetched.
bool testValue(const DispatchNode& node, const FrameRoots& roots, PyObject** regs, int64_t* ints, uint64_t* value);

/// One node per line, children indented.
void printNode(const DispatchNode& node, int depth, std::string* out);

}  // namespace segue
