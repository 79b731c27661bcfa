# The test `file_sizes`: no file of the repository is larger than 1 MB.
#   cmake -DSOURCE=root -P CheckFileSizes.cmake
execute_process(COMMAND git -C ${SOURCE} ls-files --cached --others --exclude-standard
  OUTPUT_VARIABLE files RESULT_VARIABLE status ERROR_QUIET)
if(NOT status EQUAL 0)  # not a git checkout: what a source archive holds
  file(GLOB_RECURSE files RELATIVE ${SOURCE} ${SOURCE}/include/* ${SOURCE}/src/* ${SOURCE}/kernels/* ${SOURCE}/tests/*
    ${SOURCE}/bench/* ${SOURCE}/data/* ${SOURCE}/docs/* ${SOURCE}/python/* ${SOURCE}/scripts/* ${SOURCE}/*.md)
endif()
string(REGEX REPLACE "\n" ";" files "${files}")
set(count 0)
foreach(file ${files})
  if(NOT EXISTS ${SOURCE}/${file})
    continue()
  endif()
  file(SIZE ${SOURCE}/${file} size)
  math(EXPR count "${count} + 1")
  if(size GREATER 1000000)
    message(SEND_ERROR "${file} has ${size} bytes; files of the repository are at most 1 MB")
  endif()
endforeach()
if(count EQUAL 0)
  message(SEND_ERROR "no files were found under ${SOURCE}")
endif()
message("${count} files")
