// What writes a kernel's loops: shared by emit.cc (elements), emit_maps.cc (loops that store), emit_folds.cc and emit_short_rows.cc (loops that reduce).
#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "backends/llvm/emit.h"
#include "backends/llvm/gather.h"
#include "backends/llvm/ir_builder.h"
#include "backends/llvm/scatter.h"

namespace segue::llvm {

/// NumPy's pairwise sum keeps so many partial sums, and so do kernels (emit_folds.cc).
constexpr int kPartialSums = 8;

/// How a loop's body gets at the elements of arrays.
enum class Access : uint8_t {
  kSingle,     ///< one element
  kDense,      ///< a vector of neighbours, or of elements with the gaps that are known
  kGathered,   ///< a vector of elements with gaps between them
};

/// How values of reductions follow each other.
enum class Arrival : uint8_t {
  kLater,      ///< they stand behind all that there was
  kAny,
};

class Emitter {
 public:
  Emitter(const Group& group, int vector_bytes);

  KernelText run();

 private:
  /// Where the elements of a parameter are: one place, or one for each lane.
  struct Place {
    std::vector<std::string> at;
    int64_t gap = 1;                       ///< from the one place, in elements
  };
  using Places = std::vector<Place>;       ///< by parameter

  /// A loop over rows in blocks whose names start with `name`: from row `begin` on, which the block `before` gives, to `end`, then to `behind`.
  struct RowLoop {
    std::string name, begin, before, end, behind;
    std::string vectors;                   ///< whether rows are done in vectors; "true": surely
    std::string whole, last;               ///< how many elements whole vectors have, and where the last vector of a row can start
    int together = 1;                      ///< rows whose elements are computed at once
    std::vector<std::vector<std::string>> pointers, scalars, repeated;   ///< by row of those: pointers_, scalar_names_, vector_names_
  };

  // Loops that store (emit_maps.cc).

  void emitMap();
  void emitJoinedRows(std::string_view dense);
  void emitRows(RowLoop loop);
  void emitVectors(const RowLoop& loop);
  void emitSingles(const RowLoop& loop);
  /// What a loop with vectors of lanes_ asks for, in front of it.
  RowLoop rowLoop(std::string_view name, std::string_view dense);
  /// The lanes of vectors for rows that are shorter than one of lanes_, as those seen first were: 0 where they were not.
  int lanesOfShortRows() const;
  void emitElements(const RowLoop& loop, Access access, std::string_view index);
  std::string emitJoinable();
  bool joinsRows() const;
  void emitMathMap();
  void emitCopies(std::string_view name, std::string_view then, bool in);
  /// Whether elements may be computed twice: outputs are not combined with what they hold, and are no inputs (which those of flat runs may be).
  bool overlaps() const;
  /// The same, as the arguments tell.
  std::string emitApartFromInputs();
  /// Whether outputs are combined with what they hold.
  bool accumulates() const;

  /// Whether the kernel is worth a second form that stores past the caches: the time goes to memory.
  bool mayStream() const;
  void emitStreaming();

  // Loops that reduce (emit_folds.cc).

  void emitReduction();
  void emitHalves();
  void emitStretch();
  void emitBuffers(const std::string& fold, int64_t length);
  void emitFolded(const std::vector<std::string>& values, bool row);
  bool isRows(size_t fold) const;
  std::vector<std::string> emitExtracts(const std::string& folded);
  bool hasFold(FoldOrder order) const;
  bool anyOrdered() const { return hasFold(FoldOrder::kPairwise) || hasFold(FoldOrder::kBuffered); }
  std::string foldsType() const;
  std::vector<std::string> initials(int lanes) const;
  std::vector<std::string> emitPhis(int lanes, const std::vector<std::string>& a, std::string_view from_a, const std::vector<std::string>& b,
                                    std::string_view from_b);
  void emitReturn(const std::vector<std::string>& values);
  std::vector<std::string> emitFoldLoop(std::string_view name, Access access, std::string_view before, std::string_view begin,
                                        std::string_view end, std::string_view behind, const std::vector<std::string>& starts);
  std::string emitAcross(ScalarOp op, DType dtype, std::string vector);
  std::vector<std::string> emitAcrossAll(std::vector<std::string> vectors);
  void emitPosition(size_t fold, std::vector<std::string>& vectors);
  std::string emitTurn(size_t fold, std::string_view name, std::string_view before, std::string* phis);
  /// By fold: what they have so far combined with values. `type`: the integer of positions, or nothing where it is each fold's own.
  std::vector<std::string> emitStep(int lanes, const std::vector<std::string>& so_far, const std::vector<std::string>& values, Arrival arrival,
                                    std::string_view type);
  /// Whether the last vector of a stretch may overlap the one before: elements that are computed and folded twice change nothing.
  bool foldsTwice() const;
  /// Elements that may be folded at a time: as many as turns of a loop can be counted, or as can be noted for a flush. 0: any number.
  int64_t longestStretch() const;

