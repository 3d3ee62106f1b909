#include "program/plan.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "base/check.h"
#include "program/constants.h"

namespace segue {
namespace {

constexpr StepInfo kSteps[] = {
#define SEGUE_STEP(name, mnemonic, result, operands) {mnemonic, result, operands},
#include "program/steps.def"
#undef SEGUE_STEP
};

/// Prints the steps of one program.
class Printer {
 public:
  Printer(const Program& program, absl::Span<const Ref> constants, Reg first, absl::Span<const int64_t> numbers,
          absl::Span<const ViewIndex> views)
      : program_(program), constants_(constants), first_(first), numbers_(numbers), views_(views) {}

  std::string print() {
    for (const Step& step : program_.steps) line(step);
    return std::move(out_);
  }

 private:
  std::string reg(Reg r) const {
    if (r == kNoReg) return "-";
    if (r >= first_ && r < first_ + constants_.size()) return shortRepr(constants_[r - first_].get(), 40);
    return absl::StrCat("r", r);
  }

  std::string operand(const Step& step, size_t i, char kind) const {
    Operand value = program_.operands(step)[i];
    if (kind == 'i') return absl::StrCat("i", value);
    if (kind != 'n') return reg(value);
    if (step.kind == StepKind::kIntConstant) return absl::StrCat(numbers_[value]);
    if (step.kind == StepKind::kView || step.kind == StepKind::kWindow) return absl::StrCat("[", printView(views_[value]), "]");
    return absl::StrCat(value);
  }

  void line(const Step& step) {
    const StepInfo& info = stepInfo(step.kind);
    if (info.result != '-') absl::StrAppend(&out_, std::string(1, info.result), step.dst, " = ");
    out_ += info.mnemonic;
    for (size_t i = 0; i < step.count; i++) {
      absl::StrAppend(&out_, i == 0 ? " " : ", ", operand(step, i, operandKind(info, i)));
    }
    if (step.keywords != kNoReg) absl::StrAppend(&out_, " named ", reg(step.keywords));
    out_ += '\n';
  }

  const Program& program_;
  absl::Span<const Ref> constants_;
  Reg first_;
  absl::Span<const int64_t> numbers_;
  absl::Span<const ViewIndex> views_;
  std::string out_;
};

}  // namespace

const StepInfo& stepInfo(StepKind kind) { return kSteps[static_cast<size_t>(kind)]; }

char operandKind(const StepInfo& info, size_t i) {
  const bool repeats = info.operands.back() == '*';
  return info.operands[std::min(i, info.operands.size() - (repeats ? 2 : 1))];
}

Step& Program::append(StepKind kind, Reg dst, absl::Span<const Operand> operands) {
  SEGUE_CHECK(operands.size() <= UINT16_MAX, "too many operands");
  Step step{kind};
  step.count = static_cast<uint16_t>(operands.size());
  step.first = static_cast<uint32_t>(pool.size());
  step.dst = dst;
  pool.insert(pool.end(), operands.begin(), operands.end());
  steps.push_back(step);
  return steps.back();
}

size_t Plan::bytes() const {
  size_t items = 0;
  for (const ViewIndex& view : views) items += view.capacity();
  return sizeof *this + views.capacity() * sizeof(ViewIndex) + items * sizeof(ViewItem) + pure.bytes() + stores.bytes() + commit.bytes() + undo.bytes() + constants.capacity() * sizeof(Ref) +
         numbers.capacity() * sizeof(int64_t) + kernels.capacity() * sizeof(kernels[0]) + outputs.capacity() * sizeof(Reg);
}

std::string printProgram(const Program& program, absl::Span<const Ref> constants, Reg first_constant,
                         absl::Span<const int64_t> numbers, absl::Span<const ViewIndex> views) {
  return Printer(program, constants, first_constant, numbers, views).print();
}

std::string printPlan(const Plan& plan) {
  std::string out = printProgram(plan.pure, plan.constants, plan.slot_count, plan.numbers, plan.views);
  for (size_t i = 0; i < plan.kernels.size(); i++) {
    absl::StrAppend(&out, "kernel ", i, ":\n  ", absl::StrReplaceAll(absl::StripSuffix(plan.kernels[i]->text, "\n"), {{"\n", "\n  "}}), "\n");
  }
  auto stage = [&](std::string_view name, const Program& program) {
    if (program.steps.empty()) return;
    absl::StrAppend(&out, name, ":\n", printProgram(program, plan.constants, plan.slot_count, plan.numbers, plan.views));
  };
  stage("stores", plan.stores);
  stage("commit", plan.commit);
  stage("undo", plan.undo);
  out += "outputs:";
  for (Reg reg : plan.outputs) absl::StrAppend(&out, " r", reg);
  if (plan.reads_errstate) out += "\nreads errstate";
  if (plan.runs_python) out += "\nruns Python";
  return out + "\n";
}

}  // namespace segue
