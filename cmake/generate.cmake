# Generated sources land in ${CMAKE_BINARY_DIR}/generated/<folder>/ and are included as "<folder>/<name>.h".
# Each generator adds its outputs to SEGUE_GENERATED_<folder> and its target to segue_generate.
add_custom_target(segue_generate)
set(SEGUE_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${SEGUE_GENERATED_DIR})