  // Short rows that are reduced (emit_short_rows.cc).

  /// Whether rows seen first were shorter than a vector: several of them are reduced at a time then.
  bool takesRowsTogether() const;
  void emitGroups();
  std::vector<bool> arrays() const;
  Places emitLanes(std::string_view row);
  void emitGroup(const std::vector<bool>& runs, const Places& lanes);

  // Elements (emit.cc).

  /// The parameter of a result, and of an output that is one or a part of one.
  size_t paramOf(size_t result) const { return group_.inputs.size() + result; }
  size_t placeOf(size_t output) const { return paramOf(dag_.outputs()[output].result); }
  /// The first output that is a parameter, or a part of it; null for inputs.
  const KernelOutput* outputAt(size_t param) const;
  /// What loops that reduce carry from element to element: folds, then scans.
  size_t carriedCount() const { return folds_.size() + scans_.size(); }
  DType carriedDType(size_t i) const { return i < folds_.size() ? foldDType(i) : dag_[scans_[i - folds_.size()]].dtype; }
  ScalarOp carriedOp(size_t i) const { return i < folds_.size() ? foldOp(i) : scanOp(dag_[scans_[i - folds_.size()]]); }
  /// Folds have a value for each lane, scans a single one.
  int carriedLanes(size_t i, int lanes) const { return i < folds_.size() ? lanes : 1; }
  /// What a vector of it, or a single one, consists of.
  std::string carriedType(size_t i, int lanes) const;
  /// In registers; in memory it may have another.
  DType foldDType(size_t fold) const { return dag_[foldOutput(fold).value].dtype; }
  ScalarOp foldOp(size_t fold) const { return *dag_.outputs()[folds_[fold]].combine; }
  const KernelOutput& foldOutput(size_t fold) const { return dag_.outputs()[folds_[fold]]; }
  bool isPosition(size_t fold) const { return foldOutput(fold).extreme.has_value(); }
  DType extremeDType(const KernelOutput& position) const { return dag_[dag_.outputs()[*position.extreme].value].dtype; }
  /// The parameter that a kPosition is.
  size_t placeOf(const Scalar& position) const { return paramOf(dag_.resultCount()) + position.bits; }
  /// Whether a parameter is a position that changes along the run.
  bool moves(size_t param) const;
  void findInvariants();
  void chooseLanes(int vector_bytes);
  int locatingLanes(int lanes) const;
  /// The kernel's parameters and first block.
  void emitEntry();
  /// The arguments' fields, which are the same for all rows.
  void emitParams();
  /// The block `each`, which begins a row, and with emitEachEnd() the block `next`, which goes on to the next one. `row`: which one it takes. The first
  /// one is `begin`, and comes from the block `before`, which has jumped there.
  void emitEach(std::string_view row, std::string_view begin = "0", std::string_view before = "entry");
  void emitEachEnd();
  /// The end of the block `loop`: `index` goes on by so many lanes until it is `end`, then on to `behind`. `overlaps`: `end` is where the last vector
  /// starts, be it before the one that would be next.
  void emitAdvance(const std::string& index, int lanes, std::string_view end, bool overlaps, std::string_view loop, std::string_view behind);
  /// The block that returns.
  void emitDone();
  /// What is the same for all elements of a row: where its arrays start, constants, scalars, repeated elements and what is made of them.
  void emitRow(std::string_view row);
  /// A parameter's pointer, or a kPosition's number, so many bytes or positions further.
  std::string emitMoved(size_t param, std::string_view from, std::string_view by);
  void emitInvariants();
  /// Whether every array's elements lie side by side. `with_gaps`: or as far from each other as Group::gaps says.
  std::string emitDense(bool with_gaps);
  Places placesAt(Access access, std::string_view index);
  /// Computes the elements from `index` on and stores those of outputs along the run. The values of outputs.
  std::vector<std::string> emitBody(Access access, std::string_view index);
  /// Computes the elements at places of parameters: the values of outputs.
  std::vector<std::string> emitOps(int lanes, const Places& places);
  /// Stores those of outputs along the run, or combines them with what is there.
  void emitOutputs(int lanes, const Places& places, std::vector<std::string> values);
  /// By output: what was so far of those that are combined, "" of others, combined with values.
  std::vector<std::string> emitCombined(int lanes, std::vector<std::string> so_far, const std::vector<std::string>& values, Arrival arrival,
                                        std::string_view position);
  /// Notes what is to be added up at indices, and adds what a stretch of so many elements has noted.
  void emitScatters(int lanes, std::string_view index, const std::vector<std::string>& values);
  void emitFlushes(std::string_view name, std::string_view count);
  Place emitPlaces(size_t param, Access access, std::string_view index);
  int64_t gapOf(size_t param) const { return param < group_.gaps.size() ? group_.gaps[param] : 1; }
  /// Whether an input's elements so far apart are loaded with what lies between them.
  bool isShuffled(size_t param) const;
  /// What an element consists of in memory, and its bytes.
  std::string elementType(size_t param) const;
  int64_t elementSize(size_t param) const { return dtypeItemSize(dtypes_[param]) * (pairs_[param] ? 2 : 1); }
  /// Where the part of an element is.
  std::string emitPart(size_t param, Part part, std::string_view place);
  std::string emitLoads(size_t param, Part part, const Place& place, int lanes);
  /// The elements of memory with so many from one to the next.
  std::string emitApart(DType dtype, const Place& place, int lanes);
  /// The part of a vector of neighbours: both parts are loaded when the first one is needed.
  std::string emitPair(size_t param, Part part, const Place& place, int lanes);
  void emitStores(size_t param, const Place& place, const std::string& value, int lanes);
  void emitStorePair(size_t param, const Place& place, const std::string& real, const std::string& imaginary, int lanes);
  /// Stores an output's value, in its dtype in memory; both parts of a complex result with the second one.
  void emitResult(size_t output, const Place& place, const std::vector<std::string>& values, int lanes);
  /// What an output that is combined holds in memory, in the dtype of its values.
  std::string emitHeld(size_t output, const Place& place, int lanes);
  /// An output's value in its dtype in memory.
  std::string emitStored(size_t output, const std::string& value, int lanes);
  /// As it would be if it were stored in between.
  std::string emitRounded(size_t output, const std::string& value, int lanes);
  std::string emitLoad(DType dtype, std::string_view place, int lanes);
  void emitStore(DType dtype, std::string_view place, std::string value, int lanes);
  std::string emitOp(const Scalar& scalar, int lanes);
  /// Combines what a scan has so far with each of a vector's elements in turn, and gives all of these results.
  std::string emitScan(ScalarId id, int lanes, const std::string& value);
  std::string emitOneByOne(ScalarOp op, DType dtype, const std::string& value, std::string& so_far);
  std::string emitPrefixes(ScalarOp op, DType dtype, const std::string& value, std::string& so_far);
  /// Of integers, by a divisor that is the same for all elements of a row.
  bool isPrepared(const Scalar& scalar) const;
  void emitDivisors();
  std::string emitPrepared(const Scalar& scalar, int lanes, const std::string& value);
  std::string emitCall(const Scalar& scalar, int lanes, absl::Span<const std::string> args);

