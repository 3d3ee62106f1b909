# abseil, linked statically: Debian's static libraries are position-independent; where none is installed a pinned
# release is fetched and built.
find_package(absl 20220623 QUIET CONFIG)
if(NOT absl_FOUND)
  include(FetchContent)
  set(ABSL_PROPAGATE_CXX_STD ON)
  set(ABSL_ENABLE_INSTALL OFF)
  set(BUILD_SHARED_LIBS OFF)
  FetchContent_Declare(abseil
    GIT_REPOSITORY https://github.com/abseil/abseil-cpp.git
    GIT_TAG 20230802.3 GIT_SHALLOW TRUE)
  FetchContent_MakeAvailable(abseil)
endif()
set(SEGUE_ABSEIL absl::flat_hash_map absl::flat_hash_set absl::inlined_vector absl::span absl::strings
    absl::str_format)
