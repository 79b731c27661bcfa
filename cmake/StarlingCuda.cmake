# STARLING_HAVE_CUDA: whether nvcc was found and the CUDA backend is built. Neither a GPU nor a driver is needed.
#
# By default: machine code for the oldest supported GPU (sm_75) and its PTX, which the driver compiles for every newer
# one. That is one compilation, and the very instructions that the tests execute. STARLING_CUDA_ALL_ARCHITECTURES
# gives machine code for every GPU that this nvcc knows; CMAKE_CUDA_ARCHITECTURES or $CUDAARCHS choose by hand.
option(STARLING_CUDA_ALL_ARCHITECTURES "Machine code for every GPU from sm_75 on (for releases)" OFF)
set(STARLING_HAVE_CUDA OFF)
if(NOT STARLING_CUDA)
  message(STATUS "CUDA backend: left out (STARLING_CUDA is OFF)")
  return()
endif()

# nvcc: $CUDACXX, PATH, then where NVIDIA's packages put it.
find_program(STARLING_NVCC NAMES $ENV{CUDACXX} nvcc
  PATHS ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda /opt/cuda PATH_SUFFIXES bin DOC "nvcc, if the CUDA backend can be built")
mark_as_advanced(STARLING_NVCC)
if(NOT STARLING_NVCC)
  message(STATUS "CUDA backend: left out (no nvcc in CUDACXX, PATH or /usr/local/cuda/bin)")
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  if(STARLING_CUDA_ALL_ARCHITECTURES)
    execute_process(COMMAND ${STARLING_NVCC} --list-gpu-arch OUTPUT_VARIABLE known)
    string(REGEX MATCHALL "[0-9]+" known "${known}")
    list(SORT known COMPARE NATURAL)
    foreach(arch ${known})
      if(arch GREATER_EQUAL 75)
        list(APPEND CMAKE_CUDA_ARCHITECTURES ${arch}-real)
        set(newest ${arch})
      endif()
    endforeach()
    list(APPEND CMAKE_CUDA_ARCHITECTURES ${newest}-virtual)
  else()
    set(CMAKE_CUDA_ARCHITECTURES 75)
  endif()
endif()

# One small compilation tells whether this nvcc works with this host compiler and knows C++20.
if(NOT DEFINED STARLING_NVCC_WORKS)
  set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/nvcc_probe)
  file(WRITE ${probe}.cu "#include <span>\n__global__ void kernel(float* x) { x[threadIdx.x] = 1; }\n")
  execute_process(COMMAND ${STARLING_NVCC} -std=c++20 -ccbin ${CMAKE_CXX_COMPILER} -c ${probe}.cu -o ${probe}.o
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(status EQUAL 0)
    set(STARLING_NVCC_WORKS ON CACHE INTERNAL "")
  else()
    set(STARLING_NVCC_WORKS OFF CACHE INTERNAL "")
    message(WARNING "CUDA backend: left out, ${STARLING_NVCC} does not compile C++20 with ${CMAKE_CXX_COMPILER}:\n${output}")
  endif()
endif()
if(NOT STARLING_NVCC_WORKS)
  return()
endif()

set(CMAKE_CUDA_COMPILER ${STARLING_NVCC})
set(CMAKE_CUDA_HOST_COMPILER ${CMAKE_CXX_COMPILER})
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.24 and 3.25 do not know that nvcc has C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
# For nvcc that is the host's code; kernels are optimised as ever.
string(REPLACE "-O3" "-O1" CMAKE_CUDA_FLAGS_RELEASE "${CMAKE_CUDA_FLAGS_RELEASE}")
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
find_package(CUDAToolkit REQUIRED)
set(STARLING_HAVE_CUDA ON)
message(STATUS "CUDA backend: nvcc ${CMAKE_CUDA_COMPILER_VERSION}, architectures ${CMAKE_CUDA_ARCHITECTURES}")

# starling_cuda_options(target): how CUDA code is compiled. -fmad=false: as for the CPU, formulas say fma where they
# mean it. 20208: the host's part of populations may use long double. The CUDA runtime is inside, so that the result
# starts where there is no driver.
function(starling_cuda_options target)
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-fmad=false --extended-lambda
    --expt-relaxed-constexpr -diag-suppress=20208 -Xcompiler=-Wall,-Wextra,-ffp-contract=off>)
  if(STARLING_WERROR)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings>)
  endif()
  target_compile_definitions(${target} PRIVATE STARLING_HAVE_CUDA)
  set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY Static)
endfunction()
