// Instances of classes that derive from dict.
//
// Such an object is an instance, with attributes and special methods as every instance has them, and holds what its base
// class keeps: its *payload*, the value of a dict with the same source. Where the class leaves a method to dict, dict's own
// is called with the payload in place of the instance (callOnPayload); nothing else sees payloads. Replay sets items as
// dict does.
#pragma once

#include "trace/values/dict.h"
#include "trace/values/instance.h"

namespace segue {

class SubclassValue final : public InstanceValue {
 public:
  SubclassValue(ObjectId object, PyTypeObject* cls, std::optional<Source> source, BorrowedRef live)
      : InstanceValue(object, cls, source, live) {}
  DictValue* payload() const { return payload_; }
  /// Once, by who makes it: the payload knows its owner.
  void setPayload(DictValue* payload) { payload_ = payload; }
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  DictValue* payload_ = nullptr;
};

/// Whether a class written in Python derives from dict, and otherwise from such classes only.
bool isDictSubclass(PyTypeObject* cls);
/// The value as an instance of such a class; null for all others.
SubclassValue* asSubclass(ValueRef value);
/// cls.__new__() of such a class: empty.
InstanceValue* makeSubclassInstance(Tracer& t, PyTypeObject* cls);
/// The dict that CPython reads a mapping as where it takes its entries directly (`**m`, dict(m), update): a dict, or what
/// a subclass without an __iter__ of its own holds. Null for other mappings.
DictValue* entriesOf(Tracer& t, ValueRef mapping);

/// A method of dict that is called with an instance of a subclass; nullopt where it is not.
std::optional<Traced<ValueRef>> callOnPayload(Tracer& t, BorrowedRef method, const CallArgs& args);
/// A built-in type's slot by its name, list.__len__(x) and its kin, for an x of exactly that type; nullopt for others.
std::optional<Traced<ValueRef>> callSlotMethod(Tracer& t, BorrowedRef method, const CallArgs& args);

}  // namespace segue
