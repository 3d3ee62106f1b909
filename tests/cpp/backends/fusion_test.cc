// Which nodes of a text graph become kernels, in which order everything runs, and what the kernels compute.
#include "base/python.h"

#include "absl/strings/str_cat.h"
#include "backends/llvm/emit.h"
#include "backends/llvm/fusion.h"
#include "backends/llvm/half.h"
#include "graph/parse.h"

#include <catch2/catch.hpp>

namespace segue::llvm {
namespace {

struct Fused {
  std::unique_ptr<Graph> graph;
  Fusion fusion;
};

Fused fused(const std::string& text, bool exact = true) {
  Result<std::unique_ptr<Graph>> parsed = parseGraph(text);
  INFO(parsed.error());
  REQUIRE(parsed.ok());
  Fused out{std::move(parsed.value()), {}};
  out.fusion = fuse(*out.graph, exact);
  return out;
}

/// "a; [b c -> c]; d": nodes in the order in which they run, groups in brackets with the values that they store.
std::string order(const Fused& fused) {
  std::string out;
  const Fusion& fusion = fused.fusion;
  for (size_t i = 0; i < fusion.schedule.items.size(); i++) {
    const ScheduleItem& item = fusion.schedule.items[i];
    const auto group = std::find_if(fusion.groups.begin(), fusion.groups.end(), [i](const auto& made) { return made->item == i; });
    std::string names;
    for (size_t k = item.begin; k < item.end; k++) absl::StrAppend(&names, k > item.begin ? " " : "", fusion.schedule.order[k]->name);
    if (group != fusion.groups.end()) {
      names = absl::StrCat("[", names, " ->");
      for (const Node* output : (*group)->outputs) absl::StrAppend(&names, " ", output->name);
      names += "]";
    }
    absl::StrAppend(&out, i > 0 ? "; " : "", names);
  }
  return out;
}

std::string orderOf(const std::string& text) { return order(fused(text)); }

TEST_CASE("chains are one kernel, which stores what others use", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0], y: f64[s0]) { a = multiply x y; b = add a x; c = sqrt b; return c }") == "[a b c -> c]");
  CHECK(orderOf("graph(x: f64[s0]) { a = multiply x x; b = add a x; c = sqrt b; return (b, c) }") == "[a b c -> b c]");
  CHECK(orderOf("graph(x: f64[s0]) { a = multiply x 2; b = sort a; c = add b a; return c }") == "[a -> a]; b; [c -> c]");
}

TEST_CASE("what shares an operand runs along, what does not is by itself", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0], y: f64[s0]) { a = multiply x 2; b = add y 1; c = add x 1; return (a, b, c) }") == "[a c -> a c]; [b -> b]");
  CHECK(orderOf("graph(x: f64[s0], y: f64[s0]) { a = multiply x 2; b = add y 1; c = add a b; return c }") == "[a b c -> c]");
}

TEST_CASE("positions run in the kernel of what they look at", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0]) { a = multiply x x; b = argmin a; c = sum a; return (b, c) }") == "[a b c -> b c]");
  CHECK(orderOf("graph(x: i8[s0, s1]) { a = argmax x 1; b = argmin x 0; c = argmin x; return (a, b, c) }") == "[a b c -> a b c]");
  CHECK(orderOf("graph(x: bool[s0]) { a = argmax x; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0]) { a = greater x 0; b = argmax a; return b }") == "[a b -> b]");
  CHECK(orderOf("graph(x: f64[s0]) { a = argmin x; b = cumsum x; return (a, b) }") == "[a -> a]; [b -> b]");
  const Fused both = fused("graph(x: f64[s0]) { a = argmin x; b = argmax x; return (a, b) }");
  CHECK(both.fusion.groups[0]->dag.print() == "v0 = load f64 0\nv1 = position i64 0\nlocate min v0 v1\nlocate max v0 v1\n");
}

TEST_CASE("a value over another shape is stored first", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0], m: f64[s1, s0]) { a = multiply x 2; b = add m a; return b }") == "[a -> a]; [b -> b]");
}

TEST_CASE("groups run before memory is written", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0]) { a = multiply x 2; w = setitem x 0 1.0; b = add x a; return b }") == "[a -> a]; w; [b -> b]");
  CHECK(orderOf("graph(x: f64[s0], y: f64[s0]) { a = multiply x 2; b = sin x; c = add a b; return c }") == "b; [a c -> c]");
}

