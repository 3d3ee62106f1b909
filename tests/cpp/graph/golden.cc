#include "graph/golden.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace segue {
namespace {

std::filesystem::path goldenFolder() { return std::filesystem::path(SEGUE_SOURCE_DIR) / "tests/cpp/golden"; }

bool updating() {
  const char* value = std::getenv("SEGUE_UPDATE_GOLDEN");
  return value != nullptr && std::string(value) == "1";
}

template <class Pairs>
auto* findIn(Pairs& pairs, const std::string& name) {
  auto it = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
  return it == pairs.end() ? nullptr : &it->second;
}

void trimEnd(std::string& text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
}

/// One line of a golden file.
void readLine(GoldenFile& file, const std::string& line) {
  if (line.rfind("--- ", 0) == 0) {
    std::string rest = line.substr(4);
    size_t colon = rest.find(": ");
    if (colon == std::string::npos) {
      file.cases.back().sections.emplace_back(rest, "");
    } else if (rest.substr(0, colon) == "test") {
      file.cases.emplace_back();
      file.cases.back().title = rest.substr(colon + 2);
    } else {
      file.cases.back().headers.emplace_back(rest.substr(0, colon), rest.substr(colon + 2));
    }
    return;
  }
  if (file.cases.empty()) {
    file.preamble += line + "\n";
  } else if (!file.cases.back().sections.empty()) {
    file.cases.back().sections.back().second += line + "\n";
  }
}

GoldenFile readFile(const std::filesystem::path& path) {
  GoldenFile file{path.string(), "", {}};
  std::ifstream in(path);
  REQUIRE(in.good());
  for (std::string line; std::getline(in, line);) readLine(file, line);
  for (GoldenCase& c : file.cases) {
    for (auto& [name, text] : c.sections) trimEnd(text);
  }
  REQUIRE_FALSE(file.cases.empty());
  return file;
}

}  // namespace

const std::string& GoldenCase::header(const std::string& name) const {
  const std::string* value = findIn(headers, name);
  if (value == nullptr) FAIL("no header '" << name << "' in case: " << title);
  return *value;
}

const std::string& GoldenCase::section(const std::string& name) const {
  const std::string* text = findIn(sections, name);
  if (text == nullptr) FAIL("no section '" << name << "' in case: " << title);
  return *text;
}

void GoldenCase::check(const std::string& name, const std::string& actual) {
  if (!updating()) {
    CHECK(actual == section(name));
    return;
  }
  std::string* text = findIn(sections, name);
  if (text == nullptr) text = &sections.emplace_back(name, "").second;
  updated |= *text != actual;
  *text = actual;
}

void GoldenFile::saveIfUpdated() const {
  if (std::none_of(cases.begin(), cases.end(), [](const GoldenCase& c) { return c.updated; })) return;
  std::ofstream out(path);
  out << preamble;
  const char* gap = "";
  for (const GoldenCase& c : cases) {
    out << gap << "--- test: " << c.title << "\n";
    for (const auto& [name, value] : c.headers) out << "--- " << name << ": " << value << "\n";
    for (const auto& [name, text] : c.sections) out << "--- " << name << "\n" << text << (text.empty() ? "" : "\n");
    gap = "\n";
  }
  REQUIRE(out.good());
}

std::vector<GoldenFile> goldenFiles(const std::string& prefix) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(goldenFolder())) {
    std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) == 0 && entry.path().extension() == ".txt") paths.push_back(entry.path());
  }
  REQUIRE_FALSE(paths.empty());
  std::sort(paths.begin(), paths.end());
  std::vector<GoldenFile> out;
  for (const auto& path : paths) out.push_back(readFile(path));
  return out;
}

}  // namespace segue
