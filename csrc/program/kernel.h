// Kernels: machine code that a plan's `kernel` step runs over arrays.
//
// Model. A kernel is a loop over the elements of rows: for each i in [0, count) of each row it loads an element of every input, computes, and
// stores an element of every output. The runtime (runtime/kernel.h) makes rows of the run's dimensions: a single one
// where the memory of each array is dense and in one order, else those of the two innermost ones. A *reduced* output starts as what its reduction
// gives of nothing, and each run goes on with it: each row adds, say, each of its elements to one of the output's, or their sum to a single one.
//
// Kernels that need each other's results of a whole row only (x - x.mean(axis=1, keepdims=True)) are *stages* of one: all of them run over a row
// before any runs over the next, and what only they use of it stays in a row's worth of memory.
//
// Requirements
//  1. Arrays have the dtypes, ranks and byte order the kernel was made for, and are aligned; outputs are fresh, or, of a flat kernel, may
//     be inputs as well: each element is loaded before it is stored. Tables share no memory with outputs.
//  2. A kernel touches nothing outside the elements of its run and of tables, and calls nothing.
//  3. It sets the floating-point status as NumPy's loops would: an operation on elements that NumPy would not compute sets
//     nothing, and comparisons of NaNs are quiet.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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
    double parts[2];  ///< a Python complex; room for a NumPy scalar's, too
    int64_t pitches[2];   ///< strides of an array's last two dimensions, in bytes, the last one's first
  };
  int64_t stride;     ///< in bytes from one element to the next; of arrays only
  int64_t step;       ///< … from one row to the next
};
/// Bytes of the largest element.
inline constexpr int64_t kLargestElement = sizeof(KernelArg::parts);

/// An array that is not run over, but read, or (kBins) added to, at indices.
struct KernelTable {
  const char* data;   ///< of the first element; of zeros where there is none, so that any table may be read at 0
  int64_t stride;     ///< in bytes from one element to the next
  int64_t size;
  uint8_t outside;    ///< the kernel sets it, from any thread: an index was out of bounds, where NumPy raises
};

/// Where memory starts that is stored to past the caches: a cache line.
inline constexpr int kStreamAlignment = 64;
/// Runs over `rows` rows of `count` elements, one after the other; there is at least one of both.
using KernelCode = void (*)(const KernelArg* args, int64_t count, int64_t rows);

struct KernelParam {
  enum class Kind : uint8_t {
    kArray,
    kFloat,           ///< a Python float
    kInt,             ///< a Python int of 64 bits
    kComplex,         ///< a Python complex
    kScalar,          ///< a NumPy scalar
    kResult,          ///< a NumPy scalar that the kernel makes: a reduction of everything
    kTable,           ///< an array of one dimension, or without gaps, that is read at indices; KernelArg::data is its KernelTable's
    kBins,            ///< an array of one dimension that the kernel makes (KernelBins); KernelArg::data is its KernelTable's
    kPitches,         ///< an array that is another parameter, too: KernelArg::pitches
    kPosition,        ///< nobody's argument: KernelArg::integer is where the row's first element stands along the dimensions of the run that
                      ///< `spread` leaves, in C order, and stride and step are what it grows by
  };
  Kind kind = Kind::kArray;
  uint8_t core = 0;          ///< of arrays: so many last dimensions are no dimensions of the run, as the kernel goes over them itself
  bool squeezed = false;     ///< the array has no dimensions where bits of `spread` are set
  uint32_t spread = 0;       ///< arrays: bit i is set where dimension i of the run's shape, counted from the last one, repeats its elements
};
/// Whether the argument's value stands in KernelArg itself.
inline bool isInSlot(const KernelParam& param) {
  return param.kind == KernelParam::Kind::kFloat || param.kind == KernelParam::Kind::kInt || param.kind == KernelParam::Kind::kComplex ||
         param.kind == KernelParam::Kind::kScalar;
}
/// Whether the runtime makes it while the kernel runs, else it is given.
inline bool isMadeByKernel(const KernelParam& param) {
  return param.kind == KernelParam::Kind::kResult || param.kind == KernelParam::Kind::kBins;
}
/// Whether stride and step of its KernelArg count.
inline bool hasStrides(const KernelParam& param) {
  return param.kind == KernelParam::Kind::kArray || param.kind == KernelParam::Kind::kPosition;
}

