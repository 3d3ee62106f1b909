#include "trace/heap.h"

#include "base/check.h"
#include "base/fault.h"

namespace segue {

ObjectId Heap::add(std::unique_ptr<ObjectState> state) {
  objects_.push_back({std::move(state), epoch_});
  return {static_cast<uint32_t>(objects_.size() - 1)};
}

Heap::Mark Heap::checkpoint() {
  ++epoch_;
  return {epoch_, saved_.size(), objects_.size(), log_.size()};
}

void Heap::rollback(const Mark& mark) {
  while (saved_.size() > mark.saved) {
    Saved& saved = saved_.back();
    if (!SEGUE_FAULT(RollbackKeepsStates)) objects_[saved.object] = std::move(saved.previous);
    saved_.pop_back();
  }
  objects_.resize(mark.objects);
  if (!SEGUE_FAULT(RollbackKeepsWrites)) log_.resize(mark.log);
  // A state restored from an older epoch must be copied again before the next write, for marks older than this one.
  ++epoch_;
}

ObjectState& Heap::writable(ObjectId id) {
  SEGUE_CHECK(id.index < objects_.size(), "object of another trace");
  Object& object = objects_[id.index];
  if (object.epoch != epoch_) {
    auto copy = object.state->clone();
    saved_.push_back({id.index, {std::move(object.state), object.epoch}});
    object = {std::move(copy), epoch_};
  }
  return *object.state;
}

}  // namespace segue
