# What is installed. Component `runtime`: the command, its man pages and completions. Component `dev`: the public
# headers and one static library that holds all of callgate, with its CMake package and its pkg-config file.
include(CMakePackageConfigHelpers)

get_property(CALLGATE_BUNDLED GLOBAL PROPERTY CALLGATE_LIBRARIES)
list(REMOVE_ITEM CALLGATE_BUNDLED callgate_cli)
list(TRANSFORM CALLGATE_BUNDLED REPLACE "^.+$" "$<TARGET_OBJECTS:\\0>" OUTPUT_VARIABLE callgate_objects)
add_library(callgate_bundle STATIC ${callgate_objects})
set_target_properties(callgate_bundle PROPERTIES OUTPUT_NAME callgate EXPORT_NAME callgate LINKER_LANGUAGE CXX
  ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
target_compile_features(callgate_bundle INTERFACE cxx_std_20)
target_include_directories(callgate_bundle INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# Named, not pathed: the consumer's own find_dependency() and linker find them.
target_link_libraries(callgate_bundle INTERFACE $<INSTALL_INTERFACE:fmt::fmt> $<INSTALL_INTERFACE:simdjson::simdjson>
  $<INSTALL_INTERFACE:yaml>)

set(callgate_package ${CMAKE_INSTALL_LIBDIR}/cmake/callgate)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/callgateConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/callgateConfig.cmake INSTALL_DESTINATION ${callgate_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/callgateConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
configure_file(${PROJECT_SOURCE_DIR}/cmake/callgate.pc.in ${PROJECT_BINARY_DIR}/package/callgate.pc @ONLY)

install(TARGETS callgate_bundle EXPORT callgateTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT dev)
install(EXPORT callgateTargets NAMESPACE callgate:: DESTINATION ${callgate_package} COMPONENT dev)
install(FILES ${PROJECT_BINARY_DIR}/package/callgateConfig.cmake
  ${PROJECT_BINARY_DIR}/package/callgateConfigVersion.cmake DESTINATION ${callgate_package} COMPONENT dev)
install(FILES ${PROJECT_BINARY_DIR}/package/callgate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/callgate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT dev
  FILES_MATCHING PATTERN "*.h")

if(TARGET callgate)
  install(TARGETS callgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)
endif()
file(GLOB callgate_profiles ${PROJECT_SOURCE_DIR}/profiles/*.json)
install(FILES ${callgate_profiles} DESTINATION ${CMAKE_INSTALL_DATADIR}/callgate/profiles COMPONENT runtime)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/CHANGELOG.md
  ${PROJECT_SOURCE_DIR}/docs/diagnostics.md DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
