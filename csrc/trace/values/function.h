// Python functions and cells.
//
// A live function is guarded by an assumption (reached through globals or a class) or by its code (an argument). A function
// made in the trace is rebuilt at an exit from its parts; SetFunctionAttribute makes a new value with one part more, since
// CPython sets these before anything else can see the function.
#pragma once

#include "trace/values/value.h"

namespace segue {

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

class FunctionValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kFunction;
  FunctionValue(FunctionParts parts, std::optional<Source> source = std::nullopt, BorrowedRef live = nullptr)
      : Value(kKind, source), parts_(std::move(parts)), live_(Ref::borrow(live)) {}
  const FunctionParts& parts() const { return parts_; }
  /// The function object; null when the trace made the function.
  BorrowedRef live() const { return live_; }

  PyTypeObject* type() const override { return &PyFunction_Type; }
  std::string describe() const override;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Traced<ValueRef> liveAttr(Tracer& t, BorrowedRef name);
  FunctionParts parts_;
  Ref live_;
};

}  // namespace segue
