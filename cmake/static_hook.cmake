# MINSKY_HOOK_LINK: how this compiler links a static program that is position-independent all the
# same. The musl-gcc that Debian has knows no -static-pie and links a program that needs musl's
# loader; with the start file that is meant for it, it does what it should.
set(MINSKY_STATIC_PROBE ${CMAKE_BINARY_DIR}/CMakeFiles/static-probe)
# With a checked function in it: for 32-bit x86 glibc's archive has some that cannot move.
file(WRITE ${MINSKY_STATIC_PROBE}.c "
	#undef _FORTIFY_SOURCE
	#define _FORTIFY_SOURCE 2
	#include <string.h>
	int main(int argc, char **argv)
	{
		char text[64];
		memset(text, argc, strlen(argv[0]));
		return text[0];
	}
")

# It is one if its type is ET_DYN and nothing in it names a loader.
function(minsky_static_pie out)
	try_compile(linked ${MINSKY_STATIC_PROBE} ${MINSKY_STATIC_PROBE}.c
		COMPILE_DEFINITIONS -fPIE -O2
		LINK_OPTIONS ${ARGN}
		COPY_FILE ${MINSKY_STATIC_PROBE}.out
		COPY_FILE_ERROR ignored)
	set(${out} FALSE PARENT_SCOPE)
	if(linked)
		file(READ ${MINSKY_STATIC_PROBE}.out type OFFSET 16 LIMIT 2 HEX)
		file(STRINGS ${MINSKY_STATIC_PROBE}.out loader REGEX "^/.*/ld[-0-9a-zA-Z_]*[.]so([.][0-9]+)*$")
		if(type MATCHES "^(0300|0003)$" AND NOT loader)
			set(${out} TRUE PARENT_SCOPE)
		endif()
	endif()
endfunction()

function(minsky_find_static_pie out)
	minsky_static_pie(works -static-pie)
	if(works)
		set(${out} -static-pie PARENT_SCOPE)
		return()
	endif()
	execute_process(COMMAND ${CMAKE_C_COMPILER} "-###" -static ${MINSKY_STATIC_PROBE}.c
		ERROR_VARIABLE command OUTPUT_QUIET)
	string(REGEX MATCH "[^ \"]*/S?crt1\\.o" start "${command}")
	get_filename_component(place "${start}" DIRECTORY)
	if(EXISTS ${place}/rcrt1.o)
		set(options -static -nostartfiles ${place}/rcrt1.o
			LINKER:-pie,--no-dynamic-linker,-z,text)
		minsky_static_pie(works ${options})
		if(works)
			set(${out} ${options} PARENT_SCOPE)
			return()
		endif()
	endif()
	message(STATUS "minsky-hook is static, but at a fixed address: ${CMAKE_C_COMPILER} cannot do both")
	set(${out} -static PARENT_SCOPE)
endfunction()

minsky_find_static_pie(MINSKY_HOOK_LINK)