TEST_CASE("NumPy runs what kernels do not know", "[fusion]") {
  CHECK(orderOf("graph(x: c128[s0]) { a = arctanh x; return a }") == "a");
  CHECK(orderOf("graph(x: f16[s0]) { a = multiply x 2; return a }") == (kernelsKnowHalf() ? "[a -> a]" : "a"));
  CHECK(orderOf("graph(x: i64[s0]) { a = divide x 2; return a }") == "[a -> a]");
  CHECK(orderOf("graph(x: i64[s0], y: u64[s0]) { a = less x y; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0]:ua) { a = multiply x 2; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0, s1]:?) { a = multiply x 2; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0], y: f64[s0]) { a = multiply x 2 y; return a }") == "a");
}

TEST_CASE("math functions stay NumPy's in the exact mode", "[fusion]") {
  const std::string text = "graph(x: f64[s0], y: f64[s0]) { a = sin x; b = array_power a y; c = array_power b 3; d = add c 1; return d }";
  CHECK(order(fused(text, true)) == "a; b; c; [d -> d]");
  Fused f = fused(text, false);
  CHECK(order(f) == "[a b c d -> d]");
  CHECK(f.fusion.groups[0]->dag.hasMath());
  CHECK(f.fusion.groups[0]->dag.reports());
  const KernelText kernel = emitKernel(*f.fusion.groups[0], 32);
  REQUIRE(kernel.functions.size() == 2);
  CHECK(mathFunctionName(kernel.functions[0]) == "segue_math_sin_f64_v16");
  CHECK(kernel.text.find("call <16 x double> @segue_math_pow_f64_v16(<16 x double>") != std::string::npos);
  CHECK(order(fused("graph(x: f16[s0]) { a = sin x; return a }", true)) == "a");
  CHECK(order(fused("graph(x: i64[s0]) { a = sin x; return a }", false)) == "[a -> a]");
}

TEST_CASE("what NumPy's operator ** runs otherwise than its power function stays NumPy's", "[fusion]") {
  CHECK(order(fused("graph(x: f64[s0]) { a = array_power x 1; return a }", false)) == "a");
  CHECK(order(fused("graph(x: f64[s0]) { a = array_power x 0; return a }", false)) == "a");
  CHECK(order(fused("graph(x: i64[s0]) { a = array_power x 0.5; return a }", false)) == "a");
  CHECK(order(fused("graph(x: f64[s0], k: float) { a = array_power x k; return a }", false)) == "a");
  CHECK(order(fused("graph(x: f64[s0], k: f64[]) { a = array_power x k; return a }", false)) == "a");
  CHECK(order(fused("graph(x: f64[s0]) { a = array_power x 2.5; return a }", false)) == "[a -> a]");
  CHECK(order(fused("graph(x: f64[s0], k: float) { a = array_power k x; return a }", false)) == "[a -> a]");
  CHECK(order(fused("graph(x: i64[s0], y: i64[s0]) { a = array_power x y; return a }", false)) == "a");
}

TEST_CASE("kernels compute equal values once and casts in front", "[fusion]") {
  Fused f = fused("graph(x: f32[s0], k: i32[s0]) { a = multiply x x; b = add k a; c = multiply x x; d = greater b c; return d }");
  REQUIRE(f.fusion.groups.size() == 1);
  const Group& group = *f.fusion.groups[0];
  CHECK(group.dag.print() ==
        "v0 = load f32 0\n"
        "v1 = mul f32 v0 v0\n"
        "v2 = load i32 1\n"
        "v3 = cast f64 v2\n"
        "v4 = cast f64 v1\n"
        "v5 = add f64 v3 v4\n"
        "v6 = gt bool v5 v4\n"
        "store v6\n");
  CHECK(group.kernel.flat);
  CHECK(group.dag.reports());
}

