#include <algorithm>
#include <bit>
#include <utility>

#include "backends/llvm/emitter.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"

namespace segue::llvm {
namespace {

constexpr int kOwnAlign = 64;
/// Rows that are combined at a time, and the operations per element from which that is not worth the time to compile it.
constexpr int kJoinedRows = 4;
constexpr int kMostJoinedOps = 12;
constexpr int kPage = 4096;
constexpr int kCached = 1 << 20;   ///< bytes that some cache of the processor surely has

}  // namespace

// A kernel without a reduction along its run: for each row vectors of neighbours, then single elements; or, where outputs are surely fresh, a
// last vector that overlaps the one before and computes elements once more. Where rows are added up, say, to one,
// several of them are at a time, so that the sums so far are loaded and stored less often.

void Emitter::emitMap() {
  emitEntry();
  const std::string dense = emitDense(true);
  if (joinsRows()) {
    emitJoinedRows(dense);
  } else if (const int lanes = lanesOfShortRows(); lanes > 0) {
    RowLoop each = rowLoop("each", dense);
    const std::string wide = std::exchange(each.vectors, "true");
    const int all = std::exchange(lanes_, lanes);
    RowLoop narrow = rowLoop("narrow", dense);
    out_.line("br i1 ", wide, ", label %each, label %narrow");
    emitRows(std::move(narrow));
    lanes_ = all;
    emitRows(std::move(each));
  } else {
    RowLoop each = rowLoop("each", dense);
    out_.line("br label %each");
    emitRows(std::move(each));
  }
  emitDone();
}

int Emitter::lanesOfShortRows() const {
  if (!overlaps() || group_.row_hint >= lanes_) return 0;
  const auto lanes = static_cast<int>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(group_.row_hint, 1))));
  return lanes > 1 ? lanes : 0;
}

Emitter::RowLoop Emitter::rowLoop(std::string_view name, std::string_view dense) {
  RowLoop loop{.name = std::string(name), .begin = "0", .before = "entry", .end = "%rows", .behind = "done"};
  loop.whole = out_.define("and i64 %count, ", -static_cast<int64_t>(lanes_));
  if (overlaps()) loop.last = out_.define("sub i64 %count, ", lanes_);
  loop.vectors = out_.define("and i1 ", out_.define("icmp ne i64 ", loop.whole, ", 0"), ", ", dense);
  return loop;
}

/// Several rows at a time, then the others one by one.
void Emitter::emitJoinedRows(std::string_view dense) {
  RowLoop each = rowLoop("each", dense), together = each;
  const std::string reduced = emitJoinable();
  const std::string joined = out_.define("select i1 ", reduced, ", i64 ", out_.define("and i64 %rows, ", -kJoinedRows), ", i64 0");
  out_.line("br i1 ", reduced, ", label %together, label %others");
  together.name = "together";
  together.end = joined;
  together.behind = "others";
  together.together = kJoinedRows;
  emitRows(std::move(together));
  out_.label("others");
  out_.line("br i1 ", out_.define("icmp ult i64 ", joined, ", %rows"), ", label %each, label %done");
  each.begin = joined;
  each.before = "others";
  emitRows(std::move(each));
}

/// Whether several rows are combined in the same elements, and are worth it: rows within a page of memory are read faster one after the
/// other where they come from memory and not from a cache.
std::string Emitter::emitJoinable() {
  std::string out = out_.define("icmp uge i64 %rows, ", kJoinedRows);
  auto require = [this, &out](const std::string& condition) { out = out_.define("and i1 ", out, ", ", condition); };
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    if (dag_.outputs()[i].combine && !SEGUE_FAULT(KernelRowsJoinedAlways)) require(out_.define("icmp eq i64 ", steps_[placeOf(i)], ", 0"));
  }
  for (size_t i = 0; i < group_.inputs.size(); i++) {
    if (!runs_[i]) continue;
    const std::string cached = out_.define("icmp ule i64 ", out_.define("mul i64 ", steps_[i], ", %rows"), ", ", kCached);
    require(out_.define("or i1 ", cached, ", ", out_.define("icmp uge i64 ", steps_[i], ", ", kPage)));
  }
  return out;
}

/// Whether several rows may be done at a time: nothing else is worth the code.
bool Emitter::joinsRows() const {
  const auto varying = std::count(invariant_.begin(), invariant_.end(), false);
  return accumulates() && varying <= kMostJoinedOps;
}

