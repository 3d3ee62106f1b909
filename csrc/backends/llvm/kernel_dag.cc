#include "backends/llvm/kernel_dag.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"

namespace segue::llvm {
namespace {

constexpr std::string_view kNames[] = {
    "load", "constant", "cast",
#define SEGUE_SCALAR_OP(name, text, arity) text,
#include "backends/llvm/scalar_ops.def"
#undef SEGUE_SCALAR_OP
};

std::string printConstant(const Scalar& scalar) {
  if (scalar.dtype == DType::kF64) return absl::StrCat(std::bit_cast<double>(scalar.bits));
  if (scalar.dtype == DType::kF32) return absl::StrCat(std::bit_cast<float>(static_cast<uint32_t>(scalar.bits)));
  return absl::StrCat(static_cast<int64_t>(scalar.bits));
}

}  // namespace

std::string_view scalarOpName(ScalarOp op) { return kNames[static_cast<size_t>(op)]; }

std::optional<ScalarOp> scalarOpFromName(std::string_view name) {
  const auto* found = std::find(std::begin(kNames) + static_cast<size_t>(ScalarOp::kCast) + 1, std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<ScalarOp>(found - std::begin(kNames));
}

ScalarId KernelDag::add(const Scalar& scalar) {
  auto [known, fresh] = known_.try_emplace(scalar, static_cast<ScalarId>(scalars_.size()));
  if (fresh) scalars_.push_back(scalar);
  return known->second;
}

ScalarId KernelDag::cast(ScalarId value, DType to) {
  if (scalars_[value].dtype == to) return value;
  return add({.op = ScalarOp::kCast, .dtype = to, .args = {value}, .arity = 1});
}

ScalarId KernelDag::apply(ScalarOp op, DType dtype, absl::Span<const ScalarId> args) {
  Scalar scalar{.op = op, .dtype = dtype, .arity = static_cast<uint8_t>(args.size())};
  std::copy(args.begin(), args.end(), scalar.args.begin());
  return add(scalar);
}

bool KernelDag::reports() const {
  return std::any_of(scalars_.begin(), scalars_.end(), [this](const Scalar& scalar) {
    const bool computes = scalar.op >= ScalarOp::kAdd && scalar.op <= ScalarOp::kRint && scalar.op != ScalarOp::kNeg && scalar.op != ScalarOp::kAbs;
    const bool narrows = scalar.op == ScalarOp::kCast && scalar.dtype == DType::kF32;
    return (computes && isFloating(scalar.dtype)) || narrows;
  });
}

std::string KernelDag::print() const {
  std::string out;
  for (size_t i = 0; i < scalars_.size(); i++) {
    const Scalar& scalar = scalars_[i];
    absl::StrAppend(&out, "v", i, " = ", scalarOpName(scalar.op), " ", dtypeName(scalar.dtype));
    if (scalar.op == ScalarOp::kLoad) absl::StrAppend(&out, " ", scalar.bits);
    if (scalar.op == ScalarOp::kConstant) absl::StrAppend(&out, " ", printConstant(scalar));
    for (size_t k = 0; k < scalar.arity; k++) absl::StrAppend(&out, " v", scalar.args[k]);
    out += '\n';
  }
  for (ScalarId output : outputs_) absl::StrAppend(&out, "store v", output, "\n");
  return out;
}

}  // namespace segue::llvm
