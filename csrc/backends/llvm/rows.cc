#include "backends/llvm/rows.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/users.h"

namespace segue::llvm {
namespace {

constexpr uint32_t kRow = 1;   ///< the bit of the last dimension (KernelParam::spread)
/// Of rows of fewer elements the loops cost more than memory does.
constexpr int64_t kShortRow = 8;

/// What a stage makes of a row.
enum class Made : uint8_t { kRowOfElements, kOneElement };

bool isOne(Dim dim, const DimTable& dims) { return dims.hint(dim) == 1; }

class RowFuser {
 public:
  RowFuser(const Graph& graph, Schedule& schedule) : dims_(graph.dims()), schedule_(schedule), effects_(graph), users_(usersByNode(graph)) {}

  void run() {
    std::vector<ScheduleItem> out;
    for (size_t i = 0; i < schedule_.items.size();) {
      const size_t count = stagesFrom(i);
      if (count > 1) {
        out.push_back(join(i, count));
      } else {
        out.push_back(std::move(schedule_.items[i]));
      }
      i += std::max<size_t>(count, 1);
    }
    schedule_.items = std::move(out);
  }

 private:
  /// How many items from `first` on are stages of one kernel; the last of them uses an earlier one's result.
  size_t stagesFrom(size_t first) {
    const ScheduleItem& head = schedule_.items[first];
    if (!head.kernel || !runsOverRows(*head.kernel)) return 1;
    const Shape& shape = head.kernel->shape;
    made_.clear();
    loaded_.clear();
    size_t count = 0, useful = 0;
    for (size_t i = first; i < schedule_.items.size() && schedule_.items[i].kernel; i++) {
      const KernelCall& call = *schedule_.items[i].kernel;
      const bool single = call.shape != shape;
      if (single ? !isSingle(call, shape) : !runsOverRows(call)) break;
      if (hasCore(call) || !loadsRows(call) || storesIntoLoaded(call)) break;
      count++;
      if (std::any_of(call.inputs.begin(), call.inputs.end(), [this](const Arg& arg) { return madeHere(arg); })) useful = count;
      for (size_t k = 0; k < call.outputs.size(); k++) {
        const bool reduced = call.kernel->params[call.inputs.size() + k].spread != 0;
        made_[call.outputs[k]] = single || reduced ? Made::kOneElement : Made::kRowOfElements;
      }
      // What is stored elsewhere is there behind the whole run only.
      if (std::any_of(call.outputs.begin(), call.outputs.end(), isAssignment)) break;
    }
    return useful;
  }

  /// Whether its elements are matrices, say.
  static bool hasCore(const KernelCall& call) {
    return std::any_of(call.kernel->params.begin(), call.kernel->params.end(), [](const KernelParam& param) { return param.core > 0; });
  }

  static bool isAssignment(const Node* output) { return output->op->name == "setitem"; }

  /// Whether the kernel assigns to memory that the stages so far, or it itself, load.
  bool storesIntoLoaded(const KernelCall& call) {
    for (const Arg& input : call.inputs) {
      if (input.isValue()) loaded_.insert(effects_.region(input.as<ArgValue>().node));
    }
    return std::any_of(call.outputs.begin(), call.outputs.end(), [this](const Node* output) {
      return isAssignment(output) && loaded_.contains(effects_.region(output->args[0].as<ArgValue>().node));
    });
  }

  bool madeHere(const Arg& arg) const { return arg.isValue() && made_.contains(arg.as<ArgValue>().node); }

  /// Over rows of several elements, which are all that it reduces.
  bool runsOverRows(const KernelCall& call) const {
    const Kernel& kernel = *call.kernel;
    if (call.shape.size() < 2 || kernel.f_order || kernel.innermost != 0 || dims_.hint(call.shape.back()) < kShortRow) return false;
    return std::all_of(kernel.reductions.begin(), kernel.reductions.end(), [&kernel](const KernelReduction& reduction) {
      const KernelParam& param = kernel.params[reduction.param];
      return param.kind == KernelParam::Kind::kArray && param.spread == kRow;
    });
  }

