# cmake --install puts in place: the program, its manual page, and the library for find_package(kerf): one static
# archive of all modules, the headers of include/kerf, the find modules of dependencies without a package of their own.
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY KERF_MODULE_TARGETS)
get_property(libraries GLOBAL PROPERTY KERF_MODULE_LIBRARIES)
list(REMOVE_DUPLICATES libraries)
# Used in sources only, and headers only: who links kerf does not need them.
list(REMOVE_ITEM libraries Eigen3::Eigen nlohmann_json::nlohmann_json)

file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/kerf/*.h)
add_library(kerf_library STATIC)
foreach(module IN LISTS modules)
  get_target_property(type ${module} TYPE)
  if(type STREQUAL STATIC_LIBRARY)
    target_sources(kerf_library PRIVATE $<TARGET_OBJECTS:${module}>)
  endif()
endforeach()
target_sources(kerf_library PUBLIC FILE_SET public_headers TYPE HEADERS
               BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${public_headers})
target_compile_features(kerf_library PUBLIC cxx_std_20)
target_link_libraries(kerf_library PRIVATE ${libraries})
set_target_properties(kerf_library PROPERTIES OUTPUT_NAME kerf EXPORT_NAME kerf LINKER_LANGUAGE CXX
                      VERIFY_INTERFACE_HEADER_SETS ON)
add_library(kerf::kerf ALIAS kerf_library)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kerf)
install(TARGETS kerf_library EXPORT kerfTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET public_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT kerfTargets NAMESPACE kerf:: DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kerfConfig.cmake.in ${PROJECT_BINARY_DIR}/kerfConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/kerfConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/kerfConfig.cmake ${PROJECT_BINARY_DIR}/kerfConfigVersion.cmake
              cmake/FindDNNL.cmake cmake/FindOniguruma.cmake cmake/Findutf8proc.cmake
              cmake/FindxxHash.cmake
              cmake/KerfPkgConfig.cmake
        DESTINATION ${package_dir})

if(TARGET kerf)
  install(TARGETS kerf)
  add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/kerf.1
                     COMMAND kerf help --man > ${PROJECT_BINARY_DIR}/kerf.1 DEPENDS kerf VERBATIM)
  add_custom_target(kerf_man ALL DEPENDS ${PROJECT_BINARY_DIR}/kerf.1)
  install(FILES ${PROJECT_BINARY_DIR}/kerf.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