TEST_CASE("elements at indices are parts of the kernels that run over these", "[fusion]") {
  CHECK(orderOf("graph(t: f64[s0], k: i64[s1]) { a = getitem t k; b = multiply a 2; return b }") == "[a b -> b]");
  CHECK(orderOf("graph(t: f64[s0], k: i64[s1]) { j = add k 1; a = take t j; return a }") == "[j a -> a]");
  // The table is there as a whole before an element of it is.
  CHECK(orderOf("graph(x: f64[s0], k: i64[s0]) { t = multiply x 2; j = add k 1; a = getitem t j; b = add a t; return b }") == "[t -> t]; [j a b -> b]");
  CHECK(orderOf("graph(k: i64[s0]) { t = multiply k 2; j = add k 1; a = getitem t j; return a }") == "[t j -> t j]; [a -> a]");
  CHECK(orderOf("graph(t: f64[s0], k: i64[s1]) { a = getitem t k; w = setitem t 0 1.0; b = add a 1; return b }") == "[a -> a]; w; [b -> b]");
  // NumPy's.
  CHECK(orderOf("graph(t: f64[s0, s1], k: i64[s1]) { a = getitem t k; return a }") == "a");
  CHECK(orderOf("graph(t: f64[s0, s1]:F, k: i64[s1]) { a = take t k; return a }") == "a");
  CHECK(orderOf("graph(t: f64[s0], k: i64[s1, s0]:F) { a = getitem t k; return a }") == "a");
  CHECK(orderOf("graph(t: f64[s0]:ua, k: i64[s1]) { a = getitem t k; return a }") == "a");
  CHECK(orderOf("graph(t: f64[s0], k: i64[s1]) { a = take t k mode=\"wrap\"; return a }") == "a");

  Fused f = fused("graph(t: f64[s0], k: u8[s1]) { a = getitem t k; b = take t k mode=\"clip\"; c = subtract a b; return c }");
  REQUIRE(f.fusion.groups.size() == 1);
  CHECK(f.fusion.groups[0]->dag.print() ==
        "v0 = load u8 0\n"
        "v1 = gather f64 1 v0\n"
        "v2 = gather f64 1 clip v0\n"
        "v3 = sub f64 v1 v2\n"
        "store v3\n");
  CHECK(f.fusion.groups[0]->kernel.params[1].kind == KernelParam::Kind::kTable);
  CHECK(f.fusion.groups[0]->kernel.tables == std::vector<uint32_t>{1});
}

TEST_CASE("parameters say how they are spread over the run", "[fusion]") {
  Fused f = fused("graph(x: f64[s0, s1], row: f64[s1], column: f64[s0, 1], k: float) { a = add x row; b = multiply a column; c = add b k; return c }");
  const Group& group = *f.fusion.groups[0];
  REQUIRE(group.kernel.params.size() == 5);
  CHECK(group.kernel.params[0].spread == 0);
  CHECK(group.kernel.params[1].spread == 2);
  CHECK(group.kernel.params[2].spread == 1);
  CHECK(group.kernel.params[3].kind == KernelParam::Kind::kFloat);
  CHECK_FALSE(group.kernel.flat);
}

TEST_CASE("reductions are in the kernel of what they reduce", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0, s1]) { a = multiply x x; b = sum a axis=1; c = mean a axis=0; return (b, c) }") == "[a b c -> b c]");
  CHECK(orderOf("graph(x: f64[s0, s1]) { a = sum x; b = mean x; c = add x 1; return (a, b, c) }") == "[a b c -> a b c]");
  // What is reduced is known behind the run.
  CHECK(orderOf("graph(x: f64[s0, s1]) { a = mean x axis=1 keepdims=True; b = subtract x a; c = sum b axis=1; return c }") == "[a -> a]; [b c -> c]");
  CHECK(orderOf("graph(x: f64[s0]) { a = multiply x 2; b = sum a; c = divide a b; return c }") == "[a b -> a b]; [c -> c]");
}

TEST_CASE("a sum over all axes takes them for one run, and so does what runs along", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0, s1]) { a = multiply x x; b = sum a; c = sum a axis=0; return (b, c) }") == "[a b -> a b]; [c -> c]");
  CHECK(orderOf("graph(x: f64[s0, s1], y: f64[s1]) { a = add x y; b = sum a; return b }") == "[a -> a]; [b -> b]");
  CHECK(orderOf("graph(x: i64[s0, s1], y: i64[s1]) { a = add x y; b = sum a; c = sum a axis=0; return (b, c) }") == "[a b c -> b c]");
}

