#include <utility>

#include "backends/llvm/emitter.h"
#include "backends/llvm/scalar_code.h"
#include "base/fault.h"

// A kernel that reduces rows of fewer elements than a vector has: several rows at a time, a lane for each. What a lane does to its row is what the
// loop over single elements does, in the same order.

namespace segue::llvm {

bool Emitter::takesRowsTogether() const {
  if (group_.kernel.flat || group_.row_hint >= kPartialSums || !scans_.empty() || !divisors_.empty()) return false;
  for (size_t i = 0; i < dag_.outputs().size(); i++) {
    // What is combined, but not with the row's elements alone, is so with every row.
    const bool array = group_.kernel.params[placeOf(i)].kind == KernelParam::Kind::kArray;   // … and no bins
    if (dag_.outputs()[i].combine && (!array || runs_[placeOf(i)])) return false;
  }
  return true;
}

/// The rows in front of `%grouped`, which is 0 where rows are not as short as they were, or are reduced to one: behind them, the block `ungrouped`.
void Emitter::emitGroups() {
  std::string apart = "%few";
  for (const size_t output : folds_) {
    if (SEGUE_FAULT(GroupsShareResults)) break;
    apart = out_.define("and i1 ", apart, ", ", out_.define("icmp ne i64 ", steps_[placeOf(output)], ", 0"));
  }
  out_.line("%grouped = select i1 ", apart, ", i64 ", out_.define("and i64 %rows, ", -static_cast<int64_t>(lanes_)), ", i64 0");
  out_.line("br i1 ", out_.define("icmp ne i64 %grouped, 0"), ", label %group, label %ungrouped");
  // Along lanes the elements of all arrays change.
  const std::vector<bool> runs = std::exchange(runs_, arrays());
  const std::vector<bool> invariant = std::exchange(invariant_, {});
  findInvariants();
  out_.label("group");
  out_.line("%group.row = phi i64 [ 0, %entry ], [ %group.next, %group.end ]");
  pointers_ = bases_;
  emitInvariants();
  emitGroup(runs, emitLanes("%group.row"));
  out_.line("%group.next = add nuw i64 %group.row, ", lanes_);
  out_.line("br i1 ", out_.define("icmp ult i64 %group.next, %grouped"), ", label %group, label %ungrouped");
  runs_ = runs;
  invariant_ = invariant;
  out_.label("ungrouped");
  out_.line("br i1 ", out_.define("icmp ult i64 %grouped, %rows"), ", label %each, label %done");
}

/// By parameter: whether it is an array.
std::vector<bool> Emitter::arrays() const {
  std::vector<bool> out;
  for (const KernelParam& param : group_.kernel.params) out.push_back(param.kind == KernelParam::Kind::kArray);
  return out;
}

/// Where each lane's row of every array starts.
Emitter::Places Emitter::emitLanes(std::string_view row) {
  Places lanes(bases_.size());
  for (size_t i = 0; i < bases_.size(); i++) {
    if (!runs_[i]) continue;
    lanes[i].at.push_back(emitMoved(i, bases_[i], out_.define("mul i64 ", row, ", ", steps_[i])));
    for (int k = 1; k < lanes_; k++) {
      lanes[i].at.push_back(emitMoved(i, lanes[i].at.back(), SEGUE_FAULT(GroupsRepeatRows) ? "0" : steps_[i]));
    }
  }
  return lanes;
}

/// The elements of the lanes' rows, one after the other; then what they are reduced to. `runs`: by parameter, whether its elements change along a row.
void Emitter::emitGroup(const std::vector<bool>& runs, const Places& lanes) {
  out_.line("br label %group.elements");
  out_.label("group.elements");
  const size_t head = out_.here();
  Places places = lanes;
  for (size_t i = 0; i < places.size(); i++) {
    if (!moves(i) && !(runs_[i] && runs[i])) continue;
    const std::string offset = out_.define("mul i64 %group.i, ", strides_[i]);
    for (std::string& place : places[i].at) place = emitMoved(i, place, offset);
    if (moves(i)) places[i] = {{out_.broadcast("i64", lanes_, emitMoved(i, bases_[i], offset))}};   // as far in all rows
  }
  const std::vector<std::string> values = emitOps(lanes_, places);
  for (size_t i = 0; i < values.size(); i++) {
    if (runs[placeOf(i)]) emitResult(i, places[placeOf(i)], values, lanes_);
  }
  const std::vector<std::string> starts = initials(lanes_);
  std::string phis = "%group.i = phi i64 [ 0, %group ], [ %group.i.next, %group.elements ]\n";
  std::vector<std::string> so_far, found;
  for (size_t i = 0; i < folds_.size(); i++) {
    so_far.push_back(absl::StrCat("%group.", i, ".fold"));
    found.push_back(values[folds_[i]]);
  }
  const std::vector<std::string> folded = emitStep(lanes_, so_far, found, Arrival::kLater, "i64");
  for (size_t i = 0; i < folds_.size(); i++) {
    absl::StrAppend(&phis, so_far[i], " = phi ", typeOf(foldDType(i), lanes_), " [ ", starts[i], ", %group ], [ ", folded[i], ", %group.elements ]\n");
  }
  out_.insert(head, phis);
  emitAdvance("%group.i", 1, "%count", false, "group.elements", "group.end");
  out_.label("group.end");
  std::vector<std::string> held;
  for (size_t i = 0; i < folds_.size(); i++) held.push_back(emitHeld(folds_[i], lanes[placeOf(folds_[i])], lanes_));
  held = emitStep(lanes_, held, folded, Arrival::kAny, "i64");
  for (size_t i = 0; i < folds_.size(); i++) emitStores(placeOf(folds_[i]), lanes[placeOf(folds_[i])], emitStored(folds_[i], held[i], lanes_), lanes_);
}

}  // namespace segue::llvm
