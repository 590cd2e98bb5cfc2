# vf_embed_migrations(FOLDER FUNCTION DIRECTORY): the NNNN_name.sql files of DIRECTORY become a span of store::Migration
# that FUNCTION (declared in the module of FOLDER) returns. A new file is picked up by itself.
function(vf_embed_migrations folder function directory)
  vf_target_name(target ${folder})
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${directory}/*.sql)
  list(SORT files)
  string(REPLACE "/" "_" stem ${directory})
  set(generated ${CMAKE_BINARY_DIR}/generated/${stem}.cc)
  string(REPLACE ";" "|" joined "${files}")
  add_custom_command(
    OUTPUT ${generated}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${generated} -DFUNCTION=${function} -DFOLDER=${folder} "-DFILES=${joined}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_migrations.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_migrations.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${generated})
endfunction()
