// Values without behaviour of their own: NULL, pending values, opaque values, modules.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// CPython's NULL on the stack.
class NullValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kNull;
  NullValue() : Value(kKind) {}
  PyTypeObject* type() const override { return Py_TYPE(Py_None); }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;
};

/// A live object that nothing is guarded of yet; or a slot of a running frame that is empty, with no object.
class PendingValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kPending;
  PendingValue(BorrowedRef live, Source source) : Value(kKind, source), live_(live) {}
  PyTypeObject* type() const override { SEGUE_UNREACHABLE("type of a pending value"); }
  BorrowedRef live() const { return live_; }
  /// Still where it was found.
  bool isAt(Source source) const { return *this->source() == source; }

 private:
  BorrowedRef live_;   ///< kept alive by the frame or container it was found in, which nothing changes while tracing
};

/// An object of a type that is not modelled: it is passed on untouched.
class OpaqueValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kOpaque;
  OpaqueValue(BorrowedRef live, Source source, BreakReason reason = BreakReason::kOpaqueValue)
      : Value(kKind, source), live_(Ref::borrow(live)), reason_(reason) {}
  PyTypeObject* type() const override { return live_.type(); }
  BorrowedRef live() const { return live_; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<Arg> argSlot(Tracer& t) override;

 private:
  Ref live_;
  BreakReason reason_;
};

/// A module: attributes are assumptions on its dict.
class ModuleValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kModule;
  ModuleValue(BorrowedRef module, Source source) : Value(kKind, source), module_(Ref::borrow(module)) {}
  PyTypeObject* type() const override { return module_.type(); }
  BorrowedRef constant() const override { return module_; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<void> setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) override;
  Traced<Ref> keySlot(Tracer& t) override { return module_; }

 private:
  Ref module_;
};

/// A dtype instance: a constant that compares by meaning.
class DTypeValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kDType;
  DTypeValue(BorrowedRef descr, std::optional<Source> source) : Value(kKind, source), descr_(Ref::borrow(descr)) {}
  PyTypeObject* type() const override { return descr_.type(); }
  BorrowedRef constant() const override { return descr_; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<Ref> keySlot(Tracer& t) override { return descr_; }
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Ref descr_;
};

}  // namespace segue