  /// Over one element in each row of `shape`.
  bool isSingle(const KernelCall& call, const Shape& shape) const {
    if (call.shape.size() != shape.size() || !isOne(call.shape.back(), dims_) || call.kernel->f_order || !call.kernel->reductions.empty()) return false;
    return std::equal(shape.begin(), shape.end() - 1, call.shape.begin());
  }

  /// Whether each result of an earlier stage is loaded at the row at which it was made.
  bool loadsRows(const KernelCall& call) const {
    const bool single = isOne(call.shape.back(), dims_);
    for (size_t i = 0; i < call.inputs.size(); i++) {
      if (!madeHere(call.inputs[i])) continue;
      if (call.kernel->params[i].kind == KernelParam::Kind::kTable) return false;
      const Node* node = call.inputs[i].as<ArgValue>().node;
      const bool one = made_.at(node) == Made::kOneElement;
      if (single ? !one : call.kernel->params[i].spread != (one ? kRow : 0)) return false;
      if (node->type->shape.size() != call.shape.size()) return false;
    }
    return true;
  }

  ScheduleItem join(size_t first, size_t count) {
    Joined joined;
    joined.whole = std::make_shared<Kernel>();
    const auto items = absl::MakeConstSpan(schedule_.items).subspan(first, count);
    absl::flat_hash_set<const Node*> members(schedule_.order.begin() + static_cast<std::ptrdiff_t>(items.front().begin),
                                             schedule_.order.begin() + static_cast<std::ptrdiff_t>(items.back().end));
    for (const ScheduleItem& item : items) addInputs(*item.kernel, joined);
    for (const ScheduleItem& item : items) addOutputs(*item.kernel, members, joined);
    // Rows of memory stand behind the parameters.
    const auto params = static_cast<uint32_t>(joined.whole->params.size());
    for (auto& [node, row] : joined.rows) joined.place[node] = params + (SEGUE_FAULT(StagesShareRows) ? 0 : row);
    for (const ScheduleItem& item : items) addStage(*item.kernel, items.front().kernel->shape, joined);
    size(joined, items.front().kernel->shape.size());
    joined.call.shape = items.front().kernel->shape;
    joined.call.kernel = std::move(joined.whole);
    return {items.front().begin, items.back().end, std::move(joined.call)};
  }

  struct Joined {
    std::shared_ptr<Kernel> whole;
    KernelCall call;
    absl::flat_hash_map<const Node*, uint32_t> place;   ///< of values that stages load or make
    absl::flat_hash_map<Dim, uint32_t> numbers;         ///< … and of symbolic ints
    absl::flat_hash_map<const Node*, uint32_t> tables;  ///< … and of tables, which may be loaded elsewhere
    absl::flat_hash_map<const Node*, uint32_t> rows;    ///< values that only stages use

    /// Of values that a stage takes as such a parameter.
    auto& placesFor(const KernelParam& param) { return param.kind == KernelParam::Kind::kTable ? tables : place; }
  };

  /// As the whole run sees a stage's parameter: what has one element in each row repeats it.
  KernelParam seenByRows(const KernelParam& param, const KernelCall& call) const {
    KernelParam out = param;
    if (out.kind == KernelParam::Kind::kArray && isOne(call.shape.back(), dims_)) out.spread |= kRow;
    return out;
  }

