#include "backends/llvm/positions.h"

#include <algorithm>

#include "base/fault.h"

namespace segue::llvm {
namespace {

std::string masks(const LocatedType& type) { return vectorOf("i1", type.lanes); }

std::string emitNans(const LocatedType& type, std::string_view predicate, const std::string& value, IrBuilder& out) {
  return out.define("fcmp ", predicate, " ", typeOf(type.dtype, type.lanes), " ", value, ", ", value);
}

/// Where the extreme that is found is better than the one so far.
std::string emitBetter(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out) {
  const bool less = type.op == ScalarOp::kMin, last_tie = !found.position.empty() && SEGUE_FAULT(KernelArgLastTie);
  const std::string_view how = less ? (last_tie ? "le" : "lt") : (last_tie ? "ge" : "gt");
  if (!isFloating(type.dtype)) {
    const std::string_view sign = dtypeKind(type.dtype) == 'i' ? "s" : "u";
    return out.define("icmp ", sign, how, " ", typeOf(type.dtype, type.lanes), " ", found.extreme, ", ", so_far.extreme);
  }
  if (SEGUE_FAULT(KernelArgNanIgnored)) return out.compareQuietly(absl::StrCat("o", how), type.dtype, type.lanes, {found.extreme, so_far.extreme});
  // Or a NaN; behind one nothing is better.
  const std::string taken = out.compareQuietly(absl::StrCat("u", how), type.dtype, type.lanes, {found.extreme, so_far.extreme});
  return out.define("and ", masks(type), " ", taken, ", ", emitNans(type, "ord", so_far.extreme, out));
}

std::string emitTie(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out) {
  const std::string both = absl::StrCat(typeOf(type.dtype, type.lanes), " ", found.extreme, ", ", so_far.extreme);
  if (!isFloating(type.dtype)) return out.define("icmp eq ", both);
  const std::string equal = out.define("fcmp oeq ", both);
  const std::string nans = out.define("and ", masks(type), " ", emitNans(type, "uno", so_far.extreme, out), ", ",
                                      emitNans(type, "uno", found.extreme, out));
  return out.define("or ", masks(type), " ", equal, ", ", nans);
}

Located emitTaken(const LocatedType& type, const std::string& mask, const Located& so_far, const Located& found, IrBuilder& out) {
  auto select = [&](std::string_view element, const std::string& a, const std::string& b) {
    const std::string value = vectorOf(element, type.lanes);
    return out.define("select ", masks(type), " ", mask, ", ", value, " ", a, ", ", value, " ", b);
  };
  return {select(registerType(type.dtype), found.extreme, so_far.extreme), select(type.position, found.position, so_far.position)};
}

/// As one of LLVM's reductions of integers does it.
std::string emitReduced(std::string_view how, std::string_view element, int lanes, const std::string& vector, IrBuilder& out) {
  const std::string type = vectorOf(element, lanes), name = absl::StrCat("@llvm.vector.reduce.", how, ".v", lanes, element);
  out.declare(absl::StrCat("declare ", element, " ", name, "(", type, ")"));
  return out.define("call ", element, " ", name, "(", type, " ", vector, ") strictfp");
}

/// The best of a vector's elements.
std::string emitBest(const LocatedType& type, std::string vector, IrBuilder& out) {
  const bool less = type.op == ScalarOp::kMin;
  const std::string element = registerType(type.dtype);
  if (type.dtype == DType::kBool) return emitReduced(less ? "and" : "or", element, type.lanes, vector, out);
  if (!isFloating(type.dtype)) {
    return emitReduced(absl::StrCat(dtypeKind(type.dtype) == 'i' ? "s" : "u", less ? "min" : "max"), element, type.lanes, vector, out);
  }
  // The last two lanes as a vector with these and one with them swapped: single elements would go by other registers.
  for (int left = type.lanes; left > 1; left /= 2) {
    const int lanes = std::max(left / 2, 2);
    const std::string both = vectorOf(element, left);
    Located halves[2];
    for (int k = 0; k < 2; k++) {
      std::string mask;
      for (int i = 0; i < lanes; i++) absl::StrAppend(&mask, i > 0 ? ", " : "", "i32 ", (k * left / 2 + i) % left);
      halves[k].extreme = out.define("shufflevector ", both, " ", vector, ", ", both, " poison, ", vectorOf("i32", lanes), " <", mask, ">");
    }
    const LocatedType half{type.op, type.dtype, lanes, type.position};
    const std::string better = emitBetter(half, halves[0], halves[1], out), value = vectorOf(element, lanes);
    vector = out.define("select ", masks(half), " ", better, ", ", value, " ", halves[1].extreme, ", ", value, " ", halves[0].extreme);
  }
  return out.define("extractelement ", vectorOf(element, 2), " ", vector, ", i64 0");
}

std::string emitWide(std::string_view type, const std::string& value, IrBuilder& out) {
  if (type == "i64") return value;
  const bool wider = type == "i128" || type == "i256" || type == "i512";
  return out.define(wider ? "trunc " : "zext ", type, " ", value, " to i64");
}

}  // namespace

Located emitLater(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out) {
  return emitTaken(type, emitBetter(type, so_far, found, out), so_far, found, out);
}

Located emitLocated(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out) {
  const std::string better = emitBetter(type, so_far, found, out), tie = emitTie(type, so_far, found, out);
  const std::string before = out.define(SEGUE_FAULT(KernelArgFirstIgnored) ? "icmp ugt " : "icmp ult ", vectorOf(type.position, type.lanes), " ", found.position, ", ", so_far.position);
  const std::string first = out.define("and ", masks(type), " ", tie, ", ", before);
  return emitTaken(type, out.define("or ", masks(type), " ", better, ", ", first), so_far, found, out);
}

int64_t mostTurns(DType extreme) { return int64_t{1} << std::min(dtypeItemSize(extreme) * 8, 48); }

First emitFirst(const LocatedType& type, const Located& vectors, IrBuilder& out) {
  const std::string best = emitBest(type, vectors.extreme, out);
  const std::string everywhere = out.broadcast(registerType(type.dtype), type.lanes, best);
  const std::string lacks = emitBetter(type, vectors, {everywhere, ""}, out), turns = vectorOf(type.position, type.lanes);
  const std::string has = out.define("xor ", masks(type), " ", lacks, ", ", repeated("i1", "true", type.lanes));
  const std::string counted = out.define("select ", masks(type), " ", has, ", ", turns, " ", vectors.position, ", ", turns, " ",
                                         repeated(type.position, "-1", type.lanes));
  const std::string turn = emitReduced("umin", type.position, type.lanes, counted, out);
  const std::string then = out.define("icmp eq ", turns, " ", vectors.position, ", ", out.broadcast(type.position, type.lanes, turn));
  const std::string both = out.define("and ", masks(type), " ", has, ", ", then), bits = absl::StrCat("i", type.lanes);
  const std::string mask = out.define("bitcast ", masks(type), " ", both, " to ", bits);
  out.declare(absl::StrCat("declare ", bits, " @llvm.cttz.", bits, "(", bits, ", i1)"));
  const std::string lane = out.define("call ", bits, " @llvm.cttz.", bits, "(", bits, " ", mask, ", i1 true) strictfp");
  return {best, emitWide(type.position, turn, out), emitWide(bits, lane, out)};
}

}  // namespace segue::llvm
