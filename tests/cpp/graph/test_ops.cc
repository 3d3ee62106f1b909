#include "graph/test_ops.h"

#include <catch2/catch.hpp>

namespace segue {
namespace {

constexpr uint32_t tags(std::initializer_list<OpTag> list) {
  uint32_t out = 0;
  for (OpTag tag : list) out |= static_cast<uint32_t>(tag);
  return out;
}

constexpr OpParam kOneArray[] = {{.name = "a", .type = "Array"}, {.name = "how", .type = "Any", .default_text = "None"}};
constexpr OpParam kFill[] = {{.name = "a", .type = "Array", .written = true}, {.name = "value", .type = "Any"}};
constexpr OpParam kInto[] = {{.name = "value", .type = "Any"},
                             {.name = "out", .type = "Array?", .default_text = "None", .written = true}};
constexpr OpParam kAnything[] = {{.name = "a", .type = "Any", .default_text = "None"},
                                 {.name = "b", .type = "Any", .default_text = "None"},
                                 {.name = "c", .type = "Any", .default_text = "None", .keyword_only = true}};

// No rule: the text gives the type. Ids are far from those of real operators.
const OpDef kTestOps[] = {
    {60000, "view", kOneArray, tags({OpTag::kView})},
    {60001, "maybe_view", kOneArray, tags({OpTag::kMaybeView})},
    {60002, "fill", kFill, tags({OpTag::kWrite})},
    {60003, "fill_into", kInto, 0},
    {60004, "draw", kAnything, tags({OpTag::kNondeterministic})},
    {60005, "risky", kAnything, tags({OpTag::kMayRaise})},
    {60006, "loop", kAnything, 0},
    {60007, "one", kAnything, 0},
};

}  // namespace

const OpDef* findTestOp(std::string_view name) {
  for (const OpDef& op : kTestOps) {
    if (op.name == name) return &op;
  }
  return findOp(name);
}

std::unique_ptr<Graph> parseTestGraph(std::string_view text) {
  Result<std::unique_ptr<Graph>> graph = parseGraph(text, findTestOp);
  if (!graph.ok()) FAIL(graph.error() << "\n" << text);
  return std::move(graph).value();
}

}  // namespace segue
