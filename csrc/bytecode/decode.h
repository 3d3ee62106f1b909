// A decoded code object: canonical instructions with everything a reader of them needs.
//
// `decode` runs once per code object; the result is immutable and shared. It refuses (with words, never a crash) code
// that no CPython compiler emits: unknown opcodes, jumps into the middle of a unit, stack depths that disagree between
// paths.
//
// Requirements
//  1. The code is read de-specialised (PyCode_GetCode), so adaptive and instrumented forms never show.
//  2. decode does not run Python code and needs the GIL.
//  3. depthBefore is what CPython's stack holds when the instruction starts, for every reachable first of a unit.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "base/python.h"
#include "base/ref.h"
#include "base/traced.h"
#include "bytecode/insn.h"
#include "bytecode/raw.h"

namespace segue {

/// A localsplus slot. A parameter that an inner function uses is a local and a cell at once.
struct Slot {
  std::string name;
  bool is_local = false;   ///< in co_varnames
  bool is_cell = false;    ///< in co_cellvars: holds a cell from its MakeCell on
  bool is_free = false;    ///< in co_freevars: holds a cell from CopyFreeVars on
  bool is_hidden = false;  ///< a local of an inlined comprehension at module or class level (3.12+)
};

/// One row of the exception table, in instruction indices. Rows are sorted and do not overlap.
struct Handler {
  int start = 0;             ///< first covered instruction
  int end = 0;               ///< behind the last one
  int target = 0;            ///< handler's first instruction
  int depth = 0;             ///< stack slots kept when it is entered
  bool push_offset = false;  ///< whether f_lasti is pushed before the exception
  /// Depth at the target's start: kept slots, the offset where pushed, and the exception.
  int depthAtTarget() const { return depth + (push_offset ? 2 : 1); }
};

/// A function's instructions without its objects: what can be said of a listing alone.
class Body {
 public:
  absl::Span<const Insn> insns() const { return insns_; }
  int size() const { return static_cast<int>(insns_.size()); }
  const Insn& insn(int index) const { return insns_[index]; }

  /// Index of the unit's first instruction, for the byte offset of any code unit of it (a prefix, the opcode itself, a
  /// cache entry); -1 outside the code.
  int indexAt(int offset) const;
  /// Stack slots in use before the instruction; -1 where no path reaches it. (EndFor is not on
  /// any path of the Cfg, but has the depth at which CPython's inlined iteration gets there.)
  int depthBefore(int index) const { return depths_[index]; }
  /// The handler that catches what the instruction raises, or null.
  const Handler* handlerOf(int index) const {
    return handler_of_[index] < 0 ? nullptr : &handlers_[handler_of_[index]];
  }
  absl::Span<const Handler> handlers() const { return handlers_; }

 private:
  friend class Canonicalizer;
  std::vector<Insn> insns_;
  std::vector<int32_t> index_of_unit_;  ///< per 2-byte code unit: first instruction of its unit
  std::vector<int32_t> depths_;         ///< per instruction
  std::vector<int32_t> handler_of_;     ///< per instruction: index into handlers_, or -1
  std::vector<Handler> handlers_;
};

/// Expands raw code of any supported version. The error names the offset.
Result<Body> canonicalize(const RawCode& raw);

class Code : public Body {
 public:
  /// The error says which offset holds what. `keep_alive`: the result keeps the code object alive; false where the code
  /// object owns the result.
  static Result<std::shared_ptr<const Code>> decode(BorrowedRef code, bool keep_alive = true);

  PyCodeObject* object() const { return object_; }
  /// As str(co_qualname); for messages and logs.
  const std::string& qualname() const { return qualname_; }
  const std::string& filename() const { return filename_; }
  int firstLine() const { return object()->co_firstlineno; }

  BorrowedRef constant(int index) const { return PyTuple_GET_ITEM(object()->co_consts, index); }
  /// A str, interned.
  BorrowedRef name(int index) const { return PyTuple_GET_ITEM(object()->co_names, index); }
  absl::Span<const Slot> slots() const { return slots_; }
  int slotCount() const { return static_cast<int>(slots_.size()); }
  /// Whether some instruction stores the global of this interned name.
  bool storesGlobal(BorrowedRef name) const { return stored_globals_.contains(name.get()); }
  /// Locals proper come first; the last `freeCount()` slots are the free variables.
  int localCount() const { return local_count_; }
  int freeCount() const { return free_count_; }

  int argCount() const { return object()->co_argcount; }  ///< positional, positional-only included
  int positionalOnlyCount() const { return object()->co_posonlyargcount; }
  int keywordOnlyCount() const { return object()->co_kwonlyargcount; }
  bool hasVarArgs() const { return (flags() & CO_VARARGS) != 0; }
  bool hasVarKeywords() const { return (flags() & CO_VARKEYWORDS) != 0; }
  int flags() const { return object()->co_flags; }
  int stackSize() const { return object()->co_stacksize; }
  bool isGenerator() const { return (flags() & CO_GENERATOR) != 0; }
  bool isCoroutine() const { return (flags() & CO_COROUTINE) != 0; }
  bool isAsyncGenerator() const { return (flags() & CO_ASYNC_GENERATOR) != 0; }
  /// A function's body: has fast locals, is neither a module nor a class body.
  bool isFunction() const { return (flags() & (CO_OPTIMIZED | CO_NEWLOCALS)) == (CO_OPTIMIZED | CO_NEWLOCALS); }

 private:
  explicit Code(Body body) : Body(std::move(body)) {}

  PyCodeObject* object_ = nullptr;
  Ref owner_;  ///< keeps object_ alive, or null
  absl::flat_hash_set<PyObject*> stored_globals_;
  std::string qualname_;
  std::string filename_;
  std::vector<Slot> slots_;
  int local_count_ = 0;
  int free_count_ = 0;
};

}  // namespace segue
