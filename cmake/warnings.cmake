# Flags that every target of ours gets. MINSKY_WERROR is for developers: a newer compiler's
# new warning must not keep a user from building.
add_library(minsky_flags INTERFACE)
target_compile_options(minsky_flags INTERFACE
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wvla -Wwrite-strings -Wformat=2 -Wconversion -Wundef
	-Wpointer-arith -Wimplicit-fallthrough
	$<$<BOOL:${MINSKY_WERROR}>:-Werror>
	-include ${CMAKE_SOURCE_DIR}/src/core/banned.h)
target_compile_definitions(minsky_flags INTERFACE
	_GNU_SOURCE _FILE_OFFSET_BITS=64 _TIME_BITS=64)
target_include_directories(minsky_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)

if(MINSKY_SANITIZE)
	target_compile_options(minsky_flags INTERFACE
		-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(minsky_flags INTERFACE -fsanitize=address,undefined)
	if(MINSKY_STATIC_HOOK)
		message(FATAL_ERROR "MINSKY_STATIC_HOOK and MINSKY_SANITIZE exclude each other")
	endif()
endif()

if(MINSKY_FUZZ)
	if(NOT MINSKY_SANITIZE OR NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
		message(FATAL_ERROR "MINSKY_FUZZ needs clang and MINSKY_SANITIZE")
	endif()
	target_compile_options(minsky_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
