# clang 19 is the compiler (docs/adr/0001-compiler.md): g++ 12.2 destroys some coroutine temporaries twice.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "vf is built with clang 19 or later (found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}); use ./dev build, or -DCMAKE_CXX_COMPILER=clang++-19")
endif()
find_program(CCACHE ccache)
if(CCACHE)
  # One cache serves every checkout and every build directory; precompiled.cmake says what the last two are for.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
    CCACHE_PCH_EXTSUM=1 ${CCACHE})
endif()
add_link_options(-fuse-ld=lld-19)
option(VF_WERROR "warnings are errors" OFF)
set(VF_SANITIZE "" CACHE STRING "address;undefined | thread | fuzzer list for -fsanitize")
if(VF_SANITIZE)
  string(REPLACE ";" "," sanitize "${VF_SANITIZE}")
  add_compile_options(-fsanitize=${sanitize} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${sanitize})
endif()