/// How the elements that a scalar is reduced from may be combined.
enum class KernelOrder : uint8_t {
  kAny,             ///< in any order
  kFixed,           ///< in an order that nothing but the sizes decides: which of several zeros or NaNs is taken depends on it
  kHalves,          ///< as NumPy's pairwise sum: a run's first half, which the kernel halves on in turn (halfOf), then its second
  kBuffers,         ///< one buffer of kNumpyBuffer elements after the other
  kWhole,           ///< in one run
};
/// Of `count` elements: how many are the first half's.
inline int64_t halfOf(int64_t count) { return count / 2 / 8 * 8; }
/// How many elements NumPy casts at a time (np.getbufsize()).
inline constexpr int64_t kNumpyBuffer = 8192;

/// What the runtime does for a reduced output before and behind the runs.
struct KernelReduction {
  uint32_t param = 0;
  uint64_t initial = 0;      ///< the bits that every element starts with
  Ref descr;
  bool averages = false;     ///< a sum of floats is divided by the number of elements that it was made of
  KernelOrder order = KernelOrder::kAny;
  uint64_t neutral = 0;      ///< the bits of what changes nothing that it is combined with
  void (*combine)(uint64_t* so_far, uint64_t value) = nullptr;   ///< as the kernel does it; the bits of both
  /// In its place for the position of an extreme: takes the new position and the new extreme, which is the reduction `extreme` (and has
  /// neither function), or leaves both.
  void (*locate)(uint64_t* position, uint64_t new_position, uint64_t* extreme, uint64_t new_extreme) = nullptr;
  uint32_t extreme = 0;
};

/// An array that is added to at indices. One of the kernel's reductions, and tables.
struct KernelBins {
  uint32_t param = 0;
  uint32_t greatest = 0;             ///< the parameter of an array without dimensions, of uint64: which index the greatest is
  std::optional<uint32_t> least;     ///< the parameter that says how many bins there are at least; none: 0
  Ref descr, greatest_descr;
  std::shared_ptr<std::atomic<int64_t>> seen = std::make_shared<std::atomic<int64_t>>(0);   ///< how many runs have needed so far
};

struct Kernel;

struct KernelStage {
  std::shared_ptr<const Kernel> kernel;   ///< of one run for each row
  std::vector<uint32_t> params;      ///< by parameter of this kernel: a parameter of the whole, or behind these a row of memory
  bool single = false;               ///< it runs over arrays that have one element in each row
};

/// A row of memory.
struct KernelRow {
  int64_t item_size = 0;
  bool single = false;               ///< of one element
};

struct Kernel {
  KernelCode code = nullptr;         ///< null: it has stages
  KernelCode streaming = nullptr;    ///< of flat kernels: the same with stores past the caches, to outputs that start at kStreamAlignment; or null
  std::vector<KernelParam> params;   ///< inputs, then outputs; then what it needs while it runs: the extremes at positions, kPosition, the greatest indices
  uint32_t input_count = 0;
  std::vector<uint32_t> sized_by;    ///< by dimension of the run, counted from the last one: an array that has its size
  std::vector<KernelReduction> reductions;
  std::vector<uint32_t> tables;      ///< parameters
  std::vector<KernelBins> bins;
  uint32_t innermost = 0;            ///< the dimension, counted from the last one, of the kernel's own loop; those inside it have one element
  bool f_order = false;              ///< the runs go in Fortran order, which is the outputs', else in C order
  bool flat = false;                 ///< all arrays have the run's shape and order, and no gaps; NumPy scalars are made of all of it
  bool scans = false;                ///< what it makes of an element depends on those before it in the row: rows are whole, and no longer
  bool reports = false;              ///< may set the floating-point status
  uint32_t cost = 0;                 ///< of an element of the run: picoseconds, estimated
  uint32_t flops = 0;                ///< of an element of the run: floating-point operations, of which a math function is one
  uint32_t operators = 0;            ///< of the graph
  std::string name, text;            ///< of its code, and what it computes, for people
  std::vector<KernelStage> stages;   ///< in the order in which they run over a row: the last dimension
  std::vector<KernelRow> rows;       ///< what only stages use
};

/// Whether the reduction gives a NumPy scalar: of everything, with no axis left.
inline bool makesScalar(const Kernel& kernel, const KernelReduction& reduction) {
  return kernel.params[reduction.param].kind == KernelParam::Kind::kResult;
}

}  // namespace segue
