# Helpers that every src/<folder>/CMakeLists.txt and tests/ use. One folder under src/ = one static library
# callgate_<folder>; its link dependencies come from cmake/layers.txt, which scripts/check-layers also enforces.

add_library(callgate_flags INTERFACE)
target_compile_features(callgate_flags INTERFACE cxx_std_20)
target_compile_options(callgate_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Wcast-qual -Wformat=2)
# libstdc++ 12's own algorithms use what it deprecates (std::get_temporary_buffer); clang lays that at the caller's door.
target_compile_options(callgate_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# g++ 12, optimising, warns of overlapping copies inside std::string's own operator+ (GCC bug 105651).
target_compile_options(callgate_flags INTERFACE $<$<AND:$<CONFIG:Release>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict>)
if(CALLGATE_WERROR)
  target_compile_options(callgate_flags INTERFACE -Werror)
endif()
if(CALLGATE_SANITIZE)
  target_compile_options(callgate_flags INTERFACE -fsanitize=${CALLGATE_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(callgate_flags INTERFACE -fsanitize=${CALLGATE_SANITIZE})
else()
  target_compile_options(callgate_flags INTERFACE $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
    -fstack-protector-strong $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
  target_link_options(callgate_flags INTERFACE -Wl,-z,relro,-z,now)
endif()
if(CALLGATE_COVERAGE)
  target_compile_options(callgate_flags INTERFACE --coverage -fprofile-abs-path)
  target_link_options(callgate_flags INTERFACE --coverage)
endif()
if(CALLGATE_FUZZ)
  target_compile_options(callgate_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What is tested is the libraries, which keep -O3; the tests' own code costs a third less to compile this way.
set(CALLGATE_TEST_OPTIONS $<$<CONFIG:Release>:-O1>)

# Precompiled standard headers, for machines that start without a compiler cache: with them, what ccache keeps is not
# shared between directories. A set of its own for each kind of flags: libraries are position-independent code, and
# GoogleTest comes with a macro.
if(CALLGATE_PCH)
  foreach(kind library program test)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch/${kind}.cpp CONTENT "")
    add_library(callgate_pch_${kind} OBJECT ${PROJECT_BINARY_DIR}/pch/${kind}.cpp)
    target_link_libraries(callgate_pch_${kind} PRIVATE callgate_flags fmt::fmt)
    target_precompile_headers(callgate_pch_${kind} PRIVATE <algorithm> <array> <charconv> <filesystem> <functional> <map>
      <memory> <optional> <set> <span> <string> <string_view> <tuple> <utility> <vector> <fmt/format.h>)
  endforeach()
  set_target_properties(callgate_pch_library PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # which forgets that precompiled headers are the system's
    target_compile_options(callgate_flags INTERFACE -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
  endif()
  if(CALLGATE_TESTS)
    target_link_libraries(callgate_pch_test PRIVATE GTest::gmock GTest::gtest)
    target_precompile_headers(callgate_pch_test PRIVATE <gtest/gtest.h>)
    target_compile_options(callgate_pch_test PRIVATE ${CALLGATE_TEST_OPTIONS})
  endif()
endif()
function(callgate_precompiled target kind)
  if(CALLGATE_PCH)
    target_link_libraries(${target} PRIVATE fmt::fmt)  # GCC asks for the same macros
    target_precompile_headers(${target} REUSE_FROM callgate_pch_${kind})
  endif()
endfunction()

# callgate_library(<folder> [LIBS third-party...] [SOURCES extra...])
function(callgate_library folder)
  cmake_parse_arguments(A "" "" "LIBS;SOURCES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(target callgate_${folder})
  add_library(${target} STATIC ${sources} ${A_SOURCES})
  set_property(GLOBAL APPEND PROPERTY CALLGATE_LIBRARIES ${target})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_BINARY_DIR}/generated)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  file(STRINGS ${PROJECT_SOURCE_DIR}/cmake/layers.txt rows REGEX "^${folder}:")
  string(REGEX REPLACE "^${folder}: *" "" deps "${rows}")
  string(REPLACE " " ";" deps "${deps}")
  list(TRANSFORM deps PREPEND callgate_)
  target_link_libraries(${target} PUBLIC ${deps} PRIVATE $<BUILD_INTERFACE:callgate_flags> ${A_LIBS})
  callgate_precompiled(${target} library)
endfunction()

# callgate_test(<name> SOURCES ... [LIBS ...] [LABELS ...] [COST seconds]): one GoogleTest program, which is one case of
# ctest. Of several, ctest starts first what costs most, so that no long one is left over for the end.
function(callgate_test name)
  if(NOT CALLGATE_TESTS)
    return()
  endif()
  cmake_parse_arguments(A "" "COST" "SOURCES;LIBS;LABELS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE callgate_flags ${A_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  callgate_precompiled(${name} test)
  target_compile_options(${name} PRIVATE ${CALLGATE_TEST_OPTIONS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE CALLGATE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    CALLGATE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  if(NOT A_LABELS)
    set(A_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT 600)
  if(A_COST)
    set_tests_properties(${name} PROPERTIES COST ${A_COST})
  endif()
endfunction()
