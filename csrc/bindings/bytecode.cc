// segue._segue._bytecode: decoding, listings and the round trip, for tests and for people who look at bytecode.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "base/python.h"
#include "bindings/bindings.h"
#include "bytecode/assemble.h"
#include "bytecode/decode.h"
#include "bytecode/listing.h"
#include "bytecode/liveness.h"
#include "hook/frame.h"

namespace py = pybind11;

namespace segue {
namespace {

std::shared_ptr<const Code> decoded(const py::object& code) {
  return valueOf(Code::decode(code.ptr()));
}

RawCode disassembled(const py::object& code) {
  const CodeBytes bytes = valueOf(codeBytesOf(code.ptr()));
  return valueOf(disassemble(bytes, kPythonVersion, code.attr("co_firstlineno").cast<int>()));
}

bool sameInsns(const RawCode& a, const RawCode& b) {
  const auto same = [](const RawInsn& x, const RawInsn& y) {
    return x.opcode == y.opcode && x.arg == y.arg && x.target == y.target && x.position == y.position;
  };
  return std::equal(a.insns.begin(), a.insns.end(), b.insns.begin(), b.insns.end(), same);
}

bool sameHandlers(const RawCode& a, const RawCode& b) {
  const auto same = [](const RawHandler& x, const RawHandler& y) {
    return x.start == y.start && x.end == y.end && x.target == y.target && x.depth == y.depth &&
           x.push_offset == y.push_offset;
  };
  return std::equal(a.handlers.begin(), a.handlers.end(), b.handlers.begin(), b.handlers.end(), same);
}

/// Sums over the code objects of a round trip; lists hold `qualname: words`.
struct RoundTrip {
  int codes = 0;
  int raw_insns = 0;
  int insns = 0;
  int handlers = 0;
  std::vector<std::string> failures;             ///< not decoded, not assembled, or decoded to something else
  std::vector<std::string> encoded_differently;  ///< same instructions, handlers, positions; fewer prefixes

  void add(const py::object& code) {
    codes++;
    const Result<void> result = check(code);
    if (!result.ok()) failures.push_back(name(code) + ": " + result.error());
    for (py::handle constant : code.attr("co_consts")) {
      if (PyCode_Check(constant.ptr())) add(py::reinterpret_borrow<py::object>(constant));
    }
  }

  static std::string name(const py::object& code) { return py::str(code).cast<std::string>(); }

  Result<void> check(const py::object& code) {
    SEGUE_TRY(const CodeBytes bytes, codeBytesOf(code.ptr()));
    const int first_line = code.attr("co_firstlineno").cast<int>();
    SEGUE_TRY(const RawCode raw, disassemble(bytes, kPythonVersion, first_line));
    SEGUE_TRY(const std::shared_ptr<const Code> body, Code::decode(code.ptr()));
    SEGUE_TRY(const CodeBytes again, assemble(raw));
    raw_insns += static_cast<int>(raw.insns.size());
    insns += body->size();
    handlers += static_cast<int>(raw.handlers.size());
    for (int i = 0; i < body->size(); i++) {
      SEGUE_REQUIRE(!body->insn(i).is_first_of_raw || body->depthBefore(i) <= body->stackSize(),
                    "offset %d: depth %d, but co_stacksize is %d", body->insn(i).offset, body->depthBefore(i),
                    body->stackSize());
    }
    if (again == bytes) return {};
    SEGUE_TRY(const RawCode reread, disassemble(again, kPythonVersion, first_line));
    SEGUE_REQUIRE(sameInsns(raw, reread) && sameHandlers(raw, reread), "reassembled code decodes to something else");
    // CPython's compiler now and then keeps an EXTENDED_ARG that a jump no longer needs; we never do.
    SEGUE_REQUIRE(again.code.size() < bytes.code.size(), "reassembled code has other bytes and is not shorter");
    encoded_differently.push_back(name(code));
    return {};
  }
};

/// Compares the decoder with the interpreter while a program runs: before every line CPython writes the frame's stack
/// depth down and calls a trace function. Locals that are dead by then are cleared, which must not change anything.
class ExecutionCheck {
 public:
  explicit ExecutionCheck(const py::function& program) {
    current_ = this;
    PyEval_SetTrace(&ExecutionCheck::trace, nullptr);
    PyObject* result = PyObject_CallNoArgs(program.ptr());
    PyEval_SetTrace(nullptr, nullptr);
    current_ = nullptr;
    if (result == nullptr) throw py::error_already_set();
    Py_DECREF(result);
  }

  py::dict report() const {
    py::dict out;
    out["events"] = events_;
    out["units"] = units_;
    out["cleared"] = cleared_.size();
    out["wrong"] = wrong_;
    return out;
  }

 private:
  struct Checked {
    std::shared_ptr<const Code> code;  ///< null: not decoded, which is in wrong_
    std::optional<Liveness> liveness;
    std::vector<bool> seen;  ///< per instruction
  };

  static int trace(PyObject*, PyFrameObject* frame, int what, PyObject*) {
    if (what == PyTrace_LINE) current_->line(frame);
    return 0;
  }

