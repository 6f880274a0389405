# What every target of kerf is compiled with.
add_library(kerf_options INTERFACE)
target_compile_features(kerf_options INTERFACE cxx_std_20)
target_compile_options(kerf_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  # One rounding per operation everywhere: the same bits with and without fused multiply-add.
  -ffp-contract=off
  # Nobody reads floating-point exception flags or errno: without this g++ turns no loop with a selection or a square
  # root into vector code. Values stay what they are.
  -fno-trapping-math -fno-math-errno
  # GCC 12 reports overlapping copies in std::string's operator+ that are not there (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(KERF_ARCH)
  target_compile_options(kerf_options INTERFACE -march=${KERF_ARCH})
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(kerf_options INTERFACE -march=x86-64-v3)
endif()
if(KERF_SANITIZE)
  target_compile_options(kerf_options INTERFACE -fsanitize=${KERF_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(kerf_options INTERFACE -fsanitize=${KERF_SANITIZE})
endif()
if(KERF_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "KERF_FUZZ needs clang's libFuzzer; without it the fuzz targets replay their corpus")
  endif()
  target_compile_options(kerf_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_include_directories(kerf_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)

# kerf_module(NAME DIR [MODULES m…] [LIBRARIES l…]): one static library from every .cpp below DIR. Its headers
# (beside the sources) must compile alone: target all_verify_interface_header_sets checks it.
function(kerf_module name directory)
  cmake_parse_arguments(ARG "" "" "MODULES;LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${directory}/*.cpp)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${directory}/*.h)
  set(target kerf_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  set(base ${PROJECT_SOURCE_DIR})
  if(directory MATCHES "^src/")
    set(base ${PROJECT_SOURCE_DIR}/src)
  endif()
  if(headers)
    target_sources(${target} ${scope} FILE_SET kerf_headers TYPE HEADERS
                   BASE_DIRS ${base} FILES ${headers})
    set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  endif()
  list(TRANSFORM ARG_MODULES PREPEND kerf_)
  target_link_libraries(${target} ${scope} kerf_options ${ARG_MODULES} ${ARG_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY KERF_MODULE_TARGETS ${target})
  set_property(GLOBAL APPEND PROPERTY KERF_MODULE_LIBRARIES ${ARG_LIBRARIES})
endfunction()
