# kerf_protobuf(TARGET FILE): compiles a schema with protoc at build time into generated/FILE's folder; TARGET and what
# links it include the header as "FILE's folder/name.pb.h".
function(kerf_protobuf target file)
  set(generated ${PROJECT_BINARY_DIR}/generated)
  string(REGEX REPLACE "\\.proto$" ".pb" stem ${file})
  add_custom_command(
    OUTPUT ${generated}/${stem}.cc ${generated}/${stem}.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
    COMMAND protobuf::protoc --cpp_out=${generated} --proto_path=${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${file}
    DEPENDS ${PROJECT_SOURCE_DIR}/${file} VERBATIM)
  target_sources(${target} PRIVATE ${generated}/${stem}.cc)
  # Not our code: neither its sources nor its headers answer to our warnings.
  set_source_files_properties(${generated}/${stem}.cc PROPERTIES COMPILE_OPTIONS -w)
  target_include_directories(${target} SYSTEM PUBLIC $<BUILD_INTERFACE:${generated}>)
endfunction()
