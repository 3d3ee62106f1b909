# Set-up shared by scripts/test, scripts/python and scripts/demo. Sourced, never run.
#
# Everything made here lies below build/: build/VERSION (CMake, and the package `segue` for PYTHONPATH), build/venv/VERSION
# (a virtual environment per CPython), build/asan-VERSION and build/tsan-VERSION (the sanitizers' builds). Running it again does only what changed.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
supported_versions=(3.11 3.12 3.13)

say() { printf '\n== %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# Debian packages that the build uses. Without root they must be there already; abseil and Catch2 are fetched by CMake
# where they are missing, ccache is optional.
ensure_packages() {
  local missing=()
  command -v g++ >/dev/null || missing+=(g++)
  command -v git >/dev/null || missing+=(git ca-certificates)
  command -v ccache >/dev/null || missing+=(ccache)
  [ -e /usr/include/catch2/catch.hpp ] || [ ! -e /usr/bin/apt-get ] || missing+=(catch2)
  ensure_abseil_source
  [ -d build/abseil/source ] || compgen -G '/usr/lib/*/cmake/absl/abslConfig.cmake' >/dev/null || \
    [ ! -e /usr/bin/apt-get ] || missing+=(libabsl-dev)
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]}"
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "${missing[@]}"; } \
      >&2 || say "not everything could be installed; going on with what is there"
  fi
  command -v g++ >/dev/null || die "no C++ compiler: install g++ (12 or newer)"
}

# Unpacks abseil's source into build/abseil/source: the distribution's source package, through lists of our own, so that
# apt's configuration stays as it is. Where that fails CMake takes an installed abseil or fetches one.
ensure_abseil_source() {
  local apt=build/abseil/apt
  [ ! -d build/abseil/source ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
  say "fetching abseil's source package"
  rm -rf build/abseil
  mkdir -p "$apt/parts" "$apt/lists/partial"
  cat /etc/apt/sources.list 2>/dev/null | sed -n 's/^deb /deb-src /p' >"$apt/sources.list" || true
  sed -s -e 's/^Types:.*/Types: deb-src/' -e '$G' /etc/apt/sources.list.d/*.sources >"$apt/parts/source.sources" 2>/dev/null || true
  (
    cd "$apt"
    options=(-q -o Dir::Etc::sourcelist="$PWD/sources.list" -o Dir::Etc::sourceparts="$PWD/parts"
             -o Dir::State::lists="$PWD/lists" -o APT::Sandbox::User=root)
    apt-get "${options[@]}" update && apt-get "${options[@]}" --download-only source abseil &&
      mkdir unpacked && tar xzf abseil_*.orig.tar.gz --strip-components=1 -C unpacked && mv unpacked ../source
  ) >&2 || say "there is no source package of abseil; going on without"
}

# Prints the interpreter of a CPython version that has its headers, or fails. pyenv's own come first: a shim on PATH
# answers only where pyenv has chosen that version.
find_python() {
  local version=$1 candidate
  local pyenv_root=${PYENV_ROOT:-$HOME/.pyenv}
  for candidate in $(compgen -G "$pyenv_root/versions/$version.*/bin/python$version" | sort -rV) \
                   "/usr/bin/python$version" "/usr/local/bin/python$version" "$(command -v "python$version" || true)"; do
    [ -x "$candidate" ] || continue
    "$candidate" - "$version" <<'PY' 2>/dev/null && { printf '%s\n' "$candidate"; return 0; }
import os, platform, sys, sysconfig
import ensurepip, venv
wanted = "%d.%d" % sys.version_info[:2] == sys.argv[1] and platform.python_implementation() == "CPython"
sys.exit(not (wanted and os.path.exists(os.path.join(sysconfig.get_path("include"), "internal", "pycore_frame.h"))))
PY
  done
  return 1
}

# Prints the supported versions found, oldest first; installs the distribution's own when there is none.
found_versions() {
  local version found=()
  for version in "${supported_versions[@]}"; do
    ! find_python "$version" >/dev/null || found+=("$version")
  done
  if [ ${#found[@]} = 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing the distribution's python3"
    DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends python3-dev python3-venv >&2
    for version in "${supported_versions[@]}"; do
      ! find_python "$version" >/dev/null || found+=("$version")
    done
  fi
  [ ${#found[@]} -gt 0 ] || die "no CPython ${supported_versions[*]} with headers was found (PATH, /usr/bin, pyenv)"
  printf '%s\n' "${found[@]}"
}

# ensure_venv NAME VERSION REQUIREMENTS: a virtual environment below build/venv, remade when the requirements change.
ensure_venv() {
  local name=$1 version=$2 requirements=$3 venv=build/venv/$1 python
  if [ -x "$venv/bin/python" ] && cmp -s "$requirements" "$venv/requirements.txt"; then return 0; fi
  say "virtual environment $name"
  python=$(find_python "$version") || die "CPython $version was not found"
  rm -rf "$venv"
  mkdir -p build/venv
  "$python" -m venv "$venv" >&2
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements" >&2
  cp "$requirements" "$venv/requirements.txt"
}

# build_version VERSION [asan|tsan|faults]: configures and builds; incremental.
build_version() {
  local version=$1 kind=${2:-} dir=build/${2:+$2-}$1 venv=$root/build/venv/$1 options=()
  ensure_packages
  ensure_venv "$version" "$version" scripts/lib/requirements.txt
  [ "$kind" != asan ] || options+=(-DSEGUE_SANITIZE=ON)
  [ "$kind" != tsan ] || options+=(-DSEGUE_SANITIZE_THREADS=ON)
  [ "$kind" != faults ] || options+=(-DSEGUE_FAULTS=ON)
  [ ! -d build/abseil/source ] || options+=(-DSEGUE_ABSEIL_SOURCE="$root/build/abseil/source")
  if [ ! -e "$dir/build.ninja" ]; then
    say "configuring $dir"
    "$venv/bin/cmake" -S . -B "$dir" -G Ninja -DCMAKE_MAKE_PROGRAM="$venv/bin/ninja" \
      -DPython_EXECUTABLE="$venv/bin/python" -Dpybind11_DIR="$("$venv/bin/python" -m pybind11 --cmakedir)" \
      -DSEGUE_BUILD_TESTS=ON "${options[@]}" >&2
  fi
  say "building $dir"
  NINJA_STATUS='[%f/%t] ' "$venv/bin/ninja" -C "$dir" -j "${SEGUE_JOBS:-2}" --quiet >&2
}

# The environment in which a build's interpreter sees the package `segue` and the module `_segue_tests`.
environment_of() {
  local dir=build/${2:+$2-}$1
  export PYTHONPATH="$root/$dir:$root${PYTHONPATH:+:$PYTHONPATH}"
}
