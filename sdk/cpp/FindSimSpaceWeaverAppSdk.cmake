# find_package(SimSpaceWeaverAppSdk) for projects that have this folder in CMAKE_MODULE_PATH: the
# same as the config file beside it.
include("${CMAKE_CURRENT_LIST_DIR}/SimSpaceWeaverAppSdkConfigVersion.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/SimSpaceWeaverAppSdkConfig.cmake")
set(SimSpaceWeaverAppSdk_VERSION "${PACKAGE_VERSION}")
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SimSpaceWeaverAppSdk
  REQUIRED_VARS heddle_DIR VERSION_VAR SimSpaceWeaverAppSdk_VERSION)
