#include "backends/llvm/object_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/fault.h"
#include "base/hash.h"
#include "base/traced.h"
#include "log/log.h"

namespace segue::llvm {
namespace {

constexpr char kMagic[8] = {'s', 'e', 'g', 'u', 'e', 'o', 'b', 'j'};
constexpr uint32_t kFormat = 1;
constexpr int64_t kLargestFile = int64_t{64} << 20;
constexpr time_t kHour = 3600;
constexpr char kSuffix[] = ".kernel", kTextSuffix[] = ".ll", kUnfinished[] = ".unfinished-";

struct Header {
  char magic[8];
  uint32_t format, key_size, maker_size, object_size;
  uint64_t checksum;                          ///< of all of the file, this being 0
};

/// Closes a descriptor.
class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }
  bool ok() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

/// A line of the log, once for each text.
void note(const std::string& text) {
  static auto* said = new absl::flat_hash_set<std::string>;
  if (logs(Channel::kKernels) && said->insert(text).second) emit(KernelCacheEvent{text});
}

std::string errorText() { return std::strerror(errno); }

std::string fileName(std::string_view key) {
  return absl::StrFormat("%016x%016x%s", stableHash(key, 1), stableHash(key, 2), kSuffix);
}

/// Whether nobody but this user can have written it.
Result<void> checkOwner(int file, const char* what) {
  struct stat status {};
  SEGUE_REQUIRE(fstat(file, &status) == 0, "%s cannot be looked at: %s", what, errorText());
  if (SEGUE_FAULT(CacheOwnerIgnored)) return {};
  SEGUE_REQUIRE(status.st_uid == geteuid(), "%s belongs to another user", what);
  SEGUE_REQUIRE((status.st_mode & (S_IWGRP | S_IWOTH)) == 0, "%s can be written by others", what);
  return {};
}

File openDirectory(const std::string& path) { return File(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }

Result<void> checkDirectory(const File& directory) {
  SEGUE_REQUIRE(directory.ok(), "it cannot be opened: %s", errorText());
  return checkOwner(directory.get(), "it");
}

/// Makes a directory and those above it, for this user alone.
Result<void> makeDirectories(const std::string& path) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    SEGUE_REQUIRE(mkdir(part.c_str(), 0700) == 0 || errno == EEXIST || errno == EISDIR || end != std::string::npos,
                  "it cannot be made: %s", errorText());
    if (end == std::string::npos) return {};
  }
}

Result<std::string> readAll(int file) {
  struct stat status {};
  SEGUE_REQUIRE(fstat(file, &status) == 0 && S_ISREG(status.st_mode), "it is no file");
  SEGUE_REQUIRE(status.st_size <= kLargestFile, "it is too large");
  std::string out(static_cast<size_t>(status.st_size), '\0');
  for (size_t done = 0; done < out.size();) {
    const ssize_t got = read(file, out.data() + done, out.size() - done);
    if (got < 0 && errno == EINTR) continue;
    SEGUE_REQUIRE(got > 0, "it cannot be read: %s", got < 0 ? errorText() : "it became shorter");
    done += static_cast<size_t>(got);
  }
  // Least recently used is by the hour: a file that is in use is not marked each time.
  if (status.st_mtime + kHour < time(nullptr)) futimens(file, nullptr);
  return out;
}

bool writeAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno != EINTR) return false;
    if (put > 0) bytes.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

uint64_t checksumOf(Header header, std::string_view rest) {
  header.checksum = 0;
  return stableHash(rest, stableHash({reinterpret_cast<const char*>(&header), sizeof header}));
}

std::string packed(std::string_view key, std::string_view maker, std::string_view object) {
  auto size = [](std::string_view part) { return static_cast<uint32_t>(part.size()); };
  Header header{{}, kFormat, size(key), size(maker), size(object), 0};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  const std::string rest = absl::StrCat(key, maker, object);
  header.checksum = checksumOf(header, rest);
  return absl::StrCat(std::string_view(reinterpret_cast<const char*>(&header), sizeof header), rest);
}

Result<CachedObject> unpacked(std::string_view bytes, std::string_view key) {
  Header header;
  SEGUE_REQUIRE(bytes.size() >= sizeof header, "it has no header");
  std::memcpy(&header, bytes.data(), sizeof header);
  SEGUE_REQUIRE(std::memcmp(header.magic, kMagic, sizeof kMagic) == 0, "it is something else");
  SEGUE_REQUIRE(header.format == kFormat, "it has format %d", header.format);
  const std::string_view rest = bytes.substr(sizeof header);
  SEGUE_REQUIRE(uint64_t{header.key_size} + header.maker_size + header.object_size == rest.size(), "its size is wrong");
  SEGUE_REQUIRE(header.checksum == checksumOf(header, rest) || SEGUE_FAULT(CacheChecksumIgnored), "its checksum is wrong");
  SEGUE_REQUIRE(rest.substr(0, header.key_size) == key, "it is of another key");
  return CachedObject{std::string(rest.substr(header.key_size, header.maker_size)), std::string(rest.substr(header.key_size + header.maker_size))};
}

