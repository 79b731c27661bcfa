# The instruction sets that the CPU's kernels are compiled for.
function(starling_cpu_variants out)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(${out} generic avx2 avx512 PARENT_SCOPE)
  else()
    set(${out} generic PARENT_SCOPE)
  endif()
endfunction()

# Compiles `target` for one of them.
function(starling_cpu_variant target variant)
  set(flags_generic -DSTARLING_CPU_SCALAR)
  set(flags_avx2 -march=x86-64-v3)
  set(flags_avx512 -march=x86-64-v4)
  # Formulas say fma where they mean it; the compiler never makes one of its own, so that every backend rounds alike.
  # gcc 12 warns of __Y in its own avx512fintrin.h.
  target_compile_options(${target} PRIVATE -ffp-contract=off $<$<CONFIG:Release>:-O3> ${flags_${variant}}
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-uninitialized> ${STARLING_KERNEL_FLAGS})
  target_compile_definitions(${target} PRIVATE STARLING_CPU_NAMESPACE=${variant})
  target_link_libraries(${target} PRIVATE xsimd)
  starling_warnings(${target})
endfunction()

# Compiles the kernels and the host's part of one population: once per instruction set of the CPU, once for CUDA.
#
#   starling_compile_model(TARGET target NAME name POPULATION type HEADER header [MEASUREMENT type] [NORMAL] [VECTORS]
#     [BY_ITSELF] [INCLUDES dirs...])
#     adds objects to `target`. `name` is an identifier. MEASUREMENT: one beside those that are built in.
#     NORMAL: the normal population, or a sum of normal distributions, which have closed forms.
#     VECTORS: several latents per object, with this one MEASUREMENT.
#     BY_ITSELF: the model adds itself to the list when a program with it starts.
#
# STARLING_INTERNAL: the folder that holds src/ and kernels/ (the source tree, or their installed copy).
function(starling_compile_model)
  cmake_parse_arguments(arg "NORMAL;VECTORS;BY_ITSELF" "TARGET;NAME;POPULATION;HEADER;MEASUREMENT" "INCLUDES" ${ARGN})
  set(definitions STARLING_MODEL_NAME=${arg_NAME} STARLING_MODEL_HEADER="${arg_HEADER}"
    STARLING_MODEL_POPULATION=${arg_POPULATION})
  if(arg_MEASUREMENT)
    list(APPEND definitions STARLING_MODEL_OWN_MEASUREMENT=${arg_MEASUREMENT}
      STARLING_MODEL_MEASUREMENTS=starling::BuiltinMeasurementsAnd<${arg_MEASUREMENT}>)
  else()
    list(APPEND definitions STARLING_MODEL_MEASUREMENTS=starling::BuiltinMeasurements)
  endif()
  foreach(kind NORMAL VECTORS)
    if(arg_${kind})
      list(APPEND definitions STARLING_MODEL_${kind})
    endif()
  endforeach()
  if(arg_BY_ITSELF)
    list(APPEND definitions STARLING_MODEL_BY_ITSELF)
  endif()
  set(includes ${STARLING_INTERNAL}/src ${STARLING_INTERNAL} ${arg_INCLUDES})
  foreach(folder ${STARLING_INTERNAL}/include ${STARLING_INTERNAL}/..)  # in the source tree; installed
    if(EXISTS ${folder}/starling/population.hpp)
      list(APPEND includes ${folder})
    endif()
  endforeach()

  # starling_model_object(suffix source flags...)
  macro(starling_model_object suffix source)
    set(object ${arg_TARGET}_${arg_NAME}_${suffix})
    add_library(${object} OBJECT ${STARLING_INTERNAL}/${source})
    target_compile_features(${object} PUBLIC cxx_std_20)
    target_compile_definitions(${object} PRIVATE ${definitions})
    target_include_directories(${object} PRIVATE ${includes})
    set_target_properties(${object} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_sources(${arg_TARGET} PRIVATE $<TARGET_OBJECTS:${object}>)
  endmacro()

  starling_cpu_variants(variants)
  foreach(variant ${variants})
    starling_model_object(${variant} src/backends/cpu_kernels.cpp)
    starling_cpu_variant(${object} ${variant})
    if(variant STREQUAL generic AND "avx2" IN_LIST variants)
      target_compile_options(${object} PRIVATE $<$<CONFIG:Release>:-O1>)  # for old processors only
    endif()
    target_link_libraries(${object} PRIVATE OpenMP::OpenMP_CXX fmt::fmt)
  endforeach()
  starling_model_object(host src/models/compile_model.cpp)
  target_compile_options(${object} PRIVATE -ffp-contract=off ${STARLING_KERNEL_FLAGS})
  target_link_libraries(${object} PRIVATE OpenMP::OpenMP_CXX fmt::fmt Boost::headers)
  if("avx2" IN_LIST variants)
    target_compile_definitions(${object} PRIVATE STARLING_CPU_X86)
  endif()
  if(STARLING_HAVE_CUDA)
    target_compile_definitions(${object} PRIVATE STARLING_HAVE_CUDA)
  endif()
  starling_warnings(${object})
  if(STARLING_HAVE_CUDA)
    starling_model_object(cuda kernels/model.cu)
    starling_cuda_options(${object})
  endif()
endfunction()

# starling_add_model(NAME program HEADER header [POPULATION types...] [MEASUREMENT type] [VECTORS [NORMAL]]
#     [SOURCES files...])
#   A program with Starling's command line in which populations, a measurement or both are more than those that are
#   built in: they appear in `program info` and run with everything else, in every fit and on every backend.
#   HEADER: a file with the structs; it may use anything under starling/.
#   POPULATION: structs of one's own; with a MEASUREMENT also built-in ones (starling::Schechter, whose header HEADER
#   then includes), as the measurement runs with the populations that are named here alone (none: the normal one).
#   VECTORS: the populations have several latents per object, or covariates (starling/vectors.hpp); without a
#   MEASUREMENT they are seen with normal noise. NORMAL: they are NormalComponents, sums of normal distributions.
#   With SOURCES the program is made of those instead, with its own main(): for the C++ API.
function(starling_add_model)
  cmake_parse_arguments(arg "VECTORS;NORMAL" "NAME;HEADER;MEASUREMENT" "POPULATION;SOURCES" ${ARGN})
  foreach(needed NAME HEADER)
    if(NOT arg_${needed})
      message(FATAL_ERROR "starling_add_model: ${needed} is missing")
    endif()
  endforeach()
  set(kind "")
  if(arg_VECTORS)
    set(kind VECTORS)
    if(NOT arg_MEASUREMENT)
      set(arg_MEASUREMENT starling::NormalVectorNoise)
    endif()
    if(NOT arg_POPULATION)
      message(FATAL_ERROR "starling_add_model: VECTORS needs a POPULATION")
    endif()
  endif()
  if(arg_NORMAL)
    list(APPEND kind NORMAL)
  endif()
  if(NOT arg_POPULATION)
    if(NOT arg_MEASUREMENT)
      message(FATAL_ERROR "starling_add_model: POPULATION, MEASUREMENT or both are missing")
    endif()
    set(arg_POPULATION starling::NormalPopulation)
  endif()
  cmake_path(ABSOLUTE_PATH arg_HEADER OUTPUT_VARIABLE header)
  if(NOT EXISTS ${header})
    message(FATAL_ERROR "starling_add_model: there is no file ${header}")
  endif()
  if(arg_SOURCES)
    add_executable(${arg_NAME} ${arg_SOURCES})
    target_link_libraries(${arg_NAME} PRIVATE starling::starling)
  else()
    add_executable(${arg_NAME} ${STARLING_INTERNAL}/src/cli/program.cpp)
    target_link_libraries(${arg_NAME} PRIVATE starling::starling_program)
  endif()
  foreach(population ${arg_POPULATION})
    string(MAKE_C_IDENTIFIER ${arg_NAME}_${population} identifier)
    set(kind_of_this ${kind})
    if(population MATCHES "^starling::(NormalPopulation|MultivariateNormal|Linear.*)$")
      list(APPEND kind_of_this NORMAL)
    endif()
    starling_compile_model(TARGET ${arg_NAME} NAME ${identifier} POPULATION ${population} HEADER ${header}
      MEASUREMENT ${arg_MEASUREMENT} BY_ITSELF ${kind_of_this})
  endforeach()
endfunction()
