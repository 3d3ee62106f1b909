#include "backends/llvm/emit.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "backends/llvm/division.h"
#include "backends/llvm/emitter.h"
#include "backends/llvm/half.h"
#include "backends/llvm/positions.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

/// Registers' worth of elements that are done at once, so that chains of instructions overlap.
constexpr int kRegisters = 2;
/// Those of math functions are long; with registers of 64 bytes more than two gain a few percent, and take twice as long to compile.
constexpr int mathRegisters(int vector_bytes) { return vector_bytes < 64 ? 4 : 2; }

/// Picoseconds for each byte that is loaded or stored: what computes for longer than it waits for memory gains nothing by stores past the
/// caches. (Memory takes about 45.)
constexpr size_t kMostCostOfStreams = 40;

}  // namespace

Emitter::Emitter(const Group& group, int vector_bytes) : group_(group), dag_(group.dag) {
  for (const KernelParam& param : group.kernel.params) {
    const bool array = param.kind == KernelParam::Kind::kArray;
    runs_.push_back(array && ((param.spread >> group.kernel.innermost) & 1) == 0);
  }
  dtypes_.resize(paramOf(dag_.resultCount()));
  pairs_.resize(group.kernel.params.size());
  for (const Scalar& scalar : dag_.scalars()) {
    if (scalar.op == ScalarOp::kGather) dtypes_[tableOf(scalar)] = scalar.dtype;
    if (scalar.op != ScalarOp::kLoad) continue;
    dtypes_[inputOf(scalar)] = scalar.dtype;
    pairs_[inputOf(scalar)] = partOf(scalar) != Part::kWhole;
  }
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    dtypes_[placeOf(i)] = dag_.storedDType(dag_.outputs()[i]);
    pairs_[placeOf(i)] = dag_.outputs()[i].part != Part::kWhole;
  }
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    if (!runs_[placeOf(i)] && !dag_.outputs()[i].at) folds_.push_back(i);
  }
  for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
    if (dag_[id].op == ScalarOp::kScan) scans_.push_back(id);
  }
  findInvariants();
  chooseLanes(vector_bytes);
}

KernelText Emitter::run() {
  if (carriedCount() > 0) {
    emitReduction();
  } else if (dag_.hasMath()) {
    emitMathMap();
  } else {
    emitMap();
    if (mayStream()) emitStreaming();
  }
  out_.line("attributes #0 = { nounwind strictfp }");
  return {out_.finish(), {functions_.begin(), functions_.end()}};
}

bool Emitter::mayStream() const {
  size_t bytes = 0;
  for (size_t i = 0; i < dtypes_.size(); i++) bytes += runs_[i] ? static_cast<size_t>(elementSize(i)) : 0;
  return group_.kernel.flat && !accumulates() && dag_.cost() <= kMostCostOfStreams * bytes;
}

void Emitter::emitStreaming() {
  streams_ = true;
  out_.line("define void @", kStreamingKernel);
  emitMap();
}

bool Emitter::moves(size_t param) const {
  const KernelParam& own = group_.kernel.params[param];
  return own.kind == KernelParam::Kind::kPosition && ((own.spread >> group_.kernel.innermost) & 1) == 0;
}

void Emitter::findInvariants() {
  for (const Scalar& scalar : dag_.scalars()) {
    bool invariant = scalar.op != ScalarOp::kScan && (scalar.op != ScalarOp::kLoad || !runs_[inputOf(scalar)]);
    if (scalar.op == ScalarOp::kPosition) invariant = !moves(placeOf(scalar));
    for (size_t k = 0; k < scalar.arity; k++) invariant = invariant && invariant_[scalar.args[k]];
    invariant_.push_back(invariant);
    if (!isPrepared(scalar)) continue;
    if (std::find(divisors_.begin(), divisors_.end(), scalar.args[1]) == divisors_.end()) divisors_.push_back(scalar.args[1]);
  }
}

bool Emitter::isPrepared(const Scalar& scalar) const {
  return isDivision(scalar.op) && !invariant_[scalar.args[0]] && invariant_[scalar.args[1]] && preparesDivisor(dag_, scalar);
}