  const Group& group_;
  const KernelDag& dag_;
  int lanes_ = 1;
  int vector_bytes_ = 0;                   ///< of a register
  bool streams_ = false;                   ///< vectors are stored past the caches
  std::vector<bool> runs_;                 ///< by parameter: an array whose elements change along the run
  std::vector<DType> dtypes_;              ///< by parameter: of its elements, or of their parts
  std::vector<bool> pairs_;                ///< by parameter: its elements are complex
  std::vector<std::array<std::string, 2>> loaded_pairs_;   ///< by parameter: the parts of the elements at hand, or nothing
  std::vector<size_t> folds_;              ///< outputs that the run is reduced to
  std::vector<ScalarId> scans_;
  std::vector<std::string> scanned_;       ///< by scan: what it has so far
  std::vector<std::string> bases_, strides_, steps_;   ///< by parameter: registers
  std::vector<TableNames> tables_;         ///< by parameter
  std::vector<BinNames> bins_;             ///< by parameter
  std::string stretch_start_ = "0";        ///< the element with which a stretch begins
  std::vector<std::string> pointers_;      ///< by parameter: where the row starts
  std::vector<bool> invariant_;            ///< by scalar
  std::vector<ScalarId> divisors_;         ///< that are prepared once a row
  std::vector<std::string> scalar_names_, vector_names_;   ///< by scalar, then kDivisorParts for each of divisors_: registers or constants
  std::set<MathFunction> functions_;
  IrBuilder out_;
};

}  // namespace segue::llvm