  void addInputs(const KernelCall& call, Joined& joined) const {
    for (size_t i = 0; i < call.inputs.size(); i++) {
      const Arg& arg = call.inputs[i];
      if (madeBefore(arg, joined)) continue;
      const auto next = static_cast<uint32_t>(joined.whole->params.size());
      const KernelParam& param = call.kernel->params[i];
      const bool fresh = arg.isValue() ? joined.placesFor(param).try_emplace(arg.as<ArgValue>().node, next).second
                                       : joined.numbers.try_emplace(arg.as<Dim>(), next).second;
      if (!fresh) continue;
      if (param.kind == KernelParam::Kind::kTable) joined.whole->tables.push_back(next);
      joined.call.inputs.push_back(arg);
      joined.whole->params.push_back(seenByRows(param, call));
    }
    for (const Node* output : call.outputs) joined.rows.try_emplace(output, 0);   // known to be made here
  }

  static bool madeBefore(const Arg& arg, const Joined& joined) { return arg.isValue() && joined.rows.contains(arg.as<ArgValue>().node); }

  void addOutputs(const KernelCall& call, const absl::flat_hash_set<const Node*>& members, Joined& joined) const {
    for (size_t k = 0; k < call.outputs.size(); k++) {
      const Node* node = call.outputs[k];
      const std::vector<const Node*>& users = users_[node->id];
      const KernelParam& param = call.kernel->params[call.inputs.size() + k];
      if (!isAssignment(node) && std::all_of(users.begin(), users.end(), [&members](const Node* user) { return members.contains(user); })) {
        joined.rows[node] = static_cast<uint32_t>(joined.whole->rows.size());
        joined.whole->rows.push_back({dtypeItemSize(node->type->dtype), made_.at(node) == Made::kOneElement});
        continue;
      }
      joined.rows.erase(node);
      joined.place[node] = static_cast<uint32_t>(joined.whole->params.size());
      joined.call.outputs.push_back(node);
      joined.whole->params.push_back(seenByRows(param, call));
    }
  }

  void addStage(const KernelCall& call, const Shape& shape, Joined& joined) const {
    KernelStage stage{call.kernel, {}, call.shape != shape};
    for (size_t i = 0; i < call.inputs.size(); i++) {
      const Arg& arg = call.inputs[i];
      const auto& places = joined.placesFor(call.kernel->params[i]);
      stage.params.push_back(arg.isValue() ? places.at(arg.as<ArgValue>().node) : joined.numbers.at(arg.as<Dim>()));
    }
    for (const Node* output : call.outputs) stage.params.push_back(joined.place.at(output));
    joined.whole->reports |= call.kernel->reports;
    if (!stage.single) {
      joined.whole->cost += call.kernel->cost;
      joined.whole->flops += call.kernel->flops;
    }
    joined.whole->operators += call.kernel->operators;
    absl::StrAppend(&joined.whole->name, joined.whole->name.empty() ? "" : "+", call.kernel->name);
    absl::StrAppend(&joined.whole->text, "row: ", absl::StrJoin(stage.params, " "), "\n", call.kernel->text);
    joined.whole->stages.push_back(std::move(stage));
  }

  /// Who has the sizes of the run.
  static void size(Joined& joined, size_t ndim) {
    for (size_t dimension = 0; dimension < ndim; dimension++) {
      const std::vector<KernelParam>& params = joined.whole->params;
      const auto found = std::find_if(params.begin(), params.end(), [dimension](const KernelParam& param) {
        return param.kind == KernelParam::Kind::kArray && !param.squeezed && ((param.spread >> dimension) & 1) == 0;
      });
      SEGUE_CHECK(found != params.end(), "no array has the size of a run");
      joined.whole->sized_by.push_back(static_cast<uint32_t>(found - params.begin()));
    }
  }

  const DimTable& dims_;
  Schedule& schedule_;
  const Effects effects_;
  const UsersByNode users_;
  absl::flat_hash_map<const Node*, Made> made_;          ///< by the stages looked at last
  absl::flat_hash_set<uint32_t> loaded_;                 ///< regions that they load
};

}  // namespace

void fuseRows(const Graph& graph, Schedule* schedule) { RowFuser(graph, *schedule).run(); }

}  // namespace segue::llvm
