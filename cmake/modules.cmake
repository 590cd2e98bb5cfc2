# vf_module(FOLDER DEPS folders… TEST_DEPS folders… LIBS targets…): the library of src/FOLDER, and the test program of the
# *_test.cc files in it or, where it would be crowded, in its tests/. A folder without sources becomes an interface
# library, so ports (headers only) need no special case.
add_library(vf_warnings INTERFACE)
target_compile_options(vf_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion $<$<BOOL:${VF_WERROR}>:-Werror>)

function(vf_target_name out folder)
  string(REPLACE "/" "_" name "${folder}")
  set(${out} "vf_${name}" PARENT_SCOPE)
endfunction()

# Everything that ctest -L fast runs, to be built alone (sanitizers).
add_custom_target(fast_tests)

function(vf_module folder)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS;LIBS" ${ARGN})
  set(root ${CMAKE_SOURCE_DIR}/src)
  file(GLOB sources CONFIGURE_DEPENDS ${root}/${folder}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${root}/${folder}/*_test.cc ${root}/${folder}/tests/*_test.cc)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  vf_target_name(target ${folder})

  set(links ${ARG_LIBS})
  foreach(dep ${ARG_DEPS})
    vf_target_name(dep_target ${dep})
    list(APPEND links ${dep_target})
  endforeach()

  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${root})
    target_link_libraries(${target} PUBLIC ${links} PRIVATE vf_warnings)
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${root})
    target_link_libraries(${target} INTERFACE ${links})
  endif()

  if(tests)
    add_executable(${target}_test ${tests})
    target_link_libraries(${target}_test PRIVATE ${target} vf_warnings vf_test_main)
    foreach(dep ${ARG_TEST_DEPS})
      vf_target_name(dep_target ${dep})
      target_link_libraries(${target}_test PRIVATE ${dep_target})
    endforeach()
    target_compile_definitions(${target}_test PRIVATE VF_FIXTURES="${CMAKE_SOURCE_DIR}/tests/fixtures" VF_ROOT="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${folder} COMMAND ${target}_test)
    add_dependencies(fast_tests ${target}_test)
    set_tests_properties(${folder} PROPERTIES LABELS fast TIMEOUT 120)
  endif()
endfunction()

# vf_embedded(SOURCE FILE): SOURCE has FILE in it by #embed. Neither Ninja nor ccache looks into what is embedded, so a
# digest of FILE stands in the command that compiles SOURCE.
function(vf_embedded source file)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  file(SHA256 ${CMAKE_SOURCE_DIR}/${file} digest)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/${source} PROPERTIES COMPILE_DEFINITIONS VF_EMBEDDED=0x${digest})
endfunction()

add_library(vf_test_main INTERFACE)
target_link_libraries(vf_test_main INTERFACE gmock gtest gtest_main rapidcheck)