void Emitter::chooseLanes(int vector_bytes) {
  vector_bytes_ = vector_bytes;
  // Several rows at a time are chains enough; what a scan waits for no vectors make faster.
  const bool maps = carriedCount() == 0;
  int registers = maps && dag_.hasMath() ? mathRegisters(vector_bytes) : !scans_.empty() || (maps && joinsRows()) ? 1 : kRegisters;
  int widest = 1;
  bool locates = false;
  for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
    if (invariant_[id] || dag_[id].op == ScalarOp::kPosition) continue;
    widest = std::max(widest, isDivision(dag_[id].op) ? divisionWidth(dag_[id].dtype) : dtypeItemSize(dag_[id].dtype));
  }
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    const KernelOutput& output = dag_.outputs()[i];
    const bool turns = output.extreme && !runs_[placeOf(i)];   // which are counted in fewer bytes than the result has
    widest = std::max(widest, turns ? dtypeItemSize(extremeDType(output)) : dtypeItemSize(dag_[output.value].dtype));
    locates |= turns;
  }
  const int lanes = vector_bytes / widest;
  // Short rows: the fewer elements are computed twice, or one by one.
  if (registers == kRegisters && maps && overlaps() && group_.row_hint < kRegisters * lanes) registers = 1;
  lanes_ = anyOrdered() ? kPartialSums : locates ? locatingLanes(lanes) : registers * lanes;
}

/// Comparing with what was found so far takes longer than adding to it: more chains, as long as rows have so many
/// elements. (With one chain rows of 32 take a third less time, but those of thousands, which the kernel may meet later, a third more.)
int Emitter::locatingLanes(int lanes) const {
  constexpr int kMostRegisters = 4;
  int out = kMostRegisters * lanes;
  if (group_.kernel.flat) return out;
  while (out > kPartialSums && out > group_.row_hint) out /= 2;
  return out;
}

void Emitter::emitEntry() {
  out_.line("(ptr noalias readonly %args, i64 %count, i64 %rows) #0 {");
  out_.label("entry");
  emitParams();
}

void Emitter::emitEach(std::string_view row, std::string_view begin, std::string_view before) {
  out_.label("each");
  out_.line("%row = phi i64 [ ", begin, ", %", before, " ], [ %row.next, %next ]");
  emitRow(row);
}

void Emitter::emitEachEnd() {
  out_.label("next");
  out_.line("%row.next = add nuw i64 %row, 1");
  out_.line("br i1 ", out_.define("icmp ult i64 %row.next, %rows"), ", label %each, label %done");
  emitDone();
}

void Emitter::emitAdvance(const std::string& index, int lanes, std::string_view end, bool overlaps, std::string_view loop, std::string_view behind) {
  const std::string next = index + ".next";
  if (overlaps) {
    const std::string whole = out_.define("add nuw i64 ", index, ", ", lanes);
    out_.line(next, " = select i1 ", out_.define("icmp ult i64 ", whole, ", ", end), ", i64 ", whole, ", i64 ", end);
  } else {
    out_.line(next, " = add nuw i64 ", index, ", ", lanes);
  }
  out_.line("br i1 ", out_.define("icmp ult i64 ", overlaps ? index : next, ", ", end), ", label %", loop, ", label %", behind);
}

void Emitter::emitDone() {
  out_.label("done");
  if (streams_) out_.line("fence seq_cst");   // such stores are seen in any order
  out_.line("ret void");
  out_.line("}");
}

void Emitter::emitParams() {
  bases_.clear();
  strides_.clear();
  steps_.clear();
  tables_.clear();
  bins_.clear();
  auto field = [this](size_t param, size_t offset) {
    return out_.define("getelementptr inbounds i8, ptr %args, i64 ", param * sizeof(KernelArg) + offset);
  };
  for (size_t i = 0; i < group_.kernel.params.size(); i++) {
    const std::string slot = field(i, 0);
    const bool array = hasStrides(group_.kernel.params[i]), position = group_.kernel.params[i].kind == KernelParam::Kind::kPosition;
    bases_.push_back(isInSlot(group_.kernel.params[i]) ? slot : out_.define(position ? "load i64, ptr " : "load ptr, ptr ", slot));
    strides_.push_back(array ? out_.define("load i64, ptr ", field(i, offsetof(KernelArg, stride))) : "");
    steps_.push_back(array ? out_.define("load i64, ptr ", field(i, offsetof(KernelArg, step))) : "");
    const bool table = group_.kernel.params[i].kind == KernelParam::Kind::kTable;
    tables_.push_back(table ? emitTable(*group_.inputs[i].as<ArgValue>().type, bases_[i], out_) : TableNames{});
    bins_.push_back(group_.kernel.params[i].kind == KernelParam::Kind::kBins ? emitBins(dtypes_[i], bases_[i], out_) : BinNames{});
  }
}