void Emitter::emitRows(RowLoop loop) {
  const std::string& name = loop.name;
  out_.label(name);
  out_.line("%", name, ".row = phi i64 [ ", loop.begin, ", %", loop.before, " ], [ %", name, ".row.next, %", name, ".next ]");
  for (int i = 0; i < loop.together; i++) {
    emitRow(i == 0 ? absl::StrCat("%", name, ".row") : out_.define("add nuw i64 %", name, ".row, ", i));
    loop.pointers.push_back(pointers_);
    loop.scalars.push_back(scalar_names_);
    loop.repeated.push_back(vector_names_);
  }
  const bool surely = loop.vectors == "true";
  surely ? out_.line("br label %", name, ".dense") : out_.line("br i1 ", loop.vectors, ", label %", name, ".dense, label %", name, ".rest");
  emitVectors(loop);
  if (!surely) emitSingles(loop);
  out_.label(absl::StrCat(name, ".next"));
  out_.line("%", name, ".row.next = add nuw i64 %", name, ".row, ", loop.together);
  out_.line("br i1 ", out_.define("icmp ult i64 %", name, ".row.next, ", loop.end), ", label %", name, ", label %", loop.behind);
}

/// The vectors of the loop's rows.
void Emitter::emitVectors(const RowLoop& loop) {
  const std::string dense = absl::StrCat(loop.name, ".dense"), index = absl::StrCat("%", loop.name, ".i");
  out_.label(dense);
  out_.line(index, " = phi i64 [ 0, %", loop.name, " ], [ ", index, ".next, %", dense, " ]");
  emitElements(loop, Access::kDense, index);
  const bool twice = overlaps();
  emitAdvance(index, lanes_, twice ? loop.last : loop.whole, twice, dense, absl::StrCat(loop.name, twice ? ".next" : ".rest"));
}

/// The elements of the loop's rows that are in no vector.
void Emitter::emitSingles(const RowLoop& loop) {
  const std::string &name = loop.name, single = absl::StrCat(name, ".single"), index = absl::StrCat("%", name, ".j");
  out_.label(absl::StrCat(name, ".rest"));
  const std::string behind = overlaps() ? "" : absl::StrCat(", [ ", loop.whole, ", %", name, ".dense ]");
  out_.line("%", name, ".start = phi i64 [ 0, %", name, " ]", behind);
  out_.line("br i1 ", out_.define("icmp ult i64 %", name, ".start, %count"), ", label %", single, ", label %", name, ".next");
  out_.label(single);
  out_.line(index, " = phi i64 [ %", name, ".start, %", name, ".rest ], [ ", index, ".next, %", single, " ]");
  emitElements(loop, Access::kSingle, index);
  emitAdvance(index, 1, "%count", false, single, absl::StrCat(name, ".next"));
}

/// The elements from `index` on of each of the loop's rows. Outputs that all of them are combined in are loaded and stored once.
void Emitter::emitElements(const RowLoop& loop, Access access, std::string_view index) {
  const int lanes = access == Access::kSingle ? 1 : lanes_;
  std::vector<std::string> so_far(dag_.outputs().size());
  for (size_t row = 0; row < loop.pointers.size(); row++) {
    pointers_ = loop.pointers[row];
    scalar_names_ = loop.scalars[row];
    vector_names_ = loop.repeated[row];
    const Places places = placesAt(access, index);
    const std::vector<std::string> values = emitOps(lanes, places);
    for (size_t i = 0; i < values.size() && row == 0; i++) {
      if (dag_.outputs()[i].combine) so_far[i] = emitHeld(i, places[placeOf(i)], lanes);
    }
    so_far = emitCombined(lanes, std::move(so_far), values, Arrival::kLater, "i64");
    std::vector<std::string> results = values;
    for (size_t i = 0; i < values.size(); i++) {
      const bool combined = dag_.outputs()[i].combine.has_value(), last = row + 1 == loop.pointers.size();
      if (combined && !last) so_far[i] = emitRounded(i, so_far[i], lanes);
      if (combined) results[i] = so_far[i];
      if (!combined || last) emitResult(i, places[placeOf(i)], results, lanes);
    }
  }
}

// A kernel that calls math functions and has no reduction along its run: vectors only. Those of elements with gaps between them are gathered and
// scattered one by one. Too few elements are copied to memory of the function's own and back. (For all that have gaps that takes longer: a
// vector is loaded late from memory where its elements have just been stored.) Where arrays are dense and no output is an input, the last vector overlaps the
// one before and computes elements once more.

