# Generated sources land in ${CMAKE_BINARY_DIR}/generated/<folder>/ and are included as "<folder>/<name>.h".
# Each generator adds its outputs to SEGUE_GENERATED_<folder> and its target to segue_generate.
add_custom_target(segue_generate)
set(SEGUE_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${SEGUE_GENERATED_DIR})

# bytecode: the canonical instruction set and the opcode tables of every CPython version.
set(bcgen_out ${SEGUE_GENERATED_DIR}/bytecode)
set(bcgen_sources ${bcgen_out}/stack_effects.cc)
set(bcgen_outputs ${bcgen_out}/canonical_ops.def ${bcgen_sources})
file(GLOB bcgen_inputs CONFIGURE_DEPENDS csrc/bytecode/*.yaml csrc/bytecode/versions/*.yaml tools/bcgen/*.py
     tools/bcgen/templates/*.j2)
add_custom_command(OUTPUT ${bcgen_outputs} DEPENDS ${bcgen_inputs} VERBATIM
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/tools PYTHONDONTWRITEBYTECODE=1
          ${Python_EXECUTABLE} -m bcgen --source ${CMAKE_SOURCE_DIR}/csrc/bytecode --out ${bcgen_out})
add_custom_target(segue_generate_bytecode DEPENDS ${bcgen_outputs})
add_dependencies(segue_generate segue_generate_bytecode)
set(SEGUE_GENERATED_bytecode ${bcgen_sources})
