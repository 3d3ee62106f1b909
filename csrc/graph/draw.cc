#include "base/python.h"

#include "graph/draw.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "graph/print.h"

namespace segue {
namespace {

/// One box of the picture.
struct Box {
  std::string label;              ///< one line
  std::string type;
  std::vector<size_t> sources;    ///< boxes it uses, in order, without repeats
  bool is_input = false;
};

/// Boxes in an order in which sources come first. Values of regions are drawn at the node that holds the region.
class Boxes {
 public:
  explicit Boxes(const Graph& graph) : graph_(graph), box_of_(graph.idBound(), kNone) {
    for (const Node* input : graph.inputs()) add(*input, input->name, {}).is_input = true;
    for (const Node* node : graph.nodes()) {
      std::vector<size_t> sources;
      collect(*node, sources);
      add(*node, node->name + " = " + std::string(node->op->name) + constants(*node), std::move(sources));
      assign(*node, boxes_.size() - 1);
    }
    Box out{"return", "", {}, false};
    for (const Arg& result : graph.outputs()) collect(result, out.sources);
    boxes_.push_back(std::move(out));
  }

  const std::vector<Box>& all() const { return boxes_; }

 private:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  Box& add(const Node& node, std::string label, std::vector<size_t> sources) {
    box_of_[node.id] = boxes_.size();
    return boxes_.emplace_back(Box{std::move(label), printType(*node.type, graph_.dims()), std::move(sources), false});
  }

  void assign(const Node& node, size_t box) {
    for (const auto& region : node.regions) {
      for (const Node* param : region->params) box_of_[param->id] = box;
      for (const Node* inner : region->nodes) {
        box_of_[inner->id] = box;
        assign(*inner, box);
      }
    }
  }

  void collect(const Arg& arg, std::vector<size_t>& out) {
    forEachValue(arg, [&](const ArgValue& value) {
      size_t box = box_of_[value.node->id];
      if (box != kNone && std::find(out.begin(), out.end(), box) == out.end()) out.push_back(box);
    });
  }

  void collect(const Node& node, std::vector<size_t>& out) {
    for (const Arg& arg : node.args) collect(arg, out);
    for (const auto& region : node.regions) {
      for (const Node* inner : region->nodes) collect(*inner, out);
      for (const Arg& result : region->results) collect(result, out);
    }
  }

  /// The arguments that are not plain values.
  std::string constants(const Node& node) const {
    std::string out;
    for (size_t i = 0; i < node.args.size(); i++) {
      if (node.args[i].missing() || node.args[i].isValue()) continue;
      out += " " + std::string(node.op->params[i].name) + "=" + printArg(node.args[i], graph_.dims());
    }
    return out.size() <= 40 ? out : out.substr(0, 37) + "...";
  }

  const Graph& graph_;
  std::vector<size_t> box_of_;  ///< by node id
  std::vector<Box> boxes_;
};

std::string escapeXml(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

constexpr int kBoxHeight = 36, kLayerHeight = 72, kGap = 16, kMargin = 12, kCharWidth = 7;

struct Place {
  int x = 0, y = 0, width = 0;
};

/// Every box one layer below its lowest source.
std::vector<Place> layOut(const std::vector<Box>& boxes, int& width, int& height) {
  std::vector<Place> out(boxes.size());
  std::vector<int> layer(boxes.size(), 0), used;
  width = height = 0;
  for (size_t i = 0; i < boxes.size(); i++) {
    for (size_t source : boxes[i].sources) layer[i] = std::max(layer[i], layer[source] + 1);
    used.resize(std::max<size_t>(used.size(), layer[i] + 1), kMargin);
    int text = static_cast<int>(std::max(boxes[i].label.size(), boxes[i].type.size()));
    out[i] = {used[layer[i]], kMargin + layer[i] * kLayerHeight, text * kCharWidth + 2 * kMargin};
    used[layer[i]] += out[i].width + kGap;
    width = std::max(width, used[layer[i]] - kGap + kMargin);
    height = std::max(height, out[i].y + kBoxHeight + kMargin);
  }
  return out;
}

}  // namespace

std::string drawDot(const Graph& graph) {
  Boxes boxes(graph);
  std::string out = "digraph graph_ {\n  node [shape=box, fontname=\"monospace\"];\n";
  auto quoted = [](const std::string& text) { return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}); };
  for (size_t i = 0; i < boxes.all().size(); i++) {
    const Box& box = boxes.all()[i];
    out += absl::StrFormat("  n%d [label=\"%s%s%s\"%s];\n", i, quoted(box.label), box.type.empty() ? "" : "\\n",
                           quoted(box.type), box.is_input ? ", style=rounded" : "");
    for (size_t source : box.sources) out += absl::StrFormat("  n%d -> n%d;\n", source, i);
  }
  return out + "}\n";
}

std::string drawSvg(const Graph& graph) {
  Boxes boxes(graph);
  int width, height;
  std::vector<Place> places = layOut(boxes.all(), width, height);
  std::string out = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"monospace\" font-size=\"11\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height);
  for (size_t i = 0; i < places.size(); i++) {
    for (size_t source : boxes.all()[i].sources) {
      const Place& from = places[source];
      out += absl::StrFormat("<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#888\"/>\n", from.x + from.width / 2,
                             from.y + kBoxHeight, places[i].x + places[i].width / 2, places[i].y);
    }
  }
  for (size_t i = 0; i < places.size(); i++) {
    const Box& box = boxes.all()[i];
    const Place& place = places[i];
    out += absl::StrFormat(
        "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\" fill=\"%s\" stroke=\"black\"/>\n", place.x, place.y,
        place.width, kBoxHeight, box.is_input ? 12 : 2, box.is_input ? "#e8f0ff" : "#ffffff");
    out += absl::StrFormat("<text x=\"%d\" y=\"%d\">%s</text>\n", place.x + kMargin, place.y + 15, escapeXml(box.label));
    out += absl::StrFormat("<text x=\"%d\" y=\"%d\" fill=\"#666\">%s</text>\n", place.x + kMargin, place.y + 29,
                           escapeXml(box.type));
  }
  return out + "</svg>\n";
}

}  // namespace segue
