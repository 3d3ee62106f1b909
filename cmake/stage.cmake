# The build folder doubles as an import path: ${CMAKE_BINARY_DIR}/segue holds the extension module and links to the
# Python sources, so that PYTHONPATH=${CMAKE_BINARY_DIR} runs the working tree. Wheels are laid out by install rules.
set(SEGUE_STAGE ${CMAKE_BINARY_DIR}/segue)
set_target_properties(_segue PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${SEGUE_STAGE})
add_custom_target(segue_stage ALL VERBATIM
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${CMAKE_SOURCE_DIR}/python/segue -DSTAGE=${SEGUE_STAGE}
          -P ${CMAKE_CURRENT_LIST_DIR}/stage_links.cmake)
