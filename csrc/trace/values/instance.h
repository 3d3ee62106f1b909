// Instances of classes written in Python.
//
// Attribute access follows object.__getattribute__ exactly: data descriptors of the class, the instance's own storage,
// other descriptors and class attributes, then __getattr__. Properties, descriptors and dunders written in Python are
// inlined as calls. Only the part of the instance's storage that was asked for is guarded; writes are staged.
#pragma once

#include "trace/values/value.h"

namespace segue {

struct AttrState : ClonableState<AttrState> {
  struct Attr {
    BorrowedRef name;      ///< interned str
    ValueRef value;        ///< may be pending; null: known to be absent
  };
  std::vector<Attr> attrs; ///< asked for or written so far, in that order; of an object made in the trace: all
  std::vector<BorrowedRef> deleted;   ///< names that a live instance has lost in the trace
  ValueRef dict = nullptr;            ///< its __dict__, once asked for
};

class InstanceValue : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kInstance;
  InstanceValue(ObjectId object, PyTypeObject* cls, std::optional<Source> source, BorrowedRef live)
      : HeapValue(kKind, object, source), cls_(Ref::borrow(reinterpret_cast<PyObject*>(cls))), live_(Ref::borrow(live)) {}

  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(cls_.get()); }
  BorrowedRef live() const { return live_; }
  /// The plain int or str that it is as well (enum_member.h); null for all others.
  virtual ValueRef plain(Tracer& t) const { return nullptr; }
  std::string describe() const override { return std::string("an instance of ") + type()->tp_name; }

  /// The instance's own storage (dict or slot): null when the attribute is not there.
  Traced<ValueRef> storedAttr(Tracer& t, BorrowedRef name);
  /// Changes the storage; value null: deletes.
  void storeAttr(Tracer& t, BorrowedRef name, ValueRef value);
  /// The trace has deleted it, and may have set it again since.
  bool wasDeleted(Tracer& t, BorrowedRef name) const;

  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<void> setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<void> setItemSlot(Tracer& t, ValueRef key, ValueRef value) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<ValueRef> nextSlot(Tracer& t) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Ref cls_;
  Ref live_;   ///< null for an object made in the trace
};

/// The special method of an operator: of an in-place one `__iadd__`, of a reflected one `__radd__`.
const char* methodOf(BinaryOp op, bool reflected);
const char* methodOf(UnaryOp op);
const char* methodOf(CompareOp op);

/// object.__setattr__ and object.__delattr__ (value null).
Traced<void> setPlainAttr(Tracer& t, InstanceValue* self, BorrowedRef name, ValueRef value);
/// Whether `class` statements made the class and all its bases but object, so that instances hold nothing but attributes.
bool isPlainClass(PyTypeObject* cls);
/// object.__new__(cls).
InstanceValue* makeInstance(Tracer& t, PyTypeObject* cls);

}  // namespace segue