void Emitter::emitMathMap() {
  emitEntry();
  const auto& params = group_.kernel.params;
  for (size_t i = 0; i < params.size(); i++) {
    if (runs_[i]) out_.line("%own", i, " = alloca [", lanes_, " x ", elementType(i), "], align ", kOwnAlign);
  }
  const std::string enough = out_.define("icmp uge i64 %count, ", lanes_), dense = emitDense(false);
  const std::string last = out_.define("sub i64 %count, ", lanes_), twice = out_.define("and i1 ", emitApartFromInputs(), ", ", enough);
  out_.line("br label %each");
  emitEach("%row");
  out_.line("br label %chunk");
  out_.label("chunk");
  out_.line("%i = phi i64 [ 0, %each ], [ %i.next, %stored ]");
  out_.line("%left = sub i64 %count, %i");
  out_.line("%whole = icmp uge i64 %left, ", lanes_);
  out_.line("%taken = select i1 %whole, i64 ", lanes_, ", i64 %left");
  out_.line("%direct = and i1 ", dense, ", ", out_.define("or i1 %whole, ", twice));
  const std::string at = out_.define("select i1 %whole, i64 %i, i64 ", last);
  out_.line("br i1 %direct, label %body, label %", group_.kernel.flat ? "gather" : "gaps");
  if (!group_.kernel.flat) {
    out_.label("gaps");
    out_.line("br i1 %whole, label %strided, label %gather");
    out_.label("strided");
    emitBody(Access::kGathered, "%i");
    out_.line("br label %stored");
  }
  emitCopies("gather", "body", true);
  out_.label("body");
  Places places(params.size());
  for (size_t i = 0; i < params.size(); i++) {
    if (runs_[i]) places[i] = {{out_.define("select i1 %direct, ptr ", emitPlaces(i, Access::kDense, at).at[0], ", ptr %own", i)}};
  }
  emitOutputs(lanes_, places, emitOps(lanes_, places));
  out_.line("br i1 %direct, label %stored, label %scatter");
  emitCopies("scatter", "stored", false);
  out_.label("stored");
  out_.line("%i.next = add nuw i64 %i, ", lanes_);
  out_.line("br i1 ", out_.define("icmp ult i64 %i.next, %count"), ", label %chunk, label %next");
  emitEachEnd();
}

bool Emitter::overlaps() const { return (!group_.kernel.flat || SEGUE_FAULT(KernelRowsOverlapInputs)) && !accumulates(); }

std::string Emitter::emitApartFromInputs() {
  if (accumulates()) return "false";
  if (overlaps()) return "true";
  std::string apart = "true";
  for (size_t output = group_.inputs.size(); output < runs_.size(); output++) {
    for (size_t input = 0; input < group_.inputs.size(); input++) {
      if (!runs_[output] || !runs_[input] || SEGUE_FAULT(MathOverlapsInputs)) continue;
      apart = out_.define("and i1 ", apart, ", ", out_.define("icmp ne ptr ", bases_[input], ", ", bases_[output]));
    }
  }
  return apart;
}

bool Emitter::accumulates() const {
  return std::any_of(dag_.outputs().begin(), dag_.outputs().end(), [](const KernelOutput& output) { return output.combine.has_value(); });
}

/// A loop that copies the elements from %i on into own memory, or back. All lanes are filled: behind the last element it is repeated, so that
/// other lanes set no status that it does not.
void Emitter::emitCopies(std::string_view name, std::string_view then, bool in) {
  const std::string lane = absl::StrCat("%", name, ".lane"), next = lane + ".next", loop = absl::StrCat(name, ".loop");
  out_.label(name);
  const std::string final = out_.define("sub i64 %taken, 1");
  out_.line("br label %", loop);
  out_.label(loop);
  out_.line(lane, " = phi i64 [ 0, %", name, " ], [ ", next, ", %", loop, " ]");
  const std::string within = out_.define("icmp ult i64 ", lane, ", ", final);
  const std::string element = out_.define("add i64 %i, ", out_.define("select i1 ", within, ", i64 ", lane, ", i64 ", final));
  for (size_t i = 0; i < group_.kernel.params.size(); i++) {
    if (!runs_[i]) continue;
    const KernelOutput* output = outputAt(i);
    const bool stored = output != nullptr, loaded = !stored || output->combine;
    if (!(in ? loaded : stored)) continue;
    const std::string type = pairs_[i] ? vectorOf(memoryType(dtypes_[i]), 2) : memoryType(dtypes_[i]), align = absl::StrCat(dtypeItemSize(dtypes_[i]));
    const std::string array = emitPlaces(i, Access::kSingle, element).at[0];
    const std::string own = out_.define("getelementptr inbounds ", type, ", ptr %own", i, ", i64 ", lane);
    const std::string value = out_.define("load ", type, ", ptr ", in ? array : own, ", align ", align);
    out_.line("store ", type, " ", value, ", ptr ", in ? own : array, ", align ", align);
  }
  out_.line(next, " = add nuw i64 ", lane, ", 1");
  const std::string more = out_.define("icmp ult i64 ", next, ", ", in ? absl::StrCat(lanes_) : "%taken");
  out_.line("br i1 ", more, ", label %", loop, ", label %", then);
}

}  // namespace segue::llvm
