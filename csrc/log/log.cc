#include "log/log.h"

#include <array>
#include <cstdio>
#include <optional>

#include "absl/strings/str_cat.h"

namespace segue {
namespace {

struct ChannelInfo {
  const char* name;
  const char* description;
};
constexpr ChannelInfo kChannels[] = {
#define SEGUE_LOG_CHANNEL(name, text, description) {text, description},
#include "log/channels.def"
#undef SEGUE_LOG_CHANNEL
};
constexpr size_t kChannelCount = sizeof kChannels / sizeof kChannels[0];

using Levels = std::array<LogLevel, kChannelCount>;

Levels levels{};                   ///< by channel, for text
PyObject* callback = nullptr;      ///< owned; receives fields
std::FILE* log_file = nullptr;     ///< null: standard error

void updateMask() {
  uint32_t mask = 0;
  for (size_t i = 0; i < kChannelCount; i++) {
    if (levels[i] != LogLevel::kOff || callback != nullptr) mask |= uint32_t{1} << i;
  }
  log_mask.store(mask, std::memory_order_relaxed);
}

std::string channelNames() {
  std::string names;
  for (const ChannelInfo& channel : kChannels) absl::StrAppend(&names, names.empty() ? "" : ", ", channel.name);
  return names;
}

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

void write(const std::string& text) {
  std::FILE* out = log_file != nullptr ? log_file : stderr;
  std::fwrite(text.data(), 1, text.size(), out);
  std::fflush(out);
}

/// One item of a spec: "+graph".
Result<void> applyItem(std::string_view item, Levels* out) {
  LogLevel level = LogLevel::kNormal;
  std::string_view name = item;
  if (name[0] == '+' || name[0] == '-') {
    level = name[0] == '+' ? LogLevel::kVerbose : LogLevel::kQuiet;
    name = trimmed(name.substr(1));
  }
  for (size_t i = 0; i < kChannelCount; i++) {
    if (name != kChannels[i].name) continue;
    (*out)[i] = level;
    return {};
  }
  return Error{absl::StrCat("unknown log channel '", std::string(name), "'; known are ", channelNames(), " and help")};
}

}  // namespace

std::atomic<uint32_t> log_mask{0};

LogLevel logLevel(Channel channel) { return levels[static_cast<size_t>(channel)]; }

std::string describeChannels() {
  std::string out = "Channels of SEGUE_LOGS (separated by commas; +name says more, -name less):\n";
  for (const ChannelInfo& channel : kChannels) {
    absl::StrAppend(&out, "  ", channel.name, std::string(16 - std::string_view(channel.name).size(), ' '),
                    channel.description, "\n");
  }
  return out;
}

Result<void> configureLogs(std::string_view spec) {
  Levels wanted{};
  bool help = false;
  for (size_t start = 0; start <= spec.size();) {
    size_t end = std::min(spec.find(',', start), spec.size());
    std::string_view item = trimmed(spec.substr(start, end - start));
    start = end + 1;
    if (item == "help") {
      help = true;
    } else if (!item.empty()) {
      SEGUE_TRY_VOID(applyItem(item, &wanted));
    }
  }
  levels = wanted;
  updateMask();
  if (help) write(describeChannels());
  return {};
}

Result<void> setLogFile(const std::string& path) {
  std::FILE* opened = path.empty() ? nullptr : std::fopen(path.c_str(), "a");
  SEGUE_REQUIRE(path.empty() || opened != nullptr, "cannot open the log file %s", path);
  if (log_file != nullptr) std::fclose(log_file);
  log_file = opened;
  return {};
}

Ref setLogCallback(Ref new_callback) {
  Ref previous = Ref::steal(callback);
  callback = new_callback.release();
  updateMask();
  return previous;
}

bool hasLogCallback() { return callback != nullptr; }

void emitText(Channel channel, const std::string& text) {
  std::string out;
  const std::string prefix = absl::StrCat("segue ", kChannels[static_cast<size_t>(channel)].name, ": ");
  // The first line stands behind the channel's name, the others are indented below it.
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    absl::StrAppend(&out, start == 0 ? prefix : "  ", text.substr(start, end - start), "\n");
    start = end + 1;
  }
  write(out);
}

namespace {

Ref pythonString(const std::string& text) {
  return Ref::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
}

Ref pythonValue(const LogValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return pythonString(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) return Ref::steal(PyLong_FromLongLong(*number));
  const auto& words = std::get<std::vector<std::string>>(value);
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(words.size())));
  for (size_t i = 0; list && i < words.size(); i++) {
    Ref word = pythonString(words[i]);
    if (!word) return {};
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), word.release());
  }
  return list;
}

Ref pythonFields(const LogFields& fields) {
  Ref dict = Ref::steal(PyDict_New());
  for (const auto& [name, value] : fields) {
    Ref object = dict ? pythonValue(value) : Ref();
    if (!object || PyDict_SetItemString(dict.get(), name, object.get()) < 0) return {};
  }
  return dict;
}

}  // namespace

void emitFields(Channel channel, const LogFields& fields) {
  Ref listener = Ref::borrow(callback);
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  Ref dict = pythonFields(fields);
  Ref done;
  if (dict) {
    done = Ref::steal(
        PyObject_CallFunction(listener.get(), "sO", kChannels[static_cast<size_t>(channel)].name, dict.get()));
  }
  if (!done) PyErr_WriteUnraisable(listener.get());
  PyErr_Restore(type, value, traceback);
}

}  // namespace segue
