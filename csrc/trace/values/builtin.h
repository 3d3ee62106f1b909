// Callables that are not Python functions: built-in functions, method descriptors and ufuncs (BuiltinValue), operators found
// as array methods (OperatorValue), and bound methods of any callable (MethodValue).
#pragma once

#include "trace/values/value.h"

namespace segue {

/// A live built-in callable; the same object in every run.
class BuiltinValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kBuiltin;
  BuiltinValue(BorrowedRef object, std::optional<Source> source) : Value(kKind, source), object_(Ref::borrow(object)) {}
  PyTypeObject* type() const override { return object_.type(); }
  BorrowedRef constant() const override { return object_; }
  std::string describe() const override;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<Ref> keySlot(Tracer& t) override { return object_; }
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Ref object_;
};

/// An array operator as a callable: the method of a class (which the call passes an array or a scalar first), or of a ufunc.
class OperatorValue final : public Value {
 public:
  /// `object`: the class's descriptor, or the ufunc.
  OperatorValue(const LibraryName* name, BorrowedRef object)
      : Value(ValueKind::kBuiltin), name_(name), object_(Ref::borrow(object)) {}
  PyTypeObject* type() const override;
  BorrowedRef constant() const override;
  std::string describe() const override { return std::string(name_->name); }
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  const LibraryName* name_;   ///< generated table, lives forever
  Ref object_;
};

/// function.__get__(self): the call passes self first.
class MethodValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kMethod;
  MethodValue(ValueRef function, ValueRef self, std::optional<Source> source = std::nullopt)
      : Value(kKind, source), function_(function), self_(self) {}
  ValueRef function() const { return function_; }
  ValueRef self() const { return self_; }
  PyTypeObject* type() const override;
  std::string describe() const override { return function_->describe(); }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  ValueRef function_;
  ValueRef self_;
};

/// "numpy.foo", "list.append": for details of breaks.
std::string describeCallable(BorrowedRef callable);

}  // namespace segue