void Emitter::emitRow(std::string_view row) {
  pointers_ = bases_;
  for (size_t i = 0; i < bases_.size(); i++) {
    if (steps_[i].empty()) continue;
    pointers_[i] = emitMoved(i, bases_[i], out_.define("mul i64 ", row, ", ", steps_[i]));
  }
  emitInvariants();
}

std::string Emitter::emitMoved(size_t param, std::string_view from, std::string_view by) {
  const bool position = group_.kernel.params[param].kind == KernelParam::Kind::kPosition;
  return position ? out_.define("add i64 ", from, ", ", by) : out_.define("getelementptr inbounds i8, ptr ", from, ", i64 ", by);
}

void Emitter::emitInvariants() {
  scalar_names_.assign(dag_.scalars().size(), {});
  vector_names_.assign(dag_.scalars().size(), {});
  for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
    const Scalar& scalar = dag_[id];
    if (!invariant_[id]) continue;
    const std::string element = registerType(scalar.dtype);
    if (scalar.op == ScalarOp::kConstant) {
      scalar_names_[id] = literal(scalar.dtype, scalar.bits);
      vector_names_[id] = repeated(element, scalar_names_[id], lanes_);
      continue;
    }
    if (scalar.op == ScalarOp::kPosition) {
      scalar_names_[id] = pointers_[placeOf(scalar)];
    } else if (scalar.op == ScalarOp::kLoad) {
      const uint32_t input = inputOf(scalar);
      scalar_names_[id] = emitLoad(scalar.dtype, emitPart(input, partOf(scalar), pointers_[input]), 1);
    } else {
      scalar_names_[id] = emitOp(scalar, 1);
    }
    vector_names_[id] = out_.broadcast(element, lanes_, scalar_names_[id]);
  }
  emitDivisors();
}

void Emitter::emitDivisors() {
  for (const ScalarId divisor : divisors_) {
    for (DivisorPart& part : prepareDivisor(dag_[divisor].dtype, scalar_names_[divisor], out_)) {
      vector_names_.push_back(part.type.empty() ? "" : out_.broadcast(part.type, lanes_, part.name));
      scalar_names_.push_back(std::move(part.name));
    }
  }
}

std::string Emitter::emitPrepared(const Scalar& scalar, int lanes, const std::string& value) {
  const auto number = static_cast<size_t>(std::find(divisors_.begin(), divisors_.end(), scalar.args[1]) - divisors_.begin());
  auto parts = [&](const std::vector<std::string>& names) {
    return absl::MakeConstSpan(names).subspan(dag_.scalars().size() + number * kDivisorParts, kDivisorParts);
  };
  return emitPreparedDivision(scalar, lanes, value, parts(lanes > 1 ? vector_names_ : scalar_names_), parts(scalar_names_), out_);
}

std::string Emitter::emitDense(bool with_gaps) {
  std::string dense = "true";
  for (size_t i = 0; i < group_.kernel.params.size(); i++) {
    if (!runs_[i] || (with_gaps && !isShuffled(i) && gapOf(i) != 1)) continue;
    const int64_t gap = with_gaps ? gapOf(i) : 1;
    std::string unit = out_.define("icmp eq i64 ", strides_[i], ", ", gap * elementSize(i));
    dense = out_.define("and i1 ", dense, ", ", unit);
  }
  return dense;
}

Emitter::Places Emitter::placesAt(Access access, std::string_view index) {
  Places places(group_.kernel.params.size());
  for (size_t i = 0; i < places.size(); i++) {
    if (runs_[i] || (access == Access::kSingle && moves(i))) places[i] = emitPlaces(i, access, index);
  }
  return places;
}

std::vector<std::string> Emitter::emitBody(Access access, std::string_view index) {
  const int lanes = access == Access::kSingle ? 1 : lanes_;
  const Places places = placesAt(access, index);
  const std::vector<std::string> values = emitOps(lanes, places);
  emitOutputs(lanes, places, values);
  emitScatters(lanes, index, values);
  return values;
}