TEST_CASE("NumPy runs reductions whose order or dtype kernels do not have", "[fusion]") {
  CHECK(orderOf("graph(x: f32[s0]) { a = sum x dtype=f64; return a }") == "[a -> a]");
  CHECK(orderOf("graph(x: f64[s0]) { a = sum x dtype=f32; return a }") == "a");
  CHECK(orderOf("graph(x: i32[s0]) { a = mean x; return a }") == "[a -> a]");
  // NumPy adds these up in another order than what it need not cast.
  CHECK(orderOf("graph(x: i32[s0]) { a = mean x; b = multiply x 1.5; c = sum b; return a, c }") == "[a b -> a b]; [c -> c]");
  CHECK(order(fused("graph(x: f64[s0]) { a = max x; return a }", true)) == "a");
  CHECK(order(fused("graph(x: f64[s0]) { a = max x; return a }", false)) == "[a -> a]");
  CHECK(orderOf("graph(x: f64[s0]) { a = prod x; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0, s1]:?) { a = sum x; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0], m: bool[s0]) { a = sum x where=m; return a }") == "a");
  CHECK(orderOf("graph(x: f64[s0]) { a = sum x initial=1.0; return a }") == "a");
}

TEST_CASE("running reductions are in a kernel with what does not need them in another order", "[fusion]") {
  CHECK(orderOf("graph(x: f64[s0]) { a = cumsum x; b = multiply a x; return b }") == "[a b -> b]");
  CHECK(orderOf("graph(x: f64[s0]) { a = cumsum x; b = sum a; return b }") == "[a -> a]; [b -> b]");
  CHECK(orderOf("graph(x: f64[s0, s1]) { a = cumsum x axis=1; b = cumsum x axis=0; c = cumsum x; return a, b, c }") == "b; c; [a -> a]");
  Fused f = fused("graph(x: i32[s0, s1]) { a = cumsum x axis=-1; b = any a; return a, b }");
  REQUIRE(f.fusion.groups.size() == 1);
  CHECK(f.fusion.groups[0]->kernel.scans);
  CHECK_FALSE(f.fusion.groups[0]->kernel.flat);
  CHECK(f.fusion.groups[0]->dag.print() ==
        "v0 = load i32 0\n"
        "v1 = cast i64 v0\n"
        "v2 = scan i64 add v1\n"
        "v3 = constant i64 0\n"
        "v4 = ne bool v2 v3\n"
        "store v2\n"
        "reduce or v4\n");
}

TEST_CASE("reduced outputs are spread over the axes they lack", "[fusion]") {
  Fused f = fused("graph(x: i32[s0, s1]:F) { a = multiply x x; b = sum a axis=1; c = min a; d = any a axis=0 keepdims=True; return (b, c, d) }");
  REQUIRE(f.fusion.groups.size() == 1);
  const Group& group = *f.fusion.groups[0];
  REQUIRE(group.kernel.params.size() == 4);
  CHECK(group.kernel.f_order);
  CHECK(group.kernel.innermost == 1);
  CHECK(group.kernel.params[1].spread == 1);
  CHECK(group.kernel.params[1].squeezed);
  CHECK(group.kernel.params[2].kind == KernelParam::Kind::kResult);
  CHECK(group.kernel.params[3].spread == 2);
  CHECK_FALSE(group.kernel.params[3].squeezed);
  REQUIRE(group.kernel.reductions.size() == 3);
  CHECK(group.kernel.reductions[1].initial == 0x7fffffff);
  CHECK(group.dag.print() ==
        "v0 = load i32 0\n"
        "v1 = mul i32 v0 v0\n"
        "v2 = cast i64 v1\n"
        "v3 = constant i32 0\n"
        "v4 = ne bool v1 v3\n"
        "reduce add v2\n"
        "reduce min v1\n"
        "reduce or v4\n");
}

TEST_CASE("invariant values are computed in front of the loop", "[fusion]") {
  Fused f = fused("graph(x: f32[s0], k: float) { a = multiply x k; return a }");
  const std::string text = emitKernel(*f.fusion.groups[0], 16).text;
  CHECK(text.find("fptrunc double") < text.find("dense:"));
  CHECK(text.find("fmul <8 x float>") != std::string::npos);
  CHECK(text.find("fmul float") != std::string::npos);
}

}  // namespace
}  // namespace segue::llvm