  void line(PyFrameObject* frame) {
    const Ref code = Ref::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
    Checked& checked = find(code);
    if (checked.code == nullptr) return;
    const int lasti = PyFrame_GetLasti(frame);
    const int index = checked.code->indexAt(lasti);
    const SegueFrameView view = segue_frame_view(segue_current_frame(PyThreadState_Get()));
    const int found = view.stack_top - view.slot_count, expected = index < 0 ? -1 : checked.code->depthBefore(index);
    events_++;
    if (found != expected) {
      wrong_.push_back(absl::StrCat(checked.code->qualname(), " offset ", lasti, ": CPython's stack holds ", found,
                                    ", the decoder says ", expected));
      return;
    }
    units_ += checked.seen[index] ? 0 : 1;
    checked.seen[index] = true;
    for (int slot = 0; slot < view.slot_count; slot++) {
      const Slot& kind = checked.code->slots()[slot];
      if (kind.is_cell || kind.is_free || view.slots[slot] == nullptr) continue;
      if (checked.liveness->isLiveBefore(index, slot)) continue;
      cleared_.push_back(Ref::steal(std::exchange(view.slots[slot], nullptr)));
    }
  }

  Checked& find(const Ref& code) {
    auto [it, fresh] = checked_.try_emplace(code.get());
    if (!fresh) return it->second;
    Result<std::shared_ptr<const Code>> decoded = Code::decode(code);
    if (!decoded.ok()) {
      wrong_.push_back(decoded.error());
      return it->second;
    }
    it->second.code = decoded.value();
    it->second.liveness.emplace(*decoded.value());
    it->second.seen.resize(decoded.value()->size());
    return it->second;
  }

  inline static ExecutionCheck* current_ = nullptr;
  std::unordered_map<PyObject*, Checked> checked_;  ///< by code object, which its Code keeps alive
  std::vector<Ref> cleared_;                        ///< kept, so that nothing is finalized earlier than CPython would
  std::vector<std::string> wrong_;
  int64_t events_ = 0;
  int64_t units_ = 0;  ///< distinct
};

py::dict opcodes(int version) {
  const RawTable* table = rawTable(version);
  if (table == nullptr) throw py::value_error("versions are 311, 312 and 313");
  py::dict rows;
  for (int number = 0; number < 256; number++) {
    const RawOpcode& opcode = (*table)[static_cast<uint8_t>(number)];
    if (opcode.role == RawRole::kNone) continue;
    const RawOpcode& base = (*table)[opcode.base];
    rows[py::str(std::string(opcode.name))] = py::make_tuple(number, std::string(base.name), base.caches);
  }
  for (const std::string_view name : table->pseudo) {
    rows[py::str(std::string(name))] = py::make_tuple(py::none(), std::string(name), 0);
  }
  return rows;
}

}  // namespace

void bindBytecode(py::module_& m) {
  py::module_ bytecode = m.def_submodule("_bytecode", "Decoding and listings of code objects.");
  bytecode.def(
      "listing", [](const py::object& code) { return print(*decoded(code)); }, py::arg("code"),
      "Canonical instructions with stack depths, in words. ValueError for code that cannot be decoded.");
  bytecode.def(
      "raw_listing", [](const py::object& code) { return print(disassembled(code)); }, py::arg("code"));
  bytecode.def(
      "cfg", [](const py::object& code) { return print(Cfg(*decoded(code))); }, py::arg("code"));
  bytecode.def(
      "from_raw_listing",
      [](const std::string& text, const py::object& code) {
        const RawCode raw = valueOf(parseRawListing(text));
        if (raw.version != kPythonVersion) throw py::value_error("the listing is of another Python version");
        return py::reinterpret_steal<py::object>(valueOf(replaceCode(code.ptr(), valueOf(assemble(raw)))).release());
      },
      py::arg("text"), py::arg("code"), "The code object with the listing's instructions, handlers and positions.");
  bytecode.def(
      "depths",
      [](const py::object& code) {
        std::vector<std::pair<int, int>> out;
        const std::shared_ptr<const Code> body = decoded(code);
        for (int i = 0; i < body->size(); i++) {
          if (body->insn(i).is_first_of_raw) out.emplace_back(body->insn(i).lasti, body->depthBefore(i));
        }
        return out;
      },
      py::arg("code"), "(f_lasti, stack depth) of every unit.");
  bytecode.def(
      "live",
      [](const py::object& code) {
        const std::shared_ptr<const Code> body = decoded(code);
        const Liveness liveness(*body);
        std::vector<std::pair<int, std::vector<std::string>>> out;
        for (int i = 0; i < body->size(); i++) {
          if (!body->insn(i).is_first_of_raw) continue;
          std::vector<std::string> names;
          for (const int slot : liveness.liveBefore(i)) names.push_back(body->slots()[slot].name);
          out.emplace_back(body->insn(i).lasti, std::move(names));
        }
        return out;
      },
      py::arg("code"), "(f_lasti, names of the live slots) of every unit.");
  bytecode.def(
      "check_execution", [](const py::function& program) { return ExecutionCheck(program).report(); },
      py::arg("program"),
      "Runs program() traced, comparing stack depths and clearing dead locals before every line: a dict of events,\n"
      "distinct units, cleared locals and what was wrong.");
  bytecode.def("opcodes", &opcodes, py::arg("version"),
               "Name -> (number, base opcode, caches) of every opcode in a version's table.");
  py::class_<RoundTrip>(bytecode, "RoundTrip", "Decodes and reassembles code objects and what they contain.")
      .def(py::init<>())
      .def("add", &RoundTrip::add, py::arg("code"))
      .def_readonly("codes", &RoundTrip::codes)
      .def_readonly("raw_insns", &RoundTrip::raw_insns)
      .def_readonly("insns", &RoundTrip::insns)
      .def_readonly("handlers", &RoundTrip::handlers)
      .def_readonly("failures", &RoundTrip::failures)
      .def_readonly("encoded_differently", &RoundTrip::encoded_differently);
}

}  // namespace segue