std::vector<std::string> Emitter::emitOps(int lanes, const Places& places) {
  std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
  loaded_pairs_.assign(pairs_.size(), {});
  for (ScalarId id = 0; id < dag_.scalars().size(); id++) {
    if (invariant_[id]) continue;
    const Scalar& scalar = dag_[id];
    if (scalar.op == ScalarOp::kPosition) {
      const std::vector<std::string>& place = places[placeOf(scalar)].at;
      names[id] = place.empty() ? "" : place[0];   // vectors of a row have turns instead (emit_folds.cc)
    } else if (scalar.op == ScalarOp::kScan) {
      names[id] = emitScan(id, lanes, names[scalar.args[0]]);
    } else if (scalar.op == ScalarOp::kLoad) {
      names[id] = emitLoads(inputOf(scalar), partOf(scalar), places[inputOf(scalar)], lanes);
    } else {
      names[id] = emitOp(scalar, lanes);
    }
  }
  std::vector<std::string> values;
  for (const KernelOutput& output : dag_.outputs()) values.push_back(names[output.value]);
  return values;
}

void Emitter::emitOutputs(int lanes, const Places& places, std::vector<std::string> values) {
  std::vector<std::string> so_far(values.size());
  for (size_t i = 0; i < values.size(); i++) {
    if (runs_[placeOf(i)] && dag_.outputs()[i].combine) so_far[i] = emitHeld(i, places[placeOf(i)], lanes);
  }
  so_far = emitCombined(lanes, std::move(so_far), values, Arrival::kLater, "i64");
  for (size_t i = 0; i < values.size(); i++) {
    if (!so_far[i].empty()) values[i] = so_far[i];
    if (runs_[placeOf(i)]) emitResult(i, places[placeOf(i)], values, lanes);
  }
}

void Emitter::emitScatters(int lanes, std::string_view index, const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); i++) {
    const KernelOutput& output = dag_.outputs()[i];
    if (!output.at) continue;
    const std::string& place = (lanes > 1 ? vector_names_ : scalar_names_)[*output.at];
    emitScatter(bins_[placeOf(i)], lanes, out_.define("sub i64 ", index, ", ", stretch_start_), place, values[i], out_);
  }
}

void Emitter::emitFlushes(std::string_view name, std::string_view count) {
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    if (dag_.outputs()[i].at) emitFlush(bins_[placeOf(i)], absl::StrCat(name, ".flush", i), count, out_);
  }
}

std::vector<std::string> Emitter::emitCombined(int lanes, std::vector<std::string> so_far, const std::vector<std::string>& values, Arrival arrival,
                                               std::string_view position) {
  for (size_t i = 0; i < values.size(); i++) {
    const KernelOutput& output = dag_.outputs()[i];
    if (so_far[i].empty() || output.has_position) continue;
    if (!output.extreme) {
      so_far[i] = emitCombine(*output.combine, dag_[output.value].dtype, lanes, {so_far[i], values[i]}, out_);
      continue;
    }
    const size_t extreme = *output.extreme;
    const std::string own = position.empty() ? turnType(extremeDType(output)) : std::string(position);
    const LocatedType type{*output.combine, extremeDType(output), lanes, own};
    const auto emit = arrival == Arrival::kLater ? emitLater : emitLocated;
    const Located taken = emit(type, {so_far[extreme], so_far[i]}, {values[extreme], values[i]}, out_);
    so_far[i] = taken.position;
    so_far[extreme] = taken.extreme;
  }
  return so_far;
}

/// Where a parameter's elements are.
Emitter::Place Emitter::emitPlaces(size_t param, Access access, std::string_view index) {
  const int64_t gap = gapOf(param);
  if (access == Access::kDense && gap == 1) {
    return {{out_.define("getelementptr inbounds ", elementType(param), ", ptr ", pointers_[param], ", i64 ", index)}};
  }
  std::vector<std::string> places = {emitMoved(param, pointers_[param], out_.define("mul i64 ", index, ", ", strides_[param]))};
  if (access == Access::kDense && isShuffled(param)) return {std::move(places), gap};
  for (int i = 1; access != Access::kSingle && i < lanes_; i++) {
    places.push_back(emitMoved(param, places.back(), strides_[param]));
  }
  return {std::move(places)};
}

