// Kernels: machine code that a plan's `kernel` step runs over arrays.
//
// Model. A kernel is a loop over one dimension: for each i in [0, count) it loads an element of every input, computes, and
// stores an element of every output. The runtime (runtime/kernel.h) makes such runs of the arrays' dimensions: all of them at once
// where the memory of each is dense and in one order, else one run for each row.
//
// Requirements
//  1. Arrays have the dtypes, ranks and byte order the kernel was made for, and are aligned; outputs are fresh.
//  2. A kernel touches nothing outside the elements of its run, and calls nothing.
//  3. It sets the floating-point status as NumPy's loops would: an operation on elements that NumPy would not compute sets
//     nothing, and comparisons of NaNs are quiet.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ref.h"

namespace segue {

/// One argument of a run.
struct KernelArg {
  union {
    char* data;       ///< of an array's first element
    double real;      ///< a Python float
    int64_t integer;  ///< room for a NumPy scalar's value
  };
  int64_t stride;     ///< in bytes from one element to the next; of arrays only
};
using KernelCode = void (*)(const KernelArg* args, int64_t count);

struct KernelParam {
  enum class Kind : uint8_t {
    kArray,
    kFloat,           ///< a Python float
    kScalar,          ///< a NumPy scalar
  };
  Kind kind = Kind::kArray;
  uint32_t spread = 0;       ///< arrays: bit i is set where dimension i of the run's shape, counted from the last one, repeats its elements
};

struct Kernel {
  KernelCode code = nullptr;
  std::vector<KernelParam> params;   ///< inputs, then outputs
  int ndim = 1;                      ///< of the outputs, whose shape is the run's
  bool f_order = false;              ///< outputs are in Fortran order, else in C order
  bool flat = false;                 ///< all arrays have the outputs' shape and order, and no gaps
  bool reports = false;              ///< may set the floating-point status
  std::string text;                  ///< what it computes, for people
  Ref owner;                         ///< keeps the code mapped
};

}  // namespace segue
