#include <algorithm>

#include "backends/llvm/emitter.h"
#include "backends/llvm/positions.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"

// A kernel that reduces its run, or scans it: @stretch folds a stretch of elements, @halves does NumPy's recursion over stretches where order
// counts, and the kernel adds what they give to the outputs.

namespace segue::llvm {
namespace {

/// NumPy's pairwise sum adds up so many elements at most before it halves what it is given, and so do kernels: their sums have the same
/// bits (FLOAT_pairwise_sum in numpy/_core/src/umath/loops_utils.h.src).
constexpr int kLongestSum = 128;
/// No loop over memory has more turns.
constexpr int64_t kMostCounted = int64_t{1} << 31;

}  // namespace

bool Emitter::hasFold(FoldOrder order) const {
  return std::any_of(folds_.begin(), folds_.end(), [&](size_t output) { return dag_.outputs()[output].order == order; });
}

/// What @stretch and @halves return: the folds' values.
std::string Emitter::foldsType() const {
  std::string out = "{ ";
  for (size_t i = 0; i < folds_.size(); i++) absl::StrAppend(&out, i > 0 ? ", " : "", registerType(foldDType(i)));
  return out + " }";
}

void Emitter::emitReduction() {
  const bool halves = anyOrdered() && !SEGUE_FAULT(KernelSumsInOneStretch);
  const std::string call = absl::StrCat("call ", foldsType()), some = "(ptr %args, i64 %row, ";
  emitEntry();
  out_.line("%few = icmp ult i64 %count, ", kPartialSums);
  out_.line("%more = icmp ugt i64 %count, ", kLongestSum);
  const bool together = takesRowsTogether();
  together ? emitGroups() : out_.line("br label %each");
  emitEach(SEGUE_FAULT(KernelRowsAllFirst) ? "0" : "%row", together ? "%grouped" : "0", together ? "ungrouped" : "entry");
  out_.line("br i1 %few, label %short, label %others");
  const std::vector<std::string> few = emitFoldLoop("short", Access::kSingle, "each", "0", "%count", "added", initials(1));
  out_.label("added");
  emitFlushes("short", "%count");
  emitFolded(few, true);
  out_.line("br label %next");
  out_.label("others");
  out_.line("br i1 %more, label %long, label %one");
  out_.label("one");
  emitFolded(emitExtracts(out_.define(call, " @stretch", some, "i64 0, i64 %count)")), true);
  out_.line("br label %next");
  out_.label("long");
  const std::string fold = absl::StrCat(call, halves ? " @halves" : " @stretch", some);
  if (hasFold(FoldOrder::kBuffered) && !SEGUE_FAULT(KernelSumsUnbuffered)) {
    emitBuffers(fold, kNumpyBuffer);
  } else if (!halves && longestStretch() != 0) {
    emitBuffers(fold, longestStretch());
  } else {
    emitFolded(emitExtracts(out_.define(fold, "i64 0, i64 %count)")), true);
    out_.line("br label %next");
  }
  emitEachEnd();
  if (halves) emitHalves();
  emitStretch();
}

int64_t Emitter::longestStretch() const {
  int64_t turns = 0;
  for (size_t i = 0; i < folds_.size(); i++) {
    if (!isPosition(i)) continue;
    const int64_t own = mostTurns(extremeDType(foldOutput(i)));
    if (own > kMostCounted) continue;
    turns = turns == 0 ? own : std::min(turns, own);
  }
  const int64_t counted = turns * lanes_;
  if (group_.kernel.bins.empty()) return counted;
  return counted == 0 ? kMostScattered : std::min<int64_t>(counted, kMostScattered);
}

/// One buffer of a row's elements after the other, then on to the next row.
void Emitter::emitBuffers(const std::string& fold, int64_t length) {
  out_.line("br label %buffer");
  out_.label("buffer");
  out_.line("%from = phi i64 [ 0, %long ], [ %from.next, %buffer ]");
  const std::string left = out_.define("sub i64 %count, %from"), more = out_.define("icmp ugt i64 ", left, ", ", length);
  const std::string taken = out_.define("select i1 ", more, ", i64 ", length, ", i64 ", left);
  emitFolded(emitExtracts(out_.define(fold, "i64 %from, i64 ", taken, ")")), false);
  out_.line("%from.next = add nuw i64 %from, ", length);
  out_.line("br i1 ", more, ", label %buffer, label %next");
}

std::vector<std::string> Emitter::emitExtracts(const std::string& folded) {
  std::vector<std::string> values;
  for (size_t i = 0; i < folds_.size(); i++) values.push_back(out_.define("extractvalue ", foldsType(), " ", folded, ", ", i));
  return values;
}

/// Combines the folds' values with what the outputs hold. `row`: they are those of a whole row.
void Emitter::emitFolded(const std::vector<std::string>& values, bool row) {
  std::vector<std::string> held(folds_.size());
  for (size_t i = 0; i < folds_.size(); i++) {
    if (!row || !isRows(i)) held[i] = emitHeld(folds_[i], {{pointers_[placeOf(folds_[i])]}}, 1);
  }
  held = emitStep(1, held, values, Arrival::kAny, "i64");
  for (size_t i = 0; i < folds_.size(); i++) {
    const bool kept = held[i].empty();
    if (!kept || isPosition(i)) emitStores(placeOf(folds_[i]), {{pointers_[placeOf(folds_[i])]}}, emitStored(folds_[i], kept ? values[i] : held[i], 1), 1);
  }
}

/// Whether it is a position, or the extreme there, of each row by itself: nothing comes to what one row gives.
bool Emitter::isRows(size_t fold) const {
  const KernelParam& param = group_.kernel.params[placeOf(folds_[fold])];
  return (isPosition(fold) || foldOutput(fold).has_position) && param.kind == KernelParam::Kind::kArray &&
         param.spread == 1u << group_.kernel.innermost;
}

std::vector<std::string> Emitter::emitStep(int lanes, const std::vector<std::string>& so_far, const std::vector<std::string>& values,
                                           Arrival arrival, std::string_view type) {
  std::vector<std::string> old(dag_.outputs().size()), found(old.size()), out;
  for (size_t i = 0; i < folds_.size(); i++) {
    old[folds_[i]] = so_far[i];
    found[folds_[i]] = values[i];
  }
  old = emitCombined(lanes, std::move(old), found, arrival, type);
  for (const size_t output : folds_) out.push_back(old[output]);
  return out;
}

void Emitter::emitHalves() {
  const std::string type = foldsType();
  out_.line("define internal ", type, " @halves(ptr %args, i64 %row, i64 %from, i64 %count) #0 {");
  out_.label("entry");
  out_.line("br i1 ", out_.define("icmp ule i64 %count, ", kLongestSum), ", label %short, label %long");
  out_.label("short");
  out_.line("%all = call ", type, " @stretch(ptr %args, i64 %row, i64 %from, i64 %count)");
  out_.line("ret ", type, " %all");
  out_.label("long");
  const std::string half = out_.define("lshr i64 %count, 1");
  const std::string first = out_.define("and i64 ", half, ", ", -kPartialSums), second = out_.define("sub i64 %count, ", first);
  const std::string middle = out_.define("add i64 %from, ", first);
  out_.line("%a = call ", type, " @halves(ptr %args, i64 %row, i64 %from, i64 ", first, ")");
  out_.line("%b = call ", type, " @halves(ptr %args, i64 %row, i64 ", middle, ", i64 ", second, ")");
  const std::vector<std::string> a = emitExtracts("%a"), b = emitExtracts("%b");
  emitReturn(emitStep(1, a, b, Arrival::kAny, "i64"));
}

void Emitter::emitStretch() {
  out_.line("define internal ", foldsType(), " @stretch(ptr %args, i64 %row, i64 %from, i64 %count) #0 {");
  out_.label("entry");
  emitParams();
  stretch_start_ = "%from";
  emitRow("%row");
  out_.line("%end = add i64 %from, %count");
  out_.line("%vectors = and i64 %count, ", -static_cast<int64_t>(lanes_));
  out_.line("%whole = add i64 ", foldsTwice() ? "%end, 0" : "%from, %vectors");
  out_.line("br i1 ", out_.define("icmp ne i64 %vectors, 0"), ", label %some, label %rest");
  out_.label("some");
  out_.line("br i1 ", emitDense(true), ", label %dense, label %gathered");
  const std::vector<std::string> dense = emitFoldLoop("dense", Access::kDense, "some", "%from", "%whole", "joined", initials(lanes_));
  const std::vector<std::string> gathered = emitFoldLoop("gathered", Access::kGathered, "some", "%from", "%whole", "joined", initials(lanes_));
  out_.label("joined");
  std::vector<std::string> vectors = emitPhis(lanes_, dense, "dense", gathered, "gathered");
  vectors = emitAcrossAll(std::move(vectors));
  out_.line("br label %rest");
  out_.label("rest");
  out_.line("%start = phi i64 [ %from, %entry ], [ %whole, %joined ]");
  const std::vector<std::string> so_far = emitPhis(1, initials(1), "entry", vectors, "joined");
  out_.line("br i1 ", out_.define("icmp ult i64 %start, %end"), ", label %single, label %done");
  const std::vector<std::string> all = emitFoldLoop("single", Access::kSingle, "rest", "%start", "%end", "done", so_far);
  out_.label("done");
  const std::vector<std::string> folded = emitPhis(1, so_far, "rest", all, "single");
  emitFlushes("stretch", "%count");
  emitReturn(folded);
}

/// What is carried, behind two blocks.
std::vector<std::string> Emitter::emitPhis(int lanes, const std::vector<std::string>& a, std::string_view from_a, const std::vector<std::string>& b,
                                           std::string_view from_b) {
  std::vector<std::string> out;
  for (size_t i = 0; i < carriedCount(); i++) {
    out.push_back(out_.define("phi ", carriedType(i, lanes), " [ ", a[i], ", %", from_a, " ], [ ", b[i], ", %", from_b, " ]"));
  }
  return out;
}

void Emitter::emitReturn(const std::vector<std::string>& values) {
  const std::string type = foldsType();
  std::string all = "poison";
  for (size_t i = 0; i < folds_.size(); i++) {
    all = out_.define("insertvalue ", type, " ", all, ", ", registerType(foldDType(i)), " ", values[i], ", ", i);
  }
  out_.line("ret ", type, " ", all);
  out_.line("}");
}

/// What loops start with: it changes nothing that it is combined with.
std::vector<std::string> Emitter::initials(int lanes) const {
  std::vector<std::string> out;
  for (size_t i = 0; i < carriedCount(); i++) {
    const DType dtype = carriedDType(i);
    if (i < folds_.size() && isPosition(i)) {
      out.push_back(lanes == 1 ? "0" : "zeroinitializer");
      continue;
    }
    out.push_back(repeated(registerType(dtype), literal(dtype, neutralBits(carriedOp(i), dtype)), carriedLanes(i, lanes)));
  }
  return out;
}

/// A loop from `begin` to `end` in a block of the loop's name, which is entered from the block `before` and left for `behind`. Gives
/// what it carries at its end.
std::vector<std::string> Emitter::emitFoldLoop(std::string_view name, Access access, std::string_view before, std::string_view begin,
                                               std::string_view end, std::string_view behind, const std::vector<std::string>& starts) {
  const int lanes = access == Access::kSingle ? 1 : lanes_;
  const std::string index = absl::StrCat("%", name, ".i");
  out_.label(name);
  const size_t head = out_.here();
  auto so_far = [name](size_t i) { return absl::StrCat("%", name, ".", i); };
  scanned_.clear();
  for (size_t i = folds_.size(); i < carriedCount(); i++) scanned_.push_back(so_far(i));
  std::vector<std::string> values = emitBody(access, index);
  std::string phis = absl::StrCat(index, " = phi i64 [ ", begin, ", %", before, " ], [ ", index, ".next, %", name, " ]\n");
  std::vector<std::string> carried;
  std::vector<std::string> old, found;
  for (size_t i = 0; i < folds_.size(); i++) {
    old.push_back(so_far(i));
    found.push_back(isPosition(i) && lanes > 1 ? emitTurn(i, name, before, &phis) : values[folds_[i]]);
  }
  carried = emitStep(lanes, old, found, Arrival::kLater, lanes > 1 ? "" : "i64");
  carried.insert(carried.end(), scanned_.begin(), scanned_.end());
  for (size_t i = 0; i < carriedCount(); i++) {
    absl::StrAppend(&phis, so_far(i), " = phi ", carriedType(i, lanes), " [ ", starts[i], ", %", before, " ], [ ",
                    carried[i], ", %", name, " ]\n");
  }
  out_.insert(head, phis);
  const bool overlaps = lanes > 1 && foldsTwice();
  emitAdvance(index, lanes, overlaps ? out_.define("sub i64 ", end, ", ", lanes) : std::string(end), overlaps, name, behind);
  return carried;
}

std::string Emitter::carriedType(size_t i, int lanes) const {
  const bool turns = i < folds_.size() && isPosition(i) && lanes > 1;
  return turns ? vectorOf(turnType(extremeDType(foldOutput(i))), lanes) : typeOf(carriedDType(i), carriedLanes(i, lanes));
}

/// In all lanes: which turn of the loop this is. One register counts for all.
std::string Emitter::emitTurn(size_t fold, std::string_view name, std::string_view before, std::string* phis) {
  const std::string element = turnType(extremeDType(foldOutput(fold)));
  const int lanes = std::min(lanes_, vector_bytes_ / dtypeItemSize(extremeDType(foldOutput(fold))));
  const std::string type = vectorOf(element, lanes), turn = absl::StrCat("%", name, ".turn.", fold);
  const std::string next = out_.define("add ", type, " ", turn, ", ", repeated(element, "1", lanes));
  absl::StrAppend(phis, turn, " = phi ", type, " [ zeroinitializer, %", before, " ], [ ", next, ", %", name, " ]\n");
  std::string mask;
  for (int i = 0; i < lanes_; i++) absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", i % lanes);
  return out_.define("shufflevector ", type, " ", turn, ", ", type, " poison, ", vectorOf("i32", lanes_), " <", mask, ">");
}

/// What a position's vector of turns, and its extreme's, come to.
void Emitter::emitPosition(size_t fold, std::vector<std::string>& vectors) {
  const KernelOutput& output = foldOutput(fold);
  const auto extreme = static_cast<size_t>(std::find(folds_.begin(), folds_.end(), *output.extreme) - folds_.begin());
  const DType dtype = extremeDType(output);
  const std::string type = turnType(dtype);
  const First first = emitFirst({*output.combine, dtype, lanes_, type}, {vectors[extreme], vectors[fold]}, out_);
  std::string begin = out_.define("mul i64 ", first.turn, ", ", lanes_);
  if (foldsTwice() && !SEGUE_FAULT(KernelArgLastTurnShifted)) {
    const std::string last = out_.define("sub i64 %count, ", lanes_);
    begin = out_.define("select i1 ", out_.define("icmp ult i64 ", begin, ", ", last), ", i64 ", begin, ", i64 ", last);
  }
  const std::string index = out_.define("add i64 ", out_.define("add i64 %from, ", begin), ", ", first.lane);
  vectors[fold] = emitPlaces(placeOf(dag_[output.value]), Access::kSingle, index).at[0];
  vectors[extreme] = first.extreme;
}

/// One value of each fold's vector.
std::vector<std::string> Emitter::emitAcrossAll(std::vector<std::string> vectors) {
  for (size_t i = 0; i < folds_.size(); i++) {
    if (isPosition(i)) {
      emitPosition(i, vectors);
    } else if (!foldOutput(i).has_position) {
      vectors[i] = emitAcross(foldOp(i), foldDType(i), vectors[i]);
    }
  }
  return vectors;
}

bool Emitter::foldsTwice() const {
  const bool locates = std::any_of(folds_.begin(), folds_.end(), [this](size_t output) { return dag_.outputs()[output].extreme.has_value(); });
  if (!locates || !scans_.empty() || anyOrdered()) return false;
  return std::all_of(dag_.outputs().begin(), dag_.outputs().end(), [this](const KernelOutput& output) {
    if (!output.combine) return !group_.kernel.flat;   // else it may be stored where it was loaded from
    return *output.combine == ScalarOp::kMin || *output.combine == ScalarOp::kMax || *output.combine == ScalarOp::kAnd || *output.combine == ScalarOp::kOr;
  });
}

/// One value of a vector's: neighbours first, as NumPy adds up its partial sums.
std::string Emitter::emitAcross(ScalarOp op, DType dtype, std::string vector) {
  const std::string element = registerType(dtype);
  for (int lanes = lanes_; lanes > 1; lanes /= 2) {
    const std::string type = vectorOf(element, lanes);
    std::string halves[2];
    for (int odd = 0; odd < 2; odd++) {
      if (lanes == 2) {
        halves[odd] = out_.define("extractelement ", type, " ", vector, ", i64 ", odd);
        continue;
      }
      std::string mask;
      for (int i = odd; i < lanes; i += 2) absl::StrAppend(&mask, mask.empty() ? "" : ", ", "i32 ", i);
      halves[odd] = out_.define("shufflevector ", type, " ", vector, ", ", type, " poison, ", vectorOf("i32", lanes / 2), " <", mask, ">");
    }
    vector = emitCombine(op, dtype, lanes / 2, {halves[0], halves[1]}, out_);
  }
  return vector;
}

}  // namespace segue::llvm