/// Vectors side by side, the last of which ends with the last element, and shuffles that take each one's elements.
std::string Emitter::emitApart(DType dtype, const Place& place, int lanes) {
  const int64_t span = (lanes - 1) * place.gap + 1;
  std::string all;
  for (int64_t begin = 0, taken = 0; taken < lanes; begin += lanes) {
    begin = std::min(begin, span - lanes);
    const std::string at = out_.define("getelementptr inbounds ", memoryType(dtype), ", ptr ", place.at[0], ", i64 ", begin);
    const std::string part = emitLoad(dtype, at, lanes);
    const std::string before = all.empty() ? part : all;
    std::string mask;
    for (int64_t i = 0; i < lanes; i++) {
      const int64_t from = i < taken ? i : i * place.gap - begin < lanes ? lanes + i * place.gap - begin : -1;
      absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", from < 0 ? "poison" : absl::StrCat(SEGUE_FAULT(ApartTakesNeighbours) ? lanes + i : from));
    }
    while (taken < lanes && taken * place.gap - begin < lanes) taken++;
    const std::string type = typeOf(dtype, lanes);
    all = out_.define("shufflevector ", type, " ", before, ", ", type, " ", part, ", ", vectorOf("i32", lanes), " <", mask, ">");
  }
  return all;
}

std::string Emitter::emitLoads(size_t param, Part part, const Place& place, int lanes) {
  const DType dtype = dtypes_[param];
  if (lanes > 1 && pairs_[param] && place.at.size() == 1 && place.gap == 1) return emitPair(param, part, place, lanes);
  std::vector<std::string> places;
  for (const std::string& at : place.at) places.push_back(emitPart(param, part, at));
  if (lanes > 1 && place.gap > 1) return emitApart(dtype, {places, place.gap * (pairs_[param] ? 2 : 1)}, lanes);
  if (places.size() == 1) return emitLoad(dtype, places[0], lanes);
  std::string vector = "poison";
  for (size_t i = 0; i < places.size(); i++) {
    const std::string element = emitLoad(dtype, places[i], 1);
    vector = out_.define("insertelement ", typeOf(dtype, lanes), " ", vector, ", ", registerType(dtype), " ", element, ", i64 ", i);
  }
  return vector;
}

void Emitter::emitStores(size_t param, const Place& place, const std::string& value, int lanes) {
  const DType dtype = dtypes_[param];
  const std::vector<std::string>& places = place.at;
  if (places.size() == 1) return emitStore(dtype, places[0], value, lanes);
  for (size_t i = 0; i < places.size(); i++) {
    emitStore(dtype, places[i], out_.define("extractelement ", typeOf(dtype, lanes), " ", value, ", i64 ", i), 1);
  }
}

std::string Emitter::emitHeld(size_t output, const Place& place, int lanes) {
  std::string held = emitLoads(placeOf(output), dag_.outputs()[output].part, place, lanes);
  return dag_.outputs()[output].narrows ? emitWiden(lanes, held, out_) : held;
}

std::string Emitter::emitStored(size_t output, const std::string& value, int lanes) {
  return dag_.outputs()[output].narrows ? emitNarrow(Narrowing::kExact, lanes, value, out_) : value;
}

std::string Emitter::emitRounded(size_t output, const std::string& value, int lanes) {
  if (!dag_.outputs()[output].narrows || SEGUE_FAULT(HalfSumsUnrounded)) return value;
  return emitWiden(lanes, emitStored(output, value, lanes), out_);
}

std::string Emitter::emitLoad(DType dtype, std::string_view place, int lanes) {
  std::string loaded = out_.define("load ", vectorOf(memoryType(dtype), lanes), ", ptr ", place, ", align ", dtypeItemSize(dtype));
  if (dtype != DType::kBool) return loaded;
  return out_.define("icmp ne ", vectorOf("i8", lanes), " ", loaded, ", ", repeated("i8", "0", lanes));
}

void Emitter::emitStore(DType dtype, std::string_view place, std::string value, int lanes) {
  if (dtype == DType::kBool) value = out_.define("zext ", vectorOf("i1", lanes), " ", value, " to ", vectorOf("i8", lanes));
  const bool past_caches = streams_ && lanes > 1;
  const int align = past_caches ? std::min(lanes * dtypeItemSize(dtype), kStreamAlignment) : dtypeItemSize(dtype);
  if (past_caches) out_.declare("!0 = !{ i32 1 }");
  out_.line("store ", vectorOf(memoryType(dtype), lanes), " ", value, ", ptr ", place, ", align ", align, past_caches ? ", !nontemporal !0" : "");
}

