#include "trace/print.h"

#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "graph/print.h"
#include "guards/lowering.h"
#include "trace/trace.h"

namespace segue {
namespace {

constexpr const char* kRecipeNames[] = {
    "constant", "source", "output", "dim", "null", "own", "tuple", "list", "set", "frozenset", "dict", "slice", "range", "deque",
    "defaultdict", "string", "object", "structseq", "cell", "function", "method", "partial", "iterator",
    "call"};
constexpr const char* kWriteNames[] = {
    "set_attr", "del_attr", "set_item", "del_item", "append", "insert", "pop", "extend", "clear_list", "reverse",
    "assign_list", "update", "clear_dict", "pop_key", "add", "discard", "clear_set", "append_deque", "append_left",
    "pop_deque", "pop_left", "clear_deque", "set_cell", "del_cell", "set_global", "del_global",
    "next"};

std::string shortName(BorrowedRef object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type || type == &PyBool_Type ||
      type == &PyBytes_Type || object.get() == Py_None || object.get() == Py_Ellipsis) {
    Ref text = Ref::steal(PyObject_Repr(object));
    return PyUnicode_AsUTF8(text.get());
  }
  if (PyType_Check(object.get())) return reinterpret_cast<PyTypeObject*>(object.get())->tp_name;
  if (type == &PyCode_Type) {
    return absl::StrFormat("<code %s>", PyUnicode_AsUTF8(reinterpret_cast<PyCodeObject*>(object.get())->co_qualname));
  }
  return absl::StrFormat("<%s>", type->tp_name);
}

class TracePrinter {
 public:
  TracePrinter(const TraceResult& result, BorrowedRef code) : result_(result), code_(code) {}

  std::string print() {
    std::string out = "guards\n" + indented(printGuards(*result_.guards, result_.graph->dims(), code_));
    for (const InputBinding& input : result_.inputs) {
      absl::StrAppendFormat(&out, "input %s = %s\n", input.input->name, result_.sources->print(input.source, code_));
    }
    out += segue::print(*result_.graph) + "\n";
    for (const Write& write : result_.writes) {
      absl::StrAppendFormat(&out, "write %s %s", kWriteNames[static_cast<int>(write.kind)], recipe(write.target));
      if (write.key.valid()) out += " key=" + recipe(write.key);
      if (write.value.valid()) out += " value=" + recipe(write.value);
      out += "\n";
    }
    return out + exit();
  }

 private:
  static std::string indented(std::string text) {
    std::string out;
    size_t start = 0;
    while (start < text.size()) {
      size_t end = text.find('\n', start);
      if (end == std::string::npos) end = text.size();
      if (end > start) out += "  " + text.substr(start, end - start) + "\n";
      start = end + 1;
    }
    return out;
  }

  /// Recipes are printed in place; a second mention of one with parts is its number.
  std::string recipe(RecipeId id) {
    if (!id.valid()) return "?";
    const Recipe& recipe = result_.recipes[id.index];
    switch (recipe.kind) {
      case RecipeKind::kConstant: return shortName(recipe.object);
      case RecipeKind::kSource: return result_.sources->print(recipe.source, code_);
      case RecipeKind::kOutput: return printArg(result_.graph->outputs()[recipe.number], result_.graph->dims());
      case RecipeKind::kDim: return "int(" + result_.graph->dims().print(recipe.dim) + ")";
      case RecipeKind::kNull: return "NULL";
      case RecipeKind::kOwnSlot: return absl::StrFormat("own %d", recipe.number);
      default: break;
    }
    auto [it, inserted] = numbers_.try_emplace(id.index, static_cast<int>(numbers_.size()));
    if (!inserted) return absl::StrFormat("#%d", it->second);
    std::string name = absl::StrFormat("#%d %s", it->second, kRecipeNames[static_cast<int>(recipe.kind)]);
    if (recipe.number != 0) absl::StrAppendFormat(&name, " at %d", recipe.number);
    std::vector<std::string> items;
    for (RecipeId item : recipe.items) items.push_back(this->recipe(item));
    return name + "(" + absl::StrJoin(items, ", ") + ")";
  }

  std::string exit() {
    const Exit& exit = result_.exit;
    if (exit.kind == ExitKind::kReturn) return "return " + recipe(exit.value) + "\n";
    std::string out = "loop\n";
    if (exit.kind == ExitKind::kBreak) {
      out = absl::StrFormat("break %s (%s) line %d\n", breakRow(exit.reason).id, exit.detail, exit.location.line);
    }
    for (const FrameSnapshot& frame : exit.frames) {
      auto* code = reinterpret_cast<PyCodeObject*>(frame.code.get());
      absl::StrAppendFormat(&out, "  frame %s @ %d\n", PyUnicode_AsUTF8(code->co_qualname), frame.offset);
      for (size_t i = 0; i < frame.locals.size(); ++i) {
        PyObject* name = PyTuple_GET_ITEM(code->co_localsplusnames, static_cast<Py_ssize_t>(i));
        absl::StrAppendFormat(&out, "    %s = %s\n", PyUnicode_AsUTF8(name), recipe(frame.locals[i]));
      }
      for (RecipeId item : frame.stack) absl::StrAppendFormat(&out, "    push %s\n", recipe(item));
    }
    return out;
  }

  const TraceResult& result_;
  BorrowedRef code_;
  std::map<int32_t, int> numbers_;
};

}  // namespace

std::string printTrace(const TraceResult& result, BorrowedRef code) { return TracePrinter(result, code).print(); }

}  // namespace segue
