// Golden files: text cases of what goes in and what has to come out.
//
//   --- test: unused product
//   --- passes: dead-code
//   --- input
//   …
//   --- expect
//   …
//
// `--- key: value` lines are headers, `--- name` starts a section that goes on to the next such line. With
// SEGUE_UPDATE_GOLDEN=1 in the environment a section that differs is rewritten instead of failing: read the diff.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace segue {

struct GoldenCase {
  std::string title;
  std::vector<std::pair<std::string, std::string>> headers;   ///< without `test`
  std::vector<std::pair<std::string, std::string>> sections;  ///< text without the last line end

  /// A header's value; its absence fails the test.
  const std::string& header(const std::string& name) const;
  const std::string& section(const std::string& name) const;
  /// Checks that a section is `actual`, or updates it.
  void check(const std::string& name, const std::string& actual);
  bool updated = false;
};

struct GoldenFile {
  std::string path;               ///< below the source tree
  std::string preamble;           ///< comment lines before the first case
  std::vector<GoldenCase> cases;
  void saveIfUpdated() const;
};

/// The files tests/cpp/golden/<prefix>*.txt, sorted; none fails the test.
std::vector<GoldenFile> goldenFiles(const std::string& prefix);

}  // namespace segue
