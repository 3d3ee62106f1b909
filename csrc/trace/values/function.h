// Python functions and cells.
//
// A live function is guarded by an assumption (reached through globals or a class) or by its code (an argument). A function
// made in the trace is rebuilt at an exit from its parts; SetFunctionAttribute makes a new value with one part more, since
// CPython sets these before anything else can see the function.
#pragma once

#include "trace/values/value.h"

namespace segue {

class DictValue;
class TupleValue;

/// A cell of a closure.
class CellValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kCell;
  CellValue(ObjectId object, std::optional<Source> source) : HeapValue(kKind, object, source) {}
  PyTypeObject* type() const override { return &PyCell_Type; }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

  /// Null: empty. May be pending.
  ValueRef contents(Tracer& t) const;
  /// Null: empties the cell.
  void setContents(Tracer& t, ValueRef value);
};

/// A new cell.
CellValue* makeCell(Tracer& t, ValueRef contents);
/// A live cell, whose contents are read from `contents`.
CellValue* wrapCell(Tracer& t, BorrowedRef live, Source source, Source contents);

struct FunctionParts {
  Ref code;                        ///< code object
  Ref globals;                     ///< dict
  ValueRef defaults = nullptr;     ///< tuple, or null for none
  ValueRef kwdefaults = nullptr;   ///< dict, or null for none
  ValueRef annotations = nullptr;  ///< dict or tuple, or null for none
  ValueRef closure = nullptr;      ///< tuple of cells, or null for none
};

/// What the program has set on a function that the trace made.
struct FunctionState : ClonableState<FunctionState> {
  std::vector<std::pair<BorrowedRef, ValueRef>> members;   ///< __name__, __doc__ …: those that are not what its code says
  DictValue* dict = nullptr;                               ///< its __dict__, once asked for
};

class FunctionValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kFunction;
  FunctionValue(FunctionParts parts, ObjectId object, std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr)
      : HeapValue(kKind, object, source), parts_(std::move(parts)), live_(Ref::borrow(live)) {}
  const FunctionParts& parts() const { return parts_; }
  /// The function object; null when the trace made the function.
  BorrowedRef live() const { return live_; }

  PyTypeObject* type() const override { return &PyFunction_Type; }
  std::string describe() const override;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<void> setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  /// The members that programs set: of a live function, and of one that the trace made. Null for other names.
  ValueRef liveMember(Tracer& t, BorrowedRef name);
  Traced<ValueRef> madeMember(Tracer& t, BorrowedRef name);
  /// Its __dict__; null where a live function has none yet.
  DictValue* dict(Tracer& t);
  FunctionParts parts_;
  Ref live_;
};

/// A function that the trace makes of its parts.
FunctionValue* makeFunction(Tracer& t, FunctionParts parts);

}  // namespace segue
