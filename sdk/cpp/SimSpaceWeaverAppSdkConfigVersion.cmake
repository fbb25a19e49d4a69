# The version of the service's SDK whose programs compile: its last one, and those before it.
set(PACKAGE_VERSION 1.17.0)
if(PACKAGE_FIND_VERSION VERSION_LESS_EQUAL PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
