#include "base/arena.h"

#include <catch2/catch.hpp>
#include <cstdint>

namespace segue {

TEST_CASE("arena destroys its objects in reverse order and aligns them") {
  std::string order;
  struct Note {
    std::string* out;
    char letter;
    ~Note() { out->push_back(letter); }
  };
  {
    Arena arena;
    arena.make<Note>(&order, 'a');
    arena.make<char>('x');
    double* number = arena.make<double>(1.5);
    CHECK(reinterpret_cast<uintptr_t>(number) % alignof(double) == 0);
    arena.make<Note>(&order, 'b');
    CHECK(order.empty());
  }
  CHECK(order == "ba");
}

TEST_CASE("arena serves requests larger than a block") {
  Arena arena;
  char* big = static_cast<char*>(arena.allocate(100'000, 1));
  big[99'999] = 'z';
  int* small = arena.make<int>(7);
  CHECK(*small == 7);
  CHECK(big[99'999] == 'z');
}

}  // namespace segue
