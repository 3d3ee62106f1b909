// Runs tests/cpp/golden/splice*.txt: the source of a function `f` in, and out what breaks make of its code.
//
//   breaks   `LINE OPCODE, …`: the units that break; each gets an exit, and open probes behind it
//   sites    the same without exits
//   into     the same as breaks for calls that exits lead into
//   closed   numbers of probes whose gates are closed
//
// `PARAMETERS` in a source stands for 256 parameters, behind which slots need EXTENDED_ARG. What a version's compiler writes
// in another way is in an `expect` section that names the version.
#include "codegen/splice.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bytecode/listing.h"
#include "codegen/listing.h"
#include "graph/golden.h"
#include "hook/probe.h"

namespace segue {
namespace {

Ref codeOf(const std::string& source) {
  std::vector<std::string> parameters;
  for (int i = 0; i < 256; i++) parameters.push_back(absl::StrCat("a", i));
  const std::string text = absl::StrReplaceAll(source, {{"PARAMETERS", absl::StrJoin(parameters, ", ")}});
  Ref scope = Ref::steal(PyDict_New());
  Ref done = Ref::steal(PyRun_String(text.c_str(), Py_file_input, scope.get(), scope.get()));
  if (!done) PyErr_Print();
  REQUIRE(done);
  Ref code = Ref::borrow(PyFunction_GET_CODE(PyDict_GetItemString(scope.get(), "f")));
  PyDict_Clear(scope.get());   // f's globals are the scope
  return code;
}

/// The units that a header lists.
std::vector<int> offsets(const Code& code, const std::string& list) {
  std::vector<int> found;
  for (absl::string_view item : absl::StrSplit(list, ", ")) {
    const std::pair<std::string, std::string> wanted = absl::StrSplit(item, ' ');
    int line = 0;
    REQUIRE(absl::SimpleAtoi(wanted.first, &line));
    const size_t before = found.size();
    for (const Insn& insn : code.insns()) {
      const bool named = insn.position.line == line && traitsOf(insn.op).name == wanted.second;
      if (named && found.size() == before) found.push_back(insn.offset);
    }
    CAPTURE(item, print(code));
    REQUIRE(found.size() == before + 1);
  }
  return found;
}

void addSite(Splice* splice, int offset) {
  if (splice->findSite(offset) >= 0) return;
  splice->sites.push_back({.offset = offset, .probe = Ref::steal(segue_probe_new(nullptr, nullptr))});
}

std::string spliced(const Code& code, const GoldenCase& c) {
  Splice splice;
  const SiteFinder finder(code);
  for (const auto& [name, value] : c.headers) {
    if (name == "closed") continue;
    for (int offset : offsets(code, value)) {
      if (name != "sites") splice.exits.push_back({.offset = offset, .into_call = name == "into"});
      for (int site : finder.behind(offset)) addSite(&splice, site);
    }
  }
  for (const auto& [name, value] : c.headers) {
    if (name == "closed") splice.sites.at(static_cast<size_t>(std::stoi(value))).open = false;
  }
  const Result<void> built = buildSplice(code, &splice);
  REQUIRE(built.ok());
  return printSplice(splice);
}

/// The section for the running version.
std::string expectation(const GoldenCase& c) {
  const std::string version = absl::StrCat(kPythonVersion / 100, ".", kPythonVersion % 100);
  for (const auto& [name, text] : c.sections) {
    if (absl::StartsWith(name, "expect") && absl::StrContains(name, version)) return name;
  }
  return "expect";
}

}  // namespace

TEST_CASE("breaks give the texts of the golden files", "[splice]") {
  int cases = 0;
  for (GoldenFile& file : goldenFiles("splice")) {
    for (GoldenCase& c : file.cases) {
      CAPTURE(file.path, c.title);
      const Ref object = codeOf(c.section("input"));
      const Result<std::shared_ptr<const Code>> code = Code::decode(object);
      REQUIRE(code.ok());
      std::string text = spliced(*code.value(), c);
      while (!text.empty() && text.back() == '\n') text.pop_back();
      c.check(expectation(c), text);
      cases++;
    }
    file.saveIfUpdated();
  }
  CHECK(cases >= 7);
}

}  // namespace segue
