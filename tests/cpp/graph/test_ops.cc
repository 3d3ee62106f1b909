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

constexpr OpParam kLimit[] = {{.name = "a", .type = "Any"},
                              {.name = "low", .type = "Any", .default_text = "0"},
                              {.name = "high", .type = "Any", .default_text = "1"}};
// limit@1(a, a_min, mode) became limit@2(a, low), then limit@3(a, low, high) with high=9 for older calls.
constexpr std::string_view kLimitDropped[] = {"mode"};
constexpr OpUpgrade::Names kLimitRenamed[] = {{"a_min", "low"}};
constexpr OpUpgrade::Names kLimitAdded[] = {{"high", "9"}};
constexpr OpUpgrade kLimitUpgrades[] = {{.dropped = kLimitDropped, .renamed = kLimitRenamed, .added = {}},
                                        {.dropped = {}, .renamed = {}, .added = kLimitAdded}};

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
    {.id = 60008, .name = "limit", .params = kLimit, .version = 3, .upgrades = kLimitUpgrades},
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
