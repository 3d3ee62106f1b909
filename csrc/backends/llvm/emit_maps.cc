#include <algorithm>

#include "backends/llvm/emitter.h"
#include "backends/llvm/scalar_code.h"

namespace segue::llvm {
namespace {

constexpr int kOwnAlign = 64;

}  // namespace

// A kernel without a reduction along its run: vectors of neighbours, then single elements.

void Emitter::emitMap() {
  out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
  out_.label("entry");
  emitParams();
  out_.line("%whole = and i64 %count, ", -static_cast<int64_t>(lanes_));
  const std::string some = out_.define("icmp ne i64 %whole, 0"), dense = emitDense();
  out_.line("br i1 ", out_.define("and i1 ", some, ", ", dense), ", label %dense, label %rest");
  out_.label("dense");
  out_.line("%i = phi i64 [ 0, %entry ], [ %i.next, %dense ]");
  emitBody(Access::kDense, "%i");
  out_.line("%i.next = add nuw i64 %i, ", lanes_);
  out_.line("br i1 ", out_.define("icmp ult i64 %i.next, %whole"), ", label %dense, label %rest");
  out_.label("rest");
  out_.line("%start = phi i64 [ 0, %entry ], [ %whole, %dense ]");
  out_.line("br i1 ", out_.define("icmp ult i64 %start, %count"), ", label %single, label %done");
  out_.label("single");
  out_.line("%j = phi i64 [ %start, %rest ], [ %j.next, %single ]");
  emitBody(Access::kSingle, "%j");
  out_.line("%j.next = add nuw i64 %j, 1");
  out_.line("br i1 ", out_.define("icmp ult i64 %j.next, %count"), ", label %single, label %done");
  out_.label("done");
  out_.line("ret void");
  out_.line("}");
}

// A kernel that calls math functions and has no reduction along its run: vectors only. Elements with gaps between them, and too few of them,
// are copied to memory of the function's own and back. Where arrays are dense and outputs fresh, the last vector overlaps the one before and
// computes elements once more.

void Emitter::emitMathMap() {
  out_.line("(ptr noalias readonly %args, i64 %count) #0 {");
  out_.label("entry");
  emitParams();
  const auto& params = group_.kernel.params;
  for (size_t i = 0; i < params.size(); i++) {
    if (runs_[i]) out_.line("%own", i, " = alloca [", lanes_, " x ", memoryType(dtypes_[i]), "], align ", kOwnAlign);
  }
  const std::string enough = out_.define("icmp uge i64 %count, ", lanes_), dense = emitDense();
  const std::string last = out_.define("sub i64 %count, ", lanes_);
  out_.line("br label %chunk");
  out_.label("chunk");
  out_.line("%i = phi i64 [ 0, %entry ], [ %i.next, %stored ]");
  out_.line("%left = sub i64 %count, %i");
  out_.line("%whole = icmp uge i64 %left, ", lanes_);
  out_.line("%taken = select i1 %whole, i64 ", lanes_, ", i64 %left");
  const std::string available = accumulates() ? "%whole" : enough;
  out_.line("%direct = and i1 ", dense, ", ", available);
  const std::string at = accumulates() ? "%i" : out_.define("select i1 %whole, i64 %i, i64 ", last);
  out_.line("br i1 %direct, label %body, label %gather");
  emitCopies("gather", "body", true);
  out_.label("body");
  Places places(params.size());
  for (size_t i = 0; i < params.size(); i++) {
    if (runs_[i]) places[i] = {out_.define("select i1 %direct, ptr ", emitPlaces(i, Access::kDense, at)[0], ", ptr %own", i)};
  }
  emitOps(lanes_, places);
  out_.line("br i1 %direct, label %stored, label %scatter");
  emitCopies("scatter", "stored", false);
  out_.label("stored");
  out_.line("%i.next = add nuw i64 %i, ", lanes_);
  out_.line("br i1 ", out_.define("icmp ult i64 %i.next, %count"), ", label %chunk, label %done");
  out_.label("done");
  out_.line("ret void");
  out_.line("}");
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
    const bool stored = i >= group_.inputs.size();
    const bool loaded = !stored || dag_.outputs()[i - group_.inputs.size()].combine;
    if (!runs_[i] || !(in ? loaded : stored)) continue;
    const std::string type = memoryType(dtypes_[i]), align = absl::StrCat(dtypeItemSize(dtypes_[i]));
    const std::string array = emitPlaces(i, Access::kSingle, element)[0];
    const std::string own = out_.define("getelementptr inbounds ", type, ", ptr %own", i, ", i64 ", lane);
    const std::string value = out_.define("load ", type, ", ptr ", in ? array : own, ", align ", align);
    out_.line("store ", type, " ", value, ", ptr ", in ? own : array, ", align ", align);
  }
  out_.line(next, " = add nuw i64 ", lane, ", 1");
  const std::string more = out_.define("icmp ult i64 ", next, ", ", in ? absl::StrCat(lanes_) : "%taken");
  out_.line("br i1 ", more, ", label %", loop, ", label %", then);
}

}  // namespace segue::llvm
