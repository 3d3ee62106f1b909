// Compiled objects on disk, so that a kernel is compiled once for a user and a processor, not once for a process.
//
// Model. A directory of the user holds one file for each object: a header with magic, format, sizes and a checksum, then the *key*, which is
// all that the object depends on, word by word, then its *maker* (the compiler's name and version), then the object. A file's name is a hash
// of its key. Processes share the directory: files appear whole (written beside, then renamed), and may vanish at any time.
//
// Requirements
//  1. A file is machine code: it is used only when it and the directory belong to this user, nobody else may write them, its checksum is
//     right and its key is the very one that was asked for.
//  2. Nothing that is wrong with the disk is an error: the object is compiled then, and a line of the log channel `kernels` says why, once.
//  3. All files together stay below the limit, give or take an eighth for each process that writes; the least recently used go first.
//  4. No file descriptor is kept: programs close them by number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segue::llvm {

struct CacheSettings {
  std::string directory;                      ///< empty: nothing is read or written
  int64_t limit = int64_t{256} << 20;         ///< bytes of all files; 0: nothing is written
};
/// The process's own, which segue.config changes: SEGUE_CACHE_DIR, or the user's cache directory. Set and empty, it turns the cache off.
CacheSettings& cacheSettings();

struct CachedObject {
  std::string maker, object;
};

class ObjectCache {
 public:
  explicit ObjectCache(CacheSettings settings) : settings_(std::move(settings)) {}

  std::optional<CachedObject> find(std::string_view key);
  void store(std::string_view key, std::string_view maker, std::string_view object);
  /// Writes a text for people to find, which counts as a cached object does. Its path, or "" where that is not possible.
  std::string storeText(std::string_view name, std::string_view text);

 private:
  bool write(std::string_view name, std::string_view bytes);
  void evict(int directory);

  CacheSettings settings_;
  int64_t until_eviction_ = 0;                ///< bytes that may be written before the directory is looked through
};

/// The cache of the current settings.
ObjectCache& processCache();

}  // namespace segue::llvm
