# find_package(ntwait): imported targets for libntwait.
#
#   ntwait::ntwait   the shared library
#   ntwait::static   the static one, with what it needs of the system
#
# A target is there if its library is. The files are found from here upwards, so the tree may be moved as a whole.

get_filename_component(_ntwait_prefix "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
while(NOT EXISTS "${_ntwait_prefix}/include/ntwait/nt.h")
  get_filename_component(_ntwait_parent "${_ntwait_prefix}" DIRECTORY)
  if(_ntwait_parent STREQUAL _ntwait_prefix)
    set(ntwait_FOUND FALSE)
    set(ntwait_NOT_FOUND_MESSAGE "no include/ntwait/nt.h above ${CMAKE_CURRENT_LIST_DIR}")
    unset(_ntwait_prefix)
    unset(_ntwait_parent)
    return()
  endif()
  set(_ntwait_prefix "${_ntwait_parent}")
endwhile()

foreach(_ntwait_kind IN ITEMS ntwait static)
  if(_ntwait_kind STREQUAL "ntwait")
    set(_ntwait_type SHARED)
    set(_ntwait_name libntwait.so)
  else()
    set(_ntwait_type STATIC)
    set(_ntwait_name libntwait.a)
  endif()
  unset(_ntwait_file CACHE)
  find_file(_ntwait_file
    NAMES ${_ntwait_name}
    HINTS "${_ntwait_prefix}"
    PATH_SUFFIXES lib "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib64
    NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
  if(_ntwait_file AND NOT TARGET ntwait::${_ntwait_kind})
    add_library(ntwait::${_ntwait_kind} ${_ntwait_type} IMPORTED)
    set_target_properties(ntwait::${_ntwait_kind} PROPERTIES
      IMPORTED_LOCATION "${_ntwait_file}"
      INTERFACE_INCLUDE_DIRECTORIES "${_ntwait_prefix}/include")
    if(_ntwait_kind STREQUAL "static")
      # What rustc names for a static library on Linux with glibc.
      set_target_properties(ntwait::static PROPERTIES
        INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c")
    endif()
  endif()
  unset(_ntwait_file CACHE)
endforeach()

if(TARGET ntwait::ntwait OR TARGET ntwait::static)
  set(ntwait_FOUND TRUE)
else()
  set(ntwait_FOUND FALSE)
  set(ntwait_NOT_FOUND_MESSAGE "no libntwait.so and no libntwait.a in ${_ntwait_prefix}")
endif()
foreach(_ntwait_variable IN ITEMS kind type name file parent prefix)
  unset(_ntwait_${_ntwait_variable})
endforeach()
unset(_ntwait_variable)
