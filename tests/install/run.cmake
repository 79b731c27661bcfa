# The test `install`: installs the build into a folder of its own, moves it, and builds and runs the consumer there.
#   cmake -DBUILD=build -DWORK=folder -DSOURCE=tests/install -DCXX=compiler [-DCXX_FLAGS=flags] -P run.cmake
function(run)
  execute_process(COMMAND ${ARGV} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    string(JOIN " " command ${ARGV})
    message(FATAL_ERROR "${command}\nended with ${status}:\n${out}")
  endif()
  set(output "${out}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)  # an install tree can be moved
file(COPY ${SOURCE}/galaxies.csv DESTINATION ${WORK})
run(${CMAKE_COMMAND} -G Ninja -S ${SOURCE} -B ${WORK}/build -DCMAKE_PREFIX_PATH=${WORK}/prefix
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${CXX_FLAGS})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
message("${output}")

# The catalog was drawn at theta = (10, 0.5); its posterior is about (9.9 +- 0.1, 0.5 +- 0.1).
foreach(parameter theta_mu theta_sigma)
  if(NOT output MATCHES "${parameter} +([0-9.]+)")
    message(FATAL_ERROR "the consumer printed no mean of ${parameter}")
  endif()
  set(${parameter} ${CMAKE_MATCH_1})
endforeach()
if(theta_mu LESS 9.5 OR theta_mu GREATER 10.5 OR theta_sigma LESS 0.25 OR theta_sigma GREATER 0.85)
  message(FATAL_ERROR "the consumer's posterior is off: theta_mu ${theta_mu}, theta_sigma ${theta_sigma}")
endif()

run(${WORK}/prefix/bin/starling info)

# A model of one's own, in a project of one's own.
if(MODEL)
  run(${CMAKE_COMMAND} -G Ninja -S ${MODEL} -B ${WORK}/model -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_CXX_FLAGS=${CXX_FLAGS})
  run(${CMAKE_COMMAND} --build ${WORK}/model)
  set(program ${WORK}/model/rayleigh-starling)
  run(${program} info)
  if(NOT output MATCHES "rayleigh")
    message(FATAL_ERROR "the program does not list its own population:\n${output}")
  endif()
  run(${program} simulate --population rayleigh --truth s=2 --sigma 0.5 --objects 300 --seed 1 -o ${WORK}/own.csv)
  foreach(method marginal joint)
    run(${program} fit ${WORK}/own.csv --population rayleigh --method ${method} --walkers 20 --burn-in 200 --steps 200
      --seed 1 -o ${WORK}/own_${method}.nc)
    if(NOT output MATCHES "\ns +([0-9.]+)" OR CMAKE_MATCH_1 LESS 1.8 OR CMAKE_MATCH_1 GREATER 2.2)
      message(FATAL_ERROR "the ${method} fit of one's own population is off, s should be about 2:\n${output}")
    endif()
  endforeach()

  # A mixture of one's own populations.
  run(${program} fit ${WORK}/own.csv --population "rayleigh_mixture(components=2)" --method marginal --walkers 20 --burn-in 200
    --steps 200 --seed 1 -o ${WORK}/own_mixture.nc)
  if(NOT output MATCHES "\ns_2 +([0-9.]+)" OR CMAKE_MATCH_1 LESS 1.8)
    message(FATAL_ERROR "the fit of a mixture of one's own populations is off, s_2 should be above 2:\n${output}")
  endif()

  # A measurement of one's own, beside those that are built in, with the populations that were compiled with it.
  run(${program} info)
  if(NOT output MATCHES "laplace")
    message(FATAL_ERROR "the program does not list its own measurement:\n${output}")
  endif()
  run(${program} simulate --population rayleigh --measurement laplace --truth s=2 --column b=0.5 --objects 300 --seed 1
    -o ${WORK}/laplace.csv)
  foreach(method marginal joint)
    run(${program} fit ${WORK}/laplace.csv --population rayleigh --measurement laplace --method ${method} --walkers 20
      --burn-in 200 --steps 200 --seed 1 -o ${WORK}/laplace_${method}.nc)
    if(NOT output MATCHES "\ns +([0-9.]+)" OR CMAKE_MATCH_1 LESS 1.8 OR CMAKE_MATCH_1 GREATER 2.2)
      message(FATAL_ERROR "the ${method} fit of one's own measurement is off, s should be about 2:\n${output}")
    endif()
  endforeach()
  execute_process(COMMAND ${program} fit ${WORK}/laplace.csv --measurement laplace -o ${WORK}/no.nc
    RESULT_VARIABLE status ERROR_VARIABLE message)
  if(NOT status EQUAL 2 OR NOT message MATCHES "'normal' was not compiled with measurement 'laplace', only rayleigh, rayleigh_mixture_2")
    message(FATAL_ERROR "a population that was not compiled with the measurement gives ${status}: ${message}")
  endif()

  # a mistake in a header is named
  foreach(broken "broken.hpp;Population<Broken>;log_density" "broken_measurement.hpp;Measurement<BrokenNoise>;datum")
    list(GET broken 0 file)
    list(GET broken 1 concept)
    list(GET broken 2 member)
    file(WRITE ${WORK}/broken.cpp "#include <${MODEL}/${file}>\nstatic_assert(starling::${concept});\n")
    execute_process(COMMAND ${CXX} -std=c++20 -fsyntax-only -I${WORK}/prefix/include ${WORK}/broken.cpp
      RESULT_VARIABLE status ERROR_VARIABLE message)
    if(status EQUAL 0 OR NOT message MATCHES "${member}")
      message(FATAL_ERROR "the compiler does not name the missing member:\n${message}")
    endif()
  endforeach()
endif()
