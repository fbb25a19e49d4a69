# find_package(heddle): the target heddle::heddle, which has the headers of the C++ SDK and
# libheddle. In a clone it takes the library that set-up has built in sdk/lib, or else builds it
# as a part of the project that asks. In an installed prefix, all is there.
if(TARGET heddle::heddle)
  return()
endif()

set(_heddle_native "${CMAKE_CURRENT_LIST_DIR}/../native")
if(EXISTS "${_heddle_native}/CMakeLists.txt")
  get_filename_component(_heddle_native "${_heddle_native}" ABSOLUTE)
  set(_heddle_include "${CMAKE_CURRENT_LIST_DIR}/include" "${_heddle_native}/include")
  set(_heddle_library "${_heddle_native}/../lib/libheddle.so")
else()
  get_filename_component(_heddle_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
  set(_heddle_include "${_heddle_prefix}/include")
  set(_heddle_library "${_heddle_prefix}/lib/libheddle.so")
endif()

if(EXISTS "${_heddle_library}")
  add_library(heddle::heddle SHARED IMPORTED)
  set_target_properties(heddle::heddle PROPERTIES IMPORTED_LOCATION "${_heddle_library}")
else()
  if(NOT TARGET heddle)
    add_subdirectory("${_heddle_native}" "${CMAKE_BINARY_DIR}/heddle-native")
  endif()
  add_library(heddle::heddle INTERFACE IMPORTED)
  set_target_properties(heddle::heddle PROPERTIES INTERFACE_LINK_LIBRARIES heddle)
endif()
set_target_properties(heddle::heddle PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${_heddle_include}"
  INTERFACE_COMPILE_FEATURES cxx_std_17)
