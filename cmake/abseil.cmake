# abseil, linked statically, so that the extension module needs nothing at run time but CPython and NumPy.
#
# SEGUE_ABSEIL_SOURCE names a source tree of abseil to build; where it is not given, the one serves that scripts/ unpack into
# build/ (the distribution's, because its binary packages hold shared libraries, and static ones that cannot go into a module),
# so that `pip wheel .` behind scripts/test needs no network. Otherwise an installed abseil serves where
# it is static, or for development; wheels, and machines without abseil, fetch a pinned release.
set(SEGUE_ABSEIL_SOURCE "" CACHE PATH "Source tree of abseil to build and link statically")
set(ABSL_PROPAGATE_CXX_STD ON)
set(ABSL_ENABLE_INSTALL OFF)
set(BUILD_SHARED_LIBS OFF)

if(NOT SEGUE_ABSEIL_SOURCE AND EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/build/abseil/source/CMakeLists.txt)
  set(SEGUE_ABSEIL_SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/build/abseil/source)
endif()
if(NOT SEGUE_ABSEIL_SOURCE)
  find_package(absl 20220623 QUIET CONFIG)
  if(absl_FOUND)
    get_target_property(absl_type absl::strings TYPE)
    if(absl_type STREQUAL "SHARED_LIBRARY" AND NOT SKBUILD)
      message(WARNING "Linking abseil's shared libraries: the module works on this machine only.")
    endif()
  endif()
  if(NOT absl_FOUND OR (absl_type STREQUAL "SHARED_LIBRARY" AND SKBUILD))
    include(FetchContent)
    FetchContent_Declare(abseil
      URL https://github.com/abseil/abseil-cpp/archive/refs/tags/20230802.3.tar.gz
      SOURCE_SUBDIR nothing)   # unpacked only; added below
    FetchContent_MakeAvailable(abseil)
    set(SEGUE_ABSEIL_SOURCE ${abseil_SOURCE_DIR})
  endif()
endif()
if(SEGUE_ABSEIL_SOURCE)
  add_subdirectory(${SEGUE_ABSEIL_SOURCE} ${CMAKE_BINARY_DIR}/abseil EXCLUDE_FROM_ALL SYSTEM)
endif()
set(SEGUE_ABSEIL absl::flat_hash_map absl::flat_hash_set absl::inlined_vector absl::span absl::strings
    absl::str_format)
