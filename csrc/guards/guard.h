// Guards: what a segment's trace relied on, per source.
//
// A *guard* is checked per call. An *assumption* is about an object that cannot be replaced without our noticing (a dict
// key, a type, a function): watchers (3.12+) or version tags (3.11) keep it, at no cost or one compare per call.
// Guards are added lazily, when the trace uses a property; adding one twice is free. Relations between symbolic sizes are
// not here but in the graph's DimTable; `dim_origins` says where each symbol's number is read.
//
// Requirements
//  1. A guard on a source whose parent needs a guard to be fetched is added after the parent's.
//  2. Checking a guard runs no user code and cannot fail otherwise than by "no".
//  3. The same row of program/guard_kinds.def serves checking and explaining.
#pragma once

#include <memory>
#include <vector>

#include "guards/source.h"
#include "ops/dims.h"
#include "program/assumption.h"
#include "program/guard_program.h"

namespace segue {

/// What a guard on an exact numpy.ndarray compares in the array's header.
struct ArrayFacts {
  int descr = 0;              ///< a number of base/descr.h; with kArrayOfAnyDescr, NumPy's type number
  int ndim = 0;
  int flags_mask = 0;         ///< which flags (arrayFlags) are compared
  int flags = 0;              ///< their values: C/F contiguous, aligned, writeable, warns on write
  friend bool operator==(const ArrayFacts&, const ArrayFacts&) = default;
};

struct Guard {
  GuardKind kind;
  Source source;
  Ref operand;                ///< the object compared with (a type, a constant, a tuple of keys …), may be null
  int64_t number = 0;         ///< a length, an index, a flag; meaning by kind
  ArrayFacts array;           ///< GuardKind::kArray
  Source other;               ///< relational guards: the second source
};

/// Where the number of a Dim symbol comes from.
struct DimOrigin {
  enum class Kind : uint8_t { kArraySize, kIntValue, kLength, kRangeIterator } kind;
  Source source;
  int axis = 0;               ///< kArraySize; kRangeIterator: a RangePart
};

/// What there is to read of a range iterator.
enum class RangePart : uint8_t { kNext, kStep, kLeft
};

/// Everything one trace relies on.
class GuardSet {
 public:
  explicit GuardSet(SourceTable& sources) : sources_(sources) {}
  SourceTable& sources() { return sources_; }
  const SourceTable& sources() const { return sources_; }

  void add(Guard guard);
  void type(Source source, PyTypeObject* type);         ///< exact type
  void identity(Source source, BorrowedRef object);     ///< `is`
  void equals(Source source, BorrowedRef constant);     ///< equal value and type; floats by bits; str, int, bytes, bool …
  void length(Source source, Py_ssize_t length);        ///< exact tuple, list, dict, set
  void array(Source source, const ArrayFacts& facts);
  /// The two sources are (or are not) the same object.
  void same(Source a, Source b, bool are_same);
  /// The memory of array `written` does not overlap that of array `other`.
  void disjoint(Source written, Source other);

  /// np.errstate is as it is now. False when it cannot be read (then nothing is added).
  bool errState();

  /// A name that the program keeps writing becomes a guard per call instead (see setUnstableAssumptions).
  void assumeDictValue(BorrowedRef dict, BorrowedRef key, BorrowedRef value);
  /// Everything about the type and its bases. Prefer assumeTypeAttribute: a class counter that the program writes makes
  /// this one fail at every write.
  void assumeType(PyTypeObject* type);
  /// Looking `name` up on the type gives `value` (identity; null: nothing).
  void assumeTypeAttribute(PyTypeObject* type, BorrowedRef name, BorrowedRef value);
  void assumeFunction(BorrowedRef function);

  /// Reads the symbol's number (index = DimTable symbol index, added in order).
  void dimOrigin(DimOrigin origin) { dim_origins_.push_back(origin); }

  absl::Span<const Guard> guards() const { return guards_; }
  absl::Span<const Assumption> assumptions() const { return assumptions_; }
  absl::Span<const DimOrigin> dimOrigins() const { return dim_origins_; }

  /// Speculation: forget what was added after a mark.
  struct Mark {
    size_t guards, assumptions, dim_origins;
  };
  Mark mark() const { return {guards_.size(), assumptions_.size(), dim_origins_.size()}; }
  void rollback(Mark mark);

 private:
  void assume(Assumption assumption);

  SourceTable& sources_;                       ///< owned by the trace
  std::vector<Guard> guards_;                  ///< in order of first use, without repeats
  std::vector<Assumption> assumptions_;
  std::vector<DimOrigin> dim_origins_;         ///< by DimTable symbol index
  absl::flat_hash_map<std::string, size_t> seen_;
};

/// Says which facts have failed too often to be assumed again; the driver installs the runtime's judgement. Null (the
/// start): none.
using UnstableAssumption = bool (*)(AssumptionKind kind, BorrowedRef owner, BorrowedRef key);
void setUnstableAssumptions(UnstableAssumption unstable);
/// The tracer asks before it makes a constant of what it could also read per call.
bool isUnstable(AssumptionKind kind, BorrowedRef owner, BorrowedRef key);

}  // namespace segue
