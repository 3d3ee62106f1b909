# Generated sources land in ${CMAKE_BINARY_DIR}/generated/<folder>/ and are included as "<folder>/<name>.h".
# Each generator adds its outputs to SEGUE_GENERATED_<folder> and its target to segue_generate.
add_custom_target(segue_generate)
set(SEGUE_GENERATED_DIR ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${SEGUE_GENERATED_DIR})

# bytecode: the canonical instruction set and the opcode tables of every CPython version.
set(bcgen_out ${SEGUE_GENERATED_DIR}/bytecode)
set(bcgen_sources ${bcgen_out}/stack_effects.cc ${bcgen_out}/raw_311.cc ${bcgen_out}/raw_312.cc ${bcgen_out}/raw_313.cc)
set(bcgen_outputs ${bcgen_out}/canonical_ops.def ${bcgen_sources})
file(GLOB bcgen_inputs CONFIGURE_DEPENDS csrc/bytecode/*.yaml csrc/bytecode/versions/*.yaml tools/bcgen/*.py
     tools/bcgen/templates/*.j2)
add_custom_command(OUTPUT ${bcgen_outputs} DEPENDS ${bcgen_inputs} VERBATIM
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/tools PYTHONDONTWRITEBYTECODE=1
          ${Python_EXECUTABLE} -m bcgen --source ${CMAKE_SOURCE_DIR}/csrc/bytecode --out ${bcgen_out})
add_custom_target(segue_generate_bytecode DEPENDS ${bcgen_outputs})
add_dependencies(segue_generate segue_generate_bytecode)
set(SEGUE_GENERATED_bytecode ${bcgen_sources})

# Operators: tools/opgen reads csrc/ops/ops.yaml and csrc/ops/ops/*.yaml.
file(GLOB SEGUE_OPS_YAML CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/csrc/ops/*.yaml ${CMAKE_SOURCE_DIR}/csrc/ops/ops/*.yaml)
file(GLOB SEGUE_OPGEN CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/opgen/*.py ${CMAKE_SOURCE_DIR}/tools/opgen/templates/*)
set(SEGUE_OPS_OUTPUTS ${SEGUE_GENERATED_DIR}/ops/op_table.cc ${SEGUE_GENERATED_DIR}/ops/op_ids.h
    ${SEGUE_GENERATED_DIR}/ops/builders.h)
add_custom_command(
  OUTPUT ${SEGUE_GENERATED_DIR}/ops/opgen.stamp
  BYPRODUCTS ${SEGUE_OPS_OUTPUTS}
  COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${CMAKE_SOURCE_DIR}/tools PYTHONDONTWRITEBYTECODE=1
          ${Python_EXECUTABLE} -m opgen --ops ${CMAKE_SOURCE_DIR}/csrc/ops --out ${SEGUE_GENERATED_DIR}/ops
          --emit table,ids,builders --only "${SEGUE_OPS_ONLY}"
  COMMAND ${CMAKE_COMMAND} -E touch ${SEGUE_GENERATED_DIR}/ops/opgen.stamp
  DEPENDS ${SEGUE_OPS_YAML} ${SEGUE_OPGEN}
  COMMENT "opgen: operators"
  VERBATIM)
add_custom_target(segue_generate_ops DEPENDS ${SEGUE_GENERATED_DIR}/ops/opgen.stamp)
add_dependencies(segue_generate segue_generate_ops)
list(APPEND SEGUE_GENERATED_ops ${SEGUE_GENERATED_DIR}/ops/op_table.cc)
