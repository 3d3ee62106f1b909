#include "base/python.h"

#include "ops/type.h"

#include <array>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/fault.h"

namespace segue {
namespace {

constexpr std::array<std::pair<TypeKind, std::string_view>, 6> kScalarNames = {{
    {TypeKind::kPyBool, "bool"},
    {TypeKind::kPyInt, "int"},
    {TypeKind::kPyFloat, "float"},
    {TypeKind::kPyComplex, "complex"},
    {TypeKind::kNone, "None"},
    {TypeKind::kOpaque, "object"},
}};

/// The layout that is not printed.
Layout usualLayout(size_t ndim) { return ndim <= 1 ? Layout::both() : Layout::c(); }

constexpr std::array<std::pair<std::string_view, Layout>, 9> kLayoutWords = {{
    {"C", {true, true, false, AxisOrder::kUnknown}},
    {"F", {true, false, true, AxisOrder::kUnknown}},
    {"CF", {true, true, true, AxisOrder::kUnknown}},
    {"strided", {true, false, false, AxisOrder::kUnknown}},
    {"stridedC", {true, false, false, AxisOrder::kC}},
    {"stridedF", {true, false, false, AxisOrder::kF}},
    {"?", {false, false, false, AxisOrder::kUnknown}},
    {"?C", {false, false, false, AxisOrder::kC}},
    {"?F", {false, false, false, AxisOrder::kF}},
}};

std::string_view layoutWord(const Layout& layout) {
  for (const auto& [word, value] : kLayoutWords) {
    if (value == layout) return word;
  }
  return "?";
}

std::string printItems(const std::vector<Type>& items, const DimTable& dims) {
  return absl::StrJoin(items, ", ",
                       [&dims](std::string* out, const Type& item) { *out += printType(item, dims); });
}

std::string_view stripped(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Splits at commas that are not inside brackets.
std::vector<std::string_view> splitItems(std::string_view text) {
  std::vector<std::string_view> out;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); i++) {
    if (text[i] == '(' || text[i] == '[') depth++;
    if (text[i] == ')' || text[i] == ']') depth--;
    if (text[i] == ',' && depth == 0) {
      out.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (!stripped(text.substr(start)).empty()) out.push_back(text.substr(start));
  return out;
}

Result<Type> parseItems(std::string_view text, DimTable& dims, bool is_list) {
  std::vector<Type> items;
  for (std::string_view part : splitItems(text)) {
    SEGUE_TRY(Type item, parseType(part, dims));
    items.push_back(std::move(item));
  }
  return is_list ? Type::list(std::move(items)) : Type::tuple(std::move(items));
}

Result<Type> parseArray(std::string_view text, size_t bracket, DimTable& dims) {
  std::optional<DType> dtype = dtypeFromName(stripped(text.substr(0, bracket)));
  SEGUE_REQUIRE(dtype, "unknown dtype in type '%s'", std::string(text));
  size_t close = text.rfind(']');
  SEGUE_REQUIRE(close != std::string_view::npos && close > bracket, "missing ']' in type '%s'", std::string(text));
  Shape shape;
  for (std::string_view part : splitItems(text.substr(bracket + 1, close - bracket - 1))) {
    SEGUE_TRY(Dim d, dims.parse(part, 2));
    shape.push_back(d);
  }
  Type out = Type::array(*dtype, shape, usualLayout(shape.size()));
  std::string_view rest = text.substr(close + 1);
  if (rest.empty()) return out;
  SEGUE_REQUIRE(rest[0] == ':', "unexpected '%s' in type '%s'", std::string(rest), std::string(text));
  while (!rest.empty()) {
    size_t end = rest.find(':', 1);
    std::string_view word = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    if (word == "ro" || word == "ua") {
      (word == "ro" ? out.writeable : out.aligned) = false;
      continue;
    }
    bool found = false;
    for (const auto& [name, layout] : kLayoutWords) {
      if (name != word) continue;
      out.layout = layout;
      found = true;
    }
    SEGUE_REQUIRE(found, "unknown layout '%s' in type '%s'", std::string(word), std::string(text));
  }
  return out;
}

}  // namespace

Type Type::array(DType dtype, Shape shape, Layout layout, bool writeable) {
  Type out;
  out.kind = TypeKind::kArray;
  out.dtype = dtype;
  out.shape = std::move(shape);
  out.layout = layout;
  out.writeable = writeable;
  return out;
}

Type Type::numpyScalar(DType dtype) {
  Type out;
  out.kind = TypeKind::kNumpyScalar;
  out.dtype = dtype;
  return out;
}

Type Type::scalar(TypeKind kind) {
  Type out;
  out.kind = kind;
  return out;
}

Type Type::tuple(std::vector<Type> items) {
  Type out;
  out.kind = TypeKind::kTuple;
  out.items = std::move(items);
  return out;
}

Type Type::list(std::vector<Type> items) {
  Type out;
  out.kind = TypeKind::kList;
  out.items = std::move(items);
  return out;
}

bool operator==(const Type& a, const Type& b) {
  if (a.kind != b.kind) return false;
  if (a.isArray()) {
    return a.dtype == b.dtype && a.shape == b.shape && a.layout == b.layout && a.writeable == b.writeable &&
           a.aligned == b.aligned;
  }
  if (a.isNumpyScalar()) return a.dtype == b.dtype;
  return a.items == b.items;
}

std::string printType(const Type& type, const DimTable& dims) {
  if (type.isArray()) {
    std::string out(dtypeName(type.dtype));
    out += "[" + absl::StrJoin(type.shape, ", ", [&dims](std::string* s, Dim d) { *s += dims.print(d); }) + "]";
    if (type.layout != usualLayout(type.shape.size())) out += ":" + std::string(layoutWord(type.layout));
    if (!type.writeable) out += ":ro";
    if (!type.aligned) out += ":ua";
    return out;
  }
  if (type.isNumpyScalar()) return "np." + std::string(dtypeName(type.dtype));
  if (type.kind == TypeKind::kTuple) {
    return "(" + printItems(type.items, dims) + (type.items.size() == 1 ? ",)" : ")");
  }
  if (type.kind == TypeKind::kList) return "[" + printItems(type.items, dims) + "]";
  for (const auto& [kind, name] : kScalarNames) {
    if (kind == type.kind) return std::string(name);
  }
  SEGUE_UNREACHABLE("a kind without a name");
}

Result<Type> parseType(std::string_view text, DimTable& dims) {
  text = stripped(text);
  SEGUE_REQUIRE(!text.empty(), "expected a type");
  if (text.front() == '(' && text.back() == ')') return parseItems(text.substr(1, text.size() - 2), dims, false);
  if (text.front() == '[' && text.back() == ']') return parseItems(text.substr(1, text.size() - 2), dims, true);
  if (size_t bracket = text.find('[', text.front() == '{' ? std::min(text.find('}'), text.size()) : 0); bracket != std::string_view::npos) return parseArray(text, bracket, dims);
  for (const auto& [kind, name] : kScalarNames) {
    if (name == text) return Type::scalar(kind);
  }
  if (text.starts_with("np.")) {
    if (std::optional<DType> dtype = dtypeFromName(text.substr(3))) return Type::numpyScalar(*dtype);
  }
  return Error{absl::StrFormat("unknown type '%s'", std::string(text))};
}

Result<Type> elementType(DType dtype) {
  const char kind = dtypeKind(dtype);
  SEGUE_REQUIRE((kind != 'S' && kind != 'U' && kind != 'V') || SEGUE_FAULT(TextElementsTyped), "an element of %s", std::string(dtypeName(dtype)));
  return Type::numpyScalar(SEGUE_FAULT(ElementsSwapped) ? dtype : nativeDType(dtype));
}

Layout layoutOf(PyArrayObject* array) {
  Layout out = Layout::strided(AxisOrder::kUnknown);
  out.c_contiguous = PyArray_IS_C_CONTIGUOUS(array);
  out.f_contiguous = PyArray_IS_F_CONTIGUOUS(array);
  return out;
}

DataSizes dataSizesOf(const Type& type, const DimTable& dims) {
  DataSizes out;
  auto visit = [&](const Type& part, int item) {
    if (!part.isArray()) return;
    for (int axis = 0; axis < part.ndim(); axis++) {
      const Dim size = part.shape[static_cast<size_t>(axis)];
      const bool seen = std::any_of(out.begin(), out.end(), [size](const DataSizeAt& at) { return at.size == size; });
      if (dims.expr(size).op == DimOp::kDataSize && !seen) out.push_back({size, item, axis});
    }
  };
  visit(type, -1);
  for (size_t i = 0; i < type.items.size(); i++) visit(type.items[i], static_cast<int>(i));
  return out;
}

Layout cLayout(const Shape& shape, DimTable& dims) {
  if (shape.size() <= 1) return Layout::both();
  int longer = 0;
  Dim one = dims.constant(1);
  for (Dim d : shape) {
    if (dims.decideEqual(d, one)) continue;
    if (dims.decideLess(d, one)) return Layout::both();  // an empty array is contiguous either way
    longer++;
  }
  return longer <= 1 ? Layout::both() : Layout::c();
}

}  // namespace segue