std::string Emitter::emitOp(const Scalar& scalar, int lanes) {
  const std::vector<std::string>& names = lanes > 1 ? vector_names_ : scalar_names_;
  if (isPrepared(scalar)) return emitPrepared(scalar, lanes, names[scalar.args[0]]);
  absl::InlinedVector<std::string, 3> args;
  for (size_t k = 0; k < scalar.arity; k++) args.push_back(names[scalar.args[k]]);
  if (scalar.op == ScalarOp::kGather) return emitGather(tables_[tableOf(scalar)], boundsOf(scalar), dag_[scalar.args[0]].dtype, lanes, args[0], out_);
  return isMath(scalar.op) ? emitCall(scalar, lanes, args) : emitScalarOp(dag_, scalar, lanes, args, out_);
}

std::string Emitter::emitScan(ScalarId id, int lanes, const std::string& value) {
  const ScalarOp op = scanOp(dag_[id]);
  const DType dtype = dag_[id].dtype;
  std::string& so_far = scanned_[static_cast<size_t>(std::find(scans_.begin(), scans_.end(), id) - scans_.begin())];
  if (lanes == 1) return so_far = emitCombine(op, dtype, 1, {so_far, value}, out_);
  return op == ScalarOp::kMin || op == ScalarOp::kMax ? emitPrefixes(op, dtype, value, so_far) : emitOneByOne(op, dtype, value, so_far);
}

/// Sums of floats depend on the order, and those of integers take no time.
std::string Emitter::emitOneByOne(ScalarOp op, DType dtype, const std::string& value, std::string& so_far) {
  const std::string type = typeOf(dtype, lanes_);
  std::string all = "poison";
  for (int i = 0; i < lanes_; i++) {
    so_far = emitCombine(op, dtype, 1, {so_far, out_.define("extractelement ", type, " ", value, ", i64 ", i)}, out_);
    all = out_.define("insertelement ", type, " ", all, ", ", registerType(dtype), " ", so_far, ", i64 ", i);
  }
  return all;
}

/// An extreme is the first NaN or the last of the greatest elements, in whatever groups they are combined: each lane with the one before it, then
/// with two lanes before, four, …, and all of them with what was there before.
std::string Emitter::emitPrefixes(ScalarOp op, DType dtype, const std::string& value, std::string& so_far) {
  const std::string type = typeOf(dtype, lanes_), element = registerType(dtype);
  const std::string neutral = repeated(element, literal(dtype, neutralBits(op, dtype)), lanes_);
  std::string all = value;
  for (int distance = 1; distance < lanes_; distance *= 2) {
    std::string mask;
    for (int i = 0; i < lanes_; i++) absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", i < distance ? i : lanes_ + i - distance);
    const std::string before = out_.define("shufflevector ", type, " ", neutral, ", ", type, " ", all, ", ", vectorOf("i32", lanes_), " <", mask, ">");
    all = emitCombine(op, dtype, lanes_, {before, all}, out_);
  }
  all = emitCombine(op, dtype, lanes_, {out_.broadcast(element, lanes_, so_far), all}, out_);
  so_far = out_.define("extractelement ", type, " ", all, ", i64 ", lanes_ - 1);
  return all;
}

std::string Emitter::emitCall(const Scalar& scalar, int lanes, absl::Span<const std::string> args) {
  const MathFunction function{scalar.op, scalar.dtype, lanes};
  functions_.insert(function);
  const std::string type = typeOf(scalar.dtype, lanes), name = mathFunctionName(function);
  auto typed = [&type](std::string* text, const std::string& arg) { absl::StrAppend(text, type, " ", arg); };
  auto bare = [&type](std::string* text, const std::string&) { *text += type; };
  out_.declare(absl::StrCat("declare ", type, " @", name, "(", absl::StrJoin(args, ", ", bare), ")"));
  return out_.define("call ", type, " @", name, "(", absl::StrJoin(args, ", ", typed), ") strictfp");
}

KernelText emitKernel(const Group& group, int vector_bytes) { return Emitter(group, vector_bytes).run(); }

std::string emitModule(std::string_view name, std::string_view kernel) { return absl::StrCat("define void @", name, kernel); }

}  // namespace segue::llvm
