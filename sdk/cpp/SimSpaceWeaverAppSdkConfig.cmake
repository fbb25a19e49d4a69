# find_package(SimSpaceWeaverAppSdk): the target weaver, to be linked to as with the service's SDK.
find_package(heddle CONFIG REQUIRED NO_DEFAULT_PATH
             PATHS "${CMAKE_CURRENT_LIST_DIR}" "${CMAKE_CURRENT_LIST_DIR}/../heddle")
if(NOT TARGET weaver)
  add_library(weaver INTERFACE IMPORTED)
  set_target_properties(weaver PROPERTIES INTERFACE_LINK_LIBRARIES heddle::heddle)
endif()
