// What a trace hands on: plain data, all that later stages (codegen, driver, artifacts) see of the tracer.
//
// A trace ends in exactly one *exit*. Its program is: check the guards, run the graph (pure), then the commit: build the
// objects that outlive the segment (recipes), replay the writes in program order, and leave through the exit.
//
// A `Recipe` says how to make one live Python object; recipes are a DAG held by id, and one recipe is built at most once,
// so that identity and aliasing survive (`a is b` holds behind the exit iff it held in the trace). Mutable containers
// made in the region are built empty or with their final contents; cycles are closed by writes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "guards/guard.h"

namespace segue {

/// Index into TraceResult::recipes.
struct RecipeId {
  int32_t index = -1;
  bool valid() const { return index >= 0; }
  friend bool operator==(RecipeId a, RecipeId b) = default;
};

enum class RecipeKind : uint8_t {
  kConstant,     ///< `object`
  kSource,       ///< the object at `source`
  kOutput,       ///< graph output `number`
  kDim,          ///< a Python int: the value of `dim`
  kNull,         ///< an empty stack slot or unbound local
  kOwnSlot,      ///< what slot `number` of the outermost frame holds when the segment starts, locals before the stack
  kTuple, kList, kSet, kFrozenSet,      ///< `items`
  kDict,         ///< `items` alternate key, value
  kSlice,        ///< items: start, stop, step
  kRange,        ///< items: start, stop, step
  kDeque,        ///< items, then maxlen last (constant None or int)
  kDefaultDict,  ///< items: factory, then key, value …
  kString,       ///< items: str parts, joined (f-strings of run-time values)
  kObject,       ///< object.__new__(items[0]); attributes come through writes
  kStructSequence, ///< a tuple subclass instance (namedtuple): items[0] is the type, the rest its fields
  kCell,         ///< a cell; items[0] its contents (kNull: empty)
  kFunction,     ///< items: code, globals, name, qualname, defaults, kwdefaults, annotations, closure tuple, doc, module
  kBoundMethod,  ///< items: function, self
  kPartial,      ///< items: func, args tuple, keywords dict
  kIterator,     ///< iter(items[0]) moved to position `number` (__setstate__)
  kCall,         ///< items[0](*rest): a built-in class, or a generator function; runs no user code
};

struct Recipe {
  RecipeKind kind;
  Source source;                 ///< kSource
  int32_t number = 0;            ///< kOutput, kOwnSlot, iterators
  Dim dim;                       ///< kDim
  Ref object;                    ///< kConstant
  std::vector<RecipeId> items;
};

enum class WriteKind : uint8_t {
  kSetAttr, kDelAttr,            ///< target.name = value, through object.__setattr__ (default attribute setting)
  kSetItem, kDelItem,            ///< exact list (int key), dict
  kListAppend, kListInsert, kListPop, kListExtend, kListClear, kListReverse, kListAssign,  ///< kListAssign: target[:] = value
  kDictUpdate, kDictClear, kDictPop,
  kSetAdd, kSetDiscard, kSetClear,
  kDequeAppend, kDequeAppendLeft, kDequePop, kDequePopLeft, kDequeClear,
  kSetCell, kDelCell,            ///< target is a cell
  kSetGlobal, kDelGlobal,        ///< target is the globals dict
  kIteratorNext,                 ///< target is a range iterator that has a number left
};

/// One write to an object that exists outside the segment (or to a fresh one, to close a cycle), in program order.
struct Write {
  WriteKind kind;
  RecipeId target;
  RecipeId key;                  ///< attribute name, key or index; invalid where the kind has none
  RecipeId value;                ///< invalid where the kind has none
  Location location;
};

/// How to rebuild one frame: locals and stack of the code at `offset`.
struct FrameSnapshot {
  Ref code;
  Ref function;                  ///< constant function for an inlined frame (null for the outermost)
  RecipeId function_recipe;      ///< or how to make it
  int offset = 0;                ///< bytecode offset of the instruction to execute next
  std::vector<RecipeId> locals;  ///< one per localsplus slot (cells hold recipes of kCell or a kSource)
  std::vector<RecipeId> stack;   ///< bottom first; kNull slots included
};

enum class ExitKind : uint8_t {
  kReturn,       ///< the frame returns `value`
  kBreak,        ///< CPython goes on at frames.front().offset
  kLoop,         ///< back to the segment's own start
};

struct Exit {
  ExitKind kind = ExitKind::kReturn;
  RecipeId value;                       ///< kReturn
  uint16_t reason = 0;                  ///< kBreak: row of breaks.def
  std::string detail;                   ///< kBreak: words of this case
  Location location;                    ///< kBreak
  std::vector<Location> inlined_chain;  ///< call sites from the outermost frame down to the break
  std::vector<FrameSnapshot> frames;    ///< outermost first (kBreak, kLoop)
  std::vector<int> let_go;              ///< slots of the running frame, locals before the stack, whose objects no frame keeps
};

/// A graph input is read from a source.
struct InputBinding {
  Node* input;
  Source source;
};

struct TraceResult {
  std::unique_ptr<SourceTable> sources;
  std::unique_ptr<GuardSet> guards;
  std::unique_ptr<Graph> graph;         ///< outputs are what kOutput recipes number
  std::vector<InputBinding> inputs;     ///< in the order of graph->inputs()
  std::vector<Recipe> recipes;
  std::vector<Write> writes;            ///< commit order
  Exit exit;
  int instruction_count = 0;            ///< instructions executed symbolically
  int region_count = 0;                 ///< structured regions in the graph
  int numpy_calls = 0;                  ///< NumPy's functions, methods and operators that the segment calls, or has no need to
  std::vector<Ref> keep_alive;          ///< code objects that locations point into
  /// No operator, no region and no NumPy call that the trace has answered: nothing to win (DESIGN, "Which frames").
  bool worthless() const { return graph->opCount() == 0 && region_count == 0 && numpy_calls == 0; }
};

}  // namespace segue
