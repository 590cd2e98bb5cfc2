# Writes OUTPUT: a .cc file that defines vf::<folder>::FUNCTION(), which returns the migrations in FILES (joined by '|').
cmake_minimum_required(VERSION 3.25)
string(REPLACE "|" ";" files "${FILES}")
string(REPLACE "/" "::" namespace "${FOLDER}")
set(rows "")
set(versions "")
foreach(file ${files})
  get_filename_component(name ${file} NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  string(REGEX REPLACE "^0*([0-9]+)$" "\\1" version "${CMAKE_MATCH_1}")
  if(version IN_LIST versions)
    message(FATAL_ERROR "${file}: another migration has version ${version} already")
  endif()
  list(APPEND versions ${version})
  file(READ ${file} sql)
  set(runs_with 0)
  if(sql MATCHES "(^|\n)-- runs with:")
    if(NOT sql MATCHES "(^|\n)-- runs with: ([0-9][0-9][0-9][0-9])\n")
      message(FATAL_ERROR "${file}: the oldest migration whose programs still work is written `-- runs with: NNNN`")
    endif()
    string(REGEX REPLACE "^0*([0-9]+)$" "\\1" runs_with "${CMAKE_MATCH_2}")
    if(runs_with EQUAL 0 OR NOT runs_with LESS version)
      message(FATAL_ERROR "${file}: it runs with programs of an older migration than itself, or says nothing")
    endif()
  endif()
  file(SHA256 ${file} checksum)
  string(APPEND rows "    {${version}, \"${name}\", \"${checksum}\", R\"vfsql(${sql})vfsql\", ${runs_with}},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${FOLDER}/schema.h\"

namespace vf::${namespace} {
namespace {
constexpr Migration kMigrations[] = {
${rows}};
}  // namespace

std::span<const Migration> ${FUNCTION}() { return kMigrations; }

}  // namespace vf::${namespace}
")
