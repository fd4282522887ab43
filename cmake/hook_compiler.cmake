# MINSKY_HOOK_CC: a compiler of musl that makes programs for the same machine as the usual one, with
# the same flags. Without one minsky-hook is built as everything else is.
if(CMAKE_CROSSCOMPILING)
	set(names ${CMAKE_SYSTEM_PROCESSOR}-linux-musl-gcc)
else()
	set(names musl-gcc)
endif()
find_program(MINSKY_HOOK_CC NAMES ${names}
	DOC "compiler of the static minsky-hook; OFF: the usual one")

# Class, byte order and machine of an ELF file.
function(minsky_machine_of file out)
	set(${out} none PARENT_SCOPE)
	if(EXISTS ${file})
		file(READ ${file} ident LIMIT 6 HEX)
		file(READ ${file} machine OFFSET 18 LIMIT 2 HEX)
		set(${out} "${ident} ${machine}" PARENT_SCOPE)
	endif()
endfunction()

if(MINSKY_HOOK_CC)
	set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/hook-probe)
	file(WRITE ${probe}.c "int main(void)\n{\n\treturn 0;\n}\n")
	file(REMOVE ${probe}.usual ${probe}.hook)
	separate_arguments(flags UNIX_COMMAND "${CMAKE_C_FLAGS}")
	try_compile(linked ${probe} ${probe}.c COPY_FILE ${probe}.usual COPY_FILE_ERROR ignored)
	execute_process(COMMAND ${MINSKY_HOOK_CC} ${flags} ${probe}.c -o ${probe}.hook
		OUTPUT_QUIET ERROR_QUIET)
	minsky_machine_of(${probe}.usual usual)
	minsky_machine_of(${probe}.hook hook)
	if(NOT usual STREQUAL hook)
		message(STATUS "minsky-hook is built with ${CMAKE_C_COMPILER}: "
			"${MINSKY_HOOK_CC} does not make programs for the same machine")
		set(MINSKY_HOOK_CC OFF)
	endif()
endif()
