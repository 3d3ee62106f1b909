#include "trace/heap.h"

#include <catch2/catch.hpp>

namespace segue {
namespace {

struct NumberState : ClonableState<NumberState> {
  int number = 0;
};

ObjectId addNumber(Heap& heap, int number) {
  auto state = std::make_unique<NumberState>();
  state->number = number;
  return heap.add(std::move(state));
}

int numberOf(const Heap& heap, ObjectId id) { return heap.read<NumberState>(id).number; }

}  // namespace

TEST_CASE("a rollback restores states, objects and the log", "[trace][heap]") {
  Heap heap;
  ObjectId id = addNumber(heap, 1);
  heap.log({WriteKind::kListClear, nullptr});
  Heap::Mark mark = heap.checkpoint();
  heap.write<NumberState>(id).number = 2;
  heap.write<NumberState>(id).number = 3;
  heap.log({WriteKind::kListClear, nullptr});
  addNumber(heap, 9);
  CHECK(numberOf(heap, id) == 3);
  heap.rollback(mark);
  CHECK(numberOf(heap, id) == 1);
  CHECK(heap.writes().size() == 1);
  CHECK(addNumber(heap, 5).index == 1);
}

TEST_CASE("rolling back to an older mark undoes what younger marks saw", "[trace][heap]") {
  Heap heap;
  ObjectId id = addNumber(heap, 1);
  Heap::Mark outer = heap.checkpoint();
  heap.write<NumberState>(id).number = 2;
  Heap::Mark inner = heap.checkpoint();
  heap.write<NumberState>(id).number = 3;
  heap.rollback(inner);
  CHECK(numberOf(heap, id) == 2);
  heap.write<NumberState>(id).number = 4;
  heap.rollback(outer);
  CHECK(numberOf(heap, id) == 1);
}

TEST_CASE("a state written after a rollback is saved again for the older mark", "[trace][heap]") {
  Heap heap;
  ObjectId id = addNumber(heap, 1);
  Heap::Mark outer = heap.checkpoint();
  Heap::Mark inner = heap.checkpoint();
  heap.write<NumberState>(id).number = 2;
  heap.rollback(inner);
  heap.write<NumberState>(id).number = 3;
  CHECK(numberOf(heap, id) == 3);
  heap.rollback(outer);
  CHECK(numberOf(heap, id) == 1);
}

}  // namespace segue
