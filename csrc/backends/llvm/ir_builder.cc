#include "backends/llvm/ir_builder.h"

#include <bit>

#include "absl/strings/str_format.h"

namespace segue::llvm {
namespace {

/// The suffix of an intrinsic's name: f64, v8f64, v8i32.
std::string mangled(DType dtype, int lanes) {
  return absl::StrCat(lanes > 1 ? absl::StrCat("v", lanes) : "", isFloating(dtype) ? "f" : "i", dtypeItemSize(dtype) * 8);
}

}  // namespace

std::string vectorOf(std::string_view element, int lanes) {
  return lanes > 1 ? absl::StrCat("<", lanes, " x ", element, ">") : std::string(element);
}

std::string registerType(DType dtype) {
  if (dtype == DType::kBool) return "i1";
  if (dtype == DType::kF64) return "double";
  if (dtype == DType::kF32) return "float";
  return bitsType(dtype);
}

std::string memoryType(DType dtype) { return dtype == DType::kBool ? "i8" : registerType(dtype); }

std::string bitsType(DType dtype) { return absl::StrCat("i", dtypeItemSize(dtype) * 8); }

std::string literal(DType dtype, uint64_t bits) {
  if (dtype == DType::kBool) return (bits & 1) != 0 ? "true" : "false";
  if (dtype == DType::kF64) return absl::StrFormat("0x%016x", bits);
  // A float's literal is that of the double with its value.
  if (dtype == DType::kF32) {
    return absl::StrFormat("0x%016x", std::bit_cast<uint64_t>(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)))));
  }
  const int unused = 64 - dtypeItemSize(dtype) * 8;
  return absl::StrCat(static_cast<int64_t>(bits << unused) >> unused);
}

std::string repeated(std::string_view element, std::string_view value, int lanes) {
  if (lanes == 1) return std::string(value);
  std::string out = "<";
  for (int i = 0; i < lanes; i++) absl::StrAppend(&out, i > 0 ? ", " : "", element, " ", value);
  return out + ">";
}

std::string IrBuilder::intrinsic(std::string_view name, DType dtype, int lanes, absl::Span<const std::string> args) {
  const std::string type = typeOf(dtype, lanes), function = absl::StrCat("@llvm.", name, ".", mangled(dtype, lanes));
  std::string types, passed;
  for (const std::string& arg : args) {
    absl::StrAppend(&types, types.empty() ? "" : ", ", type);
    absl::StrAppend(&passed, passed.empty() ? "" : ", ", type, " ", arg);
  }
  declare(absl::StrCat("declare ", type, " ", function, "(", types, ")"));
  return define("call ", type, " ", function, "(", passed, ") strictfp");
}

std::string IrBuilder::constrained(std::string_view name, DType dtype, int lanes, absl::Span<const std::string> args) {
  const std::string type = typeOf(dtype, lanes);
  const std::string function = absl::StrCat("@llvm.experimental.constrained.", name, ".", mangled(dtype, lanes));
  std::string types, passed;
  for (const std::string& arg : args) {
    absl::StrAppend(&types, type, ", ");
    absl::StrAppend(&passed, type, " ", arg, ", ");
  }
  declare(absl::StrCat("declare ", type, " ", function, "(", types, "metadata, metadata)"));
  return define("call ", type, " ", function, "(", passed, "metadata !\"round.tonearest\", metadata !\"fpexcept.strict\") strictfp");
}

std::string IrBuilder::constrainedCast(std::string_view name, DType from, DType to, int lanes, std::string_view value) {
  const std::string before = typeOf(from, lanes), type = typeOf(to, lanes);
  const std::string function = absl::StrCat("@llvm.experimental.constrained.", name, ".", mangled(to, lanes), ".", mangled(from, lanes));
  const bool rounds = name == "fptrunc";
  declare(absl::StrCat("declare ", type, " ", function, "(", before, rounds ? ", metadata, metadata)" : ", metadata)"));
  return define("call ", type, " ", function, "(", before, " ", value, rounds ? ", metadata !\"round.tonearest\"" : "",
                ", metadata !\"fpexcept.strict\") strictfp");
}

std::string IrBuilder::compare(std::string_view how, std::string_view predicate, DType dtype, int lanes, absl::Span<const std::string> args) {
  const std::string type = typeOf(dtype, lanes), result = vectorOf("i1", lanes);
  const std::string function = absl::StrCat("@llvm.experimental.constrained.", how, ".", mangled(dtype, lanes));
  declare(absl::StrCat("declare ", result, " ", function, "(", type, ", ", type, ", metadata, metadata)"));
  return define("call ", result, " ", function, "(", type, " ", args[0], ", ", type, " ", args[1], ", metadata !\"", predicate,
                "\", metadata !\"fpexcept.strict\") strictfp");
}

std::string IrBuilder::anyLane(int lanes, const std::string& condition) {
  if (lanes == 1) return condition;
  const std::string bits = absl::StrCat("i", lanes);
  return define("icmp ne ", bits, " ", define("bitcast ", vectorOf("i1", lanes), " ", condition, " to ", bits), ", 0");
}

std::string IrBuilder::broadcast(std::string_view element, int lanes, std::string_view scalar) {
  if (lanes == 1) return std::string(scalar);
  const std::string type = vectorOf(element, lanes);
  const std::string first = define("insertelement ", type, " poison, ", element, " ", scalar, ", i64 0");
  return define("shufflevector ", type, " ", first, ", ", type, " poison, ", vectorOf("i32", lanes), " zeroinitializer");
}

std::string IrBuilder::finish() {
  for (const std::string& declaration : declarations_) line(declaration);
  return std::move(text_);
}

}  // namespace segue::llvm
