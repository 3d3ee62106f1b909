// Composition of indices against NumPy itself.
#include "graph/passes/index.h"

#include <catch2/catch.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/print.h"
#include "graph/test_ops.h"

namespace segue {
namespace {

std::string subscript(const Arg& index, const DimTable& dims) {
  std::string text = printArg(index, dims);
  bool tuple = index.is<ArgTuple>() && !index.as<ArgTuple>().items.empty();
  return tuple ? text.substr(1, text.size() - 2) : text;
}

/// What `x[inner][outer]` becomes for an array of this type; "" where that is not known.
std::string compose(const std::string& type, const std::string& inner, const std::string& outer, bool view = true) {
  std::unique_ptr<Graph> graph = parseTestGraph(absl::StrCat("graph(x: ", type, ", n: int) { a: int = one (", inner,
                                                             ",); b: int = one (", outer, ",); return }"));
  const Type& array = *graph->inputs()[0]->type;
  DimTable& dims = graph->dims();
  std::optional<BasicIndex> first = readIndex(graph->nodes()[0]->args[0], array, dims);
  if (!first) return "";
  // Only the rank of the array in between matters, and no length of it is known.
  Type middle = array;
  middle.shape.clear();
  for (const IndexItem& item : *first) {
    if (item.kind != IndexItem::Kind::kInt) middle.shape.push_back(dims.symbol(1000));
  }
  std::optional<BasicIndex> second = readIndex(graph->nodes()[1]->args[0], middle, dims);
  if (!second) return "";
  std::optional<BasicIndex> composed = composeIndex(*first, *second, array, dims);
  return composed ? subscript(writeIndex(*composed, view), dims) : "";
}

/// Checks in Python that both ways select the same memory in the same way, and returns how many arrays had elements.
int compareInNumpy(const std::string& inner, const std::string& outer, const std::string& composed,
                   const std::vector<std::vector<int>>& shapes) {
  std::string code = absl::StrCat(
      "import numpy as np\n"
      "def same(x):\n"
      "    try: want = x[", inner, "][", outer, "]\n"
      "    except IndexError: return 0\n"
      "    got = x[", composed, "]\n"
      "    assert got.shape == want.shape and np.array_equal(got, want), (x.shape, got, want)\n"
      "    if got.size: assert got.strides == want.strides and got.ctypes.data == want.ctypes.data\n"
      "    return int(got.size > 0)\n"
      "filled = 0\n");
  for (const auto& shape : shapes) {
    absl::StrAppend(&code, "filled += same(np.arange(np.prod((", absl::StrJoin(shape, ","), ",))).reshape(",
                    absl::StrJoin(shape, ","), "))\n");
  }
  Ref globals = Ref::steal(PyDict_New());
  PyDict_SetItemString(globals.get(), "__builtins__", PyEval_GetBuiltins());
  Ref result = Ref::steal(PyRun_String(code.c_str(), Py_file_input, globals.get(), globals.get()));
  if (!result) PyErr_Print();
  CAPTURE(inner, outer, composed);
  REQUIRE(result);
  return static_cast<int>(PyLong_AsLong(PyDict_GetItemString(globals.get(), "filled")));
}

class RandomIndex {
 public:
  explicit RandomIndex(uint32_t seed) : random_(seed) {}

