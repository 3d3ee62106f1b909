// The cache on disk: what comes back, and what is wrong with files and folders that do not.
#include "base/python.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "backends/llvm/codegen.h"
#include "backends/llvm/cpu.h"
#include "backends/llvm/object_cache.h"
#include "base/hash.h"
#include "log/log.h"

#include <catch2/catch.hpp>

namespace segue::llvm {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone behind the test.
struct Folder {
  std::string path;
  Folder() {
    char name[] = "/tmp/segue-cache-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }

  std::string cache() const { return path + "/made/on/demand"; }
  std::vector<fs::path> files() const {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(cache())) out.push_back(entry.path());
    return out;
  }
  fs::path onlyFile() const {
    std::vector<fs::path> all = files();
    REQUIRE(all.size() == 1);
    return all[0];
  }
};

std::string contents(const fs::path& path) {
  std::stringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

void overwrite(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes; }

void setAge(const fs::path& path, int64_t seconds) {
  const timespec then{time(nullptr) - seconds, 0};
  const timespec times[2] = {then, then};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

mode_t modeOf(const fs::path& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

/// What the channel `kernels` says while it lives.
struct Said {
  std::string path;
  explicit Said(const Folder& folder) : path(folder.path + "/log") {
    REQUIRE(setLogFile(path).ok());
    REQUIRE(configureLogs("kernels").ok());
  }
  ~Said() {
    (void)configureLogs("");
    (void)setLogFile("");
  }
  std::string text() const { return contents(path); }
};

TEST_CASE("objects come back under their own key", "[cache]") {
  Folder folder;
  ObjectCache cache({folder.cache(), 1 << 20});
  CHECK(!cache.find("key"));
  CHECK(!fs::exists(folder.cache()));
  cache.store("key", "compiler 1", std::string("ob\0ject", 7));
  cache.store("other", "", "");
  std::optional<CachedObject> found = ObjectCache({folder.cache(), 1 << 20}).find("key");
  REQUIRE(found);
  CHECK(found->maker == "compiler 1");
  CHECK(found->object == std::string("ob\0ject", 7));
  CHECK(cache.find("other")->object.empty());
  CHECK(!cache.find("ke"));
  CHECK(modeOf(folder.cache()) == 0700);
  CHECK(modeOf(folder.path + "/made") == 0700);
  for (const fs::path& file : folder.files()) CHECK(modeOf(file) == 0600);
  cache.store("key", "compiler 2", "newer");
  CHECK(cache.find("key")->object == "newer");
  CHECK(folder.files().size() == 2);
}

TEST_CASE("files that were changed are not used", "[cache]") {
  Folder folder;
  ObjectCache cache({folder.cache(), 1 << 20});
  cache.store("the key", "compiler", "an object of machine code");
  const fs::path file = folder.onlyFile();
  const std::string good = contents(file);
  for (size_t i = 0; i < good.size(); i++) {
    for (int bit : {0, 7}) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      overwrite(file, flipped);
      INFO(i);
      CHECK(!cache.find("the key"));
    }
    overwrite(file, good.substr(0, i));
    CHECK(!cache.find("the key"));
  }
  overwrite(file, good + "x");
  CHECK(!cache.find("the key"));
  overwrite(file, good);
  CHECK(cache.find("the key"));
}

TEST_CASE("a file of another key is not used, whatever its name", "[cache]") {
  Folder folder;
  ObjectCache cache({folder.cache(), 1 << 20});
  cache.store("one", "", "object of one");
  const fs::path one = folder.onlyFile();
  const std::string good = contents(one);
  fs::remove(one);
  cache.store("two", "", "object of two");
  overwrite(folder.onlyFile(), good);
  CHECK(!cache.find("two"));
}

TEST_CASE("what others may have written is not used", "[cache]") {
  Folder folder;
  Said said(folder);
  ObjectCache cache({folder.cache(), 1 << 20});
  cache.store("key", "", "object");
  const fs::path file = folder.onlyFile();
  REQUIRE(chmod(file.c_str(), 0620) == 0);
  CHECK(!cache.find("key"));
  CHECK(said.text() == absl::StrCat("segue kernels: the file ", file.string(), " is not used: it can be written by others\n"));
  REQUIRE(chmod(file.c_str(), 0600) == 0);
  for (mode_t mode : {0770, 0702, 0777}) {
    REQUIRE(chmod(folder.cache().c_str(), mode) == 0);
    CHECK(!cache.find("key"));
    cache.store("more", "", "object");
  }
  REQUIRE(chmod(folder.cache().c_str(), 0755) == 0);
  CHECK(cache.find("key"));
  CHECK(!cache.find("more"));

  const std::string elsewhere = folder.path + "/elsewhere";
  fs::rename(file, elsewhere);
  fs::create_symlink(elsewhere, file);
  CHECK(!cache.find("key"));
  fs::remove(file);
  fs::create_directory(file);
  CHECK(!cache.find("key"));
  fs::remove(file);
  REQUIRE(mkfifo(file.c_str(), 0600) == 0);   // must not wait for a writer
  CHECK(!cache.find("key"));
  fs::remove(file);
  fs::rename(elsewhere, file);
  CHECK(cache.find("key"));
  if (geteuid() == 0) {
    REQUIRE(chown(file.c_str(), 12345, 12345) == 0);
    CHECK(!cache.find("key"));
    REQUIRE(chown(file.c_str(), 0, 0) == 0);
    REQUIRE(chown(folder.cache().c_str(), 12345, 12345) == 0);
    CHECK(!cache.find("key"));
  }
}

TEST_CASE("a cache that cannot be written is done without, with a line", "[cache]") {
  Folder folder;
  Said said(folder);
  overwrite(folder.path + "/made", "a file");
  ObjectCache cache({folder.cache(), 1 << 20});
  for (int i = 0; i < 3; i++) {
    cache.store("key", "", "object");
    CHECK(!cache.find("key"));
  }
  const std::string text = said.text();
  CHECK(text.find(absl::StrCat("segue kernels: the cache ", folder.cache(), " is not used: it cannot be ")) == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') <= 2);   // of writing, and of reading
  CHECK(cache.storeText("failed", "text").empty());

  ObjectCache off({"", 1 << 20}), small({folder.path + "/small", 20});
  off.store("key", "", "object");
  CHECK(!off.find("key"));
  small.store("key", "", "object");   // larger than all files may be
  CHECK(!fs::exists(folder.path + "/small"));
}

TEST_CASE("the least recently used files make room", "[cache]") {
  Folder folder;
  const std::string object(1000, 'x');
  ObjectCache cache({folder.cache(), 1 << 20});
  for (int i = 0; i < 20; i++) cache.store(absl::StrCat("key ", i), "", object);
  int64_t age = 100'000;
  // Files are told apart by the key behind their headers.
  for (int i = 0; i < 20; i++) {
    for (const fs::path& file : folder.files()) {
      if (contents(file).substr(32, absl::StrCat("key ", i, object).size()) == absl::StrCat("key ", i, object)) setAge(file, age -= 1000);
    }
  }
  overwrite(folder.cache() + "/.unfinished-1-1", "left behind");
  setAge(folder.cache() + "/.unfinished-1-1", 10'000);
  overwrite(folder.cache() + "/.unfinished-1-2", "being written");
  overwrite(folder.cache() + "/notes.txt", "the user's");
  CHECK(cache.find("key 0"));   // used just now
  ObjectCache tight({folder.cache(), 10'000});
  tight.store("one more", "", object);
  CHECK(tight.find("one more"));
  CHECK(tight.find("key 0"));
  CHECK(tight.find("key 19"));
  CHECK(!tight.find("key 1"));
  CHECK(!fs::exists(folder.cache() + "/.unfinished-1-1"));
  CHECK(fs::exists(folder.cache() + "/.unfinished-1-2"));
  CHECK(fs::exists(folder.cache() + "/notes.txt"));
  uint64_t total = 0;
  for (const fs::path& file : folder.files()) total += fs::file_size(file);
  CHECK(total < 8'000);
  CHECK(total > 4'000);
  for (int i = 100; i < 150; i++) tight.store(absl::StrCat("key ", i), "", object);
  CHECK(folder.files().size() < 16);
  CHECK(tight.find("key 149"));
}

TEST_CASE("texts are kept beside objects", "[cache]") {
  Folder folder;
  ObjectCache cache({folder.cache(), 1 << 20});
  const std::string path = cache.storeText("failed_kernel", "; words\n");
  CHECK(path == folder.cache() + "/failed_kernel.ll");
  CHECK(contents(path) == "; words\n");
}

TEST_CASE("keys tell processors, modules and versions apart", "[cache]") {
  CHECK(cacheKey("module", "cpu a") != cacheKey("module", "cpu b"));
  CHECK(cacheKey("module a", "cpu") != cacheKey("module b", "cpu"));
  CHECK(cacheKey("module", "cpu").find(absl::StrCat("codegen ", kCodegenVersion, "\n")) == 0);
  CHECK(cpuIdentity().size() > 10);
  CHECK(cpuIdentity() == cpuIdentity());
}

/// The process's cache is in a folder while it lives.
struct ProcessCacheIn {
  CacheSettings before = cacheSettings();
  explicit ProcessCacheIn(const Folder& folder) { cacheSettings() = {folder.cache(), 1 << 20}; }
  ~ProcessCacheIn() { cacheSettings() = before; }
};

TEST_CASE("what is in the cache but cannot be loaded is compiled again", "[cache]") {
  Ref llvmlite = Ref::steal(PyImport_ImportModule("llvmlite"));
  if (!llvmlite) {
    PyErr_Clear();
    WARN("llvmlite is not installed");
    return;
  }
  Folder folder;
  ProcessCacheIn cache(folder);
  const std::string module = "define i32 @answer() { ret i32 42 }";
  const std::string key = cacheKey(module, cpuIdentity());
  auto answer = [&](bool from_cache) {
    Result<CompiledModule> compiled = compileModule(module);
    INFO(compiled.error());
    REQUIRE(compiled.ok());
    CHECK(std::string_view(compiled.value().origin) == (from_cache ? "from the cache" : "compiled"));
    CHECK(reinterpret_cast<int (*)()>(const_cast<void*>(compiled.value().loaded.functions.at("answer")))() == 42);
  };
  answer(false);
  answer(true);
  std::optional<CachedObject> stored = processCache().find(key);
  REQUIRE(stored);
  processCache().store(key, stored->maker, "no object");
  answer(false);
  answer(true);
  processCache().store(key, "llvmlite 0.0.1", stored->object);
  answer(false);
  answer(true);
}

TEST_CASE("hashes for files depend on every byte and on nothing else", "[cache]") {
  CHECK(stableHash("") == stableHash(""));
  CHECK(stableHash("segue") == 0x9bf2cf76fd26c481);   // files are found by it
  const std::string text = "some words that are longer than one";
  for (size_t i = 0; i < text.size(); i++) {
    std::string other = text;
    other[i]++;
    CHECK(stableHash(other) != stableHash(text));
    CHECK(stableHash(text.substr(0, i)) != stableHash(text));
  }
  CHECK(stableHash(std::string(7, '\0')) != stableHash(std::string(8, '\0')));
  CHECK(stableHash(text, 1) != stableHash(text, 2));
}

}  // namespace
}  // namespace segue::llvm
