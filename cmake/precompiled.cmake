# Precompiled headers: vf_precompile() makes two and lets every target of the build use one of them. `vf_precompiled` holds
# what nearly every source includes (the standard library and fmt), `vf_precompiled_tests` besides that what tests include.
# Sources still include what they use: the preset tsan builds without precompiled headers and so finds a missing include.
option(VF_PRECOMPILE "use precompiled headers" ON)

# As CMake has it, but without -Xclang, behind which ccache does not see a path.
set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)

set(vf_precompiled_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <condition_variable> <cstdint> <deque> <expected> <filesystem> <fstream>
  <functional> <future> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map>
  <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>)
set(vf_precompiled_tests_headers ${vf_precompiled_headers} <gmock/gmock.h> <gtest/gtest.h>)

# The sources of unit and conformance tests run briefly and are compiled often: half of their compile time went into
# optimising them. What they test is compiled as the preset says.
set(vf_tests_options $<$<CONFIG:Debug>:-O0>)

# Compiles HEADERS once, with the flags of all targets and those that follow.
function(vf_add_precompiled target libraries)
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/generated/${target}.cc CONTENT "")
  add_library(${target} STATIC ${CMAKE_BINARY_DIR}/generated/${target}.cc)
  target_link_libraries(${target} PRIVATE ${libraries})
  target_precompile_headers(${target} PRIVATE ${${target}_headers})
  # The bytes of a precompiled header differ from checkout to checkout, because it holds paths. ccache is given the digest
  # of its text instead, which the launcher writes beside it; without the time in it, any two are alike.
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp" ${ARGN})
  if(CCACHE)
    set_target_properties(${target} PROPERTIES CXX_COMPILER_LAUNCHER ${CMAKE_SOURCE_DIR}/cmake/compile_precompiled)
  endif()
endfunction()

# All targets of DIRECTORY and below that are compiled from C++.
function(vf_compiled_targets out directory)
  get_property(found DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  get_property(below DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(each ${below})
    vf_compiled_targets(more ${each})
    list(APPEND found ${more})
  endforeach()
  set(compiled)
  foreach(each ${found})
    get_target_property(type ${each} TYPE)
    if(type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$")
      list(APPEND compiled ${each})
    endif()
  endforeach()
  set(${out} ${compiled} PARENT_SCOPE)
endfunction()

function(vf_precompile)
  if(NOT VF_PRECOMPILE)
    return()
  endif()
  vf_compiled_targets(targets ${CMAKE_SOURCE_DIR})
  vf_add_precompiled(vf_precompiled fmt::fmt)
  vf_add_precompiled(vf_precompiled_tests "fmt::fmt;gmock;gtest" ${vf_tests_options})
  foreach(target ${targets})
    get_target_property(links ${target} LINK_LIBRARIES)
    if("vf_test_main" IN_LIST links)
      target_precompile_headers(${target} REUSE_FROM vf_precompiled_tests)
      target_compile_options(${target} PRIVATE ${vf_tests_options})
    else()
      target_precompile_headers(${target} REUSE_FROM vf_precompiled)
    endif()
  endforeach()
endfunction()
