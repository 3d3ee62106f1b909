// A source is the path from a frame to an object: `L['x']`, `G['np']`, `L['self'].weights[0]`.
//
// Sources are interned in a `SourceTable`; a parent always has a smaller id than its children, so a table in id order is
// already a program that fetches every object once. Fetching never runs user code: each step is allowed only where a
// guard on its parent says that it is plain (exact list, exact dict, instance of a type without a custom
// `__getattribute__`, …). Guards and the plan's inputs both refer to sources.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/ref.h"

namespace segue {

/// An interned source.
struct Source {
  uint32_t id = 0;
  friend bool operator==(Source a, Source b) = default;
  template <typename H>
  friend H AbslHashValue(H h, Source s) {
    return H::combine(std::move(h), s.id);
  }
};

enum class SourceKind : uint8_t {
  kLocal,       ///< localsplus slot `index` of the frame (an argument, when the segment starts at the function's start)
  kCell,        ///< contents of the cell in localsplus slot `index`
  kFreeVar,     ///< contents of the function's closure cell `index`
  kStack,       ///< value stack slot `index` (segments that start behind a break)
  kFunction,    ///< the frame's function object
  kGlobals,     ///< the frame's globals dict
  kBuiltins,    ///< the frame's builtins dict
  kHandled,     ///< the exception being handled (sys.exception()), or None
  kConstant,    ///< `object` itself: something an assumption pins, reached without a path (a module, a class, a function)
  kAttr,        ///< instance attribute `object` (a str) of the parent: instance dict or slot, never a property
  kItem,        ///< element `index` of an exact tuple, list or deque
  kKey,         ///< value under the built-in constant `object` of an exact dict
  kCellContents,///< contents of the cell object that the parent is
  kMember,      ///< C member `index` (see SourceMember) of the parent: __self__, __func__, start …
};

/// Fixed members of built-in objects that a fetch reads directly.
enum class SourceMember : uint8_t {
  kMethodSelf, kMethodFunction,            ///< bound method
  kFunctionDefaults, kFunctionKwDefaults, kFunctionClosure, kFunctionGlobals, kFunctionCode,
  kFunctionName, kFunctionQualname, kFunctionDoc, kFunctionModule, kFunctionDict,
  kClassName, kClassQualname, kClassMro, kClassBases,  ///< of a class written in Python
  kPartialFunc, kPartialArgs, kPartialKeywords,
  kDefaultFactory,                         ///< of a defaultdict
  kSliceStart, kSliceStop, kSliceStep, kRangeStart, kRangeStop, kRangeStep,
  kType,                                   ///< type(x)
  kInstanceDict,                           ///< x.__dict__
  kArrayBase,                              ///< ndarray.base
};

struct SourceNode {
  SourceKind kind;
  Source parent;        ///< meaningful for kAttr … kMember
  int32_t index = 0;    ///< slot, element or SourceMember
  Ref object;           ///< kConstant: the object; kAttr, kKey: the name or key
};

class SourceTable {
 public:
  Source local(int slot) { return intern(SourceKind::kLocal, {}, slot, nullptr); }
  Source cell(int slot) { return intern(SourceKind::kCell, {}, slot, nullptr); }
  Source freeVar(int index) { return intern(SourceKind::kFreeVar, {}, index, nullptr); }
  Source stack(int slot) { return intern(SourceKind::kStack, {}, slot, nullptr); }
  Source function() { return intern(SourceKind::kFunction, {}, 0, nullptr); }
  Source globals() { return intern(SourceKind::kGlobals, {}, 0, nullptr); }
  Source builtins() { return intern(SourceKind::kBuiltins, {}, 0, nullptr); }
  Source handled() { return intern(SourceKind::kHandled, {}, 0, nullptr); }
  Source constant(BorrowedRef object) { return intern(SourceKind::kConstant, {}, 0, object); }
  Source attr(Source parent, BorrowedRef name) { return intern(SourceKind::kAttr, parent, 0, name); }
  Source item(Source parent, int index) { return intern(SourceKind::kItem, parent, index, nullptr); }
  /// `key` must be a str, bytes, int, float, bool, None or a tuple of these: hashing it runs no user code.
  Source key(Source parent, BorrowedRef key) { return intern(SourceKind::kKey, parent, 0, key); }
  Source cellContents(Source parent) { return intern(SourceKind::kCellContents, parent, 0, nullptr); }
  Source member(Source parent, SourceMember m) { return intern(SourceKind::kMember, parent, static_cast<int>(m), nullptr); }

  const SourceNode& node(Source source) const { return nodes_[source.id]; }
  size_t size() const { return nodes_.size(); }
  bool hasParent(Source source) const { return node(source).kind >= SourceKind::kAttr; }
  /// "L['x']", "G['np'].sin", "L['self'].w[0]"; names come from the frame's code, which may be null.
  std::string print(Source source, BorrowedRef code) const;

 private:
  Source intern(SourceKind kind, Source parent, int index, BorrowedRef object);
  std::vector<SourceNode> nodes_;                          ///< by id
  absl::flat_hash_map<std::string, uint32_t> by_key_;      ///< structural key -> id
};

}  // namespace segue
