// Channels, specs, formats and sinks.
#include "guards/fixture.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "log/log.h"

namespace segue::testing {
namespace {

/// Channels off and text in a file while it lives.
struct Capture {
  std::string path;
  Capture() {
    char name[] = "/tmp/segue-log-XXXXXX";
    int handle = mkstemp(name);
    REQUIRE(handle >= 0);
    close(handle);
    path = name;
    REQUIRE(setLogFile(path).ok());
  }
  ~Capture() {
    (void)configureLogs("");
    (void)setLogFile("");
    std::remove(path.c_str());
  }
  std::string text() const {
    std::ifstream in(path);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
};

const RecompileEvent kRecompile{{"f", "prog.py", 3}, {{"L['x']", "has the type int", "float"}, {"L['n']", "== 3", "4"}}};

TEST_CASE("specs turn channels on, louder and quieter", "[log]") {
  Capture capture;
  CHECK(!logs(Channel::kGraph));
  REQUIRE(configureLogs("graph, +trace_call,-guards,").ok());
  CHECK(logs(Channel::kGraph));
  CHECK(!logs(Channel::kBytecode));
  CHECK(logLevel(Channel::kGraph) == LogLevel::kNormal);
  CHECK(logLevel(Channel::kTraceCall) == LogLevel::kVerbose);
  CHECK(logLevel(Channel::kGuards) == LogLevel::kQuiet);
  REQUIRE(configureLogs("").ok());
  CHECK(log_mask.load() == 0);
}

TEST_CASE("unknown channels are refused by name, and nothing changes", "[log]") {
  Capture capture;
  REQUIRE(configureLogs("guards").ok());
  CHECK(configureLogs("graph,grpah").error() ==
        "unknown log channel 'grpah'; known are graph, bytecode, guards, graph_breaks, recompiles, trace_call, fusion, schedule, kernels, ir, asm and help");
  CHECK(!configureLogs("+").ok());
  CHECK(!logs(Channel::kGraph));
  CHECK(logs(Channel::kGuards));
}

TEST_CASE("help lists the channels", "[log]") {
  Capture capture;
  REQUIRE(configureLogs("help").ok());
  CHECK(capture.text() == describeChannels());
  CHECK(describeChannels().find("  recompiles      guards that failed") != std::string::npos);
}

TEST_CASE("events print by level", "[log]") {
  Capture capture;
  emit(kRecompile);
  CHECK(capture.text().empty());
  REQUIRE(configureLogs("recompiles").ok());
  emit(kRecompile);
  CHECK(capture.text() ==
        "segue recompiles: f at prog.py:3, 2 entries did not fit\n"
        "  L['n']: compiled when it == 3; now 4\n");
  CHECK(format(kRecompile, LogLevel::kQuiet) == "f at prog.py:3, 2 entries did not fit\n");
  CHECK(format(kRecompile, LogLevel::kVerbose) ==
        "f at prog.py:3, 2 entries did not fit\n"
        "L['x']: compiled when it has the type int; now float\n"
        "L['n']: compiled when it == 3; now 4\n");
}

TEST_CASE("every kind of event has a text", "[log]") {
  LogPlace place{"f", "prog.py", 3};
  CHECK(format(GraphEvent{place, "graph(x: f64[3]) { return x }", 1, "r0"}, LogLevel::kVerbose) ==
        "f at prog.py:3, 1 operator\ngraph(x: f64[3]) { return x }\nplan:\nr0\n");
  CHECK(format(BytecodeEvent{place, "0 RESUME\n", ""}, LogLevel::kVerbose) == "f at prog.py:3\n0 RESUME\n");
  CHECK(format(GuardsEvent{place, "", ""}, LogLevel::kNormal) == "f at prog.py:3\nnothing to check\n");
  GraphBreakEvent stop{place, {"g", "prog.py", 9}, "data-branch", "Depends on data.", "if on x", "use where", "if x:\n^^^^", {place}};
  CHECK(format(stop, LogLevel::kQuiet) == "g at prog.py:9: [data-branch] if on x\n");
  CHECK(format(stop, LogLevel::kVerbose) ==
        "g at prog.py:9: [data-branch] if on x\nif x:\n^^^^\nDepends on data.\nhint: use where\n"
        "frame: f at prog.py:3\ninlined from f at prog.py:3\n");
  CHECK(format(TraceCallEvent{place, "np.add", 1, "node add"}, LogLevel::kNormal) ==
        "  np.add: node add, f at prog.py:3\n");
}

TEST_CASE("a callback receives the fields of every channel", "[log]") {
  Namespace names("seen = []\ndef listen(channel, fields): seen.append((channel, fields))");
  Ref none = setLogCallback(names.eval("listen"));
  CHECK(!none);
  CHECK(logs(Channel::kRecompiles));
  emit(kRecompile);
  Ref listener = setLogCallback({});
  CHECK(listener.get() == names.eval("listen").get());
  CHECK(!logs(Channel::kRecompiles));
  names.run("[(channel, fields)] = seen\nassert channel == 'recompiles'\n"
            "assert fields == {'function': 'f', 'file': 'prog.py', 'line': 3, 'sources': [\"L['x']\", \"L['n']\"],"
            " 'expected': ['has the type int', '== 3'], 'actual': ['float', '4']}, fields");
}

TEST_CASE("a callback that raises is reported, not raised", "[log]") {
  Namespace names("import sys\ncaught = []\nsaved = sys.unraisablehook\n"
                  "sys.unraisablehook = lambda u: caught.append(u.exc_type)\ndef listen(*args): 1 / 0");
  setLogCallback(names.eval("listen"));
  emit(kRecompile);
  setLogCallback({});
  CHECK(PyErr_Occurred() == nullptr);
  names.run("sys.unraisablehook = saved\nassert caught == [ZeroDivisionError], caught");
}

TEST_CASE("a log file that cannot be opened is an error", "[log]") {
  CHECK(setLogFile("/nonexistent/segue.log").error() == "cannot open the log file /nonexistent/segue.log");
}

}  // namespace
}  // namespace segue::testing
