// Random generators: numpy.random.Generator and RandomState (of which np.random.normal and its kin are bound methods).
#pragma once

#include "trace/values/value.h"

namespace segue {

/// A live generator whose state a plan can put back. Its methods are operators; the graph only passes it on to them.
class RandomValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kRandom;
  RandomValue(BorrowedRef live, Source source) : Value(kKind, source), live_(Ref::borrow(live)) {}
  PyTypeObject* type() const override { return live_.type(); }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<Arg> argSlot(Tracer& t) override;

 private:
  Ref live_;
  Node* node_ = nullptr;   ///< the graph's input, once it is drawn from
};

}  // namespace segue
