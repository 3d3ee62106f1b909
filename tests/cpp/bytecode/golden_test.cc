// Runs tests/cpp/golden/bytecode_*.txt: raw listings in, and out what the header `show` names:
//
//   raw    the listing printed again        body   canonical instructions, depths, handlers
//   cfg    basic blocks                      live N live slots of N before every instruction
//   bytes  co_code, co_exceptiontable and co_linetable in hexadecimal
//
// An error is printed as `error: words`.
#include "graph/golden.h"

#include <catch2/catch.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/python.h"
#include "bytecode/assemble.h"
#include "bytecode/cfg.h"
#include "bytecode/decode.h"
#include "bytecode/listing.h"
#include "bytecode/liveness.h"

namespace segue {
namespace {

Result<std::string> shown(const std::string& what, const std::string& input) {
  SEGUE_TRY(const RawCode raw, parseRawListing(input));
  if (what == "raw") return print(raw);
  if (what == "bytes") {
    SEGUE_TRY(const CodeBytes bytes, assemble(raw));
    return absl::StrCat("code       ", absl::BytesToHexString(bytes.code), "\nexceptions ",
                        absl::BytesToHexString(bytes.exceptions), "\nlocations  ",
                        absl::BytesToHexString(bytes.locations));
  }
  SEGUE_TRY(const Body body, canonicalize(raw));
  if (what == "body") return print(body);
  const Cfg cfg(body);
  if (what == "cfg") return print(cfg);
  int slots = 0;
  SEGUE_REQUIRE(absl::StartsWith(what, "live ") && absl::SimpleAtoi(what.substr(5), &slots), "nothing shows %s", what);
  return print(body, Liveness(body, cfg, slots));
}

}  // namespace

TEST_CASE("bytecode listings give the texts of the golden files", "[bytecode]") {
  int cases = 0;
  for (GoldenFile& file : goldenFiles("bytecode_")) {
    for (GoldenCase& c : file.cases) {
      CAPTURE(file.path, c.title);
      const Result<std::string> result = shown(c.header("show"), c.section("input"));
      std::string text = result.ok() ? result.value() : "error: " + result.error();
      while (!text.empty() && text.back() == '\n') text.pop_back();
      c.check("expect", text);
      cases++;
    }
    file.saveIfUpdated();
  }
  CHECK(cases >= 50);
}

}  // namespace segue
