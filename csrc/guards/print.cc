#include "absl/strings/str_cat.h"
#include "guards/lowering.h"
#include "guards/tree.h"
#include "program/constants.h"

namespace segue {
namespace {

class Printer {
 public:
  Printer(const GuardSet& guards, const DimTable& dims, BorrowedRef code, const LoweredGuards& lowered)
      : guards_(guards), dims_(dims), code_(code), lowered_(lowered), tree_(guards, {}), checks_(lowered.slot_of.size()) {
    std::vector<uint32_t> source_of(lowered.program.slot_count);
    for (uint32_t id = 0; id < lowered.slot_of.size(); id++) {
      if (lowered.slot_of[id] >= 0) source_of[static_cast<size_t>(lowered.slot_of[id])] = id;
    }
    for (uint32_t at = 0; at < lowered.program.insns.size(); at++) {
      const GuardInsn& insn = lowered.program.insns[at];
      if (insn.op == GuardOp::kCheckErrState) {
        rootless_.push_back(at);
      } else if (insn.op >= GuardOp::kCheckType) {
        checks_[source_of[insn.dst]].push_back(at);
      }
    }
  }

  std::string run() {
    for (Source root : tree_.roots) branch(root, 0);
    for (uint32_t at : rootless_) line(0, absl::StrCat("np.errstate: ", describeCheck(lowered_.program, at)));
    for (const DimRelation& relation : dims_.relations()) {
      line(0, absl::StrCat(dims_.dependsOnData(relation) ? "sizes, checked in the run: " : "sizes: ", dims_.print(relation)));
    }
    for (const Assumption& assumption : lowered_.assumptions) line(0, absl::StrCat("assumed: ", words(assumption)));
    return std::move(out_);
  }

 private:
  void line(int depth, const std::string& text) { absl::StrAppend(&out_, std::string(2 * depth, ' '), text, "\n"); }

  void branch(Source source, int depth) {
    std::string text = guards_.sources().print(source, code_);
    const char* separator = ": ";
    for (uint32_t at : checks_[source.id]) {
      absl::StrAppend(&text, separator, describeCheck(lowered_.program, at));
      separator = "; ";
    }
    for (uint32_t symbol : tree_.at(source).origins) {
      absl::StrAppend(&text, separator, origin(symbol));
      separator = "; ";
    }
    line(depth, text);
    for (Source child : tree_.at(source).children) branch(child, depth + 1);
  }

  /// "shape[0] = s0 >= 2".
  std::string origin(uint32_t index) {
    if (index >= dims_.symbols().size()) return "unused size";
    const DimOrigin& origin = guards_.dimOrigins()[index];
    const DimSymbol& symbol = dims_.symbols()[index];
    std::string what = "value";
    if (origin.kind == DimOrigin::Kind::kArraySize) what = absl::StrCat("shape[", origin.axis, "]");
    if (origin.kind == DimOrigin::Kind::kLength) what = "len";
    constexpr const char* kRangeParts[] = {"next", "step", "left"};
    if (origin.kind == DimOrigin::Kind::kRangeIterator) what = kRangeParts[origin.axis];
    std::string out = absl::StrCat(what, " = ", symbol.name);
    if (symbol.lower_bound != DimTable::kNoBound) absl::StrAppend(&out, " >= ", symbol.lower_bound);
    return out;
  }

  static std::string words(const Assumption& a) {
    std::string owner = shortRepr(a.owner);
    std::string value = a.value ? shortRepr(a.value) : "absent";
    switch (a.kind) {
      case AssumptionKind::kDictValue: {
        PyObject* module_name = PyDict_GetItemString(a.owner.get(), "__name__");
        owner = module_name != nullptr && PyUnicode_CheckExact(module_name) ? shortRepr(module_name) : "a dict";
        return absl::StrCat("names of ", owner, ": ", shortRepr(a.key), " is ", value);
      }
      case AssumptionKind::kTypeAttribute: return absl::StrCat("class ", owner, ": ", shortRepr(a.key), " is ", value);
      case AssumptionKind::kTypeUnchanged: return absl::StrCat("class ", owner, " stays as it is");
      case AssumptionKind::kFunctionUnchanged: return absl::StrCat(owner, " keeps its code and defaults");
    }
    return owner;
  }

  const GuardSet& guards_;
  const DimTable& dims_;
  BorrowedRef code_;
  const LoweredGuards& lowered_;
  GuardTree tree_;
  std::vector<std::vector<uint32_t>> checks_;   ///< by source id: instructions that check it
  std::vector<uint32_t> rootless_;
  std::string out_;
};

}  // namespace

std::string printGuards(const GuardSet& guards, const DimTable& dims, BorrowedRef code) {
  Result<LoweredGuards> lowered = lowerGuards(guards, dims, {}, code);
  if (!lowered.ok()) return absl::StrCat("guards that cannot be checked: ", lowered.error(), "\n");
  return Printer(guards, dims, code, lowered.value()).run();
}

}  // namespace segue