  std::string items(int axes) {
    std::vector<std::string> out;
    for (int i = 0; i < axes; i++) {
      if (number(0, 5) == 0) out.push_back("None");
      if (number(0, 6) == 0 && i > 0) break;
      out.push_back(item());
    }
    return absl::StrJoin(out, ", ");
  }
  int number(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  std::string item() {
    if (number(0, 4) == 0) return absl::StrCat(number(-3, 3));
    std::string start = number(0, 1) ? absl::StrCat(number(-3, 4)) : "";
    std::string stop = number(0, 1) ? absl::StrCat(number(-4, 6)) : "";
    int step = number(0, 2) ? 1 : number(0, 3) ? number(2, 3) : -1;
    return absl::StrCat(start, ":", stop, step == 1 ? "" : absl::StrCat(":", step));
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("indices compose where every length allows it", "[graph][index]") {
  CHECK(compose("f64[s0]", "1:", "2:") == "3:");
  CHECK(compose("f64[s0]", "1:-1", "1:-1") == "2:-2");
  CHECK(compose("f64[s0]", ":5", "2:9") == "2:5");
  CHECK(compose("f64[s0]", "1:", "::2") == "1::2");
  CHECK(compose("f64[s0]", "1::2", "1::3") == "3::6");
  CHECK(compose("f64[s0]", "1::2", ":3") == "1:7:2");
  CHECK(compose("f64[s0]", "::-1", "::-1") == "...");
  CHECK(compose("f64[s0]", "2:", "3", false) == "5");
  CHECK(compose("f64[s0]", "2:", "-1", false) == "-1");
  CHECK(compose("f64[s0]", ":-2", "-1", false) == "-3");
  CHECK(compose("f64[s0]", "None", "0") == "...");
  CHECK(compose("f64[s0, s1]", "1:", ":, 2:") == "1:, 2:");
  CHECK(compose("f64[s0, s1]", ":, 1", "2:") == "2:, 1");
  CHECK(compose("f64[s0, s1]", "1", "2", false) == "1, 2");
  CHECK(compose("f64[s0, s1]", "1", "2, ...") == "1, 2, ...");
  CHECK(compose("f64[s0, s1]", "..., None", "1:") == "1:, :, None");
  CHECK(compose("f64[s0, s1]", "n", "1:") == "n, 1:");
  CHECK(compose("f64[s0]", "n:", "...") == "n:");
  CHECK(compose("f64[8]", "-3:", ":2") == "5:7");
  CHECK(compose("f64[8]", "2:-1", "-2:") == "5:7");
  CHECK(compose("f64[8]", "0:8:1", ":") == "...");
}

TEST_CASE("indices do not compose where a length decides", "[graph][index]") {
  CHECK(compose("f64[s0]", "-3:", ":2") == "");
  CHECK(compose("f64[s0]", ":-1", ":3") == "");
  CHECK(compose("f64[s0]", ":5", ":-1") == "");
  CHECK(compose("f64[s0]", "::2", ":-1") == "");
  CHECK(compose("f64[s0]", "::-1", "1:") == "");
  CHECK(compose("f64[s0]", "n:", "1:") == "");
  CHECK(compose("f64[s0]", "s0 - 3:", "1:") == "");
  CHECK(compose("f64[s0]", "None", "1:") == "");
  CHECK(compose("f64[s0]", "[1, 2]", "1:") == "");
  CHECK(compose("f64[s0]", "True", "1:") == "");
  CHECK(compose("f64[s0]", "1:, 2:", "1:") == "");
  CHECK(compose("f64[s0]", "..., ...", "1:") == "");
}

TEST_CASE("composed indices select what NumPy selects, for every length", "[graph][index]") {
  int composed_count = 0, filled = 0;
  for (uint32_t seed = 0; seed < 4000; seed++) {
    RandomIndex random(seed);
    std::string inner = random.items(2), outer = random.items(random.number(1, 2));
    bool known = random.number(0, 3) == 0;
    int rows = random.number(0, 8), columns = random.number(0, 8);
    std::string type = known ? absl::StrCat("f64[", rows, ", ", columns, "]") : "f64[s0, s1]";
    std::string composed = compose(type, inner, outer);
    if (composed.empty()) continue;
    composed_count++;
    std::vector<std::vector<int>> shapes;
    for (int length = 0; length <= 8; length++) {
      shapes.push_back(known ? std::vector<int>{rows, columns} : std::vector<int>{length, random.number(0, 8)});
      if (known) break;
    }
    // An array result in both ways, also where every axis is given by an int.
    if (composed.find("...") != std::string::npos) outer += ", ...";
    filled += compareInNumpy(inner, outer, composed, shapes);
  }
  CHECK(composed_count >= 400);
  CHECK(filled >= 400);
}

}  // namespace segue