std::string environmentValue(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

CacheSettings settingsOfEnvironment() {
  CacheSettings out;
  if (std::getenv("SEGUE_CACHE_DIR") != nullptr) {
    const std::string given = environmentValue("SEGUE_CACHE_DIR");
    std::error_code failed;   // of a working directory that is gone
    if (!given.empty()) out.directory = std::filesystem::absolute(given, failed).string();
    return out;
  }
  std::string base = environmentValue("XDG_CACHE_HOME");
  if (base.empty() || base[0] != '/') {   // the specification: a relative one is not meant
    const std::string home = environmentValue("HOME");
    base = home.empty() ? "" : home + "/.cache";
  }
  if (!base.empty()) out.directory = base + "/segue/kernels";
  return out;
}

}  // namespace

CacheSettings& cacheSettings() {
  static auto* settings = new CacheSettings(settingsOfEnvironment());
  return *settings;
}

std::optional<CachedObject> ObjectCache::find(std::string_view key) {
  if (settings_.directory.empty()) return std::nullopt;
  const File directory = openDirectory(settings_.directory);
  if (!directory.ok() && errno == ENOENT) return std::nullopt;
  if (Result<void> checked = checkDirectory(directory); !checked.ok()) {
    note(absl::StrCat("the cache ", settings_.directory, " is not used: ", checked.error()));
    return std::nullopt;
  }
  const std::string name = fileName(key);
  File file(openat(directory.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.ok() && errno == ENOENT) return std::nullopt;
  auto read = [&]() -> Result<CachedObject> {
    SEGUE_REQUIRE(file.ok(), "it cannot be opened: %s", errorText());
    SEGUE_TRY_VOID(checkOwner(file.get(), "it"));
    SEGUE_TRY(std::string bytes, readAll(file.get()));
    return unpacked(bytes, key);
  };
  Result<CachedObject> object = read();
  if (object.ok()) return std::move(object.value());
  note(absl::StrCat("the file ", settings_.directory, "/", name, " is not used: ", object.error()));
  return std::nullopt;
}

void ObjectCache::store(std::string_view key, std::string_view maker, std::string_view object) {
  write(fileName(key), packed(key, maker, object));
}

std::string ObjectCache::storeText(std::string_view name, std::string_view text) {
  const std::string file = absl::StrCat(name, kTextSuffix);
  return write(file, text) ? absl::StrCat(settings_.directory, "/", file) : "";
}

bool ObjectCache::write(std::string_view name, std::string_view bytes) {
  static int number = 0;
  const auto size = static_cast<int64_t>(bytes.size());
  if (settings_.directory.empty() || size > std::min(settings_.limit, kLargestFile)) return false;
  auto put = [&]() -> Result<void> {
    SEGUE_TRY_VOID(makeDirectories(settings_.directory));
    const File directory = openDirectory(settings_.directory);
    SEGUE_TRY_VOID(checkDirectory(directory));
    const std::string unfinished = absl::StrCat(kUnfinished, getpid(), "-", number++);
    File file(openat(directory.get(), unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    SEGUE_REQUIRE(file.ok(), "it cannot be written: %s", errorText());
    const bool written = writeAll(file.get(), bytes) &&
                         renameat(directory.get(), unfinished.c_str(), directory.get(), std::string(name).c_str()) == 0;
    if (!written) {
      const std::string words = errorText();
      unlinkat(directory.get(), unfinished.c_str(), 0);
      return Error{"it cannot be written: " + words};
    }
    until_eviction_ -= size;
    if (until_eviction_ < 0) evict(directory.get());
    return {};
  };
  Result<void> done = put();
  if (!done.ok()) note(absl::StrCat("the cache ", settings_.directory, " is not used: ", done.error()));
  return done.ok();
}

void ObjectCache::evict(int directory) {
  struct Entry {
    std::string name;
    timespec used;
    int64_t size;
  };
  std::vector<Entry> entries;
  int64_t total = 0;
  std::unique_ptr<DIR, int (*)(DIR*)> listing(fdopendir(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), closedir);
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    const bool unfinished = absl::StartsWith(name, kUnfinished);
    struct stat status {};
    if (!unfinished && !absl::EndsWith(name, kSuffix) && !absl::EndsWith(name, kTextSuffix)) continue;
    if (fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    // Left by a process that died; others are being written just now.
    if (unfinished && status.st_mtime + kHour < time(nullptr)) unlinkat(directory, entry->d_name, 0);
    if (unfinished) continue;
    entries.push_back({std::string(name), status.st_mtim, status.st_size});
    total += status.st_size;
  }
  if (total > settings_.limit && !SEGUE_FAULT(CacheNeverEvicts)) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
    });
    for (const Entry& entry : entries) {
      if (total <= settings_.limit / 4 * 3) break;
      if (unlinkat(directory, entry.name.c_str(), 0) == 0 || errno == ENOENT) total -= entry.size;
    }
  }
  until_eviction_ = settings_.limit / 8;
}

ObjectCache& processCache() {
  static std::unique_ptr<ObjectCache>* cache = new std::unique_ptr<ObjectCache>;
  static auto* made_for = new CacheSettings;
  const CacheSettings& settings = cacheSettings();
  if (*cache == nullptr || made_for->directory != settings.directory || made_for->limit != settings.limit) {
    *cache = std::make_unique<ObjectCache>(settings);
    *made_for = settings;
  }
  return **cache;
}

}  // namespace segue::llvm
